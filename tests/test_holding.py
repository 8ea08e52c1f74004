"""A file is held by the one cell that has it, whoever writes the row, in the transaction that writes it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from hedgerow import Backend, Code, Refusal
from hedgerow.schema.files import NOT_HELD, NOT_IDS, TOO_MANY, TWICE
from hedgerow.server.sqlite_connection import sqlite3

from .conftest import ADMINISTRATOR, STRANGER, settings
from .holding import MOST, Broke, Client, Note, backend, client, held, in_cells, listed, states, upload

EXAMPLES = int(os.environ.get("HEDGEROW_EXAMPLES", "60"))


@pytest.fixture
async def served(fresh_url: str) -> AsyncIterator[Backend]:
    async with backend(fresh_url, settings(fresh_url)) as made:
        yield made


@pytest.fixture
async def db(fresh_url: str, served: Backend) -> AsyncIterator[Client]:
    """Somebody who knows nothing of us."""
    async with client(fresh_url) as made:
        yield made


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[str]:
    async with backend(postgres_url, settings(postgres_url)):
        yield postgres_url


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[str]:
    url = f"sqlite:///{tmp_path / 'data.db'}"
    async with backend(url, settings(url)):
        yield url


async def refused(db: Client, constraint: str, *statements: str) -> None:
    before = await states(db)
    with pytest.raises(Broke, match=f"^{constraint}$"):
        await db.do(*statements)
    assert await states(db) == before


# One file


async def test_a_cell_holds_its_file_and_lets_go_of_it(db: Client) -> None:
    one, other = await upload(db, count=2)
    await db.do(f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}'), (2, NULL)")
    assert await states(db) == {one: "held", other: "ready"}
    await db.do(f"UPDATE note SET cover = '{other.hex}' WHERE id = 1")
    assert await states(db) == {one: "free", other: "held"}
    await db.do(f"UPDATE note SET cover = '{one.hex}' WHERE id = 2")
    assert await held(db) == {one, other}
    await db.do("UPDATE note SET cover = NULL WHERE id = 1")
    assert await states(db) == {one: "held", other: "free"}
    await db.do("DELETE FROM note")
    assert await states(db) == {one: "free", other: "free"}


async def test_what_is_free_has_been_so_since_now_in_the_form_that_the_collector_compares(
    served: Backend, db: Client
) -> None:
    (one,) = await upload(db)
    await db.do(f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}')", "DELETE FROM note")
    ((until,),) = await db.rows("SELECT until FROM hedgerow_file")
    if db.sqlite:
        assert len(until) == len("2026-01-01 00:00:00.000000")
        ((age,),) = await db.rows("SELECT abs(julianday('now') - julianday(until)) * 86400 FROM hedgerow_file")
    else:
        ((age,),) = await db.rows("SELECT extract(epoch FROM clock_timestamp() - until) FROM hedgerow_file")
    assert 0 <= age < 60


@pytest.mark.parametrize("state", ["pending", "held", "dying"])
async def test_only_what_is_ready_or_free_is_held(db: Client, state: str) -> None:
    (one,) = await upload(db, state=state)
    await refused(db, NOT_HELD, f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}')")
    await db.do("INSERT INTO note (id) VALUES (1)")
    await refused(db, NOT_HELD, f"UPDATE note SET cover = '{one.hex}'")
    await refused(db, NOT_HELD, f"UPDATE note SET photos = {listed(one)}")
    await refused(db, NOT_HELD, f"UPDATE note SET cover = '{uuid4().hex}'")


async def test_a_file_is_for_the_column_that_it_was_uploaded_for(db: Client) -> None:
    (back,) = await upload(db, field="back")
    (shelf,) = await upload(db, model="Shelf")
    (photo,) = await upload(db, field="photos")
    for id in (back, shelf, photo):
        await refused(db, NOT_HELD, f"INSERT INTO note (id, cover) VALUES (1, '{id.hex}')")
    await refused(db, NOT_HELD, f"INSERT INTO note (id, photos) VALUES (1, {listed(back)})")
    await db.do(f"INSERT INTO note (id, back, photos) VALUES (1, '{back.hex}', {listed(photo)})")
    assert await held(db) == {back, photo}


async def test_no_two_cells_hold_one_file(db: Client) -> None:
    (one,) = await upload(db)
    await refused(db, NOT_HELD, f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}'), (2, '{one.hex}')")
    await db.do(f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}'), (2, NULL)")
    await refused(db, NOT_HELD, f"UPDATE note SET cover = '{one.hex}'")
    assert await held(db) == {one}


async def test_what_keeps_its_file_changes_nothing(db: Client) -> None:
    (one,) = await upload(db)
    (photo,) = await upload(db, field="photos")
    await db.do(f"INSERT INTO note (id, cover, photos) VALUES (1, '{one.hex}', {listed(photo)})")
    await db.do("UPDATE note SET id = 2, word = 'other'")
    await db.do(f"UPDATE note SET cover = '{one.hex}', photos = {listed(photo)}, id = 3")
    assert await held(db) == {one, photo}
    await db.do("DELETE FROM note")
    assert await held(db) == set()


async def test_a_file_is_for_no_cell_as_something_else_than_its_id(sqlite: str) -> None:
    async with client(sqlite) as db:
        (one,) = await upload(db)
        for odd in (f"'{one}'", f"'{one.hex.upper()}'", f"x'{one.hex}'", "''", "7", f"' {one.hex}'"):
            await refused(db, NOT_HELD, f"INSERT INTO note (id, cover) VALUES (1, {odd})")


# Lists


async def test_a_list_holds_its_files_and_lets_go_of_them(db: Client) -> None:
    a, b, c, d = await upload(db, field="photos", count=4)
    await db.do(f"INSERT INTO note (id, photos) VALUES (1, {listed(a, b)}), (2, {listed(c)})")
    assert await held(db) == {a, b, c}
    await db.do(f"UPDATE note SET photos = {listed(b, d, a)} WHERE id = 1")
    assert await held(db) == {a, b, c, d}
    await db.do(f"UPDATE note SET photos = {listed(d)} WHERE id = 1")
    assert await states(db) == {a: "free", b: "free", c: "held", d: "held"}
    await refused(db, NOT_HELD, f"UPDATE note SET photos = {listed(d)} WHERE id = 2")
    await db.do("UPDATE note SET photos = '[]' WHERE id = 2", "DELETE FROM note WHERE id = 1")
    assert await held(db) == set()


async def test_a_list_is_what_it_should_be(db: Client) -> None:
    a, b = await upload(db, field="photos", count=2)
    odd = ['{"a": 1}', '"a"', "7", "[7]", "[null]", '["x"]', "[[]]", f'["{a.hex}"]', f'["{str(a).upper()}"]', f'"{a}"']
    for text in odd:
        await refused(db, NOT_IDS, f"INSERT INTO note (id, photos) VALUES (1, '{text}')")
    await db.do("INSERT INTO note (id, photos) VALUES (1, '[]')")
    for text in odd:
        await refused(db, NOT_IDS, f"UPDATE note SET photos = '{text}'")
    await refused(db, TWICE, f"UPDATE note SET photos = {listed(a, b, a)}")
    await db.do(f"UPDATE note SET photos = {listed(a, b)}")
    await refused(db, TWICE, f"UPDATE note SET photos = {listed(a, b, b)}")
    if db.sqlite:
        for text in ("'[' ", "x'5b5d'", "''"):
            await refused(db, NOT_IDS, f"UPDATE note SET photos = {text}")


async def test_a_list_has_no_more_than_it_may_have(db: Client) -> None:
    many = await upload(db, field="photos", count=MOST + 1)
    await refused(db, TOO_MANY, f"INSERT INTO note (id, photos) VALUES (1, {listed(*many)})")
    await db.do(f"INSERT INTO note (id, photos) VALUES (1, {listed(*many[:-1])})")
    append = f"json_insert(photos, '$[#]', '{many[-1]}')" if db.sqlite else f"photos || '[\"{many[-1]}\"]'"
    await refused(db, TOO_MANY, f"UPDATE note SET photos = {append}")
    await db.do(f"UPDATE note SET photos = {listed(*many[1:])}")
    assert await held(db) == {*many[1:]}


async def test_a_list_that_is_null_is_empty(db: Client) -> None:
    (one,) = await upload(db, field="photos")
    await db.do(f"INSERT INTO note (id, photos) VALUES (1, {listed(one)})", "UPDATE note SET photos = 'null'")
    assert await held(db) == set()
    await db.do(f"UPDATE note SET photos = {listed(one)}")
    assert await held(db) == {one}


async def test_what_was_there_before_the_triggers_is_let_be_until_it_changes(fresh_url: str) -> None:
    async with backend(fresh_url, settings(fresh_url)), client(fresh_url) as db:
        names = await db.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'") if db.sqlite else []
        if db.sqlite:
            await db.do(*(f'DROP TRIGGER "{name}"' for (name,) in names))
        else:
            await db.do("ALTER TABLE note DISABLE TRIGGER ALL")
        await db.do(f"INSERT INTO note (id, cover, photos) VALUES (1, '{uuid4().hex}', '[7]')")
    async with backend(fresh_url, settings(fresh_url)), client(fresh_url) as db:
        await db.do("UPDATE note SET word = 'other', id = 2")
        await refused(db, NOT_HELD, f"UPDATE note SET cover = '{uuid4().hex}'")
        await refused(db, NOT_IDS, "UPDATE note SET photos = '[8]'")
        await db.do("UPDATE note SET photos = '[]', cover = NULL")


# Whoever writes, and however


async def test_rows_that_go_with_others_let_go_of_their_files(db: Client) -> None:
    one, other, third = await upload(db, count=3)
    (photo,) = await upload(db, field="photos")
    await db.do(
        "INSERT INTO shelf (id) VALUES (1), (2)",
        f"INSERT INTO note (id, shelf_id, cover, photos) VALUES (1, 1, '{one.hex}', {listed(photo)})",
        f"INSERT INTO note (id, shelf_id, cover) VALUES (2, 2, '{other.hex}')",
        f"INSERT INTO note (id, next_id, cover) VALUES (3, 1, '{third.hex}')",
        "DELETE FROM shelf WHERE id = 1",
    )
    assert await states(db) == {one: "free", photo: "free", other: "held", third: "held"}


async def test_a_row_that_is_written_twice_by_one_statement(postgres: str) -> None:
    """A shelf goes that a note names in two columns, and a trigger of others writes the note, too."""
    async with client(postgres) as db:
        one, other = await upload(db, count=2)
        await db.do(
            "ALTER TABLE note DROP CONSTRAINT note_shelf_id_fkey",
            "ALTER TABLE note ADD FOREIGN KEY (shelf_id) REFERENCES shelf (id) ON DELETE SET NULL",
            "INSERT INTO shelf (id) VALUES (1)",
            f"INSERT INTO note (id, shelf_id, next_id, cover) VALUES (1, 1, 1, '{one.hex}')",
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" NEW.cover = '{other.hex}'; RETURN NEW; END $$",
            "CREATE TRIGGER other BEFORE UPDATE ON note FOR EACH ROW EXECUTE FUNCTION other()",
            "DELETE FROM shelf",
        )
        assert await states(db) == {one: "free", other: "held"}
        assert await in_cells(db) == [other]


async def test_undone_with_the_transaction(db: Client) -> None:
    one, other = await upload(db, count=2)
    await db.do("BEGIN", f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}')")
    assert await held(db) == {one}
    await db.do("SAVEPOINT a", f"UPDATE note SET cover = '{other.hex}'")
    assert await states(db) == {one: "free", other: "held"}
    await db.do("ROLLBACK TO a")
    assert await states(db) == {one: "held", other: "ready"}
    await db.do("ROLLBACK")
    assert await states(db) == {one: "ready", other: "ready"}


async def test_files_that_change_places(db: Client) -> None:
    """In one transaction where each is let go before another row takes it; in one statement on PostgreSQL only."""
    one, other = await upload(db, count=2)
    await db.do(f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}'), (2, '{other.hex}')")
    await db.do(
        "BEGIN", "UPDATE note SET cover = NULL WHERE id = 1", f"UPDATE note SET cover = '{one.hex}' WHERE id = 2"
    )
    await db.do(f"UPDATE note SET cover = '{other.hex}' WHERE id = 1", "COMMIT")
    assert await held(db) == {one, other}
    swap = f"UPDATE note SET cover = CASE id WHEN 1 THEN '{one.hex}' ELSE '{other.hex}' END"
    if db.sqlite:
        await refused(db, NOT_HELD, swap)
    else:
        await db.do(swap.replace(" END", " END::uuid"))
    move = "UPDATE note SET cover = CASE id WHEN 1 THEN NULL ELSE (SELECT cover FROM note WHERE id = 1) END"
    await db.do("UPDATE note SET cover = NULL WHERE id = 2")
    if not db.sqlite:  # which reads the row as the statement has made it
        await db.do(move)
        assert await in_cells(db) == [one]


async def test_rows_that_are_written_or_updated(db: Client) -> None:
    one, other, third = await upload(db, count=3)
    await db.do(f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}')")
    upsert = "INSERT INTO note (id, cover) VALUES (1, '{0}'), (2, '{1}')"
    upsert += " ON CONFLICT (id) DO UPDATE SET cover = excluded.cover"
    await db.do(upsert.format(other.hex, third.hex))
    assert await states(db) == {one: "free", other: "held", third: "held"}
    await db.do(f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}') ON CONFLICT DO NOTHING")
    assert await states(db) == {one: "free", other: "held", third: "held"}
    await refused(db, NOT_HELD, upsert.format(one.hex, one.hex))
    await db.do("INSERT INTO note (id) VALUES (9)", "DELETE FROM note WHERE id = 9")
    assert await held(db) == {other, third}


async def test_what_is_replaced_in_sqlite_lets_go_of_its_files(sqlite: str) -> None:
    """Triggers of DELETE aren't fired by it."""
    for recursive in ("OFF", "ON"):
        async with client(sqlite, f"PRAGMA recursive_triggers = {recursive}") as db:
            await db.do("DELETE FROM note", "DELETE FROM hedgerow_file")
            a, b, c = await upload(db, count=3)
            p, q = await upload(db, field="photos", count=2)
            await db.do(
                f"INSERT INTO note (id, word, cover, photos) VALUES (1, 'one', '{a.hex}', {listed(p)})",
                f"INSERT INTO note (id, word, cover) VALUES (2, 'two', '{b.hex}')",
                f"REPLACE INTO note (id, word, cover, photos) VALUES (1, 'one', '{a.hex}', {listed(p, q)})",
            )
            assert await held(db) == {a, b, p, q}
            await db.do(f"REPLACE INTO note (id, word, cover) VALUES (3, 'one', '{c.hex}')")
            assert await held(db) == {b, c}
            await db.do(f"REPLACE INTO note (word, cover) VALUES ('two', '{a.hex}')")
            assert await held(db) == {a, c}
            await db.do("INSERT OR IGNORE INTO note (id, word) VALUES (3, 'x'), (7, 'one'), (8, 'y')")
            assert await held(db) == {a, c}
            await db.do("INSERT INTO note (id, word) VALUES (3, 'x') ON CONFLICT (id) DO UPDATE SET word = 'z'")
            assert await held(db) == {a, c}
            await db.do("UPDATE OR REPLACE note SET word = 'two' WHERE id = 3")
            assert await held(db) == {c} == {*await in_cells(db)}
            await refused(db, NOT_HELD, f"INSERT OR IGNORE INTO note (id, cover) VALUES (9, '{c.hex}')")
            await refused(db, NOT_HELD, f"REPLACE INTO note (id, cover) VALUES (9, '{c.hex}')")
            await db.do(f"REPLACE INTO note (id, word, cover) VALUES (3, 'two', '{b.hex}'), (4, 'two', '{c.hex}')")
            assert await held(db) == {c} == {*await in_cells(db)}


async def test_what_a_replaced_row_sweeps_along_lets_go_too(sqlite: str) -> None:
    async with client(sqlite) as db:
        (one,) = await upload(db)
        await db.do(
            "INSERT INTO shelf VALUES (1)", f"INSERT INTO note (id, shelf_id, cover) VALUES (1, 1, '{one.hex}')"
        )
        await db.do("REPLACE INTO shelf VALUES (1)")
        assert await in_cells(db) == [] and await held(db) == set()


async def test_a_table_that_is_emptied_at_once(postgres: str) -> None:
    async with client(postgres) as db:
        (one,) = await upload(db)
        (photo,) = await upload(db, field="photos")
        (waiting,) = await upload(db)
        (other,) = await upload(db, model="Other", state="held")
        await db.do(f"INSERT INTO note (id, cover, photos) VALUES (1, '{one.hex}', {listed(photo)})")
        await db.do("TRUNCATE shelf CASCADE")
        assert await states(db) == {one: "free", photo: "free", waiting: "ready", other: "held"}


async def test_rows_that_are_copied_in(postgres: str) -> None:
    async with client(postgres) as db:
        ids = await upload(db, count=3)
        await db.connection.copy_records_to_table(
            "note", records=[(n, id) for n, id in enumerate(ids)], columns=["id", "cover"]
        )
        assert await held(db) == {*ids}
        with pytest.raises(asyncpg.CheckViolationError):
            await db.connection.copy_records_to_table("note", records=[(9, ids[0])], columns=["id", "cover"])


async def test_rows_that_are_merged(postgres: str) -> None:
    async with client(postgres) as db:
        a, b, c = await upload(db, count=3)
        await db.do(f"INSERT INTO note (id, cover) VALUES (1, '{a.hex}'), (2, '{b.hex}')")
        await db.do(
            f"MERGE INTO note USING (VALUES (1, NULL::uuid), (2, '{a.hex}'), (3, '{c.hex}')) AS v(id, cover)"
            " ON note.id = v.id"
            " WHEN MATCHED AND v.cover IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET cover = v.cover"
            " WHEN NOT MATCHED THEN INSERT (id, cover) VALUES (v.id, v.cover)"
        )
        assert await states(db) == {a: "held", b: "free", c: "held"}


async def test_whoever_may_write_needs_no_right_on_files(postgres: str) -> None:
    role = "hedgerow_test_" + (sa.make_url(postgres).database or "")[-8:]
    async with client(postgres) as db:
        one, other = await upload(db, count=2)
        await db.do(
            f"CREATE ROLE {role}", f"GRANT ALL ON note TO {role}", f"GRANT CREATE, USAGE ON SCHEMA public TO {role}"
        )
        try:
            async with client(postgres, f"SET SESSION AUTHORIZATION {role}") as stranger:
                await stranger.do(
                    # What is called in the function can't be led elsewhere.
                    "CREATE FUNCTION public.cardinality(uuid[]) RETURNS int LANGUAGE sql AS $$ SELECT 0 $$",
                    "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
                    " $$ SELECT NULL::timestamptz $$",
                    "CREATE TEMP TABLE hedgerow_file (id uuid, model text, field text, state text, until timestamptz)",
                    "SET search_path = pg_temp, public, pg_catalog",
                    f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}')",
                )
                functions = "SELECT proname FROM pg_proc WHERE starts_with(proname, 'hedgerow_aside_')"
                function = (await stranger.rows(functions))[0][0]
                await stranger.do("SET search_path = public", "CREATE TABLE mine (id int)")
                for forbidden in (
                    "SELECT * FROM public.hedgerow_file",
                    "UPDATE public.hedgerow_file SET state = 'free'",
                    f"CREATE TRIGGER forged AFTER TRUNCATE ON mine EXECUTE FUNCTION {function}()",
                ):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await stranger.connection.execute(forbidden)
            assert await states(db) == {one: "held", other: "ready"}
        finally:
            await db.do(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


async def test_whatever_is_held_is_so_in_a_replica_and_where_checks_are_put_off(postgres: str) -> None:
    async with client(postgres) as db:
        one, other = await upload(db, count=2)
        await db.do("SET session_replication_role = replica", f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}')")
        assert await held(db) == {one}
        await db.do("SET session_replication_role = DEFAULT", "BEGIN", "SET CONSTRAINTS ALL DEFERRED")
        with pytest.raises(Broke):
            await db.do(f"INSERT INTO note (id, cover) VALUES (2, '{one.hex}')")
        await db.do("ROLLBACK")
        assert await states(db) == {one: "held", other: "ready"}


# Several at once


@pytest.mark.parametrize("first", ["COMMIT", "ROLLBACK"])
async def test_of_two_who_want_one_upload_one_gets_it(fresh_url: str, db: Client, first: str) -> None:
    (one,) = await upload(db)
    insert = "INSERT INTO note (id, cover) VALUES ({}, '" + one.hex + "')"
    async with client(fresh_url) as other:
        await db.do("BEGIN IMMEDIATE" if db.sqlite else "BEGIN", insert.format(1))
        waiting = asyncio.create_task(other.do(insert.format(2)))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await db.do(first)
        if first == "COMMIT":
            with pytest.raises(Broke):
                await waiting
        else:
            await waiting
    assert await held(db) == {one} == {*await in_cells(db)}


async def test_transactions_that_want_the_same_files_wait_for_each_other_in_one_order(postgres: str) -> None:
    """However their rows are ordered; a deadlock would be an error here."""
    async with client(postgres) as db:
        ids, photos = await upload(db, count=40), await upload(db, field="photos", count=40)
        values = [f"(NULL, '{id.hex}', {listed(photo)})" for id, photo in zip(ids, photos, strict=True)]

        async def insert(values: list[str]) -> None:
            async with client(postgres) as own:
                for _ in range(20):
                    insert = f"INSERT INTO note (word, cover, photos) VALUES {', '.join(values)}"
                    await own.do("BEGIN", insert, "ROLLBACK")

        await asyncio.gather(insert(values), insert(values[::-1]))
        assert await held(db) == set()


# What clients are told


async def test_a_client_is_told_what_its_row_may_not_hold(served: Backend, db: Client) -> None:
    (one,) = await upload(db)
    await db.do(f"INSERT INTO note (id, cover) VALUES (1, '{one.hex}'), (2, NULL)")
    system = served.session(ADMINISTRATOR)
    with pytest.raises(Refusal, match="a column may not hold a file that it was given") as told:
        await system.sql(sa.update(Note).where(sa.column("id") == 2).values(cover=one))
    assert told.value.code is Code.CONSTRAINT_VIOLATION
    await system.sql(sa.update(Note).where(sa.column("id") == 1).values(cover=None))
    await system.sql(sa.update(Note).where(sa.column("id") == 2).values(cover=one))
    assert await states(db) == {one: "held"}
    with pytest.raises(Refusal) as told:
        await system.sql(sa.update(Note).where(sa.column("id") == 2).values(photos=[one]))
    assert told.value.code is Code.CONSTRAINT_VIOLATION


async def test_rows_without_files_are_still_created_by_one_statement(served: Backend, db: Client) -> None:
    database: Any = served.engine.database
    asked: list[bytes | None] = []
    write = database.write

    async def counted(alone: Any) -> bytes | None:
        asked.append(await write(alone))
        return asked[-1]

    database.write = counted
    for number in (1, 2):
        made = await served.session(STRANGER).query(f"mutation {{ createNote(object: {{id: {number}}}) {{ id }} }}")
        assert made == {"createNote": {"id": number}}
    assert len(asked) == 2 and all(asked)


# Random histories

CELLS = st.one_of(st.none(), st.integers(0, 5))
LISTS = st.lists(st.integers(6, 11), max_size=5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.integers(1, 3), CELLS, LISTS),
        st.tuples(st.just("update"), st.integers(1, 3), CELLS, LISTS),
        st.tuples(st.just("replace"), st.integers(1, 3), CELLS, LISTS),
        st.tuples(st.just("delete"), st.integers(1, 3), st.none(), st.just([])),
        st.tuples(st.sampled_from(["begin", "commit", "rollback"]), st.just(0), st.none(), st.just([])),
    ),
    max_size=25,
)


def statement(db: Client, step: str, id: int, cover: str, photos: str) -> str:
    match step:
        case "insert":
            return f"INSERT INTO note (id, cover, photos) VALUES ({id}, {cover}, {photos})"
        case "update":
            return f"UPDATE note SET cover = {cover}, photos = {photos} WHERE id = {id}"
        case "replace" if db.sqlite:
            return f"REPLACE INTO note (id, cover, photos) VALUES ({id}, {cover}, {photos})"
        case "replace":
            values = f"INSERT INTO note (id, cover, photos) VALUES ({id}, {cover}, {photos})"
            return f"{values} ON CONFLICT (id) DO UPDATE SET cover = excluded.cover, photos = excluded.photos"
        case _:
            return f"DELETE FROM note WHERE id = {id}"


async def play(db: Client, history: list[Any]) -> None:
    """A history, beside a plain reference of it: each row's cover and photos by its key."""
    await db.do("DELETE FROM note", "DELETE FROM hedgerow_file")
    ids = [*await upload(db, count=6), *await upload(db, field="photos", count=6)]
    now: dict[int, tuple[int | None, tuple[int, ...]]] = {}
    before: dict[int, Any] | None = None
    for step, id, cover, photos in history:
        if step in ("begin", "commit", "rollback"):
            if (step == "begin") == (before is None):
                await db.do(step)
                now = before if step == "rollback" and before is not None else now
                before = {**now} if step == "begin" else None
            continue
        fails = step == "insert" and id in now
        row = (cover, tuple(photos))
        wanted = {key: value for key, value in now.items() if key != id}
        if step in ("insert", "replace") or (step == "update" and id in now):
            wanted[id] = row
        every = [each for one, many in wanted.values() for each in (*([] if one is None else [one]), *many)]
        fails = fails or len(every) != len({*every}) or any(len(many) > MOST for _, many in wanted.values())
        texts = ("NULL" if cover is None else f"'{ids[cover].hex}'", listed(*(ids[each] for each in photos)))
        if before is not None:
            await db.do("SAVEPOINT step")
        try:
            await db.do(statement(db, step, id, *texts))
        except (Broke, asyncpg.UniqueViolationError, sqlite3.IntegrityError):
            assert fails, (step, id, cover, photos)
            if before is not None:
                await db.do("ROLLBACK TO step")
        else:
            assert not fails, (step, id, cover, photos)
            now = wanted
        every = [each for one, many in now.values() for each in (*([] if one is None else [one]), *many)]
        assert {*await in_cells(db)} == {ids[each] for each in every} == await held(db)
    if before is not None:
        await db.do("ROLLBACK")


@pytest.mark.timeout(600)
async def test_whatever_happens_held_is_what_rows_have(db: Client) -> None:
    loop = asyncio.get_running_loop()

    @hypothesis.settings(max_examples=EXAMPLES, deadline=None, database=None)
    @hypothesis.given(STEPS)
    def run(history: list[Any]) -> None:
        async def one() -> None:
            try:
                await play(db, history)
            except BaseException:
                with contextlib.suppress(Exception):
                    await db.do("ROLLBACK")
                raise

        asyncio.run_coroutine_threadsafe(one(), loop).result()

    await asyncio.to_thread(run)
