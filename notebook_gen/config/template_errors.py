"""Errors of templates: what is wrong, and in which line and column.

Jinja2 tells the line of an error, at best; the column is found by reading the template's tokens again.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from jinja2 import TemplateSyntaxError
from jinja2.environment import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream, ignored_tokens

from notebook_gen.errors import ConfigError


class CountTokens(Extension):
    """Counts the tokens the parser has taken, so that an error can be placed in its line."""

    taken = 0

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        """Count from here on."""
        self.taken = 0
        return self._count(stream)

    def _count(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            self.taken += 1
            yield token


def syntax_error(environment: Environment, source: str, error: TemplateSyntaxError) -> ConfigError:
    """Say where Jinja2 could not go on.

    Args:
        environment: what has just parsed the template; has `CountTokens`.
        source: the template.
        error: Jinja2's.
    """
    text = _as_lexed(source)
    tokens, end = _tokens(environment, source)
    if end is None:
        counter = next(iter(environment.extensions.values()))
        taken = counter.taken if isinstance(counter, CountTokens) else 0
        starts = [0, *(start for start, _, _ in tokens)]
        end = starts[min(taken, len(starts) - 1)]
    line = min(error.lineno, text.count("\n") + 1)
    line_start = sum(len(part) + 1 for part in text.split("\n")[: line - 1])
    advice = _two_words([(kind, value) for start, kind, value in tokens if start <= end][-2:])
    return _placed(source, line, max(end - line_start, 0) + 1, (error.message or "").rstrip("."), advice)


def _two_words(last: Sequence[tuple[str, str]]) -> str:
    """What to do about two names that follow each other; empty, if others do."""
    if [kind for kind, _ in last] != ["name", "name"]:
        return ""
    one, other = (value for _, value in last)
    return f"if it is the column '{one} {other}', call that '{one}_{other}': a name in a template is one word"


def word_error(
    environment: Environment, source: str, word: str, before: Collection[str], problem: str, *, advice: str = ""
) -> ConfigError:
    """Say what is wrong with a word, at the first place where it stands.

    Args:
        environment: reads the template.
        source: the template.
        word: the word; of several with points between them, the first counts.
        before: what may stand before it, each a token or a kind of token; empty: anything.
        problem: what is wrong.
        advice: what to do about it; empty: look at the line.
    """
    text = _as_lexed(source)
    previous: tuple[str, str] = ("", "")
    for start, kind, value in _tokens(environment, source)[0]:
        if kind == "name" and value == word.partition(".")[0] and (not before or {*previous} & {*before}):
            line_start = text.rfind("\n", 0, start) + 1
            return _placed(source, text.count("\n", 0, start) + 1, start - line_start + 1, problem, advice)
        previous = (kind, value)
    return _placed(source, 1, 1, problem, advice)


def python_error(source: str, python: str, error: SyntaxError) -> ConfigError:
    """Say what Python does not like about the code that Jinja2 made of a template.

    Args:
        source: the template.
        python: the code.
        error: Python's.
    """
    # Jinja2 writes which line of the template each line of the code is from: debug_info = '1=12&2=15'
    pairs = re.findall(r"(\d+)=(\d+)", python.rpartition("debug_info = ")[2])
    line = max((int(ours) for ours, theirs in pairs if int(theirs) <= (error.lineno or 0)), default=1)
    # its names for the template's own: l_0_name
    problem = re.sub(r"\bl_\d+_", "", error.msg)
    return _placed(source, line, None, problem)


def _placed(source: str, line: int, column: int | None, problem: str, advice: str = "") -> ConfigError:
    where = f"line {line}" if column is None else f"line {line}, column {column}"
    shown = source.splitlines()[line - 1 : line] or [source]
    return ConfigError(f"template error at {where}: {problem}", advice=advice or f"look at {_cut(shown[0].strip())!r}")


def _cut(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


def _as_lexed(source: str) -> str:
    """The template as the lexer reads it: every line ends alike."""
    return "\n".join(source.splitlines()) or source


def _tokens(environment: Environment, source: str) -> tuple[list[tuple[int, str, str]], int | None]:
    """Start, kind and text of the tokens that the parser sees, and where the lexer could not go on, if so."""
    text, tokens, position = _as_lexed(source), list[tuple[int, str, str]](), 0
    try:
        for _, kind, value in environment.lexer.tokeniter(source, None):
            start = text.find(value, position)
            if kind not in ignored_tokens and kind not in ("raw_begin", "raw_end"):
                position = max(start, position)
                tokens.append((position, kind, value))
    except TemplateSyntaxError as error:
        # just behind its last token
        _, _, place = (error.message or "").rpartition(" at ")
        return tokens, int(place) if place.isdigit() else position
    return tokens, None
