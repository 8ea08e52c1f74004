"""What new users say of themselves: columns of the developer's model, as an input of the schema.

In: the model of users, and the names of columns. Out: a Strawberry input, each column of it required where the model
requires it, and the values of one that came. Refused here: columns that there are not, and those that sign-in itself
sets (DeclarationError).
"""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import strawberry

from ...schema.errors import DeclarationError, Problem
from .account import SEALED, Account


class Profile:
    """The columns of `names`; `type` is None where there are none."""

    def __init__(self, model: type[Account], names: Sequence[str]) -> None:
        fields = model.model_fields
        refused = [name for name in names if name not in fields or name in SEALED or name == "id"]
        if refused:
            mend = "Name columns of the model of users, and none that sign-in itself sets."
            raise DeclarationError([Problem(f"profile= names {', '.join(refused)}", mend)])
        self.type = _input(model, names) if names else None


def said(profile: Any) -> dict[str, Any]:
    """What a profile that came says, by column."""
    return {name: value for name, value in vars(profile).items() if value is not strawberry.UNSET} if profile else {}


def with_profile(method: Callable[..., Any], type: type[Any] | None) -> Callable[..., Any]:
    """A resolver whose argument `profile` is of that type; without the argument where there is no type."""
    signature = inspect.signature(method)
    if "profile" not in signature.parameters:
        return method

    @functools.wraps(method)
    async def resolver(*given: Any, **named: Any) -> Any:
        return await method(*given, **{"profile": None, **named})

    parameters: Mapping[str, inspect.Parameter] = dict(signature.parameters)
    kept = [each.replace(annotation=type) if name == "profile" else each for name, each in parameters.items()]
    if type is None:
        kept = [each for each in kept if each.name != "profile"]
    resolver.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return resolver


def _input(model: type[Account], names: Sequence[str]) -> type[Any]:
    fields = {name: model.model_fields[name] for name in names}
    required = [name for name, field in fields.items() if field.is_required()]
    ordered = [*required, *(name for name in fields if name not in required)]
    annotations: dict[str, Any] = {name: fields[name].annotation for name in ordered}
    annotations |= {name: annotations[name] | None for name in ordered if name not in required}
    defaults = {name: strawberry.UNSET for name in ordered if name not in required}
    made = type(f"{model.__name__}Profile", (), {"__annotations__": annotations, **defaults})
    return strawberry.input(made, description="What a new user says of themselves.")
