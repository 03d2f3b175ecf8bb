"""Reading a model's key from the environment; light enough to be asked before anything of HTTP is loaded."""

from collections.abc import Mapping

from notebook_gen.config.models import Model
from notebook_gen.errors import ConfigError


def resolve_key(model: Model, environ: Mapping[str, str]) -> str | None:
    """Read a model's key from the environment; None if it needs none.

    Raises:
        ConfigError: the variable is not set, is empty, or holds what cannot be a key.
    """
    name = model.key_name
    if name is None:
        return None
    key = environ.get(name, "").strip()
    if not key:
        state = "empty" if name in environ else "not set"
        raise ConfigError(
            f"the model {model.model!r} at {model.url} needs a key, and the environment variable {name} is {state}",
            advice=f"set {name}, or remove the model from builder.models: with none left, the demo endpoint answers",
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(
            f"the environment variable {name} holds what cannot be a key: a blank, or a character that is not ASCII",
            advice="set it to the key alone",
        )
    return key
