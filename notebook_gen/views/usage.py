"""What each column has used of its model, as a table: while a run goes on, in its report, in a saved page. Bounded."""

from collections.abc import Iterator, Sequence
from typing import Final

from notebook_gen.observers.usage import Usage, spending, usage
from notebook_gen.views.palette import column_colors
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import say_unpriced, write_cost
from notebook_gen.views.text import escape, one_line, write_alike, write_count, write_plural

MOST_LINES: Final = 60
"""Columns in the table, at most; the last line counts the others, too."""

_EMPTY: Final = (
    '<p class="ng-empty">No model is used. The calls, tokens, seconds and cost of each column that a model makes '
    "stand here.</p>"
)
_GIVE_ONE: Final = "ng.Model(…, price=(…, …)) gives a model its price"
# of a table of 860 pixels: in a narrower one, columns are squeezed alike
_HEADS: Final = (
    ("column", "19%", "the column that the model makes"),
    ("model", "18%", "the model's alias in this run; beside it, what its endpoint calls it"),
    ("calls", "9%", "calls that have ended, also those that failed"),
    ("mean", "9%", "how long a call takes on average"),
    ("in flight", "10%", "the time in flight of all calls, added up"),
    ("tokens in", "12%", "tokens of the prompts, as the endpoint counted them"),
    ("tokens out", "13%", "tokens of the answers"),
    ("cost", "10%", f"in US dollars; {_GIVE_ONE}"),
)


def usage_html(source: RunSource) -> str:
    """Draw what each column has used of its model so far, the longest in flight first, and all of them together."""
    lines = sorted(usage(source.progress, source.models), key=lambda line: -line.seconds)
    if not lines:
        return _EMPTY
    colors = column_colors(source.graph)
    widths = "".join(f'<col style="width:{width}">' for _, width, _ in _HEADS)
    head = "".join(f'<th{_number(place)} title="{title}">{name}</th>' for place, (name, _, title) in enumerate(_HEADS))
    shown = lines[:MOST_LINES]
    starts = [
        _start(f"{_dot(colors.get(line.column))}{escape(one_line(line.column, 80))}", *_model(line)) for line in shown
    ]
    if len(lines) > 1:
        models = write_plural(len({line.alias for line in lines}), "model")
        starts.append(_start(f"<b>all {len(lines)} columns</b>", models, models))
        shown = [*shown, _total(lines)]
    unpriced = spending(source.progress, source.models).unpriced
    body = "".join(
        f"<tr>{start}{figures}</tr>"
        for start, figures in zip(starts, _figures(shown, is_partial=bool(unpriced)), strict=True)
    )
    partial = f'<p class="ng-note">≥: {escape(say_unpriced(unpriced))}; {_GIVE_ONE}.</p>' if unpriced else ""
    return (
        f'<div class="ng-scroll"><table class="ng-table ng-usage"><colgroup>{widths}</colgroup>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{partial}"
    )


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


def _figures(lines: Sequence[Usage], *, is_partial: bool) -> Iterator[str]:
    """Draw the figures of each line; those of a column of figures are written alike.

    Args:
        lines: of columns; the last, if it is of none, of all together.
        is_partial: whether the cost of all together leaves some models out.
    """
    means = write_alike([line.seconds / max(1, line.requests) for line in lines])
    in_flight = write_alike([line.seconds for line in lines])
    for line, mean, seconds in zip(lines, means, in_flight, strict=True):
        at_least = "≥ " if is_partial and not line.column else ""
        figures = (
            write_count(line.requests),
            mean if line.requests else "–",
            seconds,
            f"{line.tokens_in:,}",
            f"{line.tokens_out:,}",
            "–" if line.cost is None else f"{at_least}{write_cost(line.cost)}",
        )
        yield "".join(f'<td class="ng-figure">{figure}</td>' for figure in figures)


def _number(place: int) -> str:
    return ' class="ng-figure"' if place > 1 else ""


def _dot(color: int | None) -> str:
    return f'<i class="ng-dot ng-c{color}"></i>' if color is not None else ""
