"""Tables are made when missing, left alone when there, and refused when they don't fit, on both databases."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

from hedgerow import Backend, SetupError, access, allow
from hedgerow.server.sqlite_connection import connect
from hedgerow.server.tables import prepare

from .conftest import STRANGER, settings


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'folder' / 'data.db'}"
    return request.getfixturevalue("new_postgres")()


def model(**columns: Any) -> type[SQLModel]:
    """A table `shelf` in a registry of its own, so that a second version of it can be declared."""
    own = registry()
    base: Any = type("Base", (SQLModel,), {"metadata": own.metadata, "__module__": __name__}, registry=own)

    def rules(row: Any, me: Any) -> Any:
        yield allow("anyone", "read")

    annotations = {"id": int | None, **{name: kind for name, (kind, _) in columns.items()}}
    fields = {"id": Field(default=None, primary_key=True), **{name: field for name, (_, field) in columns.items()}}
    body = {"__annotations__": annotations, "__module__": __name__, "rules": access(rules), **fields}
    return type("Shelf", (base,), body, table=True)


FIRST = {"name": (str, Field()), "at": (datetime | None, Field(default=None))}


async def test_missing_tables_are_made_and_seeded_once(url: str) -> None:
    seeded: list[int] = []
    shelf = model(**FIRST)

    def seed(session: Session) -> None:
        seeded.append(1)
        session.add(shelf(name="first"))

    for _ in range(2):
        backend = Backend(models=[shelf], settings=settings(url), seed=seed)
        async with backend.lifespan():
            answer = await backend.session(STRANGER).query("{ shelves { name } }")
    assert answer == {"shelves": [{"name": "first"}]}
    assert seeded == [1]


async def test_a_seed_that_fails_leaves_nothing(url: str) -> None:
    def seed(session: Session) -> None:
        session.add(model(**FIRST)(name="half"))
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await prepare(url, [model(**FIRST)], seed)
    later: list[int] = []
    await prepare(url, [model(**FIRST)], lambda session: later.append(1))
    assert later == [1]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ({**FIRST, "width": (int, Field())}, "shelf.width is in the model, not in the database."),
        ({**FIRST, "name": (int, Field())}, "shelf.name is VARCHAR"),
        ({**FIRST, "at": (datetime, Field())}, "shelf.at may be null in the database, not in the model."),
    ],
)
async def test_what_does_not_fit_is_refused_with_the_difference(url: str, second: dict[str, Any], told: str) -> None:
    await prepare(url, [model(**FIRST)], None)
    with pytest.raises(SetupError) as refused:
        await prepare(url, [model(**second)], None)
    assert told in str(refused.value)
    await prepare(url, [model(**FIRST)], None)


async def test_a_table_may_have_more_than_its_model(url: str) -> None:
    await prepare(url, [model(**FIRST, width=(int | None, Field(default=None)))], None)
    await prepare(url, [model(**FIRST)], None)


async def test_two_processes_may_start_at_once(url: str) -> None:
    seeded: list[int] = []

    def seed(session: Session) -> None:
        seeded.append(1)

    await asyncio.gather(*(prepare(url, [model(**FIRST)], seed) for _ in range(4)))
    assert seeded == [1]


async def test_tables_that_foreign_keys_name_are_made_too(url: str) -> None:
    shelf = model(**FIRST)
    sa.Table("book", shelf.metadata, sa.Column("shelf_id", sa.ForeignKey("shelf.id"), primary_key=True))
    await prepare(url, [shelf], None)


def test_many_open_a_new_file_of_sqlite_at_once(tmp_path: Path) -> None:
    def opened(path: Path, barrier: threading.Barrier) -> None:
        barrier.wait()
        connect(path, read_only=False).close()

    with ThreadPoolExecutor(8) as threads:
        for number in range(40):
            barrier = threading.Barrier(8)
            for done in [threads.submit(opened, tmp_path / f"{number}.db", barrier) for _ in range(8)]:
                done.result()
