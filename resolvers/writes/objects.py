"""What a client gives to be written → rows to create and changes to make, by attributes of the models.

In: Inputs whose leaves are known, and what their caller may write. Out: Objects and Changes, each with its place in the
input, so that what is refused later can be told there. Refused here, as BAD_USER_INPUT and all faults at once: values
that are not of their column's type, and two operations on one column. Nothing is judged yet: `judge` does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from ...schema.catalog import Relation, Table, TableColumn, Unique
from ...schema.errors import Code, Complaint, Refusal
from ...schema.names import OPERATIONS, Naming, Operation
from ...schema.types import INT, JSON, TEXT, Type, parser
from ...schema.views import View
from ...schema.writing import PARTS, Part, WriteView, unwritten
from ..inputs import Absent, Given, Input, Known, items, plain, present
from ..rows import Key

Path: TypeAlias = tuple[str | int, ...]
"""Where in the arguments of a root field something stands."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """What becomes of a row that is there already: `update` are the columns that then take the given values."""

    on: Unique
    update: tuple[str, ...]
    where: Input
    path: Path


@dataclass(slots=True)
class Object:
    """A row to create: values by attribute, and rows that its relations lead to."""

    writes: WriteView
    path: Path
    values: dict[str, Any]
    related: list[Related] = field(default_factory=list["Related"])


@dataclass(slots=True)
class Related:
    """What a write does to the rows at the end of one relation."""

    relation: Relation
    target: WriteView
    path: Path
    objects: list[Object]
    conflict: Conflict | None
    link: list[Key]
    unlink: list[Key] | bool = False
    """Keys, or of a to-one relation whether."""
    updates: list[tuple[Input, Changes]] = field(default_factory=list[tuple["Input", "Changes"]])
    """Filters, and what happens to the related rows that pass."""
    delete: Input = None


@dataclass(slots=True)
class Changes:
    """What an update does to each of its rows."""

    writes: WriteView
    path: Path
    columns: dict[str, tuple[Operation, Any]]
    related: list[Related]
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the client calls the operation on a column."""

    def place(self, column: TableColumn) -> Path:
        """Where a column stands in the input."""
        word = self.words.get(column.name)
        return (*self.path, *([word] if word else ()), column.field)


class Faults:
    """Gathers what is wrong with an input, so that all of it is told at once."""

    MOST = 20

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []
        self.count = 0

    def add(self, path: Path, message: str) -> None:
        """One more; past MOST they are counted only."""
        self.count += 1
        if len(self.complaints) < self.MOST:
            self.complaints.append(fault(path, message))

    def check(self) -> None:
        """Refuses the input where anything is wrong with it."""
        if self.complaints:
            raise Refusal(*self.complaints)


def written(path: Path) -> str:
    """A place as a reader of the message would write it: `objects[0].title`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def fault(path: Path, message: str, code: Code = Code.BAD_USER_INPUT) -> Complaint:
    """A complaint about a place in the input; () is all of it."""
    told = f"{written(path)}: {message}." if path else f"{message[:1].upper()}{message[1:]}."
    return Complaint(code, told, extensions={"input": list(path)})


class Objects:
    """Reads what one root field is given."""

    def __init__(self, view: View, max_depth: int) -> None:
        self.view = view
        self.max_depth = max_depth
        self.naming: Naming = view.catalog.naming
        self.faults = Faults()

    # Creates

    def objects(self, given: Input, writes: WriteView, path: Path) -> list[Object]:
        """Rows to create; a single object may stand for a list of one."""
        listed = isinstance(given, tuple)
        return [
            self.object(each, writes, (*path, index) if listed else path) for index, each in enumerate(items(given))
        ]

    def object(self, given: Input, writes: WriteView, path: Path) -> Object:
        """A row to create."""
        self.deepen(path)
        made = Object(writes, path, {})
        if not isinstance(given, dict):
            self.faults.add(path, "null is no row")
            return made
        columns = writes.create or {}
        for name, value in given.items():
            column = columns.get(name)
            if column is not None:
                made.values[column.name] = self.value(value, column.type, path, name)
            elif isinstance(value, dict):
                relation = writes.create_relations[name]
                made.related.append(self.related(value, relation, writes.create_parts[name], (*path, name)))
        return made

    def related(self, given: Mapping[str, Input], relation: Relation, parts: frozenset[Part], path: Path) -> Related:
        """What is created or linked through a relation; a type that relations share may have more than its `parts`."""
        for word in PARTS:
            if given.get(word) is not None and word not in parts:
                self.faults.add((*path, word), "not here, or not for you")
        target = writes_of(self.view, relation.target)
        conflict = self.conflict(
            given.get(self.naming.word("on_conflict")), target, (*path, self.naming.word("on_conflict"))
        )
        link = self.keys(given.get("link"), target.table, (*path, "link"))
        objects = self.objects(given.get("data"), target, (*path, "data"))
        if not relation.many and len(objects) + len(link) > 1:
            self.faults.add(path, "leads to one row: give data or link, not both")
        return Related(relation, target, path, objects, conflict, link)

    def conflict(self, given: Input, writes: WriteView, path: Path) -> Conflict | None:
        """What an onConflict says."""
        if not isinstance(given, dict):
            return None
        label = plain(given["constraint"])
        on = next(unique for unique in writes.table.uniques if unique.label == label)
        fields = {column.field: column.name for column in (writes.update or {}).values()}
        update = tuple(
            dict.fromkeys(fields[str(plain(each))] for each in items(given.get(self.naming.word("update_columns"))))
        )
        return Conflict(on, update, given.get("where"), path)

    def keys(self, given: Input, table: Table, path: Path) -> list[Key]:
        """Rows named by their keys."""
        listed = isinstance(given, tuple)
        return [self.key(each, table, (*path, index) if listed else path) for index, each in enumerate(items(given))]

    def key(self, given: Input, table: Table, path: Path) -> Key:
        """A row named by its key."""
        values = given if isinstance(given, dict) else {}
        columns = (table.columns[name] for name in table.primary_key)
        return tuple(self.value(values.get(column.field), column.type, path, column.field) for column in columns)

    # Updates

    def changes(self, given: Mapping[str, Input], writes: WriteView, path: Path) -> Changes:
        """What the arguments of an update say, by their names."""
        self.deepen(path)
        words: dict[str, str] = {}
        made = Changes(writes, path, {}, [], words)
        for op in OPERATIONS:
            word = self.naming.operation(op)
            inner = given.get(word)
            if not isinstance(inner, dict):
                continue
            for name, value in present(inner):
                place = (*path, word)
                column = (writes.update or {}).get(name)
                if column is None:
                    if isinstance(value, dict):
                        relation = writes.update_relations[name]
                        made.related.append(self.changed(value, relation, writes.update_parts[name], (*place, name)))
                elif column.name in made.columns:
                    self.faults.add((*place, name), "two operations change it; say one")
                else:
                    words[column.name] = word
                    made.columns[column.name] = (op, self.operand(op, value, column, place))
        return made

    def operand(self, op: Operation, given: Input, column: TableColumn, path: Path) -> Any:
        """The value of an operation on a column."""
        if given is None and op != "set":
            self.faults.add((*path, column.field), "null is no value for it")
            return None
        if op == "delete_at_path":
            return [self.value(each, TEXT, path, column.field) for each in items(given)]
        value = self.value(given, operand_type(op, column.type), path, column.field)
        if op == "delete_key" and column.file and isinstance(value, str):
            with suppress(ValueError):
                return str(UUID(value))  # as it stands in the list
        return value

    def changed(self, given: Mapping[str, Input], relation: Relation, parts: frozenset[Part], path: Path) -> Related:
        """What an update does through a relation."""
        made = self.related(given, relation, parts, path)
        unlink = given.get("unlink")
        if relation.many:
            made.unlink = self.keys(unlink, made.target.table, (*path, "unlink"))
        else:
            made.unlink = isinstance(unlink, Given) and unlink.value is True
            if made.unlink and (made.objects or made.link):
                self.faults.add(path, "unlink goes with neither data nor link")
        updates = given.get("update")
        for index, each in enumerate(items(updates)):
            if isinstance(each, dict):
                place = (*path, "update", index) if isinstance(updates, tuple) else (*path, "update")
                made.updates.append((each.get("where"), self.changes(each, made.target, place)))
        made.delete = given.get("delete")
        return made

    def deepen(self, path: Path) -> None:
        """Refuses what stands too deep: as many levels as variables may have, each with a name of its own."""
        if sum(isinstance(step, str) for step in path) > self.max_depth:
            message = f"Arguments may be nested {self.max_depth} levels deep. Nest fewer levels."
            raise Refusal.of(Code.LIMIT_EXCEEDED, message)

    # Values

    def value(self, given: Input, type: Type, path: Path, name: str) -> Any:
        """A leaf's value as its type wants it; a fault where it is not of the type."""
        match given:
            case None | Absent():
                return None
            case Known(value):
                return value
            case _:
                try:
                    return parser(type)(plain(given))
                except ValueError as error:
                    self.faults.add((*path, name), str(error))
                    return None


def operand_type(op: Operation, column: Type) -> Type:
    """The type of the value that an operation takes."""
    match op:
        case "set" | "inc":
            return column
        case "append" | "prepend":
            return column if column.file else JSON
        case "delete_key":
            return TEXT
        case "delete_elem":
            return INT
        case "delete_at_path":
            return TEXT.listed


def writes_of(view: View, table: str) -> WriteView:
    """What the View's callers may write to a table: nothing, it may be."""
    return view.writes.get(table) or unwritten(view.catalog.tables[table])
