"""The `notebook-gen` command, as a shell sees it."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

import notebook_gen
from notebook_gen.cli import main

COMMAND = [sys.executable, "-c", "import sys; from notebook_gen.cli import main; sys.exit(main())"]
MODULE = [sys.executable, "-m", "notebook_gen"]
QUICK = ["--latency", "0.02"]


def _run(arguments: Sequence[str], folder: Path, command: Sequence[str] = COMMAND) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_demo_prints_its_rows_and_writes_a_dataset(tmp_path: Path) -> None:
    shown = _run(["demo", "--rows", "7", *QUICK], tmp_path)

    written = pd.read_parquet(tmp_path / "notebook_gen_demo" / "rows")
    assert shown.returncode == 0
    assert len(written) == 7
    assert all(product in shown.stdout for product in written["product"])
    assert 'pandas.read_parquet("notebook_gen_demo/rows")' in shown.stdout
    assert "jupyter lab" in shown.stdout
    assert "placeholder text" in shown.stderr


def test_the_package_itself_can_be_run_as_the_command(tmp_path: Path) -> None:
    shown = _run(["demo", "--rows", "3", *QUICK], tmp_path, MODULE)
    wrong = _run(["demo", "--rows", "0"], tmp_path, MODULE)

    assert shown.returncode == 0, shown.stderr
    assert len(pd.read_parquet(tmp_path / "notebook_gen_demo" / "rows")) == 3
    assert wrong.returncode == 2
    assert wrong.stderr.splitlines() == ["notebook-gen: no rows were asked for; ask for 1 or more"]


def test_in_a_pipe_the_demo_is_plain(tmp_path: Path) -> None:
    shown = _run(["demo", "--rows", "3", *QUICK], tmp_path)

    assert "\x1b" not in shown.stdout + shown.stderr


def test_in_a_terminal_the_demo_draws_while_it_runs(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        [*COMMAND, "demo", "--rows", "3", "--latency", "0.4"],
        cwd=tmp_path,
        env=environment,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)

    drawn = _read_all(ours)

    assert process.wait(timeout=60) == 0
    assert "preview of 3 rows: running" in drawn
    assert "━" in drawn
    assert re.search(r"\x1b\[\d+A", drawn), "nothing was drawn over"
    assert "3 rows are in notebook_gen_demo" in drawn


def test_the_demo_can_be_given_twice(tmp_path: Path) -> None:
    first = _run(["demo", "--rows", "4", *QUICK], tmp_path)
    second = _run(["demo", "--rows", "2", *QUICK], tmp_path)

    assert (first.returncode, second.returncode) == (0, 0)
    assert len(pd.read_parquet(tmp_path / "notebook_gen_demo" / "rows")) == 2


def test_the_demo_leaves_a_folder_alone_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "notebook_gen_demo").mkdir()
    (tmp_path / "notebook_gen_demo" / "thesis.txt").write_text("three years")

    shown = _run(["demo", "--rows", "2", *QUICK], tmp_path)

    assert shown.returncode == 2
    assert re.match("notebook-gen: .*notebook_gen_demo holds something", shown.stderr.splitlines()[-1])
    assert [path.name for path in (tmp_path / "notebook_gen_demo").iterdir()] == ["thesis.txt"]


def test_a_dataset_in_a_folder_of_ones_own_is_replaced_only_on_demand(tmp_path: Path) -> None:
    _run(["demo", "--rows", "3", "--folder", "mine", *QUICK], tmp_path)
    fewer = ["demo", "--rows", "2", "--folder", "mine", *QUICK]

    again = _run(fewer, tmp_path)
    on_demand = _run([*fewer, "--overwrite"], tmp_path)

    assert (again.returncode, on_demand.returncode) == (2, 0)
    assert re.match("notebook-gen: .*mine holds a dataset of 3 rows", again.stderr.splitlines()[-1])


def test_ctrl_c_ends_the_demo_and_shows_the_rows_so_far(tmp_path: Path) -> None:
    # a line is written every 5 seconds; the last row is made after 7.5: 200 calls of 0.3 s, 8 at once
    process = subprocess.Popen(
        [*COMMAND, "demo", "--rows", "100", "--latency", "0.3"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = [process.stderr.readline()]
    while not re.match(r"[1-9]\d* of 100 rows", said[-1]):
        assert said[-1], "".join(said)
        said.append(process.stderr.readline())

    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert errors.splitlines()[-1] == "notebook-gen: interrupted; rows that were finished are kept"
    assert "Traceback" not in errors
    assert "review" in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--rows", "0"], "notebook-gen: no rows were asked for; ask for 1 or more"),
        (["--rows", "-3"], "notebook-gen: -3 rows were asked for; ask for 1 or more"),
        (["--latency", "-1"], "notebook-gen: DemoModel: latency: give 0 or more, not -1.0"),
    ],
    ids=["no rows", "fewer than none", "no latency"],
)
def test_what_cannot_be_is_one_clear_line(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["demo", *arguments])

    assert status == 2
    assert capsys.readouterr().err.splitlines() == [sentence]


def test_it_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"notebook-gen {notebook_gen.__version__}\n"


def test_a_command_that_does_not_exist_is_said_to_be_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dmeo"])

    assert ended.value.code == 2
    assert "dmeo" in capsys.readouterr().err


def _read_all(terminal: int) -> str:
    """Read what is written to a terminal until nobody holds its other end."""
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end was closed
            break
        if not part:
            break
        parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()
