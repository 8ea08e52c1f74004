"""What a developer adds in Strawberry's own terms, compiled: a Strawberry schema in which models are placeholders.

Made by `compile_custom`; `graft` puts it into the schema of each View. Values are immutable, the Strawberry schema is
shared by all Views and never executed itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import graphql as g
import strawberry

DEVELOPERS = "strawberry-definition"
"""The extension that graphql-core types which Strawberry made carry."""


class Types(strawberry.Schema):
    """Strawberry's schema, which logs nothing itself: what goes wrong is observed with the request's id."""

    def process_errors(self, errors: list[g.GraphQLError], execution_context: Any = None) -> None:
        """Keeps them as they are before an extension changes them."""
        if execution_context is not None:
            execution_context.context.errors.extend(errors)


@dataclass(frozen=True, slots=True)
class Custom:
    """A developer's fields.

    `roots` are the fields of their Query, `mutations` and `subscriptions` those of the other root types. `rows` are the
    tables by the GraphQL name of their placeholder, `models` the SQLModel classes by table, `enums` the Python classes
    of columns by (table, column). `extensions` are Strawberry's.
    """

    schema: Types
    roots: Mapping[str, g.GraphQLField]
    rows: Mapping[str, str]
    models: Mapping[str, type[Any]]
    enums: Mapping[tuple[str, str], type[Enum]]
    extensions: tuple[Any, ...] = ()
    mutations: Mapping[str, g.GraphQLField] = field(default_factory=dict[str, g.GraphQLField])
    subscriptions: Mapping[str, g.GraphQLField] = field(default_factory=dict[str, g.GraphQLField])

    @property
    def types(self) -> Mapping[str, g.GraphQLNamedType]:
        """All named types, by name."""
        return self.schema._schema.type_map  # pyright: ignore[reportPrivateUsage]
