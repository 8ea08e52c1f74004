"""What Python has the last word on in an answer: pages by cursors, and the URLs of files.

In: an authorised plan, and what the database gave for its root fields: of a page one row more than asked for, when
there are; of a URL what it is signed of. Out: what makes `edges`, `pageInfo` and cursors of the rows, and URLs; for
those root fields alone that need it, since all others go undecoded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    PageInfoField,
    Read,
    RelationField,
    Root,
    Source,
    TotalCountField,
    TypenameField,
)


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
        urls = [(part.key, self._url(part, public=field.public)) for part in field.parts if part.name == URL]
        finish = _object(urls)
        return _list(finish) if field.many else finish

    def _url(self, part: FilePart, *, public: bool) -> Finish:
        files = self._files
        assert files, "what has files keeps them"

        def sign(found: Any, answering: Answering) -> str:
            asked = {name: _given(value, answering) for name, value in part.asked}
            return files.url(
                UUID(found["id"]),
                found["name"],
                found["content_type"],
                UrlAsked(**asked),
                public=public and found["public"],
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
