"""A database beside the tables that it should have → what would change it, as operations of alembic's.

In: an open connection, and Wanted. Out: operations in an order in which they can run, constraints with names. Names are
those that PostgreSQL gives by itself, so that a script that was made on SQLite, which gives none, finds them there too.
alembic looks neither at labels of enums, nor at what is unique in SQLite without a name: that is done here.
Server defaults, comments and CHECK constraints are not compared, for databases don't give them back as they were said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import ops

from ..enums import Lacking, lacking
from ..tables import kept_as_it_is, keys_of_sqlite, unknown_types
from .wanted import UNTOLD, Wanted

NAMES = {
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
}
"""How PostgreSQL names constraints that have no name."""


def compare(connection: sa.Connection, wanted: Wanted, *, alone: bool) -> list[ops.MigrateOperation]:
    """What a database lacks, and has too much; `alone` where all its tables are ours. Of other databases, tables that
    no model names are nobody's business here.
    """

    def included(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        if kind == "table":
            return name not in UNTOLD and (alone or not reflected or compare_to is not None)
        return kind != "column" or not kept_as_it_is(thing, compare_to)

    def named(name: str | None, kind: str, parents: Any) -> bool:
        return kind != "schema" or name in {None, *wanted.schemas}

    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_schemas": bool(wanted.schemas),
            "include_object": included,
            "include_name": named,
        },
    )
    with unknown_types():
        upgrade = produce_migrations(context, wanted.metadata).upgrade_ops
    keys = keys_of_sqlite(connection, wanted.tables)
    for each in upgrade.ops if upgrade else ():
        if isinstance(each, ops.ModifyTableOps):
            each.ops[:] = [one for one in each.ops if not _only_of_key(one, keys)]
    found = [each for each in upgrade.ops if not isinstance(each, ops.ModifyTableOps) or each.ops] if upgrade else []
    for each in flat(found):
        _name(each)
    if connection.dialect.name == "sqlite":
        found = [*_unique_no_more(connection, wanted), *found]
    found = [*(AddLabels(each) for each in lacking(connection, wanted.tables)), *found]
    return [_created(each) if isinstance(each, ops.CreateTableOp) else each for each in found]


class AddLabels(ops.MigrateOperation):
    """A type of PostgreSQL's gets labels that its enum has by now."""

    def __init__(self, labels: Lacking) -> None:
        self.labels = labels


def _unique_no_more(connection: sa.Connection, wanted: Wanted) -> Iterator[ops.ModifyTableOps]:
    """What drops constraints that have no name, for tables that alembic did not make."""
    inspector: Any = sa.inspect(connection)
    for table in wanted.tables:
        if not inspector.has_table(table.name):
            continue
        kept = {
            frozenset(column.name for column in each.columns)
            for each in table.constraints
            if isinstance(each, sa.UniqueConstraint)
        }
        there = [each for each in inspector.get_unique_constraints(table.name) if each["name"] is None]
        gone = [each["column_names"] for each in there if frozenset(each["column_names"]) not in kept]
        drops: list[ops.MigrateOperation] = []
        for columns in gone:
            constraint = sa.UniqueConstraint(*columns, name=f"{table.name}_{'_'.join(columns)}_key")
            sa.Table(table.name, sa.MetaData(), *(sa.Column(each, sa.Text) for each in columns), constraint)
            drops.append(ops.DropConstraintOp.from_constraint(constraint))
        if drops:
            yield ops.ModifyTableOps(table.name, drops)


def _only_of_key(operation: ops.MigrateOperation, keys: set[tuple[str, str]]) -> bool:
    """Whether it has a key be not null, and changes nothing else."""
    return (
        isinstance(operation, ops.AlterColumnOp)
        and (operation.table_name, operation.column_name) in keys
        and operation.modify_nullable is False
        and operation.modify_type is None
        and operation.modify_name is None
        and operation.modify_server_default is False
    )


def _created(operation: ops.CreateTableOp) -> ops.CreateTableOp:
    """The same with named constraints: SQLite would forget which they are, and alembic not see that one goes."""
    table = operation.to_table()
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint) and constraint.name is None:
            constraint.name = f"{table.name}_{'_'.join(column.name for column in constraint.columns)}_key"
    return ops.CreateTableOp.from_table(table)


def flat(operations: Sequence[ops.MigrateOperation]) -> Iterator[ops.MigrateOperation]:
    """Single operations, without what groups them by tables."""
    for each in operations:
        if isinstance(each, ops.ModifyTableOps):
            yield from each.ops
        else:
            yield each


def _name(operation: ops.MigrateOperation) -> None:
    match operation:
        case ops.CreateForeignKeyOp() if operation.constraint_name is None:
            operation.constraint_name = f"{operation.source_table}_{'_'.join(operation.local_cols)}_fkey"
        case ops.CreateUniqueConstraintOp() if operation.constraint_name is None:
            operation.constraint_name = f"{operation.table_name}_{'_'.join(operation.columns)}_key"
        case ops.DropConstraintOp() if operation.constraint_name is None:
            constraint = operation.to_constraint()
            columns = [column.name for column in getattr(constraint, "columns", ())]
            kind = "fkey" if isinstance(constraint, sa.ForeignKeyConstraint) else "key"
            operation.constraint_name = f"{operation.table_name}_{'_'.join(columns)}_{kind}"
        case _:
            pass
