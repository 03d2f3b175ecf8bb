"""Joints: where in a chart of several runs another one begins: a dashed line, and words above it."""

from collections.abc import Sequence
from typing import Any, Final

from notebook_gen.observers.trace import Joint
from notebook_gen.views.chart_places import SMALL_SIZE
from notebook_gen.views.palette import Paint
from notebook_gen.views.text import text_width, write_plural

WORDS_HEIGHT: Final = 16
"""Pixels that the words take above a chart."""

_BETWEEN = 8.0  # pixels from words to others, at least
_UNITS: Final = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def draw_joints(
    joints: Sequence[Joint], window: tuple[float, float], pixels: float, height: float, paint: Paint
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Draw joints as shapes and annotations of a plotly layout.

    Args:
        joints: in order.
        window: from when to when the chart shows what happened.
        pixels: how wide it is.
        height: of its plotting area.
        paint: the colours.
    """
    shapes, annotations = [], []
    start, end = window
    free = -_BETWEEN
    for number, joint in enumerate(joints, start=2):
        moment = (joint.ended + joint.began) / 2
        line = {"color": paint("soft", 1), "width": 1.2, "dash": "dot"}
        shapes.append({"type": "line", "x0": moment, "x1": moment, "y0": 0, "y1": height, "line": line})
        words, place = say_joint(number, joint), (moment - start) / max(end - start, 1e-6) * pixels
        width = text_width(words, SMALL_SIZE)
        left = max(0.0, min(place - width / 2, pixels - width))
        if not 0 <= place <= pixels or left < free + _BETWEEN:
            continue
        free = left + width
        anchor = "left" if left == 0 else "right" if left == pixels - width else "center"
        # words that stand at an edge stay there
        x = {"left": start, "right": end, "center": moment}[anchor]
        place_of = {"xref": "x", "x": x, "xanchor": anchor, "yref": "paper", "y": 1, "yanchor": "bottom"}
        font = {"size": SMALL_SIZE, "color": paint("soft", 1)}
        annotations.append({"text": words, "showarrow": False, "borderpad": 0, "font": font} | place_of)
    return shapes, annotations


def say_joint(number: int, joint: Joint) -> str:
    """Say which run begins, counted from 1, and how long after the one before: `run 2, 3 hours later`."""
    if joint.later is None:
        return f"run {number}"
    for seconds, noun in _UNITS:
        if joint.later >= seconds:
            return f"run {number}, {write_plural(int(joint.later / seconds), noun)} later"
    return f"run {number}, right after"
