"""Random worlds keep every rule of the engine; see the simulator for what it checks after every step."""

import pytest

from tests.simulator import simulate
from tests.worlds import random_world

WORLDS = 3000
CHUNK = 100


@pytest.mark.parametrize("first", range(0, WORLDS, CHUNK))
def test_random_worlds_keep_every_rule(first: int) -> None:
    for seed in range(first, first + CHUNK):
        simulate(random_world(seed))


def test_random_worlds_end_in_every_way_and_meet_every_trouble() -> None:
    endings, kinds, stages, most_attempts = set(), set(), set(), 0
    pauses: set[str] = set()
    for seed in range(200):
        books = simulate(random_world(seed))
        assert books.ending is not None
        endings.add(books.ending.state)
        kinds |= {type(error).__name__ for _, _, error in books.outcomes}
        pauses |= frozenset().union(*books.pauses)
        stages |= {stage for stage, _ in books.processed}
        most_attempts = max(most_attempts, *(task.attempt for _, task in books.starts), 0)

    assert endings == {"finished", "cancelled", "stopped early", "failed"}
    assert kinds == {"NoneType", "Rejected", "Transient", "RateLimited"}
    assert stages == {"pre_batch", "post_batch"}
    assert pauses == {"in flight", "cooling down", "silent", "broken", "ending"}
    assert most_attempts > 3


def test_random_worlds_take_over_what_earlier_runs_have_left_however_they_end() -> None:
    seen: set[str] = set()
    for seed in range(1_800, 2_300):
        world = random_world(seed)
        books = simulate(world)
        assert books.ending is not None
        if books.kept_groups:
            seen.add(f"finished before, {world.settings.engine}")
        if books.taken_over:
            seen |= {books.ending.state, world.settings.engine}
            seen |= {"all kept"} if not books.starts else {"some kept"}
            seen |= {"paused"} if books.pauses else set()
        if any((node, row) in world.kept and row in books.dropped for node, row in books.looked_up - books.taken_over):
            seen.add("dropped while it was looked up")

    assert seen == {
        "finished before, async",
        "finished before, sequential",
        "finished",
        "cancelled",
        "stopped early",
        "failed",
        "async",
        "sequential",
        "all kept",
        "some kept",
        "paused",
        "dropped while it was looked up",
    }


def test_in_random_worlds_every_call_of_the_user_s_code_is_given_up_and_runs_end_in_spite_of_it() -> None:
    given_up: set[str] = set()
    for seed in range(400):
        books = simulate(random_world(seed))
        assert books.ending is not None
        given_up |= {type(call).__name__ for call in books.left_behind}

    assert given_up == {"ProcessRowGroup", "CallBack", "ProcessDataset"}


def test_in_random_worlds_columns_change_the_number_of_rows_in_every_way_however_the_run_ends() -> None:
    seen: set[str] = set()
    for world in filter(lambda world: world.may_resize, map(random_world, range(1_000))):
        books = simulate(world)
        assert books.ending is not None
        if books.resized:
            seen.add(books.ending.state)
        for before, after in books.resized:
            seen.add(
                "none left" if not after else "more" if after > before else "fewer" if after < before else "others"
            )

    assert seen == {"finished", "cancelled", "stopped early", "failed", "none left", "more", "fewer", "others"}
