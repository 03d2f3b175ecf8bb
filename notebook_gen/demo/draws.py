"""Chance that belongs to a request: the same request draws the same, in every process."""

from collections.abc import Sequence
from hashlib import blake2b
from random import Random

__all__ = ["Random", "draw"]


def draw(purpose: str, messages: Sequence[tuple[str, str]], seed: int) -> Random:
    """Give the random numbers of a request.

    Args:
        purpose: what they are for; numbers for different purposes are independent.
        messages: role and text of each.
        seed: of the endpoint.
    """
    digest = blake2b(f"{purpose}\0{seed}".encode(), digest_size=8)
    for role, text in messages:
        # text from JSON may hold halves of surrogate pairs; no role or text can imitate the separators
        digest.update(f"\0{len(role)}\0{role}{len(text)}\0{text}".encode("utf-8", "surrogatepass"))
    return Random(int.from_bytes(digest.digest(), "big"))
