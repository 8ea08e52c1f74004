"""A path into JSON, as clients write it → its steps: a name looks into an object, a number into an array.

In: text such as `a.b[0]`, `$.a.b` or `["key with.dots"]`. Out: the steps, none for `$`, which is the value itself.
Refused here, by ValueError: what is no path, negative indexes, and paths beyond the limits. The grammar is in
docs/api.md.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TypeAlias

from .types import DEEPEST_JSON, TEXT, parser

Path: TypeAlias = tuple[str | int, ...]

LONGEST_PATH = 1_000
LARGEST_INDEX = 2**31 - 1
_NAME = r"(?:[^\W\d]|\$)[\w$-]*"
_ROOT = re.compile(r"\$(?=[.\[]|\Z)")
_FIRST = re.compile(_NAME)
_STEP = re.compile(
    rf"""\.(?P<name>{_NAME})
    | \[(?P<index>[0-9]{{1,10}})\]
    | \[(?P<key>"(?:[^"\\]|\\.)*")\]
    | \['(?P<quoted>(?:[^'\\]|\\.)*)'\]""",
    re.VERBOSE | re.DOTALL,
)
_OTHER_QUOTES = re.compile(r'\\.|"', re.DOTALL)
_SWAPPED = {"\\'": "'", '"': '\\"'}
"""What a key in single quotes is in double ones."""
_text = parser(TEXT)


@lru_cache(256)
def json_path(text: str) -> Path:
    """The steps of a path; ValueError, whose text says where it stops being one."""
    if len(text) > LONGEST_PATH:
        raise ValueError(f"expected a JSON path of at most {LONGEST_PATH} characters")
    steps: list[str | int] = []
    root = _ROOT.match(text)
    position = root.end() if root else 0
    if not text or text[0] == ".":
        raise _unreadable(0)
    if not root and (first := _FIRST.match(text)):
        steps.append(first[0])
        position = first.end()
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise _unreadable(position)
        steps.append(_read(step, position))
        position = step.end()
    if len(steps) > DEEPEST_JSON:
        raise ValueError(f"expected a JSON path of at most {DEEPEST_JSON} steps")
    return tuple(steps)


def _read(step: re.Match[str], position: int) -> str | int:
    if step["name"] is not None:
        return step["name"]
    if step["index"] is not None:
        if int(step["index"]) > LARGEST_INDEX:
            raise ValueError(f"expected indexes from 0 to {LARGEST_INDEX} in a JSON path")
        return int(step["index"])
    quoted = step["key"]
    if quoted is None:
        quoted = '"' + _OTHER_QUOTES.sub(lambda found: _SWAPPED.get(found[0], found[0]), step["quoted"]) + '"'
    try:
        return _text(json.loads(quoted, strict=False))
    except ValueError:
        raise _unreadable(position) from None


def _unreadable(position: int) -> ValueError:
    return ValueError(
        'expected a JSON path such as a.b[0], $.a.b or ["key with.dots"]; it can\'t be read from character'
        f' {position + 1} on (an index is written [0], a key that is no plain name in quotes, ["0"])'
    )
