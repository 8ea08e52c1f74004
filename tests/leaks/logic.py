"""Three-valued logic and the operators, slow and plain: null is None."""

import json
from typing import Any, TypeAlias

Cell: TypeAlias = Any


def equal(left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else left == right


def conj(*parts: bool | None) -> bool | None:
    return False if False in parts else None if None in parts else True


def same(left: Any, right: Any) -> bool:
    """Equal as JSON; of all numbers there are only ints here, and true is not 1."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def holds(outer: Any, inner: Any, top: bool = True) -> bool:
    """`@>`, slow and plain."""
    if isinstance(outer, dict) and isinstance(inner, dict):
        return all(key in outer and holds(outer[key], each, False) for key, each in inner.items())
    if isinstance(outer, list) and isinstance(inner, list):
        return all(any(holds(mine, each, False) for mine in outer) for each in inner)
    if isinstance(outer, list) and top and not isinstance(inner, dict):
        return any(same(mine, inner) for mine in outer)
    return not isinstance(outer, (dict, list)) and same(outer, inner)


def has(value: Any, key: str) -> bool:
    """`?`."""
    return key in value if isinstance(value, (dict, list)) else value == key


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        try:
            value = value[step] if isinstance(value, dict if isinstance(step, str) else list) else None
        except LookupError:
            return None
    return value


PATHS: dict[str, tuple[Any, ...]] = {
    "$": (),
    "a": ("a",),
    "a[1]": ("a", 1),
    "[0]": (0,),
    "[0].a": (0, "a"),
    "b.c": ("b", "c"),
    "['b']['c']": ("b", "c"),
    "[7]": (7,),
}


def operate(op: str, value: Any, operand: Any) -> bool | None:
    if op == "_isNull":
        return (value is None) is operand
    if op in ("_in", "_nin"):
        found = False if not operand else None if value is None else any(same(value, each) for each in operand)
        return found if op == "_in" or found is None else not found
    if value is None:
        return None
    match op:
        case "_eq":
            return same(value, operand)
        case "_neq":
            return not same(value, operand)
        case "_contains":
            return holds(value, operand)
        case "_containedIn":
            return holds(operand, value)
        case "_hasKey":
            return has(value, operand)
        case "_hasKeysAny":
            return any(has(value, key) for key in operand)
        case "_hasKeysAll":
            return all(has(value, key) for key in operand)
        case "_gt":
            return value > operand
        case "_gte":
            return value >= operand
        case "_lt":
            return value < operand
        case "_lte":
            return value <= operand
        case "_like" | "_ilike" | "_nlike" | "_nilike":
            fold = "i" in op.replace("like", "")
            text, pattern = (value.lower(), operand.lower()) if fold else (value, operand)
            prefix = text.startswith(pattern[:-1]) if pattern.endswith("%") else text == pattern
            return prefix is not op.startswith("_n")
        case "_regex" | "_nregex":
            return (operand in value) is (op == "_regex")
    raise AssertionError(op)
