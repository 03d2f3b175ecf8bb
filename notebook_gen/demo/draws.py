"""Chance that belongs to a request: the same request draws the same, in every process."""

from collections.abc import Sequence
from hashlib import blake2b
from random import Random


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


def chance(purpose: str, request: bytes, attempt: int, seed: int) -> float:
    """Give one number of an attempt of a request, from 0 to below 1.

    Args:
        purpose: what it is for.
        request: its body.
        attempt: which one, from 1; 0: all of them alike.
        seed: of the endpoint.
    """
    digest = blake2b(f"{purpose}\0{seed}\0{attempt}\0".encode(), digest_size=6)
    digest.update(request)
    return int.from_bytes(digest.digest(), "big") / (1 << 48)
