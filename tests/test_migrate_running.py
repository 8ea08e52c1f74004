"""Migrations as they run: beside others, halfway, by alembic itself, on the other database, and beside the server."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import sqlalchemy as sa

from hedgerow import SetupError
from hedgerow.server.load import load
from hedgerow.server.migrations.developing import keep_up
from hedgerow.server.migrations.planning import Place
from hedgerow.server.migrations.runner import Run
from hedgerow.server.revisions import Revisions
from hedgerow.server.tables import run as in_transaction

from .conftest import settings
from .migrating import FIRST, Project

PAGES = "pages: int = 7"


@pytest.fixture
def project(fresh_url: str, tmp_path: Path) -> Project:
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project", fresh_url)


def loaded(project: Project) -> Any:
    backend = load(str(project.file))
    backend.settings = settings(project.url)
    return backend


def started(project: Project) -> None:
    """Has the server start, and stop."""

    async def start() -> None:
        async with loaded(project).lifespan():
            pass

    asyncio.run(start())


def schema(project: Project) -> Any:
    """All that a database says of itself."""
    if not project.postgres:
        return project.sql("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2")
    return [
        project.sql("SELECT table_name, column_name, data_type FROM information_schema.columns ORDER BY 1, 2"),
        project.sql("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"),
        project.sql("SELECT tgname, tgrelid::regclass::text FROM pg_trigger ORDER BY 1, 2"),
        project.sql("SELECT version_num FROM alembic_version"),
    ]


def last_script(project: Project) -> Path:
    return sorted((project.folder / "migrations" / "versions").glob("*.py"))[-1]


def changes(project: Project) -> list[tuple[str, str]]:
    return [tuple(row) for row in project.sql('SELECT "table", operation FROM hedgerow_change ORDER BY sequence')]


def test_changes_are_recorded_and_files_held_after_each_migration(project: Project) -> None:
    files = {"modules": "storage()"}
    project.declare(FIRST, "cover: File | None = None", **files)
    project.well("make", "-m", "first")
    project.well("up")
    started(project)
    file = str(uuid4())
    cell = file if project.postgres else file.replace("-", "")
    moment = "now()" if project.postgres else "'2026-01-01'"
    truth = "true" if project.postgres else "1"
    project.sql(
        "INSERT INTO hedgerow_file (id, model, field, state, name, content_type, public, created_at)"
        f" VALUES ('{cell}', 'Book', 'cover', 'ready', 'a', 'text/plain', {truth}, {moment})"
    )
    project.sql(f"INSERT INTO book (id, title, cover) VALUES (1, 'Emma', '{cell}')")
    # Copies the table on SQLite, and the tables of files.
    project.declare("cover: File | None = None", "pages: int = 7", **files)
    project.well("make", "-m", "second", "--allow-drop", "book.subtitle")
    project.well("up")
    before = len(changes(project))
    project.sql("INSERT INTO book (id, title, pages) VALUES (2, 'Persuasion', 1)")
    assert changes(project)[before:] == [('"book"', "insert")]
    assert "pages" in str(project.sql("SELECT after FROM hedgerow_change ORDER BY sequence DESC LIMIT 1"))
    with pytest.raises(sa.exc.IntegrityError):  # another's file
        project.sql(f"INSERT INTO book (id, title, pages, cover) VALUES (3, 'x', 1, '{cell}')")
    project.sql("DELETE FROM book WHERE id = 1")
    assert project.sql("SELECT state FROM hedgerow_file") == [("free",)]
    # The column goes, by which triggers hold files; and comes back.
    project.declare("pages: int = 7", **files)
    project.well("make", "-m", "third", "--allow-drop", "book.cover")
    project.well("up")
    project.sql("UPDATE book SET title = 'y' WHERE id = 2")
    project.declare("cover: File | None = None", "pages: int = 7", **files)
    project.well("down", "0002")
    with pytest.raises(sa.exc.IntegrityError):
        project.sql(f"INSERT INTO book (id, title, pages, cover) VALUES (3, 'x', 1, '{uuid4()}')")
    project.well("down", "0001")
    project.sql("INSERT INTO book (id, title) VALUES (5, 'z')")
    assert changes(project)[-1] == ('"book"', "insert")
    project.well("up")
    project.declare("pages: int = 7", **files)
    started(project)


def test_triggers_of_others_stay(project: Project) -> None:
    project.filled()
    if project.postgres:
        pytest.skip("PostgreSQL copies no tables")
    project.sql("CREATE TRIGGER theirs AFTER INSERT ON book BEGIN INSERT INTO team (name) VALUES (NEW.title); END")
    project.sql("CREATE VIEW titles AS SELECT title FROM book")
    project.declare()
    project.well("make", "-m", "less", "--allow-drop", "book.subtitle")
    project.well("up")
    project.sql("INSERT INTO book (title) VALUES ('Lady Susan')")
    assert project.sql("SELECT count(*) FROM team WHERE name = 'Lady Susan'") == [(1,)]
    assert ("Lady Susan",) in project.sql("SELECT title FROM titles")
    # One that names what goes is not left behind broken.
    project.well("down", "0001")
    project.sql(
        "DROP TRIGGER theirs",
        "CREATE TRIGGER theirs AFTER INSERT ON book BEGIN INSERT INTO team (name) VALUES (NEW.subtitle); END",
    )
    told = project.refused("up")
    assert "A trigger on the table book names what the script took away" in told
    assert project.sql("SELECT count(subtitle) FROM book") == [(0,)]


def test_processes_that_start_at_once_migrate_once(project: Project) -> None:
    project.filled()
    project.declare(FIRST, PAGES)
    project.well("make", "-m", "pages")
    hedgerow = str(Path(sys.executable).parent / "hedgerow")
    env = {**os.environ, "HEDGEROW_DATABASE_URL": project.url, "HEDGEROW_JWT_SECRET": "s" * 32}
    processes = [
        subprocess.Popen(
            [hedgerow, "migrate", "up", str(project.file)], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=200)[0].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    assert sum("Ran 0002" in each for each in told) == 1, told
    assert project.sql("SELECT pages FROM book") == [(7,)] * 3


def test_a_migration_that_fails_halfway_leaves_the_database_as_it_was(project: Project) -> None:
    project.filled()
    project.declare(PAGES)
    project.well("make", "-m", "pages", "--allow-drop", "book.subtitle")
    whole = last_script(project).read_text()
    broken = whole.replace(
        "\n\ndef downgrade", '    op.execute("DELETE FROM book")\n    raise KeyError("half")\n\n\ndef downgrade'
    )
    last_script(project).write_text(broken)
    before, rows = schema(project), project.sql("SELECT id, title, subtitle FROM book ORDER BY id")
    told = project.refused("up")
    assert "(pages) failed, and changed nothing: 'half'" in told
    assert schema(project) == before
    assert project.sql("SELECT id, title, subtitle FROM book ORDER BY id") == rows
    last_script(project).write_text(whole)
    project.well("up")


def test_rows_that_would_lead_nowhere_are_refused(project: Project) -> None:
    project.filled()
    project.declare(FIRST, 'team_id: int | None = Field(default=None, foreign_key="team.id")')
    project.well("make", "-m", "teams")
    script = last_script(project)
    between = "    with op.batch_alter_table('book', schema=None) as batch_op:\n        batch_op.create_foreign_key"
    assert between in script.read_text()
    script.write_text(script.read_text().replace(between, f'    op.execute("UPDATE book SET team_id = 99")\n{between}'))
    before = schema(project)
    told = project.refused("up")
    assert "failed, and changed nothing" in told
    assert project.postgres or "3 rows would lead to rows that aren't there (book → team)" in told
    assert schema(project) == before


async def test_a_migration_does_not_have_everybody_wait(postgres_url: str, tmp_path: Path) -> None:
    project = Project(tmp_path, postgres_url)
    await asyncio.to_thread(project.filled)
    project.declare(FIRST, PAGES)
    await asyncio.to_thread(project.well, "make", "-m", "pages")
    place = await asyncio.to_thread(lambda: Place.of(loaded(project)))
    told: list[str] = []
    run = Run(project.url, place.revisions, place.wanted, patience=0.3, attempts=2, pause=0.3, told=told.append)
    holder, reader = await asyncpg.connect(project.url), await asyncpg.connect(project.url)
    try:
        transaction = holder.transaction()
        await transaction.start()
        await holder.fetch("SELECT * FROM book")
        migrating = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(run.up())))
        await asyncio.sleep(0.2)  # it waits, and who comes after waits behind it: for a moment only
        begun = time.monotonic()
        assert len(await reader.fetch("SELECT * FROM book", timeout=5)) == 3
        assert time.monotonic() - begun < 3
        with pytest.raises(SetupError, match=r"found the database busy 2 times.*It changed nothing"):
            await migrating
        assert len(told) == 1
        later = Run(project.url, place.revisions, place.wanted, patience=0.2, attempts=50, pause=0.1)
        migrating = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(later.up())))
        await asyncio.sleep(0.5)
        await transaction.rollback()
        assert len(await migrating) == 1
    finally:
        await holder.close()
        await reader.close()
    assert await asyncio.to_thread(project.sql, "SELECT pages FROM book") == [(7,)] * 3


async def test_an_index_is_made_beside_writers(postgres_url: str, tmp_path: Path) -> None:
    project = Project(tmp_path, postgres_url)
    await asyncio.to_thread(project.filled)
    project.declare("subtitle: str | None = Field(default=None, index=True)")
    await asyncio.to_thread(project.well, "make", "-m", "index")
    holder, writer = await asyncpg.connect(project.url), await asyncpg.connect(project.url)
    try:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("UPDATE book SET title = 'held' WHERE id = 1")
        migrating = asyncio.create_task(asyncio.to_thread(project.well, "up"))
        await asyncio.sleep(3)  # longer than others' locks are waited for
        assert not migrating.done()
        await writer.execute("UPDATE book SET title = 'written' WHERE id = 2", timeout=2)
        # Servers that start meanwhile wait for it, and it doesn't wait for them.
        starting = asyncio.create_task(asyncio.to_thread(started, project))
        await asyncio.sleep(0.3)
        await transaction.commit()
        assert "Ran 0002" in await migrating
        await starting
    finally:
        await holder.close()
        await writer.close()


def test_an_index_that_failed_can_be_made_later(project: Project) -> None:
    project.filled()
    project.declare(FIRST, arguments='__table_args__ = (sa.Index("one", "title", unique=True),)')
    assert "  may fail: rows that have the same (2 rows here)" in project.well("make", "-m", "unique")
    project.refused("up")
    project.sql("DELETE FROM book WHERE id = 3")
    project.well("up")
    assert project.well("check")
    with pytest.raises(sa.exc.IntegrityError):
        project.sql("INSERT INTO book (id, title) VALUES (9, 'Emma')")
    project.well("down", "0001")
    project.sql("INSERT INTO book (id, title) VALUES (9, 'Emma')")


def alembic(project: Project, *arguments: str, url: str = "") -> str:
    env = {**os.environ, "HEDGEROW_DATABASE_URL": url or project.url}
    command = [str(Path(sys.executable).parent / "alembic"), "-c", "migrations/alembic.ini", *arguments]
    done = subprocess.run(command, cwd=project.folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_alembic_itself_runs_the_folder(project: Project) -> None:
    project.filled()
    project.declare(PAGES, "subtitle: str | None = Field(default=None, index=True)")
    project.well("make", "-m", "pages")
    alembic(project, "upgrade", "head")
    assert alembic(project, "current").startswith("0003_")
    assert project.well("check") == "Models, scripts and database agree.\n"
    alembic(project, "downgrade", "base")
    assert not project.sql("SELECT * FROM alembic_version")
    alembic(project, "upgrade", "head")
    started(project)
    assert project.well("check") == "Models, scripts and database agree.\n"
    text = "".join(path.read_text() for path in (project.folder / "migrations").rglob("*.py"))
    assert "import hedgerow" not in text and "from hedgerow" not in text


@pytest.mark.parametrize("made_on", ["sqlite", "postgres"])
def test_a_script_that_was_made_on_one_database_runs_on_the_other(
    made_on: str, tmp_path: Path, postgres_url: str
) -> None:
    urls = {"sqlite": f"sqlite:///{tmp_path / 'here.db'}", "postgres": postgres_url}
    other = urls["postgres" if made_on == "sqlite" else "sqlite"]
    project = Project(tmp_path, urls[made_on])
    unique = '__table_args__ = (sa.UniqueConstraint("title"),)'
    more: Any = {"modules": "storage()"}
    first = [FIRST, 'team_id: int | None = Field(default=None, foreign_key="team.id")']
    project.declare(*first, "photos: list[File] = File.many()", arguments=unique, **more)
    project.well("make", "-m", "first")
    second = ["genre: Genre = Genre.poem", "cover: File | None = None", "price: Decimal | None = None"]
    project.declare(*second, "word: str | None = Field(default=None, index=True)", **more)
    allowed = ["book.subtitle", "book.team_id", "book.photos"]
    project.well("make", "-m", "second", *(part for name in allowed for part in ("--allow-drop", name)))
    for url in (urls[made_on], other):
        project.well("up", "0001", url=url)
        project.sql("INSERT INTO book (id, title, photos) VALUES (1, 'Emma', '[]')", url=url)
        project.well("up", url=url)
        assert project.books(url=url) == [(1, "Emma")]
        assert project.sql("SELECT genre FROM book", url=url) == [("poem",)]
        assert project.well("check", url=url) == "Models, scripts and database agree.\n"
        project.well("down", "base", url=url)
        project.well("up", url=url)


def test_a_new_database_needs_no_scripts(project: Project, tmp_path: Path) -> None:
    project.declare(FIRST)
    project.well("make", "-m", "first")
    started(project)
    assert project.well("up") == "The database has them all.\n"
    assert project.well("check") == "Models, scripts and database agree.\n"


def test_the_server_refuses_a_database_that_is_behind_and_says_what_mends_it(project: Project) -> None:
    project.filled()
    started(project)
    project.declare(FIRST, PAGES)
    with pytest.raises(SetupError, match=r"book\.pages is in the model.*\n.*hedgerow migrate make FILE"):
        started(project)
    project.well("make", "-m", "pages")
    with pytest.raises(
        SetupError, match=r"lacks 1 of the migrations .* from 0002_\w+ \(pages\) on\.\nRun `hedgerow migrate up"
    ):
        started(project)
    project.well("up")
    started(project)


def test_the_server_makes_no_table_that_a_script_would_make(project: Project) -> None:
    project.filled()
    more = """
    class Page(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)

        @access
        def rules(row, me):
            yield allow("anyone", "read")
    """
    project.declare(FIRST, more=more, others=", Page")
    with pytest.raises(SetupError, match="The table page is in the models, not in the database"):
        started(project)
    project.well("make", "-m", "pages")
    project.well("up")
    started(project)


def test_an_older_server_serves_what_a_newer_release_has_migrated(project: Project) -> None:
    project.filled()
    project.declare(FIRST, "pages: int | None = None")
    project.well("make", "-m", "pages")
    project.well("up")
    last_script(project).unlink()
    project.declare(FIRST)
    started(project)


def test_scripts_that_branch_are_refused(project: Project) -> None:
    project.filled()
    text = last_script(project).read_text()
    last_script(project).with_name("0009_x.py").write_text(text.replace("revision = '0001", "revision = '0009", 1))
    assert "branch" in project.refused("up")


def test_dev_adds_by_itself_and_drops_nothing(project: Project) -> None:
    project.declare(FIRST)
    started(project)
    project.sql("INSERT INTO book (id, title, subtitle) VALUES (1, 'Emma', 'x')")
    more = """
    class Page(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        book_id: int = Field(foreign_key="book.id", index=True)

        @access
        def rules(row, me):
            yield allow("anyone", "read")
    """
    project.declare(PAGES, "genre: Genre | None = Field(default=None, index=True)", more=more, others=", Page")
    told = keep_up(loaded(project))
    assert "Did create table page" in told
    assert "Did add column book.pages, rows that are there get 7" in told
    assert "Did create index ix_book_genre on book" in told
    assert "  drop column book.subtitle: loses all its values" in told
    assert any("hedgerow migrate make" in line for line in told)
    assert project.sql("SELECT subtitle, pages FROM book") == [("x", 7)]
    started(project)
    # What can't be done by itself is told, and the server says so too.
    project.declare(PAGES, "isbn: str")
    told = keep_up(loaded(project))
    assert "  set book.isbn NOT NULL" in told
    with pytest.raises(SetupError, match=r"book\.isbn is in the model"):
        started(project)


def test_dev_runs_scripts_and_what_it_did_before_is_not_done_twice(project: Project) -> None:
    project.filled()
    project.declare(FIRST, PAGES)
    assert keep_up(loaded(project)) == ["Did add column book.pages, rows that are there get 7"]
    assert "has all of it already" in project.well("make", "-m", "pages")
    assert project.well("check") == "Models, scripts and database agree.\n"
    # A colleague's script comes with the file.
    project.well("down", "0001")
    told = keep_up(loaded(project))
    assert len(told) == 1 and told[0].startswith("Ran 0002_")
    assert keep_up(loaded(project)) == []


def test_a_plan_changes_nothing(project: Project) -> None:
    project.filled()
    before = schema(project)
    project.declare(FIRST, PAGES)
    project.well("plan")
    assert schema(project) == before
    assert len(project.scripts) == 1


def test_a_plan_makes_no_database(tmp_path: Path) -> None:
    project = Project(tmp_path, f"sqlite:///{tmp_path / 'not' / 'there.db'}")
    project.declare(FIRST)
    assert "create table book" in project.well("plan")
    assert not (tmp_path / "not").exists()


async def test_a_folder_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    assert Revisions.beside(tmp_path / "app.py") is None
    await in_transaction(f"sqlite:///{tmp_path / 'x.db'}", lambda connection: None)
