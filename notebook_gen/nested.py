"""Nested event loops, for notebooks whose own cells call `asyncio.run`."""

from importlib import import_module

from notebook_gen.errors import ConfigError


def enable_nested() -> None:
    """Let cells call `asyncio.run` and `loop.run_until_complete` although the kernel's loop runs.

    notebook_gen itself never needs it: runs live on a loop of their own. It changes the event loop for the whole
    process, so it is up to you. Applies nest-asyncio2, or nest-asyncio where only that is installed.

    Raises:
        ConfigError: neither is installed.
    """
    for module in ("nest_asyncio2", "nest_asyncio"):
        try:
            import_module(module).apply()
        except ImportError:
            continue
        return
    raise ConfigError("nest-asyncio2 is not installed", advice="pip install 'notebook-gen[nest]'")
