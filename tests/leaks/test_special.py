"""Attacks beyond the random ones; each has models of its own."""

import asyncio
import base64
import json
from copy import deepcopy
from pathlib import Path
from typing import Any, Optional

import orjson
import pytest
from sqlmodel import JSON, BigInteger, Column, Field, Integer, Relationship, Session, SQLModel, String

from hedgerow import Actor, DeclarationError, SetupError, access, allow
from hedgerow.server.tables import prepare

from ..conftest import ADMINISTRATOR, STRANGER, running, user
from .served import ask, serving


class LeakPin(SQLModel, table=True):
    """A key that its readers don't see."""

    __tablename__ = "leak_pin"

    id: int = Field(primary_key=True)
    label: str
    number: int
    owner_id: int

    @access
    def rules(pin, me):
        yield allow("anyone", "read", fields=["label"])
        yield allow("user", "read", where=pin.owner_id == me.id, fields=["id", "label"])
        yield allow("holder", "read", fields=["number"])


class LeakRoom(SQLModel, table=True):
    """A rule that asks another table, so that databases judge a cheap filter before it."""

    __tablename__ = "leak_room"

    id: int = Field(primary_key=True)
    words: str
    keys: list["LeakKey"] = Relationship(back_populates="room")

    @access
    def rules(room, me):
        yield allow("user", "read", where=room.keys.any(lambda k: k.person == me.id))


class LeakKey(SQLModel, table=True):
    __tablename__ = "leak_key"

    id: int = Field(primary_key=True)
    person: int
    room_id: int = Field(foreign_key="leak_room.id")
    room: LeakRoom = Relationship(back_populates="keys")


class LeakSafe(SQLModel, table=True):
    """Rows that all see, with a cell that its owner sees."""

    __tablename__ = "leak_safe"

    id: int = Field(primary_key=True)
    code: str
    owner_id: int

    @access
    def rules(safe, me):
        yield allow("anyone", "read", fields=["id"])
        yield allow("user", "read", where=safe.owner_id == me.id)


class LeakFlag(SQLModel, table=True):
    """Rules that compare JSON."""

    __tablename__ = "leak_flag"

    id: int = Field(primary_key=True)
    name: str
    meta: Any = Field(default=None, sa_column=Column(JSON))

    @access
    def rules(flag, me):
        yield allow("anyone", "read", where=flag.meta == {"public": True})
        yield allow("partial", "read", where=flag.meta == {"public": 1}, fields=["id", "name"])


class LeakPlain(SQLModel, table=True):
    __tablename__ = "leak_plain"

    id: int = Field(primary_key=True)
    meta: Any = Field(default=None, sa_column=Column(JSON))

    @access
    def rules(plain, me):
        yield allow("anyone", "read")


class LeakOdd(SQLModel, table=True):
    """A column with the name of a condition's."""

    __tablename__ = "leak_odd"

    id: int = Field(primary_key=True)
    hedgerow_0: bool = True
    code: str = Field(sa_column=Column("code", String, nullable=False))
    owner: int = Field(sa_column=Column("owner", Integer, nullable=False))

    @access
    def rules(odd, me):
        yield allow("anyone", "read", fields=["id", "hedgerow_0"])
        yield allow("anyone", "read", where=odd.owner == me.id)


class LeakHoard(SQLModel, table=True):
    """Numbers whose sum is too large for the database, most of them hidden, by row or by cell."""

    __tablename__ = "leak_hoard"

    id: int = Field(primary_key=True)
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    owner_id: int
    above_id: int | None = Field(default=None, foreign_key="leak_hoard.id")
    above: Optional["LeakHoard"] = Relationship(
        back_populates="below", sa_relationship_kwargs={"remote_side": "LeakHoard.id"}
    )
    below: list["LeakHoard"] = Relationship(back_populates="above")

    @access
    def rules(hoard, me):
        yield allow("user", "read", where=hoard.owner_id == me.id)
        yield allow("user", "read", where=hoard.owner_id == 8, fields=["id", "above_id"])


SPECIAL: list[type[Any]] = [LeakHoard, LeakPin, LeakRoom, LeakKey, LeakSafe, LeakFlag, LeakPlain, LeakOdd]


def special_seed(session: Session) -> None:
    for number, label in enumerate(("pear", "apple", "fig", "apple"), 1):
        session.add(LeakPin(id=number, label=label, number=10 - number, owner_id=number))
    session.add_all([LeakRoom(id=1, words="open sesame"), LeakRoom(id=2, words="swordfish")])
    session.flush()
    session.add_all([LeakKey(id=1, person=1, room_id=1), LeakKey(id=2, person=2, room_id=2)])
    for number, meta in enumerate(({"public": True}, {"public": 1}, {"public": False}, {}), 1):
        session.add(LeakFlag(id=number, name=f"flag {number}", meta=deepcopy(meta)))
    session.add_all([LeakSafe(id=1, code="open sesame", owner_id=1), LeakSafe(id=2, code="swordfish", owner_id=2)])
    for number, owner in enumerate((1, 8, 8, 8, 9, 9, 9, 2, 2, 2), 1):
        amount = 2**62 if owner > 1 else 5
        session.add(LeakHoard(id=number, amount=amount, owner_id=owner, above_id=1 if number > 1 else None))
        session.flush()
    session.add(LeakPlain(id=1, meta={"public": True}))
    session.add_all([LeakOdd(id=1, code="c1", owner=1), LeakOdd(id=2, code="c2", owner=2)])


@pytest.fixture(scope="module")
def special(new_postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    urls = {"sqlite": f"sqlite:///{tmp_path_factory.mktemp('special') / 'special.db'}", "postgres": new_postgres()}
    for url in urls.values():
        asyncio.run(prepare(url, SPECIAL, special_seed))
    return urls


KINDS = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


@KINDS
async def test_a_list_without_its_key(kind: str, special: dict[str, str]) -> None:
    """Readers who don't see the key still get the rows; they can't be told apart by it."""
    async with running(special[kind], models=SPECIAL) as backend:
        found = await ask(backend, STRANGER, "{ leakPins { label } }")
        assert found[:1] == b"{", found
        assert sorted(row["label"] for row in json.loads(found)["leakPins"]) == ["apple", "apple", "fig", "pear"]
        found = await ask(backend, STRANGER, "{ leakPins(orderBy: {label: ASC}, limit: 3, offset: 1) { label } }")
        assert json.loads(found) == {"leakPins": [{"label": "apple"}, {"label": "fig"}, {"label": "pear"}]}


@pytest.fixture(scope="module")
def shuffled(new_postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The same rows under other keys."""
    folder = tmp_path_factory.mktemp("shuffled")
    made: dict[str, list[str]] = {"sqlite": [], "postgres": []}
    for kind, urls in made.items():
        for keys in ((1, 2, 3, 4), (4, 3, 2, 1), (2, 4, 1, 3)):

            def seed(session: Session, keys: Any = keys) -> None:
                for key, label in zip(keys, ("pear", "apple", "fig", "kiwi"), strict=True):
                    session.add(LeakPin(id=key, label=label, number=7, owner_id=9))

            urls.append(new_postgres() if kind == "postgres" else f"sqlite:///{folder / f'{keys[0]}.db'}")
            asyncio.run(prepare(urls[-1], [LeakPin], seed))
    return made


@KINDS
async def test_a_hidden_key_decides_no_order(kind: str, shuffled: dict[str, list[str]]) -> None:
    """Rows whose keys are hidden come in an order that other keys would not change."""
    for actor, document in (
        (user(1), "{ leakPins { label id } }"),
        (user(1), "{ leakPins(limit: 2) { label } }"),
        (user(1), "{ leakPins(orderBy: {id: DESC}) { label } }"),
        (STRANGER, "{ leakPins { label } }"),
    ):
        answers: set[bytes] = set()
        for url in shuffled[kind]:
            async with running(url, models=[LeakPin]) as backend:
                answers.add(await ask(backend, actor, document))
        assert len(answers) == 1, f"{document}: {answers}"


@KINDS
@pytest.mark.parametrize(
    ("op", "pattern"),
    [
        ("_regex", "a{300}"),
        ("_regex", "(?i:a)"),
        ("_regex", r"\pL"),
        ("_regex", r"(?P<name>x)"),
        ("_regex", r"\Qa\E"),
        ("_iregex", r"\pL{446}" + "é" * 28),
    ],
)
async def test_an_error_does_not_tell_of_hidden_rows(kind: str, op: str, pattern: str, special: dict[str, str]) -> None:
    """A pattern that only one engine refuses must be refused, or answered, without a look at hidden rows."""
    async with running(special[kind], models=SPECIAL) as backend:
        for root, text in (("leakRooms", "words"), ("leakSafes", "code")):
            document = f"""query ($like: String, $pattern: String) {{
              {root}(where: {{_and: [{{{text}: {{_like: $like}}}}, {{{text}: {{{op}: $pattern}}}}]}}) {{ id }}
            }}"""
            for _ in range(10):  # PostgreSQL plans for all values at once only after some runs
                await ask(backend, user(1), document, {"like": "x%", "pattern": "harmless"})
            answers: set[bytes] = set()
            for like in ("sword%", "nothing like it%"):
                answers.add(await ask(backend, user(1), document, {"like": like, "pattern": pattern}))
            assert len(answers) == 1, f"a hidden text of {root} can be read by errors: {answers}"
            assert not any(answer.startswith(b"INTERNAL") for answer in answers), answers


@KINDS
async def test_a_sum_of_hidden_numbers_never_fails(kind: str, special: dict[str, str]) -> None:
    """Two of them are more than the database can hold: an error would tell that they are there."""
    documents = {
        "{ leakHoardsAggregate { aggregate { sum { amount } avg { amount } variance { amount } count(columns: amount) "
        "} } }": {"aggregate": {"sum": {"amount": 5}, "avg": {"amount": 5}, "variance": {"amount": None}, "count": 1}},
        "{ leakHoardsAggregate { groups(by: {column: aboveId}, having: {sum: {amount: {_gt: 0}}}) "
        "{ key { aboveId } aggregate { sum { amount } } } } }": {
            "groups": [{"key": {"aboveId": None}, "aggregate": {"sum": {"amount": 5}}}]
        },
        "{ leakHoardsAggregate(where: {belowAggregate: {sum: {amount: {_isNull: true}}}}) { aggregate { count } } }": {
            "aggregate": {"count": 4}
        },
        "{ leakHoardsAggregate(orderBy: [{belowAggregate: {sum: {amount: DESC}}}]) { nodes { id } } }": {
            "nodes": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]
        },
    }
    async with running(special[kind], models=SPECIAL) as backend:
        for document, expected in documents.items():
            found = await ask(backend, user(1), document)
            assert found[:1] == b"{", found
            assert json.loads(found) == {"leakHoardsAggregate": expected}
            for actor in (user(2), ADMINISTRATOR):  # of what shows, no answer either
                found = await ask(backend, actor, "{ leakHoardsAggregate { aggregate { sum { amount } } } }")
                assert json.loads(found) == {"leakHoardsAggregate": {"aggregate": {"sum": {"amount": None}}}}


@KINDS
async def test_no_page_and_no_id_where_the_key_hides(kind: str, special: dict[str, str]) -> None:
    """A cursor and a global id would be made of a key that some rows don't show."""
    async with running(special[kind], models=SPECIAL) as backend:
        for actor in (STRANGER, user(1), Actor(frozenset({"anyone", "holder"}))):
            for document in ("{ leakPinsConnection { totalCount } }", "{ leakPins { nodeId } }"):
                assert b"GRAPHQL_VALIDATION_FAILED" in await ask(backend, actor, document), document
            for key in (1, 2, 99):
                id = base64.b64encode(orjson.dumps(["LeakPin", key])).decode()
                found = await ask(backend, actor, f'{{ node(id: "{id}") {{ nodeId }} }}')
                assert found == b'{"node":null}', found


@KINDS
async def test_a_client_constant_is_not_taken_for_a_rules(kind: str, special: dict[str, str]) -> None:
    """true and 1 are equal in Python, not in JSON: they must not share a parameter."""
    async with running(special[kind], models=SPECIAL) as backend:
        for document in (
            "{ leakFlags { name } }",
            "{ leakPlains(where: {meta: {_eq: {public: 1}}}) { id } leakFlags { name } }",
            "{ leakPlains(where: {meta: {_eq: {public: true}}}) { id } leakFlags { name } }",
        ):
            found = await ask(backend, STRANGER, document)
            assert json.loads(found)["leakFlags"] == [{"name": "flag 1"}], document


@KINDS
async def test_json_true_is_not_one_in_a_filter(kind: str, special: dict[str, str]) -> None:
    async with running(special[kind], models=SPECIAL) as backend:
        where = "{_or: [{meta: {_eq: {public: 1}}}, {meta: {_eq: {public: true}}}]}"
        found = await ask(backend, ADMINISTRATOR, f"{{ leakFlags(where: {where}) {{ id }} }}")
        assert json.loads(found) == {"leakFlags": [{"id": 1}, {"id": 2}]}


@KINDS
async def test_cells_judged_by_a_json_constant(kind: str, special: dict[str, str]) -> None:
    actor = Actor(frozenset({"anyone", "partial"}))
    async with running(special[kind], models=SPECIAL) as backend:
        found = await ask(backend, actor, "{ leakFlags { id name meta } }")
        assert found[:1] == b"{", found
        assert [row["meta"] for row in json.loads(found)["leakFlags"]] == [{"public": True}, None]


@KINDS
async def test_a_column_called_like_a_condition(kind: str, special: dict[str, str]) -> None:
    async with running(special[kind], models=SPECIAL) as backend:
        found = await ask(backend, user(1), "{ leakOdds { id hedgerow0 code } }")
        assert found[:1] == b"{", found
        assert [row["code"] for row in json.loads(found)["leakOdds"]] == ["c1", None]


@KINDS
async def test_claims_of_wrong_types_are_refused(kind: str, pairs: dict[str, tuple[str, str]]) -> None:
    """Never compared as they come: a refusal, the same with any data."""
    async with serving(pairs[kind][0]) as backend:
        for id in ([1], {"a": 1}, True, "one", 1.5, 2**80, "1 OR 1=1", [None]):
            found = await ask(backend, Actor(frozenset({"anyone", "user"}), {"id": id}), "{ leakGroups { id } }")
            assert b"UNAUTHENTICATED" in found, id
        for ids in (1, "1", {"1": 1}, [[1]], [None], ["x"], [2**80]):
            actor = user(6, "planner", group_ids=ids)
            assert b"UNAUTHENTICATED" in await ask(backend, actor, "{ leakGroups { id } }"), ids
        for ids in ([], (), set()):
            found = await ask(backend, user(6, "planner", group_ids=ids), "{ leakGroups { id } }")
            assert json.loads(found) == {"leakGroups": [{"id": 1}, {"id": 4}]}


class LeakLedgerA(SQLModel, table=True):
    __tablename__ = "leak_ledger"
    __table_args__ = ({"schema": "north"},)

    id: int = Field(primary_key=True)
    amount: int

    @access
    def rules(row, me):
        yield allow("north", "read")


class LeakLedgerB(SQLModel, table=True):
    __tablename__ = "leak_ledger"
    __table_args__ = ({"schema": "south"},)

    id: int = Field(primary_key=True)
    amount: int

    @access
    def rules(row, me):
        yield allow("anyone", "read")


def _ledgers(session: Session) -> None:
    session.add(LeakLedgerA(id=1, amount=1000))


@KINDS
def test_tables_of_one_name_in_two_schemas_stay_apart(kind: str, tmp_path: Path, new_postgres: Any) -> None:
    """SQLite has no schemas: the same name must not become the same table, or one's rules open the other's rows."""
    url = new_postgres() if kind == "postgres" else f"sqlite:///{tmp_path / 'ledgers.db'}"
    models: list[type[Any]] = [LeakLedgerA, LeakLedgerB]

    async def found() -> bytes:
        await prepare(url, models[:1], _ledgers)
        await prepare(url, models, None)
        async with running(url, models=models) as backend:
            return await ask(backend, STRANGER, "{ leakLedgerBs { amount } }")

    try:
        answer = asyncio.run(found())
    except (DeclarationError, SetupError):
        assert kind == "sqlite"
        return
    assert json.loads(answer) == {"leakLedgerBs": []}
