"""What columns may be called: in a seed table, and where they are kept."""

from collections import Counter
from collections.abc import Iterable

from notebook_gen.errors import ConfigError


def check_names(names: Iterable[str], what: str) -> None:
    """Check that every column has a name of its own.

    Args:
        names: in order.
        what: what to call the table.

    Raises:
        ConfigError: a name is blank, no Unicode, or there twice.
    """
    names = list(names)
    check_encoding(names)
    counts: Counter[str] = Counter()
    for position, name in enumerate(names, 1):
        if not name.strip():
            raise ConfigError(f"{what} has no name for its column {position}", advice="give every column a name")
        counts[name] += 1
    twice = ", ".join(repr(name) for name, count in counts.items() if count > 1)
    if twice:
        raise ConfigError(f"{what} has several columns named {twice}", advice="give each a name of its own")


def check_encoding(names: Iterable[str]) -> None:
    """Check that names can be written: not every text can, halves of surrogate pairs are no characters.

    Raises:
        ConfigError: one cannot.
    """
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            problem = f"has {name[error.start]!r} in its name, which is no character"
            raise ConfigError(problem, advice="rename the column", column=name) from error
