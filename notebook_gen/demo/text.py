"""Placeholder text made from a prompt: the same prompt and seed give the same text."""

import hashlib
import random
import re
from typing import Final

_SKIPPED: Final = frozenset(
    (
        "a",
        "about",
        "an",
        "and",
        "as",
        "at",
        "be",
        "by",
        "do",
        "for",
        "from",
        "give",
        "how",
        "in",
        "into",
        "is",
        "it",
        "its",
        "make",
        "of",
        "on",
        "one",
        "or",
        "please",
        "review",
        "short",
        "star",
        "stars",
        "summarize",
        "summarise",
        "tell",
        "that",
        "the",
        "them",
        "this",
        "to",
        "two",
        "three",
        "four",
        "five",
        "what",
        "which",
        "why",
        "with",
        "write",
        "you",
        "your",
    )
)
_OPENINGS: Final = (
    "The {0} does what it says, and a little more.",
    "I had doubts about the {0}, and most of them are gone.",
    "It took a week to see what the {0} is for.",
    "Nobody asked for another {0}, yet here we are.",
    "There is a quiet pride in how the {0} was made.",
)
_MIDDLES: Final = (
    "The {1} is where it shows: plain, honest, easy to live with.",
    "Next to the {1}, everything else looks like an afterthought.",
    "What I would change is the {1}; what I would keep is the rest.",
    "Friends noticed the {1} before I could point at it.",
    "After a month of use the {1} still feels new.",
)
_ENDINGS: Final = (
    "I would buy it again tomorrow.",
    "It is not for everyone, and that is fine.",
    "Ask me again in a year.",
    "For the price, one could do far worse.",
    "It went back to the shop on Monday.",
)


def write_answer(prompt: str, seed: int) -> str:
    """Give three plausible sentences about what a prompt speaks of."""
    draw = random.Random(hashlib.sha256(f"{seed}\n{prompt}".encode()).digest())
    words = [word for word in re.findall(r"[A-Za-z][A-Za-z-]{2,}", prompt) if word.lower() not in _SKIPPED]
    # what is named last is usually what the prompt is about
    subjects = list(dict.fromkeys(word.lower() for word in reversed(words))) or ["thing"]
    first, second = subjects[0], subjects[1 % len(subjects)]
    return " ".join(draw.choice(bank).format(first, second) for bank in (_OPENINGS, _MIDDLES, _ENDINGS))


def draw_latency(prompt: str, seed: int, median: float, spread: float) -> float:
    """Give the seconds an answer takes: log-normal around `median` with sigma `spread`; same prompt, same seconds."""
    draw = random.Random(hashlib.sha256(f"latency {seed}\n{prompt}".encode()).digest())
    return median * draw.lognormvariate(0.0, spread) if spread else median
