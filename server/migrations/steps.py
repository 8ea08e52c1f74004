"""What a step of a migration means: what it locks, what it loses, and what it may fail by.

In: operations of a Draft, for one database. Out: Steps, in words, with the statement that counts the rows that stand in
the way or are lost, where there is one. What is said of locks is PostgreSQL's documentation of ALTER TABLE and CREATE
INDEX; SQLite has one writer, which a step holds until its script is done, and copies a table for most changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...resolvers.dialect import quote
from .compare import AddLabels, flat
from .drafts import Draft, Fill, MakeEnum, Rename, Retype, plain

_MOMENT = "ACCESS EXCLUSIVE on {table}, for a moment: nothing is scanned or rewritten"
_SCAN = "ACCESS EXCLUSIVE on {table} while it is scanned"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `name` is that of what it drops or narrows, for --allow-drop; "" where it is harmless. `count` is the
    statement that counts the rows that `loses` or `fails` speaks of.
    """

    what: str
    locks: str
    name: str = ""
    loses: str = ""
    fails: str = ""
    count: str = ""
    hint: str = ""

    def lines(self, counted: int | None) -> Iterator[str]:
        """As it is printed; `counted` rows of the database at hand, None where nobody looked."""
        rows = "" if counted is None else f" ({counted:,} row{'' if counted == 1 else 's'} here)"
        yield self.what
        yield f"  locks: {self.locks}"
        yield f"  loses: {self.loses}{rows if self.loses else ''}" if self.loses else "  loses: nothing"
        if self.fails:
            yield f"  may fail: {self.fails}{rows if not self.loses else ''}"
        if self.hint:
            yield f"  hint: {self.hint}"


def steps(draft: Draft, dialect: str) -> list[Step]:
    """The steps of a draft, in the order in which they run."""
    sqlite = dialect == "sqlite"
    found = [step for each in draft.upgrade if isinstance(each, AddLabels) for step in _labelled(each)]
    found += [step for each in flat(draft.upgrade) for step in _steps(each, sqlite)]
    found += [_index(each, sqlite) for each in draft.indexes]
    return _renamed(found, draft)


def _steps(operation: ops.MigrateOperation, sqlite: bool) -> Iterator[Step]:
    copied = "the one writer, while the table is copied"
    match operation:
        case ops.CreateTableOp():
            table = _name(operation.table_name, operation.schema)
            to = sorted({key.column.table.fullname for key in operation.to_table().foreign_keys} - {table})
            others = f"SHARE ROW EXCLUSIVE on {', '.join(to)}, for a moment" if to else "nothing that is there"
            yield Step(f"create table {table}", "the one writer, for a moment" if sqlite else others)
        case ops.DropTableOp():
            table = _name(operation.table_name, operation.schema)
            locks = "the one writer, for a moment" if sqlite else _MOMENT.format(table=table)
            yield Step(f"drop table {table}", locks, table, "all its rows", count=_count(operation))
        case ops.AddColumnOp():
            yield _added(operation, sqlite)
        case ops.DropColumnOp():
            table = _name(operation.table_name, operation.schema)
            column = f"{table}.{operation.column_name}"
            locks = copied if sqlite else _MOMENT.format(table=table)
            where = f"{quote(operation.column_name)} IS NOT NULL"
            yield Step(f"drop column {column}", locks, column, "all its values", count=_count(operation, where))
        case Rename():
            table = _name(operation.table, operation.schema)
            locks = copied if sqlite else _MOMENT.format(table=table)
            yield Step(f"rename column {table}.{operation.old} to {operation.new}", locks)
        case ops.AlterColumnOp():
            yield from _altered(operation, sqlite)
        case ops.CreateForeignKeyOp():
            yield _leading(operation, sqlite)
        case ops.CreateUniqueConstraintOp():
            table = _name(operation.table_name, operation.schema)
            columns = [str(getattr(column, "name", column)) for column in operation.columns]
            locks = copied if sqlite else f"ACCESS EXCLUSIVE on {table} while its index is made"
            of = ", ".join(columns)
            count = _duplicates(operation, columns)
            fails = "rows that have the same"
            yield Step(f"make unique {table} ({of})", locks, fails=fails, count=count)
        case ops.DropConstraintOp():
            table = _name(operation.table_name, operation.schema)
            locks = copied if sqlite else _MOMENT.format(table=table)
            yield Step(f"drop constraint {operation.constraint_name} of {table}", locks)
        case ops.DropIndexOp():
            table = _name(operation.table_name or "", operation.schema)
            locks = "the one writer, for a moment" if sqlite else _MOMENT.format(table=table)
            yield Step(f"drop index {operation.index_name} of {table}", locks)
        case ops.CreateIndexOp():  # of a table that the same script makes
            what = f"create index {operation.index_name} on {operation.table_name}"
            yield Step(what, "the one writer, for a moment" if sqlite else "nothing that is there")
        case Fill() | MakeEnum() | AddLabels() | ops.ExecuteSQLOp():
            return
        case _:
            yield Step(type(operation).__name__, "not known")


def _labelled(operation: AddLabels) -> Iterator[Step]:
    type = operation.labels.type
    for label, before in operation.labels.labels:
        place = f" before {before}" if before else ""
        yield Step(f"add label {label} to type {type}{place}", f"the type {type}, for a moment: no table is touched")


def _added(operation: ops.AddColumnOp, sqlite: bool) -> Step:
    table = _name(operation.table_name, operation.schema)
    column = operation.column
    locks = "the one writer, for a moment" if sqlite else _MOMENT.format(table=table)
    default: Any = column.server_default
    given = getattr(default, "arg", None)
    told = f", rows that are there get {given}" if isinstance(given, str) else ""
    return Step(f"add column {table}.{column.name}{told}", locks)


def _altered(operation: ops.AlterColumnOp, sqlite: bool) -> Iterator[Step]:
    table, column = _name(operation.table_name, operation.schema), operation.column_name
    copied = "the one writer, while the table is copied"
    if isinstance(operation, Retype):
        there, wanted = plain(operation.existing_type), plain(operation.modify_type)
        narrows = _narrows(there, wanted)
        rewrites = "ACCESS EXCLUSIVE on {table} while it and its indexes are rewritten"
        texts = isinstance(there, sa.String) and isinstance(wanted, sa.String)
        locks = copied if sqlite else (_MOMENT if texts and not narrows else rewrites).format(table=table)
        what = f"change type of {table}.{column} from {there} to {wanted}"
        if not narrows:
            yield Step(what, locks)
        elif isinstance(wanted, sa.String) and wanted.length:
            where = f"length(CAST({quote(column)} AS TEXT)) > {wanted.length}"
            fails = "values that are longer, which PostgreSQL refuses and SQLite keeps"
            yield Step(what, locks, f"{table}.{column}", "", fails, _count(operation, where))
        else:
            fails = "" if sqlite else "values that are none of the new type"
            yield Step(what, locks, f"{table}.{column}", "what the new type can't hold", fails)
    if operation.modify_nullable is False:
        fails = "rows that have nothing in it, unless the script fills them"
        where = f"{quote(column)} IS NULL"
        locks = copied if sqlite else _SCAN.format(table=table)
        # A column that this migration adds has no rows to count yet: all of them are empty.
        added = operation.existing_nullable is None
        count = _count(operation) if added else _count(operation, where)
        hint = (
            "let one migration add it, fill it while the server runs, and have the next set NOT NULL" if added else ""
        )
        yield Step(f"set {table}.{column} NOT NULL", locks, fails=fails, count=count, hint=hint)
    elif operation.modify_nullable is True:
        yield Step(
            f"let {table}.{column} be null",
            copied if sqlite else _MOMENT.format(table=table),
        )


def _leading(operation: ops.CreateForeignKeyOp, sqlite: bool) -> Step:
    schema, target_schema = operation.kw.get("source_schema"), operation.kw.get("referent_schema")
    table, target = _name(operation.source_table, schema), _name(operation.referent_table, target_schema)
    locks = (
        "the one writer, while the table is copied"
        if sqlite
        else f"SHARE ROW EXCLUSIVE on {table} and {target}" + (f" while {table} is scanned")
    )
    pairs = [*zip(operation.local_cols, operation.remote_cols, strict=True)]
    same = " AND ".join(f"o.{quote(remote)} = t.{quote(local)}" for local, remote in pairs)
    there = " AND ".join(f"t.{quote(local)} IS NOT NULL" for local, _ in pairs)
    count = (
        f"SELECT count(*) FROM {_quoted(operation.source_table, schema)} t WHERE {there}"  # noqa: S608
        f" AND NOT EXISTS (SELECT 1 FROM {_quoted(operation.referent_table, target_schema)} o WHERE {same})"
    )
    what = f"have {table} ({', '.join(operation.local_cols)}) lead to {target}"
    return Step(what, locks, fails=f"rows that lead to no row of {target}", count=count)


def _index(operation: ops.CreateIndexOp, sqlite: bool) -> Step:
    table = _name(operation.table_name, operation.schema)
    beside = f"SHARE UPDATE EXCLUSIVE on {table}, beside those who read and write, while it is scanned twice"
    locks = "the one writer, while the table is scanned" if sqlite else beside
    unique = "unique index" if operation.unique else "index"
    what = f"create {unique} {operation.index_name} on {table}"
    if not operation.unique:
        return Step(what, locks)
    columns = [str(getattr(column, "name", column)) for column in operation.columns]
    return Step(what, locks, fails="rows that have the same", count=_duplicates(operation, columns))


def _narrows(there: Any, wanted: Any) -> bool:
    """Whether some value of one type is none of another."""
    if isinstance(wanted, sa.String) and not wanted.length:
        return False
    if isinstance(there, sa.String) and isinstance(wanted, sa.String):
        return not there.length or there.length > (wanted.length or 0)
    ranks = [_rank(there), _rank(wanted)]
    return not (all(ranks) and ranks[0] <= ranks[1])


def _rank(type: Any) -> int:
    for rank, kind in ((1, sa.SmallInteger), (3, sa.BigInteger), (2, sa.Integer)):
        if isinstance(type, kind):
            return rank
    return 0


def _renamed(found: list[Step], draft: Draft) -> list[Step]:
    """The same, with a hint where a column goes and one comes: it may be the same."""
    told: list[Step] = []
    for step in found:
        table, _, column = step.name.rpartition(".")
        added = [
            each.column.name
            for each in flat(draft.upgrade)
            if isinstance(each, ops.AddColumnOp) and _name(each.table_name, each.schema) == table
        ]
        if step.what.startswith("drop column") and added:
            hint = f"if {column} only has another name now, write --rename {step.name}={added[0]}"
            step = Step(step.what, step.locks, step.name, step.loses, step.fails, step.count, hint)
        told.append(step)
    return told


def destructive(found: Iterable[Step]) -> list[Step]:
    """Those that have to be allowed by name."""
    return [step for step in found if step.name]


def _name(table: str, schema: str | None) -> str:
    return f"{schema}.{table}" if schema else table


def _quoted(table: str, schema: str | None) -> str:
    return f"{quote(schema)}.{quote(table)}" if schema else quote(table)


def _count(operation: Any, where: str = "") -> str:
    text = f"SELECT count(*) FROM {_quoted(operation.table_name, operation.schema)}"  # noqa: S608
    return f"{text} WHERE {where}" if where else text


def _duplicates(operation: Any, columns: list[str]) -> str:
    names = ", ".join(map(quote, columns))
    there = " AND ".join(f"{quote(column)} IS NOT NULL" for column in columns)
    return (
        f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {_quoted(operation.table_name, operation.schema)}"  # noqa: S608
        f" WHERE {there} GROUP BY {names} HAVING count(*) > 1) s"
    )
