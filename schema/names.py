"""Every naming decision of the GraphQL schema: one structure, two tables.

`camel` is what Strawberry, TypeScript clients and code generators expect; `hasura` is Hasura v2's default dialect
to the letter. In: names of models, tables and columns. Out: names of fields, types, arguments and operators. Nobody
else makes a name. Whether names collide or are no GraphQL names is for `compile` to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

import inflection

from .aggregates import ColumnFunction
from .types import Kind, Type

NamingName = Literal["camel", "hasura"]
Made: TypeAlias = ColumnFunction | Literal[
    "filter", "list_filter", "order", "column", "aggregate", "fields", "aggregate_order", "aggregate_filter",
    "count_filter", "group", "group_by", "group_order", "key", "key_order", "connection", "edge",
    "create", "create_one", "create_many", "conflict", "constraint", "update_column", "set", "inc", "append", "prepend",
    "delete_key", "delete_elem", "delete_at_path", "primary_key", "updates", "change", "update_one", "update_many",
    "mutation", "change_event", "change_key", "stream_cursor", "stream_value",
]  # fmt: skip
"""The types that are made for a table, beside that of its rows."""
MutationKind = Literal["create", "create_one", "update", "update_one", "update_many", "delete", "delete_one"]
Operation = Literal["set", "inc", "append", "prepend", "delete_key", "delete_elem", "delete_at_path"]
"""What an update does to columns: an argument and an input type each."""
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
GRAPHQL_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*\Z", re.ASCII)


UPLOAD = "Upload"
"""The scalar by which files are given."""
FILE_TYPE = "File"
"""The type by which they are read."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The words that one of the two dialects uses."""

    name: NamingName
    query: str
    mutation: str
    subscription: str
    """The types of the root fields."""
    order_by: str
    distinct_on: str
    is_null: str
    directions: Mapping[str, tuple[bool, bool | None]]
    """Order values: (descending, nulls first or None for the database's way: nulls are the largest)."""
    order_enum: str
    scalars: Mapping[Kind, str]
    comparison_suffix: str
    types: Mapping[Made, str]
    """The types made for a table; the place is for the model's name (camel) or the table's (hasura)."""
    count_where: str
    count_columns: str
    count_predicate: str | None
    """Where a filter by a count has its operators; None where they stand beside its other fields."""
    node_id: str
    mutations: Mapping[MutationKind, str]
    """Root fields; the places are for the list's field and the one by key (camel), or the table's name (hasura)."""
    if_version: str
    pk_columns: str | None
    """The argument that holds a key; None where each of its columns is one."""
    change_operation: str
    """The enum of what a change did to a row."""
    cursor_ordering: str
    cursor_orderings: Mapping[str, bool]
    """The enum of the two directions of a stream, and whether each is descending."""

    def table(self, sql: str, schema: str | None) -> str:
        """What a table is called in names; Hasura puts its schema in front."""
        return f"{schema}_{sql}" if self.name == "hasura" and schema not in (None, "public") else sql

    def column(self, attribute: str, sql: str) -> str:
        """The field of a column."""
        return _camel(attribute) if self.name == "camel" else sql

    def relation(self, attribute: str) -> str:
        """The field of a relation."""
        return _camel(attribute) if self.name == "camel" else attribute

    def row_type(self, model: str, table: str) -> str:
        return model if self.name == "camel" else table

    def list_field(self, model: str, table: str, plural: str | None) -> str:
        if self.name == "hasura":
            return table
        return plural or _first_lower(inflection.pluralize(model))

    def by_key_field(self, model: str, table: str) -> str:
        return _first_lower(model) if self.name == "camel" else f"{table}_by_pk"

    def aggregate_field(self, listed: str) -> str:
        """The field beside a list that says something of all its rows."""
        return listed + ("Aggregate" if self.name == "camel" else "_aggregate")

    def connection_field(self, listed: str) -> str:
        """The field beside a list that pages through it by cursors."""
        return listed + ("Connection" if self.name == "camel" else "_connection")

    def changes_field(self, listed: str) -> str:
        """The field beside a list that tells what happened to its rows."""
        return listed + ("Changes" if self.name == "camel" else "_changes")

    def stream_field(self, listed: str) -> str:
        """The field beside a list that tells its rows in batches, and then those to come."""
        return listed + ("Stream" if self.name == "camel" else "_stream")

    def channel(self, listed: str, by_key: str) -> str:
        """What the names of the channels of a table's rows begin with."""
        return by_key if self.name == "camel" else listed

    def mutation_field(self, kind: MutationKind, listed: str, by_key: str, table: str) -> str:
        """A root field of Mutation."""
        if self.name == "hasura":
            return self.mutations[kind].format(table)
        return self.mutations[kind].format(*(name[:1].upper() + name[1:] for name in (listed, by_key)))

    def operation(self, operation: Operation) -> str:
        """The argument that holds what an update does: `deleteKey`, `_delete_key`."""
        return _camel(operation) if self.name == "camel" else f"_{operation}"

    def made(self, what: Made, model: str, table: str) -> str:
        """A type that is made for a table; kinds of one shape may share a type."""
        return self.types[what].format(model if self.name == "camel" else table)

    def orders(self, what: ColumnFunction, model: str, table: str) -> str:
        """The input that orders by the aggregates of one kind."""
        made = self.made(what, model, table)
        return made + "OrderBy" if self.name == "camel" else made.removesuffix("_fields") + "_order_by"

    def filters(self, what: ColumnFunction, model: str, table: str) -> str:
        """The input that filters by the aggregates of one kind."""
        made = self.made(what, model, table)
        return made + "Filter" if self.name == "camel" else made.removesuffix("_fields") + "_bool_exp"

    def word(self, word: str) -> str:
        """A word of ours that has several parts: `stddevPop`, `stddev_pop`."""
        return _camel(word) if self.name == "camel" else word

    def operator(self, operator: str) -> str:
        """The word of an operator: the same in both namings but for the case of `_isNull`, `_is_null`."""
        return f"_{_camel(operator) if self.name == 'camel' else operator}"

    def scalar(self, type: Type) -> str:
        """The GraphQL type of a value; of a file, that by which it is given."""
        if type.file:
            return UPLOAD
        return type.enum.name if type.enum else self.scalars[type.kind]

    def key(self, type: Type) -> str:
        """The object type that holds the parts of a moment by which rows are grouped."""
        return self.scalar(type) + ("Key" if self.name == "camel" else "_key")

    def key_order(self, type: Type) -> str:
        """The input that orders groups by parts of a moment."""
        return self.key(type) + ("OrderBy" if self.name == "camel" else "_order_by")

    def comparison(self, type: Type) -> str:
        """The input type that holds a value's operators."""
        return (FILE_TYPE if type.file else self.scalar(type)) + self.comparison_suffix


def _first_lower(name: str) -> str:
    head = re.match(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+\Z|[A-Z]", name)
    return head[0].lower() + name[head.end() :] if head else name


@lru_cache(1_000)
def _camel(name: str) -> str:
    lead = len(name) - len(name.lstrip("_"))
    return name[:lead] + inflection.camelize(name[lead:], uppercase_first_letter=False)


CAMEL = Naming(
    name="camel",
    query="Query",
    mutation="Mutation",
    subscription="Subscription",
    order_by="orderBy",
    distinct_on="distinctOn",
    is_null="_isNull",
    directions={
        "ASC": (False, None),
        "ASC_NULLS_FIRST": (False, True),
        "ASC_NULLS_LAST": (False, False),
        "DESC": (True, None),
        "DESC_NULLS_FIRST": (True, True),
        "DESC_NULLS_LAST": (True, False),
    },
    order_enum="Order",
    scalars={
        Kind.INT: "Int",
        Kind.BIGINT: "BigInt",
        Kind.FLOAT: "Float",
        Kind.DECIMAL: "Decimal",
        Kind.TEXT: "String",
        Kind.BOOL: "Boolean",
        Kind.DATETIME: "DateTime",
        Kind.NAIVE_DATETIME: "NaiveDateTime",
        Kind.DATE: "Date",
        Kind.TIME: "Time",
        Kind.DURATION: "Duration",
        Kind.UUID: "UUID",
        Kind.JSON: "JSON",
        Kind.BYTES: "Bytes",
    },
    comparison_suffix="Comparison",
    types={
        "filter": "{}Filter",
        "list_filter": "{}ListFilter",
        "order": "{}OrderBy",
        "column": "{}Column",
        "aggregate": "{}Aggregate",
        "fields": "{}AggregateFields",
        "sum": "{}Sum",
        "avg": "{}Spread",
        "stddev": "{}Spread",
        "stddev_pop": "{}Spread",
        "stddev_samp": "{}Spread",
        "variance": "{}Spread",
        "var_pop": "{}Spread",
        "var_samp": "{}Spread",
        "min": "{}Extremes",
        "max": "{}Extremes",
        "aggregate_order": "{}AggregateOrderBy",
        "aggregate_filter": "{}AggregateFilter",
        "count_filter": "{}CountFilter",
        "group": "{}Group",
        "group_by": "{}GroupBy",
        "group_order": "{}GroupOrderBy",
        "key": "{}Key",
        "key_order": "{}KeyOrderBy",
        "connection": "{}Connection",
        "edge": "{}Edge",
        "create": "{}Create",
        "create_one": "{}CreateOne",
        "create_many": "{}CreateMany",
        "conflict": "{}Conflict",
        "constraint": "{}Constraint",
        "update_column": "{}UpdateColumn",
        "set": "{}Set",
        "inc": "{}Inc",
        "append": "{}Append",
        "prepend": "{}Prepend",
        "delete_key": "{}DeleteKey",
        "delete_elem": "{}DeleteElem",
        "delete_at_path": "{}DeleteAtPath",
        "primary_key": "{}PrimaryKey",
        "updates": "{}Updates",
        "change": "{}Change",
        "update_one": "{}UpdateOne",
        "update_many": "{}UpdateMany",
        "mutation": "{}Mutation",
        "change_event": "{}ChangeEvent",
        "change_key": "{}ChangeKey",
        "stream_cursor": "{}StreamCursor",
        "stream_value": "{}StreamValue",
    },
    count_where="where",
    count_columns="columns",
    count_predicate=None,
    node_id="nodeId",
    mutations={
        "create": "create{0}",
        "create_one": "create{1}",
        "update": "update{0}",
        "update_one": "update{1}",
        "update_many": "update{0}Many",
        "delete": "delete{0}",
        "delete_one": "delete{1}",
    },
    if_version="ifVersion",
    pk_columns=None,
    change_operation="ChangeOperation",
    cursor_ordering="CursorOrdering",
    cursor_orderings={"ASC": False, "DESC": True},
)

HASURA = Naming(
    name="hasura",
    query="query_root",
    mutation="mutation_root",
    subscription="subscription_root",
    order_by="order_by",
    distinct_on="distinct_on",
    is_null="_is_null",
    directions={key.lower(): value for key, value in CAMEL.directions.items()},
    order_enum="order_by",
    scalars={
        Kind.INT: "Int",
        Kind.BIGINT: "bigint",
        Kind.FLOAT: "float8",
        Kind.DECIMAL: "numeric",
        Kind.TEXT: "String",
        Kind.BOOL: "Boolean",
        Kind.DATETIME: "timestamptz",
        Kind.NAIVE_DATETIME: "timestamp",
        Kind.DATE: "date",
        Kind.TIME: "time",
        Kind.DURATION: "interval",
        Kind.UUID: "uuid",
        Kind.JSON: "jsonb",
        Kind.BYTES: "bytea",
    },
    comparison_suffix="_comparison_exp",
    types={
        "filter": "{}_bool_exp",
        "list_filter": "{}_bool_exp",
        "order": "{}_order_by",
        "column": "{}_select_column",
        "aggregate": "{}_aggregate",
        "fields": "{}_aggregate_fields",
        "sum": "{}_sum_fields",
        "avg": "{}_avg_fields",
        "stddev": "{}_stddev_fields",
        "stddev_pop": "{}_stddev_pop_fields",
        "stddev_samp": "{}_stddev_samp_fields",
        "variance": "{}_variance_fields",
        "var_pop": "{}_var_pop_fields",
        "var_samp": "{}_var_samp_fields",
        "min": "{}_min_fields",
        "max": "{}_max_fields",
        "aggregate_order": "{}_aggregate_order_by",
        "aggregate_filter": "{}_aggregate_bool_exp",
        "count_filter": "{}_aggregate_bool_exp_count",
        "group": "{}_group",
        "group_by": "{}_group_by",
        "group_order": "{}_group_order_by",
        "key": "{}_key",
        "key_order": "{}_key_order_by",
        "connection": "{}Connection",
        "edge": "{}Edge",
        "create": "{}_insert_input",
        "create_one": "{}_obj_rel_insert_input",
        "create_many": "{}_arr_rel_insert_input",
        "conflict": "{}_on_conflict",
        "constraint": "{}_constraint",
        "update_column": "{}_update_column",
        "set": "{}_set_input",
        "inc": "{}_inc_input",
        "append": "{}_append_input",
        "prepend": "{}_prepend_input",
        "delete_key": "{}_delete_key_input",
        "delete_elem": "{}_delete_elem_input",
        "delete_at_path": "{}_delete_at_path_input",
        "primary_key": "{}_pk_columns_input",
        "updates": "{}_updates",
        "change": "{}_change_input",
        "update_one": "{}_obj_rel_update_input",
        "update_many": "{}_arr_rel_update_input",
        "mutation": "{}_mutation_response",
        "change_event": "{}_change_event",
        "change_key": "{}_change_key",
        "stream_cursor": "{}_stream_cursor_input",
        "stream_value": "{}_stream_cursor_value_input",
    },
    count_where="filter",
    count_columns="arguments",
    count_predicate="predicate",
    node_id="node_id",
    mutations={
        "create": "insert_{}",
        "create_one": "insert_{}_one",
        "update": "update_{}",
        "update_one": "update_{}_by_pk",
        "update_many": "update_{}_many",
        "delete": "delete_{}",
        "delete_one": "delete_{}_by_pk",
    },
    if_version="if_version",
    pk_columns="pk_columns",
    change_operation="change_operation",
    cursor_ordering="cursor_ordering",
    cursor_orderings={"ASC": False, "DESC": True},
)

NAMINGS: Mapping[NamingName, Naming] = {"camel": CAMEL, "hasura": HASURA}
