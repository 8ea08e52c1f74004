"""The triggers that Modules want are there, as they say, and none that nobody wants any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from hedgerow import Backend, Module, SetupError, access, allow
from hedgerow.schema.triggers import Trigger
from hedgerow.server.tables import prepare

from .conftest import STRANGER, settings
from .holding import client

REGISTRY = sa.orm.registry()
OWN = sa.MetaData()
HEARD = sa.Table("heard", OWN, sa.Column("word", sa.Text))


class Base(SQLModel, registry=REGISTRY):
    metadata = REGISTRY.metadata


class Word(Base, table=True):
    __changes__ = False

    id: int | None = Field(default=None, primary_key=True)
    text: str = ""

    @access
    def rules(word, me):
        yield allow("anyone", ["read", "create", "update"])


class Hears(Module):
    def __init__(self, *triggers: Trigger) -> None:
        self._triggers = triggers

    def tables(self) -> Sequence[Any]:
        return [HEARD]

    def triggers(self, catalog: Any) -> Sequence[Trigger]:
        assert "Word" in catalog.tables
        return self._triggers


def heard(event: Any = "insert", mark: str = "new", **given: Any) -> Trigger:
    row = "OLD" if event == "delete" else "NEW"
    into = "INSERT INTO {0}heard VALUES ('" + mark + " ' || " + row + ".text)"
    return Trigger(
        **{
            "name": f"heard_{event}",
            "table": (None, "word"),
            "event": event,
            "sqlite": into.format(""),
            "postgres": f"BEGIN {into.format('{home}.')}; RETURN NULL; END",
            "aside": True,
            **given,
        }
    )


@contextlib.asynccontextmanager
async def served(url: str, *triggers: Trigger) -> AsyncIterator[Backend]:
    backend = Backend([Word], modules=[Hears(*triggers)], settings=settings(url))
    async with backend.lifespan():
        yield backend


async def words(url: str, *statements: str) -> list[str]:
    """What was heard of statements."""
    async with client(url) as db:
        await db.do("DELETE FROM heard", *statements)
        return sorted(word for (word,) in await db.rows("SELECT word FROM heard"))


async def there(url: str) -> list[tuple[Any, ...]]:
    """Our triggers, and our functions, each by what changes with any change of it."""
    async with client(url) as db:
        if db.sqlite:
            return await db.rows("SELECT name, rowid FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '%heard%'")
        return await db.rows(
            "SELECT tgname::text, oid::bigint FROM pg_trigger WHERE tgname LIKE '%heard%' UNION ALL"
            " SELECT proname, xmin::text::bigint FROM pg_proc WHERE proname LIKE 'hedgerow\\_aside%'"
            " OR proname LIKE 'hedgerow\\_trigger%'"
        )


async def test_a_module_hears_of_rows_whoever_writes_them(fresh_url: str) -> None:
    async with served(fresh_url, heard(), heard("update"), heard("delete", "gone")) as backend:
        await backend.session(STRANGER).query('mutation { createWord(object: {id: 1, text: "a"}) { id } }')
        found = await words(
            fresh_url, "UPDATE word SET text = 'b'", "INSERT INTO word VALUES (2, 'c')", "DELETE FROM word"
        )
        assert found == ["gone b", "gone c", "new b", "new c"]


async def test_columns_and_conditions(fresh_url: str) -> None:
    only = heard("update", columns=("text",), condition="NEW.text <> OLD.text AND NEW.id > 1")
    async with served(fresh_url, only):
        found = await words(
            fresh_url,
            "INSERT INTO word VALUES (1, 'a'), (2, 'b')",
            "UPDATE word SET text = 'c'",
            "UPDATE word SET text = 'c'",
            "UPDATE word SET id = id + 10",
        )
        assert found == ["new c"]


async def test_what_is_right_is_left_alone(fresh_url: str) -> None:
    async with served(fresh_url, heard(), heard("delete")):
        before = await there(fresh_url)
    assert len(before) == (2 if fresh_url.startswith("sqlite") else 4)
    async with served(fresh_url, heard(), heard("delete")):
        assert await there(fresh_url) == before


async def test_nothing_is_locked_where_nothing_changes(postgres_url: str) -> None:
    async with served(postgres_url, heard()):
        pass
    async with client(postgres_url) as db:
        await db.do("BEGIN", "INSERT INTO word VALUES (1, 'a')")  # with whose lock no trigger can be made
        async with asyncio.timeout(20), served(postgres_url, heard()):
            pass
        await db.do("ROLLBACK")


async def test_one_that_differs_is_replaced_and_one_that_nobody_wants_is_dropped(fresh_url: str) -> None:
    write = ("DELETE FROM word", "INSERT INTO word VALUES (1, 'a')", "UPDATE word SET text = 'b'")
    async with served(fresh_url, heard(), heard("update")):
        assert await words(fresh_url, *write) == ["new a", "new b"]
    async with served(fresh_url, heard("insert", "other")):
        assert await words(fresh_url, *write) == ["other a"]
    async with served(fresh_url, heard("insert", "other", columns=(), condition="NEW.id > 1")):
        assert await words(fresh_url, *write) == []
    async with served(fresh_url):
        assert await words(fresh_url, *write) == []
        assert await there(fresh_url) == []


async def test_triggers_of_others_stay(fresh_url: str) -> None:
    async with served(fresh_url, heard()):
        pass
    async with client(fresh_url) as db:
        if db.sqlite:
            body = "BEGIN INSERT INTO heard VALUES ('theirs'); END"
            await db.do(f"CREATE TRIGGER heard_theirs AFTER INSERT ON word {body}")
        else:
            await db.do(
                "CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN INSERT INTO heard VALUES ('theirs'); RETURN NULL; END $$",
                "CREATE TRIGGER heard_theirs AFTER INSERT ON word FOR EACH ROW EXECUTE FUNCTION theirs()",
            )
    async with served(fresh_url):
        assert await words(fresh_url, "INSERT INTO word VALUES (1, 'a')") == ["theirs"]


async def test_what_somebody_changed_is_put_right(fresh_url: str) -> None:
    async with served(fresh_url, heard()):
        pass
    async with client(fresh_url) as db:
        if db.sqlite:
            name = "hedgerow_aside_heard_insert_word"
            breaks: list[Sequence[str]] = [
                [f"DROP TRIGGER {name}"],
                [f"DROP TRIGGER {name}", f"CREATE TRIGGER {name} AFTER INSERT ON word BEGIN SELECT 1; END"],
            ]
        else:
            (((name, function),)) = await db.rows(
                "SELECT tgname::text, tgfoid::regproc::text FROM pg_trigger WHERE tgname LIKE '%heard%'"
            )
            nothing = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
            breaks = [
                [f"ALTER TABLE word DISABLE TRIGGER {name}"],
                [f"ALTER TABLE word ENABLE TRIGGER {name}"],
                [f"DROP TRIGGER {name} ON word"],
                [f"DROP FUNCTION {function} CASCADE"],
                [f"CREATE OR REPLACE FUNCTION {function}() {nothing}"],
                [f"ALTER FUNCTION {function} SECURITY INVOKER"],
                [f"ALTER FUNCTION {function} SET search_path = public"],
            ]
    for each in breaks:
        async with client(fresh_url) as db:
            await db.do(*each)
        async with served(fresh_url, heard()):
            replica = [] if fresh_url.startswith("sqlite") else ["SET session_replication_role = replica"]
            assert await words(fresh_url, *replica, "DELETE FROM word", "INSERT INTO word VALUES (1, 'a')") == [
                "new a"
            ], each
    if not fresh_url.startswith("sqlite"):
        async with client(fresh_url) as db:
            assert await db.rows("SELECT prosecdef FROM pg_proc WHERE proname LIKE 'hedgerow\\_aside%'") == [(True,)]


async def test_two_processes_that_start_at_once(fresh_url: str) -> None:
    await asyncio.gather(*(prepare(fresh_url, [Word, HEARD], None, [], [heard(), heard("delete")]) for _ in range(4)))
    assert len(await there(fresh_url)) == (2 if fresh_url.startswith("sqlite") else 4)


async def test_a_row_is_created_by_one_statement_only_where_what_follows_is_not_shown(fresh_url: str) -> None:
    aside = heard()
    louder = "UPDATE {0}word SET text = upper(text) WHERE id = NEW.id"
    shown = heard(
        sqlite=louder.format(""),
        postgres=f"BEGIN {louder.format('{home}.')}; RETURN NULL; END",
        aside=False,
    )
    for number, (trigger, text, alone) in enumerate([(aside, "a", True), (shown, "A", False)]):
        async with served(fresh_url, trigger) as backend:
            database: Any = backend.engine.database
            write, answers = database.write, list[Any]()

            async def kept(alone: Any, write: Any = write, answers: list[Any] = answers) -> Any:
                answers.append(await write(alone))
                return answers[-1]

            database.write = kept
            for id in (number * 2, number * 2 + 1):
                create = f'mutation {{ createWord(object: {{id: {id}, text: "a"}}) {{ text }} }}'
                assert await backend.session(STRANGER).query(create) == {"createWord": {"text": text}}
            assert [each is not None for each in answers][-1] == alone


async def test_tables_that_can_have_no_triggers_are_told(fresh_url: str) -> None:
    async with client(fresh_url) as db:
        await db.do("CREATE VIEW word AS SELECT 1 AS id, 'a' AS text", "CREATE TABLE heard (word text)")
    with pytest.raises(SetupError, match="no views"):
        async with served(fresh_url, heard()):
            pass


def test_what_is_no_trigger_is_refused() -> None:
    for odd in (
        {"name": "Ä"},
        {"name": "a" * 31},
        {"name": "hedgerow trigger"},
        {"each": "statement", "condition": "true"},
        {"columns": ("text",)},
        {"event": "truncate"},
    ):
        with pytest.raises(ValueError, match="trigger"):
            heard(**odd)
