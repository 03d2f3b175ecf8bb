"""Endpoints in virtual time, that take as many calls as a Resource allows: what a limit does over many answers."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from notebook_gen.engine.resources import Resource

LATENCY = 0.5
REFUSED_WITHIN = 0.02

Refuses = Callable[[int, float], bool]
"""Whether a call is refused: of calls that are being answered, and the time in seconds."""


@dataclass
class Answers:
    """What calls met.

    Attributes:
        seconds: until all had a good answer.
        refused: 429s.
        limits: the limit after each answer.
    """

    seconds: float = 0.0
    refused: int = 0
    limits: list[int] = field(default_factory=list)


def call(refuses: Refuses, calls: int, ceiling: int, seed: int = 0) -> Answers:
    """Call an endpoint until so many calls had a good answer."""
    draw = random.Random(seed)
    resource = Resource("m", ceiling, (0,), is_endpoint=True)
    answers = Answers()
    due: list[tuple[float, int, float, bool]] = []
    now, begun, busy, left = 0.0, 0, 0, calls
    while left or due:
        while left and resource.in_flight < resource.allowed:
            is_refused = refuses(busy, now)
            busy += not is_refused
            seconds = REFUSED_WITHIN if is_refused else LATENCY * draw.lognormvariate(0.0, 0.3)
            begun += 1
            left -= 1
            resource.in_flight += 1
            heappush(due, (now + seconds, begun, now, is_refused))
        if resource.is_paused and (not due or resource.resumes_at < due[0][0]):
            now = resource.resumes_at
        else:
            now, _, started, is_refused = heappop(due)
            busy -= not is_refused
            left += is_refused
            resource.in_flight -= 1
            resource.answered(started)
            if is_refused:
                answers.refused += 1
                resource.refused(started, None, now)
            else:
                resource.succeeded(started, now)
            answers.limits.append(resource.limit)
        resource.resume(now)
    answers.seconds = now
    return answers
