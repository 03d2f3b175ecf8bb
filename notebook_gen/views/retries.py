"""Retries in words: what has failed so far and was not given up, and why. Harmless text, not escaped."""

from collections.abc import Iterator

from notebook_gen.errors import GenerationError
from notebook_gen.observers.progress import NodeProgress
from notebook_gen.views.source import RunSource
from notebook_gen.views.summary import truncation_lines
from notebook_gen.views.text import one_sentence, write_count, write_plural

_LENGTH = 400


def retry_lines(source: RunSource) -> list[str]:
    """Say of each column how many cells wait for another try, or how many attempts failed, and the last error."""
    return list(_lines(source))


def note_lines(source: RunSource) -> list[str]:
    """Give what stands under a table of failures: `retry_lines`, then of which columns some answers were cut off."""
    return [*_lines(source), *truncation_lines(source.progress)]


def _lines(source: RunSource) -> Iterator[str]:
    is_over = source.progress.ended is not None
    deferred = {} if is_over else source.deferred_cells()
    for node, progress in zip(source.graph.nodes, source.progress.nodes, strict=True):
        cells = deferred.get(node.index, 0)
        if cells:
            verb = "waits" if cells == 1 else "wait"
            said = f"{write_plural(cells, 'cell')} {verb} for another try"
        elif progress.put_off_by is not None:
            said = _say_attempts(progress, is_over=is_over)
        else:
            continue
        yield one_sentence(f"{node.name}: {said}{_say_error(progress.put_off_by)}", _LENGTH)


def _say_attempts(progress: NodeProgress, *, is_over: bool) -> str:
    count = progress.again
    attempts = f"{write_count(count)} {'attempt' if count == 1 else 'attempts'} failed"
    return attempts if is_over else f"{attempts} and {'is' if count == 1 else 'are'} tried again"


def _say_error(error: GenerationError | None) -> str:
    if error is None:
        return ""
    advice = f"; {error.advice}" if error.advice else ""
    return f". The last error: {error.problem.removesuffix('.')}{advice}"
