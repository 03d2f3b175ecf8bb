"""Ctrl+C in a script: what is waited for is said at once, and once more leaves it behind, without errors of ours."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

_BEGIN = """
import sys, threading
import notebook_gen as ng

waits, begun = threading.Event(), threading.Event()
b = ng.DatasetBuilder()
b["stars"] = ng.Integer(1, 5)

def stuck(run, number):
    waits.wait(30)
    print("begun", flush=True)
    begun.set()
    threading.Event().wait()

run = b.create(2, sys.argv[1], on_row_group=stuck, show=False)
"""
_WAITS = f"""{_BEGIN}
run._pump = waits.set  # what it does each time that it still waits
run.result()
"""
_AWAITS = f"""{_BEGIN}
async def main():
    run._pump = waits.set
    await run

import asyncio
asyncio.run(main())
"""
_ENDS = f"""{_BEGIN}
waits.set()
begun.wait(30)
"""

_BLOCKS = """
import sys, threading, time
import notebook_gen as ng

begun = threading.Event()
b = ng.DatasetBuilder()
b["stars"] = ng.Integer(1, 5)

def load():
    print("begun", flush=True)
    begun.set()
    time.sleep(60)

@b.column
async def page(stars):
    return load()

run = b.create(2, sys.argv[1], show=False)
"""
_HELD_UP = (
    "the event loop of all runs is held up by page() at load(), <string>:12; an async function must not block: await, "
    "or write def, which runs in a thread of its own"
)


@contextmanager
def script(source: str, folder: Path) -> "Iterator[subprocess.Popen[str]]":
    """A program that is stuck in the user's code."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", source, str(folder)], stdout=pipe, stderr=pipe, text=True) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "begun\n"
            yield program
        finally:
            program.kill()


def line_with(program: "subprocess.Popen[str]", text: str) -> str:
    """The next line of what a program says that has this in it."""
    assert program.stderr is not None
    return next(line for line in program.stderr if text in line).rstrip()


def test_an_interrupted_script_says_what_it_waits_for_and_leaves_that_behind_when_told_again(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    with script(_WAITS, folder) as program:
        program.send_signal(signal.SIGINT)
        said = line_with(program, "cancelled")
        program.send_signal(signal.SIGINT)
        _, rest = program.communicate(timeout=30)

    assert said == (
        f"notebook_gen: 2 rows to {folder}: cancelled, and waits for on_row_group (row group 0); "
        "Ctrl+C again leaves it behind"
    )
    assert "left behind, perhaps still at work: on_row_group (row group 0)" in rest
    assert rest.count("Traceback") == 1  # of the interrupt that the script was given
    assert len(pd.read_parquet(folder / "rows")) == 2


def test_an_interrupted_script_that_awaits_says_what_it_waits_for(tmp_path: Path) -> None:
    with script(_AWAITS, tmp_path / "d") as program:
        program.send_signal(signal.SIGINT)
        said = line_with(program, "cancelled")

    assert said.endswith("cancelled, and waits for on_row_group (row group 0)")


def test_a_script_that_is_interrupted_while_it_ends_leaves_behind_what_it_waits_for(tmp_path: Path) -> None:
    with script(_ENDS, tmp_path / "d") as program:
        said = line_with(program, "cancelled")
        program.send_signal(signal.SIGINT)
        _, rest = program.communicate(timeout=30)

    assert said == (
        f"notebook_gen: 2 rows to {tmp_path / 'd'}: the program ends, so it is cancelled, and waits for on_row_group "
        "(row group 0); Ctrl+C leaves it behind"
    )
    assert program.returncode == -signal.SIGINT
    assert rest == (
        f"notebook_gen: the program ended while a run went on (2 rows to {tmp_path / 'd'}): 2 rows are in "
        f"{tmp_path / 'd'}; wait with its result()\n"
    )


def test_an_interrupted_script_whose_async_function_blocks_says_so_and_leaves_at_once_when_told_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "d"
    with script(f"{_BLOCKS}run.result()", folder) as program:
        program.send_signal(signal.SIGINT)
        said = line_with(program, "cancelled")
        program.send_signal(signal.SIGINT)
        _, rest = program.communicate(timeout=4)  # less than is waited without another interrupt

    assert said == f"notebook_gen: 2 rows to {folder}: cancelled, but {_HELD_UP}; Ctrl+C again leaves it behind"
    assert f"KeyboardInterrupt\nthe run was cancelled, and has not ended yet: {_HELD_UP}\n" in rest
    assert rest.endswith(
        f"notebook_gen: 2 rows to {folder}: cancelled, and left behind, as {_HELD_UP.partition(';')[0]}; 0 rows are in "
        f"{folder}\n"
    )


def test_a_script_that_awaits_and_whose_async_function_blocks_leaves_at_once_when_interrupted_again(
    tmp_path: Path,
) -> None:
    awaits = f"{_BLOCKS}async def main():\n    await run\n\nimport asyncio\nasyncio.run(main())\n"
    with script(awaits, tmp_path / "d") as program:
        program.send_signal(signal.SIGINT)
        said = line_with(program, "cancelled")
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=4)

    assert said.endswith(f"cancelled, but {_HELD_UP}")


def test_a_script_that_ends_while_its_async_function_blocks_ends_as_an_interrupt_does(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    with script(f"{_BLOCKS}begun.wait(30)", folder) as program:
        said = line_with(program, "cancelled")
        program.send_signal(signal.SIGINT)
        _, rest = program.communicate(timeout=4)

    assert said == (
        f"notebook_gen: 2 rows to {folder}: the program ends, so it is cancelled, but {_HELD_UP}; "
        "Ctrl+C leaves it behind"
    )
    assert rest == (
        f"notebook_gen: the program ended while a run went on (2 rows to {folder}): 0 rows are in {folder}; left "
        f"behind, as {_HELD_UP.partition(';')[0]}\n"
    )
    assert program.returncode == -signal.SIGINT
