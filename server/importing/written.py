"""Python source, put together and then looked at: nothing that a database says may be code.

In: names that `names` gave, and texts, by `repr`. Out: source in lines of at most 120 characters. At last the whole is
parsed again, and only what this room writes may be in it (`judge`): imports that are known, classes, assignments, and
calls of what is imported, with constants. Anything else is a mistake of ours, and nothing is written.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence

LONGEST = 110
_BIND = re.compile(r"(?<![:\w\\]):(?=\w)")
_ALLOWED = (
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.ClassDef, ast.AnnAssign, ast.Assign, ast.Expr, ast.Constant,
    ast.Name, ast.Load, ast.Store, ast.Attribute, ast.Call, ast.keyword, ast.Tuple, ast.List, ast.Dict, ast.Subscript,
    ast.BinOp, ast.BitOr, ast.Pass,
)  # fmt: skip
_MODULES = frozenset({"enum", "datetime", "decimal", "typing", "uuid", "sqlalchemy", "sqlalchemy.dialects"})
_MODULES_TOO = frozenset({"pydantic", "sqlmodel", "hedgerow", "hedgerow.schema.native"})
_CALLED = frozenset({"Field", "Relationship", "Native", "Backend"})
_ROOTS = frozenset({"sa", "postgresql"})


def sql(text: str) -> str:
    """SQL as `sa.text`, in which a colon begins no parameter."""
    escaped = _BIND.sub(r"\\:", text)
    return f"sa.text({escaped!r})"


def comment(text: str) -> str:
    """A comment of one line, whatever is in it."""
    return f"# {' '.join(each if each.isprintable() else '?' for each in text.splitlines())}"


def call(name: str, given: Sequence[str], indent: int = 4, lead: int = 0) -> str:
    """`name(given, …)`, in one line or, where that is too long after `lead` characters, in many."""
    line = f"{name}({', '.join(given)})"
    if len(line) + lead + indent <= LONGEST or not given:
        return line
    inner = " " * (indent + 4)
    return f"{name}(\n" + "".join(f"{inner}{each},\n" for each in given) + f"{' ' * indent})"


def group(opening: str, given: Iterable[str], closing: str, indent: int = 4) -> str:
    """A tuple, list or dict of many lines."""
    inner = " " * (indent + 4)
    return f"{opening}\n" + "".join(f"{inner}{each},\n" for each in given) + f"{' ' * indent}{closing}"


def quoted(source: str) -> str:
    """The same, with the quotes that formatters like: a text without any of its own stands in double ones."""
    made: list[str] = []
    at = (1, 0)
    lines = source.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.STRING and token.string.startswith("'") and '"' not in token.string:
            made += [*_between(lines, at, token.start), f'"{token.string[1:-1]}"']
            at = token.end
    return "".join([*made, *_between(lines, at, (len(lines) + 1, 0))])


def _between(lines: Sequence[str], start: tuple[int, int], end: tuple[int, int]) -> Iterator[str]:
    for number in range(start[0], min(end[0], len(lines)) + 1):
        line = lines[number - 1]
        yield line[start[1] if number == start[0] else 0 : end[1] if number == end[0] else len(line)]


def judge(source: str) -> None:
    """Raises AssertionError where there is more in a source than should be."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, _ALLOWED):
            raise AssertionError(f"line {getattr(node, 'lineno', 0)} holds {type(node).__name__}")
        match node:
            case ast.Import(names=names) if not {each.name for each in names} <= _MODULES:
                raise AssertionError("an import that nobody asked for")
            case ast.ImportFrom(module=module) if module not in _MODULES | _MODULES_TOO:
                raise AssertionError("an import that nobody asked for")
            case ast.Call(func=ast.Name(id=name)) if name not in _CALLED:
                raise AssertionError(f"a call of {name}")
            case ast.Call(func=ast.Attribute(value=ast.Name(id=root), attr=name)):
                if root not in _ROOTS or name.startswith("_"):
                    raise AssertionError(f"a call of {root}.{name}")
            case ast.Call(func=ast.Name()):
                pass
            case ast.Call():
                raise AssertionError("a call of what is no name")
            case ast.Attribute(attr=name) if name.startswith("_"):
                raise AssertionError(f"an attribute {name}")
            case _:
                pass
