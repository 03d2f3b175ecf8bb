"""What each column has used of its model, as a table: while a run goes on, in its report, in a saved page. Bounded."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final

from notebook_gen.observers.usage import Usage, spending, usage
from notebook_gen.views.arrangement import FONT_SIZE, PADDING
from notebook_gen.views.palette import column_colors
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import say_unpriced, write_cost
from notebook_gen.views.text import escape, one_line, text_width, write_alike, write_count, write_plural

MOST_LINES: Final = 60
"""Columns in the table, at most; the last line counts the others, too."""

_EMPTY: Final = (
    '<p class="ng-empty">No model is used. The calls, tokens, seconds and cost of each column that a model makes '
    "stand here.</p>"
)
_GIVE_ONE: Final = "ng.Model(…, price=(…, …)) gives a model its price"
_HEADS: Final = (
    ("column", "the column that the model makes"),
    ("model", "the model's alias in this run; beside it, what its endpoint calls it"),
    ("calls", "calls that have ended, also those that failed"),
    ("mean", "how long a call takes on average"),
    ("in flight", "the time in flight of all calls, added up"),
    ("tokens in", "tokens of the prompts, as the endpoint counted them"),
    ("tokens out", "tokens of the answers"),
    ("cost", f"in US dollars; {_GIVE_ONE}"),
)
_NAMES: Final = 2  # columns that are names: they share the room that figures leave
_NAME_WIDTH: Final = 84  # pixels of each, at least
_STEP: Final = 6  # pixels by which widths differ, so that they seldom change while a run goes on


def usage_html(source: RunSource) -> str:
    """Draw what each column has used of its model so far, the longest in flight first, and all of them together."""
    lines = sorted(usage(source.progress, source.models), key=lambda line: -line.seconds)
    if not lines:
        return _EMPTY
    colors = column_colors(source.graph)
    head = "".join(f'<th{_number(place)} title="{title}">{name}</th>' for place, (name, title) in enumerate(_HEADS))
    shown = lines[:MOST_LINES]
    starts = [
        _start(f"{_dot(colors.get(line.column))}{escape(one_line(line.column, 80))}", *_model(line)) for line in shown
    ]
    if len(lines) > 1:
        models = write_plural(len({line.alias for line in lines}), "model")
        starts.append(_start(f"<b>all {len(lines)} columns</b>", models, models))
        shown = [*shown, _total(lines)]
    unpriced = spending(source.progress, source.models).unpriced
    figures = list(_figures(shown, is_partial=bool(unpriced)))
    body = "".join(
        f"<tr>{start}{''.join(map(_draw_figure, own))}</tr>" for start, own in zip(starts, figures, strict=True)
    )
    widths = _widths(figures)
    columns = "<col>" * _NAMES + "".join(f'<col style="width:{width}px">' for width in widths)
    least = sum(widths) + _NAMES * _NAME_WIDTH
    partial = f'<p class="ng-note">≥: {escape(say_unpriced(unpriced))}; {_GIVE_ONE}.</p>' if unpriced else ""
    return (
        f'<div class="ng-scroll"><table class="ng-table ng-usage" style="min-width:{least}px">'
        f"<colgroup>{columns}</colgroup>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{partial}"
    )


def _widths(figures: Sequence[Sequence[str]]) -> list[int]:
    """The pixels of each column of figures: none is ever cut."""
    widths = []
    for (name, _), *texts in zip(_HEADS[_NAMES:], *figures, strict=True):
        widest = max(text_width(name, FONT_SIZE, bold=True), *(text_width(text, FONT_SIZE) for text in texts))
        widths.append(ceil((widest + PADDING) / _STEP) * _STEP)
    return widths


def _total(lines: list[Usage]) -> Usage:
    costs = [line.cost for line in lines if line.cost is not None]
    return Usage(
        column="",
        alias="",
        model="",
        requests=sum(line.requests for line in lines),
        tokens_in=sum(line.tokens_in for line in lines),
        tokens_out=sum(line.tokens_out for line in lines),
        truncated=sum(line.truncated for line in lines),
        seconds=sum(line.seconds for line in lines),
        cost=sum(costs) if costs else None,
    )


def _start(name: str, model: str, title: str) -> str:
    """Draw whose line it is; name, model and title are HTML."""
    return f'<td>{name}</td><td title="{title}">{model}</td>'


def _model(line: Usage) -> tuple[str, str]:
    """Draw a model's alias, and what its endpoint calls it where that is something else; the same as a title."""
    alias, model = escape(one_line(line.alias, 80)), escape(one_line(line.model, 80))
    return (alias, alias) if alias == model else (f'{alias} <span class="ng-soft">{model}</span>', f"{alias}: {model}")


def _figures(lines: Sequence[Usage], *, is_partial: bool) -> Iterator[tuple[str, ...]]:
    """Write the figures of each line; those of a column of figures are written alike.

    Args:
        lines: of columns; the last, if it is of none, of all together.
        is_partial: whether the cost of all together leaves some models out.
    """
    means = write_alike([line.seconds / max(1, line.requests) for line in lines])
    in_flight = write_alike([line.seconds for line in lines])
    for line, mean, seconds in zip(lines, means, in_flight, strict=True):
        at_least = "≥ " if is_partial and not line.column else ""
        yield (
            write_count(line.requests),
            mean if line.requests else "–",
            seconds,
            f"{line.tokens_in:,}",
            f"{line.tokens_out:,}",
            "–" if line.cost is None else f"{at_least}{write_cost(line.cost)}",
        )


def _draw_figure(figure: str) -> str:
    return f'<td class="ng-figure">{figure}</td>'


def _number(place: int) -> str:
    return ' class="ng-figure"' if place > 1 else ""


def _dot(color: int | None) -> str:
    return f'<i class="ng-dot ng-c{color}"></i>' if color is not None else ""
