"""What alembic does not look at by itself: labels of enums, types that stay behind, what is unique without a name, and
what a script leaves that runs in no transaction.
"""

from pathlib import Path

import pytest

from hedgerow import SetupError
from hedgerow.server.migrations.developing import keep_up

from .migrating import FIRST, Project
from .test_migrate_running import loaded, started

GENRE = "genre: Genre = Genre.poem"
KIND = "kind: Genre = Genre.essay"


@pytest.fixture
def project(fresh_url: str, tmp_path: Path) -> Project:
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project", fresh_url)


@pytest.fixture
def on_postgres(postgres_url: str, tmp_path: Path) -> Project:
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project", postgres_url)


def with_essays(project: Project, *columns: str) -> None:
    """Has the enum two members more, one amid the others."""
    project.declare(*columns)
    text = project.file.read_text()
    project.file.write_text(text.replace("    poem = 2\n", "    essay = 3\n    poem = 2\n    play = 4\n"))


def labels(project: Project) -> list[str]:
    return [row[0] for row in project.sql("SELECT unnest(enum_range(NULL::genre))::text")]


def test_labels_are_added_at_their_place_and_used_at_once(on_postgres: Project) -> None:
    project = on_postgres
    project.declare(FIRST, GENRE)
    project.well("make", "-m", "first")
    project.well("up")
    project.sql("INSERT INTO book (id, title, genre) VALUES (1, 'Emma', 'novel')")
    with_essays(project, FIRST, GENRE, KIND)
    with pytest.raises(SetupError, match="no label essay, play in the database"):
        started(project)
    plan = project.well("plan")
    assert "add label essay to type genre before poem" in plan
    assert "add label play to type genre\n" in plan
    project.well("make", "-m", "essays")
    project.well("up")
    assert labels(project) == ["novel", "essay", "poem", "play"]
    assert project.sql("SELECT kind FROM book") == [("essay",)], "the same script gives rows that are there the new one"
    assert project.well("check") == "Models, scripts and database agree.\n"
    started(project)
    project.well("down", "0001")
    project.well("up")
    assert labels(project) == ["novel", "essay", "poem", "play"]


def test_labels_of_a_database_without_scripts(on_postgres: Project) -> None:
    project = on_postgres
    project.declare(FIRST, GENRE)
    started(project)
    with_essays(project, FIRST, GENRE)
    assert "add label essay to type genre before poem" in project.well("plan")
    project.well("make", "-m", "essays")
    project.well("up")
    assert labels(project) == ["novel", "essay", "poem", "play"]
    assert project.well("check") == "Models, scripts and database agree.\n"


def test_dev_adds_labels(on_postgres: Project) -> None:
    project = on_postgres
    project.declare(FIRST, GENRE)
    started(project)
    with_essays(project, FIRST, GENRE, KIND)
    assert "Did add label essay to type genre before poem" in keep_up(loaded(project))
    assert labels(project) == ["novel", "essay", "poem", "play"]
    started(project)


def test_up_again_after_all_was_undone(project: Project) -> None:
    project.declare(FIRST, GENRE)
    project.well("make", "-m", "first")
    project.well("up")
    project.well("down", "base")
    project.well("up")
    project.sql("INSERT INTO book (id, title, genre) VALUES (1, 'Emma', 'novel')")
    # A type that another column has stays.
    project.declare(FIRST, GENRE, "kind: Genre | None = None")
    project.well("make", "-m", "second")
    project.well("up")
    project.well("down", "0001")
    assert project.sql("SELECT genre FROM book") == [("novel",)]
    project.well("up")
    assert project.well("check") == "Models, scripts and database agree.\n"


def test_what_is_unique_no_more(project: Project) -> None:
    project.declare("subtitle: str | None = Field(default=None, unique=True)", "pages: int | None = Field(unique=True)")
    started(project)
    project.sql("INSERT INTO book (id, title, subtitle, pages) VALUES (1, 'Emma', 'same', 1)")
    project.declare(FIRST, "pages: int | None = Field(unique=True)")
    plan = project.well("plan")
    assert plan.splitlines()[0] == "drop constraint book_subtitle_key of book"
    assert "pages" not in plan
    project.well("make", "-m", "no more")
    project.well("up")
    assert project.well("check") == "Models, scripts and database agree.\n"
    project.sql("INSERT INTO book (id, title, subtitle, pages) VALUES (2, 'Emma', 'same', 2)")
    with pytest.raises(Exception, match=r"(?i)unique"):
        project.sql("INSERT INTO book (id, title, subtitle, pages) VALUES (3, 'Emma', 'same', 2)")


def test_an_index_that_is_half_made_is_not_called_nothing(on_postgres: Project) -> None:
    project = on_postgres
    project.filled()
    project.declare(FIRST, arguments='__table_args__ = (sa.Index("one_title", "title", unique=True),)')
    project.well("make", "-m", "one title")
    told = project.refused("up")
    assert "changed nothing" not in told
    assert "an index that is half made" in told
    assert project.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_title'::regclass") == [(False,)]
    project.sql("UPDATE book SET title = 'Lady Susan' WHERE id = 3")
    project.well("up")
    assert project.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_title'::regclass") == [(True,)]
