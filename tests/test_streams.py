"""Change streams end to end: each visible change once and in order, across reconnects, or RESYNC."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from hedgerow import Actor, Backend, Refusal
from hedgerow.resolvers.live.changes import Change, Look
from hedgerow.schema.errors import Code
from hedgerow.server.tables import prepare

from . import meadow
from .conftest import ADMINISTRATOR, STRANGER, user
from .meadow import MODELS, Subscriber, foreign, grazing, write

ADA, BO = user(1), user(2)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "postgres":
        url = request.getfixturevalue("new_postgres")()
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('meadow') / 'meadow.db'}"
    asyncio.run(prepare(url, MODELS, meadow.seed))
    return url


@pytest.fixture
def url(prepared: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A fresh copy of the database."""
    new = request.getfixturevalue("new_postgres") if prepared.startswith("postgres") else None
    return meadow.fresh_copy(prepared, tmp_path, new)


@pytest.fixture
async def backend(url: str) -> AsyncIterator[Backend]:
    async with grazing(url) as made:
        yield made


async def add(backend: Backend, id: int, **given: Any) -> None:
    row = {"id": id, "name": f"sheep {id}", "meadowId": 1, **given}
    await write(backend, "($row: SheepCreate!) { createSheep(object: $row) { id } }", row=row)


async def change(backend: Backend, key: int, /, **given: Any) -> None:
    await write(backend, "($id: Int!, $set: SheepSet) { updateSheep(id: $id, set: $set) { id } }", id=key, set=given)


async def remove(backend: Backend, id: int) -> None:
    await write(backend, "($id: Int!) { deleteSheep(id: $id) { id } }", id=id)


async def caught_up(backend: Backend, *subscribers: Subscriber) -> None:
    """Waits until all were told of a row that anybody sees, which then goes again."""
    await add(backend, 99, shown=True, meadowId=1)
    await remove(backend, 99)
    for each in subscribers:
        seen = len(each.told)
        await each.until(lambda s, seen=seen: ("DELETE", 99) in s.told[seen:] or s.told[-1][0] == "RESYNC")


@contextlib.asynccontextmanager
async def watching(backend: Backend, last: tuple[str, int]) -> AsyncIterator[None]:
    """At its end, what was written within has its place: on PostgreSQL any other transaction may hold it back."""
    async with Subscriber(backend, ADMINISTRATOR) as admin:
        await admin.until(lambda s: s.told)
        yield
        await admin.until(lambda s: last in s.told)


async def test_a_stream_begins_with_resync_and_tells_what_follows(backend: Backend) -> None:
    async with Subscriber(backend, ADA) as ada, Subscriber(backend, STRANGER) as stranger:
        await ada.until(lambda s: s.told)
        await stranger.until(lambda s: s.told)
        await add(backend, 10)
        await change(backend, 10, shown=True)
        await change(backend, 10, name="Dolly")
        await change(backend, 10, weight=3.5)
        await change(backend, 10, shown=False)
        await remove(backend, 10)
        await add(backend, 11, meadowId=2)
        await remove(backend, 1)
        await ada.until(lambda s: ("DELETE", 1) in s.told)
        await stranger.until(lambda s: ("DELETE", 1) in s.told)
    assert ada.told == [("RESYNC", None), ("ENTER", 10), *[("UPDATE", 10)] * 4, ("DELETE", 10), ("DELETE", 1)]
    assert stranger.told == [("RESYNC", None), ("ENTER", 10), ("UPDATE", 10), ("LEAVE", 10), ("DELETE", 1)]
    assert ada.copy == await ada.list() == {}


async def test_a_stream_goes_on_exactly_after_any_cursor(backend: Backend, url: str) -> None:
    async with Subscriber(backend, ADA) as first:
        await first.until(lambda s: s.told)
        for number in range(10, 16):
            await add(backend, number)
            await change(backend, number, name="again")
        await foreign(url, "UPDATE sheep SET id = 40 WHERE id = 12")
        await first.until(lambda s: ("ENTER", 40) in s.told)
    for place, change_ in enumerate(first.changes):
        rest = first.changes[place + 1 :]
        async with Subscriber(backend, ADA, cursor=change_["cursor"]) as again:
            await again.until(lambda s, rest=rest: s.changes == rest)


async def test_who_comes_from_a_process_that_is_ahead_is_told_nothing_twice(backend: Backend, url: str) -> None:
    """Both processes have one secret; the other one's feed is held up while this one's goes on."""
    async with grazing(url) as behind, Subscriber(backend, ADA) as ahead, Subscriber(behind, ADA) as stays:
        await ahead.until(lambda s: s.told)
        await stays.until(lambda s: s.told)
        feed = behind._running.feed  # type: ignore[union-attr]
        assert feed._task
        feed._task.cancel()
        await asyncio.wait([feed._task])
        await add(backend, 10)
        await change(backend, 10, name="again")
        await ahead.until(lambda s: s.told[1:] == [("ENTER", 10), ("UPDATE", 10)])
        async with Subscriber(behind, ADA, cursor=ahead.cursor) as moved:
            await asyncio.sleep(0)
            feed._task = asyncio.create_task(feed._live())
            feed.committed()
            await stays.until(lambda s: s.told[1:] == [("ENTER", 10), ("UPDATE", 10)])
            await add(backend, 11)
            await moved.until(lambda s: ("ENTER", 11) in s.told)
            assert moved.told == [("ENTER", 11)]


async def test_it_goes_on_from_history_into_what_is_live(backend: Backend) -> None:
    async with Subscriber(backend, ADA) as ada:
        await ada.until(lambda s: s.told)
    for number in range(10, 20):
        await add(backend, number)
    async with ada:
        await ada.until(lambda s: ("ENTER", 12) in s.told)
        for number in range(20, 30):
            await add(backend, number)
        await ada.until(lambda s: ("ENTER", 29) in s.told)
    assert ada.told == [("RESYNC", None), *(("ENTER", number) for number in range(10, 30))]
    assert ada.copy == await ada.list()


async def test_a_process_that_starts_anew_goes_on(url: str) -> None:
    async with grazing(url, cursor_secret="one of at least thirty-two bytes..") as backend:
        async with Subscriber(backend, ADA) as ada:
            await ada.until(lambda s: s.told)
        await add(backend, 10)
    async with grazing(url, cursor_secret="one of at least thirty-two bytes..") as backend:
        ada.backend = backend
        async with ada:
            await ada.until(lambda s: ("ENTER", 10) in s.told)
        assert ada.told == [("RESYNC", None), ("ENTER", 10)]


CURSORS = ["", "x", "AAAA", "a" * 200, "é", "bm90IGEgY3Vyc29y"]


@pytest.mark.parametrize("cursor", CURSORS)
async def test_what_is_no_cursor_is_refused(backend: Backend, cursor: str) -> None:
    async with Subscriber(backend, ADA, cursor=cursor) as ada:
        await ada.until(lambda s: s.told)
    assert isinstance(ada.error, Refusal)
    assert [each.code for each in ada.error.complaints] == [Code.BAD_USER_INPUT]
    with pytest.raises(Refusal, match="no cursor of changes"):
        await backend.session(ADA).query(f'{{ flockChanges(after: "{cursor}") {{ cursor }} }}')


async def test_a_page_cursor_is_no_cursor_of_changes(backend: Backend) -> None:
    answer = await backend.session(ADA).query("{ flockConnection { pageInfo { endCursor } } }")
    with pytest.raises(Refusal, match="no cursor of changes"):
        cursor = answer["flockConnection"]["pageInfo"]["endCursor"]
        await backend.session(ADA).query(f'{{ flockChanges(after: "{cursor}") {{ cursor }} }}')


async def ask(backend: Backend, actor: Actor, arguments: str = "", field: str = "flockChanges") -> list[Any]:
    selected = "{ cursor operation key { __typename } }"
    return (await backend.session(actor).query(f"{{ {field}{arguments} {selected} }}"))[field]


async def test_another_ones_cursor_tells_nothing(backend: Backend) -> None:
    (first,) = await ask(backend, ADA)
    assert first["operation"] == "RESYNC"
    cursor = first["cursor"]
    async with watching(backend, ("ENTER", 10)):
        await add(backend, 10, shown=True)
    assert [each["operation"] for each in await ask(backend, ADA, f'(after: "{cursor}")')] == ["ENTER"]
    where = f'(after: "{cursor}", where: {{name: {{_eq: "x"}}}})'
    for actor, arguments, field in (
        (BO, f'(after: "{cursor}")', "flockChanges"),
        (STRANGER, f'(after: "{cursor}")', "flockChanges"),
        (ADMINISTRATOR, f'(after: "{cursor}")', "flockChanges"),
        (ADA, f'(after: "{cursor}")', "meadowsChanges"),
        (ADA, where, "flockChanges"),
    ):
        assert [each["operation"] for each in await ask(backend, actor, arguments, field)] == ["RESYNC"]


async def test_a_cursor_belongs_to_the_values_of_its_filter(backend: Backend) -> None:
    document = """query($after: String, $id: Int) {
      flockChanges(after: $after, where: {id: {_gt: $id}}) { cursor operation }
    }"""

    async def asked(after: str | None, id: int) -> list[Any]:
        return (await backend.session(ADA).query(document, {"after": after, "id": id}))["flockChanges"]

    (first,) = await asked(None, 5)
    assert await asked(first["cursor"], 5) == []
    assert [each["operation"] for each in await asked(first["cursor"], 6)] == ["RESYNC"]


async def test_a_query_pages_through_what_happened(backend: Backend, url: str) -> None:
    (first,) = await ask(backend, ADA)
    async with watching(backend, ("ENTER", 40)):
        for number in range(10, 20):
            await add(backend, number)
        await foreign(url, "UPDATE sheep SET id = 40 WHERE id = 12")
    cursor, found = first["cursor"], list[Any]()
    document = """query($after: String) {
      a: flockChanges(after: $after, limit: 3) {
        __typename c: cursor operation key { id } again: key { id } node { name }
      }
      flock { id }
    }"""
    while True:
        answer = await backend.session(ADA).query(document, {"after": cursor})
        assert list(answer) == ["a", "flock"]
        if not answer["a"]:
            break
        assert len(answer["a"]) <= 3
        found += answer["a"]
        cursor = answer["a"][-1]["c"]
    expected = [("ENTER", number) for number in range(10, 20)] + [("DELETE", 12), ("ENTER", 40)]
    assert [(each["operation"], each["key"]["id"]) for each in found] == expected
    assert {each["__typename"] for each in found} == {"SheepChangeEvent"}
    assert all(each["again"] == each["key"] for each in found)
    assert (await ask(backend, ADA, "(limit: 0)")) == []


async def test_access_through_other_rows_is_told_as_resync(backend: Backend) -> None:
    async with Subscriber(backend, ADA) as ada, Subscriber(backend, BO) as bo:
        await ada.until(lambda s: s.told)
        await bo.until(lambda s: s.told)
        await write(backend, "{ createMember(object: {meadowId: 2, userId: 1}) { userId } }")
        await ada.until(lambda s: len(s.told) == 2)
        assert set(ada.copy) == {1, 2}
        await change(backend, 2, name="Beau")
        await ada.until(lambda s: ("UPDATE", 2) in s.told)
        await write(backend, "{ deleteMember(meadowId: 1, userId: 1) { userId } }")
        await ada.until(lambda s: len(s.told) == 4)
        await caught_up(backend, bo)
    assert ada.told[:4] == [("RESYNC", None), ("RESYNC", None), ("UPDATE", 2), ("RESYNC", None)]
    assert {99} >= set(ada.copy) - set(await ada.list())
    assert bo.told[:2] == [("RESYNC", None), ("UPDATE", 2)], "another's membership is none of Bo's business"
    assert bo.told[2][1] == 99


async def test_nothing_of_before_the_access_is_told(backend: Backend) -> None:
    """Bo becomes a member between two versions of a row, and may read only the later one."""
    (first,) = await ask(backend, BO)
    async with watching(backend, ("ENTER", 99)):
        await change(backend, 1, name="secret", shown=False)
        await write(backend, "{ createMember(object: {meadowId: 1, userId: 2}) { userId } }")
        await change(backend, 1, name="open")
        await add(backend, 99)
    selected = "{ operation node { name } }"
    document = f'{{ flockChanges(after: "{first["cursor"]}") {selected} }}'
    answer = (await backend.session(BO).query(document))["flockChanges"]
    assert [each["operation"] for each in answer] == ["RESYNC", "UPDATE", "ENTER"]
    assert "secret" not in str(answer)
    async with Subscriber(backend, BO, cursor=first["cursor"]) as bo:
        await bo.until(lambda s: ("UPDATE", 1) in s.told)
    assert b"secret" not in b"".join(each.data for each in bo.events)


class Gate:
    """A database whose reads of images wait at a gate."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.open = asyncio.Event()
        self.reached = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def read(self, statement: Any, values: Any) -> bytes:
        if "hedgerow_n" in statement.sql:
            self.reached.set()
            await self.open.wait()
        return await self._inner.read(statement, values)


async def test_what_is_judged_while_access_changes_is_not_told(backend: Backend) -> None:
    gate: Any = Gate(backend.engine.database)
    backend.engine.database = gate
    async with Subscriber(backend, BO) as bo, Subscriber(backend, ADMINISTRATOR) as admin:
        await bo.until(lambda s: s.told)
        await admin.until(lambda s: s.told)
        await change(backend, 1, name="secret", shown=False)
        async with asyncio.timeout(meadow.WAIT):
            await gate.reached.wait()
        looked = Taker(lambda c: c.table == (None, "member"))
        feed = backend._started().feed
        await feed.attach(looked)
        await write(backend, "{ createMember(object: {meadowId: 1, userId: 2}) { userId } }")
        await looked.settled()
        feed.detach(looked)
        gate.open.set()
        await bo.until(lambda s: len(s.told) > 1)
        assert bo.told == [("RESYNC", None)] * 2


async def test_who_joins_while_others_are_judged_for_is_told_once(backend: Backend) -> None:
    gate: Any = Gate(backend.engine.database)
    backend.engine.database = gate
    gate.open.set()
    (row,) = await ask(backend, ADA)
    async with Subscriber(backend, ADA, cursor=row["cursor"]) as first:
        await add(backend, 9)
        await first.until(lambda s: s.told)
        gate.open.clear()
        gate.reached.clear()
        await add(backend, 10)
        async with asyncio.timeout(meadow.WAIT):
            await gate.reached.wait()
            gate.reached.clear()
        async with Subscriber(backend, ADA, cursor=first.cursor) as second, asyncio.timeout(meadow.WAIT):
            joined = asyncio.ensure_future(second.until(lambda s: s.told))
            await asyncio.sleep(0.05)  # long enough to join; what is told is the same if not
            gate.open.set()
            await joined
            await add(backend, 11)
            await second.until(lambda s: ("ENTER", 11) in s.told)
            assert second.told == [("ENTER", 10), ("ENTER", 11)]


class Taker:
    """Waits for a change that a feed tells."""

    def __init__(self, wanted: Callable[[Change], bool]) -> None:
        self._wanted = wanted
        self._fresh, self._settled = asyncio.Event(), asyncio.Event()

    def __call__(self, look: Look) -> None:
        for changes, event in ((look.fresh, self._fresh), (look.settled, self._settled)):
            if any(map(self._wanted, changes)):
                event.set()

    async def fresh(self) -> None:
        async with asyncio.timeout(meadow.WAIT):
            await self._fresh.wait()

    async def settled(self) -> None:
        async with asyncio.timeout(meadow.WAIT):
            await self._settled.wait()


async def test_nothing_of_before_the_access_is_told_however_late_it_settles(url: str) -> None:
    """Two long transactions let the change of a row settle before that of the access, which is committed long since."""
    if url.startswith("sqlite"):
        pytest.skip("SQLite's transactions are one after the other")
    async with grazing(url) as backend, Subscriber(backend, BO) as bo:
        await bo.until(lambda s: s.told)
        taker = Taker(lambda c: c.table == (None, "member"))
        await backend._started().feed.attach(taker)
        holding = [await asyncpg.connect(url) for _ in range(2)]
        await holding[0].execute("BEGIN; INSERT INTO sheep (id, name, shown, meadow_id) VALUES (50, 'x', false, 1)")
        await change(backend, 1, name="secret", shown=False)
        await holding[1].execute("BEGIN; INSERT INTO sheep (id, name, shown, meadow_id) VALUES (51, 'y', false, 1)")
        await write(backend, "{ createMember(object: {meadowId: 1, userId: 2}) { userId } }")
        await taker.fresh()
        sheep = Taker(lambda c: c.table == (None, "sheep"))
        await backend._started().feed.attach(sheep)
        await holding[0].execute("COMMIT")
        await sheep.settled()
        await holding[1].execute("COMMIT")
        await bo.until(lambda s: len(s.told) > 1)
        await change(backend, 1, name="open")
        await bo.until(lambda s: ("UPDATE", 1) in s.told)
        for each in holding:
            await each.close()
    assert bo.told == [("RESYNC", None), ("RESYNC", None), ("UPDATE", 1)]
    assert b"secret" not in b"".join(each.data for each in bo.events)


async def test_rows_of_the_same_table_may_say_who_sees_others(backend: Backend) -> None:
    """A meadow within an open one shows."""
    await write(backend, '{ createMeadow(object: {id: 3, name: "hill", parentId: 1}) { id } }')
    document = "subscription { meadowsChanges { operation key { id } } }"
    told = backend.engine.subscribe(document, None, {}, backend.session(STRANGER))
    async with contextlib.aclosing(told), asyncio.timeout(meadow.WAIT):
        assert b"RESYNC" in (await anext(told)).data
        await write(backend, "{ updateMeadow(id: 1, set: {open: true}) { id } }")
        assert b"RESYNC" in (await anext(told)).data


async def test_a_slow_subscriber_ends_with_its_cursor_and_slows_nobody(url: str) -> None:
    async with grazing(url, stream_buffer=2) as backend:
        document = "subscription { flockChanges { cursor operation key { id } } }"
        slow = backend.engine.subscribe(document, None, {}, backend.session(ADA))
        async with contextlib.aclosing(slow), Subscriber(backend, ADA) as quick:
            first = await anext(slow)
            await quick.until(lambda s: s.told)
            for number in range(10, 20):
                await add(backend, number)
                await quick.until(lambda s, number=number: ("ENTER", number) in s.told)
            with pytest.raises(Refusal) as ended:
                await anext(slow)
        (complaint,) = ended.value.complaints
        assert complaint.code is Code.LIMIT_EXCEEDED
        assert complaint.extensions == {"cursor": first.cursor}
        again = backend.engine.subscribe(document, None, {}, backend.session(ADA), resume=first.cursor)
        async with contextlib.aclosing(again):
            data = (await anext(again)).data
            assert [each["key"]["id"] for each in orjson.loads(data)["flockChanges"]] == [*range(10, 20)]


async def test_who_comes_back_after_too_much_reads_the_list(url: str) -> None:
    async with grazing(url, stream_behind=3) as backend:
        (first,) = await ask(backend, ADA)
        objects = [{"id": number, "name": "x", "meadowId": 2} for number in range(1_000, 1_500)]
        async with watching(backend, ("ENTER", 1_499)):
            create = "($rows: [SheepCreate!]!) { createFlock(objects: $rows) { affectedRows } }"
            await write(backend, create, rows=objects)
        assert [each["operation"] for each in await ask(backend, ADA, f'(after: "{first["cursor"]}")')] == ["RESYNC"]


async def test_what_comes_together_is_told_together(backend: Backend) -> None:
    async with Subscriber(backend, ADA) as ada, Subscriber(backend, ADA) as late:
        await ada.until(lambda s: s.told)
        await late.until(lambda s: s.told)
        place = ada.cursor
        objects = [{"id": number, "name": "x", "meadowId": 1} for number in range(100, 400)]
        create = "($rows: [SheepCreate!]!) { createFlock(objects: $rows) { affectedRows } }"
        await write(backend, create, rows=objects)
        await ada.until(lambda s: ("ENTER", 399) in s.told)
    assert [key for _, key in ada.told] == [None, *range(100, 400)]
    assert len(ada.events) <= 4, "a page of changes is one message"
    async with Subscriber(backend, ADA, cursor=place) as back:
        await back.until(lambda s: ("ENTER", 399) in s.told)
    assert back.changes == ada.changes[1:]
    assert len(back.events) <= 3


async def test_same_subscribers_share_their_judging(backend: Backend) -> None:
    async with contextlib.AsyncExitStack() as stack:
        everyone = [await stack.enter_async_context(Subscriber(backend, ADA)) for _ in range(10)]
        for each in everyone:
            await each.until(lambda s: s.told)
        streams: Any = backend.engine.streams
        (group,) = streams._groups.values()
        assert len(group._members) == 10
        await add(backend, 10)
        for each in everyone:
            await each.until(lambda s: ("ENTER", 10) in s.told)
        assert len({id(each.events[-1].data) for each in everyone}) == 1


async def test_nothing_stays_of_those_who_left(backend: Backend) -> None:
    async with Subscriber(backend, ADA) as ada, Subscriber(backend, BO) as bo:
        await ada.until(lambda s: s.told)
        await bo.until(lambda s: s.told)
    streams: Any = backend.engine.streams
    assert (streams._groups, streams._tables, streams._upto) == ({}, {}, None)
    assert not backend._started().feed._takers
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "hedgerow-stream"]


async def test_a_truncated_table_is_told_as_resync(url: str) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite has no TRUNCATE")
    async with grazing(url) as backend, Subscriber(backend, ADA) as ada:
        await ada.until(lambda s: s.told)
        await foreign(url, "TRUNCATE sheep")
        await ada.until(lambda s: len(s.told) == 2)
        assert ada.told == [("RESYNC", None)] * 2
        assert ada.copy == {}


async def test_only_recorded_tables_have_changes(backend: Backend) -> None:
    for root in ("query", "subscription"):
        with pytest.raises(Refusal, match="unseensChanges"):
            backend.engine.operation(f"{root} {{ unseensChanges {{ cursor }} }}", {}, ADA)
