"""What a comparison found → the scripts that do it safely, as operations.

In: operations of `compare`, and Wanted. Out: those of one script, and the indexes of tables that are there already,
which get a script of their own: PostgreSQL makes them beside its writers only outside of a transaction. A column that
must not be null is added with a default where its model has one, which costs nothing; or else nullable, with a place
for filling it, and NOT NULL then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...resolvers.dialect import quote
from .compare import AddLabels, flat
from .wanted import Wanted


@dataclass(frozen=True, slots=True)
class Draft:
    """Operations that become scripts: of one, of one for indexes, and what undoes the first."""

    upgrade: list[ops.MigrateOperation] = field(default_factory=list[ops.MigrateOperation])
    downgrade: list[ops.MigrateOperation] = field(default_factory=list[ops.MigrateOperation])
    indexes: list[ops.CreateIndexOp] = field(default_factory=list[ops.CreateIndexOp])


class Fill(ops.MigrateOperation):
    """The place where a column is filled that is to be NOT NULL; `value` is what its model says, or None."""

    def __init__(self, table: str, column: sa.Column[Any], schema: str | None, value: str | None) -> None:
        self.table = table
        self.column = column
        self.schema = schema
        self.value = value


class MakeEnum(ops.MigrateOperation):
    """A type of PostgreSQL's that a new column has, which ADD COLUMN doesn't make."""

    def __init__(self, type: sa.Enum) -> None:
        self.type = type


class DropEnum(ops.MigrateOperation):
    """A type of PostgreSQL's goes, once nothing has it any more, so that the script can be run again."""

    def __init__(self, type: sa.Enum) -> None:
        self.type = type


class Rename(ops.MigrateOperation):
    """A column gets another name, and keeps what it has."""

    def __init__(self, table: str, schema: str | None, old: str, new: str) -> None:
        self.table, self.schema, self.old, self.new = table, schema, old, new

    def reverse(self) -> Rename:
        """The old name again."""
        return Rename(self.table, self.schema, self.new, self.old)


class Retype(ops.AlterColumnOp):
    """A column gets another type: PostgreSQL is told how its values become that."""


def draft(operations: Sequence[ops.MigrateOperation], wanted: Wanted, renames: Sequence[Rename] = ()) -> Draft:
    """The scripts of some operations, after `renames`."""
    made = {each.table_name for each in operations if isinstance(each, ops.CreateTableOp)}
    found = Draft()
    found.upgrade.extend(each for each in operations if isinstance(each, AddLabels))
    operations = [each for each in operations if not isinstance(each, AddLabels)]
    plain: list[ops.MigrateOperation] = [*renames]
    schemas = sorted({each.schema for each in operations if isinstance(each, ops.CreateTableOp) and each.schema})
    found.upgrade.extend(ops.ExecuteSQLOp(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}") for schema in schemas)
    found.upgrade.extend(renames)
    for each in operations:
        if not isinstance(each, ops.ModifyTableOps) or each.table_name in made:
            found.upgrade.append(each)
            plain.append(each)
            continue
        later = [one for one in each.ops if isinstance(one, ops.CreateIndexOp)]
        now = [_told(one) for one in each.ops if one not in later]
        found.indexes.extend(later)
        if now:
            found.upgrade.extend(_safely(each, now, wanted))
            plain.append(ops.ModifyTableOps(each.table_name, now, schema=each.schema))
    found.downgrade.extend(_back(each.reverse()) for each in reversed(plain))
    found.downgrade.extend(DropEnum(each) for each in _own_enums(operations, wanted))
    return found


def _own_enums(operations: Sequence[ops.MigrateOperation], wanted: Wanted) -> list[sa.Enum]:
    """The enums of new columns which no other column has."""
    added: dict[tuple[str | None, str, str], Any] = {}
    for each in flat(operations):
        match each:
            case ops.CreateTableOp():
                columns = [column for column in each.columns if isinstance(column, sa.Column)]
                added |= {(each.schema, each.table_name, column.name): column.type for column in columns}
            case ops.AddColumnOp():
                added[each.schema, each.table_name, each.column.name] = each.column.type
            case _:
                pass
    others = {
        (column.type.schema, column.type.name)
        for table in wanted.tables
        for column in table.columns
        if isinstance(column.type, sa.Enum) and (table.schema, table.name, column.name) not in added
    }
    own = {(type.schema, type.name): type for type in added.values() if isinstance(type, sa.Enum) and type.native_enum}
    return [type for name, type in own.items() if name not in others and type.name]


def _back(operation: ops.MigrateOperation) -> ops.MigrateOperation:
    """The same, with columns that come back nullable: nobody knows any more what was in them."""
    if isinstance(operation, ops.ModifyTableOps):
        return ops.ModifyTableOps(operation.table_name, [*map(_back, operation.ops)], schema=operation.schema)
    if isinstance(operation, ops.AddColumnOp) and operation.column.server_default is None:
        made: sa.Column[Any] = sa.Column(operation.column.name, operation.column.type, nullable=True)
        return ops.AddColumnOp(operation.table_name, made, schema=operation.schema)
    return operation


def _told(operation: ops.MigrateOperation) -> ops.MigrateOperation:
    if isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
        made = Retype(operation.table_name, operation.column_name)
        made.__dict__.update(operation.__dict__)
        return made
    return operation


def _safely(
    group: ops.ModifyTableOps, operations: Iterable[ops.MigrateOperation], wanted: Wanted
) -> Iterator[ops.MigrateOperation]:
    """The same in an order in which rows that are there already don't stand in the way."""
    name, schema = group.table_name, group.schema

    def of_table(*given: ops.MigrateOperation) -> ops.ModifyTableOps:
        return ops.ModifyTableOps(name, given, schema=schema)

    first: list[ops.MigrateOperation] = []
    then: list[ops.MigrateOperation] = []
    before: list[ops.MigrateOperation] = []
    between: list[ops.MigrateOperation] = []
    for each in operations:
        match each:
            case ops.AddColumnOp():
                if isinstance(each.column.type, sa.Enum):
                    before.append(MakeEnum(each.column.type))
                added, filled, last = _added(each, name, schema)
                first.append(added)
                between.extend(filled)
                then.extend(last)
            case ops.AlterColumnOp(modify_nullable=False):
                column = _table(wanted, name, schema).columns[each.column_name]
                between.append(Fill(name, column, schema, default_of(column)))
                then.append(each)
            case ops.DropConstraintOp() | ops.DropIndexOp():
                first.append(each)
            case _:
                then.append(each)
    yield from before
    if first:
        yield of_table(*first)
    yield from between
    if then:
        yield of_table(*then)


def _added(
    operation: ops.AddColumnOp, table: str, schema: str | None
) -> tuple[ops.AddColumnOp, list[ops.MigrateOperation], list[ops.MigrateOperation]]:
    column = operation.column
    if column.nullable or column.server_default is not None or column.computed is not None:
        return operation, [], []
    default = default_of(column)
    made: sa.Column[Any] = sa.Column(column.name, column.type, nullable=default is None, server_default=default)
    last = ops.AlterColumnOp(
        table,
        column.name,
        schema=schema,
        existing_type=column.type,
        modify_nullable=False if default is None else None,
        modify_server_default=False if default is None else None,
        existing_nullable=None if default is None else False,
    )
    filled: list[ops.MigrateOperation] = [Fill(table, column, schema, None)] if default is None else []
    return ops.AddColumnOp(table, made, schema=schema), filled, [last]


def _table(wanted: Wanted, name: str, schema: str | None) -> sa.Table:
    return wanted.metadata.tables[f"{schema}.{name}" if schema else name]


def plain(type: Any) -> Any:
    """What a type is in the database, such as the String that SQLModel's AutoString is."""
    return type.impl_instance if isinstance(type, sa.types.TypeDecorator) else type


def default_of(column: sa.Column[Any]) -> str | None:
    """A model's default as both databases take it between quotes; None where it has none, or one that changes."""
    default: Any = column.default
    if default is None:
        return None
    if default.is_callable:
        try:
            given = default.arg(None)
        except Exception:
            return None
        # An empty list is always that; a moment or a random id is another for each row.
        return {list: "[]", dict: "{}"}.get(type(given)) if not given else None
    given = default.arg if default.is_scalar else None
    if isinstance(given, Enum):
        given = given.name if isinstance(column.type, sa.Enum) else given.value
    match given:
        case bool():
            return "1" if given else "0"
        case int() | float():
            return repr(given)
        case str() if not given.startswith("'") and not given.endswith("'"):  # which alembic takes for quotes
            return given
        case _:
            return None
