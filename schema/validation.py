"""What a developer's Pydantic fields and validators say of values, asked of rows that are written.

In: a model, whose core schema Pydantic has made already (SQLModel's tables keep one but never use it), and values as
`types.parser` makes them. Out: the values as validators leave them, and every Fault at once. A message never repeats a
value, unless a validator's own ValueError does: that is the developer's word. Any other exception of a validator is a
mistake of theirs and comes out. A row's validators get an instance of the model that belongs to no session.
"""

from __future__ import annotations

import ipaddress
import pathlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

import sqlalchemy as sa
from pydantic import AnyUrl, BaseModel
from pydantic_core import (
    CoreConfig,
    CoreSchema,
    MultiHostUrl,
    SchemaValidator,
    Url,
    ValidationError,
    core_schema,
    to_jsonable_python,
)
from sqlalchemy.orm import attributes

from .types import Kind, Type, parser
from .validation_words import called, demands

_PLAIN: Mapping[str, frozenset[Kind]] = {
    "any": frozenset(Kind),
    "str": frozenset({Kind.TEXT}),
    "int": frozenset({Kind.INT, Kind.BIGINT}),
    "float": frozenset({Kind.FLOAT}),
    "decimal": frozenset({Kind.DECIMAL}),
    "bool": frozenset({Kind.BOOL}),
    "datetime": frozenset({Kind.DATETIME, Kind.NAIVE_DATETIME}),
    "date": frozenset({Kind.DATE}),
    "time": frozenset({Kind.TIME}),
    "timedelta": frozenset({Kind.DURATION}),
    "uuid": frozenset({Kind.UUID}),
    "bytes": frozenset({Kind.BYTES}),
    "enum": frozenset({Kind.ENUM}),
}
"""The core schemas that say no more than the column's type does, when nothing but `_WORDS` stands beside."""
_WORDS = frozenset({"type", "ref", "metadata", "serialization", "cls", "members", "sub_type", "missing", "schema"}) | {
    "microseconds_precision",
    "default",
    "default_factory",
    "default_factory_takes_data",
}
_SILENT = frozenset({"title", "from_attributes", "extra_fields_behavior", "validate_by_alias", "validate_by_name"})
"""Words of a model's configuration that say nothing of values."""
_TEXTS = (
    AnyUrl,
    Url,
    MultiHostUrl,
    pathlib.PurePath,
    uuid.UUID,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)
"""What validators make of text and text columns keep as text."""
_TOLD = frozenset({"error", "encoding_error", "tag", "tz_actual", "reason"})
"""Parts of Pydantic's own messages that hold something of the value."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row: `path` begins with the model's attribute; () is the row as a whole."""

    path: tuple[str | int, ...]
    message: str


Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Validators:
    """What a model says of its fields, and of its rows as a whole.

    `checked` are the attributes that have something to say; `whole` is whether there is anything to ask of a row.
    `demands` are what they say, in words, by attribute; under "" the validators of a row.
    """

    checked: frozenset[str]
    whole: bool
    _fields: SchemaValidator
    _row: SchemaValidator | None
    _given: Mapping[str, Convert]
    _taken: Mapping[str, Convert]
    demands: Mapping[str, tuple[str, ...]]

    def fields(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
        """The values, by attribute, as their fields leave them; those at fault as they were."""
        if self.checked.isdisjoint(values):
            return dict(values), []
        try:
            found = self._fields.validate_python(self._to_model(values))
        except ValidationError as error:
            return dict(values), list(_faults(error))
        return {**values, **self._from_model(found)}, []

    def row(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
        """A whole row as the model's validators leave it; what they set beside is among the values."""
        if self._row is None:
            return dict(values), []
        try:
            found = self._row.validate_python(self._to_model(values))
        except ValidationError as error:
            return dict(values), list(_faults(error))
        return {**values, **self._from_model(attributes.instance_dict(found))}, []

    def _to_model(self, values: Mapping[str, Any]) -> dict[str, Any]:
        given = self._given
        return {
            name: given[name](value) if value is not None and name in given else value for name, value in values.items()
        }

    def _from_model(self, values: Mapping[str, Any]) -> dict[str, Any]:
        taken = self._taken
        return {
            name: None if values[name] is None else convert(values[name])
            for name, convert in taken.items()
            if name in values
        }


def validators_of(model: type[Any], columns: Mapping[str, Type]) -> Validators | None:
    """What a model says of the values of its columns; None where that is no more than their types do."""
    model.model_rebuild()  # where annotations named what came later
    whole = cast("dict[str, Any]", model.__pydantic_core_schema__)
    definitions: list[Any] = []
    if whole["type"] == "definitions":
        whole, definitions = whole["schema"], whole["definitions"]
    found = _found(whole, "model-fields")
    configured = _found(whole, "model").get("config", {})
    loud = bool(configured.keys() - _SILENT)
    schemas: dict[str, Any] = {
        name: _with_regex(_without_default(field["schema"]), model.model_fields[name])
        for name, field in found["fields"].items()
        if name in columns
    }
    checked = frozenset(name for name, schema in schemas.items() if loud or not _plain(schema, columns[name]))
    on_rows = any(True for _ in _functions(whole))
    if not checked and not on_rows:
        return None
    config = cast("CoreConfig", configured)

    def validator(schema: Any) -> SchemaValidator:
        wrapped = core_schema.definitions_schema(schema, definitions) if definitions else schema
        return SchemaValidator(wrapped, config)

    fields = {name: core_schema.typed_dict_field(schema, required=False) for name, schema in schemas.items()}
    return Validators(
        checked=checked,
        whole=on_rows,
        _fields=validator(core_schema.typed_dict_schema(fields, config=config)),
        _row=validator(_whole(whole, model)) if on_rows else None,
        _given={name: given for name in columns if (given := _members(model, name))},
        _taken={name: _taker(f"{model.__name__}.{name}", type) for name, type in columns.items()},
        demands={name: demands(schemas[name]) for name in checked} | {"": tuple(_validating(whole))},
    )


# Core schemas


def _found(schema: dict[str, Any], type: str) -> dict[str, Any]:
    while schema["type"] != type:
        schema = schema["schema"]
    return schema


def _functions(schema: dict[str, Any]) -> Iterator[str]:
    """The functions that look at a row as a whole."""
    while schema["type"] != "model-fields":
        if schema["type"].startswith("function-"):
            yield schema["type"]
        schema = schema["schema"]


def _validating(schema: dict[str, Any]) -> Iterator[str]:
    """The same by their names."""
    while schema["type"] != "model-fields":
        if schema["type"].startswith("function-"):
            yield f"validator={called(schema['function']['function'])}"
        schema = schema["schema"]


def _without_default(schema: dict[str, Any]) -> dict[str, Any]:
    while schema["type"] == "default":
        schema = schema["schema"]
    return schema


def _with_regex(schema: dict[str, Any], field: Any) -> Any:
    """SQLModel's Field takes `regex`, which Pydantic drops without a word."""
    regex = getattr(field, "_attributes_set", {}).get("regex")
    if regex is None:
        return schema
    text = core_schema.nullable_schema(core_schema.str_schema(pattern=regex))
    return core_schema.chain_schema([text, cast("CoreSchema", schema)])


def _plain(schema: dict[str, Any], type: Type) -> bool:
    if schema["type"] == "nullable":
        return schema.keys() <= _WORDS and _plain(schema["schema"], type)
    return type.kind in _PLAIN.get(schema["type"], ()) and schema.keys() <= _WORDS


def _whole(schema: dict[str, Any], model: type[Any]) -> Any:
    """The schema of a row without its fields: only the functions around them, and the making of an instance."""
    match schema["type"]:
        case "model-fields":  # as Pydantic gives it to validators of its first version
            return core_schema.no_info_after_validator_function(
                lambda values: (values, None, {*values}), core_schema.dict_schema()
            )
        case "model":
            return core_schema.no_info_after_validator_function(
                lambda found: _instance(model, found), _whole(schema["schema"], model)
            )
        case _:
            inner = _whole(schema["schema"], model)
            return {**{word: value for word, value in schema.items() if word != "ref"}, "schema": inner}


def _instance(model: type[Any], found: tuple[dict[str, Any], Any, Any]) -> Any:
    instance = attributes.manager_of_class(model).new_instance()
    columns = sa.inspect(model).column_attrs.keys()
    for name, value in found[0].items():
        if name in columns:
            attributes.set_committed_value(instance, name, value)
    return instance


# Values


def _members(model: type[Any], column: str) -> Convert | None:
    """Labels as members of the model's enumeration."""
    enum: type[Enum] | None = getattr(sa.inspect(model).column_attrs[column].columns[0].type, "enum_class", None)
    if enum is None:
        return None
    members = {str(member.value): member for member in enum} | dict(enum.__members__)
    return lambda label: members[label] if isinstance(label, str) else label


def _taker(where: str, type: Type) -> Convert:
    """What a validator left, as a value of the column; TypeError for what is none, which no client is to blame for."""
    parse = parser(type)
    kind = type.kind

    def take(value: Any) -> Any:
        if type.file:
            pass
        elif kind is Kind.JSON:
            value = to_jsonable_python(value) if isinstance(value, BaseModel) or not _is_json(value) else value
        elif kind is Kind.TEXT:
            value = value.value if isinstance(value, Enum) else str(value) if isinstance(value, _TEXTS) else value
        try:
            return parse(value)
        except ValueError as error:
            raise TypeError(f"{where} is not {type} after its validators: {error}") from None

    return take


def _is_json(value: Any) -> bool:
    match value:
        case dict():
            return all(_is_json(each) for each in cast("dict[Any, Any]", value).values())
        case list():
            return all(_is_json(each) for each in cast("list[Any]", value))
        case _:
            return value is None or type(value) in (str, int, float, bool)


# Faults


def _faults(error: ValidationError) -> Iterator[Fault]:
    for each in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in each["loc"] if isinstance(part, int) or part.isidentifier())
        yield Fault(path, _message(each["type"], each["msg"], each.get("ctx", {})))


def _message(type: str, text: str, context: Mapping[str, Any]) -> str:
    raised = context.get("error")
    if isinstance(raised, (ValueError, AssertionError)):
        return str(raised) or "is not valid"
    if type == "union_tag_invalid":
        return f"Input tag should be one of {context.get('expected_tags')}"
    return re.split("[:,]", text, maxsplit=1)[0] if _TOLD & context.keys() else text
