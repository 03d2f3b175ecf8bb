"""The graph of a dataset in a folder, as `ng.views.dag("reviews/")` draws it: its columns, and what came of them."""

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import notebook_gen as ng


def _nodes(of: Any) -> dict[str, str]:
    """What stands in each node of a picture, below its name."""
    svg = ng.views.dag(of).svg
    found = re.findall('class="ng-node-name"[^>]*>(.*?)</text>(.*?)</g>', svg)
    return {name: re.sub("(<.*?>)+", " ", sub).strip() for name, sub in found}


def _notes(of: Any) -> list[str]:
    return re.findall('<p class="ng-note">(.*?)</p>', ng.views.dag(of).html)


def _builder(*, trace: bool = True) -> ng.DatasetBuilder:
    """Ten rows: one is dropped; of the others a cell is empty, and two are skipped."""
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=4, trace=trace))
    builder.seed_data(pd.DataFrame({"n": range(10)}))
    builder["half"] = ng.Expression("{{ n / 2 }}", skip_if="{{ n in (0, 4) }}")

    @builder.column(on_error="null")
    async def odd(n: int) -> int:
        if n == 1:
            raise ValueError("one")
        return n

    @builder.column
    async def checked(odd: int | None, n: int) -> int:
        if n == 7:
            raise ValueError("seven")
        return n

    return builder


def _without_times(nodes: dict[str, str]) -> dict[str, str]:
    return {name: re.sub(r" · [\d.]+ m?s\b", "", words) for name, words in nodes.items()}


def test_the_graph_of_a_folder_says_what_came_of_each_column(tmp_path: Path) -> None:
    _builder().create(10, tmp_path / "it", show=False).result(timeout=30)

    nodes = _nodes(tmp_path / "it")

    assert _without_times(nodes) == {
        "seed data": "seed data · 10 rows",
        "half": "7 of 10 – 2",
        "odd": "9 of 10 ×1",
        "checked": "9 of 10 ×1",
    }
    assert re.search(r"· [\d.]+ m?s\b", nodes["odd"])
    assert _notes(tmp_path / "it") == []


def test_a_dataset_is_drawn_as_its_folder_and_without_traces_too(tmp_path: Path) -> None:
    dataset = _builder(trace=False).create(10, tmp_path / "it", show=False).result(timeout=30)

    assert ng.views.dag(dataset).html == ng.views.dag(str(tmp_path / "it")).html
    assert _nodes(dataset)["checked"] == "9 of 10 ×1"
    assert "peripheries" not in ng.views.dag(dataset, direction="down").source


def test_of_a_cancelled_run_the_graph_says_how_far_it_came_and_what_nobody_knows(tmp_path: Path) -> None:
    waits = threading.Event()
    builder = ng.DatasetBuilder(settings=ng.RunSettings(row_group_size=2))
    builder["stars"] = ng.Integer(1, 5)

    @builder.column
    async def slow(stars: int) -> int:
        if waits.is_set():
            await asyncio.sleep(60)
        return stars

    builder.create(2, tmp_path / "it", show=False).result(timeout=30)
    waits.set()
    run = builder.create(6, tmp_path / "it", show=False)
    run.cancel()
    with pytest.raises(ng.RunCancelled):
        run.result(timeout=30)

    assert _without_times(_nodes(tmp_path / "it"))["slow"] == "2 of 6"
    assert _notes(tmp_path / "it") == [
        "Of rows that are not delivered, attempts alone tell: what was made without one is not seen."
    ]


def test_a_folder_that_does_not_tell_its_columns_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()

    with pytest.raises(ng.ConfigError, match=r"nothing in '.*' tells what its columns are; give the folder of a datas"):
        ng.views.dag(tmp_path)
    with pytest.raises(ng.ConfigError, match=r"there is no .*gone"):
        ng.views.dag(tmp_path / "gone")
