"""Errors as their reader meets them: in a notebook, down to the line that the reader wrote and no further."""

import subprocess
import sys

import pytest

import notebook_gen as ng
from notebook_gen.errors import ConfigError, NotDeclared

_CELLS = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell("import notebook_gen as ng")
shell.run_cell({cell!r})
"""


def _shown(cell: str) -> str:
    """What IPython shows of the error that a cell raises."""
    script = _CELLS.format(cell=cell)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "cell",
    [
        "ng.Integer('one', 3)",
        "ng.Expression('{{ a }}', skip_if=lambda row: True)",
        "ng.DatasetBuilder()['a'] = ng.Expression('{{ b }}')",
        "ng.DatasetBuilder()['a']",
        "ng.DatasetBuilder().preview(3, show=False)",
        "ng.DatasetBuilder()['a'] = ng.Expression('{{ b')",
        "ng.DatasetBuilder().column(dict.fromkeys, name='a', inputs=['b', 'c'])",
        "ng.DatasetBuilder().processor('post_batch', lambda: 1, name='x')",
    ],
)
def test_a_traceback_ends_at_the_users_own_line(cell: str) -> None:
    lines = _shown(cell).splitlines()

    assert [line for line in lines if line.startswith(("File ", "Cell "))] == ["Cell In[1], line 1"]
    assert f"----> 1 {cell}" in lines
    assert "direct cause" not in "".join(lines)
    assert "During handling" not in "".join(lines)


def test_a_traceback_shows_the_users_functions_below_ours() -> None:
    cell = "def make():\n    return ng.Integer('one', 3)\nlist(map(lambda row: make(), [1]))"

    lines = _shown(cell).splitlines()

    assert [line for line in lines if line.startswith(("File ", "Cell "))] == [
        "Cell In[1], line 3",
        "Cell In[1], line 3, in <lambda>(row)",
        "Cell In[1], line 2, in make()",
    ]


@pytest.mark.parametrize(
    ("known", "advice"),
    [
        (["review", "score"], "did you mean 'review'?"),
        (["stars", "tone"], "declared are 'stars', 'tone'"),
        ([], "none was declared yet"),
    ],
)
def test_a_name_that_was_not_declared_is_told_with_those_that_were(known: list[str], advice: str) -> None:
    error = NotDeclared("column", "reveiw", known)

    assert str(error) == f"there is no column 'reveiw'; {advice}"
    assert isinstance(error, ConfigError)
    assert isinstance(error, KeyError)


def test_what_a_builder_does_not_have_is_told_and_still_a_key_error() -> None:
    builder = ng.DatasetBuilder()
    builder["stars"] = ng.Integer(1, 5)

    with pytest.raises(ConfigError, match="there is no column 'star'; did you mean 'stars'"):
        builder["star"]
    with pytest.raises(KeyError, match="there is no column 'star'; did you mean 'stars'"):
        del builder["star"]
    with pytest.raises(KeyError, match="there is no model 'writer'"):
        del builder.models["writer"]
    with pytest.raises(KeyError, match=r"there is no processor \('post_batch', 'clean'\)"):
        del builder.processors["post_batch", "clean"]
    assert "star" not in builder
    assert builder.get("star") is None
    assert builder.models.get("writer") is None


def test_a_cancelled_run_names_the_first_of_many_calls_that_it_left_behind() -> None:
    error = ng.RunCancelled(4, 6)
    error.left_behind = tuple(f"processor 'p' (post_batch, row group {number})" for number in range(5))

    assert str(error) == (
        "the run was cancelled with 4 of 6 rows finished; left behind, perhaps still at work: "
        "processor 'p' (post_batch, row group 0), processor 'p' (post_batch, row group 1), "
        "processor 'p' (post_batch, row group 2), 2 more; its rows() gives them"
    )


@pytest.mark.parametrize("kind", [ng.Rejected, ng.Transient, ng.RateLimited])
def test_an_error_of_a_user_s_own_kind_may_say_only_what_the_problem_is(kind: type[ng.GenerationError]) -> None:
    class Own(kind):  # type: ignore[misc,valid-type]  # one class for each kind
        def __init__(self) -> None:
            self.problem, self.advice = "it is closed", "come again"

    tries: list[int] = []
    builder = ng.DatasetBuilder(settings=ng.RunSettings(backoff=0.0, salvage_rounds=1))

    @builder.column(on_error="null")
    def number() -> int:
        tries.append(1)
        if len(tries) <= 1:
            raise Own
        return 7

    run = builder.preview(2, show=False)

    assert sorted(run.result(timeout=30).to_pandas()["number"].dropna()) == [7] * (1 if kind is ng.Rejected else 2)
    assert list(run.failures()["error"]) == ["it is closed"] * (kind is ng.Rejected)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("0.01", 0.01), (0, 0.0), (float("inf"), None), (float("nan"), None), (-3.0, None), ("tomorrow", None)],
)
def test_a_function_may_say_when_to_try_again_as_a_header_says_it(given: float | str, seconds: float | None) -> None:
    calls: list[int] = []
    builder = ng.DatasetBuilder(settings=ng.RunSettings(backoff=0.01))

    @builder.column
    async def number() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ng.RateLimited("slow down", retry_after=given)
        return 7

    assert ng.RateLimited("slow down", retry_after=given).retry_after == seconds
    assert list(builder.preview(2, show=False).result(timeout=30).to_pandas()["number"]) == [7, 7]
