"""Pages by cursors: walked from both ends they are the list, whatever the order; and cursors can't be forged."""

import asyncio
import base64
import math
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Field, Session, SQLModel

from hedgerow import Actor, Backend, Refusal, access, allow
from hedgerow.resolvers.cursors import LONGEST, Cursors
from hedgerow.schema.ids import GlobalId, decode
from hedgerow.server.tables import prepare

from .conftest import ADMINISTRATOR, STRANGER, running, user

ADA = user(1)
ORDERS = [
    ("things", "[]"),
    ("things", "{aText: DESC}"),
    ("things", "[{aBool: ASC_NULLS_FIRST}, {aMood: DESC_NULLS_LAST}]"),
    ("things", "[{aDatetime: ASC}, {aDuration: DESC}, {aUuid: ASC_NULLS_FIRST}]"),
    ("things", "[{aFloat: DESC}, {aDecimal: ASC}, {aPrice: ASC}, {aDate: DESC}, {aTime: ASC}]"),
    ("things", "[{aBigint: DESC_NULLS_FIRST}, {anInt: ASC}, {id: DESC}]"),
    ("notes", "[{authorId: DESC}, {public: ASC}]"),
    ("notes", "{score: ASC}"),
    ("notes", "[{score: DESC_NULLS_LAST}, {id: DESC}]"),
    ("notes", "[{author: {name: DESC}}, {team: {boss: {born: ASC}}}]"),
    ("notes", "[{tagsAggregate: {count: DESC}}, {createdAt: DESC}]"),
    ("notes", "[{author: {name: DESC}}, {team: {boss: {born: ASC}}}, {tagsAggregate: {count: DESC}}, {score: DESC}]"),
    (
        "notes",
        "[{public: ASC}, {public: DESC}, {score: DESC_NULLS_LAST}, {score: ASC}, {team: {name: ASC}}]",
    ),
    ("memberships", "{role: DESC}"),
    ("people", "{email: ASC}"),
    ("people", "[{notesAggregate: {max: {score: DESC_NULLS_LAST}}}, {notesAggregate: {count: ASC}}]"),
]


async def walked(backend: Backend, actor: Actor, field: str, order: str, size: int, *, back: bool) -> list[Any]:
    """All rows, page by page, from one end to the other."""
    count, cursor = ("last", "before") if back else ("first", "after")
    document = f"""query($size: Int, $cursor: String) {{
      {field}Connection({count}: $size, {cursor}: $cursor, orderBy: {order}) {{
        edges {{ cursor node {{ nodeId }} }}
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
      }}
    }}"""
    found: list[Any] = []
    place: str | None = None
    for page in range(40):
        answer = await backend.session(actor).query(document, {"size": size, "cursor": place})
        connection = answer[f"{field}Connection"]
        edges, info = connection["edges"], connection["pageInfo"]
        assert len(edges) <= size
        found = [*edges, *found] if back else [*found, *edges]
        more, passed = (
            info["hasPreviousPage" if back else "hasNextPage"],
            info["hasNextPage" if back else "hasPreviousPage"],
        )
        assert passed is (page > 0)
        assert (info["startCursor"], info["endCursor"]) == (edges[0]["cursor"], edges[-1]["cursor"])
        if not more:
            return [edge["node"]["nodeId"] for edge in found]
        place = edges[0 if back else -1]["cursor"]
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("actor", [ADA, ADMINISTRATOR], ids=["user", "admin"])
async def test_pages_are_the_list(backend: Backend, actor: Actor) -> None:
    for field, order in ORDERS:
        answer = await backend.session(actor).query(f"{{ {field}(orderBy: {order}) {{ nodeId }} }}")
        rows = [row["nodeId"] for row in answer[field]]
        for size in (1, 2, 3):
            for back in (False, True):
                assert await walked(backend, actor, field, order, size, back=back) == rows, (order, size, back)


async def test_two_cursors_are_the_rows_between(backend: Backend) -> None:
    session = backend.session(ADMINISTRATOR)
    everything = await session.query("{ notesConnection(orderBy: {score: DESC}) { edges { cursor node { id } } } }")
    edges = everything["notesConnection"]["edges"]
    document = """query($after: String, $before: String, $first: Int, $last: Int) {
      notesConnection(after: $after, before: $before, first: $first, last: $last, orderBy: {score: DESC}) {
        nodes { id } totalCount pageInfo { hasNextPage hasPreviousPage }
      }
    }"""
    for start in range(len(edges)):
        for end in range(start + 1, len(edges)):
            between = [edge["node"]["id"] for edge in edges[start + 1 : end]]
            given = {"after": edges[start]["cursor"], "before": edges[end]["cursor"]}
            for more, expected in (({}, between), ({"first": 1}, between[:1]), ({"last": 1}, between[-1:])):
                page = (await session.query(document, {**given, **more}))["notesConnection"]
                assert [row["id"] for row in page["nodes"]] == expected
                assert page["totalCount"] == len(edges)


async def test_a_cursor_stays_where_it_was_when_its_row_is_gone(backend: Backend) -> None:
    session = backend.session(ADMINISTRATOR)
    document = """query($after: String, $where: NoteFilter) {
      notesConnection(after: $after, where: $where, first: 2) { nodes { id } pageInfo { endCursor } }
    }"""
    first = (await session.query(document, {}))["notesConnection"]
    given = {"after": first["pageInfo"]["endCursor"], "where": {"id": {"_neq": 2}}}
    assert [row["id"] for row in (await session.query(document, given))["notesConnection"]["nodes"]] == [3, 4]


async def refused(backend: Backend, actor: Actor, document: str, cursor: str) -> str:
    with pytest.raises(Refusal) as caught:
        await backend.session(actor).query(document, {"after": cursor})
    complaint = caught.value.complaints[0]
    assert complaint.code == "BAD_USER_INPUT"
    assert len(cursor) < 8 or cursor not in complaint.message
    return complaint.message


async def test_a_cursor_serves_only_its_own_order_and_caller(backend: Backend) -> None:
    document = "query($after: String) { notesConnection(after: $after, first: 1) { pageInfo { endCursor } } }"
    found = await backend.session(ADA).query(document, {})
    cursor = found["notesConnection"]["pageInfo"]["endCursor"]
    assert "after: this is no cursor of this list, order and caller" in await refused(
        backend, user(2), document, cursor
    )
    for actor in (STRANGER, ADMINISTRATOR, user(1, "auditor"), user(11)):
        await refused(backend, actor, document, cursor)
    for other in (
        document.replace("first: 1", "first: 1, orderBy: {id: DESC}"),
        document.replace("first: 1", "first: 1, orderBy: {title: ASC}"),
        document.replace("notes", "people"),
    ):
        await refused(backend, ADA, other, cursor)
    raw = bytearray(base64.urlsafe_b64decode(cursor))
    for at in range(len(raw)):
        forged = bytes([*raw[:at], raw[at] ^ 1, *raw[at + 1 :]])
        await refused(backend, ADA, document, base64.urlsafe_b64encode(forged).decode())
    for text in ("", "?", cursor[:-4], cursor + "AAAA", "A" * (LONGEST + 1), "é", base64.b64encode(b"[1]").decode()):
        await refused(backend, ADA, document, text)


async def test_a_cursor_tells_nothing(backend: Backend) -> None:
    found = await backend.session(ADMINISTRATOR).query(
        "{ peopleConnection(orderBy: {email: ASC}) { edges { cursor node { email } } } }"
    )
    for edge in found["peopleConnection"]["edges"]:
        assert b"example" not in base64.urlsafe_b64decode(edge["cursor"])


def test_cursors_of_another_secret_are_no_cursors() -> None:
    sealed = Cursors("one").seal([1, None], "order", ADA)
    assert Cursors("one").seal([1, None], "order", ADA) == sealed
    assert Cursors("one").open(sealed, "order", ADA) == [1, None]
    with pytest.raises(ValueError, match="no cursor"):
        Cursors("two").open(sealed, "order", ADA)


def test_callers_who_differ_in_what_rules_read_share_no_cursors() -> None:
    cursors = Cursors("one", ["team_ids"])
    one, other = Actor(claims={"team_ids": [1], "nonce": 1}), Actor(claims={"team_ids": [1, 2]})
    sealed = cursors.seal([1], "order", one)
    assert cursors.open(sealed, "order", Actor(claims={"team_ids": [1], "nonce": 2})) == [1]
    with pytest.raises(ValueError, match="no cursor"):
        cursors.open(sealed, "order", other)


async def test_processes_with_one_admin_secret_share_cursors(database_url: str) -> None:
    document = (
        "query($after: String) { notesConnection(after: $after, first: 1) { nodes { id } pageInfo { endCursor } } }"
    )
    async with running(database_url) as one, running(database_url) as other:
        first = (await one.session(ADA).query(document, {}))["notesConnection"]
        given = {"after": first["pageInfo"]["endCursor"]}
        assert (await other.session(ADA).query(document, given))["notesConnection"]["nodes"] == [{"id": 2}]


async def test_a_deep_page_begins_in_the_index(sqlite_world: str) -> None:
    """Every branch of the statement is a search in an index, none is a scan."""
    document = """query($after: String) {
      notesConnection(after: $after, first: 2, orderBy: {teamId: ASC}) { nodes { id } pageInfo { endCursor } }
    }"""
    async with running(sqlite_world) as backend:
        session = backend.session(ADMINISTRATOR)
        first = (await session.query(document, {}))["notesConnection"]
        second = await session.query(document, {"after": first["pageInfo"]["endCursor"]})
        assert [row["id"] for row in second["notesConnection"]["nodes"]] == [3, 4]
        database: Any = backend.engine.database
        explained = await database.explain(database.statements[-1], [1, 2, 2])
        reads = [line for line in explained.splitlines() if "note" in line or "t0" in line]
        assert sum("SEARCH" in line for line in reads) == 2
        assert not any(line.strip().startswith("SCAN note") or " SCAN t0 " in line for line in reads)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("WyJOb3RlIiwxXQ==", GlobalId("Note", (1,))),
        ("WyJOb3RlIl0=", None),
        ("W10=", None),
        ("bm8=", None),
        ("?", None),
        (base64.b64encode(b'["Note",{"a":1}]').decode(), None),
        (base64.b64encode(b'[1,"Note"]').decode(), None),
        (base64.b64encode(b"[" * 3_000).decode(), None),
        ("A" * 5_000, None),
    ],
)
def test_global_ids(text: str, found: GlobalId | None) -> None:
    assert decode(text) == found


async def test_a_node_id_shows_only_where_the_key_does(backend: Backend) -> None:
    for actor in (STRANGER, ADA, user(2), ADMINISTRATOR):
        seen = backend.engine.seen(actor).view
        for table in seen.tables.values():
            assert table.identified("nodeId") == all(table.always(name) for name in table.table.primary_key)


class Reading(SQLModel, table=True):
    """Floats that JSON has not."""

    id: int = Field(primary_key=True)
    value: float | None = None

    @access
    def rules(reading, me):
        yield allow("anyone", "read")


def _readings(session: Session) -> None:
    values = (1.0, math.inf, None, -math.inf, math.inf, 1.7976931348623157e308, None, -1.5)
    session.add_all(Reading(id=number, value=value) for number, value in enumerate(values, 1))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_pages_go_on_behind_infinity(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if kind == "postgres":
        url = await asyncio.to_thread(request.getfixturevalue("new_postgres"))
    else:
        url = f"sqlite:///{tmp_path / 'readings.db'}"
    await prepare(url, [Reading], _readings)
    async with running(url, models=[Reading]) as backend:
        for order in ("{value: ASC}", "{value: DESC}", "{value: ASC_NULLS_FIRST}", "{value: DESC_NULLS_LAST}"):
            answer = await backend.session(STRANGER).query(f"{{ readings(orderBy: {order}) {{ nodeId }} }}")
            rows = [row["nodeId"] for row in answer["readings"]]
            for back in (False, True):
                assert await walked(backend, STRANGER, "readings", order, 1, back=back) == rows, (order, back)


async def test_a_cursor_of_other_types_is_refused(database_url: str) -> None:
    """As after a column has become another."""
    async with running(database_url) as backend:
        document = "query($after: String) { notesConnection(after: $after) { nodes { id } } }"
        sealed = backend.engine.cursors.seal(["no number"], "Note: id", ADA)
        assert "expected" in await refused(backend, ADA, document, sealed)
