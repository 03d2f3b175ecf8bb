"""How fast rows without models are made: samplers and expressions, beside plain numpy and compiled templates."""

import time

import jinja2
import numpy as np

import notebook_gen as ng
from tests.benchmarks.figure import Figure

_ROWS = 100_000
_TONES = ("dry", "warm", "furious")
_WEIGHTS = (2.0, 2.0, 1.0)
_LABEL = "{{ tone | upper }}: {{ stars }} of 5 for {{ price }}"
_TOTAL = "{{ price * stars }}"


def measure() -> list[Figure]:
    """Rows a second of numpy and jinja2 alone ÷ rows a second of a preview."""
    builder = ng.DatasetBuilder(seed=1, settings=ng.RunSettings(row_group_size=10_000, max_open_rows=20_000))
    builder["stars"] = ng.Integer(1, 5)
    builder["price"] = ng.Float(5, 500, decimals=2)
    builder["tone"] = ng.Category(_TONES, weights=_WEIGHTS)
    builder["label"] = ng.Expression(_LABEL)
    builder["total"] = ng.Expression(_TOTAL)
    builder.preview(10, show=False).result()

    floor = _numpy_and_templates()
    began = time.perf_counter()
    dataset = builder.preview(_ROWS, show=False).result()
    seconds = time.perf_counter() - began

    if len(dataset) != _ROWS:
        raise RuntimeError(f"{len(dataset)} of {_ROWS} rows were made: {dataset.failures()}")
    return [
        Figure(
            what=f"{_ROWS:,} rows of 3 samplers and 2 expressions",
            measured=f"{_ROWS / seconds:,.0f} rows/s",
            floor=f"{_ROWS / floor:,.0f} rows/s: numpy + compiled jinja2",
            ratio=seconds / floor,
            budget="",
        )
    ]


def _numpy_and_templates() -> float:
    """Seconds for the same rows, made as a script of one's own would."""
    label = jinja2.Environment(autoescape=False).from_string(_LABEL)  # noqa: S701  # text, not HTML
    total = jinja2.Environment(autoescape=False).compile_expression(_TOTAL.strip("{} "))  # noqa: S701
    began = time.perf_counter()
    draw = np.random.default_rng(1)
    stars = draw.integers(1, 5, size=_ROWS, endpoint=True).tolist()
    price = draw.uniform(5, 500, size=_ROWS).round(2).tolist()
    shares = np.array(_WEIGHTS) / sum(_WEIGHTS)
    tone = draw.choice(_TONES, p=shares, size=_ROWS).tolist()
    rows = [dict(zip(("stars", "price", "tone"), row, strict=True)) for row in zip(stars, price, tone, strict=True)]
    for row in rows:
        row["label"] = label.render(row)
        row["total"] = total(row)
    return time.perf_counter() - began
