"""Computed fields of a model: `@computed(needs=[...])`, and what the Catalog keeps of them.

In: a function of a row on a model, marked, with the columns it needs. Out: a ComputedField for each; the function
itself stays on the model, where `compile_custom` finds it. Refused here (as Problems): needs that are no columns.
Whether the name is free is for `compile` to say, whether the types are GraphQL's for `compile_custom`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .catalog import ComputedField, TableColumn
from .check import closest
from .errors import Origin, Problem
from .names import Naming


class Computed(staticmethod):  # pyright: ignore[reportMissingTypeArgument]
    """A function marked with `@computed`; SQLModel ignores it as it ignores any staticmethod."""

    def __init__(self, function: Callable[..., Any], needs: Iterable[str], options: Mapping[str, Any]) -> None:
        super().__init__(function)
        self.needs = tuple(needs.split()) if isinstance(needs, str) else tuple(needs)
        self.options = options

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself."""
        return self.__func__

    @property
    def origin(self) -> Origin:
        """Where the function is written."""
        code = inspect.unwrap(self.__func__).__code__
        return Origin(code.co_filename, code.co_firstlineno)


def computed(
    *,
    needs: Iterable[str],
    name: str | None = None,
    description: str | None = None,
    deprecation_reason: str | None = None,
    permission_classes: Sequence[type[Any]] = (),
    extensions: Sequence[Any] = (),
) -> Callable[[Callable[..., Any]], Any]:
    """Marks a model's function as a GraphQL field that is computed in Python from columns of the row.

        @computed(needs=["first_name", "last_name"])
        def full_name(person, info) -> str:
            return f"{person.first_name} {person.last_name}"

    The function gets a `Record` with the columns that `needs` names, as Python values, and, if it takes one, `info`;
    its other parameters are the field's arguments. It may be `async`. The field shows where all of its columns do,
    and is null in rows that hide one of them. The other options are those of `strawberry.field`.
    """
    options = {
        "name": name,
        "description": description,
        "deprecation_reason": deprecation_reason,
        "permission_classes": list(permission_classes),
        "extensions": list(extensions),
    }
    return lambda function: Computed(function, needs, options)


def computed_of(model: type[Any]) -> dict[str, Computed]:
    """The functions marked @computed that a model has or inherits; what overrides one without the mark ends it."""
    names = {
        name: None
        for base in reversed(model.__mro__)
        for name, value in vars(base).items()
        if isinstance(value, Computed)
    }
    found = {name: inspect.getattr_static(model, name) for name in names}
    return {name: value for name, value in found.items() if isinstance(value, Computed)}


def computed_fields(
    model: type[Any], columns: Mapping[str, TableColumn], naming: Naming, problems: list[Problem]
) -> dict[str, ComputedField]:
    """A model's computed fields by attribute; needs that are no columns become Problems."""
    fields: dict[str, ComputedField] = {}
    for name, marked in computed_of(model).items():
        problems += [
            Problem(
                f"{model.__name__}.{name} needs {need!r}, which is no column of {model.__name__}",
                closest(str(need), columns),
                marked.origin,
            )
            for need in marked.needs
            if need not in columns
        ]
        field = marked.options["name"] or naming.relation(name)
        fields[name] = ComputedField(name, field, marked.needs, marked.origin)
    return fields
