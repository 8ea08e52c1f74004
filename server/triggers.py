"""The triggers that Modules want, in the database: made when missing, replaced when they differ, dropped when unwanted.

In: an open connection, inside the transaction of `server/tables`, and what the Modules gave. Out: triggers as they
should be; what is so already is left alone, and no table is locked for it. SQLite keeps a trigger's text, by which it
is compared. On PostgreSQL the names of triggers and functions end in a hash of all that they are. Only what is named as
ours is ever dropped, and only from tables of this backend.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import sqlalchemy as sa

from ..resolvers.dialect import ASIDE, MODULES, quote
from ..schema.catalog import TableName
from ..schema.triggers import Event, Trigger

_PREFIXES = (f"{MODULES}_", f"{ASIDE}_")
_SETTINGS = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
_ROWS: Mapping[Event, str] = {
    "insert": " REFERENCING NEW TABLE AS new_rows",
    "update": " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": " REFERENCING OLD TABLE AS old_rows",
    "truncate": "",
}
_TRIGGERS = """
SELECT n.nspname, c.relname, t.tgname, t.tgenabled::text, f.proname, f.pronamespace = $1::text::regnamespace
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc f ON f.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND (starts_with(t.tgname, $2) OR starts_with(t.tgname, $3))
"""
_FUNCTIONS = """
SELECT p.proname, p.prosrc, p.prosecdef, p.proconfig, EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid)
FROM pg_proc p
WHERE p.pronamespace = $1::text::regnamespace AND p.pronargs = 0
AND (starts_with(p.proname, $2) OR starts_with(p.proname, $3))
"""


def install(connection: sa.Connection, names: Set[TableName], wanted: Sequence[Trigger]) -> None:
    """Has the tables `names`, and those of `wanted`, just these triggers of ours."""
    if connection.dialect.name == "sqlite":
        _install_sqlite(connection, names, [trigger for trigger in wanted if trigger.sqlite is not None])
    else:
        _install_postgres(connection, names, [trigger for trigger in wanted if trigger.postgres is not None])


def _prefix(trigger: Trigger) -> str:
    return ASIDE if trigger.aside else MODULES


def _event(trigger: Trigger) -> str:
    of = f" OF {', '.join(quote(column) for column in trigger.columns)}" if trigger.columns else ""
    return f"{trigger.when.upper()} {trigger.event.upper()}{of}"


# SQLite


def _install_sqlite(connection: sa.Connection, names: Set[TableName], wanted: Sequence[Trigger]) -> None:
    should = dict(_sqlite(trigger) for trigger in wanted)
    match_sqlite(connection, [*names, *(trigger.table for trigger in wanted)], _PREFIXES, should)


def match_sqlite(
    connection: sa.Connection, tables: Iterable[TableName], prefixes: tuple[str, ...], should: Mapping[str, str]
) -> None:
    """Has tables just these triggers, by their names and texts, of all whose names begin so."""
    concerned = {table.casefold() for _, table in tables}
    triggers = connection.exec_driver_sql("SELECT name, sql, tbl_name FROM sqlite_schema WHERE type = 'trigger'")
    there = {name: text for name, text, on in triggers if name.startswith(prefixes) and on.casefold() in concerned}
    for name, text in there.items():
        if should.get(name) != text:
            connection.exec_driver_sql(f"DROP TRIGGER {quote(name)}")
    for name, text in should.items():
        if there.get(name) != text:
            connection.exec_driver_sql(text)


def _sqlite(trigger: Trigger) -> tuple[str, str]:
    name = f"{_prefix(trigger)}_{trigger.name}_{trigger.table[1]}"
    when = f" WHEN {trigger.condition}" if trigger.condition else ""
    body = (trigger.sqlite or "").strip().rstrip(";")
    return name, f"CREATE TRIGGER {quote(name)} {_event(trigger)} ON {quote(trigger.table[1])}{when} BEGIN {body}; END"


# PostgreSQL


@dataclass(frozen=True, slots=True)
class _Postgres:
    """A trigger as it should be: on which table, what it is called, what it calls, and what makes it."""

    place: tuple[str, str]
    name: str
    function: str
    body: str
    statement: str


def _install_postgres(connection: sa.Connection, names: Set[TableName], wanted: Sequence[Trigger]) -> None:
    home = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    asked = (quote(home), *_PREFIXES)
    found: dict[tuple[str, str], dict[str, bool]] = {}
    should = {(each.place, each.name): each for each in _postgres(wanted, home)}
    calls = {name: each.function for (_, name), each in should.items()}
    for schema, table, name, enabled, function, ours in connection.exec_driver_sql(_TRIGGERS, asked):
        right = enabled == "A" and ours and calls.get(name) == function
        found.setdefault((schema, table), {})[name] = right
    functions = {name: rest for name, *rest in connection.exec_driver_sql(_FUNCTIONS, asked)}
    concerned = {(schema or home, table) for schema, table in (*names, *(trigger.table for trigger in wanted))}
    gone = [
        (place, name)
        for place in concerned
        for name, right in found.get(place, {}).items()
        if not (right and (place, name) in should)
    ]
    statements = [f"DROP TRIGGER {quote(name)} ON {_qualified(*place)}" for place, name in gone]
    bodies = {each.function: each.body for each in should.values()}
    for name, body in bodies.items():
        if functions.get(name, ())[:3] != [body, True, ["search_path=pg_catalog, pg_temp"]]:
            statements += _function(_qualified(home, name), body)
    for (place, name), each in should.items():
        if not found.get(place, {}).get(name):
            statements += [each.statement, f"ALTER TABLE {_qualified(*place)} ENABLE ALWAYS TRIGGER {quote(name)}"]
    for statement in statements:
        connection.exec_driver_sql(statement)
    called = {name for name, *_, used in connection.exec_driver_sql(_FUNCTIONS, asked) if used}
    unused = {*functions} - called - {*bodies}
    for name in sorted(unused):
        connection.exec_driver_sql(f"DROP FUNCTION {_qualified(home, name)}()")


def _qualified(schema: str, name: str) -> str:
    return f"{quote(schema)}.{quote(name)}"


def _postgres(wanted: Iterable[Trigger], home: str) -> Iterator[_Postgres]:
    for trigger in wanted:
        body = (trigger.postgres or "").replace("{home}", quote(home))
        function = f"{_prefix(trigger)}_{_hash(body, _SETTINGS)}"
        place = (trigger.table[0] or home, trigger.table[1])
        rows = _ROWS[trigger.event] if trigger.each == "statement" else ""
        when = f" WHEN ({trigger.condition})" if trigger.condition else ""
        rest = f"{_event(trigger)} ON {_qualified(*place)}{rows} FOR EACH {trigger.each.upper()}{when}"
        rest += f" EXECUTE FUNCTION {_qualified(home, function)}()"
        name = f"{_prefix(trigger)}_{trigger.name}_{_hash(rest)}"
        yield _Postgres(place, name, function, body, f"CREATE TRIGGER {quote(name)} {rest}")


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def _function(name: str, body: str) -> Iterator[str]:
    made = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {_SETTINGS}"
    yield f"{made} AS $hedgerow${body}$hedgerow$"
    # Whoever may call it could have it do what it does for a table of their own.
    yield f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC"
