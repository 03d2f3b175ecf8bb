"""A column that no single type of a table holds is stored as text, and that is said where the rows are."""

import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import notebook_gen as ng
from notebook_gen.config.columns import LLMText
from notebook_gen.observers.progress import Progress
from notebook_gen.plan.graph import build_graph
from notebook_gen.storage.arrays import HALVES
from notebook_gen.views.summary import warning_lines

GROUP = ng.RunSettings(row_group_size=2)
SAID = "column 'made' is stored as text: no single type of a table holds its values"
ADVICE = "; give text, or values of one kind"


def _run(function: Callable[[int], Any], folder: Path | None) -> ng.Run:
    b = ng.DatasetBuilder(settings=GROUP)
    b.seed_data(pd.DataFrame({"n": range(4)}))
    b.column(name="made", inputs=["n"])(lambda row: function(row["n"]))
    return b.preview(4, show=False) if folder is None else b.create(4, folder, show=False)


@pytest.fixture(params=["preview", "create"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "rows" if request.param == "create" else None


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (lambda n: threading.Lock(), "lock"),
        (lambda n: [threading.Lock()], "lock"),
        (lambda n: {"guard": threading.Lock()}, "lock"),
        (lambda n: uuid.UUID(int=n), "UUID"),
        (lambda n: n if n % 2 else str(n), "int, str"),
        (lambda n: [n] if n % 2 else ["a"], "lists of unlike values, or too deep"),
        (lambda n: {"a": n} if n % 2 else {"b": n}, "dicts of unlike keys or values, or too deep"),
        (lambda n: 2**70, "int of more than 64 bits"),
    ],
    ids=["lock", "lock in a list", "lock in a dict", "uuid", "mixed", "mixed lists", "mixed dicts", "large"],
)  # fmt: skip
def test_what_is_stored_as_text_is_said_with_what_it_was(
    function: Callable[[int], Any], kinds: str, folder: Path | None
) -> None:
    dataset = _run(function, folder).result()

    assert dataset.warnings == (f"{SAID} ({kinds}){ADVICE}",)
    assert repr(dataset).endswith(", 1 warning>")
    assert f"holds its values ({kinds})" in dataset._repr_html_()


def test_halves_of_characters_that_no_file_holds_are_said(folder: Path | None) -> None:
    dataset = _run(lambda n: "a\ud800" if n == 2 else "\ud83d\ude00", folder).result()

    assert dataset.to_pandas()["made"].tolist() == ["😀", "😀", "a\ufffd", "😀"]
    assert dataset.warnings == (
        "column 'made' has halves of characters (lone surrogates), which no file holds: they are stored as �",
    )


def test_halves_of_characters_that_belong_together_are_not_worth_a_word(folder: Path | None) -> None:
    dataset = _run(lambda n: "\ud83d\ude00", folder).result()

    assert dataset.warnings == ()


def test_halves_of_characters_in_answers_of_models_are_not_worth_a_word() -> None:
    graph = build_graph({"text": LLMText("Write.")})

    assert warning_lines(Progress(graph, 1), {"text": HALVES}) == []


def test_row_groups_that_differ_in_their_types_are_said_as_well(folder: Path | None) -> None:
    dataset = _run(lambda n: n if n < 2 else str(n), folder).result()

    assert dataset.to_pandas()["made"].tolist() == ["0", "1", "2", "3"]
    assert dataset.warnings == (f"{SAID} ({'int, str' if folder is None else 'int64, string'}){ADVICE}",)


def test_a_run_that_somebody_waits_for_says_it_at_its_end(
    folder: Path | None, capsys: pytest.CaptureFixture[str]
) -> None:
    b = ng.DatasetBuilder()

    @b.column
    def made() -> Any:
        return threading.Lock()

    run = b.preview(2) if folder is None else b.create(2, folder)

    run.result()

    assert f"  {SAID} (lock){ADVICE}" in capsys.readouterr().err.splitlines()
    assert "is stored as text" in run._repr_html_()


@pytest.mark.parametrize("value", ["a", 1, None, 0.5, [1], {"a": 1}, b"a", pd.Timestamp(0), {1, 2}, (1, 2)], ids=repr)
def test_what_has_a_type_is_not_worth_a_word(value: Any, folder: Path | None) -> None:
    dataset = _run(lambda n: value, folder).result()

    assert dataset.warnings == ()
    assert "warning" not in repr(dataset)
