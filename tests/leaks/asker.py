"""Random queries that are valid for a View, with values that stand in the data, hidden ones too.

In: a View, rows, a seed. Out: queries as values; and the same queries with pages turned, by cursors that came before.
"""

import base64
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hedgerow.schema.aggregates import OF_COLUMNS, result
from hedgerow.schema.types import SORTABLE, Kind, Type
from hedgerow.schema.views import TableView, View

from .asked import (  # fmt: skip
    Asked,
    At,
    By,
    Computed,
    Count,
    Fields,
    Gather,
    Groups,
    Named,
    Node,
    NodeId,
    Of,
    Page,
    Picked,
    Place,
    Root,
    Rows,
    Term,
    Totals,
    Word,
    pages,
)
from .logic import PATHS
from .models import Data
from .rules import KEYS, camel
from .truth import PARTS, whole

DIRECTIONS = ["ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"]
EXACT = ["sum", "avg", "min", "max"]
"""Functions that are the same to the last digit for equal values, whoever works them out."""
BETWEEN = 2.137
"""What no average or spread of these rows is equal to."""
PICKED = {"leakPicked": ("LeakDoc", True), "leakNamed": ("LeakGroup", False), "leakRevealed": ("LeakSecret", False)}


class Asker:
    """Asks one View."""

    def __init__(self, seen: View, data: Data, seed: int, *, picked: bool = True) -> None:
        self.seen = seen
        self.rng = random.Random(seed)
        self.picked = picked
        self.pool = {
            (table, column): [row[column] for row in rows if row[column] is not None]
            for table, rows in data.items()
            for column in (rows[0] if rows else ())
        }
        self.keys = {table: [tuple(row[key] for key in KEYS[table]) for row in data[table]] for table in KEYS}

    def query(self) -> Asked:
        """A new query."""
        roots = [self.root(f"r{number}") for number in range(self.rng.choice([1, 1, 2]))]
        return Asked(roots, self.rng.randrange(2**32))

    def turned(self, asked: Asked, texts: Mapping[Any, Any]) -> bool:
        """Turns the pages of a query to cursors known before; whether there is any."""
        turned = False
        for page in (page for root in asked.roots for page in pages(root)):
            terms = whole(page.rows.table, page.rows.order)
            known = [place for place in texts if isinstance(place, Place) and place.table == page.rows.table]
            known = [place for place in known if place.terms == terms]
            for word in ("after", "before"):
                place = self.rng.choice(known) if known and self.rng.random() < 0.6 else None
                setattr(page, word, place and (texts[place], place))
                turned = turned or place is not None
            if turned and self.rng.random() < 0.4:  # so that the cursor's own row may be none of the page's
                page.rows = replace(page.rows, where=self.where(page.rows.table, 1))
        return turned

    # Root fields

    def root(self, key: str) -> Root:
        rng = self.rng
        if self.picked and rng.random() < 0.07:
            open_ = [name for name, (table, _) in PICKED.items() if table in self.seen.tables]
            name = rng.choice(open_)
            table, nullable = PICKED[name]
            return Picked(key, name, table, [rng.randrange(1, 17) for _ in range(5)], nullable, self.fields(table, 2))
        # What fields of changes tell depends on what was: tests/test_histories.py has a truth for them.
        readable = [root for root in self.seen.roots.values() if root.kind != "changes"]
        root = rng.choice([*readable, *[self.seen.roots["node"]] * 2])
        match root.kind:
            case "node":
                return self.named(key)
            case "list":
                return Node(key, root.name, self.rows(root.table), self.fields(root.table, 3))
            case "by_key":
                found = self.rng.choice(self.keys[root.table])
                by_key = dict(zip(KEYS[root.table], found, strict=True))
                return Node(key, root.name, Rows(root.table), self.fields(root.table, 3), many=False, by_key=by_key)
            case "aggregate":
                return self.gather(key, root.name, self.rows(root.table), 3)
            case "connection":
                return self.page(key, root.name, self.rows(root.table), 3)

    def named(self, key: str) -> Named:
        rng = self.rng
        table = rng.choice(list(self.seen.tables))
        of = table if rng.random() < 0.7 else rng.choice(list(KEYS))
        chosen = rng.choice(self.keys[of]) if rng.random() < 0.9 else (77,) * len(KEYS[of])
        given: Any = [of, *chosen]
        named: tuple[str, tuple[Any, ...]] | None = (of, chosen)
        if rng.random() < 0.1:
            given, named = rng.choice([["Nothing", 1], [of, *chosen, 1], [of, "1 OR 1=1"], ["LeakDocMark", 1, 1]]), None
        text = base64.b64encode(json.dumps(given, separators=(",", ":")).encode()).decode()
        return Named(key, text, named, table, self.fields(table, 2))

    def gather(self, key: str, name: str, rows: Rows, depth: int) -> Gather:
        rng = self.rng
        totals = self.totals(rows.table) if rng.random() < 0.7 else []
        fields = self.fields(rows.table, depth - 1) if rng.random() < 0.3 else None
        groups = [self.groups("g", rows.table)] if rng.random() < 0.7 or not (totals or fields) else []
        return Gather(key, name, rows, totals, fields, groups)

    def page(self, key: str, name: str, rows: Rows, depth: int) -> Page:
        rng = self.rng
        rows = replace(rows, limit=None, offset=None, distinct=[])
        page = Page(key, name, rows, self.fields(rows.table, depth - 1))
        if rng.random() < 0.8:
            setattr(page, rng.choice(["first", "last"]), rng.choice([0, 1, 2, 3]))
        page.parts = tuple(part for part in page.parts if rng.random() < 0.75) or ("edges",)
        return page

    # Fields

    def fields(self, table: str, depth: int) -> Fields:
        seen, rng = self.seen.tables[table], self.rng
        columns = rng.sample(list(seen.columns), min(len(seen.columns), rng.randrange(1, 5)))
        fields: Fields = [(column, seen.columns[column].name) for column in columns]
        for word, column in seen.columns.items():
            if column.type.kind is Kind.JSON:
                fields.append((f"at_{word}", At(column.name, word, rng.choice(list(PATHS)))))
        if rng.random() < 0.3:
            fields.append(("the_id", NodeId()))
        if rng.random() < 0.3:
            fields += [(f"made_{name}", Computed(name)) for name in seen.computed]
        if depth > 0 and seen.relations:
            for name in rng.sample(list(seen.relations), min(len(seen.relations), rng.choice([0, 1, 1, 2]))):
                fields.append(self.related(seen, name, depth - 1))
        rng.shuffle(fields)
        return fields

    def related(self, seen: TableView, name: str, depth: int) -> tuple[str, Any]:
        relation = seen.relations[name]
        if not relation.many:
            node = Node(name, name, Rows(relation.target, relation.name), self.fields(relation.target, depth))
            return name, replace(node, many=False)
        rows = self.rows(relation.target, relation.name)
        beside = self.rng.random()
        if beside < 0.25:
            return relation.aggregate, self.gather(relation.aggregate, relation.aggregate, rows, depth)
        if beside < 0.45:
            return relation.connection, self.page(relation.connection, relation.connection, rows, depth)
        return name, Node(name, name, rows, self.fields(relation.target, depth))

    # Rows

    def rows(self, table: str, relation: str = "") -> Rows:
        seen, rng = self.seen.tables[table], self.rng
        rows = Rows(table, relation)
        rows.where = self.where(table, 2) if rng.random() < 0.6 else {}
        rows.order = [self.order(table, 2) for _ in range(rng.choice([0, 0, 1, 2]))]
        if rng.random() < 0.25:
            sortable = self.sortable(seen)
            rows.distinct = rng.sample(sortable, min(len(sortable), rng.choice([1, 1, 2])))
            if rng.random() < 0.5:
                first = [Term((), name, rng.choice(DIRECTIONS)) for name in rows.distinct]
                rows.order = [*rng.sample(first, len(first)), *rows.order]
            else:
                rows.order = []
        rows.limit = rng.choice([None, None, 1, 2, 3])
        rows.offset = rng.choice([None, None, None, 1])
        return rows

    def sortable(self, seen: TableView) -> list[str]:
        return [column.name for column in seen.columns.values() if column.type.kind in SORTABLE]

    def order(self, table: str, depth: int) -> Term:
        seen, rng = self.seen.tables[table], self.rng
        ones = [relation for relation in seen.relations.values() if not relation.many]
        many = [relation for relation in seen.relations.values() if relation.many]
        if depth and ones and rng.random() < 0.35:
            relation = rng.choice(ones)
            term = self.order(relation.target, depth - 1)
            return replace(term, path=(relation.name, *term.path))
        if many and rng.random() < 0.35:
            relation = rng.choice(many)
            return Term((), self.of(relation.target, relation.name), rng.choice(DIRECTIONS))
        return Term((), rng.choice(self.sortable(seen)), rng.choice(DIRECTIONS))

    def of(self, table: str, relation: str = "") -> Of:
        """An aggregate that has an exact order."""
        function, columns = self.rng.choice(
            [("count", [""]), *self.functions(table, EXACT), *self.functions(table, ["avg"])]
        )
        return Of(function, self.rng.choice(columns), relation)

    # Aggregates

    def functions(self, table: str, which: Sequence[str] = ()) -> list[tuple[str, list[str]]]:
        """Functions as GraphQL names them, with the columns that they have."""
        columns = self.seen.tables[table].columns.values()
        found = [
            (camel(function), [column.name for column in columns if result(function, column.type)])
            for function in OF_COLUMNS
        ]
        return [(word, names) for word, names in found if names and (not which or word in which)]

    def totals(self, table: str) -> Totals:
        rng, columns = self.rng, [column.name for column in self.seen.tables[table].columns.values()]
        totals: Totals = [("count", Count([], distinct=False))] if rng.random() < 0.5 else []
        for number in range(rng.choice([1, 1, 2])):
            some = rng.sample(columns, min(len(columns), rng.choice([1, 1, 2])))
            totals.append((f"c{number}", Count(some, rng.random() < 0.5)))
        functions = self.functions(table)
        for function, names in rng.sample(functions, min(len(functions), rng.randrange(4))):
            totals.append((function, rng.sample(names, min(len(names), 2))))
        return totals

    def groups(self, key: str, table: str) -> Groups:
        rng = self.rng
        by = list(dict.fromkeys(self.by(table, 2) for _ in range(rng.choice([1, 1, 2]))))
        order: list[tuple[By | Of, str]] = []
        for leaf in rng.sample([*by, self.of(table)], rng.randrange(len(by) + 2)):
            order.append((leaf, rng.choice(DIRECTIONS)))
        having = self.having(table, 2) if rng.random() < 0.6 else {}
        limit, offset = rng.choice([None, None, None, 2]), rng.choice([None, None, None, 1])
        return Groups(key, by, having, order, limit, offset, self.totals(table))

    def by(self, table: str, depth: int) -> By:
        seen, rng = self.seen.tables[table], self.rng
        ones = [relation for relation in seen.relations.values() if not relation.many]
        if depth and ones and rng.random() < 0.35:
            relation = rng.choice(ones)
            inner = self.by(relation.target, depth - 1)
            return replace(inner, path=(relation.name, *inner.path))
        column = rng.choice(self.sortable(seen))
        if seen.table.columns[column].type.kind is Kind.DATE:
            return By((), column, rng.choice(["value", *PARTS]))
        return By((), column)

    def having(self, table: str, depth: int) -> dict[str, Any]:
        rng = self.rng
        if depth and rng.random() < 0.2:
            word = rng.choice(["_and", "_or", "_not"])
            if word == "_not":
                return {"_not": self.having(table, depth - 1)}
            return {word: [self.having(table, depth - 1) for _ in range(rng.randrange(3))]}
        given: dict[str, Any] = {}
        if rng.random() < 0.3:
            given["where"] = self.where(table, depth - 1 if depth else 0)
        functions = self.functions(table)
        if rng.random() < 0.5 or not functions:
            columns = [Word(name) for name in self.seen.tables[table].columns]
            count: dict[str, Any] = {rng.choice(["_gt", "_lt", "_eq", "_neq", "_gte"]): rng.choice([0, 1, 1, 2, 3])}
            if rng.random() < 0.5:
                count["columns"] = rng.sample(columns, min(len(columns), rng.choice([1, 1, 2])))
                count["distinct"] = rng.random() < 0.5
            if rng.random() < 0.3:
                count["where"] = self.where(table, 0)
            return given | {"count": count}
        function, names = rng.choice(functions)
        column = rng.choice(names)
        type = self.seen.tables[table].table.columns[column].type
        if function in ("min", "max"):
            return given | {function: {camel(column): self.comparison(table, column, type)}}
        if function == "sum":
            some = sum(rng.sample(self.pool[table, column], min(2, len(self.pool[table, column]))))
            return given | {function: {camel(column): {rng.choice(["_gt", "_lt", "_eq", "_neq"]): some}}}
        operator = rng.choice([{"_gt": BETWEEN}, {"_lt": BETWEEN}, {"_isNull": True}, {"_isNull": False}])
        return given | {function: {camel(column): operator}}

    # Filters

    def where(self, table: str, depth: int) -> dict[str, Any]:
        seen, rng = self.seen.tables[table], self.rng
        chosen = rng.random()
        if depth and chosen < 0.25:
            word = rng.choice(["_and", "_or", "_not"])
            if word == "_not":
                return {"_not": self.where(table, depth - 1)}
            return {word: [self.where(table, depth - 1) for _ in range(rng.randrange(3))]}
        if depth and chosen < 0.55 and seen.relations:
            name = rng.choice(list(seen.relations))
            relation = seen.relations[name]
            if relation.many and rng.random() < 0.35:
                return {relation.aggregate: self.having(relation.target, depth - 1)}
            inner = self.where(relation.target, depth - 1)
            if not relation.many:
                return {name: inner}
            return {name: rng.choice([inner, {"_every": inner}, {"_none": inner}, {**inner, "_none": {}}, {}])}
        names = rng.sample(list(seen.columns), min(len(seen.columns), rng.choice([1, 1, 2])))
        return {name: self.comparison(table, seen.columns[name].name, seen.columns[name].type) for name in names}

    def comparison(self, table: str, column: str, type: Type) -> dict[str, Any]:
        rng, pool = self.rng, self.pool[table, column]
        ops = ["_eq", "_neq", "_in", "_nin", "_isNull"]
        if type.kind is Kind.JSON:
            ops += ["_contains", "_contains", "_containedIn", "_hasKey", "_hasKeysAny", "_hasKeysAll"]
        elif type.kind is not Kind.BOOL:
            ops += ["_gt", "_gte", "_lt", "_lte"]
        if type.kind is Kind.TEXT:
            ops += ["_like", "_nlike", "_ilike", "_nilike", "_regex", "_nregex"]
        op = rng.choice(ops)
        if op == "_isNull":
            return {op: rng.random() < 0.5}
        if op in ("_in", "_nin"):
            return {op: rng.sample(pool, rng.randrange(0, min(3, len(pool)) + 1))}
        if "_hasKey" in op:
            keys = rng.choices(["a", "b", "c", "zz"], k=rng.randrange(3))
            return {op: "a" if op == "_hasKey" else keys}
        value = rng.choice(pool)
        if op == "_contains":
            return {op: rng.choice([value, {}, [], "a", 1, {"b": {}}, {"a": []}])}
        if "like" in op:
            return {op: value[: rng.randrange(3)] + "%"}
        return {op: value[:2] if "regex" in op else value}
