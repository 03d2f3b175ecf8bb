"""What a run does to the kernel it lives in: nothing, until somebody waits for it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebooks.kernel import Kernel, running_kernel

DECLARE = """
import time
import notebook_gen as ng

b = ng.DatasetBuilder(seed=3)
b.models["default"] = ng.DemoModel(latency={latency}, spread=0, max_parallel=2)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{{{ stars }}}}-star review of a kettle, number {{{{ stars * 7 }}}}.")

def wait_for_rows(run, count):
    while len(run.rows().dropna()) < count:
        assert not run.is_over, run.failures()
        time.sleep(0.02)

def say_when_waited_for(run):
    pump = run._pump

    def pump_and_say():
        print("waited for", flush=True)
        pump()

    run._pump = pump_and_say
"""

# at exit, pyzmq first breaks off large messages, then runs are looked after, and a second later the kernel closes
_BEFORE_THE_RUN = "import atexit; atexit.register(time.sleep, 1)"
_AFTER_IT = "from zmq.utils.garbage import gc; atexit.unregister(gc._atexit); atexit.register(gc._atexit)"


@pytest.fixture(scope="module")
def shared_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(shared_kernel: Kernel) -> Kernel:
    """A kernel with a builder `b` whose runs take a while."""
    shared_kernel.run(DECLARE.format(latency=0.2))
    return shared_kernel


def test_a_cell_that_starts_a_run_ends_while_the_run_goes_on(kernel: Kernel) -> None:
    started = kernel.run("run = b.preview(12); print(run.is_over)")
    later = kernel.run("print(run.state)")
    ended = kernel.run("run.result(); print(run.state)")

    assert started.text == "False\n"
    assert later.text in ("waiting\n", "running\n")
    assert ended.text.endswith("finished\n")


@pytest.mark.parametrize("cell", ["run = b.preview(4)", "b.preview(4)"], ids=["assigned", "not assigned"])
def test_a_run_shows_itself_once_under_its_cell(kernel: Kernel, cell: str) -> None:
    shown = kernel.run(cell)

    assert len(shown.displays) == 1
    assert shown.text == ""


def test_a_run_that_was_begun_unseen_or_compact_is_shown_wholly_when_that_is_asked_for(kernel: Kernel) -> None:
    unseen = kernel.run("run = b.preview(4, show=False); run.result()")
    shown = kernel.run("run")
    compact = kernel.run("compact = b.preview(4, show='compact'); compact.result()")
    whole = kernel.run("compact.live()")

    assert not unseen.displays
    assert len(shown.displays) == len(compact.displays) == 1
    assert "VBox" not in whole.text
    parts = "print([len(view.children) for view in (run.live(), compact._display._first.widget, compact.live())])"
    assert kernel.run(parts).text == "[8, 5, 8]\n"


@pytest.mark.parametrize("wait", ["run.result()", "await run"])
def test_an_interrupt_while_waiting_cancels_the_run_and_keeps_its_rows(kernel: Kernel, wait: str) -> None:
    kernel.run("run = b.preview(200); wait_for_rows(run, 3); say_when_waited_for(run)")
    waiting = kernel.start(wait)
    kernel.wait_for_print(waiting, "waited for")

    kernel.interrupt()

    interrupted = kernel.finish(waiting)
    assert interrupted.error in ("KeyboardInterrupt", "CancelledError")
    # the lines in which somebody pressed a button, ours or Python's, tell nothing
    told = rf"{interrupted.error}: the run was cancelled with \d+ of 200 rows finished; its rows\(\) gives them"
    assert re.fullmatch(told, interrupted.traceback)
    assert kernel.run("print(run.is_over, run.state)").text == "True cancelled\n"
    assert int(kernel.run("print(len(run.rows().dropna()))").text) >= 3


@pytest.mark.parametrize("wait", ["run.result()", "await run"])
def test_a_kernel_that_was_interrupted_runs_on(kernel: Kernel, wait: str) -> None:
    kernel.run("run = b.preview(200); wait_for_rows(run, 1); say_when_waited_for(run)")
    waiting = kernel.start(wait)
    kernel.wait_for_print(waiting, "waited for")
    kernel.interrupt()
    kernel.finish(waiting)

    again = kernel.run("print(len(await b.preview(4)))")

    assert again.text.splitlines()[-1:] == ["4"]


def test_two_runs_of_one_builder_do_not_meet(kernel: Kernel) -> None:
    kernel.run("first, second = b.preview(6), b.preview(3)")

    both = kernel.run("print(len(await first), len(await second))")

    assert both.text.splitlines()[-1:] == ["6 3"]


def test_a_dataset_shows_its_rows_where_the_run_does_not_show_them_already(kernel: Kernel) -> None:
    same_cell = kernel.run("run = b.preview(3); dataset = await run; print(dataset._repr_html_())")
    other_cell = kernel.run("print(dataset._repr_html_())")

    assert "<table" not in same_cell.text
    assert "to_pandas()" in same_cell.text
    assert "<table" in other_cell.text


def test_a_cancelled_run_says_so_to_whoever_waits(kernel: Kernel) -> None:
    kernel.run("run = b.preview(200); wait_for_rows(run, 1); run.cancel()")

    waited = kernel.finish(kernel.start("await run"))

    assert waited.error == "RunCancelled"


@pytest.mark.parametrize("apply", ["nest_asyncio2", "nest_asyncio"])
def test_a_nested_loop_applied_beforehand_changes_nothing(tmp_path: Path, apply: str) -> None:
    with running_kernel(tmp_path) as kernel:
        kernel.run(f"import {apply}; {apply}.apply()")
        kernel.run(DECLARE.format(latency=0.02))

        waited = kernel.run("run = b.preview(4)\nprint(len(await run), len(run.result()))")

        assert waited.text.splitlines()[-1:] == ["4 4"]


def test_a_kernel_that_is_shut_down_while_a_run_goes_on_says_nothing_but_whole_messages(tmp_path: Path) -> None:
    with running_kernel(tmp_path) as kernel:
        kernel.run(DECLARE.format(latency=0.02))
        kernel.run(_BEFORE_THE_RUN)
        kernel.run("run = b.preview(2_000)\nwait_for_rows(run, 300)")
        kernel.run(_AFTER_IT)

        kernel.shut_down()
