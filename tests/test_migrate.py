"""Migrations on both databases: what the plan says of a change, what is refused, and that nothing is lost."""

from pathlib import Path
from typing import Any

import pytest

from .migrating import FIRST, Project


@pytest.fixture
def project(fresh_url: str, tmp_path: Path) -> Project:
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project", fresh_url)


def words(project: Project, *arguments: str) -> list[str]:
    return project.well("plan", *arguments).splitlines()


COPIED = "  locks: the one writer, while the table is copied"
ONE = "  locks: the one writer, for a moment"
MOMENT = "  locks: ACCESS EXCLUSIVE on book, for a moment: nothing is scanned or rewritten"
NOTHING = "  loses: nothing"
CHANGES: dict[str, tuple[tuple[str, ...], dict[str, str], list[str], list[str]]] = {
    "a column that may be null": (
        (FIRST, "pages: int | None = None"),
        {},
        ["add column book.pages", MOMENT, NOTHING],
        ["add column book.pages", ONE, NOTHING],
    ),
    "a column with a default": (
        (FIRST, "pages: int = 7"),
        {},
        ["add column book.pages, rows that are there get 7", MOMENT, NOTHING],
        ["add column book.pages, rows that are there get 7", ONE, NOTHING],
    ),
    "a column without": (
        (FIRST, "pages: int"),
        {},
        [
            "add column book.pages",
            MOMENT,
            NOTHING,
            "set book.pages NOT NULL",
            "  locks: ACCESS EXCLUSIVE on book while it is scanned",
            NOTHING,
            "  may fail: rows that have nothing in it, unless the script fills them (3 rows here)",
            "  hint: let one migration add it, fill it while the server runs, and have the next set NOT NULL",
        ],
        [
            "add column book.pages",
            ONE,
            NOTHING,
            "set book.pages NOT NULL",
            COPIED,
            NOTHING,
            "  may fail: rows that have nothing in it, unless the script fills them (3 rows here)",
            "  hint: let one migration add it, fill it while the server runs, and have the next set NOT NULL",
        ],
    ),
    "NOT NULL on nulls": (
        ("subtitle: str",),
        {},
        [
            "set book.subtitle NOT NULL",
            "  locks: ACCESS EXCLUSIVE on book while it is scanned",
            NOTHING,
            "  may fail: rows that have nothing in it, unless the script fills them (2 rows here)",
        ],
        [
            "set book.subtitle NOT NULL",
            COPIED,
            NOTHING,
            "  may fail: rows that have nothing in it, unless the script fills them (2 rows here)",
        ],
    ),
    "a column dropped": (
        (),
        {},
        ["drop column book.subtitle", MOMENT, "  loses: all its values (1 row here)"],
        ["drop column book.subtitle", COPIED, "  loses: all its values (1 row here)"],
    ),
    "another name": (
        ("motto: str | None = None",),
        {},
        [
            "add column book.motto",
            MOMENT,
            NOTHING,
            "drop column book.subtitle",
            MOMENT,
            "  loses: all its values (1 row here)",
            "  hint: if subtitle only has another name now, write --rename book.subtitle=motto",
        ],
        [
            "add column book.motto",
            ONE,
            NOTHING,
            "drop column book.subtitle",
            COPIED,
            "  loses: all its values (1 row here)",
            "  hint: if subtitle only has another name now, write --rename book.subtitle=motto",
        ],
    ),
    "an index": (
        ("subtitle: str | None = Field(default=None, index=True)",),
        {},
        [
            "create index ix_book_subtitle on book",
            "  locks: SHARE UPDATE EXCLUSIVE on book, beside those who read and write, while it is scanned twice",
            NOTHING,
        ],
        ["create index ix_book_subtitle on book", "  locks: the one writer, while the table is scanned", NOTHING],
    ),
    "unique on duplicates": (
        (FIRST,),
        {"arguments": '__table_args__ = (sa.UniqueConstraint("title"),)'},
        [
            "make unique book (title)",
            "  locks: ACCESS EXCLUSIVE on book while its index is made",
            NOTHING,
            "  may fail: rows that have the same (2 rows here)",
        ],
        ["make unique book (title)", COPIED, NOTHING, "  may fail: rows that have the same (2 rows here)"],
    ),
    "a foreign key": (
        (FIRST, 'team_id: int | None = Field(default=None, foreign_key="team.id")'),
        {},
        [
            "add column book.team_id",
            MOMENT,
            NOTHING,
            "have book (team_id) lead to team",
            "  locks: SHARE ROW EXCLUSIVE on book and team while book is scanned",
            NOTHING,
            "  may fail: rows that lead to no row of team",
        ],
        [
            "add column book.team_id",
            ONE,
            NOTHING,
            "have book (team_id) lead to team",
            COPIED,
            NOTHING,
            "  may fail: rows that lead to no row of team",
        ],
    ),
    "a table": (
        (FIRST,),
        {
            "more": """
            class Page(Base, table=True):
                id: int | None = Field(default=None, primary_key=True)
                book_id: int = Field(foreign_key="book.id")

                @access
                def rules(row, me):
                    yield allow("anyone", "read")
            """,
            "others": ", Page",
        },
        ["create table page", "  locks: SHARE ROW EXCLUSIVE on book, for a moment", NOTHING],
        ["create table page", ONE, NOTHING],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_plan_says_what_a_change_locks_loses_and_may_fail_by(project: Project, change: str) -> None:
    columns, more, on_postgres, on_sqlite = CHANGES[change]
    project.filled()
    project.declare(*columns, **more)
    assert words(project) == (on_postgres if project.postgres else on_sqlite)


def with_word(project: Project, column: str) -> None:
    """Books get another column."""
    project.filled()
    project.declare(FIRST, column)
    project.well("make", "-m", "word")
    project.well("up")


def test_the_plan_says_what_a_narrower_type_means(project: Project) -> None:
    with_word(project, "word: str | None = Field(default=None, max_length=9)")
    project.sql("UPDATE book SET word = 'longer' WHERE id < 3")
    project.declare(FIRST, "word: str | None = Field(default=None, max_length=3)")
    assert words(project) == [
        "change type of book.word from VARCHAR(9) to VARCHAR(3)",
        "  locks: ACCESS EXCLUSIVE on book while it and its indexes are rewritten" if project.postgres else COPIED,
        NOTHING,
        "  may fail: values that are longer, which PostgreSQL refuses and SQLite keeps (2 rows here)",
    ]
    project.refused("make", "-m", "shorter")
    project.well("make", "-m", "shorter", "--allow-drop", "book.word")
    if project.postgres:
        assert "value too long" in project.refused("up")
        project.sql("UPDATE book SET word = 'a'")
    project.well("up")
    project.declare(FIRST, "word: str | None = Field(default=None, max_length=30)")
    assert words(project)[1:] == [MOMENT if project.postgres else COPIED, NOTHING]


def test_a_type_that_values_must_become(project: Project) -> None:
    with_word(project, "word: str | None = None")
    project.sql("UPDATE book SET word = '12'")
    project.declare(FIRST, "word: int | None = None")
    assert "  loses: what the new type can't hold" in words(project)
    project.well("make", "-m", "number", "--allow-drop", "book.word")
    project.well("up")
    assert project.sql("SELECT DISTINCT word FROM book") == [(12,)]
    project.well("down", "0002")
    assert project.sql("SELECT DISTINCT word FROM book") == [("12",)]


@pytest.mark.parametrize(
    ("columns", "more"),
    [
        ((FIRST, "pages: int | None = None"), {}),
        ((FIRST, "pages: int = 7", "open: bool = False", 'word: str = "it\'s: so"'), {}),
        ((FIRST, "tags: list[str] = Field(default_factory=list, sa_type=sa.JSON)"), {}),
        ((FIRST, "genre: Genre = Genre.poem", "price: float = 1.5"), {}),
        ((FIRST, "kind: Genre | None = None", "amount: Decimal | None = None"), {}),
        (("subtitle: str = 'none'",), {}),
        (("subtitle: str | None = Field(default=None, index=True)",), {}),
        (("subtitle: str | None = Field(default=None, max_length=99)",), {}),
        ((FIRST, 'team_id: int | None = Field(default=None, foreign_key="team.id", index=True)'), {}),
        ((FIRST,), {"arguments": '__table_args__ = (sa.UniqueConstraint("title", "subtitle"),)'}),
        (CHANGES["a table"][0], CHANGES["a table"][1]),
    ],
)
def test_up_and_down_keep_every_row(project: Project, columns: Any, more: Any) -> None:
    project.filled()
    rows = project.sql("SELECT id, title, subtitle FROM book ORDER BY id")
    project.declare(*columns, **more)
    allowed = ["--allow-drop", "book.subtitle"]
    project.well("make", "-m", "second", *allowed)
    project.well("up")
    assert project.well("check") == "Models, scripts and database agree.\n"
    after = project.sql("SELECT id, title, subtitle FROM book ORDER BY id")
    assert [row[:2] for row in after] == [row[:2] for row in rows]
    assert [row[2] or "none" for row in after] == [row[2] or "none" for row in rows]
    project.sql("INSERT INTO team (id, name) VALUES (9, 'green')")
    project.well("down", "0001")
    project.declare(FIRST)
    back = project.sql("SELECT id, title, subtitle FROM book ORDER BY id")
    assert [row[:2] for row in back] == [row[:2] for row in rows]
    assert project.sql("SELECT count(*) FROM team") == [(3,)]
    # And up again, on the very same rows.
    project.declare(*columns, **more)
    project.well("up")
    assert project.well("check") == "Models, scripts and database agree.\n"


def test_defaults_of_models_are_what_rows_get(project: Project) -> None:
    project.filled()
    project.declare(FIRST, "pages: int = 7", "open: bool = False", "genre: Genre = Genre.poem")
    project.well("make", "-m", "more")
    project.well("up")
    rows = project.sql("SELECT pages, open, genre FROM book")
    assert [(pages, bool(opened), genre) for pages, opened, genre in rows] == [(7, False, "poem")] * 3
    # What is written later is the model's business: the database has no default of its own.
    with pytest.raises(Exception, match=r"(?i)null"):
        project.sql("INSERT INTO book (id, title) VALUES (4, 'x')")


def test_a_place_for_filling_is_in_the_script(project: Project) -> None:
    project.filled()
    project.declare(FIRST, "pages: int")
    project.well("make", "-m", "pages")
    script = project.scripts[-1]
    assert '# op.execute("UPDATE book SET pages = ... WHERE pages IS NULL")' in script
    told = project.refused("up")
    assert "(pages) failed, and changed nothing" in told
    path = sorted((project.folder / "migrations" / "versions").glob("0002*"))[0]
    path.write_text(
        script.replace('# op.execute("UPDATE book SET pages = ...', 'op.execute("UPDATE book SET pages = 3')
    )
    project.well("up")
    assert project.sql("SELECT DISTINCT pages FROM book") == [(3,)]


def test_what_loses_data_is_refused_until_it_is_allowed_by_name(project: Project) -> None:
    project.filled()
    project.declare()
    told = project.refused("make", "-m", "less")
    assert "drop column book.subtitle: loses all its values" in told
    assert "--allow-drop book.subtitle" in told
    assert len(project.scripts) == 1
    project.refused("make", "-m", "less", "--allow-drop", "book.title")
    project.well("make", "-m", "less", "--allow-drop", "book.subtitle")
    project.well("up")
    assert project.well("check")


def test_a_renamed_column_keeps_its_values(project: Project) -> None:
    project.filled()
    project.declare("motto: str | None = None")
    assert "--rename book.subtitle=motto" in project.refused("make", "-m", "motto")
    assert words(project, "--rename", "book.subtitle=motto")[0] == "rename column book.subtitle to motto"
    project.well("make", "-m", "motto", "--rename", "book.subtitle=motto")
    project.well("up")
    assert project.sql("SELECT motto FROM book ORDER BY id") == [(None,), ("x",), (None,)]
    project.well("down", "0001")
    assert project.sql("SELECT subtitle FROM book ORDER BY id") == [(None,), ("x",), (None,)]


@pytest.mark.parametrize(
    "rename", ["book.nothing=motto", "book.subtitle=other", "nothing.a=b", "book.title", "=", "a=b"]
)
def test_renames_of_what_is_not_there_are_refused(project: Project, rename: str) -> None:
    project.filled()
    project.declare("motto: str | None = None")
    assert "--rename" in project.refused("plan", "--rename", rename)


@pytest.mark.parametrize("message", ['a"b', "a\nb", "a\\", "", "x" * 121, "${1+1}", "<% %>", "% a"])
def test_a_message_is_plain(project: Project, message: str) -> None:
    project.declare(FIRST)
    assert "-m is at most 120 plain characters" in project.refused("make", "-m", message)
    assert not (project.folder / "migrations").exists()


def test_check_tells_what_does_not_fit(project: Project) -> None:
    project.filled()
    project.declare(FIRST, "pages: int | None = None")
    told = project.refused("check")
    assert told == "no script: add column book.pages not in the database: add column book.pages"
    project.well("make", "-m", "pages")
    told = project.refused("check")
    assert told.startswith("not run: 0002_") and "not in the database: add column book.pages" in told
    project.well("up")
    assert project.well("check") == "Models, scripts and database agree.\n"


def test_a_database_that_was_there_before_is_where_scripts_begin(project: Project) -> None:
    project.filled()
    project.sql("DROP TABLE alembic_version")
    for path in (project.folder / "migrations" / "versions").glob("*.py"):
        path.unlink()
    project.declare(FIRST, "pages: int | None = None")
    project.well("make", "-m", "pages")
    assert len(project.scripts) == 2
    assert "as the database was" in project.scripts[0]
    project.well("up")
    assert project.well("check") == "Models, scripts and database agree.\n"
    assert len(project.books()) == 3


def test_a_database_that_says_nothing_is_asked_about(project: Project) -> None:
    project.filled()
    project.declare(FIRST, "pages: int | None = None")
    project.well("make", "-m", "pages")
    project.sql("DROP TABLE alembic_version")
    assert "--at REVISION" in project.refused("up")
    assert "There is no one migration 7" in project.refused("up", "--at", "7")
    project.well("up", "--at", "0001")
    assert project.well("check") == "Models, scripts and database agree.\n"


def test_without_scripts_it_is_said_how_to_write_one(project: Project) -> None:
    project.declare(FIRST)
    assert "hedgerow migrate make" in project.refused("up")
    assert "hedgerow migrate make" in project.refused("down", "base")


def test_unknown_revisions_are_refused(project: Project) -> None:
    project.filled()
    assert "There is no one migration 9" in project.refused("up", "9")
    assert "There is no one migration 9" in project.refused("down", "9")
