"""Names of a database → names of Python's that are GraphQL's too.

In: names of tables, columns and enums, which may hold anything. Out: ASCII identifiers that clash with no keyword, no
name that the file imports, no attribute of SQLModel's, none of GraphQL's, and with none other. Only what comes from
here stands in a written file as a name.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection, Iterable, Iterator

import inflection
from sqlmodel import SQLModel

from ...schema.graphql_files import NAMES as FILE_TYPES
from ...schema.names import CAMEL, GRAPHQL_NAME, OPERATIONS

IMPORTED = frozenset(
    {
        "Any", "Backend", "Decimal", "Field", "NaiveDatetime", "Native", "Optional", "Relationship", "SQLModel", "UUID",
        "access", "allow", "backend", "dt", "enum", "me", "postgresql", "sa",
    }
)  # fmt: skip
"""What a written file has already."""
_KEYWORDS = frozenset({*keyword.kwlist, *keyword.softkwlist})
_OF_MODELS = frozenset({*dir(SQLModel), "metadata", "registry", "rules", "model_config", "awaitable_attrs"})
_BUILTIN = frozenset(dir(builtins))
_PLAIN_BUILTIN = frozenset({"bool", "bytes", "dict", "float", "int", "list", "str", "tuple", "type"})
"""Those that an annotation may name; others may well be called like a column."""
_TYPES = frozenset(
    {
        "Query", "Mutation", "Subscription", "ID", "Node", "PageInfo", "DatePart", CAMEL.order_enum,
        CAMEL.change_operation, CAMEL.cursor_ordering, *CAMEL.scalars.values(), *FILE_TYPES,
        *(f"{scalar}{end}" for scalar in CAMEL.scalars.values() for end in ("Comparison", "Key", "KeyOrderBy")),
    }
)  # fmt: skip
_WORDS = frozenset({"and", "or", "not", "every", "none", "column", "part"})
_ARGUMENTS = frozenset({*map(CAMEL.operation, OPERATIONS), CAMEL.if_version})
_LONGEST = 60
_TRIES = 10_000


def identifier(name: str, fallback: str) -> str:
    """The name as an ASCII identifier that begins with a letter."""
    text = re.sub(r"[^0-9A-Za-z]+", "_", inflection.transliterate(name)).strip("_")[:_LONGEST].strip("_")
    text = re.sub(r"__+", "_", text)
    if not text:
        return fallback
    return text if text[0].isalpha() else f"{fallback}_{text}"


class Taken:
    """Names that are taken; each that is asked for is given once, with a number where it must be."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names: set[str] = {*names}

    def give(self, name: str, *, also: Collection[str] = (), mark: str = "_") -> str:
        """The first of name, name_2, name_3… whose forms are free; `also` says further refusals."""
        for each in self._each(name, mark):
            if each not in also and not self._names & self.forms(each):
                self._names |= self.forms(each)
                return each
        raise AssertionError("there is always another number")

    def _each(self, name: str, mark: str) -> Iterator[str]:
        yield name
        number = 2
        while True:
            yield f"{name}{mark}{number}"
            number += 1

    def forms(self, name: str) -> set[str]:
        """All that a name takes."""
        return {name}


class Classes(Taken):
    """Names of models and enums, with the types and fields that GraphQL has of them."""

    def __init__(self) -> None:
        super().__init__({*IMPORTED, *_TYPES, *_BUILTIN, *_KEYWORDS, "root:node"})

    def model(self, table: str) -> str:
        """The class of a table: its name in the singular."""
        text = identifier(table, "table")
        parts = text.split("_")
        parts[-1] = inflection.singularize(parts[-1]) or parts[-1]
        return self.give(_camel("_".join(parts)), mark="")

    def enum(self, name: str) -> str:
        """The class of an enum, which GraphQL calls like it."""
        found = _camel(identifier(name, "enum"))
        number = 1
        while not self._names.isdisjoint((found, f"{found}Comparison")):
            number += 1
            found = f"{_camel(identifier(name, 'enum'))}{number}"
        self._names |= {found, f"{found}Comparison"}
        return found

    def forms(self, name: str) -> set[str]:
        """See `Taken`: a model's own, and those of all that is made for it."""
        by_key = CAMEL.by_key_field(name, name)
        listed = CAMEL.list_field(name, name, plural(name))
        roots = {
            by_key, listed, CAMEL.aggregate_field(listed), CAMEL.connection_field(listed),
            CAMEL.changes_field(listed), CAMEL.stream_field(listed),
        }  # fmt: skip
        return {name, *(CAMEL.made(what, name, name) for what in CAMEL.types), *(f"root:{each}" for each in roots)}


def plural(model: str) -> str | None:
    """What `__plural__` has to say, where a list would be called like one row."""
    by_key = CAMEL.by_key_field(model, model)
    return f"{by_key}List" if CAMEL.list_field(model, model, None) == by_key else None


class Attributes(Taken):
    """The attributes of one model: columns first, then relations."""

    def __init__(self) -> None:
        super().__init__()

    def column(self, name: str) -> str:
        """The attribute of a column: its own name, wherever Python, SQLModel and GraphQL can hold it."""
        return self._attribute(identifier(name, "column") if not _whole(name) else name)

    def relation(self, name: str) -> str:
        """The attribute of a relation."""
        return self._attribute(identifier(name, "relation"), relation=True)

    def _attribute(self, name: str, *, relation: bool = False) -> str:
        if name.startswith("model_"):  # Pydantic's own
            name = f"the_{name}"
        if not self.free(name):
            name = f"{name}_row" if relation else f"{name}_"
        base, number = name, 1
        while not self.free(name):
            number += 1
            name = f"{base}{number}" if number < _TRIES else f"column_{number}"
        self._names |= self.forms(name)
        return name

    def free(self, name: str) -> bool:
        """Whether an attribute may be called so."""
        field = CAMEL.column(name, name)
        return (
            name not in _KEYWORDS | _OF_MODELS | IMPORTED | _PLAIN_BUILTIN | _WORDS
            and not name.startswith("model_")
            and bool(GRAPHQL_NAME.match(field))
            and not field.startswith("_")
            and field not in _ARGUMENTS
            and self._names.isdisjoint(self.forms(name))
        )

    def forms(self, name: str) -> set[str]:
        """See `Taken`: its field, and those beside a list of that name."""
        field = CAMEL.column(name, name)
        return {name, f"field:{field}"}

    def many(self, name: str) -> str:
        """The attribute of a relation to many rows, which has fields beside it."""
        base = identifier(name, "relation")
        while True:
            found = self.relation(base)
            field = CAMEL.relation(found)
            beside = {f"field:{CAMEL.aggregate_field(field)}", f"field:{CAMEL.connection_field(field)}"}
            if not beside & self._names:
                self._names |= beside
                return found
            base = f"{base}_rows"


def _whole(name: str) -> bool:
    return name.isidentifier() and name.isascii() and not name.startswith("_") and "__" not in name


def _camel(name: str) -> str:
    found = inflection.camelize(name)
    return found[:1].upper() + found[1:]
