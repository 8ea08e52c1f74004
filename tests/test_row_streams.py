"""Streams of rows: those behind a place in batches, then each that comes to be there, late ones too."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from hedgerow import Actor, Backend, Refusal
from hedgerow.resolvers.dialect_sqlite import SQLite
from hedgerow.resolvers.live.changes import Change
from hedgerow.resolvers.live.marks import Mark
from hedgerow.schema.errors import Code
from hedgerow.server.capture import CHANGES
from hedgerow.server.tables import prepare

from . import meadow
from .conftest import ADMINISTRATOR, CLOCK, STRANGER, settings, user
from .meadow import MODELS, WAIT, foreign, grazing, write

ADA = user(1)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "postgres":
        url = request.getfixturevalue("new_postgres")()
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('rows') / 'meadow.db'}"
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


@contextlib.asynccontextmanager
async def streaming(
    backend: Backend, actor: Actor, arguments: str, selected: str = "id", **variables: Any
) -> AsyncIterator[AsyncGenerator[list[Any], None]]:
    """The batches of a stream of sheep."""
    head = "subscription($v: Int) " if variables else "subscription "
    document = f"{head}{{ flockStream({arguments}) {{ {selected} }} }}"
    told = backend.engine.subscribe(document, None, variables, backend.session(actor))

    async def batches() -> AsyncGenerator[list[Any], None]:
        async with asyncio.timeout(WAIT):
            async for event in told:
                assert event.cursor is None  # pyright: ignore[reportAttributeAccessIssue]
                rows = orjson.loads(event.data)["flockStream"]
                yield [next(iter(row.values())) if len(row) == 1 else row for row in rows]

    async with contextlib.aclosing(told), contextlib.aclosing(batches()) as made:
        yield made


async def add(backend: Backend, *ids: int, **given: Any) -> None:
    rows = [{"id": id, "name": f"sheep {id}", "shown": True, "meadowId": 1, **given} for id in ids]
    await write(backend, "($rows: [SheepCreate!]!) { createFlock(objects: $rows) { affectedRows } }", rows=rows)


async def test_rows_come_in_order_in_batches_and_then_as_they_are_committed(backend: Backend) -> None:
    await add(backend, *range(10, 15))
    async with streaming(backend, STRANGER, "batchSize: 2, cursor: {initialValue: {id: 10}}") as batches:
        assert [await anext(batches) for _ in range(2)] == [[11, 12], [13, 14]]
        await add(backend, 9)
        await add(backend, 30)
        assert await anext(batches) == [30]
        await add(backend, 20, 21, 22)
        assert [*await anext(batches), *await anext(batches)] == [20, 21, 22]


async def test_the_direction_and_a_variable(backend: Backend) -> None:
    await add(backend, *range(10, 15))
    arguments = "batchSize: 3, cursor: [{initialValue: {id: $v}, ordering: DESC}], where: {id: {_gt: 9}}"
    async with streaming(backend, STRANGER, arguments, v=14) as batches:
        assert [await anext(batches) for _ in range(2)] == [[13, 12, 11], [10]]
        await add(backend, 8, 40)
        await remove_and_add(backend, 12)
        assert await anext(batches) == [12]


async def remove_and_add(backend: Backend, id: int) -> None:
    await write(backend, "($id: Int!) { deleteSheep(id: $id) { id } }", id=id)
    await add(backend, id)


async def test_equal_values_and_nulls_are_passed_by_no_page(backend: Backend) -> None:
    await add(backend, *range(10, 17), weight=2.0)
    await add(backend, 20, 21, weight=None)
    await add(backend, 30, 31, weight=3.5)
    for size in (1, 2, 3, 100):
        arguments = f"batchSize: {size}, cursor: [{{initialValue: {{weight: 1.0}}}}]"
        async with streaming(backend, ADA, arguments) as batches:
            found: list[int] = []
            while len(found) < 9:
                batch = await anext(batches)
                assert len(batch) <= size
                found += batch
            assert found == [*range(10, 17), 30, 31]


async def test_a_row_comes_again_when_its_place_changes(backend: Backend) -> None:
    async with streaming(backend, ADA, "batchSize: 5, cursor: {initialValue: {weight: 0}}", "id weight") as batches:
        await add(backend, 10, weight=1.0)
        assert await anext(batches) == [{"id": 10, "weight": 1.0}]
        await write(backend, '{ updateSheep(id: 10, set: {name: "other"}) { id } }')
        await write(backend, "{ updateSheep(id: 10, set: {weight: 0.5}) { id } }")
        assert await anext(batches) == [{"id": 10, "weight": 0.5}]
        await write(backend, "{ updateSheep(id: 10, set: {weight: -1}) { id } }")
        await write(backend, "{ updateSheep(id: 10, set: {weight: 0.5}) { id } }")
        assert await anext(batches) == [{"id": 10, "weight": 0.5}]


async def test_nobody_is_told_of_rows_and_places_out_of_sight(backend: Backend) -> None:
    async with streaming(backend, STRANGER, "batchSize: 5, cursor: {initialValue: {id: 9}}") as batches:
        await add(backend, 10, shown=False)
        await add(backend, 11)
        assert await anext(batches) == [11]
        await write(backend, "{ updateSheep(id: 10, set: {shown: true}) { id } }")
        assert await anext(batches) == [10]
    await add(backend, 12, weight=5.0, meadowId=2)
    async with streaming(backend, ADA, "batchSize: 5, cursor: {initialValue: {weight: 0}}") as batches:
        await add(backend, 13, weight=6.0, meadowId=2)
        await add(backend, 14, weight=7.0)
        assert await anext(batches) == [14], "the weight of a stranger's sheep is null"


async def test_what_is_committed_late_with_a_lower_value_is_told(backend: Backend, url: str) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite's transactions are one after the other")
    late = await asyncpg.connect(url)
    transaction = late.transaction()
    await transaction.start()
    await late.execute("INSERT INTO sheep (id, name, shown, meadow_id) VALUES (10, 'late', true, 1)")
    async with streaming(backend, STRANGER, "batchSize: 5, cursor: {initialValue: {id: 9}}") as batches:
        await add(backend, 11)
        assert await anext(batches) == [11]
        await transaction.commit()
        assert await anext(batches) == [10]
    await late.close()


async def test_what_is_committed_between_two_pages_comes_once(backend: Backend, url: str) -> None:
    await add(backend, *range(10, 16))
    async with streaming(backend, STRANGER, "batchSize: 2, cursor: {initialValue: {id: 9}}") as batches:
        found = await anext(batches)
        await foreign(
            url, "INSERT INTO sheep (id, name, shown, meadow_id) VALUES (20, 'x', true, 1), (8, 'y', true, 1)"
        )
        while not {15, 20} <= {*found}:
            found += await anext(batches)
        await add(backend, 30)
        while 30 not in found:
            found += await anext(batches)
        assert sorted(found) == [*range(10, 16), 20, 30]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("batchSize: 0, cursor: {initialValue: {id: 1}}", Code.BAD_USER_INPUT),
        ("batchSize: 1001, cursor: {initialValue: {id: 1}}", Code.LIMIT_EXCEEDED),
        ("batchSize: 1, cursor: []", Code.BAD_USER_INPUT),
        ("batchSize: 1, cursor: [null]", Code.BAD_USER_INPUT),
        ("batchSize: 1, cursor: {initialValue: {}}", Code.BAD_USER_INPUT),
        ("batchSize: 1, cursor: [{initialValue: {id: 1}}, {initialValue: {id: 2}}]", Code.BAD_USER_INPUT),
        ("batchSize: 1, cursor: {initialValue: {weight: 1}}", Code.GRAPHQL_VALIDATION_FAILED),
    ],
)
async def test_what_can_t_be_streamed_is_refused(backend: Backend, arguments: str, code: Code) -> None:
    with pytest.raises(Refusal) as refused:
        async with streaming(backend, STRANGER, arguments) as batches:
            await anext(batches)
    assert [each.code for each in refused.value.complaints] == [code]
    assert not backend._started().feed._takers


async def test_a_null_begins_at_the_first_row(backend: Backend) -> None:
    async with streaming(backend, ADMINISTRATOR, "batchSize: 5, cursor: {initialValue: {id: null}}") as batches:
        assert await anext(batches) == [1, 2]


async def test_one_who_takes_too_slowly_is_ended(url: str) -> None:
    async with grazing(url, stream_buffer=2) as backend:
        async with streaming(backend, STRANGER, "batchSize: 5, cursor: {initialValue: {id: 9}}") as batches:
            await add(backend, 10)
            assert await anext(batches) == [10]
            await add(backend, *range(11, 20))
            with pytest.raises(Refusal) as refused:
                while True:
                    await anext(batches)
        assert [each.code for each in refused.value.complaints] == [Code.LIMIT_EXCEEDED]
        assert not backend._started().feed._takers


async def test_hasura_s_clients_stream_as_they_do(url: str) -> None:
    made = Backend(MODELS, clock=lambda: CLOCK, settings=settings(url), naming="hasura")
    document = """subscription($cursor: [sheep_stream_cursor_input]!, $size: Int!) {
      sheep_stream(batch_size: $size, cursor: $cursor, where: {shown: {_eq: true}}) { __typename id }
    }"""
    variables = {"size": 10, "cursor": [{"initial_value": {"id": 0}, "ordering": "ASC"}]}
    async with made.lifespan():
        told = made.engine.subscribe(document, None, variables, made.session(STRANGER))
        async with contextlib.aclosing(told), asyncio.timeout(WAIT):
            assert orjson.loads((await anext(told)).data) == {"sheep_stream": [{"__typename": "sheep", "id": 1}]}
        changes = "subscription { sheep_changes { cursor operation key { id } node { id } } }"
        told = made.engine.subscribe(changes, None, {}, made.session(STRANGER))
        async with contextlib.aclosing(told), asyncio.timeout(WAIT):
            (change,) = orjson.loads((await anext(told)).data)["sheep_changes"]
            assert change["operation"] == "RESYNC"


def test_marks_say_what_a_statement_saw() -> None:
    def seen(mark: str, position: int, transactions: Iterable[int]) -> list[int]:
        changes = [Change(position, (None, "sheep"), "truncate", None, None, each) for each in transactions]
        return [each.transaction for each in changes if Mark.read(mark).sees(each)]

    assert [bool(seen("7", position, [0])) for position in (6, 7, 8)] == [True, True, False]
    assert seen("10:14:11,13/20", 20, range(8, 16)) == [8, 9, 10, 12]
    assert seen("10:10:/20", 1, range(8, 16)) == [8, 9]
    # Behind the last that was visible, a transaction of the same id is another one, after a crash.
    assert seen("10:14:11,13/20", 21, range(8, 16)) == []


def test_the_mark_of_sqlite_is_the_log_s_own() -> None:
    assert f"'{CHANGES}'" in SQLite.mark
