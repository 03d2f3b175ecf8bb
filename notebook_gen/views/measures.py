"""How high the parts of a run's view are: known before the run begins, so that the notebook never jumps.

static/style.css and static/live.css hold the same heights.
"""

from math import ceil
from typing import Final

from notebook_gen.views.chart import chart_height
from notebook_gen.views.dag import dag_size
from notebook_gen.views.head import count_side_lines
from notebook_gen.views.source import RunSource

HEAD: Final = 56
HEAD_BELOW: Final = 38
"""The second line of a head, in a view of `NARROW` pixels and less."""
NARROW: Final = 839
NARROWEST: Final = 400
"""Pixels in which all of a view can be seen."""
BAR: Final = 5
SECTION: Final = 33
TABS: Final = 36
TABLE: Final = 214
"""The pane of a tab: six rows and their head."""
ROW: Final = 28
"""A row of a table, or its head."""
DAG_WIDTH: Final = 640
"""What a DAG gets of a view of 900 pixels."""
DAG_HEIGHT: Final = 300
"""What it gets of the view's height, at most; more is scrolled."""
CHART_WIDTH: Final = 830
"""What the bars of a chart get of it."""

SIDE_LINE: Final = 23
"""A line beside the DAG."""

_EDGES = 2
_TOP_PADDING = 20
_TOP_GAP = 10


def top_height(source: RunSource) -> int:
    """Give the pixels of the DAG and what stands beside it, or below it where there is no room."""
    width, height = dag_size(source.graph, source.progress, DAG_WIDTH)
    lines = count_side_lines(source)
    if width > DAG_WIDTH + 1:
        return round(_TOP_PADDING + min(DAG_HEIGHT, height) + _TOP_GAP + ceil(lines / 2) * SIDE_LINE)
    return round(_TOP_PADDING + min(DAG_HEIGHT, max(height, lines * SIDE_LINE)))


def timeline_height(source: RunSource) -> int:
    """Give the pixels of the chart, without its heading."""
    return chart_height(source.graph, source.ceilings, source.progress.rows)


def below_top(source: RunSource) -> int:
    """Give the pixels of what stands below the DAG."""
    return SECTION + timeline_height(source) + TABS + TABLE


def view_height(source: RunSource, *, is_compact: bool = False) -> int:
    """Give the pixels of the view, unless it is so narrow that something of it wraps."""
    return HEAD + BAR + top_height(source) + (0 if is_compact else below_top(source)) + _EDGES
