"""What rules are written with: `@access`, `allow`, `now`, and the stand-ins for a row and for the caller.

A rule is run once, when the backend is built, on stand-ins: what it does to them is written down as Terms, untyped
and each with the line it stands on. `check` turns Terms into a typed Expr. Nothing is refused here except what
Python itself would hide: `and`, `or`, `not` and `if` on a condition can't be written down, so they say what to
write instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from .errors import Origin

_HERE = f"{Path(__file__).parent}{os.sep}"


def written_at() -> Origin | None:
    """The nearest line of the developer's own on the stack."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return Origin(frame.f_code.co_filename, frame.f_lineno) if frame else None


class RuleMistake(Exception):
    """A rule that can't be written down; it becomes a Problem."""

    def __init__(self, message: str, mend: str, origin: Origin | None) -> None:
        super().__init__(message)
        self.message, self.mend, self.origin = message, mend, origin


class access(staticmethod):  # pyright: ignore[reportMissingTypeArgument]
    """Marks a model's function that yields its rules.

    The function gets a stand-in for the row and one for the caller, and yields `allow(...)`:

        @access
        def rules(note, me):
            yield allow("anyone", "read", where=note.public, fields=["id", "title"])
            yield allow("user", "read update", where=note.author_id == me.id)
    """


@dataclass(frozen=True, slots=True, eq=False)
class Allow:
    """One rule as written, not yet checked."""

    roles: object
    verbs: object
    where: object
    check: object
    fields: object
    preset: object
    origin: Origin | None


def allow(
    roles: str | Iterable[str],
    verbs: str | Iterable[str],
    *,
    where: Any = None,
    check: Any = None,
    fields: Iterable[str] | None = None,
    preset: Mapping[str, Any] | None = None,
) -> Allow:
    """Lets `roles` do `verbs` to the rows for which `where` is true.

    `roles` and `verbs` are words (`"user editor"`, `"read update"`) or lists of words; verbs are read, create,
    update and delete, and join and publish of the row's channel. `where` chooses the rows, before the write for
    update and delete (default: every row). `check` judges the row after a create or update (default: the same as
    `where`). `fields` are the columns and relations (default: all). `preset` gives values that the client may not
    set. Rules add up. What is wrong in one is told when the backend is built.
    """
    return Allow(roles, verbs, where, check, fields, preset, written_at())


class Term:
    """Something a rule says: an operation and its operands, with the line it stands on."""

    __slots__ = ("args", "op", "origin")
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, op: str, *args: Any) -> None:
        self.op = op
        self.args = args
        self.origin = written_at()

    def __eq__(self, other: object) -> Any:
        return self.is_null() if other is None else Term("=", self, other)

    def __ne__(self, other: object) -> Any:
        return ~self.is_null() if other is None else Term("!=", self, other)

    def __lt__(self, other: object) -> Any:
        return Term("<", self, other)

    def __le__(self, other: object) -> Any:
        return Term("<=", self, other)

    def __gt__(self, other: object) -> Any:
        return Term(">", self, other)

    def __ge__(self, other: object) -> Any:
        return Term(">=", self, other)

    def __add__(self, other: object) -> Term:
        return Term("+", self, other)

    def __radd__(self, other: object) -> Term:
        return Term("+", other, self)

    def __sub__(self, other: object) -> Term:
        return Term("-", self, other)

    def __rsub__(self, other: object) -> Term:
        return Term("-", other, self)

    def __mul__(self, other: object) -> Term:
        return Term("*", self, other)

    def __rmul__(self, other: object) -> Term:
        return Term("*", other, self)

    def __truediv__(self, other: object) -> Term:
        return Term("/", self, other)

    def __rtruediv__(self, other: object) -> Term:
        return Term("/", other, self)

    def __and__(self, other: object) -> Term:
        return Term("and", self, other)

    def __rand__(self, other: object) -> Term:
        return Term("and", other, self)

    def __or__(self, other: object) -> Term:
        return Term("or", self, other)

    def __ror__(self, other: object) -> Term:
        return Term("or", other, self)

    def __invert__(self) -> Term:
        return Term("not", self)

    def __bool__(self) -> NoReturn:
        raise RuleMistake(
            "a condition on a row has no truth value while the rule is being written down",
            "Write & for and, | for or, ~ for not, and .in_(...) for in; put parentheses around comparisons.",
            written_at(),
        )

    def __iter__(self) -> NoReturn:
        raise RuleMistake(
            "a value of a row or of the caller can't be looped over",
            "Write column.in_(me.things) for lists of the caller, relation.any(lambda row: ...) for related rows.",
            written_at(),
        )

    def __getattr__(self, name: str) -> Term:
        if name.startswith("__"):
            raise AttributeError(name)
        return Term("attribute", self, name)

    def __call__(self, *arguments: object) -> Term:
        return Term("attribute", self, "()")

    def in_(self, options: object) -> Term:
        """Whether the value is one of `options`: a list, or a claim that is one."""
        return Term("in", self, options)

    def is_null(self) -> Term:
        """Whether there is no value."""
        return Term("is_null", self)

    def like(self, pattern: object) -> Term:
        r"""Whether the text matches: `%` is any text, `_` any character, `\` takes the next one as it is."""
        return Term("like", self, pattern)

    def ilike(self, pattern: object) -> Term:
        """`like` without regard to upper and lower case."""
        return Term("ilike", self, pattern)

    def contains(self, inner: object) -> Term:
        """Whether the JSON holds `inner`: its keys with its values, its elements; as PostgreSQL's `@>`."""
        return Term("contains", self, inner)

    def contained_in(self, outer: object) -> Term:
        """Whether the JSON is held by `outer`; as PostgreSQL's `<@`."""
        return Term("contains", outer, self)

    def has_key(self, key: object) -> Term:
        """Whether the JSON has the key at its top, or the string among its elements; as PostgreSQL's `?`."""
        return Term("has_key", self, key)

    def has_keys_any(self, keys: object) -> Term:
        """Whether the JSON has some of the keys: a list, or a claim that is one."""
        return Term("has_keys_any", self, keys)

    def has_keys_all(self, keys: object) -> Term:
        """Whether the JSON has all of the keys: a list, or a claim that is one."""
        return Term("has_keys_all", self, keys)


class Row:
    """Stands for a row of a table, or for what a relation of one leads to; attributes are columns and relations."""

    __slots__ = ("_hedgerow",)

    def __init__(
        self,
        scope: object,
        path: tuple[str, ...],
        attributes: Callable[[tuple[str, ...]], Mapping[str, bool] | None],
    ) -> None:
        object.__setattr__(self, "_hedgerow", (scope, path, attributes))

    def __getattr__(self, name: str) -> Any:
        scope, path, attributes = self._hedgerow
        known = attributes(path) or {}
        if known.get(name):
            return Relation(scope, (*path, name), attributes)
        return Term("column", scope, path, name)

    def __eq__(self, other: object) -> Any:
        raise RuleMistake(
            "a whole row can't be compared",
            "Compare its key: note.author_id == me.id, not note.author == me.",
            written_at(),
        )

    __ne__ = __eq__
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __bool__(self) -> NoReturn:
        raise RuleMistake(
            "a row or relation has no truth value",
            "Write relation.any() for whether there is a related row.",
            written_at(),
        )


class Relation(Row):
    """Stands for the rows that a relation leads to."""

    __slots__ = ()

    def any(self, where: Callable[[Any], object] | None = None) -> Term:
        """Whether some related row passes `where` (default: whether there is one)."""
        return self._quantified("any", where)

    def all(self, where: Callable[[Any], object]) -> Term:
        """Whether every related row passes `where`; true when there is none."""
        return self._quantified("all", where)

    def none(self, where: Callable[[Any], object] | None = None) -> Term:
        """Whether no related row passes `where`."""
        return self._quantified("none", where)

    def _quantified(self, how: str, where: Callable[[Any], object] | None) -> Term:
        scope, path, attributes = self._hedgerow
        inner = object()
        row = Row(inner, (), lambda further: attributes((*path, *further)))
        condition = Term("always") if where is None else where(row)
        return Term(how, scope, path, inner, condition)


class Me:
    """Stands for the caller; attributes are claims, `me.id` is the caller's own id."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Term:
        return Term("claim", name)

    def __bool__(self) -> NoReturn:
        raise RuleMistake(
            "the caller has no truth value while the rule is being written down",
            "Name the roles in allow(...), or compare a claim: me.id == ..., ~me.id.is_null().",
            written_at(),
        )


def now() -> Term:
    """The moment at which the request runs."""
    return Term("now")
