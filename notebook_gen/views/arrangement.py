"""Arrangement: in which order the columns of a table of rows stand, and how wide they are.

The order is that of declaration, as long as all columns have room. Where they have not, what is made matters more than
what was there before: of seed data, up to three columns that others read stay in front, as many as leave what is made
enough room; the rest stands last.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from notebook_gen.config.columns import Category, Column, Expression, Float, Integer
from notebook_gen.plan.graph import ExecutionGraph
from notebook_gen.views.palette import column_colors

NUMBER_WIDTH: Final = 48
"""Pixels of the rows' numbers."""
LEAST_WIDTH: Final = 96
"""Pixels below which a column that shares the room is not squeezed."""
SHORT_WIDTH: Final = 84
SHORT_TEXT: Final = 9
"""Characters that a column of `SHORT_WIDTH` holds."""

_ROOM = 800  # in a notebook of 900 pixels, with its scroll bar and a wide prompt
_FRONTS = ((3, 72), (2, 108), (2, 72), (1, 120), (1, 72))  # how many seed columns, and how wide
_MADE_WIDTHS = (80, 200)  # at least and at most


class TableColumn(NamedTuple):
    """A column of a table.

    Attributes:
        name: not escaped.
        place: where its value stands in a row, from 0.
        color: an index into `Theme.columns`; None: it has no dot.
        width: pixels; None: it shares the room that there is.
    """

    name: str
    place: int
    color: int | None = None
    width: int | None = None


def arrange(graph: ExecutionGraph) -> list[TableColumn]:
    """Give the columns of a run's table of rows, from left to right."""
    colors = column_colors(graph)
    columns = [
        TableColumn(name, place, colors[name], SHORT_WIDTH if _is_short(name, graph.nodes[index].spec) else None)
        for place, (name, index) in enumerate(graph.columns.items())
    ]
    seeds = [column for column in columns if graph.nodes[graph.columns[column.name]].kind == "seed"]
    if least_width(columns) <= _ROOM or not 0 < len(seeds) < len(columns):
        return columns
    read = {name for node in graph.nodes for name in (*node.inputs, *node.condition_inputs)}
    made = [column for column in columns if column not in seeds]
    front, width = _share_room([column for column in seeds if column.name in read] or seeds[:1], made)
    in_sight = [*front, *(column._replace(width=column.width or width) for column in made)]
    chosen = {column.place for column in in_sight}
    last = [column._replace(width=LEAST_WIDTH) for column in seeds if column.place not in chosen]
    return [*sorted(in_sight, key=lambda column: column.place), *last]


def least_width(columns: Sequence[TableColumn]) -> int:
    """Give the pixels that a table needs at least; with fewer, it scrolls."""
    return NUMBER_WIDTH + sum(column.width or LEAST_WIDTH for column in columns)


def _share_room(seeds: Sequence[TableColumn], made: Sequence[TableColumn]) -> tuple[list[TableColumn], int]:
    """Choose the seed columns in front, and how wide the columns are that share what is left of the room."""
    room = _ROOM - NUMBER_WIDTH - sum(column.width or 0 for column in made)
    sharing = max(1, sum(column.width is None for column in made))
    least, most = _MADE_WIDTHS
    front, share = list(seeds), 0
    for count, seed_width in _FRONTS:
        front = [column._replace(width=seed_width) for column in seeds[:count]]
        share = (room - seed_width * len(front)) // sharing
        if share >= LEAST_WIDTH and count <= len(seeds):
            break
    return front, max(least, min(most, share))


def _is_short(name: str, spec: Column) -> bool:
    """Whether its values are short by what makes them, and its name is, too."""
    if len(name) > SHORT_TEXT:
        return False
    match spec:
        case Integer() | Float():
            return True
        case Category():
            return max(len(str(value)) for value in spec.values) <= SHORT_TEXT
        case Expression():
            return spec.dtype in ("int", "float", "bool")
        case _:
            return False
