"""Every change of a row is recorded by the database itself, exactly as a read would give the row, whoever makes it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from hedgerow import Backend, DeclarationError, SetupError
from hedgerow.resolvers import memory
from hedgerow.resolvers.live.changes import Change
from hedgerow.resolvers.memory import UNDECIDED
from hedgerow.schema import expr as e
from hedgerow.schema.leaves import printer, reader
from hedgerow.schema.types import INT, Kind

from . import shop, world
from .conftest import ADMINISTRATOR, CLOCK, settings
from .foreign import foreign, rows

REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    metadata = REGISTRY.metadata


class Quiet(Own, table=True):
    """Whose changes are not recorded."""

    __changes__ = False

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""


class Odd(Own, table=True):
    __changes__ = "no"

    id: int | None = Field(default=None, primary_key=True)


class Loud(Own, table=True):
    __tablename__ = "quiet"
    __table_args__ = ({"extend_existing": True},)

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""


@pytest.fixture
async def things(fresh_url: str) -> AsyncIterator[Backend]:
    """The world, in a database of its own."""
    made = Backend(world.MODELS, seed=world.seed, clock=lambda: CLOCK, settings=settings(fresh_url))
    async with made.lifespan():
        yield made


@pytest.fixture
async def shopping(shop_url: str) -> AsyncIterator[Backend]:
    made = Backend(shop.MODELS, clock=lambda: CLOCK, settings=settings(shop_url))
    async with made.lifespan():
        yield made


async def log(backend: Backend, *tables: str) -> list[Change]:
    """All that is recorded of some tables, in order."""
    feed: Any = backend._started().feed
    names = [(table.sql_schema, table.sql) for table in backend.catalog.tables.values()]
    names = [*names, (None, "productlabel")]
    chosen = [name for name in names if name[1] in tables or not tables]
    return list((await feed.history(0, chosen, 10_000)).changes)


def told(changes: list[Change]) -> list[tuple[Any, ...]]:
    return [
        (change.table[1], change.kind, *(image and dict(image.columns) for image in (change.before, change.after)))
        for change in changes
    ]


COLUMNS = (
    "id anInt aBigint aFloat aPrice aDecimal aText aBool aDatetime aNaive"
    " aDate aTime aDuration aUuid aMood aJson someBytes"
)


async def read(backend: Backend, id: int) -> dict[str, Any]:
    """A thing's Python values by column, as a read gives them."""
    answer = await backend.session(ADMINISTRATOR).query(f"{{ thing(id: {id}) {{ {COLUMNS} }} }}")
    columns = backend.catalog.tables["Thing"].columns.values()
    return {column.sql: reader(column.type, None)(answer["thing"][column.field]) for column in columns}


ODD_SESSION = (
    "SET timezone = 'Asia/Kathmandu'",
    "SET datestyle = 'German'",
    "SET intervalstyle = 'sql_standard'",
    "SET bytea_output = 'escape'",
    "SET extra_float_digits = -15",
    "SET search_path = pg_temp",
)


async def test_images_are_what_a_read_gives(things: Backend, fresh_url: str) -> None:
    odd = ODD_SESSION if fresh_url.startswith("postgres") else ()
    table = "public.thing" if fresh_url.startswith("postgres") else "thing"
    await foreign(fresh_url, *odd, f"UPDATE {table} SET an_int = coalesce(an_int, 0)")
    changes = await log(things, "thing")
    assert len(changes) == 3
    for change in changes:
        assert change.before and change.after
        expected = await read(things, change.after.columns["id"])
        assert change.after.columns == expected
        assert {name: type(value) for name, value in change.after.columns.items()} == {
            name: type(value) for name, value in expected.items()
        }
        assert change.before.columns == {**expected, "an_int": change.before.columns["an_int"]}
        assert change.touches(["an_int"]) == (expected["id"] == 1)
        assert not change.touches([name for name in expected if name != "an_int"])


async def test_every_value_is_found_by_what_its_image_says(things: Backend, fresh_url: str) -> None:
    """A condition means the same of an image as of the row."""
    await foreign(fresh_url, "UPDATE thing SET an_int = coalesce(an_int, 0)")
    columns = things.catalog.tables["Thing"].columns.values()
    for change in await log(things, "thing"):
        assert change.after
        for column in columns:
            value = change.after.columns[column.sql]
            if value is None:
                continue
            condition = f"{column.field}: {{_eq: $value}}"
            document = f"query ($value: {GRAPHQL[column.sql]}) {{ things(where: {{{condition}}}) {{ id }} }}"
            if column.type.kind == Kind.JSON:
                value = json.loads(json.dumps(value, default=float))
            given = printer(column.type)(value)
            answer = await things.session(ADMINISTRATOR).query(document, {"value": given})
            assert {"id": change.after.columns["id"]} in answer["things"], column.sql


GRAPHQL = {
    "id": "Int",
    "an_int": "Int",
    "a_float": "Float",
    "a_text": "String",
    "a_bool": "Boolean",
    "a_bigint": "BigInt",
    "a_price": "Decimal",
    "a_decimal": "Decimal",
    "a_datetime": "DateTime",
    "a_naive": "NaiveDateTime",
    "a_date": "Date",
    "a_time": "Time",
    "a_duration": "Duration",
    "a_uuid": "UUID",
    "a_mood": "Mood",
    "a_json": "JSON",
    "some_bytes": "Bytes",
}


async def test_what_no_value_says_is_undecided(fresh_url: str) -> None:
    things = Backend(world.MODELS, seed=world.seed, clock=lambda: CLOCK, settings=settings(fresh_url))
    async with things.lifespan():
        if fresh_url.startswith("sqlite"):
            odd = {
                "an_int": ("'many'", "1.5", "x'00'"),
                "a_bigint": ("1e300",),
                "a_float": ("'wide'", "9e999", "-9e999", "x'ff'"),
                "a_price": ("'dear'", "-9e999"),
                "a_decimal": ("x'00'",),
                "a_text": ("x'00ff'",),
                "a_bool": ("2", "'yes'", "0.5"),
                "a_datetime": ("'2026-01-05'", "'2026-01-05T09:00:00Z'", "'2026-01-05 09:00:00'", "1", "'soon'"),
                "a_naive": ("'2026-01-05 09:00'", "x'00'"),
                "a_date": ("'2026-01-05 09:00'", "20260105"),
                "a_time": ("'09:00'", "'25:00:00.000000'", "'09:00:00.000000+01:00'"),
                "a_duration": ("'1 day'", "86400"),
                "a_uuid": ("'0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a10'", "'0B8F8B0E3B0F4C1F9D5C6F3C1C5D2A10'", "'x'"),
                "some_bytes": ("'text'", "1"),
            }
        else:
            odd = {
                "a_float": ("'NaN'", "'Infinity'", "'-Infinity'"),
                "a_decimal": ("'NaN'", "'Infinity'"),
                "a_datetime": ("'infinity'", "'0044-03-15 12:00+00 BC'", "'20000-01-01 00:00+00'"),
                "a_naive": ("'-infinity'", "'20000-01-01 00:00'"),
                "a_date": ("'infinity'", "'20000-01-01'", "'0044-03-15 BC'"),
                "a_time": ("'24:00'",),
                "a_duration": ("'1 month'", "'1 year 2 days'"),
            }
        updates = [f"UPDATE thing SET {column} = {sql} WHERE id = 2" for column, all in odd.items() for sql in all]
        await foreign(fresh_url, *updates)
        changes = await log(things, "thing")
        assert len(changes) == len(updates)
        for change, update in zip(changes, updates, strict=True):
            assert change.after
            column = update.split()[3]
            assert change.after.columns[column] is UNDECIDED, update
            assert change.touches([column]), update


async def test_changes_of_any_kind_are_recorded(shopping: Backend, shop_url: str) -> None:
    await foreign(
        shop_url,
        "INSERT INTO label (id, word) VALUES (900, 'one'), (901, 'two')",
        "UPDATE label SET word = 'three', id = 902 WHERE id = 901",
        "DELETE FROM label WHERE id = 900",
        "INSERT INTO productlabel (product_id, label_id) VALUES (1, 902)",
    )
    assert told(await log(shopping)) == [
        ("label", "insert", None, {"id": 900, "word": "one"}),
        ("label", "insert", None, {"id": 901, "word": "two"}),
        ("label", "update", {"id": 901, "word": "two"}, {"id": 902, "word": "three"}),
        ("label", "delete", {"id": 900, "word": "one"}, None),
        ("productlabel", "insert", None, {"product_id": 1, "label_id": 902}),
    ]


async def test_rows_that_go_with_another_are_recorded(fresh_url: str) -> None:
    own = sa.orm.registry()

    class Base(SQLModel, registry=own):
        metadata = own.metadata

    class Shelf(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)

    class Book(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        shelf_id: int = Field(foreign_key="shelf.id", ondelete="CASCADE")

    backend = Backend([Shelf, Book], settings=settings(fresh_url))
    async with backend.lifespan():
        await foreign(
            fresh_url,
            *(["PRAGMA foreign_keys = ON"] if fresh_url.startswith("sqlite") else []),
            "INSERT INTO shelf (id) VALUES (1)",
            "INSERT INTO book (id, shelf_id) VALUES (1, 1)",
            "DELETE FROM shelf",
        )
        gone = [change for change in await log(backend) if change.kind == "delete"]
        assert sorted((change.table[1], change.before and change.before.columns["id"]) for change in gone) == [
            ("book", 1),
            ("shelf", 1),
        ]


async def test_what_is_replaced_in_sqlite_is_recorded(tmp_path: Path) -> None:
    """Triggers of DELETE aren't fired by it."""
    own = sa.orm.registry()

    class Base(SQLModel, registry=own):
        metadata = own.metadata

    class Word(Base, table=True):
        __table_args__ = (sa.UniqueConstraint("text", "lang"),)

        id: int | None = Field(default=None, primary_key=True)
        text: str
        lang: str | None = None

    url = f"sqlite:///{tmp_path / 'data.db'}"
    backend = Backend([Word], settings=settings(url))
    row = {1: (1, "a", "de"), 2: (2, "b", "de"), 3: (3, "c", None)}
    for recursive in ("OFF", "ON"):
        async with backend.lifespan():
            await foreign(url, "DELETE FROM word", "INSERT INTO word VALUES (1,'a','de'), (2,'b','de'), (3,'c',NULL)")
            start = len(await log(backend))
            await foreign(
                url,
                f"PRAGMA recursive_triggers = {recursive}",
                "INSERT OR IGNORE INTO word (text, lang) VALUES ('a', 'de'), ('d', 'de')",
                "INSERT INTO word (id, text, lang) VALUES (3, 'x', 'x') ON CONFLICT DO NOTHING",
                "INSERT INTO word (text, lang) VALUES ('c', NULL)",
                "INSERT INTO word (id, text) VALUES (3, 'x') ON CONFLICT (id) DO UPDATE SET text = 'e'",
                "REPLACE INTO word VALUES (1, 'b', 'de')",
                "REPLACE INTO word VALUES (1, 'f', 'de')",
                "UPDATE word SET lang = 'en' WHERE id = 1",
                "UPDATE OR REPLACE word SET id = 3 WHERE id = 1",
            )
            changes = [
                (change.kind, *(image and tuple(image.columns.values()) for image in (change.before, change.after)))
                for change in (await log(backend))[start:]
            ]
            now = {1: row[1], 2: row[2], 3: row[3]}
            for kind, before, after in changes:
                if before is not None:
                    assert now.pop(before[0]) == before, (kind, before)
                if after is not None:
                    assert after[0] not in now
                    now[after[0]] = after
            assert sorted(now.values()) == await rows(url, "SELECT * FROM word ORDER BY id")
            assert len(changes) == (9 if recursive == "OFF" else 11)


async def test_a_table_that_is_emptied_at_once(postgres_url: str) -> None:
    url = postgres_url
    backend = Backend(shop.MODELS, seed=shop.seed, clock=lambda: CLOCK, settings=settings(url))
    async with backend.lifespan():
        await foreign(url, "TRUNCATE label CASCADE")
        assert sorted(told(await log(backend))) == [
            ("label", "truncate", None, None),
            ("productlabel", "truncate", None, None),
        ]


async def test_whoever_may_write_needs_no_right_on_the_log(postgres_url: str) -> None:
    url = postgres_url
    role = "hedgerow_test_" + sa.make_url(url).database[-8:]
    backend = Backend(shop.MODELS, seed=shop.seed, clock=lambda: CLOCK, settings=settings(url))
    async with backend.lifespan():
        await foreign(url, f"CREATE ROLE {role}", f"GRANT INSERT ON label TO {role}")
        await foreign(url, f"GRANT CREATE ON SCHEMA public TO {role}")
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(f"SET SESSION AUTHORIZATION {role}")
            await connection.execute("INSERT INTO label (id, word) VALUES (900, 'one')")
            for forbidden in (
                "SELECT * FROM hedgerow_change",
                "INSERT INTO hedgerow_change VALUES (1, 1, 'label', 'insert')",
                "CREATE TABLE mine (id int); CREATE TRIGGER forged AFTER INSERT ON mine FOR EACH ROW"
                " EXECUTE FUNCTION hedgerow_change('\"label\"')",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(forbidden)
            # What is called in the function can't be led elsewhere.
            await connection.execute(
                "CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'forged' $$;"
                "SET search_path = public, pg_catalog; INSERT INTO label (id, word) VALUES (901, 'two')"
            )
        finally:
            await connection.close()
            await foreign(url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")
        assert [change.kind for change in await log(backend)] == ["insert", "insert"]


async def test_changes_in_a_replica_and_of_loose_json_are_recorded(postgres_url: str) -> None:
    url = postgres_url
    things = Backend(world.MODELS, seed=world.seed, clock=lambda: CLOCK, settings=settings(url))
    async with things.lifespan():
        await foreign(
            url,
            "SET session_replication_role = replica",
            r"""UPDATE thing SET a_json = '{"a": "\u0000\ud800"}' WHERE id = 2""",
            """UPDATE thing SET a_json = '{"a": 1e99999}' WHERE id = 2""",
            """UPDATE thing SET a_json = '{"a": true}' WHERE id = 2""",
            """UPDATE thing SET a_json = '{"a": 1}' WHERE id = 2""",
        )
        first, second, third, fourth = await log(things, "thing")
        assert first.after and first.after.columns["an_int"] == -7
        assert second.after and second.after.columns["a_json"] is UNDECIDED
        assert third.after and third.after.columns["a_json"] == {"a": True}
        assert fourth.touches(["a_json"])  # though True == 1 in Python


async def made(url: str) -> Any:
    """What tells one version of the triggers from another."""
    if url.startswith("sqlite"):
        return await rows(url, "SELECT name, rootpage, rowid, sql FROM sqlite_master ORDER BY rowid")
    sql = "SELECT 't', oid::text, xmin::text FROM pg_trigger UNION ALL SELECT 'p', oid::text, xmin::text FROM pg_proc"
    return sorted(await rows(url, sql))


async def test_what_is_there_is_left_alone_and_what_differs_is_made_anew(fresh_url: str) -> None:
    async def start() -> Any:
        backend = Backend(shop.MODELS, seed=shop.seed, clock=lambda: CLOCK, settings=settings(fresh_url))
        async with backend.lifespan():
            await foreign(fresh_url, "UPDATE label SET word = 'w' || word")
            changes = [change for change in await log(backend, "label") if change.kind == "update"]
        return await made(fresh_url), len(changes)

    first, count = await start()
    assert count > 0
    again, twice = await start()
    assert (again, twice) == (first, 2 * count)
    if fresh_url.startswith("sqlite"):
        await foreign(fresh_url, "DROP TRIGGER hedgerow_change_update_label")
        body = "SELECT 1"
        await foreign(
            fresh_url,
            f"CREATE TRIGGER hedgerow_change_update_label AFTER UPDATE ON label BEGIN {body}; END",
            "SELECT 1",
        )
        assert (await start())[1] == 3 * count
        return
    for mischief in (
        "ALTER TABLE label DISABLE TRIGGER hedgerow_change",
        "DROP TRIGGER hedgerow_change ON label",
        "CREATE OR REPLACE TRIGGER hedgerow_change AFTER INSERT ON label FOR EACH ROW"
        " EXECUTE FUNCTION hedgerow_change('\"label\"')",
        "CREATE OR REPLACE TRIGGER hedgerow_change AFTER INSERT OR UPDATE OR DELETE ON label FOR EACH ROW"
        " EXECUTE FUNCTION hedgerow_change('\"product\"')",
        "ALTER FUNCTION hedgerow_change() SET search_path = public",
        "CREATE OR REPLACE FUNCTION hedgerow_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ):
        await foreign(fresh_url, mischief)
        assert (await start())[1] > twice, mischief
        twice = (await start())[1]


async def test_a_model_may_opt_out(fresh_url: str) -> None:
    for model, recorded in ((Quiet, 0), (Loud, 1), (Quiet, 0), (Loud, 1)):
        backend = Backend([model], settings=settings(fresh_url))
        assert backend.catalog.tables[model.__name__].changes is bool(recorded)
        async with backend.lifespan():
            before = await log(backend)
            await foreign(fresh_url, "INSERT INTO quiet (name) VALUES ('x')")
            after = await log(backend)
            assert len(after) - len(before) == recorded


def test_opting_out_is_true_or_false() -> None:
    with pytest.raises(DeclarationError, match="__changes__ = 'no' is neither True nor False"):
        Backend([Odd])


async def test_wide_tables_and_odd_names(fresh_url: str) -> None:
    own = sa.orm.registry()
    base: Any = type("Base", (SQLModel,), {"metadata": own.metadata, "__module__": __name__}, registry=own)
    names = [f"column_{number}" for number in range(150)]
    body = {
        "__module__": __name__,
        "__tablename__": 'it\'s "odd"',
        "__annotations__": {"id": int | None, "odd": str, **dict.fromkeys(names, float | None)},
        "id": Field(default=None, primary_key=True),
        "odd": Field(sa_column=sa.Column('it\'s {"odd"}', sa.String, nullable=False)),
        **{name: Field(default=None) for name in names},
    }
    wide = type("Wide", (base,), body, table=True)
    backend = Backend([wide], settings=settings(fresh_url))
    async with backend.lifespan():
        await foreign(
            fresh_url,
            'INSERT INTO "it\'s ""odd""" (id, "it\'s {""odd""}", column_0, column_149) VALUES (1, \'}{"\', 0.1, 0.3)',
        )
        (change,) = await log(backend)
        assert change.after
        expected = {"id": 1, 'it\'s {"odd"}': '}{"', **dict.fromkeys(names), "column_0": 0.1, "column_149": 0.3}
        assert change.after.columns == expected


async def test_a_view_is_refused_unless_it_opts_out(fresh_url: str) -> None:
    own = sa.orm.registry()
    base: Any = type("Base", (SQLModel,), {"metadata": own.metadata, "__module__": __name__}, registry=own)
    body = {"__module__": __name__, "__annotations__": {"id": int}, "id": Field(primary_key=True)}
    await foreign(fresh_url, "CREATE TABLE rows_of (id INTEGER NOT NULL)", "CREATE VIEW seen AS SELECT id FROM rows_of")
    seen = type("Seen", (base,), body, table=True)
    with pytest.raises(SetupError, match=r"can't be recorded: .*\n.*say __changes__ = False in the models of views"):
        async with Backend([seen], settings=settings(fresh_url)).lifespan():
            pass
    seen.__changes__ = False
    async with Backend([seen], settings=settings(fresh_url)).lifespan():
        pass


async def test_columns_that_the_database_fills(fresh_url: str) -> None:
    """A virtual one is not known to a trigger of PostgreSQL 18, which says null: so null may be anything."""
    own = sa.orm.registry()
    base: Any = type("Base", (SQLModel,), {"metadata": own.metadata, "__module__": __name__}, registry=own)
    body = {
        "__module__": __name__,
        "__annotations__": {"id": int | None, "one": int | None, "twice": int | None},
        "id": Field(default=None, primary_key=True),
        "one": Field(default=None),
        "twice": Field(default=None, sa_column=sa.Column(sa.Integer, sa.Computed("one * 2", persisted=True))),
    }
    backend = Backend([type("Sum", (base,), body, table=True)], settings=settings(fresh_url))
    async with backend.lifespan():
        await foreign(fresh_url, "INSERT INTO sum (id, one) VALUES (1, 21)", "UPDATE sum SET one = NULL")
        await foreign(fresh_url, "UPDATE sum SET one = NULL")
        first, second, third = await log(backend)
        assert first.after and first.after.columns == {"id": 1, "one": 21, "twice": 42}
        assert second.after and second.after.columns == {"id": 1, "one": None, "twice": UNDECIDED}
        assert third.touches(["twice"])
        assert not third.touches(["one", "id"])


def test_a_key_that_is_undecided_is_not_judged() -> None:
    given = memory.Given({"a": 1, "b": UNDECIDED}, leaves=([1], [2]))
    columns = (e.Column("a", INT), e.Column("b", INT))
    condition = e.AmongKeys(columns, (e.Variable(0, INT.listed), e.Variable(1, INT.listed)))
    assert memory.evaluate(condition, given) is UNDECIDED
