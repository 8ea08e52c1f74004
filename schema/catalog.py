"""The immutable compiled truth: tables, columns, relations, checked rules and their names.

Made by `compile`; after that everything reads only this, never the developer's classes. Names of GraphQL elements are
in here too (as `names` decided them), so that nobody derives one a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from .aggregates import ColumnFunction
from .custom import Custom
from .errors import Origin
from .expr import Expr
from .files import FileColumn, Files
from .names import Made, MutationKind, Naming
from .types import Type
from .validation import Validators

Verb = Literal["read", "create", "update", "delete", "join", "publish"]
VERBS: tuple[Verb, ...] = get_args(Verb)


@dataclass(frozen=True, slots=True)
class Default:
    """What a column holds when a write does not give it.

    `make` makes a value as `types.parser` would; None where the database itself does. `text` says it for people.
    """

    make: Callable[[], Any] | None
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: `name` as the model's attribute, `sql` in the database, `field` in GraphQL.

    `default` is for creates, `onupdate` for updates; a `generated` column is never written. `collated`: the
    database may take texts for equal that are not the same. A `sealed` one is written by superusers and by code alone,
    whatever rules allow. `file` says what may be put into one that holds files.
    """

    name: str
    sql: str
    field: str
    type: Type
    nullable: bool
    description: str | None = None
    default: Default | None = None
    onupdate: Default | None = None
    generated: bool = False
    collated: bool = False
    sealed: bool = False
    file: FileColumn | None = None


@dataclass(frozen=True, slots=True)
class Unique:
    """A key on which rows can clash: `name` in the database, `label` in GraphQL, `columns` as attributes."""

    name: str
    label: str
    columns: tuple[str, ...]


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

    `aggregate` and `connection` are the fields beside `field` that a relation to many rows has. It `refers` where our
    columns point at theirs, so that their row is there before ours; `writable` is false for a view of other relations.
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
    refers: bool = False
    writable: bool = True

    @property
    def local(self) -> tuple[str, ...]:
        """Our columns that the relation compares."""
        return tuple(pair[1] for pair in self.link.local) if self.link else tuple(pair[0] for pair in self.pairs)

    @property
    def remote(self) -> tuple[str, ...]:
        """Their columns that the relation compares."""
        return tuple(pair[1] for pair in self.link.remote) if self.link else tuple(pair[1] for pair in self.pairs)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One `allow(...)`, checked; each is only itself. `fields` None means every column and relation."""

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


TableName: TypeAlias = tuple[str | None, str]
"""A table's schema and name as the Catalog has them (`Table.sql_schema`, `Table.sql`), on SQLite too, where the table
has the name alone."""


@dataclass(frozen=True, slots=True)
class TableNames:
    """What GraphQL calls a table's types and root fields."""

    type: str
    list: str
    by_key: str
    aggregate: str
    connection: str
    changes: str
    stream: str
    made: Mapping[Made, str]
    orders: Mapping[ColumnFunction, str]
    filters: Mapping[ColumnFunction, str]
    """The inputs that order and filter by the aggregates of one kind."""
    mutations: Mapping[MutationKind, str]
    channel: str = ""
    """What the names of the channels of its rows begin with."""

    @classmethod
    def hidden(cls, type: str = "") -> TableNames:
        """Those of a table that has no fields; `type` is for errors."""
        return cls(type, "", "", "", "", "", "", {}, {}, {}, {})

    @property
    def types(self) -> Iterable[str]:
        """All types that are made for the table."""
        return dict.fromkeys((self.type, *self.made.values(), *self.orders.values(), *self.filters.values()))


@dataclass(frozen=True, slots=True)
class Table:
    """A declared model. Columns and relations are keyed by the model's attribute names.

    `uniques` begin with the primary key. `version` is the column that counts a row's updates. `changes`: whether the
    database records the changes of its rows. `sweeps` are tables, by key, and relations, by name, in which the database
    changes rows by itself when one of these goes: `ON DELETE CASCADE` and the like.
    """

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
    uniques: tuple[Unique, ...] = ()
    foreign_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The columns of each foreign key by its name in the database."""
    version: str | None = None
    validators: Validators | None = None
    changes: bool = True
    sweeps: frozenset[str] = frozenset()

    def givable(self, column: TableColumn) -> bool:
        """Whether a create may give the column at all."""
        return not column.generated and column.name != self.version

    def changeable(self, column: TableColumn) -> bool:
        """Whether an update may set the column at all: a key that the database makes stays as it is."""
        made = column.name in self.primary_key and column.default == Default(None)
        return self.givable(column) and not made


@dataclass(frozen=True, slots=True)
class Catalog:
    """All tables by key (the model's name), the roles that rules name, and the claims they read, with their types.

    `custom` is what a developer adds in Strawberry's own terms; None where nothing is added. `of_type` has the tables
    by the names of all GraphQL types that are made for them, `leading` the relations that lead to a table, each with
    the table that has it: one index for all Views.
    """

    tables: Mapping[str, Table]
    roles: frozenset[str]
    claims: Mapping[str, Type]
    naming: Naming
    custom: Custom | None = None
    files: Files | None = None
    """What keeps the files of columns; None where no model has one."""
    channels: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict[str, tuple[Rule, ...]])
    """The rules of channels that belong to no row, by name; one that ends in `*` stands for many."""
    of_type: Mapping[str, str] = field(init=False, repr=False, compare=False)
    leading: Mapping[str, Sequence[tuple[str, Relation]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        leading: dict[str, list[tuple[str, Relation]]] = {}
        for key, table in self.tables.items():
            for relation in table.relations.values():
                leading.setdefault(relation.target, []).append((key, relation))
        object.__setattr__(self, "of_type", {name: key for key, t in self.tables.items() for name in t.names.types})
        object.__setattr__(self, "leading", leading)

    def target(self, table: Table, relation: str) -> Table:
        """The table at the other end of a relation."""
        return self.tables[table.relations[relation].target]

    def leads_to_one(self, relation: Relation) -> bool:
        """Whether the database itself sees to it that a relation leads to no second row."""
        if relation.link:
            return False
        return any({*unique.columns} <= {*relation.remote} for unique in self.tables[relation.target].uniques)

    def filled(self, table: Table) -> frozenset[str]:
        """The columns that a related row can fill: one that the row refers to, or one that is created around it."""
        own = (name for each in table.relations.values() if each.refers and each.writable for name in each.local)
        around = (
            name
            for _, each in self.leading.get(table.key, ())
            if not each.refers and not each.link and each.writable
            for name in each.remote
        )
        return frozenset((*own, *around))

    def link_columns(self, link: Link) -> tuple[str, ...]:
        """The attributes of a declared link model that its relation compares."""
        assert link.table
        attribute_of = {column.sql: column.name for column in self.tables[link.table].columns.values()}
        return tuple(attribute_of[sql] for sql, _ in (*link.local, *link.remote))
