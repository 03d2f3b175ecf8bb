"""Run: the handle of a live run.

A run lives on the background loop. Its handle may be used from any thread, and forgotten: the run goes on.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_gen.at_exit import unfinished
from notebook_gen.config.arguments import Show
from notebook_gen.dataset import Dataset
from notebook_gen.engine.inside import is_inside
from notebook_gen.engine.job import Job
from notebook_gen.engine.loop import background_loop
from notebook_gen.engine.scheduler import AsyncTaskScheduler
from notebook_gen.engine.threads import in_thread
from notebook_gen.errors import ConfigError, NotebookGenError, RunError, WriteError
from notebook_gen.events import EventBus, RunFinished
from notebook_gen.last_wait import HEARTBEAT, LastWait, show_in_short
from notebook_gen.observers.frame import frame_of
from notebook_gen.observers.rows import Part
from notebook_gen.observers.trace import Trace
from notebook_gen.observers.usage import usage_table
from notebook_gen.record import Record, row_number
from notebook_gen.run_source import RunPlan, RunSource
from notebook_gen.views.display import RunDisplay
from notebook_gen.views.summary import full_counts

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from notebook_gen.views.lanes import LaneKind
    from notebook_gen.views.row_choice import RowChoice


_log = logging.getLogger("notebook_gen")


class Run:
    """The handle of a run: look at it, wait for it, or cancel it, at any time and from any cell.

    `await run` and `run.result()` both wait and give the Dataset; both cancel the run when they are interrupted.
    Made by `DatasetBuilder.preview` and `.create`.

    Attributes:
        title: what it is, in a few words.
        destination: the folder of a create; None for a preview.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.title = plan.title
        self.destination = plan.destination
        self._plan = plan
        self._loop = background_loop()
        self._over = threading.Event()
        self._is_paused = False
        self._source = RunSource(plan, self, self.cancel, self._pause_or_resume)
        self._display = RunDisplay(self._source)
        self._last_wait = LastWait(self._source, self._loop, self._over, self._give_up, lambda: self._display.is_live)
        self._bus = EventBus()
        self._source.subscribe_to(self._bus)

    def start(self, open_job: Callable[[], AbstractAsyncContextManager[Job]], *, show: Show) -> None:
        """Begin on the background loop; the builder calls it, once.

        Args:
            open_job: connects what the run needs, and disconnects it when the run has ended.
            show: put the live view under the cell; outside notebooks, show progress while somebody waits.
        """
        unfinished.add(self)
        self._loop.start(self._main(open_job))
        self._display.begin(show)

    # Waiting and stopping

    @property
    def state(self) -> str:
        """What it does ("waiting", "running", "paused"), or how it ended ("finished", "failed", …); see `result`."""
        return self._source.progress.state

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however."""
        return self._over.is_set()

    def result(self, timeout: float | None = None) -> "Dataset":
        """Wait for the end and give the rows.

        Args:
            timeout: seconds to wait at most, after which the run goes on; None: as long as it takes.

        Raises:
            TimeoutError: it has not ended in time.
            RunCancelled: it was cancelled.
            RunError: it failed; says why and what to do. What was made stays in `rows()`. Also where a column, a
                processor or the callback of this very run asks, which would wait for itself.
            KeyboardInterrupt: the wait was interrupted; the run is cancelled, finished rows are kept.
        """
        self._check_outside()
        if self._loop.is_current:
            raise RunError(
                "result() would wait for itself: this is a column's own code", advice="await the run instead"
            )
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while not self._over.wait(HEARTBEAT):
                self._pump()
                if deadline is not None and time.monotonic() > deadline:
                    raise TimeoutError(f"the run has not ended within {timeout} s; it goes on")
        except KeyboardInterrupt as interrupt:
            self.cancel()
            self._last_wait.after_interrupt(self._pump)
            self._display.close()
            if self.state != "finished":
                interrupt.add_note(str(self._source.progress.error or self._last_wait.say_unended()))
            show_in_short(interrupt)
            raise
        return self._outcome()

    def __await__(self) -> Generator[Any, None, "Dataset"]:
        return self._wait().__await__()

    async def _wait(self) -> "Dataset":
        self._check_outside()
        try:
            while not self._over.is_set():
                self._pump()
                # a heart-beat: an interrupted kernel cancels this coroutine, which would sleep through it otherwise
                await asyncio.sleep(HEARTBEAT)
        except asyncio.CancelledError:
            self.cancel()
            await self._last_wait.after_cancellation()
            self._display.close()
            # still a cancellation for whoever asked for it, and one that tells its reader what became of the run
            told = asyncio.CancelledError(str(self._source.progress.error or "the run had ended"))
            raise show_in_short(told) from None
        except BaseException:
            self.cancel()
            raise
        return self._outcome()

    def _check_outside(self) -> None:
        if is_inside(self._bus) and not self.is_over:
            raise RunError(
                "the run waits for this code to return, which would wait for the run",
                advice="look at its rows(), or wait elsewhere",
            )

    def cancel(self) -> None:
        """Stop: no new call is made, calls in flight are ended, finished rows stay. Harmless if it has ended.

        A callback or a processor that is at work is waited for. Called again ten seconds later (`RunSettings.grace`) or
        more, `cancel` leaves it behind: the run ends, what is written stays, and the rows that it held are not written.
        """
        self._source.is_cancelled = True
        self._loop.post(lambda: self._tell(AsyncTaskScheduler.cancel))

    def pause(self) -> None:
        """Begin no more calls until `resume`; those in flight go on. Harmless if it is paused or has ended."""
        self._loop.post(lambda: self._pause(AsyncTaskScheduler.pause))

    def resume(self) -> None:
        """Go on after `pause`; harmless if it is not paused."""
        self._loop.post(lambda: self._pause(AsyncTaskScheduler.resume))

    # Looking

    def rows(self) -> "pd.DataFrame":
        """Give the rows as they stand: finished and half-made ones, missing cells NA, dropped rows left out.

        The index holds the rows' numbers in the run. What a processor takes away from a row group is NA there, and no
        column any more when that is so of all of them.
        """
        return frame_of(self._source.columns, self._parts())

    def row_group(self, number: int) -> "pd.DataFrame":
        """Give one row group, from 0, as `rows` does; without rows, if all were dropped.

        Raises:
            IndexError: the run has no such row group, or has not begun it.
        """
        live = self._loop.call(self._source.live_rows.live_parts)
        part = next((part for part in live if part.number == number), None)
        if part is None:
            part = self._source.live_rows.written_part(number)
        if part is not None:
            return frame_of(self._source.columns, [part])
        if self._source.live_rows.has_left(number):
            return frame_of(self._source.columns, [])
        raise IndexError(f"row group {number} was not begun, or does not exist")

    def record(self, row: int) -> Record:
        """Give one row with everything known of it: values, states, prompts, raw answers, attempts; at any time.

        `run.record(17)["review"].exchange.messages` are the messages that were sent for a cell. Of rows long past, what
        was said to models may be forgotten.

        `print(run.record(17))` writes it as text, the longest ones cut.

        Raises:
            ConfigError: that is no row's number.
            NoSuchRow: the run has no such row, or has not begun it; also an IndexError.
        """
        return Record.of(self._source.record(row_number(row)))

    def failures(self) -> "pd.DataFrame":
        """Give every dropped row with its reason, sorted by row: row, column, attempt, kind, error, advice, dropped.

        Cells that stay empty as their column says `on_error="null"` are there, too, unless their rows were dropped
        later. So is what failed for good in earlier runs in the same folder.
        """
        from notebook_gen.views.failures_frame import FailuresFrame
        from notebook_gen.views.no_failures import NoFailures
        from notebook_gen.views.retries import retry_lines

        table = self._source.failures.to_pandas()
        return FailuresFrame(table) if len(table) else NoFailures.of(table, " ".join(retry_lines(self._source)))

    def usage(self) -> "pd.DataFrame":
        """Give what each column has used of its model so far, and nothing of what earlier runs in its folder have used.

        Columns: column, alias and model, requests, tokens_in, tokens_out, truncated (answers cut off), seconds (in
        flight, added up) and cost, NaN without a price: `ng.Model(…, price=(0.15, 0.6))`, in and out, a million tokens.
        """
        return usage_table(self._source.progress, self._plan.models)

    @property
    def traces(self) -> "Trace":
        """One line per attempt, also of those in flight; see `Trace.to_pandas`.

        Raises:
            RunError: the run is not traced.
        """
        if self._source.trace is None:
            raise RunError("the run is not traced", advice="use RunSettings(trace=True), the default")
        return self._source.trace

    def gantt(self, lanes: "LaneKind" = "slots", *, rows: "RowChoice | None" = None) -> "go.Figure":
        """Give the Gantt chart of all attempts so far, as a plotly figure of its own.

        Args:
            lanes: "slots": who was busy with what; "rows": how each row came about; "columns": how many tasks of each
                column were in flight.
            rows: with lanes="rows", which: 40 is row 40 and those behind it; a range; a slice. None: those in which
                something began last, as many as fit in.

        Raises:
            ConfigError: there are no such lanes or rows.
            RunError: the run is not traced.
        """
        from notebook_gen.views.pictures import gantt

        return gantt(self.traces, lanes=lanes, rows=rows)

    def save_html(self, path: str | Path) -> Path:
        """Write the run as it stands to one HTML file, to be sent to others: it needs no kernel and no network.

        Args:
            path: the file; one that is there is replaced.

        Raises:
            ConfigError: there is no such folder.
            WriteError: the disk did not take it.
        """
        from notebook_gen.storage.files import replacing
        from notebook_gen.views.page import page_html

        path = Path(path)
        if not path.parent.is_dir():
            raise ConfigError(f"there is no folder {str(path.parent)!r}", advice="make it, or name another one")
        html = page_html(self._source)
        with replacing(path) as temporary:
            temporary.write_text(html, encoding="utf-8")
        return path

    def live(self) -> Any:
        """Give the whole live view as a widget, also after its end; None outside notebooks."""
        return self._display.widget

    def __repr__(self) -> str:
        progress = self._source.progress
        return f"<Run: {', '.join([self.title, progress.state, *full_counts(progress)])}>"

    def _ipython_display_(self) -> None:
        if not self._display.show_again():
            print(repr(self))  # noqa: T201  # what IPython does with a repr

    def _repr_html_(self) -> str:
        """Give its state as a picture that stands still, for hosts that do not know `_ipython_display_`."""
        from notebook_gen.views.report import still_html

        return still_html(self._source)

    # Inside

    def end_at_exit(self) -> Callable[[], tuple[str, bool]]:
        """Cancel the run because the interpreter ends; `at_exit` calls it, and then what it gives."""
        was_cancelled = self._source.is_cancelled
        self.cancel()
        return lambda: self._last_wait.at_exit(was_cancelled=was_cancelled)

    def _give_up(self) -> None:
        self._loop.post(lambda: self._tell(AsyncTaskScheduler.give_up))

    async def _main(self, open_job: Callable[[], AbstractAsyncContextManager[Job]]) -> None:
        try:
            async with open_job() as job:
                # once more, now that the demo endpoint is there: at exit, the run ends before what it calls
                unfinished.add(self)
                scheduler = self._source.live_rows.scheduler = AsyncTaskScheduler(job, self._bus)
                if self._source.is_cancelled:
                    scheduler.cancel()
                if self._is_paused:
                    # when it has begun
                    asyncio.get_running_loop().call_soon(scheduler.pause)
                await scheduler.run()
            await in_thread(self._keep_traces)
        except BaseException as error:  # noqa: BLE001  # the thread's edge: recorded, and raised to whoever waits
            if self._source.progress.ended is None:
                failure = error if isinstance(error, Exception) else RunError(f"the run was ended by {error!r}")
                self._bus.publish(RunFinished(0.0, "failed", failure))
        finally:
            self._over.set()
            unfinished.discard(self)

    def _keep_traces(self) -> None:
        if self.destination is None or self._source.trace is None:
            return
        try:
            self._plan.storage.write_traces(self._source.trace.to_arrow_parts())
        except WriteError as error:
            # the rows are safe by now, and the run has ended as it ended
            _log.warning("the traces were not written: %s", error)

    def _pause_or_resume(self) -> None:
        if self._source.progress.state == "paused":
            self.resume()
        else:
            self.pause()

    def _pause(self, what: Callable[[AsyncTaskScheduler], None]) -> None:
        self._is_paused = what is AsyncTaskScheduler.pause
        self._tell(what)

    def _tell(self, what: Callable[[AsyncTaskScheduler], None]) -> None:
        scheduler = self._source.live_rows.scheduler
        if scheduler is not None and not self.is_over:
            what(scheduler)

    def _parts(self) -> list[Part]:
        live = self._loop.call(self._source.live_rows.live_parts)
        written = self._source.live_rows.written_parts(skip=[part.number for part in live])
        return sorted([*written, *live], key=lambda part: part.number)

    def _pump(self) -> None:
        if self._loop.answers():
            self._display.pump()

    def _outcome(self) -> "Dataset":
        self._display.close()
        error = self._source.progress.error
        if error is None and self._source.progress.ended is None:
            raise RunError("the run ended without saying how, which is a bug", advice="please report it")
        if error is None:
            return Dataset(
                self._plan.storage,
                self._source.progress,
                self.failures,
                path=self.destination,
                placeholder_text=self._plan.placeholder_text,
                is_shown=self._display.is_here,
            )
        if isinstance(error, NotebookGenError):
            # where it came from inside the engine helps nobody; its cause, if there is one, is still told
            raise error.with_traceback(None)
        raise RunError(f"the run failed: {error}") from error
