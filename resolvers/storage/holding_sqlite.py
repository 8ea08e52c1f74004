"""The triggers of `holding` in SQLite, where ids are 32 hex digits, in lists with dashes.

INSERT OR REPLACE deletes rows without firing their triggers: so the files of rows that a row may replace are set aside
before, and freed once it is in, as it could not be with those rows still there. What clashes is known by the keys that
the model declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...schema.catalog import Table, TableName
from ...schema.files import NOT_HELD, NOT_IDS, TABLE, TOO_MANY, TWICE
from ...schema.triggers import Event, Trigger, When
from ...schema.types import INTEGERS
from ..dialect import literal, quote
from .holding_column import HoldingColumn
from .tables import REPLACED

_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
"""The moment, as SQLAlchemy writes moments there."""
_ID = "-".join("[0-9a-f]" * digits for digits in (8, 4, 4, 4, 12))


def triggers(table: Table, columns: Sequence[HoldingColumn]) -> Iterator[Trigger]:
    """Those of one table."""
    such = f"FROM {REPLACED.name} WHERE model = {literal(table.key)}"
    gone = f"DELETE {such}"
    free = _free(f"SELECT file_id {such}", f"model = {literal(table.key)}")
    yield _trigger(table, "before", "insert", "", [gone, *(_aside(each, "") for each in columns)])
    held = [f"NEW.{each.sql} IS NOT NULL" for each in columns]
    came = [statement for each in columns for statement in _come(each, None)]
    yield _trigger(table, "after", "insert", _any([*held, f"EXISTS (SELECT 1 {such})"]), [free, gone, *came])
    moved = _any([f"NEW.{key} IS NOT OLD.{key}" for key in _keys(table)])
    other = " AND ".join(f"o.{key} IS OLD.{key}" for key in _primary(table))
    aside = [_aside(each, f" AND NOT ({other})") for each in columns]
    yield _trigger(table, "before", "update", moved, [gone, *aside])
    others = [f"NEW.{each.sql} IS NOT OLD.{each.sql}" for each in columns]
    statements = [f"{free} AND ({moved})", f"{gone} AND ({moved})"]
    for each in columns:
        lost = f"SELECT id FROM ({_ids(each, 'OLD')}) WHERE id NOT IN ({_ids(each, 'NEW')})"
        statements += [_free(lost, each.such), *_come(each, "OLD")]
    yield _trigger(table, "after", "update", _any([*others, moved]), statements)
    held = [f"OLD.{each.sql} IS NOT NULL" for each in columns]
    yield _trigger(table, "after", "delete", _any(held), [_free(_ids(each, "OLD"), each.such) for each in columns])


def _trigger(table: Table, when: When, event: Event, condition: str, statements: Sequence[str]) -> Trigger:
    name: TableName = (table.sql_schema, table.sql)
    body = "; ".join(statements)
    return Trigger(
        name=f"file_{when}_{event}", table=name, event=event, when=when, condition=condition, sqlite=body, aside=True
    )


def _any(conditions: Sequence[str]) -> str:
    return " OR ".join(conditions)


def _primary(table: Table) -> list[str]:
    return [quote(table.columns[name].sql) for name in table.primary_key]


def _keys(table: Table) -> list[str]:
    names = {name for unique in table.uniques for name in unique.columns} | {*table.primary_key}
    return sorted(quote(table.columns[name].sql) for name in names)


def _clash(table: Table) -> str:
    """Whether a row `o` can't be there beside the row NEW."""
    found: list[str] = []
    for names in dict.fromkeys((table.primary_key, *(unique.columns for unique in table.uniques))):
        pairs = [(quote(table.columns[name].sql), table.columns[name].type.kind) for name in names]
        # Where SQLite is yet to make an INTEGER PRIMARY KEY, NEW has -1.
        made = names == table.primary_key and len(names) == 1 and pairs[0][1] in INTEGERS
        same = " AND ".join(f"o.{sql} = NEW.{sql}{f' AND NEW.{sql} IS NOT -1' if made else ''}" for sql, _ in pairs)
        found.append(f"({same})")
    return " OR ".join(found)


def _aside(column: HoldingColumn, more: str) -> str:
    """Sets the files aside of rows that the row NEW may replace."""
    table = column.table
    into = f"INSERT INTO {REPLACED.name} (model, file_id) SELECT {literal(table.key)}"
    such = f"({_clash(table)}){more}"
    if column.file.many:
        ids = f"replace(n.value, '-', '') FROM {quote(table.sql)} AS o, json_each({_list(column, 'o')}) AS n"
        return f"{into}, {ids} WHERE {such} AND n.type = 'text'"
    return f"{into}, o.{column.sql} FROM {quote(table.sql)} AS o WHERE {such} AND o.{column.sql} IS NOT NULL"


def _list(column: HoldingColumn, row: str) -> str:
    """A row's list, or an empty one of what is none."""
    cell = f"{row}.{column.sql}"
    return f"CASE WHEN typeof({cell}) <> 'text' THEN '[]' WHEN json_valid({cell}) THEN {cell} ELSE '[]' END"


def _ids(column: HoldingColumn, row: str) -> str:
    """The ids that a row has in the column."""
    if column.file.many:
        return f"SELECT replace(value, '-', '') AS id FROM json_each({_list(column, row)}) WHERE type = 'text'"
    return f"SELECT {row}.{column.sql} AS id WHERE {row}.{column.sql} IS NOT NULL"


def _free(ids: str, such: str) -> str:
    return f"UPDATE {TABLE} SET state = 'free', until = {_NOW} WHERE id IN ({ids}) AND {such} AND state = 'held'"


def _come(column: HoldingColumn, before: str | None) -> Iterator[str]:
    """Has the row NEW hold what it has, but for what the row `before` had already."""
    if column.file.many:
        yield from _right(column, f"NEW.{column.sql} IS NOT {before}.{column.sql} AND " if before else "")
    ids = f"SELECT id FROM ({_ids(column, 'NEW')})"
    if before:
        ids += f" WHERE id NOT IN ({_ids(column, before)})"
    usable = f"{column.such} AND state IN ('ready', 'free')"
    yield _refused(column, NOT_HELD, f"EXISTS ({ids} EXCEPT SELECT id FROM {TABLE} WHERE id IN ({ids}) AND {usable})")
    yield f"UPDATE {TABLE} SET state = 'held', until = NULL WHERE id IN ({ids}) AND {usable}"


def _right(column: HoldingColumn, changed: str) -> Iterator[str]:
    """Refuses what is no list of ids, each once, and not too many of them."""
    cell, given = f"NEW.{column.sql}", f"json_each({_list(column, 'NEW')}) WHERE key IS NOT NULL"
    no_list = f"CASE WHEN typeof({cell}) <> 'text' THEN 1 WHEN json_valid({cell})"
    no_list += f" THEN json_type({cell}) NOT IN ('array', 'null') ELSE 1 END"
    no_ids = f"EXISTS (SELECT 1 FROM {given} AND (type <> 'text' OR value NOT GLOB '{_ID}'))"
    yield _refused(column, NOT_IDS, f"{changed}{cell} IS NOT NULL AND ({no_list} OR {no_ids})")
    yield _refused(column, TOO_MANY, f"{changed}(SELECT count(*) > {column.file.most} FROM {given})")
    yield _refused(column, TWICE, f"{changed}(SELECT count(*) > count(DISTINCT value) FROM {given})")


def _refused(column: HoldingColumn, name: str, condition: str) -> str:
    told = f"{name} constraint failed: {column.table.sql}.{column.column.sql}: {column.fault(name)}"
    return f"SELECT RAISE(ABORT, {literal(told)}) WHERE {condition}"
