"""Plans, mutations and rules → Lookups: each place where a table is read, and what its rows are looked for by.

In: what an operation reads, with its rules, or all that the holders of roles may ask plainly: each list, each
relation, each rule. Out: Lookups, each with its Cause. A rule is told by its line, a filter by the field that has it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ...schema import expr as e
from ...schema.catalog import Catalog, Relation, Rule, Table, TableColumn
from ...schema.traversal import lift, show, walk
from ...schema.views import TableView, View
from ..authorize import authorize
from ..dialect import Dialect
from ..live.changes import TableName
from ..operation import Operation
from ..plan import (
    Aggregation,
    AuthorisedPlan,
    ColumnField,
    Connection,
    Field,
    NodesField,
    Order,
    Plan,
    Read,
    RelationField,
    Root,
    Source,
    shown,
)
from ..visit import Visitor, rows_of
from ..writes.mutation import Mutation, Written, verbs
from .conditions import Conditions
from .lookups import COARSE, Branch, Cause, Lookup, Sorting, Term, Test

MOST_ROWS = 1_000
"""How many rows a plain list is taken to ask for."""


def lookups_of_plan(plan: AuthorisedPlan, catalog: Catalog, dialect: Dialect) -> tuple[Lookup, ...]:
    """What a plan looks for."""
    finder = _Finder(catalog, dialect)
    finder.plan(plan)
    return finder.found()


def lookups_of_operation(operation: Operation, catalog: Catalog, dialect: Dialect) -> tuple[Lookup, ...]:
    """What a query or a subscription looks for, each time that it is answered."""
    finder = _Finder(catalog, dialect)
    finder.plan(operation.authorised)
    for key, read in operation.changes.items():
        finder.plan(named(read.operation.authorised, key))
    if operation.stream:
        for read in (operation.stream.first, operation.stream.next, operation.stream.images):
            finder.plan(named(read.authorised, operation.stream.planned.key))
    return finder.found()


def named(plan: AuthorisedPlan, key: str) -> AuthorisedPlan:
    """A plan of one root field under another response key."""
    return AuthorisedPlan(tuple(replace(root, key=key) for root in plan.roots))


def lookups_of_mutation(mutation: Mutation, view: View, dialect: Dialect) -> tuple[Lookup, ...]:
    """What the generated fields of a mutation look for: the rows that they choose, what the rules ask of them, and what
    is answered. What is written is known only when it runs.
    """
    finder = _Finder(view.catalog, dialect)
    for root in mutation.roots:
        if not isinstance(root, Written):
            continue
        table = view.catalog.tables[root.field.table]
        finder.root(root.key, Read(table.key, False, root.where, ()))
        for verb in verbs(root, view.catalog.naming):
            finder.rules(table, view.writes[table.key].rules.get(verb, ()))
        for read in (root.one, *(each.value for each in root.returned)):
            if read and not isinstance(read, str):
                finder.plan(named(read.operation.authorised, root.key))
    return finder.found()


def lookups_of_view(view: View, dialect: Dialect) -> tuple[Lookup, ...]:
    """What the callers of a View look for who ask plainly, and what their rules do."""
    finder = _Finder(view.catalog, dialect)
    for seen in view.tables.values():
        read = Read(seen.table.key, True, e.ALWAYS, _fields(seen, view), order=_by_key(seen), cap=MOST_ROWS)
        finder.plan(authorize(Plan((Root(seen.table.names.list, read),)), view))
    if not view.superuser:
        for table in view.catalog.tables.values():
            finder.rules(table, (rule for rule in table.rules if rule.roles & view.roles))
    return finder.found()


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: `columns` of a table that name the rows of another. `cascades`: they go when those go."""

    table: TableName
    columns: tuple[TableColumn, ...]
    to: TableName
    cascades: bool


def lookups_of_deletes(tables: Iterable[TableName], references: Sequence[Reference]) -> tuple[Lookup, ...]:
    """What the database looks for when rows of tables go: those that refer to them."""
    found: dict[Lookup, None] = {}
    waiting, known = [*tables], set(tables)
    for table in waiting:
        cause = Cause(f"deleting a row of {table[1]}")
        for each in references:
            if each.to == table:
                tests = tuple(Test(column, "one", cause, joined=True) for column in each.columns)
                found[Lookup(each.table, (Branch(tests),))] = None
                if each.cascades and each.table not in known:
                    known.add(each.table)
                    waiting.append(each.table)
    return tuple(found)


def _fields(seen: TableView, view: View) -> tuple[Field, ...]:
    """All columns of a row, and all that its relations lead to."""
    columns = (
        ColumnField(column.field, e.Column(column.name, column.type), column.nullable)
        for column in seen.columns.values()
    )
    relations = (
        RelationField(
            relation.field,
            relation.name,
            Read(relation.target, relation.many, e.ALWAYS, (), _by_key(view.tables[relation.target]), cap=MOST_ROWS),
        )
        for relation in seen.relations.values()
    )
    return (*columns, *relations)


def _by_key(seen: TableView) -> tuple[Order, ...]:
    if not seen.keyed:
        return ()
    return tuple(Order(e.Column(name, seen.table.columns[name].type)) for name in seen.table.primary_key)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a table; None for a link table that is no model. `few`: they are looked at one by one, being few or in a
    subselect of their own.
    """

    table: Table | None
    few: bool = True


class _Finder(Visitor[_Rows]):
    def __init__(self, catalog: Catalog, dialect: Dialect) -> None:
        super().__init__(catalog)
        self.conditions = Conditions(catalog, dialect)
        self.lookups: dict[Lookup, None] = {}
        self.path: tuple[str, ...] = ()
        self.cause = Cause("")
        self.causes: dict[str, dict[e.Expr, Cause]] = {}
        self.hashes = dialect.name == "postgres"
        self.hashed = False
        """Whether what is stepped to is asked of many rows at once."""

    def found(self) -> tuple[Lookup, ...]:
        """All that was found, each once."""
        return tuple(self.lookups)

    def add(self, lookup: Lookup) -> None:
        if lookup.branches:
            self.lookups[lookup] = None

    # Causes

    @contextmanager
    def because(self, cause: Cause) -> Generator[None]:
        before, self.cause = self.cause, cause
        try:
            yield
        finally:
            self.cause = before

    @property
    def field(self) -> str:
        """The field at hand, as in a document."""
        return ".".join(self.path)

    def why(self, part: e.Expr, scopes: Sequence[_Rows]) -> Cause:
        """What a part of a condition is there for: a rule of the table that holds it, else what is looked at."""
        if self.cause.rule:
            return self.cause
        here, *around = (self.rules_of(rows.table) if rows.table else {} for rows in scopes[:2])
        if part in here or not around or any(isinstance(node, e.Related | e.Gathered) for node in walk(part)):
            return here.get(part, self.cause)
        return around[0].get(lift(part, -1), self.cause)  # what a relation demands is said of the row around

    def rules_of(self, table: Table) -> dict[e.Expr, Cause]:
        """The parts of a table's rules of reading."""
        if table.key not in self.causes:
            known = self.causes[table.key] = {}
            for rule in table.rules:
                for part in _parts(rule.where) if "read" in rule.verbs else ():
                    known.setdefault(part, _of_rule(table, rule, part))
        return self.causes[table.key]

    def rules(self, table: Table, rules: Iterable[Rule]) -> None:
        """What rules ask of other rows, for a row at hand."""
        for rule in rules:
            for where in dict.fromkeys((rule.where, rule.check)):
                for part in _parts(where):
                    with self.because(_of_rule(table, rule, part)):
                        self.visit(part, (_Rows(table),))

    # Rows

    def root(self, key: str, source: Source) -> None:
        self.path = (key,)
        table = self.catalog.tables[rows_of(source).table]
        here = _Rows(table, few=isinstance(source, Read) and not source.many)
        self.sourced(source, table, (here,), ())
        self.rows(source, (here,))
        self.path = ()

    def relation(self, field: RelationField, around: Sequence[_Rows]) -> None:
        before, self.path = self.path, (*self.path, field.key)
        table = around[0].table
        assert table
        relation = table.relations[field.relation]
        with self.because(Cause(f"the relation {table.key}.{relation.name}")):
            target = self.catalog.target(table, relation.name)
            scopes = (_Rows(target), *around)
            joined = self.joined(relation, table, target, around, field.through)
            self.sourced(field.read, target, scopes, joined)
        self.rows(field.read, scopes)
        self.path = before

    def open(self, table: Table, where: e.Expr) -> _Rows:
        here = _Rows(table)
        self.add(self.lookup(table, where, (here,)))
        return here

    def step(self, around: Sequence[_Rows], name: str, where: e.Expr, through: e.Expr = e.ALWAYS) -> _Rows:
        table = around[0].table
        assert table
        target = self.catalog.target(table, name)
        there = _Rows(target, few=not self.hashed)
        joined = self.joined(table.relations[name], table, target, around, through)
        lookup = self.lookup(target, where, (there, *around))
        # What the statement is given comes first: so an index serves one who begins with these rows, too.
        self.add(replace(lookup, branches=tuple(branch & Branch(joined) for branch in lookup.branches)))
        return there

    def read(self, here: _Rows, column: str) -> None:
        pass

    def joined(
        self, relation: Relation, here: Table, target: Table, around: Sequence[_Rows], through: e.Expr
    ) -> tuple[Test, ...]:
        """What rows at the end of a relation are looked for by; of a link table, its rows are looked for here."""
        if relation.link is None:
            pairs = [(target.columns[theirs], here.columns[ours]) for ours, theirs in relation.pairs]
            return self.equal(pairs)
        far, near = self.conditions.link_columns(relation, here)
        link = relation.link
        tests = self.equal(zip(near, (here.columns[name] for name in relation.local), strict=True))
        branches: tuple[Branch, ...] = (Branch(tests),)
        if link.table:
            table = self.catalog.tables[link.table]
            scopes = (_Rows(table), *around)
            chosen = self.conditions.branches(through, table, lambda part: self.why(part, scopes))
            branches = tuple(Branch(tests) & branch for branch in chosen)
            self.condition(through, scopes)
        self.add(Lookup((link.sql_schema, link.sql), branches))
        return self.equal(zip((target.columns[name] for name in relation.remote), far, strict=True))

    def equal(self, pairs: Iterable[tuple[TableColumn, TableColumn]]) -> tuple[Test, ...]:
        """The tests of columns that equal others'."""
        return tuple(
            Test(column, "one", self.cause, joined=True, hashed=self.hashed)
            for column, other in pairs
            if self.conditions.comparable(column.type, other.type)
        )

    def lookup(self, table: Table, where: e.Expr, scopes: Sequence[_Rows]) -> Lookup:
        branches = self.conditions.branches(where, table, lambda part: self.why(part, scopes))
        return Lookup((table.sql_schema, table.sql), branches)

    def sourced(self, source: Source, table: Table, scopes: Sequence[_Rows], joined: tuple[Test, ...]) -> None:
        """The rows of a source."""
        rows = rows_of(source)
        if rows.images:
            return
        with self.because(Cause(f"the filter of `{self.field}`")):
            lookup = self.lookup(table, rows.where, scopes)
        branches = tuple(Branch(joined) & branch for branch in lookup.branches)
        sorting = self.sorting(rows, table) if _first_wanted(source) else None
        self.add(replace(lookup, branches=branches, sorting=sorting))

    def sorting(self, rows: Read, table: Table) -> Sorting | None:
        """The order of rows."""
        terms = _terms(rows.order, table, self.conditions.dialect)
        if not terms:
            return None
        said = ", ".join(map(shown, rows.order))
        cause = Cause(f"the order of `{self.field}` ({said})")
        return Sorting(terms, len(terms) == len(rows.order), rows.limit is not None, cause)

    # Conditions

    def rows(self, source: Source, scopes: Sequence[_Rows]) -> None:
        with self.because(Cause(f"the filter of `{self.field}`")):
            super().rows(source, scopes)

    def order(self, order: Sequence[Order], scopes: Sequence[_Rows]) -> None:
        with self.because(Cause(f"the order of `{self.field}`")):
            super().order(order, scopes)

    def fields(self, fields: Sequence[Field], scopes: Sequence[_Rows]) -> None:
        with self.because(Cause(f"the field `{self.field}`")):
            super().fields(fields, scopes)

    def condition(self, where: e.Expr, scopes: Sequence[_Rows]) -> None:
        for part in _parts(where):
            with self.because(self.why(part, scopes)):
                self.visit(part, scopes)

    def visit(self, node: e.Node, scopes: Sequence[_Rows]) -> None:
        if isinstance(node, e.Visible):
            self.condition(node.when, scopes)
            self.visit(node.value, scopes)
            return
        before = self.hashed
        self.hashed = self.hashes and isinstance(node, e.Exists) and not scopes[node.up].few
        super().visit(node, scopes)
        self.hashed = before


def _terms(order: Sequence[Order], table: Table, dialect: Dialect) -> tuple[Term, ...]:
    """The columns that an order begins with, as far as an index can have them in this order."""
    found: list[Term] = []
    for term in order:
        value = term.value
        if not isinstance(value, e.Column):
            break
        column = table.columns[value.name]
        nulls_first: bool | None = None
        if column.nullable:
            nulls_first = term.descending if term.nulls_first is None else term.nulls_first
            # SQLite has nulls below all, and reads them last (or first, from the end) of an index's first column alone.
            if found and dialect.name == "sqlite" and nulls_first is term.descending:
                break
        if not column.type.sortable or column.type.kind in COARSE or column.collated:
            break
        found.append(Term(column, term.descending, nulls_first, column.name in table.primary_key))
    return tuple(found)


def _first_wanted(source: Source) -> bool:
    """Whether only the first rows of an order are wanted."""
    match source:
        case Read():
            return source.many and not source.distinct
        case Aggregation(rows=rows, fields=fields):
            cut = rows.limit is not None or rows.offset is not None
            return not rows.distinct and (cut or any(isinstance(field, NodesField) for field in fields))
        case Connection():
            return True


def _parts(where: e.Expr) -> Iterator[e.Expr]:
    """The conditions that a condition is made of."""
    match where:
        case e.And() | e.Or():
            for each in where.exprs:
                yield from _parts(each)
        case e.Passes():
            yield from _parts(where.expr)
        case _:
            yield where


def _of_rule(table: Table, rule: Rule, part: e.Expr) -> Cause:
    verbs = " ".join(sorted(rule.verbs))
    at = f", {rule.origin}" if rule.origin else ""
    said = show(part)
    said = said[1:-1] if isinstance(part, e.Compare) else said
    return Cause(f"the rule of {table.key} for {', '.join(sorted(rule.roles))} to {verbs} ({said}{at})", rule=True)
