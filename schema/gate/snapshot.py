"""Permissions as a text that people read and version control keeps: one fact a line, in an order.

In: Permissions. Out: the text; and back. Refused here, as SetupError with the line: what `write` would not write.
"""

from __future__ import annotations

import re

from ..errors import SetupError
from .conditions import read, split
from .permitted import CALL, Fact, Permissions

HEADER = "# hedgerow permissions 1"
"""The first line of a snapshot; the number is of its format."""
_ABOUT = """\
# Who may do what. Written by `hedgerow check FILE --write`, which writes it anew; compare with `--against`.
# A line that no rule stands for any more goes away, so its history is that of the permissions."""
_VERBS = ("read", "create", "update", "delete", "join", "publish", CALL)
_TARGET = re.compile(r"(?P<model>\w+)(?:\.(?P<column>\w+(?:\.\w+)?)|\((?P<columns>[\w, ]*)\))?")


def write(permissions: Permissions) -> str:
    """The text of a snapshot."""
    meanings = [f"{name}: {meaning}" for name, meaning in sorted(permissions.meanings.items())]
    return "\n".join([HEADER, _ABOUT, "", *sorted(map(str, permissions.facts)), "", "# Names", *meanings, ""])


def parse(text: str) -> Permissions:
    """The Permissions of a snapshot."""
    facts: set[Fact] = set()
    meanings: dict[str, str] = {}
    lines = text.split("\n")
    if lines[0].rstrip() != HEADER:
        raise SetupError(f"This is no snapshot of permissions that can be read: its first line is not {HEADER!r}.")
    for number, line in enumerate(map(str.rstrip, lines), 1):
        if not line or line.startswith("#"):
            continue
        name, colon, meaning = line.partition(": ")
        if colon and re.fullmatch(r"\w+(\.\w+)?", name):
            meanings[name] = meaning
            continue
        try:
            facts.add(_fact(line))
        except ValueError:
            raise SetupError(
                f"Line {number} of the snapshot can't be read: {line}. Write it anew with hedgerow check FILE --write."
            ) from None
    return Permissions(frozenset(facts), meanings)


def _fact(line: str) -> Fact:
    line, preset = _without(line, " preset: ")
    line, check = _without(line, " check: ")
    line, where = _without(line, " where: ")
    role, verb, *rest = split(line, " ")
    target = " ".join(rest)
    if verb not in _VERBS or not target:
        raise ValueError(line)
    pairs = [each.partition(" = ") for each in split(preset, ", ")] if preset else []
    if target[0] in "'\"":
        model, columns = target, ()
    else:
        found = _TARGET.fullmatch(target)
        if not found:
            raise ValueError(line)
        model = found["model"]
        columns = (found["column"],) if found["column"] else tuple(filter(None, (found["columns"] or "").split(", ")))
    presets = tuple((name, value) for name, _, value in pairs)
    return Fact(role, verb, model, columns, read(where), read(check), presets)


def _without(line: str, word: str) -> tuple[str, str]:
    parts = split(line, word)
    if len(parts) > 2:
        raise ValueError(line)
    return parts[0], parts[1] if len(parts) == 2 else ""
