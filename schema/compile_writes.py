"""What a model says of its own writes: defaults, keys on which rows clash, the version; and rules that can't work.

In: SQLAlchemy columns and tables, and checked rules. Out: Defaults, Uniques and the version's column. Refused here
(as Problems): defaults that only SQLAlchemy could work out while it writes, versions that are no counters, presets of
what is never written, and rules by which no row could be created or nothing changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import PydanticUndefined
from sqlalchemy.sql import functions

from .catalog import Catalog, Default, Rule, Table, TableColumn, Unique
from .check import closest
from .errors import Problem
from .types import INTEGERS, Kind, Type, parser

_CLOCKS = (functions.now, functions.current_timestamp, functions.localtimestamp, functions.sysdate)
_LONGEST_NAME = 63
"""How many bytes a name has in PostgreSQL, which cuts those that it derives."""

Refuse = Callable[[str, str], None]
"""Takes what is wrong and how to mend it."""


# Defaults


def default_of(column: sa.Column[Any], field: Any, type: Type, where: str, refuse: Refuse) -> Default | None:
    """What a create stores where it doesn't give the column. `field` is Pydantic's, or None.

    As SQLAlchemy does it: a None that Pydantic fills in leaves the word to the column.
    """
    if field is not None and field.default_factory is not None:
        if field.default_factory_takes_validated_data:
            refuse(f"{where}: its default_factory takes the other values", "Make the default of nothing.")
            return None
        return Default(_parsed(field.default_factory, type, where), _called(field.default_factory))
    if field is not None and field.default is not None and field.default is not PydanticUndefined:
        return _constant(lambda: field.get_default(call_default_factory=False), type, where, refuse)
    found = _column_default(column.default, type, where, "default", refuse)
    if found is not None:
        return found
    counted = column.table.autoincrement_column is column
    return Default(None, _of_database(column.server_default)) if counted or column.server_default is not None else None


def onupdate_of(column: sa.Column[Any], type: Type, where: str, refuse: Refuse) -> Default | None:
    """What an update stores where it doesn't set the column."""
    found = _column_default(column.onupdate, type, where, "onupdate", refuse)
    of_database = found is None and column.server_onupdate is not None
    return Default(None, _of_database(column.server_onupdate)) if of_database else found


def generated(column: sa.Column[Any]) -> bool:
    """Whether the database alone decides what the column holds."""
    return column.computed is not None or (column.identity is not None and bool(column.identity.always))


def _column_default(given: Any, type: Type, where: str, word: str, refuse: Refuse) -> Default | None:
    match given:
        case None:
            return None
        case sa.ColumnDefault() if given.is_scalar:
            return _constant(lambda: given.arg, type, where, refuse)
        case sa.ColumnDefault() if given.is_callable and hasattr(given.arg, "__wrapped__"):
            made: Any = given.arg
            return Default(_parsed(lambda: made(None), type, where), _called(made.__wrapped__))
        case sa.ColumnDefault() if given.is_callable:
            refuse(f"{where}: its {word} takes SQLAlchemy's context", f"Give {word}= a function without parameters.")
        case sa.ColumnDefault() if isinstance(given.arg, _CLOCKS) and type.kind in _NOW:
            return Default(_NOW[type.kind], "now()")
        case _:
            mend = f"Give server_{word}= for what the database makes, or a function of Python."
            refuse(f"{where}: its {word} is SQL that only SQLAlchemy would send", mend)
    return None


_NOW: Mapping[Kind, Callable[[], Any]] = {
    Kind.DATETIME: lambda: datetime.now(UTC),
    Kind.NAIVE_DATETIME: lambda: datetime.now(UTC).replace(tzinfo=None),
}


def _constant(make: Callable[[], Any], type: Type, where: str, refuse: Refuse) -> Default | None:
    try:
        if make() is not None:
            parser(type)(make())
    except ValueError as error:
        refuse(f"{where}: its default is not {type}: {error}", f"Give a {type}.")
        return None
    made = _parsed(make, type, where)
    return Default(made, repr(made()))


def _called(function: Any) -> str:
    """A function that makes defaults, by its name."""
    return f"{getattr(function, '__qualname__', type(function).__name__)}()"


def _of_database(default: Any) -> str:
    """What the database makes by itself, in its SQL."""
    return str(getattr(default, "arg", "the database's"))


def _parsed(make: Callable[[], Any], type: Type, where: str) -> Callable[[], Any]:
    parse = parser(type)

    def parsed() -> Any:
        value = make()
        try:
            return None if value is None else parse(value)
        except ValueError as error:  # no fault of the client, who would be told of a ValueError
            raise TypeError(f"the default of {where} is not {type}: {error}") from None

    return parsed


# Keys


def uniques_of(table: sa.Table, attribute_of: Mapping[str, str], refuse: Refuse) -> tuple[Unique, ...]:
    """The keys on which rows can clash, the primary key first. What is deferred or partial can't settle a conflict."""
    found: dict[str, Unique] = {}
    for name, columns in _keys(table):
        if columns and all(column in attribute_of for column in columns):
            label = re.sub(r"[^_0-9A-Za-z]", "_", name)
            label = re.sub(r"\A(?=\d)|\A__+", "_", label)
            if label in found or label in ("true", "false", "null"):
                refuse(f"the constraint {name!r} can't be called {label!r} in GraphQL", "Give the constraint a name.")
            found[label] = Unique(name, label, tuple(attribute_of[column] for column in columns))
    return tuple(found.values())


def foreign_keys_of(table: sa.Table, attribute_of: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The columns that each foreign key of a table holds, by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for key in table.foreign_key_constraints:
        columns = tuple(column.name for column in key.columns)
        name = _name(key.name) or derived_name(table.name, columns, "fkey")
        found[name] = tuple(attribute_of[column] for column in columns if column in attribute_of)
    return found


_SWEEPING = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


def sweeps_of(models: Mapping[str, Any], tables: Mapping[str, Table]) -> dict[str, frozenset[str]]:
    """What the database changes by itself when a row of each table goes, by the tables' keys; see `Table.sweeps`."""
    referring: dict[str, set[str]] = {}
    for table in {each for model in models.values() for each in model.metadata.tables.values()}:
        for key in table.foreign_key_constraints:
            if _SWEEPING.intersection(((key.ondelete or "").upper(), (key.onupdate or "").upper())):
                referring.setdefault(key.referred_table.fullname, set()).add(table.fullname)
    names: dict[str, set[str]] = {}
    for key, model in models.items():
        names.setdefault(model.__table__.fullname, set()).add(key)
    for table in tables.values():
        for relation in table.relations.values():
            names[models[relation.target].__table__.fullname].add(relation.name)
            if relation.link:
                link = ".".join(filter(None, (relation.link.sql_schema, relation.link.sql)))
                names.setdefault(link, set()).add(relation.name)
    return {key: frozenset(_reached(model.__table__.fullname, referring, names)) for key, model in models.items()}


def _reached(table: str, referring: Mapping[str, set[str]], names: Mapping[str, set[str]]) -> Iterator[str]:
    """The names of all that rows of a table take with them."""
    found: set[str] = set()
    waiting = [table]
    while waiting:
        for each in referring.get(waiting.pop(), set()) - found:
            found.add(each)
            waiting.append(each)
            yield from names.get(each, ())


def _keys(table: sa.Table) -> Iterator[tuple[str, tuple[str, ...]]]:
    key = table.primary_key
    yield _name(key.name) or derived_name(table.name, (), "pkey"), tuple(column.name for column in key.columns)
    constraints = [each for each in table.constraints if isinstance(each, sa.UniqueConstraint) and not each.deferrable]
    keys = [(_name(each.name), tuple(column.name for column in each.columns)) for each in constraints]
    for index in table.indexes:
        partial = any(index.dialect_options[dialect].get("where") is not None for dialect in ("postgresql", "sqlite"))
        columns = [each.name for each in index.expressions if isinstance(each, sa.Column)]
        if index.unique and not partial and len(columns) == len(index.expressions):
            keys.append((_name(index.name), tuple(columns)))
    yield from sorted((name or derived_name(table.name, columns, "key"), columns) for name, columns in keys)


def _name(given: object) -> str | None:
    return str(given) if isinstance(given, str) else None


def derived_name(table: str, columns: Iterable[str], suffix: str) -> str:
    """The name that PostgreSQL gives to a constraint that has none."""
    parts = [table.encode(), "_".join(columns).encode()[:_LONGEST_NAME]]
    separators = len(suffix) + 1 + (1 if parts[1] else 0)
    while sum(map(len, parts)) + separators > _LONGEST_NAME:
        longest = 0 if len(parts[0]) > len(parts[1]) else 1
        parts[longest] = parts[longest][:-1]
    texts = [part.decode(errors="ignore") for part in parts if part]
    return "_".join([*texts, suffix])


def version_of(model: Any, columns: Mapping[str, TableColumn], key: Iterable[str], refuse: Refuse) -> str | None:
    """The column that `__version__` names: a required whole number that the client doesn't write."""
    name = getattr(model, "__version__", None)
    if name is None:
        return None
    column = columns.get(name) if isinstance(name, str) else None
    if column is None:
        refuse(f"__version__ names no column: {name!r}", closest(str(name), columns))
    elif column.type.kind not in INTEGERS or column.nullable or column.generated or column.name in key:
        mend = "Count versions in a column of their own: version: int = 1."
        refuse(f"__version__ = {name!r} is no required int column that can be counted up", mend)
    else:
        return column.name
    return None


# Rules


def refuse_useless(catalog: Catalog, problems: list[Problem]) -> None:
    """Rules that promise a write that can't be done."""
    for table in catalog.tables.values():
        filled = catalog.filled(table)
        read = any("read" in rule.verbs for rule in table.rules)
        for rule in table.rules:
            problems += [
                Problem(f"{table.key}: {message}", mend, rule.origin)
                for message, mend in (
                    *_presets(rule, table),
                    *(() if read else _unchosen(rule)),
                    *(_unfillable(rule, table, filled) if "create" in rule.verbs else ()),
                    *(_unchangeable(rule, table, catalog) if "update" in rule.verbs else ()),
                )
            ]


def _presets(rule: Rule, table: Table) -> Iterator[tuple[str, str]]:
    for name in rule.preset:
        if table.columns[name].generated:
            yield f"preset= of {name!r}, which the database makes", "Leave it out of preset=."
        elif name == table.version:
            yield f"preset= of {name!r}, which counts the row's updates", "Leave it out of preset=."


def _unchosen(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.verbs & {"update", "delete"}:
        what = "rows are chosen for an update or delete by what can be read of them, and no rule lets anybody read"
        yield what, "Add read to a rule, for the roles and fields by which rows are found."


def _unfillable(rule: Rule, table: Table, filled: frozenset[str]) -> Iterator[tuple[str, str]]:
    if rule.fields is None:
        return
    given = {*rule.fields, *rule.preset}
    for column in table.columns.values():
        required = table.givable(column) and not column.nullable and not column.default
        if required and column.name not in given and column.name not in filled:
            what = f"a create by this rule has nothing for {column.name!r}, which is required and has no default"
            yield what, f"Add {column.name!r} to fields= or to preset=, or give the column a default."


def _unchangeable(rule: Rule, table: Table, catalog: Catalog) -> Iterator[tuple[str, str]]:
    if rule.fields is None:
        return
    columns = [name for name in rule.fields if name in table.columns]
    relations = [table.relations[name] for name in rule.fields if name in table.relations]
    if any(table.changeable(table.columns[name]) and name not in rule.preset for name in columns):
        return
    if any(each.writable and catalog.tables[each.target].rules for each in relations):
        return
    what = f"an update by this rule can change nothing: fields={sorted(rule.fields)} are not for the client to write"
    yield what, "Name a column that can be set, or leave update out of the rule."
