"""A real JupyterLab in a real browser: starts the server, opens notebooks, runs cells, looks at the page.

Pages are driven by JupyterLab's own commands, not by clicks on its toolbar, and looked at through the DOM.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 150.0
"""Seconds to wait for something that takes a few on a quiet machine: others may hold one up for a minute."""
LEFT_SOON = "run._display._first.presence.patience = run._display._first.presence.patience._replace(left=1)"
"""In a cell below a run: who has left its view alone for a second is not there any more."""

# what JupyterLab and Notebook 7 say on their own, with no notebook of ours open; the list of kernels, which is asked
# for now and then, its server sometimes cannot make while one of them ends; a page that comes while the kernel closes
# a view's widgets hears of each that it has not known
_NOISE = re.compile(
    r"favicon|/lab/api/(workspaces|settings|translations)|sourcemap|ResizeObserver|"
    r"jupyter-server-ydoc|Document session|GL Driver Message|status of 500 .*/api/kernels\?\d+\)$|"
    r"^Comm not found for comm id |"
    r"^uncaught: Cannot read properties of undefined \(reading 'schema'\)$"
)
_BROKEN_OFF = re.compile(r"^uncaught: Kernel message validation error")

_SETTINGS = {
    # every cell is in the page, also those out of sight
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none", "recordTiming": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}
_DISABLED = {
    "@jupyterlab/apputils-extension:announcements": True,
    "@jupyterlab/extensionmanager-extension": True,
    "@jupyterlab/launcher-extension": True,  # it comes to a page whose notebook was closed, whenever it likes
}
_WINDOW_SIZE: Final = ViewportSize(width=1280, height=1400)
# the notebook is gone, and the page as it was before it
_CLEAR = """async () => {
    const { shell, commands } = window.jupyterapp;
    const notebook = shell.currentWidget;
    notebook.context.model.dirty = false; // or a dialog asks
    notebook.dispose();
    const theme = "JupyterLab Light";
    if (document.body.dataset.jpThemeName !== theme) await commands.execute("apputils:change-theme", { theme });
}"""


@contextmanager
def launch_browser(chromium: str) -> Iterator[Browser]:
    """Run a headless Chromium with one window for notebooks, as somebody has it who works with them every day.

    That window's profile is on disk: of JupyterLab's files, the browser keeps what it has compiled, too, and each page
    after the first costs a quarter less.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, sync_playwright() as playwright:
        window = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium,
            headless=True,
            args=list(CHROMIUM_FLAGS),
            viewport=_WINDOW_SIZE,
        )
        assert window.browser is not None
        try:
            yield window.browser
        finally:
            window.close()


def window_of(browser: Browser) -> BrowserContext:
    """Give the window for notebooks."""
    return browser.contexts[0]


@contextmanager
def open_file(browser: Browser, path: Path) -> Iterator[tuple[Page, list[str]]]:
    """Open an HTML file, as somebody does who was sent it; gives the page and the errors in its console so far."""
    page = browser.new_page(viewport=_WINDOW_SIZE, offline=True)
    page.set_default_timeout(PATIENCE * 1000)
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: console.append(f"uncaught: {error}"))
    page.add_init_script("window.__pwn = 0;")
    try:
        page.goto(path.as_uri())
        yield page, console
    finally:
        page.close()


def describe(page: Page) -> str:
    """Say what a page shows, and whether its kernel is at work: for who reads of a test that failed."""
    try:
        text = page.locator("body").inner_text(timeout=5000)
        visibility = page.evaluate("document.visibilityState")
        kernel = page.locator(".jp-Notebook-ExecutionIndicator")
        status = kernel.first.get_attribute("data-status", timeout=1000) if kernel.count() else "none"
    except PlaywrightError as error:
        return f"{page.url}: {error}"
    return f"{page.url}, {visibility}, kernel: {status}\n{text}"


def double_click(timeline: Locator) -> None:
    """Double-click a timeline's plot: half a second after its last press, or plotly counts that one with these."""
    plot = timeline.locator(".ng-plot")
    last_press_is_over = "plot => !(Date.now() - plot._mouseDownTime <= plot._context.doubleClickDelay)"
    timeline.page.wait_for_function(last_press_is_over, arg=plot.element_handle())
    plot.locator(".nsewdrag").dblclick(force=True)


class LabServer:
    """A JupyterLab server with a home, settings and files of its own.

    Args:
        folder: an empty folder for all of that.
        copies: folders to copy into the server's root.

    Attributes:
        root: the folder that the server shows.
        url: where it is, without a slash at the end.
        token: what it wants to be given.
        shows_several: whether a page of it opens one notebook after the other.
    """

    module = "jupyterlab"
    application = "LabApp"
    shows_several = True

    def __init__(self, folder: Path, copies: Sequence[Path]) -> None:
        self.root = folder / "root"
        self.token = uuid.uuid4().hex
        self.url = ""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.root.mkdir(parents=True)
        for copied in copies:
            shutil.copytree(copied, self.root / copied.name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))

    def __enter__(self) -> Self:
        self._write_settings()
        options = [
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}",
            f"--{self.application}.expose_app_in_browser=True",
        ]
        with (self._folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, *options],
                env=self._environment(),
                cwd=self.root,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self.url = self._wait_until_it_answers()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._stop()

    def page_of(self, path: str) -> str:
        """Give the address of a notebook, in a workspace of its own."""
        return f"{self.url}/lab/workspaces/{uuid.uuid4().hex}/tree/{path}?token={self.token}"

    def write_notebook(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook of code cells beside the others and give its path below the root."""
        notebook = {
            "cells": [_code_cell(f"cell-{index}", source) for index, source in enumerate(cells)],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = self.root / "notebooks" / f"{name}.ipynb"
        path.write_text(json.dumps(notebook))
        return str(path.relative_to(self.root))

    def _environment(self) -> dict[str, str]:
        private = {
            "HOME": "home",
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        for folder in private.values():
            (self._folder / folder).mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
        return kept | {name: str(self._folder / folder) for name, folder in private.items()}

    def _write_settings(self) -> None:
        for name, values in _SETTINGS.items():
            path = self._folder / "settings" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        page_config = self._folder / "config" / "labconfig" / "page_config.json"
        page_config.parent.mkdir(parents=True)
        page_config.write_text(json.dumps({"disabledExtensions": _DISABLED}))

    def _wait_until_it_answers(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            for facts in (self._folder / "runtime").glob("jpserver-*.json"):
                with suppress(URLError, ConnectionError, json.JSONDecodeError):
                    url = str(json.loads(facts.read_text())["url"]).rstrip("/")
                    with urlopen(f"{url}/api?token={self.token}", timeout=5):  # noqa: S310  # our own server
                        return url
            time.sleep(0.1)
        log = (self._folder / "server.log").read_text(errors="replace")
        raise RuntimeError(f"JupyterLab did not start; its log:\n{log[-4000:]}")

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class NotebookServer(LabServer):
    """A Notebook 7 server, whose pages show one notebook each."""

    module = "notebook"
    application = "JupyterNotebookApp"
    shows_several = False

    def page_of(self, path: str) -> str:
        """Give the address of a notebook."""
        return f"{self.url}/notebooks/{path}?token={self.token}"


def _code_cell(identifier: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": identifier,
        "metadata": {},
        "outputs": [],
        "source": source,
    }


class NotebookPage:
    """One notebook in one page of the browser.

    Attributes:
        page: the page itself.
        path: the notebook's path below the server's root.
        console: the errors that the page has reported.
        dialogs: what the page has asked or told in dialogs of the browser's own, but for whether to leave it.
        fetched: what the page has asked others than its server for.
        has_settled: whether its kernel has been idle once. JupyterLab throws where a notebook is gone before.
    """

    def __init__(self, page: Page, path: str, pictures: Path | None, label: str) -> None:
        self.page = page
        self.path = path
        self.console: list[str] = []
        self.dialogs: list[str] = []
        self.fetched: list[str] = []
        self.has_settled = False
        self._pictures = pictures
        self._label = label
        self._kernel_ended = False
        page.on("console", self._hear)
        page.on("dialog", self._dismiss)
        page.on("request", self._watch)
        page.on("pageerror", self._hear_uncaught)
        page.add_init_script("window.__pwn = 0;")

    # Running

    def load(self, url: str) -> None:
        """Go to where the notebook is and wait until it is there; its kernel may still be starting."""
        self.page.goto(url)
        self.page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length > 0")
        self.page.evaluate("window.jupyterapp.restored")

    def show(self) -> None:
        """Open the notebook in a JupyterLab that is there and shows none, and wait until it is there."""
        self.page.evaluate("path => void window.jupyterapp.commands.execute('docmanager:open', { path })", self.path)
        self.page.wait_for_function("window.jupyterapp.shell.currentWidget?.content?.widgets?.length > 0")

    def close(self) -> Page:
        """Close the notebook, not the page, and give that as it was."""
        self.look_away()
        self.page.evaluate(_CLEAR)
        self.page.remove_listener("console", self._hear)
        self.page.remove_listener("dialog", self._dismiss)
        self.page.remove_listener("request", self._watch)
        self.page.remove_listener("pageerror", self._hear_uncaught)
        return self.page

    def reload(self) -> None:
        """Load the page again, as it was last saved; its kernel goes on."""
        self.load(self.page.url)
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
        )
        self.has_settled = True

    def run_all(self) -> None:
        """Start running all cells; does not wait for them."""
        self._command("notebook:run-all-cells")

    def run_cell(self, index: int) -> None:
        """Start running one cell, from 0; does not wait for it."""
        self.page.evaluate(f"window.jupyterapp.shell.currentWidget.content.activeCellIndex = {index}")
        self._command("notebook:run-cell")

    def interrupt(self) -> None:
        """Interrupt the kernel, as the toolbar's stop button does."""
        self._command("notebook:interrupt-kernel")

    def restart_kernel(self) -> None:
        """Restart the kernel, as the menu does once somebody has said that it is meant."""
        self._kernel_ended = True
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")

    def kill_kernel(self) -> None:
        """Kill the kernel's process; JupyterLab starts another."""
        self._kernel_ended = True
        self.page.evaluate(
            "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
            ".requestExecute({ code: 'import os; os.kill(os.getpid(), 9)' }) && 0"
        )

    def look_away(self) -> None:
        """Take the pointer and the focus away from whatever has them."""
        self.page.mouse.move(2, 2)
        self.page.evaluate("document.activeElement.blur()")

    @property
    def errors(self) -> list[str]:
        """What the page's console said that is neither JupyterLab's own nor of a kernel that broke a message off."""
        errors = [line for line in self.console if not _NOISE.search(line)]
        return [line for line in errors if not (self._kernel_ended and _BROKEN_OFF.search(line))]

    def leave(self) -> None:
        """Close the page, as somebody does who closes the browser's tab; the kernel goes on."""
        self.page.close()

    def save(self) -> None:
        """Save the notebook and wait until that is done."""
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")

    def shut_down_kernel(self) -> None:
        """End the kernel and wait until it is gone."""
        self._kernel_ended = True
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def use_theme(self, name: str) -> None:
        """Change JupyterLab's theme, for instance to "JupyterLab Dark"."""
        self.page.evaluate(f"window.jupyterapp.commands.execute('apputils:change-theme', {{theme: '{name}'}})")

    def evaluate(self, script: str) -> Any:
        """Evaluate JavaScript in the page."""
        return self.page.evaluate(script)

    # Looking

    def cell(self, index: int) -> Locator:
        """One cell, from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def outputs(self, index: int) -> Locator:
        """What is under one cell."""
        return self.cell(index).locator(".jp-OutputArea-output")

    def wait_for(self, selector: str, within: Locator | None = None) -> Locator:
        """Wait until something is in the page, seen or not, and give the first of it."""
        found = (within or self.page).locator(selector).first
        found.wait_for(state="attached")
        return found

    def wait_until_executed(self, index: int) -> None:
        """Wait until a cell has got its execution number: it has run, whatever goes on in the background."""
        self.page.wait_for_function(
            "index => /\\[\\d+\\]/.test(document.querySelectorAll('.jp-Notebook .jp-Cell')[index]"
            ".querySelector('.jp-InputPrompt').textContent)",
            arg=index,
        )

    def count(self, selector: str, within: Locator | None = None) -> int:
        """How many of something are in the page."""
        return (within or self.page).locator(selector).count()

    def height_of_outputs(self, index: int) -> float:
        """How high everything under one cell is, in pixels."""
        return float(self.cell(index).locator(".jp-OutputArea").evaluate("area => area.getBoundingClientRect().height"))

    def picture(self, name: str, of: Locator | None = None) -> None:
        """Bring a part of the page into sight, and if pictures are wanted take one of it, or of the page."""
        if of is not None:
            of.scroll_into_view_if_needed()
        if self._pictures is not None:
            self._pictures.mkdir(parents=True, exist_ok=True)
            (of or self.page).screenshot(path=self._pictures / f"{self._label}-{name}.png")

    @property
    def injected(self) -> int:
        """How often hostile text was executed."""
        return int(self.page.evaluate("window.__pwn"))

    def _command(self, name: str) -> None:
        # the promise ends with the cells' execution, so nobody waits for it here
        self.page.evaluate(f"void window.jupyterapp.commands.execute('{name}')")

    def _dismiss(self, dialog: Dialog) -> None:
        if (
            dialog.type == "beforeunload"
        ):  # whether to leave a page with something unsaved: a test that leaves it means to
            dialog.accept()
            return
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _watch(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.fetched.append(request.url)

    def _hear_uncaught(self, error: PlaywrightError) -> None:
        self.console.append(f"uncaught: {error}")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location.get("url", "") if message.location else ""
            self.console.append(f"{message.text} ({where})")


class OpenNotebook:
    """Opens notebooks of a server, each in a page of its own.

    Args:
        window: where the pages are opened.
        pictures: folder for screenshots; none are taken without one: each costs a second.
        label: what their names begin with.
        spare: a page of the server that shows nothing, or none. What `run_cells` opens takes it, and a page is left
            there in the end, as by somebody who closes a notebook and opens the next: JupyterLab begins for seconds.
    """

    def __init__(
        self, lab: LabServer, window: BrowserContext, pictures: Path | None, label: str, spare: list[Page] | None = None
    ) -> None:
        self.lab = lab
        self._window = window
        self._pictures = pictures
        self._label = re.sub(r"\W+", "_", label)
        self._spare = spare if spare is not None and lab.shows_several else None
        self._open: list[NotebookPage] = []

    def __call__(self, path: str) -> NotebookPage:
        """Open a notebook in a fresh page and workspace, by its path below the server's root, with its kernel idle."""
        notebook = self.look_at(path)
        notebook.wait_until_idle()
        return notebook

    def look_at(self, path: str) -> NotebookPage:
        """Open a notebook in a fresh page and workspace without waiting for its kernel."""
        page = self._window.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        notebook = self._notebook_in(page, path)
        notebook.load(self.lab.page_of(path))
        return notebook

    def run_cells(self, name: str, cells: Sequence[str]) -> NotebookPage:
        """Write a notebook of some cells, open it and start running all of them."""
        path = self.lab.write_notebook(f"{name}-{uuid.uuid4().hex[:6]}", cells)
        if self._spare:
            notebook = self._notebook_in(self._spare.pop(), path)
            notebook.show()
            notebook.wait_until_idle()
        else:
            notebook = self(path)
        notebook.run_all()
        return notebook

    def close(self, *, is_well: bool = True) -> None:
        """Close all, and fail if one of the pages' consoles has an error in it that is not JupyterLab's own.

        Args:
            is_well: whether the pages are as they should be; else none is used again.
        """
        errors = [line for notebook in self._open for line in notebook.errors]
        for notebook in self._open:
            if not notebook.page.is_closed():
                self._close(notebook, is_well=is_well and not errors)
        if errors:
            raise AssertionError("the browser's console has errors:\n" + "\n".join(errors))

    def _close(self, notebook: NotebookPage, *, is_well: bool) -> None:
        # JupyterLab's side bar is not as it was in a window that has changed its size
        is_as_it_was = is_well and notebook.has_settled and notebook.page.viewport_size == _WINDOW_SIZE
        with suppress(Exception):
            notebook.shut_down_kernel()
            if is_as_it_was and self._spare == []:
                self._spare.append(notebook.close())
                return
        notebook.page.close()

    def _notebook_in(self, page: Page, path: str) -> NotebookPage:
        notebook = NotebookPage(page, path, self._pictures, self._label)
        self._open.append(notebook)
        return notebook
