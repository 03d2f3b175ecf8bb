"""What is wrong with a spec's arguments, in the user's words: what to give, never how it was checked."""

import inspect
import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from notebook_gen.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SECRET_WORDS: Final = frozenset(
    {"apikey", "auth", "authorization", "bearer", "credential", "credentials", "key", "keys", "passwd", "password"}
    | {"passphrase", "pwd", "secret", "secrets", "token"}
)
_NEEDS_KEY: Final = 'put the key into an environment variable, and name that: api_key_env="NAME"'

# what to give, by the first word of the fault's type; the facts in braces come with the fault
_KINDS: Final = {
    "int": "give a whole number",
    "float": "give a number",
    "bool": "give True or False",
    "string": "give a text",
    "tuple": "give a list",
    "list": "give a list",
    "dict": "give a dict",
    "mapping": "give a dict",
    "callable": "give a function",
    "literal": "give {expected}",
    "greater": "give a number above {gt}",
    "less": "give a number below {lt}",
}
_BY_TYPE: Final = {
    "finite_number": "give a finite number",
    "greater_than_equal": "give {ge} or more",
    "less_than_equal": "give {le} or less",
    "string_too_short": "give a text that is not empty",
    "string_unicode": "give a text without halves of characters",
    "too_short": "give at least one value",
}


def is_secret(name: str) -> bool:
    """Tell whether a name looks like that of a secret, whose value nobody should see."""
    # "apiKey" and "X-Api-Key" are words, too
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return not _SECRET_WORDS.isdisjoint(words)


def masked(value: Any) -> Any:
    """Give the value, without the secrets in it."""
    if not isinstance(value, dict):
        return value
    return {name: "…" if isinstance(name, str) and is_secret(name) else item for name, item in value.items()}


def say_kind(value: Any) -> str:
    """Say what somebody gave in place of a spec: "an int", or "the class LLMText itself"."""
    if isinstance(value, type):
        return f"the class {value.__name__} itself"
    kind = type(value).__name__
    return f"an {kind}" if kind[:1].lower() in "aeiou" else f"a {kind}"


def check_options(owner: str, given: Collection[str], known: Sequence[str]) -> None:
    """Check that there are options of these names.

    Args:
        owner: what would have them; empty if the error is told of something later.
        given: the names.
        known: the names there are.

    Raises:
        ConfigError: there is no such option; names the one that was meant, or all.
    """
    unknown = [name for name in given if name not in known]
    if not unknown:
        return
    needs_key = "api_key_env" in known and any(map(is_secret, unknown))
    # only what differs by a slip of the pen is no key: max_token
    if near := get_close_matches(unknown[0], known, n=1, cutoff=0.9 if needs_key else 0.6):
        advice = f"did you mean {near[0]!r}?"
    elif needs_key:
        advice = _NEEDS_KEY
    else:
        advice = f"it has {_listed(known)}"
    raise ConfigError(f"{owner} has no option {unknown[0]!r}".lstrip(), advice=advice)


def check_call(spec: type, arguments: Sequence[Any], options: Mapping[str, Any], fields: Collection[str]) -> None:
    """Check that a spec takes what is given to it; what the values are does not matter yet.

    Args:
        spec: the class that is called.
        arguments: what is given by place.
        options: what is given by name.
        fields: what its `**options` may be, if it takes such.

    Raises:
        ConfigError: something is missing, given twice, or more than it takes.
    """
    owner, parameters = spec.__name__, _parameters(spec)
    kinds = {parameter.kind for parameter in parameters}
    by_place = [parameter for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    places = [parameter.name for parameter in by_place]
    by_name = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    if inspect.Parameter.VAR_KEYWORD in kinds:
        by_name += [name for name in fields if name not in (*places, *by_name)]
    check_options(owner, options, [*places, *by_name])
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return
    count = len(arguments)
    missing = [part.name for part in by_place[count:] if part.default is part.empty and part.name not in options]
    twice = [name for name in places[:count] if name in options]
    if count > len(places):
        problem = f"{count} value{'s were' if count > 1 else ' was'} given"
    elif twice:
        problem = f"{twice[0]} is given twice"
    elif missing:
        problem = f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    else:
        return
    shape = ", ".join([*places, *(f"{name}=…" for name in by_name[:1])])
    raise ConfigError(f"{owner}: {problem}", advice=f"write {owner}({shape})")


def explain(owner: str, faults: "Sequence[ErrorDetails]") -> str:
    """Say what is wrong with the values, one clause an argument: `Integer: low: give a whole number, not 'a'`."""
    first: dict[object, ErrorDetails] = {}
    for fault in faults:
        first.setdefault(fault["loc"][:1], fault)
    return f"{owner}: {'; '.join(map(_clause, first.values()))}"


def _parameters(spec: type) -> list[inspect.Parameter]:
    """What a class is made from; its signature may have been made nicer for `help`."""
    _, *parameters = inspect.signature(inspect.getattr_static(spec, "__init__")).parameters.values()
    return parameters


def _clause(fault: "ErrorDetails") -> str:
    where = ".".join(str(part) for part in fault["loc"][:1])
    if not where:
        return _what_to_give(fault)
    if fault["type"] == "missing":
        return f"{where} is missing"
    says_enough = fault["type"] == "too_short" or is_secret(where)
    given = "" if says_enough else f", not {_shown(fault['input'])}"
    return f"{where}: {_what_to_give(fault)}{given}"


def _what_to_give(fault: "ErrorDetails") -> str:
    kind = fault["type"]
    if kind == "value_error":
        return fault["msg"].removeprefix("Value error, ")
    words = _BY_TYPE.get(kind) or _KINDS.get(kind.partition("_")[0], "give something else")
    facts = fault.get("ctx", {}).items()
    return words.format_map({name: f"{fact:g}" if isinstance(fact, float) else fact for name, fact in facts})


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names) or "none"


def _shown(value: Any) -> str:
    """A value as Python writes it, cut short; what cannot be written is told by its type."""
    try:
        text = repr(masked(value))
    except Exception:  # noqa: BLE001  # a value of the user's, with a repr of the user's
        return f"what is given, a {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:199]}…"
