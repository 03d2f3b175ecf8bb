"""Spec: the base of everything a user declares. What its errors say is saved with the notebook: never a secret."""

import inspect
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Never, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from notebook_gen.errors import ConfigError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
    from pydantic._internal._repr import ReprArgs  # the type of a method that pydantic lets one override
    from pydantic_core import ErrorDetails
else:
    ModelMetaclass = type(BaseModel)

_SECRET_WORDS = frozenset(
    {"apikey", "auth", "authorization", "bearer", "credential", "credentials", "key", "keys", "passwd", "password"}
    | {"passphrase", "pwd", "secret", "secrets", "token"}
)


class _SpecType(ModelMetaclass):
    """The type of specs: their names are those that we gave them.

    `help(ng.LLMText)` and completion ask for the names; pydantic's would fill pages in which nobody finds ours.
    """

    def __dir__(self) -> list[str]:
        own = [step for step in self.__mro__ if step not in BaseModel.__mro__]
        names = {name for step in own for name in vars(step)}.union(getattr(self, "model_fields", ()))
        return sorted(name for name in names if not name.startswith("_") and name != "model_config")


class Spec(BaseModel, metaclass=_SpecType):
    """Base of everything a user declares: frozen, strict about names, with errors people can read.

    Raises:
        ConfigError: an argument is wrong or unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            # pydantic's error says the same over ten lines of a traceback
            raise ConfigError(_explain(type(self), error), advice=_advice(type(self), error)) from None

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Say in the signature which types an option has, not how they are checked."""
        signature = inspect.signature(cls)
        plain = [option.replace(annotation=_plain_type(option.annotation)) for option in signature.parameters.values()]
        cls.__signature__ = signature.replace(parameters=plain)

    def __repr_args__(self) -> "ReprArgs":
        """Show no secrets."""
        for name, value in super().__repr_args__():
            yield name, _masked(value)

    if not TYPE_CHECKING:  # or a type checker would believe that attributes can be set

        def __setattr__(self, name: str, value: Any) -> Never:
            raise _frozen(self, name)

        def __delattr__(self, name: str) -> Never:
            raise _frozen(self, name)


def _plain_type(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def is_secret(name: str) -> bool:
    """Tell whether a name looks like that of a secret, whose value nobody should see."""
    # "apiKey" and "X-Api-Key" are words, too
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return not _SECRET_WORDS.isdisjoint(words)


def _frozen(spec: Spec, name: str) -> ConfigError:
    kind = type(spec).__name__
    return ConfigError(f"{kind}: {name} cannot be changed: what is declared is frozen", advice="assign another one")


def _explain(spec: type[Spec], error: ValidationError) -> str:
    """One clause a fault, in the user's words: `Integer: low: Input should be a valid integer, not 'a'`."""
    clauses = []
    for fault in error.errors(include_url=False):
        clause = _clause(spec, fault)
        if clause not in clauses:
            clauses.append(clause)
    return f"{spec.__name__}: {'; '.join(clauses)}"


def _clause(spec: type[Spec], fault: "ErrorDetails") -> str:
    where = ".".join(str(part) for part in fault["loc"][:1])
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(where, spec.model_fields, n=1) if not is_secret(where) else []
        return f"there is no option {where!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    message = fault["msg"].removeprefix("Value error, ")
    is_shown = where and fault["type"] != "missing" and not is_secret(where)
    given = f", not {_shown(fault['input'])}" if is_shown else ""
    return f"{where}: {message}{given}" if where else message


def _advice(spec: type[Spec], error: ValidationError) -> str:
    """What to do about a secret that was given as an option; of other faults, the clauses say it."""
    unknown = [str(fault["loc"][0]) for fault in error.errors(include_url=False) if fault["type"] == "extra_forbidden"]
    if "api_key_env" in spec.model_fields and any(map(is_secret, unknown)):
        return 'put the key into an environment variable, and name that: api_key_env="NAME"'
    return ""


def _masked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: "…" if isinstance(name, str) and is_secret(name) else item for name, item in value.items()}


def _shown(value: Any) -> str:
    """A value as Python writes it, cut short; what cannot be written is told by its type."""
    try:
        text = repr(_masked(value))
    except Exception:  # noqa: BLE001  # a value of the user's, with a repr of the user's
        return f"what is given, a {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:199]}…"
