"""AuthorisedPlan → ONE statement that yields the JSON of every root field.

In: an AuthorisedPlan. Out: a Statement. A list is a page (the rows: where, order, limit) with JSON built around it,
so that no JSON is made for rows that are thrown away; relations are scalar subselects of the page's rows, which
keep the page's order where a join need not. Aggregates are made of such a page too: groups of its rows, with JSON
built around the groups. Conditions of cells are judged once a row, in the page. Nothing is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import TypeAlias, assert_never

from ..schema import expr as e
from ..schema.catalog import Catalog, Table
from ..schema.types import BOOL, INT
from .dialect import Dialect, quote
from .plan import (
    Aggregation,
    AuthorisedPlan,
    ColumnField,
    ComputedField,
    Connection,
    Field,
    FileField,
    GroupsField,
    IdField,
    KeyField,
    NodesField,
    ObjectField,
    Order,
    Read,
    RelationField,
    Source,
    TotalsField,
    TypenameField,
)
from .read_files import files
from .statement import Statement
from .where import Scope, Where

_Term: TypeAlias = tuple[str, Order, bool]
"""The SQL that a row is ordered by, how, and whether it can be null."""


MARK = "mark"
"""The key under which a statement tells which changes it saw."""


def render(
    plan: AuthorisedPlan, catalog: Catalog, dialect: Dialect, *, sequence: bool = False, marked: bool = False
) -> Statement:
    """The statement of a plan; as a `sequence`, its root fields stand one by one, split by SEPARATOR. `marked`: it
    tells beside them which changes it saw.
    """

    def again() -> str:
        return _text(plan, _Renderer(Where(catalog, dialect, rows=True)), sequence=sequence, marked=marked)

    renderer = _Renderer(Where(catalog, dialect))
    return renderer.where.parameters.statement(_text(plan, renderer, sequence=sequence, marked=marked), again)


def render_returned(read: Read, row: Scope, where: Where) -> str:
    """The JSON of the row that a statement has just written, for its RETURNING; null where it does not pass."""
    renderer = _Renderer(where)
    returned = _Returned(row, where)
    return where.dialect.json_where(returned.name(e.Passes(read.where)), renderer.object(read.fields, returned))


def _text(plan: AuthorisedPlan, renderer: _Renderer, *, sequence: bool, marked: bool) -> str:
    dialect = renderer.dialect
    if sequence:
        roots = (root for root in plan.roots if not isinstance(root, TypenameField))
        values = [renderer.root(root.read) if root.read else dialect.json_null for root in roots]
        return dialect.result(dialect.json_sequence(values), tuple(renderer.where.checks))
    pairs: list[tuple[str, str]] = []
    for root in plan.roots:
        if isinstance(root, TypenameField):
            pairs.append((root.key, dialect.json_text(root.name)))
        elif root.read is None:
            pairs.append((root.key, dialect.json_null))
        else:
            pairs.append((root.key, renderer.root(root.read)))
    if marked:
        pairs.append((MARK, dialect.mark))
    return dialect.result(dialect.json_object(pairs), tuple(renderer.where.checks))


class _Rows:
    """Where a Read finds its rows: what follows FROM, and the condition that joins them to the rows around them."""

    def __init__(self, read: Read, scope: Scope, outer: Sequence[Scope], source: str, on: str) -> None:
        self.read = read
        self.scope = scope
        self.outer = outer
        self.source = source
        self.on = on

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes in which the rows' own conditions are said."""
        return (self.scope, *self.outer)


class _Page:
    """The rows that JSON is built around, under the alias of their table, and what is worked out once for each."""

    def __init__(self, rows: _Rows) -> None:
        assert rows.scope.table
        self.scope = Scope(rows.scope.alias, rows.scope.table, hoist=self.name)
        self.scopes = (self.scope, *rows.outer)
        self.nodes: dict[e.Node, str] = {}
        self._taken = {column.sql for column in rows.scope.table.columns.values()}

    def name(self, node: e.Node) -> str:
        """The page's column that holds a condition or a value."""
        if isinstance(node, e.Column):
            return self.scope.column(node.name)
        if node not in self.nodes:
            self.nodes[node] = self.unused()
        return f"{self.scope.alias}.{quote(self.nodes[node])}"

    def unused(self) -> str:
        """The name of a new column."""
        name = next(name for number in count() if (name := f"hedgerow_{number}") not in self._taken)
        self._taken.add(name)
        return name


class _Returned:
    """A row that stands by itself, with no page around it: what is worked out of it is said where it is used."""

    def __init__(self, scope: Scope, where: Where) -> None:
        self.scopes = (scope,)
        self._where = where

    def name(self, node: e.Node) -> str:
        """A condition or a value."""
        return self._where.node(node, self.scopes)


class _Groups:
    """The rows that the JSON of groups is built around: values of each group under names."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.names: dict[e.Value, str] = {}

    def name(self, value: e.Value) -> str:
        """The column that holds a value."""
        name = self.names.setdefault(value, f"g{len(self.names)}")
        return f"{self.alias}.{name}"


class _Renderer:
    def __init__(self, where: Where) -> None:
        self.catalog = where.catalog
        self.dialect = where.dialect
        self.where = where

    # Sources

    def root(self, source: Source) -> str:
        table = self.catalog.tables[source.table if isinstance(source, Read) else source.rows.table]
        scope = Scope(self.where.alias(), table)
        if isinstance(source, Read) and source.images:
            return self._images(source, source.images, scope, table)
        return self._source(source, scope, (), self.where.source(table, scope.alias), "")

    def _images(self, read: Read, images: e.Variable, scope: Scope, table: Table) -> str:
        """A list with an item for each image: null where it does not pass."""
        source = self.dialect.images(table, self.where.parameters.add(images), scope.alias)
        read, where = replace(read, where=e.ALWAYS, limit=None, cap=None), read.where
        rows = _Rows(read, scope, (), source, "")
        page = _Page(rows)
        json = self.object(read.fields, page)
        passes = page.name(e.Passes(where))
        selected = self._selected(rows, page, ordered=False, cap=None) + f" ORDER BY {scope.alias}.hedgerow_n"
        item = self.dialect.json_list(self.dialect.json_where(passes, json))
        return f"(SELECT {item} FROM ({selected}) AS {scope.alias})"

    def _relation(self, field: RelationField, scopes: Sequence[Scope]) -> str:
        here = scopes[0]
        assert here.table
        there = Scope(self.where.alias(), self.catalog.target(here.table, field.relation))
        relation = here.table.relations[field.relation]
        source, on = self.where.joined(relation, here, there, scopes, field.through)
        return self._source(field.read, there, scopes, source, on)

    def _source(self, source: Source, scope: Scope, outer: Sequence[Scope], text: str, on: str) -> str:
        """The scalar subselect of a source's JSON; `text` and `on` are what follows FROM and WHERE."""
        match source:
            case Read(many=True):
                return self._list(_Rows(source, scope, outer, text, on), source.fields, source.cap)
            case Read():
                return self._one(_Rows(source, scope, outer, text, on))
            case Aggregation():
                return self._aggregation(source, _Rows(source.rows, scope, outer, text, on))
            case Connection():
                return self._connection(source, _Rows(source.rows, scope, outer, text, on))
            case _:
                assert_never(source)

    def _list(self, rows: _Rows, fields: Sequence[Field], cap: int | None) -> str:
        page = _Page(rows)
        json = self.object(fields, page)
        selected = self._selected(rows, page, ordered=True, cap=cap)
        return f"(SELECT {self.dialect.json_list(json)} FROM ({selected}) AS {rows.scope.alias})"

    def _one(self, rows: _Rows) -> str:
        page = _Page(rows)
        json = self.object(rows.read.fields, page)
        if page.nodes:
            selected = self._selected(rows, page, ordered=False, cap=None)
            return self.dialect.json_or_null(f"(SELECT {json} FROM ({selected}) AS {rows.scope.alias} LIMIT 1)")
        return self.dialect.json_or_null(f"(SELECT {json} FROM {rows.source}{self._tail(rows)} LIMIT 1)")

    def _aggregation(self, source: Aggregation, rows: _Rows) -> str:
        pairs: list[tuple[str, str]] = []
        for field in source.fields:
            match field:
                case TypenameField():
                    pairs.append((field.key, self.dialect.json_text(field.name)))
                case NodesField():
                    pairs.append((field.key, self._list(rows, field.fields, field.cap)))
                case TotalsField():
                    pairs.append((field.key, self._totals(field, rows)))
                case GroupsField():
                    pairs.append((field.key, self._groups(field, rows)))
                case _:
                    assert_never(field)
        return self.dialect.json_object(pairs)

    def _connection(self, source: Connection, rows: _Rows) -> str:
        """The rows of a page, one more than asked for, and what `pages` must know beside them."""
        page = _Page(rows)
        selections = (ObjectField(f"n{number}", fields) for number, fields in enumerate(source.selections))
        json = self.object([*(source.place if source.placed else ()), *selections], page)
        selected = self._behind(source, rows, page)
        pairs = [("rows", f"(SELECT {self.dialect.json_list(json)} FROM ({selected}) AS {rows.scope.alias})")]
        if source.counted:
            number = f"(SELECT count(*) FROM {rows.source}{self._tail(rows)})"
            pairs.append(("total", self.dialect.json_value(number, INT, nullable=False)))
        if source.looks_back:
            before = e.Not(e.Passes(e.either(*source.behind)))
            found = f"EXISTS (SELECT 1 FROM {rows.source}{self._tail(rows, before)})"
            pairs.append(("passed", self.dialect.json_value(found, BOOL, nullable=False)))
        return self.dialect.json_object(pairs)

    def _behind(self, source: Connection, rows: _Rows, page: _Page) -> str:
        """The SELECT of a page's rows: each branch by itself, so that an index can serve it, then the first of all."""
        columns = self._columns(rows, page)
        order = [self._term(term, rows) for term in rows.read.order]
        limit = self._limit(rows.read.limit, None, rows.read.cap, more=1)
        if len(source.behind) < 2:
            tail = self._tail(rows, source.within, *source.behind) + self._ordered(order) + limit
            return f"SELECT {', '.join(columns) or '1'} FROM {rows.source}{tail}"
        alias = rows.scope.alias
        kept = [(quote(page.unused()), sql, term, nullable) for sql, term, nullable in order]
        named = ", ".join([*columns, *(f"{sql} AS {name}" for name, sql, _, _ in kept)])
        branches = [
            f"SELECT * FROM (SELECT {named} FROM {rows.source}{self._tail(rows, source.within, branch)}"
            f"{self._ordered(order)}{limit}) AS {alias}"
            for branch in source.behind
        ]
        outer = [(f"{alias}.{name}", term, nullable) for name, _, term, nullable in kept]
        return f"SELECT {alias}.* FROM ({' UNION ALL '.join(branches)}) AS {alias}{self._ordered(outer)}{limit}"

    def _totals(self, field: TotalsField, rows: _Rows) -> str:
        page = _Page(rows)
        groups = _Groups(self.where.alias())
        json = self._group_object(field.fields, groups)
        values = [f"{self.where.value(value, page.scopes)} AS {name}" for value, name in groups.names.items()]
        selected = self._selected(rows, page, ordered=_cut(rows.read), cap=None)
        inner = f"SELECT {', '.join(values) or '1'} FROM ({selected}) AS {rows.scope.alias}"
        return f"(SELECT {json} FROM ({inner}) AS {groups.alias})"

    def _groups(self, field: GroupsField, rows: _Rows) -> str:
        page = _Page(rows)
        groups = _Groups(self.where.alias())
        by = [page.name(key) for key in field.keys]
        sql = dict(zip(field.keys, by, strict=True))
        for key in field.keys:
            groups.name(key)
        json = self._group_object(field.fields, groups)
        values = [
            f"{sql[value] if value in sql else self.where.value(value, page.scopes)} AS {name}"
            for value, name in groups.names.items()
        ]
        tail = f" GROUP BY {', '.join(by)}"
        if field.having != e.ALWAYS:
            tail += f" HAVING {self.where.condition(field.having, page.scopes, only_true=True)}"
        terms = [
            sql[term.value] if term.value in sql else self.where.value(term.value, page.scopes) for term in field.order
        ]
        if _cut(rows.read):
            terms = [self.dialect.order_of_groups(each) for each in terms]
        ordered = [(each, term, True) for each, term in zip(terms, field.order, strict=True)]
        tail += self._ordered(ordered) + self._limit(field.limit, field.offset, field.cap)
        selected = self._selected(rows, page, ordered=_cut(rows.read), cap=None)
        inner = f"SELECT {', '.join(values)} FROM ({selected}) AS {rows.scope.alias}{tail}"
        return f"(SELECT {self.dialect.json_list(json)} FROM ({inner}) AS {groups.alias})"

    # Rows

    def _tail(self, rows: _Rows, *more: e.Expr) -> str:
        """What follows the source of a Read, with more conditions."""
        return self.where.tail(rows.on, e.both(rows.read.where, *more), rows.scopes)

    def _selected(self, rows: _Rows, page: _Page, *, ordered: bool, cap: int | None) -> str:
        """The SELECT of a page's rows, in order where asked; see `_columns`."""
        read = rows.read
        columns = self._columns(rows, page)
        order = [self._term(term, rows) for term in read.order] if ordered or read.distinct else []
        source = f"{rows.source}{self._tail(rows)}"
        if read.distinct:
            columns, source, order = self._distinct(rows, page, columns, source, order)
        tail = self._ordered(order) + self._limit(read.limit, read.offset, cap)
        return f"SELECT {', '.join(columns) or '1'} FROM {source}{tail}"

    def _columns(self, rows: _Rows, page: _Page) -> list[str]:
        """The columns of a page; to be called when all is known that it must hold."""
        columns = [f"{rows.scope.alias}.{quote(name)}" for name in page.scope.used]
        return columns + [f"{self.where.node(node, rows.scopes)} AS {quote(name)}" for node, name in page.nodes.items()]

    def _distinct(
        self, rows: _Rows, page: _Page, columns: list[str], source: str, order: list[_Term]
    ) -> tuple[list[str], str, list[_Term]]:
        """The same columns, source and order, of the first row only of those that are alike."""
        alias, position = rows.scope.alias, quote(page.unused())
        kept = [(quote(page.unused()), sql, term, nullable) for sql, term, nullable in order]
        alike = ", ".join(self.where.value(value, rows.scopes) for value in rows.read.distinct)
        among = self._ordered([term for term in order if term[1].value not in rows.read.distinct])
        numbered = [
            *columns,
            *(f"{sql} AS {name}" for name, sql, _, _ in kept),
            f"row_number() OVER (PARTITION BY {alike}{among}) AS {position}",
        ]
        inner = f"(SELECT {', '.join(numbered)} FROM {source}) AS {alias} WHERE {alias}.{position} = 1"
        return [f"{alias}.*"], inner, [(f"{alias}.{name}", term, nullable) for name, _, term, nullable in kept]

    def _term(self, term: Order, rows: _Rows) -> _Term:
        assert rows.scope.table
        value = term.value
        nullable = not isinstance(value, e.Column) or rows.scope.table.columns[value.name].nullable
        return self.where.value(value, rows.scopes), term, nullable

    def _ordered(self, terms: Sequence[_Term]) -> str:
        parts: list[str] = []
        for sql, term, nullable in terms:
            part = self.dialect.ordered(sql, term.value.type) + (" DESC" if term.descending else "")
            if nullable:
                part += self.dialect.null_order(descending=term.descending, nulls_first=term.nulls_first)
            parts.append(part)
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _limit(self, limit: e.Value | None, offset: e.Value | None, cap: int | None, *, more: int = 0) -> str:
        most = None if limit is None else self.where.value(limit, ())
        if cap is not None:
            most = str(int(cap)) if most is None else self.dialect.least(most, str(int(cap)))
        if most and more:
            most = f"{most} + {more}"
        skip = "" if offset is None else f" OFFSET {self.where.value(offset, ())}"
        if not most:
            return f" LIMIT {self.dialect.no_limit}{skip}" if skip else ""
        return f" LIMIT {self.dialect.limit(most)}{skip}"

    # JSON

    def object(self, fields: Sequence[Field], page: _Page | _Returned) -> str:
        """The JSON object of fields of a row."""
        pairs: list[tuple[str, str]] = []
        for field in fields:
            match field:
                case ColumnField():
                    pairs.append((field.key, self._column(field, page)))
                case FileField():
                    alias, cell = self.where.alias(), self.where.value(field.cell.value, page.scopes)
                    pairs.append((field.key, files(field, cell, alias, self.dialect)))
                case IdField():
                    values = [(page.name(value), value.type) for value in field.values]
                    pairs.append((field.key, self.dialect.global_id(field.table, values)))
                case TypenameField():
                    pairs.append((field.key, self.dialect.json_text(field.name)))
                case ObjectField():
                    pairs.append((field.key, self.object(field.fields, page)))
                case RelationField():
                    pairs.append((field.key, self._relation(field, page.scopes)))
                case ComputedField() | KeyField():
                    more = field.columns if isinstance(field, KeyField) else (*field.columns, *field.shown)
                    known = {key for key, _ in pairs}
                    pairs += [(each.key, self._column(each, page)) for each in more if each.key not in known]
                case _:
                    assert_never(field)
        return self.dialect.json_object(pairs)

    def _column(self, field: ColumnField, page: _Page | _Returned) -> str:
        sql = self.where.value(field.value, page.scopes)
        if field.exact:
            return self.dialect.json_exact(sql, field.value.type)
        nullable = field.nullable or not isinstance(field.value, e.Column)
        return self.dialect.json_value(sql, field.value.type, nullable=nullable)

    def _group_object(self, fields: Sequence[Field], groups: _Groups) -> str:
        pairs: list[tuple[str, str]] = []
        for field in fields:
            match field:
                case ColumnField():
                    sql = groups.name(field.value)
                    pairs.append((field.key, self.dialect.json_value(sql, field.value.type, nullable=field.nullable)))
                case TypenameField():
                    pairs.append((field.key, self.dialect.json_text(field.name)))
                case ObjectField():
                    pairs.append((field.key, self._group_object(field.fields, groups)))
                case FileField() | IdField() | RelationField() | ComputedField() | KeyField():
                    raise AssertionError("a group is no row")
                case _:
                    assert_never(field)
        return self.dialect.json_object(pairs)


def _cut(read: Read) -> bool:
    """Whether the order of a Read's rows decides which they are."""
    return read.limit is not None or read.offset is not None or bool(read.distinct)
