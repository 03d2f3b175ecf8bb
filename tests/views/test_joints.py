"""Where another run begins, a chart of several says so, as far as there is room for words."""

import pytest

from notebook_gen.observers.trace import Joint
from notebook_gen.views.joints import draw_joints, say_joint
from notebook_gen.views.palette import LIGHT, theme_paint


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (None, "run 2"),
        (0.4, "run 2, right after"),
        (1.0, "run 2, 1 second later"),
        (3_599.0, "run 2, 59 minutes later"),
        (7_300.0, "run 2, 2 hours later"),
        (200_000.0, "run 2, 2 days later"),
    ],
)
def test_words_say_how_long_the_time_between_was(later: float | None, words: str) -> None:
    assert say_joint(2, Joint(1.0, 1.1, later)) == words


def test_each_joint_has_a_line_and_those_that_have_room_words_that_stay_within_the_chart() -> None:
    joints = [Joint(moment, moment + 1, 60.0) for moment in (1.0, 3.0, 50.0, 98.0)]

    shapes, notes = draw_joints(joints, (0.0, 100.0), 800.0, 200.0, theme_paint(LIGHT))

    assert [shape["x0"] for shape in shapes] == [1.5, 3.5, 50.5, 98.5]
    assert [(note["text"], note["x"], note["xanchor"]) for note in notes] == [
        ("run 2, 1 minute later", 0.0, "left"),
        ("run 4, 1 minute later", 50.5, "center"),
        ("run 5, 1 minute later", 100.0, "right"),
    ]


def test_a_joint_out_of_sight_has_no_words() -> None:
    _, notes = draw_joints([Joint(1.0, 1.5, 60.0)], (10.0, 20.0), 800.0, 200.0, theme_paint(LIGHT))

    assert notes == []
