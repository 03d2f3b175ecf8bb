"""Random streams: numbers that depend on the builder's seed, what they are for, and their position alone.

A stream is read at any position without reading what comes before, so a row's value is the same whatever the size of
the row groups and whatever their order. Words are turned into numbers here and not by `numpy.random.Generator`, whose
methods may give other numbers in other versions of numpy; its bit generators never do.
"""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Stream:
    """An endless row of 64-bit words; not to be read on two threads at once.

    Args:
        seed: the builder's seed.
        purpose: what the numbers are for, such as a column's name; streams of different purposes are independent.
    """

    def __init__(self, seed: int, *purpose: str | int) -> None:
        import numpy as np

        name = "\x1f".join(map(str, (seed, *purpose))).encode("utf-8", "surrogatepass")
        entropy = int.from_bytes(hashlib.blake2b(name, digest_size=32).digest())
        self._bits = np.random.PCG64DXSM(np.random.SeedSequence(entropy))
        self._position = 0

    def words(self, start: int, count: int) -> "npt.NDArray[np.uint64]":
        """Give the words at positions `start` to `start + count - 1`."""
        if start != self._position:
            self._bits.advance((start - self._position) % 2**128)
        self._position = start + count
        return self._bits.random_raw(count)

    def uniforms(self, start: int, count: int) -> "npt.NDArray[np.float64]":
        """Give numbers from 0 (included) to 1 (not included), one for each word."""
        import numpy as np

        # the upper 53 bits: as many as a double holds
        return (self.words(start, count) >> np.uint64(11)) * np.float64(2.0**-53)
