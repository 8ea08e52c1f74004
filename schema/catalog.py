"""The immutable compiled truth: tables, columns, relations, checked rules and their names.

Made by `compile`; after that everything reads only this, never the developer's classes. Names of GraphQL elements are
in here too (as `names` decided them), so that nobody derives one a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .aggregates import ColumnFunction
from .custom import Custom
from .errors import Origin
from .expr import Expr
from .names import Made, Naming
from .types import Type

Verb = Literal["read", "create", "update", "delete"]
VERBS: tuple[Verb, ...] = ("read", "create", "update", "delete")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: `name` as the model's attribute, `sql` in the database, `field` in GraphQL."""

    name: str
    sql: str
    field: str
    type: Type
    nullable: bool
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The link table of a many-to-many relation, with (its SQL column, column attribute of that side) pairs.

    `table` is the link's key in the Catalog when its model was declared, so that its own rules hold.
    """

    sql: str
    sql_schema: str | None
    table: str | None
    local: tuple[tuple[str, str], ...]
    remote: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A way from one table to another: `pairs` are (our column attribute, theirs) that must be equal.

    `aggregate` and `connection` are the fields beside `field` that a relation to many rows has.
    """

    name: str
    field: str
    aggregate: str
    connection: str
    target: str
    many: bool
    pairs: tuple[tuple[str, str], ...]
    link: Link | None = None
    description: str | None = None

    @property
    def local(self) -> tuple[str, ...]:
        """Our columns that the relation compares."""
        return tuple(pair[1] for pair in self.link.local) if self.link else tuple(pair[0] for pair in self.pairs)

    @property
    def remote(self) -> tuple[str, ...]:
        """Their columns that the relation compares."""
        return tuple(pair[1] for pair in self.link.remote) if self.link else tuple(pair[1] for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class Rule:
    """One `allow(...)`, checked. `fields` None means every column and relation."""

    roles: frozenset[str]
    verbs: frozenset[Verb]
    where: Expr
    check: Expr
    fields: frozenset[str] | None
    preset: Mapping[str, Any]
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class ComputedField:
    """A field computed in Python: `name` as the model's attribute, `field` in GraphQL, `needs` column attributes."""

    name: str
    field: str
    needs: tuple[str, ...]
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class TableNames:
    """What GraphQL calls a table's types and root fields."""

    type: str
    list: str
    by_key: str
    aggregate: str
    connection: str
    made: Mapping[Made, str]
    orders: Mapping[ColumnFunction, str]
    filters: Mapping[ColumnFunction, str]
    """The inputs that order and filter by the aggregates of one kind."""

    @property
    def types(self) -> Iterable[str]:
        """All types that are made for the table."""
        return dict.fromkeys((self.type, *self.made.values(), *self.orders.values(), *self.filters.values()))


@dataclass(frozen=True, slots=True)
class Table:
    """A declared model. Columns and relations are keyed by the model's attribute names."""

    key: str
    sql: str
    sql_schema: str | None
    columns: Mapping[str, TableColumn]
    relations: Mapping[str, Relation]
    primary_key: tuple[str, ...]
    names: TableNames
    rules: tuple[Rule, ...] = ()
    description: str | None = None
    computed: Mapping[str, ComputedField] = field(default_factory=dict[str, ComputedField])


@dataclass(frozen=True, slots=True)
class Catalog:
    """All tables by key (the model's name), the roles that rules name, and the claims they read, with their types.

    `custom` is what a developer adds in Strawberry's own terms; None where nothing is added. `of_type` has the tables
    by the names of all GraphQL types that are made for them: one index for all Views.
    """

    tables: Mapping[str, Table]
    roles: frozenset[str]
    claims: Mapping[str, Type]
    naming: Naming
    custom: Custom | None = None
    of_type: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "of_type", {name: key for key, t in self.tables.items() for name in t.names.types})

    def target(self, table: Table, relation: str) -> Table:
        """The table at the other end of a relation."""
        return self.tables[table.relations[relation].target]

    def link_columns(self, link: Link) -> tuple[str, ...]:
        """The attributes of a declared link model that its relation compares."""
        assert link.table
        attribute_of = {column.sql: column.name for column in self.tables[link.table].columns.values()}
        return tuple(attribute_of[sql] for sql, _ in (*link.local, *link.remote))
