"""Resource: how many tasks may use one endpoint, or a pool, at once.

The limit of an endpoint moves between 1 and its ceiling. When it answers 429, the limit falls by a factor, once for all
calls of a burst, and no call is begun for about as long as one takes. The limit rises by one after as many good answers
as it counts; a level that was refused before is tried again only after eight times as many. Refusals that come by
chance, however few calls are sent, lower nothing.

A 429 that asks for a time (Retry-After) makes its own call wait. The others go on, fewer at once; if more of those that
were begun since are refused than not, nothing is begun until that time is over.

An endpoint is silent when several calls in a row found it broken, as many as were in flight when the first did: some
that fail by chance among others mean little. One call at a time asks whether it is back, and its first answer brings
the whole limit back. Tasks that have failed already are spared meanwhile, if there are others; see `engine.order` for
which of these ask.

Source: additive increase, multiplicative decrease: Chiu & Jain 1989, as in TCP's congestion avoidance (RFC 5681).
"""

from dataclasses import dataclass, field
from typing import Final

from notebook_gen.engine.refusals import FEW, Refusals

ROUNDS_BEFORE_A_REFUSED_LEVEL: Final = 8
GOOD_ONES_REMEMBERED: Final = 256
"""Good answers, or as many as the ceiling, after which it is counted anew whether most calls are refused."""

FAILURES_OF_SILENCE: Final = 3
"""At least; with more calls in flight, more."""

SPARED: Final = 1.0
"""Seconds that a deferred task waits on while an endpoint is silent."""

_UNKNOWN_USUAL = 0.5
_LONGEST_PAUSE = 15.0
_FALLS_OF_OVERLOAD = 6
"""Falls with no good answer between them, after which each pause is twice as long: by chance, so many are rare."""

_PROBE_PAUSES = (0.25, 0.5, 1.0)
_NEVER_REFUSED = 1 << 30


@dataclass(slots=True)
class Resource:
    """Slots of one endpoint or pool.

    Attributes:
        name: as in `ExecutionGraph.resources`.
        ceiling: slots it has; fixed.
        nodes: the nodes that use it, longest remaining path first.
        is_endpoint: whether its limit moves, and silence is noticed.
        factor: what the limit is multiplied with when it falls.
        limit: slots that may be used now, at most `ceiling`.
        in_flight: slots in use.
        ready: tasks that wait for a slot.
        best: the node whose tasks come next, and the row before which that is so; None: it is to be looked for, as it
            always is while it is silent.
        held_since: since when nothing may be begun because the run is paused; None: it is not.
        is_paused: whether nothing may be begun until `resumes_at`.
        has_answered: whether a call ever found it at work.
        is_reached: whether a call ever got an answer, be it that it is not ready.
        silent_since: when the first of the failures in a row began, but not before the last answer; None where it is
            not silent.
        in_vain_since: when the first call began of those that were refused or failed since the last good one, but not
            before that one ended; None where there are none.
        useful_at: when the last answer came that was no refusal.
        problem: what the last one said that was refused or failed.
    """

    name: str
    ceiling: int
    nodes: tuple[int, ...]
    is_endpoint: bool = False
    factor: float = 0.75
    limit: int = field(init=False)
    in_flight: int = field(default=0, init=False)
    ready: int = field(default=0, init=False)
    best: tuple[int, int] | None = field(default=None, init=False)
    held_since: float | None = field(default=None, init=False)
    is_paused: bool = field(default=False, init=False)
    resumes_at: float = field(default=0.0, init=False)
    has_answered: bool = field(default=False, init=False)
    is_reached: bool = field(default=False, init=False)
    silent_since: float | None = field(default=None, init=False)
    in_vain_since: float | None = field(default=None, init=False)
    useful_at: float = field(default=0.0, init=False)
    problem: str = field(default="", init=False)
    _failures: int = field(default=0, init=False)
    _failing_since: float = field(default=0.0, init=False)
    _answered_at: float = field(default=0.0, init=False)
    _failures_of_silence: int = field(default=FAILURES_OF_SILENCE, init=False)
    _failed_at: float = field(default=0.0, init=False)
    _noticed_at: float = field(default=0.0, init=False)
    _awaited_since: float = field(default=0.0, init=False)
    _was_asked_in_vain: bool = field(default=False, init=False)
    _usual: float | None = field(default=None, init=False)
    _fell_at: float = field(default=-1.0, init=False)
    _falls_in_a_row: int = field(default=0, init=False)
    _good: int = field(default=0, init=False)
    _is_pause_of_silence: bool = field(default=False, init=False)
    _refused: int = field(default=_NEVER_REFUSED, init=False)
    _asked_at: float = field(default=0.0, init=False)
    _asked_until: float = field(default=0.0, init=False)
    _good_since: int = field(default=0, init=False)
    _refused_since: int = field(default=0, init=False)
    _refusals: Refusals = field(default_factory=Refusals, init=False)

    def __post_init__(self) -> None:
        self.limit = self.ceiling

    @property
    def limit_in_force(self) -> int:
        """The limit, or one while it is silent."""
        return self.limit if self.silent_since is None else 1

    @property
    def allowed(self) -> int:
        """How many tasks may be in flight now."""
        if self.is_paused or self.held_since is not None:
            return 0
        return self.limit if self.silent_since is None else 1

    @property
    def takeable(self) -> int:
        """How many more tasks could start now."""
        return max(0, min(self.ready, self.allowed - self.in_flight))

    @property
    def is_starving(self) -> bool:
        """Whether slots will stand empty unless more tasks become ready."""
        return self.in_flight + self.ready < (self.limit if self.silent_since is None else 1)

    @property
    def is_idle(self) -> bool:
        """Whether slots stand empty because nothing waits for them."""
        return not self.ready and self.in_flight < self.allowed

    @property
    def spares_deferred(self) -> bool:
        """Whether deferred tasks should wait on: while it is silent, the tasks that ask are such as have not failed."""
        return self.silent_since is not None and self.ready > 0

    def answered(self, started: float) -> bool:
        """Note that a call begun at `started` found the endpoint at work; gives whether that ended a silence.

        An answer to a call that was begun before the last one failed may be the endpoint's last: it ends no silence.
        """
        was_silent = self.silent_since is not None
        self.has_answered = self.is_reached = True
        if self._failures >= self._failures_of_silence and started < self._failed_at:
            return False
        self.silent_since = None
        self._was_asked_in_vain = False
        self._failures = 0
        if self._is_pause_of_silence:
            self.is_paused = self._is_pause_of_silence = False
            self.resumes_at = 0.0
        return was_silent

    def succeeded(self, started: float, now: float) -> bool:
        """Note a good answer to a call begun at `started`; gives whether the limit rose."""
        seconds = now - started
        self.came_to_something(now)
        self._good_since += started >= self._asked_at
        self._usual = seconds if self._usual is None else self._usual + 0.1 * (seconds - self._usual)
        self._falls_in_a_row = 0
        self._refusals.answered(is_refused=False, is_of_burst=started < self._fell_at)
        if self.limit < self.ceiling or self._refusals.by_chance:
            self._count(started, is_refused=False)
        if self.limit == self.ceiling:
            return False
        self._good += 1
        rounds = ROUNDS_BEFORE_A_REFUSED_LEVEL if self.limit + 1 == self._refused else 1
        if self._good < rounds * self.limit:
            return False
        self._good = 0
        self.limit += 1
        self._refusals.begin_anew()
        if self.limit > self._refused:
            self._refused = _NEVER_REFUSED
        return True

    def refused(self, started: float, retry_after: float | None, now: float) -> None:
        """Note a 429 for a call begun at `started`.

        Args:
            started: when the call began; calls begun before the last fall belong to its burst, and count no more.
            retry_after: seconds that the endpoint wants to be left alone; None: it did not say.
            now: the time.
        """
        self.came_to_nothing(started)
        self._answered_at = now
        is_of_burst = started < self._fell_at
        self._refusals.answered(is_refused=True, is_of_burst=is_of_burst)
        if not is_of_burst and self._count(started, is_refused=True):
            self._fall(now)
        if retry_after is not None:
            self._ask(started, retry_after, now)

    def keeps(self, retry_after: float | None, now: float) -> bool:
        """Tell whether nothing is begun for as long as a 429 asks; if not, the call that it was for waits alone."""
        return self.is_endpoint and (retry_after is None or (self.is_paused and self.resumes_at >= now + retry_after))

    def failed(self, started: float, now: float) -> None:
        """Note a timeout, a broken connection or a server's error for a call begun at `started`."""
        self.came_to_nothing(started)
        if not self._failures:
            self._failing_since = max(started, self._answered_at)
            # with this one
            self._failures_of_silence = max(FAILURES_OF_SILENCE, self.in_flight + 1)
        self._failures += 1
        self._failed_at = now
        if self._failures < self._failures_of_silence and self.has_answered:
            return
        if self.silent_since is None:
            self.silent_since = self._failing_since
            self.best = None
            self._noticed_at = self._awaited_since = now
        elif started >= self._noticed_at:
            self._was_asked_in_vain = True
        if not self.is_paused:
            probes = max(0, self._failures - self._failures_of_silence)
            self._pause(now + _PROBE_PAUSES[min(probes, len(_PROBE_PAUSES) - 1)])
            self._is_pause_of_silence = True

    def came_to_something(self, now: float) -> None:
        """Note an answer that was no refusal, be it good or not."""
        self.in_vain_since = None
        self._answered_at = self.useful_at = now

    def came_to_nothing(self, started: float) -> None:
        """Note that a call begun at `started` was refused or failed."""
        if self.in_vain_since is None:
            # while a slow call was under way, others may have come to something
            self.in_vain_since = max(started, self.useful_at)

    def is_given_up(self, patience: float, now: float) -> bool:
        """Tell whether its silence has lasted for more than `patience` seconds.

        It is asked at least once after its silence was noticed: all calls before may have timed out together.
        """
        if self.silent_since is None or not self._was_asked_in_vain:
            return False
        return now - self.silent_since > patience

    def is_awaited(self, patience: float, now: float) -> bool:
        """Tell whether it was at work, or never reached, and was noticed to be silent at most `patience` seconds ago.

        Its silence may be as old as the calls that found it broken are long.
        """
        may_come = self.has_answered or not self.is_reached
        return may_come and self.silent_since is not None and now - self._awaited_since <= patience

    def refuses_all(self, patience: float, now: float) -> bool:
        """Tell whether no call has come to anything for more than `patience` seconds."""
        return self.in_vain_since is not None and now - self.in_vain_since > patience

    def resume(self, now: float) -> bool:
        """End a pause whose time has come; gives whether one ended."""
        if not self.is_paused or now < self.resumes_at:
            return False
        self.is_paused = self._is_pause_of_silence = False
        return True

    def hold(self, now: float) -> None:
        """Begin nothing until `release`: the run is paused."""
        self.held_since = now

    def release(self, now: float) -> None:
        """Go on after `hold`; the time between, in which nothing was asked, is no part of a silence."""
        if self.held_since is None:
            return
        self._answered_at += now - max(self._answered_at, self.held_since)
        self.useful_at += now - max(self.useful_at, self.held_since)
        self._failing_since += now - max(self._failing_since, self.held_since)
        self._awaited_since += now - max(self._awaited_since, self.held_since)
        if self.silent_since is not None:
            self.silent_since += now - max(self.silent_since, self.held_since)
        if self.in_vain_since is not None:
            self.in_vain_since += now - max(self.in_vain_since, self.held_since)
        self.held_since = None

    def _fall(self, now: float) -> None:
        """Let the limit fall, or go back to where it was before it fell in vain."""
        self._fell_at = now
        self._good = 0
        before = self._refusals.fall(self.limit, self.in_flight)
        if before:
            self.limit = before
            self._refused = _NEVER_REFUSED
            self._falls_in_a_row = 0
            return
        self._refused = self.limit
        self.limit = max(1, int(self.limit * self.factor))
        usual = self._usual if self._usual is not None else _UNKNOWN_USUAL
        longer = max(0, self._falls_in_a_row - _FALLS_OF_OVERLOAD)
        self._pause(now + max(usual, min(_LONGEST_PAUSE, usual * 2.0**longer)))
        self._falls_in_a_row = min(self._falls_in_a_row + 1, 30)

    def _count(self, started: float, *, is_refused: bool) -> bool:
        """Count an answer to a call begun at `started`; gives whether there are more refusals than come by chance."""
        is_of_few = self.limit <= max(1, self.ceiling // FEW) and started >= self._fell_at
        return self._refusals.add(is_refused=is_refused, is_of_few=is_of_few, in_flight=self.in_flight)

    def _ask(self, started: float, retry_after: float, now: float) -> None:
        """Note that the endpoint asks for a time; it is kept by all calls if most begun since it asked are refused.

        Counting begins anew when that time is over, and after so many good answers that older ones say nothing of now.
        """
        if now >= self._asked_until or self._good_since >= max(GOOD_ONES_REMEMBERED, self.ceiling):
            self._asked_at = now
            self._good_since = self._refused_since = 0
        self._asked_until = max(self._asked_until, now + retry_after)
        if started >= self._asked_at:
            self._refused_since += 1
            # refusals come sooner than answers
            if self._refused_since > self._good_since + self.in_flight:
                self._pause(self._asked_until)

    def _pause(self, until: float) -> None:
        self.resumes_at = max(self.resumes_at, until) if self.is_paused else until
        self.is_paused = True
