"""The GraphQL types of writes: Mutation, what its fields take, and what they answer.

In: the WriteViews of a View, and the types that `graphql` makes for reading. Out: the fields of Mutation, and the
types that they lead to, each made when first asked for. Inputs that hold values carry `Data` under the extension DATA:
what is in them is read when a request runs, so that ten thousand rows of a variable are one value to whoever plans it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import graphql as g

from .catalog import Relation, Table, TableColumn, Verb
from .graphql_aggregates import Types
from .names import OPERATIONS, Made, Operation
from .types import NUMBERS, Kind, Type
from .writing import MutationField, Part, WriteView

DATA = "hedgerow.data"
"""The extension under which an input of values carries its Data."""
_ABOUT: dict[Operation, str] = {
    "set": "Values that columns get.",
    "inc": "Numbers that are added.",
    "append": "JSON that is put behind what is there.",
    "prepend": "JSON that is put in front of what is there.",
    "delete_key": "Keys, or elements that are such strings, that are taken away.",
    "delete_elem": "Elements that are taken away, by index; from the end when negative.",
    "delete_at_path": "What stands at a path, taken away.",
}
_OF_FILES: frozenset[Operation] = frozenset({"append", "prepend", "delete_key", "delete_elem"})
"""What an update may do to a list of files beside setting it: a file's id is a key that is taken away."""
_NESTED: Mapping[Made, tuple[Verb, bool]] = {
    "create_one": ("create", False),
    "create_many": ("create", True),
    "update_one": ("update", False),
    "update_many": ("update", True),
}
"""What a write does at the other end of a relation, by its verb and whether that end is many rows."""


@dataclass(frozen=True, slots=True)
class Data:
    """What an input of values is: a type made for a table."""

    table: str
    made: Made


def data_of(type: g.GraphQLNamedType) -> Data | None:
    """What an input of values is; None for other types."""
    found = type.extensions.get(DATA)
    return found if isinstance(found, Data) else None


class Mutations:
    """Makes each type once, by its name."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.naming = types.naming
        self.view = types.view
        self._once = types.once
        self._columns: dict[Type, g.GraphQLInputField] = {}

    def of_table(self, key: str) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types here that a table has for itself, and how to make them."""
        table = self.view.catalog.tables[key]
        names = table.names.made
        parts = {made: self._parts(key, made) for made in _NESTED}
        for made in _NESTED:
            if parts[made]:
                yield names[made], partial(self._nested, key, made)
        by_key = self.naming.pk_columns and table.names.mutations["update_one"] in self.view.mutations
        if by_key or "unlink" in parts["update_many"] or any("link" in each for each in parts.values()):
            yield names["primary_key"], lambda: self._primary_key(table)
        seen = self.view.writes.get(key)
        if seen:
            yield from self._of_writes(seen)
            if "update" in parts["update_one"]:
                yield names["change"], lambda: self._change(seen)

    def _of_writes(self, seen: WriteView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        names = seen.table.names.made
        yield names["mutation"], lambda: self._answer(seen)
        if seen.create is not None:
            yield names["create"], lambda: self._create(seen)
            if self._labels(seen):
                yield names["conflict"], lambda: self._conflict(seen)
                yield names["constraint"], lambda: self._constraint(seen)
                if seen.update:
                    yield names["update_column"], lambda: self._update_column(seen)
        if seen.update is not None:
            yield names["updates"], lambda: self._updates(seen)
            for operation in self._operations(seen):
                yield names[operation], partial(self._operation, seen, operation)

    def shared(self, key: str) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types that writes to a table lead to and others may too, and how to make them."""
        seen = self.view.writes.get(key)
        if seen:
            for column in (*(seen.create or {}).values(), *(seen.update or {}).values()):
                yield from self.types.leaf(column.type)

    def field(self, field: MutationField) -> g.GraphQLField:
        """A field of Mutation."""
        seen = self.view.writes[field.table]
        key = field.table
        match field.kind:
            case "create":
                objects = g.GraphQLArgument(_list(self._create(seen), required=True))
                arguments = {"objects": objects, **self._on_conflict(seen, g.GraphQLArgument)}
                return self._answered(seen, arguments, f"Creates {key} rows.")
            case "create_one":
                about = f"Creates one {key}; null when it was there, or when you may not read it."
                given = {"object": g.GraphQLArgument(g.GraphQLNonNull(self._create(seen)))}
                return g.GraphQLField(
                    self._row(key), given | self._on_conflict(seen, g.GraphQLArgument), description=about
                )
            case "update":
                arguments = self._where(seen, g.GraphQLArgument) | self._changes(seen, g.GraphQLArgument)
                return self._answered(seen, arguments, f"Changes the {key} rows that `where` chooses.")
            case "update_one":
                about = f"Changes one {key} by its key; null when there is none that you may change."
                arguments = self._key(seen) | self._changes(seen, g.GraphQLArgument) | self._if_version(seen)
                return g.GraphQLField(self._row(key), arguments, description=about)
            case "update_many":
                about = f"Changes {key} rows, one update after the other."
                updates = g.GraphQLArgument(_list(self._updates(seen), required=True))
                return g.GraphQLField(self._answers(seen), {"updates": updates}, description=about)
            case "delete":
                about = f"Deletes the {key} rows that `where` chooses."
                return self._answered(seen, self._where(seen, g.GraphQLArgument), about)
            case "delete_one":
                about = f"Deletes one {key} by its key; null when there is none that you may delete."
                columns = {name: g.GraphQLArgument(type) for name, type in self._key_types(seen).items()}
                return g.GraphQLField(self._row(key), columns | self._if_version(seen), description=about)

    def _row(self, key: str) -> g.GraphQLObjectType:
        return self.types.row(self.view.tables[key])

    # Arguments, which some inputs have as fields

    def _where(self, seen: WriteView, make: Callable[[Any], Any]) -> dict[str, Any]:
        return {"where": make(g.GraphQLNonNull(self._filter(seen.table.key)))}

    def _filter(self, key: str) -> g.GraphQLInputObjectType:
        return self.types.filter(self.view.tables[key])

    def _changes(self, seen: WriteView, make: Callable[..., Any]) -> dict[str, Any]:
        """What an update does to columns; without those that could do nothing."""
        return {
            self.naming.operation(operation): make(self._operation(seen, operation), description=_ABOUT[operation])
            for operation in self._operations(seen)
        }

    def _on_conflict(self, seen: WriteView, make: Callable[..., Any]) -> dict[str, Any]:
        if not self._labels(seen):
            return {}
        about = "What to do where a row with that key is there: by default that is an error."
        return {self.naming.word("on_conflict"): make(self._conflict(seen), description=about)}

    def _key_types(self, seen: WriteView) -> dict[str, Any]:
        columns = (seen.table.columns[name] for name in seen.table.primary_key)
        return {column.field: g.GraphQLNonNull(self.types.scalar(column.type)) for column in columns}

    def _key(self, seen: WriteView) -> dict[str, g.GraphQLArgument]:
        if self.naming.pk_columns:
            return {self.naming.pk_columns: g.GraphQLArgument(g.GraphQLNonNull(self._primary_key(seen.table)))}
        return {name: g.GraphQLArgument(type) for name, type in self._key_types(seen).items()}

    def _if_version(self, seen: WriteView) -> dict[str, g.GraphQLArgument]:
        """Only where the version can be read: what it is compared with would tell it."""
        version = seen.table.version
        if version is None or version not in self.view.tables[seen.table.key].cells:
            return {}
        type = self.types.scalar(seen.table.columns[version].type)
        about = "Only if this is still the row's version; another is a CONFLICT."
        return {self.naming.if_version: g.GraphQLArgument(type, description=about)}

    # Answers

    def _answered(self, seen: WriteView, arguments: dict[str, Any], about: str) -> g.GraphQLField:
        answer: Any = self._answer(seen)
        camel = self.naming.name == "camel"
        return g.GraphQLField(g.GraphQLNonNull(answer) if camel else answer, arguments, description=about)

    def _answers(self, seen: WriteView) -> Any:
        answer = self._answer(seen)
        return _list(answer, required=True) if self.naming.name == "camel" else g.GraphQLList(answer)

    def _answer(self, seen: WriteView) -> g.GraphQLObjectType:
        key = seen.table.key

        def fields() -> dict[str, g.GraphQLField]:
            affected = g.GraphQLField(g.GraphQLNonNull(g.GraphQLInt), description="How many rows were written.")
            made = {self.naming.word("affected_rows"): affected}
            if key in self.view.tables:
                about = "Those of them that you may read."
                listed = self.types.listed(self.view.tables[key])
                made["returning"] = g.GraphQLField(listed, description=about)
            return made

        about = f"What a write did to {key} rows."
        return self._once(
            seen.table.names.made["mutation"], lambda name: g.GraphQLObjectType(name, fields, description=about)
        )

    # Inputs

    def _input(self, seen: WriteView, made: Made, fields: Callable[[], dict[str, Any]], about: str) -> Any:
        """An input of values."""
        data = {DATA: Data(seen.table.key, made)}
        return self._once(
            seen.table.names.made[made],
            lambda name: g.GraphQLInputObjectType(name, fields, description=about, extensions=data),
        )

    def _column(self, type: Type) -> g.GraphQLInputField:
        """A value that may be left out. Fields are shared: a schema has many thousands."""
        found = self._columns.get(type)
        return found or self._columns.setdefault(type, g.GraphQLInputField(self.types.given(type)))

    def _create(self, seen: WriteView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            filled = self.view.catalog.filled(seen.table)
            made: dict[str, g.GraphQLInputField] = {}
            for name, column in (seen.create or {}).items():
                preset = any(column.name in rule.preset for rule in seen.rules["create"])
                if column.nullable or column.default or column.name in filled or preset:
                    made[name] = self._column(column.type)
                else:
                    made[name] = g.GraphQLInputField(g.GraphQLNonNull(self.types.given(column.type)))
            for name, relation in seen.create_relations.items():
                made[name] = self._through(relation, "create")
            return made

        return self._input(seen, "create", fields, f"A new {seen.table.key}.")

    def _operation(self, seen: WriteView, operation: Operation) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            made = {name: self._operand(operation, column) for name, column in self._operated(seen, operation).items()}
            if operation == "set":
                for name, relation in seen.update_relations.items():
                    made[name] = self._through(relation, "update")
            return made

        return self._input(seen, operation, fields, _ABOUT[operation])

    def _operated(self, seen: WriteView, operation: Operation) -> dict[str, TableColumn]:
        """The columns to which an update may do this: what is not set anew is read, so it must be readable."""
        columns = dict(seen.update or {})
        if operation == "set":
            return columns
        cells = self.view.tables[seen.table.key].cells
        kinds = NUMBERS if operation == "inc" else (Kind.JSON,)
        operated = {name: each for name, each in columns.items() if each.type.kind in kinds and each.name in cells}
        if operation in _OF_FILES:
            return operated
        return {name: each for name, each in operated.items() if not each.type.file}

    def _operations(self, seen: WriteView) -> Iterator[Operation]:
        """What an update may do to a table."""
        for operation in OPERATIONS:
            if self._operated(seen, operation) or (operation == "set" and seen.update_relations):
                yield operation

    def _operand(self, operation: Operation, column: TableColumn) -> g.GraphQLInputField:
        match operation:
            case "delete_key":
                return g.GraphQLInputField(g.GraphQLString)
            case "delete_elem":
                return g.GraphQLInputField(g.GraphQLInt)
            case "delete_at_path":
                return g.GraphQLInputField(_list(g.GraphQLString))
            case _:
                return self._column(column.type)

    def _primary_key(self, table: Table) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            columns = (table.columns[name] for name in table.primary_key)
            return {
                column.field: g.GraphQLInputField(g.GraphQLNonNull(self.types.scalar(column.type)))
                for column in columns
            }

        about = f"The key of a {table.key}."
        return self._once(
            table.names.made["primary_key"], lambda name: g.GraphQLInputObjectType(name, fields, description=about)
        )

    def _updates(self, seen: WriteView) -> g.GraphQLInputObjectType:
        def fields() -> dict[str, g.GraphQLInputField]:
            return self._where(seen, g.GraphQLInputField) | self._changes(seen, g.GraphQLInputField)

        return self._input(seen, "updates", fields, f"Which {seen.table.key} rows to change, and how.")

    def _change(self, seen: WriteView) -> g.GraphQLInputObjectType:
        about = f"How to change a {seen.table.key}."
        return self._input(seen, "change", lambda: self._changes(seen, g.GraphQLInputField), about)

    def _labels(self, seen: WriteView) -> list[str]:
        """The keys on which rows clash, of columns that the caller knows of."""
        read = self.view.tables.get(seen.table.key)
        known = {column.name for column in (seen.create or {}).values()} | {*(read.cells if read else ())}
        return [unique.label for unique in seen.table.uniques if known.issuperset(unique.columns)]

    def _conflict(self, seen: WriteView) -> g.GraphQLInputObjectType:
        key = seen.table.key

        def fields() -> dict[str, g.GraphQLInputField]:
            made = {"constraint": g.GraphQLInputField(g.GraphQLNonNull(self._constraint(seen)))}
            if seen.update:
                about = "What the row there gets of the new one; nothing when empty."
                columns = _list(self._update_column(seen), required=True)
                made[self.naming.word("update_columns")] = g.GraphQLInputField(
                    columns, default_value=[], description=about
                )
                about = "What the row there must be like to get it."
                made["where"] = g.GraphQLInputField(self._filter(key), description=about)
            return made

        return self._input(seen, "conflict", fields, f"What to do where a {key} of that key is there.")

    def _constraint(self, seen: WriteView) -> g.GraphQLEnumType:
        return self._enum(seen.table.names.made["constraint"], self._labels(seen))

    def _update_column(self, seen: WriteView) -> g.GraphQLEnumType:
        return self._enum(seen.table.names.made["update_column"], seen.update or ())

    def _enum(self, name: str, labels: Iterable[str]) -> g.GraphQLEnumType:
        return self._once(name, lambda name: g.GraphQLEnumType(name, dict.fromkeys(labels), names_as_values=True))

    # Through relations

    def _through(self, relation: Relation, verb: Verb) -> g.GraphQLInputField:
        made: Made
        if relation.many:
            made = "create_many" if verb == "create" else "update_many"
        else:
            made = "create_one" if verb == "create" else "update_one"
        return g.GraphQLInputField(self._nested(relation.target, made), description=relation.description)

    def _parts(self, key: str, made: Made) -> set[Part]:
        """What writes may do at the other ends of the relations that share a type."""
        verb, many = _NESTED[made]
        found: set[Part] = set()
        for source, relation in self.view.catalog.leading.get(key, ()):
            seen = self.view.writes.get(source)
            if seen and relation.many == many:
                parts = seen.create_parts if verb == "create" else seen.update_parts
                found |= parts.get(relation.field, frozenset())
        return found

    def _nested(self, key: str, made: Made) -> g.GraphQLInputObjectType:
        """What a write does at the other end of a relation."""
        _, many = _NESTED[made]
        names = self.view.catalog.tables[key].names.made
        parts = self._parts(key, made)

        def fields() -> dict[str, g.GraphQLInputField]:
            return dict(self._nested_fields(key, parts, many))

        about = f"{key} rows of a relation." if many else f"The {key} of a relation."
        data = {DATA: Data(key, made)}
        return self._once(
            names[made], lambda name: g.GraphQLInputObjectType(name, fields, description=about, extensions=data)
        )

    def _nested_fields(self, key: str, parts: set[Part], many: bool) -> Iterator[tuple[str, g.GraphQLInputField]]:
        def field(type: Any, about: str) -> g.GraphQLInputField:
            return g.GraphQLInputField(_list(type) if many else type, description=about)

        table = self.view.catalog.tables[key]
        if "data" in parts:
            seen = self.view.writes[key]
            yield "data", field(self._create(seen), "New, and related.")
            yield from self._on_conflict(seen, g.GraphQLInputField).items()
        if "link" in parts:
            yield "link", field(self._primary_key(table), "There already, and from now on related.")
        if "unlink" in parts:
            about = "From now on no longer related."
            if many:
                yield "unlink", field(self._primary_key(table), about)
            else:
                yield "unlink", g.GraphQLInputField(g.GraphQLBoolean, description=about)
        if "update" in parts:
            seen = self.view.writes[key]
            yield "update", field((self._updates if many else self._change)(seen), "Related, and changed.")
        if "delete" in parts:
            about = "Related rows that are deleted."
            yield "delete", g.GraphQLInputField(self._filter(key), description=about)


def _list(type: Any, *, required: bool = False) -> Any:
    listed = g.GraphQLList(g.GraphQLNonNull(type))
    return g.GraphQLNonNull(listed) if required else listed
