"""The triggers of `holding` in PostgreSQL: once for each statement, over all rows that it wrote.

Of a column, what came is what is in the rows after and was not in those before, and what is gone the other way round;
as often as it is there, since a row that others sweep along may have been written several times. All files that are
touched are locked first, in the order of their ids, so that statements wait for each other and for the collector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...schema.catalog import Table
from ...schema.files import NOT_HELD, NOT_IDS, TABLE, TOO_MANY, TWICE
from ...schema.triggers import Event, Trigger
from ..dialect import literal
from .holding_column import HoldingColumn

_FILE = f"{{home}}.{TABLE}"
_ID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_FREE = f"UPDATE {_FILE} SET state = 'free', until = clock_timestamp()"


def triggers(table: Table, columns: Sequence[HoldingColumn]) -> Iterator[Trigger]:
    """Those of one table."""
    events: tuple[Event, ...] = ("insert", "update", "delete")
    for event in events:
        yield _trigger(table, event, _body([_Part(number, each, event) for number, each in enumerate(columns)]))
    free = "; ".join(f"{_FREE} WHERE {each.such} AND state = 'held'" for each in columns)
    yield _trigger(table, "truncate", f"BEGIN {free}; RETURN NULL; END")


def _trigger(table: Table, event: Event, body: str) -> Trigger:
    name = (table.sql_schema, table.sql)
    return Trigger(name=f"file_{event}", table=name, event=event, postgres=body, each="statement", aside=True)


class _Part:
    """What is done for one column. Its variables have names that no column of a model has."""

    def __init__(self, number: int, column: HoldingColumn, event: Event) -> None:
        self.column = column
        self._event = event
        self._new, self._old = f"hedgerow_new_{number}", f"hedgerow_old_{number}"
        self.came, self.gone = f"hedgerow_came_{number}", f"hedgerow_gone_{number}"

    @property
    def declared(self) -> str:
        """Its variables."""
        found = f"{self.came} uuid[]; {self.gone} uuid[];"
        return f"{found} {self._new} jsonb[]; {self._old} jsonb[];" if self.column.file.many else found

    def look(self) -> Iterator[str]:
        """Finds what came and what is gone; refuses what is no list of files."""
        new, old = ("new_rows", "old_rows")
        if not self.column.file.many:
            yield f"{self.came} := ARRAY({self._less(new, old, 'uuid')})"
            yield f"{self.gone} := ARRAY({self._less(old, new, 'uuid')})"
            return
        yield f"{self._new} := ARRAY({self._less(new, old, 'jsonb')})"
        yield f"{self._old} := ARRAY({self._less(old, new, 'jsonb')})"
        each = f"FROM unnest({self._new}) AS l"
        no_ids = f"SELECT FROM {_elements('l')} WHERE jsonb_typeof(e) <> 'string' OR (e #>> '{{}}') !~ '{_ID}'"
        no_list = f"{each} WHERE jsonb_typeof(l) NOT IN ('array', 'null') OR EXISTS ({no_ids})"
        yield self._refused(NOT_IDS, f"EXISTS (SELECT {no_list})")
        count = f"(SELECT count(*) FROM {_elements('l')})"
        yield self._refused(TOO_MANY, f"EXISTS (SELECT {each} WHERE {count} > {self.column.file.most})")
        twice = f"(SELECT count(*) > count(DISTINCT e) FROM {_elements('l')})"
        yield self._refused(TWICE, f"EXISTS (SELECT {each} WHERE {twice})")
        new, old = _ids(self._new), _ids(self._old)
        yield f"{self.came} := ARRAY({new} EXCEPT ALL {old})"
        yield f"{self.gone} := ARRAY({old} EXCEPT ALL {new})"

    def free(self) -> str:
        """Lets go of what is gone."""
        return f"{_FREE} WHERE id = ANY({self.gone}) AND {self.column.such} AND state = 'held'"

    def hold(self) -> Iterator[str]:
        """Holds what came; refuses what is there twice, too."""
        usable = f"id = ANY({self.came}) AND {self.column.such} AND state IN ('ready', 'free')"
        yield f"UPDATE {_FILE} SET state = 'held', until = NULL WHERE {usable}"
        yield "GET DIAGNOSTICS hedgerow_count = ROW_COUNT"
        yield self._refused(NOT_HELD, f"hedgerow_count <> cardinality({self.came})")

    def _less(self, rows: str, others: str, type: str) -> str:
        """The cells of some rows that are not those of others."""
        there = {"new_rows": self._event != "delete", "old_rows": self._event != "insert"}

        def cells(rows: str) -> str:
            if not there[rows]:
                return f"SELECT NULL::{type} WHERE false"
            cell = f"{rows}.{self.column.sql}"
            return f"SELECT {cell}::{type} FROM {rows} WHERE {cell} IS NOT NULL"

        return f"{cells(rows)} EXCEPT ALL {cells(others)}"

    def _refused(self, name: str, condition: str) -> str:
        told = (
            f"ERRCODE = 'check_violation', MESSAGE = {literal(self.column.fault(name))}, CONSTRAINT = {literal(name)}"
        )
        told += f", SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = {literal(self.column.column.sql)}"
        return f"IF {condition} THEN RAISE EXCEPTION USING {told}; END IF"


def _elements(list: str) -> str:
    return f"jsonb_array_elements(CASE jsonb_typeof({list}) WHEN 'array' THEN {list} ELSE '[]' END) AS e"


def _ids(lists: str) -> str:
    """The ids in lists, of which some may be none."""
    text = "(e #>> '{}')"
    return (
        f"SELECT CASE WHEN {text} ~ '{_ID}' THEN {text}::uuid END FROM unnest({lists}) AS l, {_elements('l')}"
        f" WHERE {text} ~ '{_ID}'"
    )


def _body(parts: Sequence[_Part]) -> str:
    touched = " || ".join(f"{part.came} || {part.gone}" for part in parts)
    lock = f"PERFORM FROM {_FILE} WHERE id = ANY({touched}) ORDER BY id FOR NO KEY UPDATE"
    statements = [
        *(statement for part in parts for statement in part.look()),
        f"IF cardinality({touched}) = 0 THEN RETURN NULL; END IF",
        lock,
        *(part.free() for part in parts),
        *(statement for part in parts for statement in part.hold()),
        "RETURN NULL",
    ]
    declared = " ".join(part.declared for part in parts)
    return "\n".join(
        [f"DECLARE hedgerow_count bigint; {declared}", "BEGIN", *(f"{each};" for each in statements), "END"]
    )
