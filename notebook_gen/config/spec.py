"""Spec: the base of everything a user declares. What its errors say is saved with the notebook: never a secret."""

import inspect
from typing import TYPE_CHECKING, Annotated, Any, Never, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from notebook_gen.config.wording import check_call, explain, masked
from notebook_gen.errors import ConfigError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
    from pydantic._internal._repr import ReprArgs  # the type of a method that pydantic lets one override
else:
    ModelMetaclass = type(BaseModel)


class _SpecType(ModelMetaclass):
    """The type of specs: their names are those that we gave them.

    `help(ng.LLMText)` and completion ask for the names; pydantic's would fill pages in which nobody finds ours.
    """

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Make one; what does not fit its parameters is an error of the user's, not of Python."""
        check_call(self, arguments, options, getattr(self, "model_fields", ()))
        return super().__call__(*arguments, **options)

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
            raise ConfigError(explain(type(self).__name__, error.errors(include_url=False))) from None

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Say in the signature which types an option has, not how they are checked."""
        signature = inspect.signature(cls)
        plain = [option.replace(annotation=_plain_type(option.annotation)) for option in signature.parameters.values()]
        cls.__signature__ = signature.replace(parameters=plain)

    def __repr_args__(self) -> "ReprArgs":
        """Show no secrets."""
        for name, value in super().__repr_args__():
            yield name, masked(value)

    if not TYPE_CHECKING:  # or a type checker would believe that attributes can be set

        def __setattr__(self, name: str, value: Any) -> Never:
            raise _frozen(self, name)

        def __delattr__(self, name: str) -> Never:
            raise _frozen(self, name)


def _plain_type(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _frozen(spec: Spec, name: str) -> ConfigError:
    kind = type(spec).__name__
    return ConfigError(f"{kind}: {name} cannot be changed: what is declared is frozen", advice="assign another one")
