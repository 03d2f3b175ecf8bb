"""What tests of several folders share: programs that are not Python's."""

import os
import shutil

import pytest


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
def chromium() -> str:
    """The path of a Chromium browser."""
    return _program("chromium", "chromium")
