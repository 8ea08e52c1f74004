"""Missing indexes as text, for `hedgerow plan`: what each would serve, its CREATE INDEX, and how the model says it.

In: a running backend, and what an operation looks for, or the roles whose rules and relations are gone through. Out:
sentences; none where nothing is missing. Names and SQL are quoted as SQLAlchemy would, since what the model declares
becomes SQL through it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import IdentifierPreparer

from ..resolvers.dialect import Dialect
from ..resolvers.indexes.advise import FEW_ROWS, Advice, Part, advise
from ..resolvers.indexes.find import (
    Reference,
    lookups_of_deletes,
    lookups_of_mutation,
    lookups_of_operation,
    lookups_of_plan,
    lookups_of_view,
    named,
)
from ..resolvers.indexes.lookups import Cause, Lookup
from ..resolvers.live.changes import TableName
from ..resolvers.operation import Operation, RowRead
from ..resolvers.planning import Path
from ..resolvers.writes.mutation import Mutation, Written
from ..schema.catalog import Catalog, TableColumn
from ..schema.types import INT
from ..schema.views import View
from .indexes import stored
from .tables import needed

MOST_CAUSES = 4
"""How many reasons are told of one index."""
_LONGEST_NAME = 63
"""PostgreSQL's bound on names."""


async def missing(
    url: str, models: Sequence[type[Any]], lookups: Iterable[Lookup], dialect: Dialect, explained: str = ""
) -> str:
    """The indexes that are missing for lookups; `explained` is the database's own plan, which names those it uses."""
    lookups = tuple(lookups)
    wanted: dict[TableName, dict[str, TableColumn]] = {}
    for lookup in lookups:
        wanted.setdefault(lookup.table, {})
        for table, column in lookup.columns:
            wanted.setdefault(table, {})[column.sql] = column
        for term in lookup.sorting.terms if lookup.sorting else ():
            wanted[lookup.table][term.column.sql] = term.column
    there = await stored(
        url,
        {table: tuple(columns.values()) for table, columns in wanted.items()},
        dialect,
        lambda name: re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", explained) is not None,
    )
    return _Told(models, dialect).text(advise(lookups, there, dialect))


def lookups_of_views(
    views: Iterable[View], catalog: Catalog, models: Sequence[type[Any]], dialect: Dialect
) -> tuple[Lookup, ...]:
    """What the callers of Views look for who ask plainly, with what goes when they delete rows."""
    views = tuple(views)
    found = dict.fromkeys(lookup for view in views for lookup in lookups_of_view(view, dialect))
    deleted = {key for view in views for key, writes in view.writes.items() if writes.delete}
    tables = ((table.sql_schema, table.sql) for table in (catalog.tables[key] for key in sorted(deleted)))
    found |= dict.fromkeys(lookups_of_deletes(tables, references(catalog, models)))
    return tuple(found)


def lookups_asked(
    asked: Operation | Mutation,
    reads: Iterable[tuple[Path, RowRead]],
    view: View,
    models: Sequence[type[Any]],
    dialect: Dialect,
) -> tuple[Lookup, ...]:
    """What an operation looks for; `reads` are of rows that a developer's own fields name."""
    found: list[Lookup] = []
    if isinstance(asked, Mutation):
        found += lookups_of_mutation(asked, view, dialect)
        written = (root.field for root in asked.roots if isinstance(root, Written))
        deleted = (view.catalog.tables[field.table] for field in written if field.kind.startswith("delete"))
        found += lookups_of_deletes(
            ((table.sql_schema, table.sql) for table in deleted), references(view.catalog, models)
        )
    else:
        found += lookups_of_operation(asked, view.catalog, dialect)
    for path, read in reads:
        found += lookups_of_plan(named(read.operation.authorised, ".".join(map(str, path))), view.catalog, dialect)
    return tuple(found)


def references(catalog: Catalog, models: Sequence[type[Any]]) -> list[Reference]:
    """All foreign keys of the models' tables, and of the link tables between them."""
    columns = {
        (table.sql_schema, table.sql, column.sql): column
        for table in catalog.tables.values()
        for column in table.columns.values()
    }

    def column(table: sa.Table, name: str) -> TableColumn:
        return columns.get((table.schema, table.name, name)) or TableColumn(name, name, name, INT, nullable=False)

    return [
        Reference(
            (table.schema, table.name),
            tuple(column(table, each.name) for each in key.columns),
            (key.referred_table.schema, key.referred_table.name),
            (key.ondelete or "").upper() == "CASCADE",
        )
        for table in needed(model.__table__ for model in models)
        for key in sorted(table.foreign_key_constraints, key=lambda key: [column.name for column in key.columns])
    ]


class _Told:
    def __init__(self, models: Sequence[type[Any]], dialect: Dialect) -> None:
        tables = list(needed(model.__table__ for model in models))
        self.tables: Mapping[TableName, sa.Table] = {(table.schema, table.name): table for table in tables}
        self.models = {(model.__table__.schema, model.__table__.name): model for model in models}
        self.postgres = dialect.name == "postgres"
        dialects = (postgresql.dialect(), sqlite.dialect())
        self.preparer: IdentifierPreparer = dialects[0 if self.postgres else 1].identifier_preparer

    def text(self, advice: Sequence[Advice]) -> str:
        """All that is advised; what is no use yet comes last."""
        now, later = ([each for each in advice if each.small is small] for small in (False, True))
        parts = ["\n".join(self.told(each)) for each in now]
        if later:
            rows = {each.table[1]: each.stored.rows for each in later}
            counts = ", ".join(f"{table} has {count} row{'' if count == 1 else 's'}" for table, count in rows.items())
            parts.append(
                f"Not yet: below {FEW_ROWS:,} rows an index saves nothing worth having ({counts}). When there are more:"
            )
            parts += ["\n".join(self.told(each)) for each in later]
        return "\n\n".join(parts)

    def told(self, advice: Advice) -> Iterator[str]:
        """One index, in lines."""
        schema, table = advice.table
        named = f"{schema}.{table}" if schema else table
        columns = ", ".join(part.column.sql for part in advice.parts)
        subject = f"{named}.{columns} has no index" if len(advice.parts) == 1 else f"{named} has no index on {columns}"
        reads = _listed(advice.finds, f"reads every row of {named}", f"read every row of {named}")
        sorts = _listed(advice.sorts, "sorts every row that it may give", "sort every row that they may give")
        yield f"{subject}: {'; '.join(filter(None, (reads, sorts)))}."
        declared = self.declared(advice)
        name = declared or name_of(advice)
        quote = self.preparer.quote
        where = f"{quote(schema)}.{quote(table)}" if schema and self.postgres else quote(table)
        yield f"  CREATE INDEX {quote(name)} ON {where} ({', '.join(map(self.sql, advice.parts))});"
        model = self.models.get(advice.table)
        if declared:
            yield f"  {model.__name__ if model else table} declares it, but a table that is there is left as it is."
        else:
            yield f"  In {f'the model {model.__name__}' if model else f'the table {table}'}: {self.words(advice, name)}"

    def sql(self, part: Part) -> str:
        """A column of CREATE INDEX."""
        text = self.preparer.quote(part.column.sql)
        if part.code_points:
            text += ' COLLATE "C"'
        if part.descending:
            text += " DESC"
        return text if part.nulls_first is None else f"{text} NULLS {'FIRST' if part.nulls_first else 'LAST'}"

    def words(self, advice: Advice, name: str) -> str:
        """How the model says it."""
        plain = [part == Part(part.column) for part in advice.parts]
        if advice.table in self.models and plain == [True]:
            attribute = advice.parts[0].column.name
            field = self.models[advice.table].model_fields.get(attribute)
            own = isinstance(
                getattr(field, "sa_column", None), sa.Column
            )  # which SQLModel lets have no index of Field's
            return f"{'Column' if own else 'Field'}(index=True) on {attribute}"
        columns = (
            repr(part.column.sql) if simple else f"text({self.sql(part)!r})"
            for part, simple in zip(advice.parts, plain, strict=True)
        )
        index = f"Index({name!r}, {', '.join(columns)})"
        if any(part.code_points or part.nulls_first is not None for part in advice.parts):
            index += '.ddl_if(dialect="postgresql")'
        return f"__table_args__ = ({index},)" if advice.table in self.models else index

    def declared(self, advice: Advice) -> str | None:
        """The name of such an index that the model declares, and the database lacks."""
        wanted = [part.column.sql for part in advice.parts if part == Part(part.column)]
        table = self.tables.get(advice.table)
        for index in table.indexes if table is not None and len(wanted) == len(advice.parts) else ():
            columns = [getattr(each, "name", None) for each in index.expressions]
            if columns == wanted and not index.dialect_kwargs and index.name:
                return str(index.name)
        return None


def name_of(advice: Advice) -> str:
    """A name as SQLAlchemy gives it, within PostgreSQL's bound, that no index of the table has."""
    name = "_".join(filter(None, ("ix", *advice.table, *(part.column.sql for part in advice.parts))))
    if len(name.encode()) > _LONGEST_NAME - 2:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name.encode()[: _LONGEST_NAME - 11].decode(errors='ignore')}_{digest}"
    names = (name, *(f"{name}_{number}" for number in range(2, 10)))
    return next((each for each in names if each not in advice.stored.names), name)


def _listed(causes: Iterable[Cause], one: str, more: str) -> str:
    told = [cause.told for cause in causes]
    if len(told) > MOST_CAUSES:
        told = [*told[: MOST_CAUSES - 1], f"{len(told) - MOST_CAUSES + 1} more"]
    if len(told) < 2:
        return f"{told[0]} {one}" if told else ""
    return f"{', '.join(told[:-1])} and {told[-1]} {more}"
