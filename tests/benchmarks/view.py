"""What it costs a run to be watched: the same calls with and without a live view, in JupyterLab in a real browser."""

import shutil
import tempfile
from pathlib import Path

from tests.benchmarks.figure import Figure
from tests.browser.lab_harness import LabServer, NotebookPage, OpenNotebook, launch_browser, window_of

_TIMES = 5
_ROWS, _LATENCY, _AT_ONCE = 640, 0.1, 16
_DECLARE = f"""
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b.models["default"] = ng.DemoModel(latency={_LATENCY}, spread=0, max_parallel={_AT_ONCE})
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{{{ stars }}}}-star review of a kettle.")
b["reply"] = ng.LLMText("Answer this review: {{{{ review }}}}")

def seconds(show):
    run = b.preview({_ROWS}, show=show)
    run.result()
    print(run.traces.to_pandas()["ended"].max())

seconds(False)
"""


def measure() -> list[Figure]:
    """Measure both, one after the other, several times; the best of each counts."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return [Figure("a run's wall time with its live view in a browser", "no chromium on the PATH", "", None, "")]
    cells = [_DECLARE, *(f"seconds({number % 2 == 1})" for number in range(2 * _TIMES))]
    with (
        tempfile.TemporaryDirectory() as folder,
        LabServer(Path(folder), copies=[]) as lab,
        launch_browser(chromium) as browser,
    ):
        (lab.root / "notebooks").mkdir()
        opener = OpenNotebook(lab, window_of(browser), Path(folder) / "pictures", "view")
        notebook = opener(lab.write_notebook("view", cells))
        seconds = [_run_cell(notebook, number) for number in range(len(cells))][1:]
        opener.close()
    unseen, seen = min(seconds[::2]), min(seconds[1::2])
    return [
        Figure(
            f"{2 * _ROWS} calls of {1000 * _LATENCY:.0f} ms, {_AT_ONCE} at once, with the live view in JupyterLab",
            f"{seen:.2f} s",
            f"{unseen:.2f} s: without a view",
            seen / unseen,
            "≤ 1.03",
        )
    ]


def _run_cell(notebook: NotebookPage, number: int) -> float:
    """Run a cell, and give what it printed."""
    notebook.run_cell(number)
    notebook.wait_until_executed(number)
    # below the view, if there is one; not a number if the cell has failed
    return float(notebook.outputs(number).last.inner_text())
