"""Pages by cursors: which rows lie behind a place in an order, and what Relay's connections say of the rows found.

In: an order, and the values of a place in it (as leaves). Out: the conditions for the rows behind it, as branches that
exclude each other, so that each is one stretch of an index and the thousandth page takes as long as the first; and
what makes `edges`, `pageInfo` and cursors of the rows that the database gave: one more than asked for, when there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from ..schema import expr as e
from ..schema.files import Files, UrlAsked
from ..schema.graphql_files import URL
from .cursors import Cursors
from .plan import (
    Aggregation,
    AuthorisedPlan,
    Connection,
    CursorField,
    EdgesField,
    Field,
    FileField,
    FilePart,
    NodeField,
    NodesField,
    ObjectField,
    Order,
    PageInfoField,
    Read,
    RelationField,
    Root,
    Source,
    TotalCountField,
    TypenameField,
)

MOST_BRANCHES = 12
"""With more (orders by several columns that can be null), they become one condition, which no index serves."""


@dataclass(frozen=True, slots=True)
class Place:
    """A term of an order, and the value of a row there; whether either can be null."""

    term: Order
    value: e.Value
    nullable: bool


def behind(places: Sequence[Place]) -> tuple[e.Expr, ...]:
    """Conditions that exclude each other, one of which every row behind the place passes and no other row."""
    if not _few(places):
        return (_all_behind(places)[0],)
    branches: list[e.Expr] = []
    alike: list[e.Expr] = [e.ALWAYS]
    for place in places:
        beyond = tuple(_beyond(place))
        branches += (e.both(same, each) for same in alike for each in beyond)
        alike = [e.both(same, each) for same in alike for each in _same(place)]
    return tuple(branches)


def _few(places: Sequence[Place]) -> bool:
    """Whether there are at most MOST_BRANCHES branches: each term that can be null doubles those of the next."""
    branches, alike = 0, 1
    for place in places:
        ways = 2 if place.nullable else 1
        branches, alike = branches + alike * ways, alike * ways
        if branches > MOST_BRANCHES:
            return False
    return True


def _all_behind(places: Sequence[Place]) -> tuple[e.Expr, e.Expr]:
    """One condition for the rows behind a place, and one for those at it.

    Made of those of either half, it is neither deep nor long, however many terms the client orders by.
    """
    if len(places) == 1:
        return e.either(*_beyond(places[0])), e.either(*_same(places[0]))
    half = len(places) // 2
    (behind_first, at_first), (behind_rest, at_rest) = _all_behind(places[:half]), _all_behind(places[half:])
    return e.either(behind_first, e.both(at_first, behind_rest)), e.both(at_first, at_rest)


def _beyond(place: Place) -> Iterator[e.Expr]:
    here, there = place.term.value, place.value
    yield e.Compare("<" if place.term.descending else ">", here, there)
    if place.nullable:
        first = place.term.descending if place.term.nulls_first is None else place.term.nulls_first
        if first:
            yield e.both(e.IsNull(there), e.Not(e.IsNull(here)))
        else:
            yield e.both(e.Not(e.IsNull(there)), e.IsNull(here))


def _same(place: Place) -> Iterator[e.Expr]:
    here, there = place.term.value, place.value
    yield e.Compare("=", here, there)
    if place.nullable:
        yield e.both(e.IsNull(here), e.IsNull(there))


def turned(order: Sequence[Order]) -> tuple[Order, ...]:
    """The order from the other end."""
    return tuple(replace(term, descending=not term.descending, nulls_first=_turned(term.nulls_first)) for term in order)


def _turned(nulls_first: bool | None) -> bool | None:
    return None if nulls_first is None else not nulls_first


# What a connection answers


@dataclass(frozen=True, slots=True)
class Answering:
    """What it takes to answer one caller."""

    leaves: Sequence[Any]
    actor: e.Actor
    cursors: Cursors
    now: datetime


Finish: TypeAlias = Callable[[Any, Answering], Any]
"""Makes the answer of what the database gave for a source."""


def finishing(plan: AuthorisedPlan, files: Files | None) -> Mapping[str, Finish]:
    """What makes the answers of root fields of what the database gives for them, where that is not the answer; `files`
    signs URLs.
    """
    finishing = _Finishing(files)
    reads = [(root.key, root.read) for root in plan.roots if isinstance(root, Root) and root.read]
    return {key: finish for key, source in reads if (finish := finishing.source(source))}


def _object(fields: Sequence[tuple[str, Finish]]) -> Finish | None:
    if not fields:
        return None

    def finish(found: Any, answering: Answering) -> Any:
        if found is not None:
            for key, inner in fields:
                found[key] = inner(found[key], answering)
        return found

    return finish


def _list(item: Finish | None) -> Finish | None:
    return item and (lambda found, answering: found and [item(each, answering) for each in found])


class _Finishing:
    """Makes what finishes the answers of one plan."""

    def __init__(self, files: Files | None) -> None:
        self._files = files

    def source(self, source: Source) -> Finish | None:
        """What finishes the answer of a source."""
        match source:
            case Read():
                return _list(self._fields(source.fields)) if source.many else self._fields(source.fields)
            case Aggregation():
                nodes = (field for field in source.fields if isinstance(field, NodesField))
                found = ((field.key, _list(self._fields(field.fields))) for field in nodes)
                return _object([(key, finish) for key, finish in found if finish])
            case Connection():
                return _connection(source, [self._fields(fields) for fields in source.selections])

    def _fields(self, fields: Sequence[Field]) -> Finish | None:
        found: list[tuple[str, Finish]] = []
        for field in fields:
            match field:
                case RelationField():
                    if finish := self.source(field.read):
                        found.append((field.key, finish))
                case ObjectField():
                    if finish := self._fields(field.fields):
                        found.append((field.key, finish))
                case FileField():
                    if finish := self._file(field):
                        found.append((field.key, finish))
                case _:
                    pass
        return _object(found)

    def _file(self, field: FileField) -> Finish | None:
        urls = [(part.key, self._url(part)) for part in field.parts if part.name == URL]
        finish = _object(urls)
        return _list(finish) if field.many else finish

    def _url(self, part: FilePart) -> Finish:
        files = self._files
        assert files, "what has files keeps them"

        def sign(found: Any, answering: Answering) -> str:
            asked = {name: _given(value, answering) for name, value in part.asked}
            return files.url(
                UUID(found["id"]),
                found["name"],
                found["content_type"],
                UrlAsked(**asked),
                public=found["public"],
                now=answering.now,
            )

        return sign


def _given(value: e.Value | str | bool, answering: Answering) -> Any:
    match value:
        case e.Variable(slot):
            return answering.leaves[slot]
        case e.Const(constant):
            return constant
        case _:
            return value


def _connection(source: Connection, selections: Sequence[Finish | None]) -> Finish:
    def finish(found: Any, answering: Answering) -> Any:
        rows: list[Any] = found["rows"]
        size = _size(source.rows, answering)
        more = len(rows) > size
        del rows[size:]
        if source.backwards:
            rows.reverse()
        for row in rows:
            for number, selection in enumerate(selections):
                if selection:
                    row[f"n{number}"] = selection(row[f"n{number}"], answering)

        def cursor(row: Any) -> str:
            values = [row[field.key] for field in source.place]
            return answering.cursors.seal(values, source.order, answering.actor)

        behind, before = more, found.get("passed", False)
        info: dict[str, Callable[[], Any]] = {
            "hasNextPage": lambda: before if source.backwards else behind,
            "hasPreviousPage": lambda: behind if source.backwards else before,
            "startCursor": lambda: cursor(rows[0]) if rows else None,
            "endCursor": lambda: cursor(rows[-1]) if rows else None,
            "__typename": lambda: "PageInfo",
        }
        answer: dict[str, Any] = {}
        for field in source.fields:
            match field:
                case TypenameField():
                    answer[field.key] = field.name
                case TotalCountField():
                    answer[field.key] = found["total"]
                case NodeField():
                    answer[field.key] = [row[f"n{field.selection}"] for row in rows]
                case PageInfoField():
                    answer[field.key] = {key: info[name]() for key, name in field.fields}
                case EdgesField():
                    answer[field.key] = [_edge(field, row, cursor) for row in rows]
        return answer

    return finish


def _edge(edges: EdgesField, row: Any, cursor: Callable[[Any], str]) -> dict[str, Any]:
    edge: dict[str, Any] = {}
    for field in edges.fields:
        match field:
            case CursorField():
                edge[field.key] = cursor(row)
            case NodeField():
                edge[field.key] = row[f"n{field.selection}"]
            case TypenameField():
                edge[field.key] = field.name
    return edge


def _size(rows: Read, answering: Answering) -> int:
    """How many rows a page may have."""
    match rows.limit:
        case e.Variable(slot):
            return answering.leaves[slot]
        case e.Const(value):
            return value
        case _:
            assert rows.cap is not None
            return rows.cap
