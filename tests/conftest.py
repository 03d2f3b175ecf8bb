"""What tests of several folders share: programs that are not Python's."""

import os
import shutil
import signal
from pathlib import Path

import playwright
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController


def pytest_configure() -> None:
    """Let the programs that tests start be interrupted, also where a shell has begun the tests in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class BrowserApart(LoadScopeScheduling):  # type: ignore[misc]  # the plugin has no types
    """Where several processes share the tests, half of them begin with the browser's; the others come to those last.

    A browser waits for pages and kernels most of its time, and leaves a core idle. Files are not divided.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node not in self.nodes[: (len(self.nodes) + 1) // 2]:
            others = (scope for scope in self.workqueue if not scope.startswith("tests/browser/"))
            self.workqueue.move_to_end(next(others, next(reversed(self.workqueue))), last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BrowserApart:
    """Give files to processes in the order they were found, the browser's first."""
    config.option.loadscopereorder = False
    return BrowserApart(config, log)


def _program(name: str, package: str) -> str:
    """Find a program; without it the test is skipped, except in CI, where it fails."""
    path = shutil.which(name)
    if path is not None:
        return path
    reason = f"{name!r} is not on PATH; install it (Debian: apt-get install {package})"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def dot() -> str:
    """The path of Graphviz' layout program."""
    return _program("dot", "graphviz")


@pytest.fixture(scope="session")
def node() -> str:
    """The path of a Node.js, to run the page's scripts without a page: the one that Playwright brings along."""
    return str(Path(playwright.__file__).parent / "driver" / ("node.exe" if os.name == "nt" else "node"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium browser."""
    return _program("chromium", "chromium")
