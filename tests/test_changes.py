"""What one caller is told of changes of rows: images judged by the rules, on both databases."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hedgerow import Actor, Backend
from hedgerow.resolvers.live.access import Access
from hedgerow.resolvers.live.changes import Change
from hedgerow.resolvers.live.judge import Told, judge
from hedgerow.resolvers.memory import UNDECIDED
from hedgerow.resolvers.operation import ChangesRead

from .conftest import ADMINISTRATOR, STRANGER, user
from .world import START

ADA, GRACE = user(1), user(2)
SELECTED = "{ cursor operation key { id } node { id title body team { name } tags(orderBy: {id: ASC}) { word } } }"


@dataclass
class Recorded:
    """A row as the triggers record it."""

    row: Mapping[str, Any]
    dialect: Any
    types: Mapping[str, Any]
    unread: frozenset[str] = frozenset()

    @property
    def columns(self) -> Mapping[str, Any]:
        return {name: UNDECIDED if name in self.unread else value for name, value in self.row.items()}

    def same(self, other: Any, column: str) -> bool:
        return repr(self.columns[column]) == repr(other.columns[column])

    @property
    def text(self) -> str:
        if self.dialect.name == "postgres":
            return json.dumps(self.row, default=str)
        stored: dict[str, Any] = {}
        for name, value in self.row.items():
            encode = self.dialect.encode(self.types[name])
            stored[name] = value if encode is None else encode(value)
        return json.dumps(stored)


class Log:
    """Changes of notes, in order."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.changes: list[Change] = []

    def note(self, id: int = 100, **given: Any) -> Recorded:
        row: dict[str, Any] = {
            "created_at": START, "id": id, "title": "A", "body": "b", "public": False, "score": 0.1, "team_id": 1,
            "author_id": 1,
        }  # fmt: skip
        table = self.backend.catalog.tables["Note"]
        types = {column.sql: column.type for column in table.columns.values()}
        return Recorded(row | given, self.backend.engine.database.dialect, types)

    def add(self, before: Recorded | None, after: Recorded | None) -> None:
        kind: Any = "insert" if before is None else "delete" if after is None else "update"
        self.changes.append(Change((0, len(self.changes) + 1), (None, "note"), kind, before, after))


def asked(
    backend: Backend, actor: Actor, arguments: str = "", selected: str = SELECTED
) -> tuple[ChangesRead, list[Any]]:
    document = f"subscription {{ told: notesChanges{arguments} {selected} }}"
    operation, leaves = backend.engine.operation(document, {}, backend.session(actor).actor)
    return operation.changes["told"], leaves


async def told(backend: Backend, actor: Actor, log: Log, arguments: str = "", selected: str = SELECTED) -> list[Told]:
    read, leaves = asked(backend, actor, arguments, selected)
    session = backend.session(actor)
    return await judge(read, leaves, session, Access(read, leaves, session.actor), log.changes)


def brief(told: Sequence[Told]) -> list[Any]:
    return [(each.operation, each.position[1], each.row and each.row["key"]["id"]) for each in told]


async def test_a_change_is_what_the_caller_sees_of_it(backend: Backend) -> None:
    log = Log(backend)
    public, secret = log.note(public=True), log.note()
    log.add(None, secret)
    log.add(secret, public)
    log.add(public, log.note(public=True, title="B"))
    log.add(log.note(public=True, title="B"), log.note(title="B"))
    log.add(log.note(title="B"), None)
    log.add(None, log.note(101, public=True))
    log.add(log.note(101, public=True), None)
    member = [("ENTER", 1), ("UPDATE", 2), ("UPDATE", 3), ("UPDATE", 4), ("DELETE", 5), ("ENTER", 6), ("DELETE", 7)]
    assert [each[:2] for each in brief(await told(backend, ADA, log))] == member
    assert [each[:2] for each in brief(await told(backend, ADMINISTRATOR, log))] == member
    stranger = await told(backend, STRANGER, log, selected="{ operation key { id } node { id title } }")
    assert brief(stranger) == [
        ("ENTER", 2, 100), ("UPDATE", 3, 100), ("LEAVE", 4, 100), ("ENTER", 6, 101), ("DELETE", 7, 101)
    ]  # fmt: skip


async def test_rows_are_told_as_they_were(backend: Backend) -> None:
    log = Log(backend)
    log.add(None, log.note(1, title="as it was", team_id=2, score=0.30000000000000004))
    (first,) = await told(backend, ADA, log, selected="{ key { id } node { title score team { name } tags { word } } }")
    node = {"title": "as it was", "score": 0.30000000000000004, "team": {"name": "Compilers"}}
    assert first.row and first.row["key"] == {"id": 1}
    assert first.row["node"] == node | {"tags": [{"word": "math"}]}


async def test_cells_show_as_in_a_list(backend: Backend) -> None:
    log = Log(backend)
    log.add(None, log.note(public=True, body="for members", team_id=2))
    selected = "{ key { id } node { title body } }"
    (seen,) = await told(backend, ADA, log, selected=selected)
    assert seen.row and seen.row["node"] == {"title": "A", "body": "for members"}
    (hidden,) = await told(backend, user(4), log, selected=selected)
    assert hidden.row and hidden.row["node"] == {"title": "A", "body": None}


async def test_a_change_of_hidden_cells_tells_nothing(backend: Backend) -> None:
    log = Log(backend)
    log.add(log.note(public=True), log.note(public=True, body="other", score=2.0))
    assert [each.operation for each in await told(backend, ADA, log)] == ["UPDATE"]
    assert await told(backend, user(4), log) == []
    assert await told(backend, STRANGER, log, selected="{ node { title } key { id } }") == []


async def test_cells_that_begin_or_cease_to_show_are_a_change(backend: Backend) -> None:
    log = Log(backend)
    log.add(log.note(public=True), log.note(public=True, team_id=3))
    log.add(log.note(public=True, team_id=3), log.note(public=True))
    found = await told(backend, user(4), log, selected="{ key { id } node { title body } }")
    assert [each.operation for each in found] == ["UPDATE", "UPDATE"]
    assert [each.row and each.row["node"]["body"] for each in found] == ["b", None]


async def test_what_memory_can_t_read_is_left_to_the_database(backend: Backend) -> None:
    log = Log(backend)
    unread = log.note(public=True)
    unread.unread = frozenset({"public", "title"})
    log.add(None, unread)
    for actor, arguments in ((STRANGER, ""), (STRANGER, '(where: {title: {_eq: "A"}})')):
        found = await told(backend, actor, log, arguments, "{ key { id } node { id } }")
        assert brief(found) == [("ENTER", 1, 100)]


async def test_a_filter_on_hidden_cells_is_no_oracle(backend: Backend) -> None:
    log = Log(backend)
    log.add(log.note(public=True, body="x"), log.note(public=True, body="code: 1234"))
    for where in ('{body: {_like: "%1%"}}', '{_not: {body: {_like: "%1%"}}}', "{body: {_isNull: false}}"):
        assert await told(backend, user(4), log, f"(where: {where})") == []
    assert [each.operation for each in await told(backend, ADA, log, '(where: {body: {_like: "%1%"}})')] == ["ENTER"]


async def test_a_filter_makes_rows_enter_and_leave(backend: Backend) -> None:
    log = Log(backend)
    log.add(None, log.note(title="A"))
    log.add(log.note(title="A"), log.note(title="B"))
    log.add(log.note(title="B"), log.note(title="A"))
    log.add(log.note(title="A"), None)
    assert brief(await told(backend, ADA, log, '(where: {title: {_eq: "B"}})')) == [
        ("ENTER", 2, 100),
        ("LEAVE", 3, 100),
    ]
    related = '(where: {team: {name: {_eq: "Engines"}}, tags: {word: {_eq: "math"}}})'
    assert await told(backend, ADA, log, related) == []
    one = Log(backend)
    one.add(None, one.note(1))
    assert brief(await told(backend, ADA, one, related)) == [("ENTER", 1, 1)]


async def test_another_key_is_another_row(backend: Backend) -> None:
    log = Log(backend)
    log.add(log.note(100), log.note(200))
    log.add(log.note(200, public=True), log.note(300))
    log.add(log.note(300), log.note(200, public=True))
    found = await told(backend, ADA, log)
    assert [(*each, more.more) for each, more in zip(brief(found), found, strict=True)] == [
        ("DELETE", 1, 100, True), ("ENTER", 1, 200, False), ("DELETE", 2, 200, True), ("ENTER", 2, 300, False),
        ("DELETE", 3, 300, True), ("ENTER", 3, 200, False),
    ]  # fmt: skip
    assert brief(await told(backend, STRANGER, log, selected="{ key { id } node { id } }")) == [
        ("LEAVE", 2, 200), ("ENTER", 3, 200)
    ]  # fmt: skip


async def test_what_surely_nobody_sees_asks_the_database_nothing(backend: Backend) -> None:
    log = Log(backend)
    log.add(None, log.note())
    log.add(log.note(), log.note(title="B"))
    log.add(log.note(), None)
    database: Any = backend.engine.database
    before = len(database.statements)
    assert await told(backend, STRANGER, log, selected="{ key { id } node { id } }") == []
    assert len(database.statements) == before
    assert await told(backend, ADA, log, '(where: {title: {_eq: "C"}})') == []
    assert len(database.statements) == before
    await told(backend, ADA, log)
    assert len(database.statements) == before + 1


async def test_many_changes_keep_their_places(backend: Backend) -> None:
    log = Log(backend)
    for number in range(300):
        log.add(None, log.note(1000 + number, public=number % 3 == 0, team_id=1 + number % 2))
    found = await told(backend, user(3), log)
    assert [each.row and each.row["node"]["id"] for each in found] == [
        1000 + number for number in range(300) if number % 3 == 0 or number % 2 == 0
    ]


async def test_the_clock_of_now_judges(backend: Backend) -> None:
    log = Log(backend)
    log.add(None, log.note(created_at=datetime(1900, 1, 1, tzinfo=UTC)))
    log.add(None, log.note(created_at=START - timedelta(days=1)))
    support = Actor(frozenset({"anyone", "support"}))
    assert [each.position[1] for each in await told(backend, support, log, selected="{ key { id } }")] == [2]
