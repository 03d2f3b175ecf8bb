"""Where a chart whose lanes are rows can be turned to."""

import pytest

from notebook_gen.views.lanes import Lanes
from notebook_gen.views.row_turns import rows_frame


@pytest.mark.parametrize(
    ("shown", "before"),
    [
        (range(31, 58), 31),
        ([1, 24, 29, *range(31, 58)], 31),
        ([0, 57], 57),
        ([57], 57),
        (range(58), None),
    ],
)
def test_of_the_newest_rows_those_that_follow_each_other_can_be_turned_back_from(
    shown: list[int], before: int | None
) -> None:
    lanes = Lanes("rows", tuple(shown), (1,) * len(shown), (0,))

    frame = rows_frame(lanes, begun=58, rows=100, chosen=False)

    assert frame is not None
    # the first is the first to be seen
    assert (frame["first"], frame["end"], frame["count"]) == (shown[0], 58, len(shown))
    assert frame["before"] == before
    assert frame["after"] is None
