"""The operators that a filter offers for each type of value, the same words in both namings.

In: a Type and a naming. Out: the operators of its comparison input, each with what its operand is.
`resolvers/filters` makes an Expr of each; a new operator goes in here, and the type checker and a test point at that
place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .names import NamingName
from .types import Kind, Type

Operator = Literal[
    "eq", "neq", "gt", "gte", "lt", "lte", "in", "nin", "is_null",
    "like", "nlike", "ilike", "nilike", "regex", "nregex", "iregex", "niregex", "similar", "nsimilar",
    "contains", "contained_in", "has_key", "has_keys_any", "has_keys_all",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operand:
    """An operator, and whether it takes one value, a list of values, a text, a list of texts or a boolean."""

    operator: Operator
    takes: Literal["value", "list", "text", "texts", "flag"]
    help: str


_EQUAL = (Operand("eq", "value", "equal to"), Operand("neq", "value", "not equal to"))
_LISTED = (Operand("in", "list", "one of"), Operand("nin", "list", "none of"))
_NULL = (Operand("is_null", "flag", "whether there is no value"),)
_ORDER = (
    Operand("gt", "value", "greater than"),
    Operand("gte", "value", "greater than or equal to"),
    Operand("lt", "value", "less than"),
    Operand("lte", "value", "less than or equal to"),
)
_TEXT = (
    Operand("like", "text", r"matches: % is any text, _ any character, \ takes the next one as it is"),
    Operand("nlike", "text", "does not match the _like pattern"),
    Operand("ilike", "text", "_like without regard to upper and lower case"),
    Operand("nilike", "text", "not _ilike"),
    Operand("regex", "text", "a regular expression (RE2 syntax) is found anywhere in it"),
    Operand("nregex", "text", "the regular expression is not found"),
    Operand("iregex", "text", "_regex without regard to upper and lower case"),
    Operand("niregex", "text", "not _iregex"),
)
_SIMILAR = (
    Operand("similar", "text", "is as a whole like this pattern of SQL's SIMILAR TO"),
    Operand("nsimilar", "text", "not _similar"),
)
_JSON = (
    Operand("contains", "value", "holds this: its keys with these values, its elements"),
    Operand("contained_in", "value", "is held by this"),
    Operand("has_key", "text", "has this key at its top, or this string among its elements"),
    Operand("has_keys_any", "texts", "has some of these keys"),
    Operand("has_keys_all", "texts", "has all of these keys"),
)


def operators(type: Type, naming: NamingName) -> tuple[Operand, ...]:
    """What a column of this type can be asked for; SIMILAR TO only where clients of Hasura send it."""
    if type.file:
        return _NULL
    if type.kind is Kind.JSON:
        return (*_EQUAL, *_LISTED, *_NULL, *_JSON)
    ordered = _ORDER if type.ordered else ()
    if type.kind is not Kind.TEXT:
        return (*_EQUAL, *ordered, *_LISTED, *_NULL)
    similar = _SIMILAR if naming == "hasura" else ()
    return (*_EQUAL, *ordered, *_LISTED, *_NULL, *_TEXT, *similar)
