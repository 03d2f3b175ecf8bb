"""Samplers: Category, Integer and Float. A row's value depends on the builder's seed, the column and the row alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notebook_gen.config.columns import Category, Float, Integer
from notebook_gen.generators.streams import Stream
from notebook_gen.plan.tasks import RowGroup

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Draw = Callable[[int, int], "npt.NDArray[Any]"]


class SamplerGenerator:
    """Makes a sampler's column, as plain Python values.

    Args:
        spec: what to draw.
        column: the column's name.
        seed: the builder's seed.
    """

    def __init__(self, spec: Category | Integer | Float, column: str, seed: int) -> None:
        match spec:
            case Category():
                self._draw = _category(spec, Stream(seed, "sampler", column))
            case Integer():
                self._draw = _integer(spec, seed, column)
            case Float():
                self._draw = _float(spec, Stream(seed, "sampler", column))

    def make(
        self, group: RowGroup, rows: Sequence[int], inputs: Mapping[str, Sequence[Any]]
    ) -> tuple[Sequence[Any], ...]:
        """Draw the values of some rows; reads no inputs."""
        values: list[Any] = self._draw(group.start, group.size).tolist()
        if len(rows) != group.size:
            values = [values[row - group.start] for row in rows]
        return (values,)


def _category(spec: Category, stream: Stream) -> Draw:
    import numpy as np

    # filled one by one: numpy must not look into the values, nor turn them into a type of its own
    values = np.empty(len(spec.values), dtype=object)
    for index, value in enumerate(spec.values):
        values[index] = value
    if spec.weights is None:
        return lambda start, count: values[(stream.uniforms(start, count) * len(values)).astype(np.intp)]
    # scaled first, so that their sum stays a number; the last bound is exactly 1, and every draw is below it
    bounds = np.cumsum(np.array(spec.weights) / max(spec.weights))
    bounds /= bounds[-1]
    return lambda start, count: values[np.searchsorted(bounds, stream.uniforms(start, count), side="right")]


def _integer(spec: Integer, seed: int, column: str) -> Draw:
    """Draw by remainder, and again where a word lies in the last, incomplete span: every integer is equally likely.

    Words that are drawn again come from a stream of their own, at the same position, so that a row's value still
    depends on nothing but its number.
    """
    import numpy as np

    span = spec.high - spec.low + 1
    complete = 2**64 - 2**64 % span
    first = Stream(seed, "sampler", column)

    def draw(start: int, count: int) -> "npt.NDArray[np.int64]":
        words = first.words(start, count)
        if complete < 2**64:
            again = 0
            while (rejected := words >= np.uint64(complete)).any():
                again += 1
                words[rejected] = Stream(seed, "sampler", column, again).words(start, count)[rejected]
        if span < 2**64:
            words %= np.uint64(span)
        words += np.uint64(spec.low % 2**64)  # wraps, as two's complement does
        return words.view(np.int64)

    return draw


def _float(spec: Float, stream: Stream) -> Draw:
    import numpy as np

    if spec.low == spec.high:
        return lambda start, count: np.full(count, spec.low)
    below_high = np.nextafter(spec.high, spec.low)
    span = spec.high - spec.low

    def draw(start: int, count: int) -> "npt.NDArray[np.float64]":
        uniforms = stream.uniforms(start, count)
        # from one end of the doubles to the other, the span is no double
        values = spec.low + span * uniforms if np.isfinite(span) else spec.low * (1 - uniforms) + spec.high * uniforms
        np.minimum(values, below_high, out=values)
        return values if spec.decimals is None else _rounded(values, spec.decimals)

    return draw


def _rounded(values: "npt.NDArray[np.float64]", decimals: int) -> "npt.NDArray[np.float64]":
    """Round; may reach the upper end, and leaves alone what is too large to have digits behind the point."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.round(values, decimals)
    return np.where(np.abs(values) < 2.0**52, rounded, values)
