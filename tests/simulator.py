"""Drives SchedulerCore through random worlds in virtual time, and checks the engine's rules after every step.

The simulator keeps its own books (which cells are made, which rows have ended) and never reads the core's to check the
core. A world is made from one seed, so a failure is replayed with the line it prints:
`python -c "from tests.simulator import replay; replay(SEED)"`.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from notebook_gen.engine.core import SchedulerCore
from notebook_gen.engine.ending import NEVER
from notebook_gen.engine.flow import PROCESSED_AT_ONCE, may_be_kept
from notebook_gen.engine.instructions import (
    CallBack,
    DecideSkips,
    EndRun,
    FillCells,
    LookUp,
    MakeInPlace,
    ProcessDataset,
    ProcessRowGroup,
    ReplaceDataset,
    StopWork,
    UserCall,
    WriteRowGroup,
)
from notebook_gen.engine.sequential import SequentialCore
from notebook_gen.errors import (
    GenerationError,
    NoRowsLeft,
    ProcessorError,
    RateLimited,
    Rejected,
    RunCancelled,
    RunError,
    Transient,
    WriteError,
)
from notebook_gen.events import (
    CellFailed,
    CellsSkipped,
    LimitMoved,
    RowDropped,
    RowGroupKept,
    RowGroupOpened,
    RowGroupResized,
    RowGroupWritten,
    RowsDone,
    RunPaused,
    RunResumed,
)
from notebook_gen.plan.graph import ASYNC_FUNCTIONS, THREADS
from notebook_gen.plan.tasks import WHOLE_GROUP, RowGroup, Task
from tests.books import Books, Key
from tests.worlds import World, random_world


def simulate(world: World) -> Books:
    """Run a world to its end.

    Raises:
        AssertionError: a rule of the engine was broken; the text tells how to replay it.
    """
    shell = _Shell(world)
    try:
        shell.run()
        shell.check_end()
    except (AssertionError, RuntimeError, LookupError) as error:
        raise AssertionError(f'replay: python -c "from tests.simulator import replay; replay({world.seed})"') from error
    return shell.books


def replay(seed: int) -> None:
    """Run the world of one seed again."""
    simulate(random_world(seed))


@dataclass
class _InFlight:
    """A task under way, and how it will end."""

    task: Task
    started: float
    error: GenerationError | None


class _AllStopped:
    """Nothing is in flight any more."""


class _InPlaceTurn:
    """The loop has turned, and what waits to be done in place goes on."""


_Step = _InFlight | UserCall | WriteRowGroup | ReplaceDataset | _AllStopped | _InPlaceTurn


class _NextTry(NamedTuple):
    """Between which times a task is due that failed."""

    at_least: float = 0.0
    at_most: float = 0.0


class _Shell:
    """What AsyncTaskScheduler is in real life, in virtual time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.graph = world.graph
        self.books = Books()
        core_type = SequentialCore if world.settings.engine == "sequential" else SchedulerCore
        self.core = core_type(world.graph, world.groups, world.ceilings, world.settings, world.stages, world.earlier)
        self.draw = random.Random(world.seed + 1)
        self.now = 0.0
        self.due: list[tuple[float, int, _Step]] = []
        self.count = 0
        self.in_flight: dict[Key, _InFlight] = {}
        self.busy: Counter[str] = Counter()
        self.awake = [world.ceilings[resource.name] for resource in self.core.resources]
        self.limits: dict[str, tuple[int, float]] = {}
        self.orders_of_group: Counter[int] = Counter()
        self.in_place: list[MakeInPlace | DecideSkips | LookUp] = []
        self.waits_for_turn = False
        self.open: dict[int, int] = {}
        self.resized: dict[int, RowGroup] = {}
        self.drops: dict[int, list[int]] = {}
        self.may_start: dict[Key, int] = {}
        self.tries: Counter[tuple[Key, str]] = Counter()
        self.next_try: defaultdict[Key, _NextTry] = defaultdict(_NextTry)
        self.early: set[Key] = set()
        # attempts that ended when it may, or may not, have been time for them
        self.in_doubt: Counter[Key] = Counter()
        self.attempts: Counter[Key] = Counter()
        self.newest_in_order: dict[int, int] = {}
        self.closed: set[int] = set()
        self.has_write_failed = False
        self.is_telling = False
        self.is_stopping = False
        self.is_stopped = False
        self.is_paused = False
        self.paused_at = 0.0
        self.noticed: dict[str, float] = {}
        self.cancels = [*([world.cancel_at] if world.cancel_at is not None else []), *world.cancels_again]
        self.cancelled_at = NEVER
        self.has_given_up = False
        self.calls: list[UserCall] = []
        self.switches = [moment for pause in world.pauses for moment in pause]

    def run(self) -> None:
        self.core.start(self.now)
        self.perform()
        while True:
            self.take_work()
            if self.books.ending is not None:
                return
            assert self.count < 300_000, "the run does not end"
            self.core.check_alive()
            self.step()

    def step(self) -> None:
        next_due = self.due[0][0] if self.due else NEVER
        moment = min(next_due, self.core.alarm)
        cancel_at = self.cancels[0] if self.cancels else NEVER
        switch_at = self.switches[0] if self.switches else NEVER
        if cancel_at <= min(moment, switch_at) and cancel_at < NEVER:
            self.now = max(self.now, self.cancels.pop(0))
            self.cancel()
        elif switch_at <= moment and switch_at < NEVER:
            self.now = max(self.now, switch_at)
            self.switch()
        elif self.core.alarm <= next_due:
            assert moment < NEVER, "nothing is due although the run is not over"
            self.now = max(self.now, self.core.alarm)
            self.count += 1
            self.core.tick(self.now)
            assert self.core.alarm > self.now, "an alarm that has rung is still set"
        else:
            time, _, what = heappop(self.due)
            assert time >= self.now, "time went back"
            self.now = time
            self.end(what)
        self.perform()

    def cancel(self) -> None:
        """Cancel the run, or once more: that changes nothing at first, and gives up the user's code later on."""
        if self.cancelled_at == NEVER:
            self.cancelled_at = self.now
            self.core.cancel(self.now)
            assert self.is_stopping or any(isinstance(order, StopWork) for order in self.core.outbox)
            return
        if self.now < self.cancelled_at + self.world.settings.grace:
            self.core.cancel(self.now)
            assert not self.core.outbox, "a second cancel in a hurry changed something"
            return
        self.has_given_up = True
        self.books.left_behind = [call for call in self.calls if not self.is_before_the_batch(call)]
        self.core.cancel(self.now)
        for call in self.books.left_behind:
            if self.draw.random() < 0.5:
                self.push(self.now + self.draw.choice([0.0, 0.2, 5.0]), call)

    def is_before_the_batch(self, call: UserCall) -> bool:
        """Whether a call holds up nothing that is finished: nobody has to wait for it once the run is stopped."""
        return isinstance(call, ProcessRowGroup) and call.stage == "pre_batch"

    def switch(self) -> None:
        """Pause the run, or let it go on; neither does anything once the run is ending."""
        self.switches.pop(0)
        was_paused, is_ending = self.is_paused, not self.core.flow.gives_slots
        if was_paused:
            self.core.resume(self.now)
        else:
            self.core.pause(self.now)
            self.books.pauses.append(self.troubles())
        self.perform()
        assert self.is_paused == (was_paused if is_ending else not was_paused), "it was not paused, or not resumed"

    def troubles(self) -> frozenset[str]:
        """What goes on at this moment that a pause may disturb."""
        resources = self.core.resources
        seen = {
            "in flight": bool(self.in_flight),
            "cooling down": any(resource.is_paused for resource in resources),
            "silent": any(resource.silent_since is not None for resource in resources),
            "broken": any(isinstance(error, Transient) for _, _, error in self.books.outcomes[-1:]),
            "ending": not self.core.flow.gives_slots,
        }
        return frozenset(trouble for trouble, is_there in seen.items() if is_there)

    def end(self, what: _Step) -> None:
        if any(what is call for call in self.books.left_behind):
            self.end_too_late(what)
            return
        self.calls = [call for call in self.calls if call is not what]
        match what:
            case _InFlight():
                self.finish(what)
            case ProcessRowGroup():
                self.finish_processing(what)
            case WriteRowGroup():
                self.finish_write(what)
            case CallBack():
                self.finish_telling(what)
            case ProcessDataset():
                fails = self.draw.random() < self.world.processor_failure_rate
                error = ProcessorError("raised", processor="p", stage="after_run") if fails else None
                self.core.dataset_done(error)
            case ReplaceDataset():
                self.core.dataset_done(None)
            case _AllStopped():
                self.finish_stop()
            case _InPlaceTurn():
                self.waits_for_turn = False
                if self.in_place:
                    self.do_in_place(self.in_place.pop(0))

    def end_too_late(self, call: object) -> None:
        """Tell what a call that was given up gave in the end: nothing may come of it."""
        match call:
            case ProcessRowGroup():
                self.core.processed(call, dict.fromkeys(call.rows, "p"), self.now)
                error = ProcessorError("raised", processor="p", stage=call.stage, row_group=call.row_group.number)
                self.core.processor_failed(call, error, self.now)
            case CallBack():
                self.core.called_back(RunError("the callback raised"))
            case ProcessDataset():
                self.core.dataset_done(None)
        assert not self.core.outbox, "something came of a call that was given up"

    # Tasks with a slot

    def take_work(self) -> None:
        """Let each slot that is awake ask for work until it has some, or sleeps, as the shell's slots do."""
        while any(self.awake):
            for number, resource in enumerate(self.core.resources):
                while self.awake[number]:
                    self.awake[number] -= 1
                    taken = self.core.take(number, self.now)
                    self.perform()
                    if taken is not None:
                        self.start(taken[0], taken[1], resource.name)
                    elif resource.takeable > self.awake[number]:
                        assert self.core.flow.gives_slots, "work waits although the run is ending"
                        self.awake[number] += 1
        for number, resource in enumerate(self.core.resources):
            assert not resource.takeable or not self.idle(number), "work waits, and no slot was woken"
        if any(resource.is_idle for resource in self.core.resources):
            assert not self.could_open(), "slots stand empty although a row group could be opened"

    def could_open(self) -> bool:
        """Whether a row group could be opened that would bring work, and nothing else is about to."""
        if self.in_place or self.is_paused or not self.core.flow.gives_slots:
            return False
        if self.world.settings.engine == "sequential" and self.open:
            return False
        if sum(map(self.is_before_the_batch, self.calls)) >= PROCESSED_AT_ONCE:
            return False
        known = self.open.keys() | self.closed | self.books.kept_groups
        size = next((group.size for group in self.world.groups if group.number not in known), None)
        room = self.world.settings.max_open_rows - sum(self.open.values())
        return size is not None and (not self.open or size <= room)

    def idle(self, number: int) -> int:
        """How many slots of a resource sleep."""
        name = self.core.resources[number].name
        return self.world.ceilings[name] - self.busy[name] - self.awake[number]

    def wake(self) -> None:
        """Wake as many slots as there is work for."""
        self.core.flow.has_woken = False
        for number, resource in enumerate(self.core.resources):
            self.awake[number] += max(0, min(resource.takeable - self.awake[number], self.idle(number)))

    def start(self, task: Task, ready: float, resource: str) -> None:
        node = self.graph.nodes[task.node]
        assert not self.is_stopping, "a task started after the run was told to stop"
        assert not self.is_paused, "a task started while the run was paused"
        assert self.core.flow.gives_slots, "a task started although the run is ending"
        assert ready <= self.now, "a task was ready in the future"
        assert (task.row == WHOLE_GROUP) == node.full_column
        assert node.resource == resource
        self.check_inputs(task.node, task.row_group, self.rows_of(task))
        key = self.key(task)
        assert key not in self.books.ended, "a cell was made twice"
        is_begun = task.row_group in self.world.earlier.begun
        assert not (is_begun and key in self.world.kept), "a cell was made that an earlier run had made"
        assert key not in self.in_flight, "a task started twice"
        assert task.attempt == self.may_start.get(key, 1), "the attempt has a wrong number"
        self.check_limit(resource)
        if node.ordered:
            self.check_order(task)
        if self.world.settings.engine == "sequential":
            others = {running.task.node for running in self.in_flight.values()}
            assert others <= {task.node}, "two columns at a time"
            assert len(self.open) == 1, "two row groups at a time"
        self.busy[resource] += 1
        self.books.starts.append((self.now, task))
        seconds, error = self.outcome(task, resource)
        running = _InFlight(task, self.now, error)
        self.in_flight[key] = running
        self.push(self.now + seconds, running)

    def check_limit(self, resource: str) -> None:
        limit, resumes = self.limits.get(resource, (self.world.ceilings[resource], 0.0))
        assert self.busy[resource] < self.world.ceilings[resource], "more in flight than there are slots"
        assert self.busy[resource] < limit, "more in flight than the limit"
        assert self.now >= resumes, "a call began although its endpoint wants to be left alone"

    def check_order(self, task: Task) -> None:
        others = [key for key in self.in_flight if key[0] == task.node]
        assert not others, "an ordered node overlaps itself"
        place = task.row_group if task.row == WHOLE_GROUP else task.row
        assert place >= self.newest_in_order.get(task.node, -1), "an ordered node went back"
        self.newest_in_order[task.node] = place

    def rows_of(self, task: Task) -> Sequence[int]:
        """The rows that a task is for: neither dropped nor skipped, nor empty."""
        if task.row != WHOLE_GROUP:
            return [task.row]
        return [
            row
            for row in self.group(task.row_group).rows
            if row not in self.books.dropped
            and (task.node, row) not in self.books.skipped
            and (task.node, row) not in self.books.empty
        ]

    def check_inputs(self, node: int, number: int, rows: Sequence[int]) -> None:
        """Check that all inputs of some rows have ended."""
        assert rows, "a task started for no row at all"
        upstream = self.graph.nodes[node].upstream
        for up in upstream:
            assert all(self.has_ended(up, number, row) for row in rows), "started before its inputs"
            if self.graph.nodes[node].propagate_skip:
                assert not any((up, row) in self.books.skipped for row in rows), "a skip was not handed on"
        if upstream and "pre_batch" in self.world.stages:
            assert ("pre_batch", number) in self.books.processed, "started before its row group was processed"
        assert not self.books.dropped.intersection(rows), "a task started for a dropped row"
        assert not any((node, row) in self.books.skipped for row in rows), "a task started for a skipped cell"

    def outcome(self, task: Task, resource: str) -> tuple[float, GenerationError | None]:
        world, key = self.world, self.key(task)
        self.attempts[key] += 1
        is_troubled = resource not in (ASYNC_FUNCTIONS, THREADS) and resource not in world.untroubled
        if is_troubled and world.is_down(self.now):
            return 0.01, Transient("connection refused")
        if is_troubled and self.busy[resource] > world.capacity(self.now):
            return 0.01, RateLimited("slow down", retry_after=self.retry_after())
        seconds = self.seconds(key)
        broken_after = world.next_outage(self.now) - self.now
        if is_troubled and broken_after < seconds:
            return broken_after, Transient("connection lost")
        meets = world.meets.get(key, ())
        if self.attempts[key] <= len(meets):
            return seconds, meets[self.attempts[key] - 1]
        return seconds, self.failure()

    def retry_after(self) -> float | None:
        return self.draw.choice([None, None, 0.5]) if self.world.seconds is None else None

    def seconds(self, key: Key) -> float:
        """How long a task takes."""
        if self.world.seconds is not None:
            return self.world.slow.get(key, self.world.seconds)
        if self.draw.random() < self.world.slow_tail:
            return 20.0
        return self.draw.choice([0.0, 0.1, self.draw.expovariate(1.0)])

    def seconds_of_step(self, slowly: float) -> float:
        """How long it takes to process or write a row group; nothing where tasks take a fixed time."""
        return self.draw.choice([0.0, slowly]) if self.world.seconds is None else 0.0

    def failure(self) -> GenerationError | None:
        chance, world = self.draw.random(), self.world
        if chance < world.failure_rate:
            return Rejected("it failed")
        if chance < world.failure_rate + world.transient_rate:
            return Transient("it broke")
        if chance < world.failure_rate + world.transient_rate + world.limit_rate:
            return RateLimited("slow down")
        return None

    def finish(self, running: _InFlight) -> None:
        task, error = running.task, running.error
        node, key = self.graph.nodes[task.node], self.key(running.task)
        assert node.resource is not None
        self.busy[node.resource] -= 1
        self.awake[self.graph.resources.index(node.resource)] += 1
        del self.in_flight[key]
        self.books.outcomes.append((self.now, task, error))
        if error is None and (task.row == WHOLE_GROUP or task.row not in self.books.dropped):
            self.books.ended.add(key)
        if error is None and node.allow_resize and self.draw.random() < 0.7:
            self.resize(task)
        rows = [row for row in self.rows_of(task) if row not in self.books.dropped]
        was_ending = not self.core.flow.gives_slots
        again = self.core.finished(task, running.started, error, self.now)
        self.notice_silences()
        if error is not None and rows and not again and not was_ending:
            self.check_tries(key, task, error)
        if again:
            assert self.core.flow.gives_slots, "a task is to be tried again although the run is ending"
            assert error is not None, "a task that made its values is to be made again"
            self.note_another_try(key, task, error)
        elif isinstance(error, Rejected) and self.tries[key, error.kind] == node.retries:
            told = {event.row for event in self.core.outbox if isinstance(event, RowDropped | CellFailed)}
            assert told.issuperset(rows), "what failed for good was told nobody"

    def resize(self, task: Task) -> None:
        """Let a full-column task give another number of rows."""
        assert isinstance(self.core, SequentialCore)
        given, old = self.rows_of(task), self.group(task.row_group)
        assert not self.orders_of_group[old.number], "rows got other numbers with orders under way"
        live = [row for row in old.rows if row not in self.books.dropped]
        sources = [at for at in range(len(given)) for _ in range(self.draw.choice([0, 1, 1, 1, 3]))]
        if self.draw.random() < 0.3:
            self.draw.shuffle(sources)
        sources = sources if self.draw.random() < 0.9 else []
        new, offsets = self.core.resized(task, sources, self.now)
        copied = [old.start + offset for offset in offsets]
        assert new == RowGroup(old.number, old.start, len(offsets))
        assert [row for row in copied if row in given] == [given[source] for source in sources], "wrong rows were made"
        assert [row for row in copied if row not in given] == [row for row in live if row not in given], (
            "rows were lost"
        )
        self.resized[old.number] = new
        self.open[old.number] = new.size
        self.books.resized.append((len(live), new.size))
        self.books.retire(row for row in old.rows if row in self.books.dropped)
        for keys in self.of_rows():
            keys.update(self.forget_rows(keys, old, copied))

    def of_rows(self) -> Sequence[set[Key]]:
        """What is kept by node and row."""
        return self.books.ended, self.books.skipped, self.books.empty, self.books.looked_up

    def forget_rows(self, keys: set[Key], group: RowGroup, copied: Sequence[int] = ()) -> set[Key]:
        """Take all cells of a row group out of some keys; gives them as they are when these rows are copied."""
        full = keys is self.books.ended
        gone = {key for key in keys if key[1] in group.rows and not (full and self.is_full(key[0]))}
        keys -= gone
        nodes = {node for node, _ in gone}
        return {(node, group.start + at) for node in nodes for at, row in enumerate(copied) if (node, row) in gone}

    def retire(self, group: RowGroup) -> None:
        """Forget a row group that has left, where the next may have rows of the same numbers."""
        if not self.world.may_resize:
            return
        self.books.retire(row for row in group.rows if row in self.books.row_ends)
        for keys in self.of_rows():
            self.forget_rows(keys, group)
        self.may_start.clear()
        self.tries.clear()
        self.attempts.clear()
        self.newest_in_order.clear()

    def group(self, number: int) -> RowGroup:
        """A row group as it is."""
        return self.resized.get(number) or self.world.groups[number]

    def note_another_try(self, key: Key, task: Task, error: GenerationError) -> None:
        if isinstance(error, RateLimited):
            self.may_start[key] = task.attempt
            return
        self.may_start[key] = task.attempt + 1
        if isinstance(error, Transient):
            if self.now < self.next_try[key].at_least:
                assert key not in self.early, "a task is tried early more than once"
                self.early.add(key)
                return
            self.early.discard(key)
            if self.now < self.next_try[key].at_most:
                self.in_doubt[key] += 1
            elif not self.is_awaited(task):
                self.tries[key, error.kind] += 1
            self.note_due(key)
        else:
            self.tries[key, error.kind] += 1
        most = self.world.settings.salvage_rounds
        if isinstance(error, Rejected):
            most = self.graph.nodes[task.node].retries
        assert self.tries[key, error.kind] <= most, "a task is tried too often"

    def check_tries(self, key: Key, task: Task, error: GenerationError) -> None:
        """Check that a task was not given up too soon, unless its failure ended the run."""
        if not self.core.flow.gives_slots:
            return
        assert not isinstance(error, RateLimited), "a rate limit cost a task its life"
        assert not (isinstance(error, Transient) and self.is_awaited(task)), "an outage cost a task its life"
        most = self.world.settings.salvage_rounds
        if isinstance(error, Rejected):
            most = self.graph.nodes[task.node].retries
        tries = self.tries[key, error.kind]
        if isinstance(error, Transient):
            assert self.now >= self.next_try[key].at_least, "a try before its time cost a task its life"
            tries = min(most, tries + self.in_doubt[key])
        assert tries == most, "a task was given up too soon"

    def note_due(self, key: Key) -> None:
        """Note when the next attempt after a transient failure is due; one that ends before that costs nothing."""
        settings, tries = self.world.settings, self.tries[key, Transient.kind]
        least, most = (settings.backoff * 2.0 ** max(0, count - 1) for count in (tries, tries + self.in_doubt[key]))
        self.next_try[key] = _NextTry(self.now + least, self.now + 1.5 * most)

    def notice_silences(self) -> None:
        """Note since when endpoints are known to be silent; pauses do not count."""
        silent = {pool.name for pool in self.core.resources if pool.silent_since is not None}
        self.noticed = {name: self.noticed.get(name, self.now) for name in silent}

    def is_awaited(self, task: Task) -> bool:
        """Whether its endpoint was at work, or never reached, and has only begun to be silent."""
        pool = next(pool for pool in self.core.resources if pool.name == self.graph.nodes[task.node].resource)
        noticed = self.noticed.get(pool.name, -float("inf"))
        settings = self.world.settings
        if not pool.is_reached:
            return self.now - noticed <= settings.shutdown_unreached_patience
        return pool.has_answered and self.now - noticed <= settings.shutdown_patience / 3

    def key(self, task: Task) -> Key:
        return task.node, task.row if task.row != WHOLE_GROUP else task.row_group

    # Instructions

    def perform(self) -> None:
        while self.core.outbox or (self.in_place and not self.waits_for_turn):
            while self.core.outbox:
                self.perform_one(self.core.outbox.popleft())
            if self.in_place and not self.waits_for_turn:
                self.go_on_in_place()
        if self.core.flow.has_woken:
            self.wake()

    def go_on_in_place(self) -> None:
        """Do the next order, or let the loop turn first: tasks end meanwhile, and the run may be stopped."""
        if self.world.seconds is None and self.draw.random() < 0.1:
            self.waits_for_turn = True
            self.push(self.now + self.draw.choice([0.0, 0.05, 0.5]), _InPlaceTurn())
        else:
            self.do_in_place(self.in_place.pop(0))

    def perform_one(self, instruction: object) -> None:
        match instruction:
            case MakeInPlace() | DecideSkips() | LookUp():
                assert not self.is_stopping, "an order was given after the run was told to stop"
                self.in_place.append(instruction)
                self.orders_of_group[instruction.row_group.number] += 1
            case FillCells():
                self.fill(instruction)
            case ProcessRowGroup():
                self.begin_processing(instruction)
            case WriteRowGroup():
                self.begin_write(instruction)
            case CallBack():
                self.begin_telling(instruction)
            case ProcessDataset() | ReplaceDataset():
                self.begin_last_step(instruction)
            case StopWork():
                self.stop()
            case EndRun():
                assert self.books.ending is None, "the run ended twice"
                self.books.ending = instruction
                self.books.ended_at = self.now
            case _:
                self.note(instruction)

    def note(self, event: object) -> None:
        match event:
            case RunPaused() | RunResumed():
                assert event.time == self.now
                assert self.is_paused == isinstance(event, RunResumed), "it was paused twice, or resumed twice"
                assert self.books.ending is None, "the run was paused or resumed after its end"
                self.is_paused = isinstance(event, RunPaused)
                if self.is_paused:
                    self.paused_at = self.now
                else:
                    since = self.paused_at
                    self.noticed = {name: at + self.now - max(at, since) for name, at in self.noticed.items()}
            case RowGroupKept():
                self.note_kept(event)
            case RowGroupOpened():
                assert not self.is_paused, "a row group was opened while the run was paused"
                assert self.books.kept_groups == set(self.world.earlier.finished), "opened before what is kept was told"
                assert event.row_group.number not in self.books.kept_groups, "a finished row group was opened"
                self.open[event.row_group.number] = event.row_group.size
                total = sum(self.open.values())
                assert len(self.open) == 1 or total <= self.world.settings.max_open_rows, "too many open rows"
                self.books.most_open_rows = max(self.books.most_open_rows, total)
            case RowDropped():
                assert event.row not in self.books.dropped, "a row was dropped twice"
                assert not isinstance(event.error, RateLimited), "a row was dropped for a rate limit"
                self.books.dropped.add(event.row)
                self.drops.setdefault(event.row_group, []).append(event.row)
                self.books.row_ends[event.row] += 1
                self.books.announced_done -= event.was_done
            case RowsDone():
                assert event.rows > 0
                self.books.announced_done += event.rows
            case RowGroupResized():
                assert event.row_group == self.group(event.row_group.number)
                assert (event.before, event.row_group.size) == self.books.resized[-1]
            case LimitMoved():
                self.limits[event.resource] = (event.limit, event.resumes)
            case CellFailed():
                assert self.graph.nodes[event.node].on_error in ("null", "raise")
            case RowGroupWritten() | CellsSkipped():
                pass
            case _:
                raise AssertionError(f"unknown instruction {event!r}")

    def note_kept(self, event: RowGroupKept) -> None:
        number = event.row_group.number
        assert number not in self.books.kept_groups, "a row group was told as finished twice"
        assert event.row_group == self.world.groups[number]
        assert event.rows == self.world.earlier.finished[number]
        self.books.kept_groups.add(number)
        self.books.kept_rows.update(event.rows)
        self.books.row_ends.update(event.row_group.rows)
        self.retire(event.row_group)

    def fill(self, order: FillCells) -> None:
        full = self.is_full(order.node)
        for row in order.rows:
            assert row not in self.books.dropped, "a cell of a dropped row was filled"
            place = self.books.skipped if order.why == "skipped" else self.books.empty
            assert (order.node, row) not in place, "a cell was filled twice"
            place.add((order.node, row))
            if not full:
                self.books.ended.add((order.node, row))

    def do_in_place(self, order: MakeInPlace | DecideSkips | LookUp) -> None:
        if self.is_stopping:
            return
        if isinstance(order, DecideSkips):
            self.decide(order)
            return
        if isinstance(order, LookUp):
            self.look_up(order)
            return
        full = self.is_full(order.node)
        live = [row for row in order.rows if row not in self.books.dropped]
        if full and live:
            self.check_inputs(order.node, order.row_group.number, live)
        size = len(order.rows) if full else self.draw.choice([1, 3, len(order.rows)])
        for first in range(0, len(order.rows), size):
            rows = order.rows[first : first + size]
            failures = self.failures_in_place(rows)
            for row in rows:
                if row not in failures and row not in self.books.dropped and not full:
                    self.check_inputs(order.node, order.row_group.number, [row])
                    self.books.ended.add((order.node, row))
            if full:
                self.books.ended.add((order.node, order.row_group.number))
            if first + size >= len(order.rows):
                self.orders_of_group[order.row_group.number] -= 1
            self.core.made_in_place(order, rows, failures, self.now)
            # what was decided by now binds the next rows, as it does in the shell
            while self.core.outbox:
                self.perform_one(self.core.outbox.popleft())
            if self.has_stopped():
                return

    def has_stopped(self) -> bool:
        return self.is_stopping

    def failures_in_place(self, rows: Sequence[int]) -> Mapping[int, GenerationError]:
        return {row: Rejected("it failed") for row in rows if self.draw.random() < self.world.failure_rate}

    def decide(self, order: DecideSkips) -> None:
        live = [row for row in order.rows if row not in self.books.dropped]
        if live:
            self.check_inputs(order.node, order.row_group.number, live)
        failures = {row: Rejected("it cannot be told") for row in order.rows if self.draw.random() < 0.02}
        skipped = [row for row in order.rows if row not in failures and self.draw.random() < self.world.skip_rate]
        self.orders_of_group[order.row_group.number] -= 1
        self.core.skips_decided(order, skipped, failures, self.now)

    def look_up(self, order: LookUp) -> None:
        number, keys = order.row_group.number, {(order.node, row) for row in order.rows}
        assert number in self.world.earlier.begun, "cells of a row group were looked up that nobody has begun"
        assert may_be_kept(self.graph.nodes[order.node]), "cells were looked up that are never kept"
        assert keys.isdisjoint(self.books.looked_up), "a cell was looked up twice"
        self.books.looked_up |= keys
        live = [row for row in order.rows if row not in self.books.dropped]
        if live:
            self.check_inputs(order.node, number, live)
        found = [row for row in order.rows if (order.node, row) in self.world.kept]
        taken = {(order.node, row) for row in found if row not in self.books.dropped}
        self.books.taken_over |= taken
        self.books.ended |= taken
        self.orders_of_group[number] -= 1
        self.core.looked_up(order, found, self.now)

    def is_full(self, node: int) -> bool:
        return self.graph.nodes[node].full_column

    # Row groups

    def begin_processing(self, order: ProcessRowGroup) -> None:
        number = order.row_group.number
        assert order.stage in self.world.stages
        assert order.stage == "post_batch" or not self.is_stopping, (
            "a row group was begun after the run was told to stop"
        )
        assert not self.books.dropped.intersection(order.rows), "a dropped row was processed"
        if order.stage == "pre_batch":
            self.orders_of_group[number] += 1
            for node in self.graph.nodes:
                if not node.upstream:
                    ended = all(self.has_ended(node.index, number, row) for row in order.rows)
                    assert ended, "processed before all seeds"
        else:
            self.check_closed(number, order.rows)
        self.call(order, self.seconds_of_step(0.3) + self.world.processing, hangs=order.stage == self.world.hangs)

    def finish_processing(self, order: ProcessRowGroup) -> None:
        number = order.row_group.number
        if order.stage == "pre_batch" and self.is_stopped:
            # too late: nothing becomes of it
            self.core.processed(order, {}, self.now)
            return
        self.books.processed.add((order.stage, number))
        if order.stage == "pre_batch":
            self.orders_of_group[number] -= 1
        if self.draw.random() < self.world.processor_failure_rate:
            error = ProcessorError("raised", processor="p", stage=order.stage, row_group=number)
            self.core.processor_failed(order, error, self.now)
            return
        dropped = {row: "p" for row in order.rows if self.draw.random() < self.world.processor_drop_rate}
        self.core.processed(order, dropped, self.now)

    def check_closed(self, number: int, rows: Sequence[int]) -> None:
        """Check that rows that leave are whole, and that their group is not left before its time."""
        under_way = [key for key, running in self.in_flight.items() if running.task.row_group == number]
        assert not under_way or self.is_stopping, "a row group closed with work in flight"
        assert not self.orders_of_group[number] or self.is_stopping, "a row group closed with orders under way"
        assert all(self.is_finished(number, row) for row in rows), "an unfinished row left"
        assert not self.books.dropped.intersection(rows), "a dropped row left"

    def begin_write(self, order: WriteRowGroup) -> None:
        number = order.row_group.number
        self.check_closed(number, order.rows)
        assert number not in self.closed, "a row group was written twice"
        assert number not in self.books.kept_groups, "a finished row group was written again"
        assert not self.has_write_failed, "a write was begun after one had failed"
        self.closed.add(number)
        if "post_batch" in self.world.stages and order.rows:
            assert ("post_batch", number) in self.books.processed, "a row group was written unprocessed"
        assert order.row_group == self.group(number)
        assert [drop.row for drop in order.dropped] == self.drops.get(number, []), "drops were not told, or twice"
        self.push(self.now + self.seconds_of_step(self.world.slowest), order)

    def finish_write(self, order: WriteRowGroup) -> None:
        number = order.row_group.number
        if number == self.world.failing_write:
            self.has_write_failed = True
            self.core.write_failed(number, WriteError("disk full"))
            return
        self.open.pop(number)
        empty = {key for key in self.books.empty if key[1] in order.rows}
        assert sorted((cell.node, cell.row) for cell in order.empty) == sorted(empty), (
            "empty cells were written without their reasons"
        )
        self.books.written.append((self.now, number))
        self.books.delivered.update(order.rows)
        self.books.row_ends.update(order.rows)
        self.retire(order.row_group)
        self.core.written(number, len(order.rows), self.now)

    def begin_telling(self, order: CallBack) -> None:
        assert "written" in self.world.stages, "a callback was called that nobody gave"
        assert not self.is_telling, "a callback overlaps itself"
        assert self.world.failing_callback not in self.books.told, "a callback was called after it had raised"
        self.is_telling = True
        self.books.told.append(order.row_group.number)
        self.call(order, self.seconds_of_step(5.0), hangs=self.world.hangs == "written")

    def begin_last_step(self, step: ProcessDataset | ReplaceDataset) -> None:
        assert "after_run" in self.world.stages, "processors were called that nobody gave"
        assert self.is_stopped, "the whole dataset was processed before all was still"
        assert not self.open, "the whole dataset was processed before all was written"
        assert not self.calls, "the whole dataset was processed beside something else"
        self.books.last_steps.append(step)
        if isinstance(step, ReplaceDataset):
            self.push(self.now + self.seconds_of_step(0.5), step)
        else:
            self.call(step, self.seconds_of_step(5.0), hangs=self.world.hangs == "after_run")

    def call(self, call: UserCall, seconds: float, *, hangs: bool) -> None:
        """Call the user's code, which returns after a while, or never."""
        assert not self.has_given_up, "the user's code was called after it was given up"
        self.calls.append(call)
        is_meant = isinstance(call, ProcessDataset) or call.row_group.number == self.world.hangs_for
        if not (hangs and is_meant):
            self.push(self.now + seconds, call)

    def finish_telling(self, order: CallBack) -> None:
        self.is_telling = False
        fails = order.row_group.number == self.world.failing_callback
        self.core.called_back(RunError("the callback raised") if fails else None)

    def stop(self) -> None:
        assert not self.is_stopping, "the work was stopped twice"
        self.is_stopping = True
        self.in_place.clear()
        if self.draw.random() < 0.5:
            self.finish_stop()
        else:
            # what does not let itself be stopped at once may still come to its end
            self.push(self.now + self.seconds_of_step(self.world.slowest), _AllStopped())

    def finish_stop(self) -> None:
        self.is_stopped = True
        self.due = [entry for entry in self.due if not isinstance(entry[2], _InFlight)]
        heapify(self.due)
        self.in_flight.clear()
        self.busy.clear()
        self.awake = [0] * len(self.awake)
        self.orders_of_group.clear()
        self.core.stopped(self.now)

    def push(self, time: float, what: _Step) -> None:
        self.count += 1
        heappush(self.due, (time, self.count, what))

    def check_end(self) -> None:
        books, rows = self.books, range(self.world.groups.rows)
        ending = books.ending
        assert ending is not None
        assert not self.in_flight, "a task survived the run"
        assert sorted(map(repr, ending.left_behind)) == sorted(map(repr, books.left_behind)), "who was left behind?"
        for call in books.left_behind:
            self.end_too_late(call)
        assert all(count == 1 for count in books.row_ends.values()), "a row ended twice"
        assert (ending.state == "finished") == (ending.error is None)
        assert books.kept_groups == set(self.world.earlier.finished), "a finished row group was not told"
        self.check_told()
        there = len(books.delivered) + len(books.kept_rows)
        self.check_last_steps(ending)
        if not self.is_stopping or books.last_steps:
            gained = sum(after - before for before, after in books.resized)
            assert len(books.row_ends) == len(rows) + gained, "rows asked = rows delivered + rows dropped"
            assert self.world.may_resize or set(books.row_ends) == set(rows)
            numbers = {number for _, number in books.written}
            assert len(numbers) == len(books.written)
            assert numbers == set(range(len(self.world.groups))) - set(self.world.earlier.finished)
            assert books.announced_done == len(books.delivered)
            assert isinstance(ending.error, NoRowsLeft) == (bool(books.dropped) and not there)
        elif not isinstance(ending.error, WriteError | ProcessorError):
            inside = list(self.open) if self.world.may_resize else range(len(self.world.groups))
            left = {row: number for number in inside for row in self.group(number).rows if row not in books.dropped}
            finished = {row for row, number in left.items() if self.is_finished(number, row)}
            lost = finished - books.delivered
            assert {row for row in books.delivered if row >= 0} <= finished
            assert not lost or (self.has_given_up and "post_batch" in self.world.stages), "finished rows are kept"
            assert self.closed.isdisjoint(left[row] for row in lost), "rows that were written are lost"
        if isinstance(ending.error, RunCancelled):
            assert ending.error.rows_done == there, "rows that are there were counted wrongly"

    def check_last_steps(self, ending: EndRun) -> None:
        """Check that the whole dataset was processed if the run has finished, and only then."""
        expected: list[type] = [ProcessDataset, ReplaceDataset] if "after_run" in self.world.stages else []
        done = list(map(type, self.books.last_steps))
        if ending.state == "finished":
            assert done == expected
        elif done:
            assert done == expected[:1], "a dataset was replaced, and the run has not finished"
            assert isinstance(ending.error, ProcessorError | RunCancelled)

    def check_told(self) -> None:
        """Check that the callback was told of each row group that was written, or up to where it raised."""
        assert not self.is_telling or self.has_given_up, "a callback survived the run"
        written = [number for _, number in self.books.written] if "written" in self.world.stages else []
        if self.world.failing_callback in written:
            written = written[: written.index(self.world.failing_callback) + 1]
            assert self.is_stopping, "a run went on although its callback had raised"
        if self.has_given_up:
            written = written[: len(self.books.told)]
        assert self.books.told == written, "a callback was called out of turn, or not at all"

    def is_finished(self, number: int, row: int) -> bool:
        is_through = "pre_batch" not in self.world.stages or ("pre_batch", number) in self.books.processed
        return is_through and all(self.has_ended(node.index, number, row) for node in self.graph.nodes)

    def has_ended(self, node: int, number: int, row: int) -> bool:
        """Whether a node's cell in a row is made, skipped or empty; for a full-column node, whether all of them are."""
        if (node, number if self.is_full(node) else row) in self.books.ended:
            return True
        return all(
            other in self.books.dropped or (node, other) in self.books.skipped or (node, other) in self.books.empty
            for other in (self.group(number).rows if self.is_full(node) else (row,))
        )
