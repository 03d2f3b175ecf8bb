"""What runs are asked for by arguments: checked before anything is planned."""

from numbers import Integral
from typing import Any, Literal

from notebook_gen.config.callables import check_callable, is_async
from notebook_gen.config.settings import RunSettings
from notebook_gen.errors import ConfigError

Show = bool | Literal["compact"]
"""How a run is shown where it begins: wholly, not at all, or with its head and its graph alone."""

MAX_ROWS = 10**12
"""Rows of a run, at most; more could not be counted everywhere, nor made in a lifetime."""


def check_rows(rows: Any) -> int:
    """Give how many rows are asked for; numpy's whole numbers are some, too.

    Raises:
        ConfigError: it is no number of rows, or too many, or fewer than none.
    """
    if isinstance(rows, bool) or not isinstance(rows, Integral):
        raise ConfigError(f"rows is {rows!r}", advice="give a whole number")
    count = int(rows)
    if count > MAX_ROWS:
        # so many digits that they may not even be shown
        raise ConfigError(f"more than {MAX_ROWS:,} rows were asked for", advice="ask for fewer")
    if count < 0:
        raise ConfigError(f"{count} rows were asked for", advice="ask for 0 or more")
    return count


def check_settings(settings: Any) -> RunSettings:
    """Give the settings, if they are some.

    Raises:
        ConfigError: they are something else.
    """
    if isinstance(settings, RunSettings):
        return settings
    raise ConfigError(f"settings is {settings!r}", advice="give some, such as settings=ng.RunSettings(threads=1)")


def check_show(show: Any) -> None:
    """Check how a run is to be shown.

    Raises:
        ConfigError: it cannot be shown so.
    """
    if show not in (True, False, "compact"):
        raise ConfigError(f"show is {show!r}", advice='give True, False or "compact"')


def check_create(*, overwrite: Any, on_row_group: Any) -> None:
    """Check the options of a create.

    Raises:
        ConfigError: one is of another kind than it has to be.
    """
    if not isinstance(overwrite, bool) and overwrite != "dropped":
        raise ConfigError(
            f"overwrite is {overwrite!r}",
            advice='give True to replace the dataset that is there, "dropped" to make its dropped rows again, or False',
        )
    if on_row_group is None:
        return
    if not callable(on_row_group):
        raise ConfigError(
            f"on_row_group is {on_row_group!r}, which cannot be called",
            advice="give a function of the run and the row group's number",
        )
    try:
        check_callable(on_row_group)
    except ConfigError as error:
        raise ConfigError(f"on_row_group {error.problem}", advice=error.advice) from None
    if is_async(on_row_group):
        raise ConfigError("on_row_group is async", advice="define it with def: it runs in a thread")
