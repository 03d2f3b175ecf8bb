"""Every notebook of the project runs from top to bottom, and what it leaves behind needs no kernel."""

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
LONGEST_STORY = 15


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of notebooks/ and assets/, to run in."""
    for name in ("notebooks", "assets"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    return tmp_path


def _outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom_and_leaves_reports(path: Path, copy: Path) -> None:
    notebook = nbformat.read(copy / "notebooks" / path.name, as_version=4)  # type: ignore[no-untyped-call]  # its own
    folder = {"metadata": {"path": str(copy / "notebooks")}}

    NotebookClient(notebook, timeout=180, kernel_name="python3", resources=folder).execute()

    outputs = _outputs(notebook)
    data = [output.data for output in outputs if output.output_type in ("display_data", "execute_result")]
    reports = [bundle for bundle in data if "ng-report" in bundle.get("text/html", "")]
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output.text for output in outputs if output.output_type == "stream"] == []
    assert reports != []
    assert [bundle for bundle in data if "application/vnd.jupyter.widget-view+json" in bundle] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_tells_one_story_and_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # its own

    assert len(notebook.cells) <= LONGEST_STORY
    assert notebook.cells[0].cell_type == "markdown"
    assert _outputs(notebook) == []
    assert [cell.execution_count for cell in notebook.cells if cell.get("execution_count")] == []
