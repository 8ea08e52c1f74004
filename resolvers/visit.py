"""Every place where a plan's statement reads a table, visited: root fields, relations, and what conditions, values and
orders read through relations.

In: a plan with its rules, or conditions and values on rows at hand. Out: nothing; a Visitor says what it makes of rows
that are opened, of a step over a relation, and of a column that is read. Each place is visited with the rows around it,
innermost first. Nothing is left out: a field or a node that is new fails at type-check time, by assert_never.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar, assert_never

from ..schema import expr as e
from ..schema.catalog import Catalog, Table
from ..schema.traversal import children
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
    Root,
    Source,
    TotalsField,
    TypenameField,
)

S = TypeVar("S")
"""What a Visitor knows of the rows of one place."""


class Visitor(ABC, Generic[S]):
    """Goes over the places of a plan."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    @abstractmethod
    def open(self, table: Table, where: e.Expr) -> S:
        """Rows of a table that no other rows lead to: those for which `where` passes."""

    @abstractmethod
    def step(self, around: Sequence[S], name: str, where: e.Expr, through: e.Expr = e.ALWAYS) -> S:
        """The rows at the end of a relation of the innermost of `around` for which `where` passes; `through` is as in
        Exists.
        """

    @abstractmethod
    def read(self, here: S, column: str) -> None:
        """A column, by attribute, of rows at hand is read."""

    # Sources

    def plan(self, plan: AuthorisedPlan) -> None:
        """All that a plan reads."""
        for root in plan.roots:
            if isinstance(root, Root) and root.read is not None:
                self.root(root.key, root.read)

    def root(self, key: str, source: Source) -> None:
        """A root field."""
        rows = rows_of(source)
        self.rows(source, (self.open(self.catalog.tables[rows.table], rows.where),))

    def relation(self, field: RelationField, around: Sequence[S]) -> None:
        """What a relation of the innermost of `around` leads to."""
        here = self.step(around, field.relation, rows_of(field.read).where, field.through)
        self.rows(field.read, (here, *around))

    def rows(self, source: Source, scopes: Sequence[S]) -> None:
        """The rows of a source, which `scopes` begin with."""
        rows = rows_of(source)
        self.condition(rows.where, scopes)
        self.order(rows.order, scopes)
        for node in (*rows.distinct, rows.limit, rows.offset):
            if node:
                self.visit(node, scopes)
        match source:
            case Read():
                self.fields(source.fields, scopes)
            case Aggregation():
                for part in source.fields:
                    self._gathered(part, scopes)
            case Connection():
                for condition in (*source.behind, source.within):
                    self.condition(condition, scopes)
                for fields in (source.place, *source.selections):
                    self.fields(fields, scopes)
            case _:
                assert_never(source)

    def _gathered(self, part: TotalsField | NodesField | GroupsField | TypenameField, scopes: Sequence[S]) -> None:
        match part:
            case TotalsField() | NodesField():
                self.fields(part.fields, scopes)
            case GroupsField():
                for node in (*part.keys, part.having, part.limit, part.offset):
                    if node:
                        self.visit(node, scopes)
                self.order(part.order, scopes)
                self.fields(part.fields, scopes)
            case TypenameField():
                pass
            case _:
                assert_never(part)

    def order(self, order: Sequence[Order], scopes: Sequence[S]) -> None:
        """What rows, or groups of rows, are ordered by."""
        for term in order:
            self.visit(term.value, scopes)

    def fields(self, fields: Sequence[Field], scopes: Sequence[S]) -> None:
        """What is read of a row."""
        for each in fields:
            match each:
                case ColumnField():
                    self.visit(each.value, scopes)
                case FileField():
                    self.visit(each.cell.value, scopes)
                case IdField():
                    for value in each.values:
                        self.visit(value, scopes)
                case ComputedField():
                    self.fields((*each.columns, *each.shown), scopes)
                case KeyField():
                    self.fields(each.columns, scopes)
                case ObjectField():
                    self.fields(each.fields, scopes)
                case RelationField():
                    self.relation(each, scopes)
                case TypenameField():
                    pass
                case _:
                    assert_never(each)

    # Conditions and values

    def condition(self, where: e.Expr, scopes: Sequence[S]) -> None:
        """What rows must pass."""
        self.visit(where, scopes)

    def visit(self, node: e.Node, scopes: Sequence[S]) -> None:
        """Whatever a node reads; `scopes` begin with the row at hand."""
        match node:
            case e.Column():
                around = self._walked(node.path, scopes[node.up :])
                self.read(around[0], node.name)
            case e.Exists():
                around = self._walked(node.path, scopes[node.up :])
                there = self.step(around, node.relation, node.where, node.through)
                self.condition(node.where, (there, *scopes))
            case e.Related() | e.Gathered():
                through = node.through if isinstance(node, e.Gathered) else e.ALWAYS
                there = self.step(scopes, node.relation, node.where, through)
                self.condition(node.where, (there, *scopes))
                self.visit(node.value, (there, *scopes))
            case _:
                for child in children(node):
                    self.visit(child, scopes)

    def _walked(self, path: Sequence[str], around: Sequence[S]) -> Sequence[S]:
        for name in path:
            around = (self.step(around, name, e.ALWAYS), *around)
        return around


def rows_of(source: Source) -> Read:
    """The rows that a source is made of."""
    return source if isinstance(source, Read) else source.rows
