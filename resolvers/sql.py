"""SQLAlchemy's statements as commands of ours: what a developer's code, and modules, say beyond GraphQL.

In: a statement of SQLAlchemy's Core, or SQLModel's `select`, on declared tables or on a module's own. Out: a Command
with its values as the driver takes them, and a Result with the rows as their types say. It runs in the transaction of
the session that it is given to, on the same connection as everything else: a second way to the database would wait for
the first one's lock on SQLite. No rule is attached to it, so only a session that no rule binds takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

from .database import Broken, Command, Row, Script

_DIALECTS: Mapping[str, sa.Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(),
    "postgres": PGDialect_asyncpg(),
}


class Compiled:
    """A statement for one database."""

    def __init__(self, statement: sa.Executable, values: Mapping[str, Any], name: str) -> None:
        self._dialect = _DIALECTS[name]
        compiled = cast("sa.ClauseElement", statement).compile(dialect=self._dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("Only statements that read or write rows can be run: a table is made by its model.")
        self._compiled = compiled
        self._state = compiled.construct_expanded_state({**_made(compiled), **values})

    def command(self, *, guarded: bool) -> Command:
        """The command, with the values as the driver takes them."""
        state = self._state
        values: list[Any] = []
        for name in state.positiontup or ():
            encode, value = self._encoder(name), state.parameters[name]
            values.append(encode(value) if encode else value)
        return Command(state.statement, values, guarded)

    def result(self, rows: Sequence[Row]) -> sa.Result[Any]:
        """The rows, as their types say."""
        columns = self._compiled._result_columns  # pyright: ignore[reportPrivateUsage]
        if rows and not columns:
            raise TypeError("A text that gives rows says what is in them: text(...).columns(id=Integer).")
        decoders = [self._decoder(column.type) for column in columns]
        decoded = [
            tuple(decode(value) if decode else value for decode, value in zip(decoders, row, strict=True))
            for row in rows
        ]
        return IteratorResult(SimpleResultMetaData([column.keyname for column in columns]), iter(decoded))

    def _encoder(self, name: str) -> Callable[[Any], Any] | None:
        """What makes the driver's value of a parameter; one of a list has its list's."""
        if name in self._state.processors:
            return cast("Callable[[Any], Any]", self._state.processors[name])
        bind = self._compiled.binds.get(name)
        if bind is None:
            return None
        own = bind.type.dialect_impl(self._dialect)
        encode = cast("Callable[[Any], Any] | None", own.bind_processor(self._dialect))
        if encode and self._of_moments(own):
            return lambda value: encode(value if value is None else value.astimezone(UTC))
        return encode

    def _decoder(self, type: sa.types.TypeEngine[Any]) -> Callable[[Any], Any] | None:
        own = type.dialect_impl(self._dialect)
        if isinstance(own, sa.JSON) and self._dialect.name == "postgresql":
            return _json  # where SQLAlchemy has its connections decode it
        if isinstance(own, sa.types.TypeDecorator) and self._dialect.name == "postgresql":
            finish = _of_json(own, self._dialect)
            if finish:
                return finish
        decode = cast("Callable[[Any], Any] | None", own.result_processor(self._dialect, _oid(own)))
        if decode and self._of_moments(own):
            return lambda value: None if value is None else decode(value).replace(tzinfo=UTC)
        return decode

    def _of_moments(self, own: sa.types.TypeEngine[Any]) -> bool:
        """Whether values have a zone that SQLite does not keep: there they are of UTC."""
        return self._dialect.name == "sqlite" and isinstance(own, sa.DateTime) and own.timezone


def _oid(own: sa.types.TypeEngine[Any]) -> int | None:
    """PostgreSQL's number of a type of numbers, by which SQLAlchemy tells how the driver gives it."""
    if isinstance(own, sa.Float):
        return 701
    return 1700 if isinstance(own, sa.Numeric) else None


def _made(compiled: SQLCompiler) -> dict[str, Any]:
    """What the columns' own defaults give for those that a statement does not set."""
    made: dict[str, Any] = {}
    for column in (*compiled.insert_prefetch, *compiled.update_prefetch):
        default = column.default if column in compiled.insert_prefetch else column.onupdate
        if isinstance(default, sa.ColumnDefault):
            made[column.key] = default.arg(None) if callable(default.arg) else default.arg
    return made


def _of_json(own: sa.types.TypeDecorator[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    """What makes the value of a type that is made of JSON; None of one that is not."""
    if isinstance(own.impl_instance, sa.JSON):
        return lambda value: own.process_result_value(_json(value), dialect)
    return None


def _json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def only_reads(statement: sa.Executable) -> bool:
    """Whether a statement changes and locks nothing."""
    return isinstance(statement, sa.SelectBase) and getattr(statement, "_for_update_arg", None) is None


def script(compiled: Compiled, *, guarded: bool) -> Script[sa.Result[Any] | Broken]:
    """What runs it; a constraint that it broke, where it is guarded and the transaction goes on."""
    try:
        rows = yield compiled.command(guarded=guarded)
    except Broken as broken:
        if not guarded:
            raise
        return broken
    return compiled.result(rows)
