"""The sequential engine on a real event loop."""

from typing import Any

import pytest

from notebook_gen.config.columns import Column, Expression, Integer
from notebook_gen.config.settings import RunSettings
from notebook_gen.errors import GenerationError, RateLimited, Rejected, Transient
from notebook_gen.events import RowGroupResized, TaskEnded, TaskStarted
from notebook_gen.plan.tasks import RowGroup
from notebook_gen.plan.values import Made
from tests.engine.fakes import Call, Changing, Count, Failing, OddOnes, Shelf, WholeGroup, reads, run

SEQUENTIAL = {"engine": "sequential"}


def resizing(sources: list[int]) -> WholeGroup:
    """Gives a row for each source, and its value with its place."""
    return WholeGroup(
        lambda values: Made(([f"{values[source]}@{place}" for place, source in enumerate(sources)],), sources=sources)
    )


def many(*names: str) -> Column:
    return reads(*names, full_column=True, allow_resize=True)


def test_it_makes_the_same_rows_as_the_async_engine() -> None:
    columns: dict[str, Column] = {
        "n": Integer(0, 9),
        "a": reads("n"),
        "b": reads("a", skip_if="{{ a }}", skip_value=-1),
        "total": reads("b", full_column=True, propagate_skip=False),
    }
    shelves = {}
    for engine in ("async", "sequential"):
        shelf = shelves[engine] = Shelf()
        failures: dict[int, list[GenerationError]] = {
            3: [Transient("it broke")],
            4: [RateLimited("slow down", retry_after=0.0)],
            5: [Rejected("no")],
        }
        total = WholeGroup(lambda values: Made(([sum(values)] * len(values),)))
        generators: list[Any] = [Count(), Failing(failures), Failing({}), total]
        processors = {"pre_batch": Changing(drop=[2]), "post_batch": Changing(total=str)}
        run(
            columns,
            generators,
            shelf,
            settings={"engine": engine},
            conditions={2: OddOnes()},
            processors=processors,
        )

    assert shelves["sequential"].rows == shelves["async"].rows
    assert sorted(shelves["async"].rows) == [row for row in range(20) if row not in (2, 5)]


def test_one_column_after_the_other_and_one_row_group_after_the_other() -> None:
    _, events = run({"a": reads(), "b": reads("a")}, [Failing({}), Failing({})], Shelf(), settings=SEQUENTIAL)

    ended: set[tuple[int, int]] = set()
    for event in events:
        if isinstance(event, TaskEnded):
            ended.add((event.task.node, event.task.row))
        if isinstance(event, TaskStarted):
            first = event.task.row_group * 6
            before = {(node, row) for node in (0, 1) for row in range(first)}
            if event.task.node == 1:
                before |= {(0, row) for row in range(first, min(first + 6, 20))}
            assert before <= ended


def test_cells_of_one_column_run_side_by_side() -> None:
    call = Call(lambda row, inputs: row)

    run({"a": reads()}, [call], Shelf(), settings=SEQUENTIAL)

    assert call.most_inside == 4


def test_an_ordered_function_sees_rows_in_order() -> None:
    ordered = Call(lambda row, inputs: row)

    run({"a": reads(), "b": reads("a", ordered=True)}, [Failing({}), ordered], Shelf(), settings=SEQUENTIAL)

    assert ordered.most_inside == 1
    assert ordered.rows == list(range(20))


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([0, 0, 1, 2], ["0@0", "0@1", "1@2", "2@3"]),
        ([2], ["2@0"]),
        ([], []),
    ],
)
def test_a_column_may_change_the_number_of_rows(sources: list[int], expected: list[str]) -> None:
    shelf = Shelf()
    columns: dict[str, Column] = {"a": reads(), "many": many("a"), "b": reads("many")}
    behind = Call(lambda row, inputs: f"saw {inputs['many']}")

    finished, events = run(columns, [Failing({}), resizing(sources), behind], shelf, rows=3, settings=SEQUENTIAL)

    assert finished.state == "finished"
    assert list(shelf.column("a").values()) == sources
    assert list(shelf.column("many").values()) == expected
    assert list(shelf.column("b").values()) == [f"saw {value}" for value in expected]
    (resized,) = [event for event in events if isinstance(event, RowGroupResized)]
    assert (resized.row_group, resized.before) == (RowGroup(0, 0, len(sources)), 3)


def test_the_rows_that_a_resizing_column_gets_are_those_that_are_left() -> None:
    shelf = Shelf()
    columns: dict[str, Column] = {"a": reads(), "many": many("a"), "shout": Expression("{{ many }}!")}

    class Shout:
        def make(self, group: RowGroup, rows: Any, inputs: Any) -> tuple[list[str], ...]:
            return ([inputs["many"][row - group.start] + "!" for row in rows],)

    failing = Failing({1: [Rejected("no")]})
    run(columns, [failing, resizing([1, 0, 1]), Shout()], shelf, rows=3, settings=SEQUENTIAL)

    assert [row["a"] for _, row in sorted(shelf.rows.items())] == [2, 0, 2]
    assert list(shelf.column("shout").values()) == ["2@0!", "0@1!", "2@2!"]
    assert [drop.row for drop in shelf.dropped] == [1]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([0, 1], ["0@0", None, "2@1", None]),
        ([0, 0, 1, 1], ["0@0", "0@1", None, "2@2", "2@3", None]),
        ([1, 0, 1], [None, "2@0", "0@1", "2@2", None]),
        ([], [None, None]),
    ],
)
def test_rows_in_which_a_resizing_column_is_skipped_stay_where_they_were(
    sources: list[int], expected: list[str | None]
) -> None:
    shelf = Shelf()
    columns: dict[str, Column] = {
        "a": reads(),
        "many": reads("a", full_column=True, allow_resize=True, skip_if="{{ a }}"),
    }
    columns["b"] = reads("many")

    _, events = run(
        columns,
        [Failing({}), resizing(sources), Call(lambda row, inputs: inputs["many"])],
        shelf,
        rows=4,
        settings=SEQUENTIAL,
        conditions={1: OddOnes()},
    )

    assert list(shelf.column("many").values()) == expected
    assert [row["a"] % 2 for _, row in sorted(shelf.rows.items())] == [value is None for value in expected]
    assert list(shelf.column("b").values()) == expected
    (resized,) = [event for event in events if isinstance(event, RowGroupResized)]
    assert (resized.row_group.size, resized.before) == (len(expected), 4)


def test_a_resizing_column_that_reads_nothing_makes_rows_only_of_those_that_are_left() -> None:
    shelf = Shelf()
    columns: dict[str, Column] = {"a": reads(), "many": many()}

    run(
        columns,
        [Failing({1: [Rejected("no")]}), resizing([0, 0, 1, 1, 3])],
        shelf,
        rows=4,
        settings=SEQUENTIAL,
    )

    assert [row["a"] for _, row in sorted(shelf.rows.items())] == [0, 0, 3]
    assert list(shelf.column("many").values()) == ["0@0", "0@1", "3@4"]


def test_a_resizing_column_that_reads_nothing_makes_no_rows_of_those_in_which_it_is_skipped() -> None:
    shelf = Shelf()
    columns: dict[str, Column] = {"a": reads(), "many": reads(full_column=True, allow_resize=True, skip_if="{{ a }}")}

    run(
        columns,
        [Failing({}), resizing([0, 1, 1, 2, 2])],
        shelf,
        rows=4,
        settings=SEQUENTIAL,
        conditions={1: OddOnes()},
    )

    assert [row["a"] for _, row in sorted(shelf.rows.items())] == [0, 1, 2, 2, 3]
    assert list(shelf.column("many").values()) == ["0@0", None, "2@3", "2@4", None]


def test_the_engine_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEBOOK_GEN_ENGINE", "sequential")

    assert RunSettings().engine == "sequential"
    assert RunSettings(engine="async").engine == "async"
