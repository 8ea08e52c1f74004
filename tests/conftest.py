"""Both databases for every test that asks for `database`; a service that is missing skips loudly, and fails in CI."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest
import sqlalchemy as sa

from hedgerow import Actor, Backend, Settings
from hedgerow.server.storage.kept import blobs_of
from hedgerow.server.tables import prepare

from . import shop, world
from .post import Post
from .reference.databases import Databases

POSTGRES = os.environ.get("HEDGEROW_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test")
SECRET = "a secret for tests, of at least 32 bytes"
ADMIN = "an admin secret for tests, at least 32 bytes"
CLOCK = datetime(2026, 6, 1, 12, tzinfo=UTC)
BACKEND_ARGUMENTS = (
    "naming",
    "seed",
    "modules",
    "models",
    "query",
    "mutation",
    "subscription",
    "types",
    "extensions",
    "scalars",
)

# CI draws the same examples each time: what it says is of the change at hand. Each run by hand draws others.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    hypothesis.settings.load_profile("ci")


def missing(what: str) -> None:
    """A service that isn't there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and this is CI, where everything must be tested")
    pytest.skip(what)


async def _sql(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def new_postgres() -> Iterator[Any]:
    """Makes empty PostgreSQL databases, and drops them in the end."""
    names: list[str] = []

    def make(options: str = "", template: str = "template0") -> str:
        name = f"hedgerow_test_{uuid.uuid4().hex}"
        try:
            asyncio.run(_sql(POSTGRES, f'CREATE DATABASE "{name}" TEMPLATE "{template}" {options}'))
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            missing(f"PostgreSQL can't be reached at {POSTGRES} ({error}); set HEDGEROW_TEST_POSTGRES")
        names.append(name)
        return sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)

    yield make
    for name in names:
        asyncio.run(_sql(POSTGRES, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture(scope="session")
def sqlite_world(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('world') / 'world.db'}"
    asyncio.run(prepare(url, world.MODELS, world.seed))
    return url


@pytest.fixture(scope="session")
def postgres_world(new_postgres: Any) -> str:
    url = new_postgres()
    asyncio.run(prepare(url, world.MODELS, world.seed))
    return url


@pytest.fixture(scope="session")
def sqlite_shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}"
    asyncio.run(prepare(url, shop.MODELS, shop.seed))
    return url


@pytest.fixture(scope="session")
def postgres_shop(new_postgres: Any) -> str:
    url = new_postgres()
    asyncio.run(prepare(url, shop.MODELS, shop.seed))
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def shop_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The shop's database, a fresh copy for each test."""
    made = request.getfixturevalue(f"{request.param}_shop")
    if request.param == "sqlite":
        shutil.copy(made.removeprefix("sqlite:///"), tmp_path / "shop.db")
        yield f"sqlite:///{tmp_path / 'shop.db'}"
        return
    url = request.getfixturevalue("new_postgres")(template=sa.make_url(made).database)
    yield url
    asyncio.run(_sql(POSTGRES, f'DROP DATABASE "{sa.make_url(url).database}" WITH (FORCE)'))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def databases(
    request: pytest.FixtureRequest, new_postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    loop = asyncio.new_event_loop()
    postgres = new_postgres() if request.param == "postgres" else ""
    yield Databases(loop, tmp_path_factory.mktemp("reference"), postgres)
    loop.close()


@dataclass
class Counted:
    """A database that counts what it is asked; `commands` are those of transactions, a list for each run of one,
    `gathered` are statements over rows of parameters, each with how many rows.
    """

    inner: Any
    """The driver; `asked` is what stands before it."""
    asked: Any = None
    statements: list[str] = field(default_factory=list)
    gathered: list[tuple[str, int]] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.asked is None:
            self.asked, self.inner = self.inner, getattr(self.inner, "inner", self.inner)

    @property
    def dialect(self) -> Any:
        return self.inner.dialect

    async def fetch(self, sql: str, values: Any) -> bytes:
        self.statements.append(sql)
        return await self.asked.fetch(sql, values)

    async def read(self, statement: Any, values: Any) -> bytes:
        self.statements.append(statement.sql)
        return await self.asked.read(statement, values)

    async def fetch_many(self, statement: Any, rows: Any) -> list[bytes | Exception]:
        self.gathered.append((statement.sql, len(rows)))
        return await self.asked.fetch_many(statement, rows)

    async def explain(self, sql: str, values: Any) -> str:
        return await self.asked.explain(sql, values)

    def transaction(self) -> Any:
        return self.asked.transaction()

    async def write(self, alone: Any) -> bytes | None:
        self.commands.append([alone.statement.sql])
        return await self.asked.write(alone)

    async def transact(self, work: Any) -> Any:
        async def counted(transaction: Any) -> Any:
            self.commands.append([])
            return await work(CountedTransaction(transaction, self.commands[-1]))

        return await self.asked.transact(counted)


@dataclass
class CountedTransaction:
    inner: Any
    commands: list[str]

    async def run(self, script: Any) -> Any:
        return await self.inner.run(self._counted(script))

    async def fetch(self, sql: str, values: Any) -> bytes:
        self.commands.append(sql)
        return await self.inner.fetch(sql, values)

    def _counted(self, script: Any) -> Any:
        ask: Any = functools.partial(next, script)
        while True:
            try:
                command = ask()
            except StopIteration as stop:
                return stop.value
            self.commands.append(command.sql)
            try:
                rows = yield command
                ask = functools.partial(script.send, rows)
            except Exception as error:
                ask = functools.partial(script.throw, error)


def settings(url: str, **given: Any) -> Settings:
    return Settings(database_url=url, jwt_secret=SECRET, admin_secret=ADMIN, database_pool=4, **given)


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: this test runs on each."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    return request.getfixturevalue("new_postgres")()


@pytest.fixture
def postgres_url(new_postgres: Any) -> str:
    """An empty database of PostgreSQL."""
    return new_postgres()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The world's database: this test runs on each."""
    return request.getfixturevalue(f"{request.param}_world")


@pytest.fixture
async def backend(database_url: str) -> AsyncIterator[Backend]:
    """The world, served."""
    async with running(database_url) as made:
        yield made


def running(url: str, **given: Any) -> Any:
    """A started Backend of the world's models; `given` are arguments of Backend, or settings."""
    import contextlib

    backend_given = {name: given.pop(name) for name in BACKEND_ARGUMENTS if name in given}
    made = Backend(
        **{"models": world.MODELS, "clock": lambda: CLOCK, "settings": settings(url, **given), **backend_given}
    )

    @contextlib.asynccontextmanager
    async def run() -> AsyncIterator[Backend]:
        async with made.lifespan():
            made.engine.database = Counted(made.engine.database)
            yield made

    return run()


STRANGER = Actor()
ADMINISTRATOR = Actor(superuser=True)


def user(id: int, *roles: str, **claims: Any) -> Actor:
    return Actor(frozenset({"anyone", "user", *roles}), {"id": id, **claims})


@pytest.fixture(scope="session")
def s3_bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a bucket on a real S3 server, which all processes of a test run share."""
    from . import s3

    own = tmp_path_factory.getbasetemp()
    with s3.server(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) as address:
        yield address


@pytest.fixture
def s3_url(s3_bucket: str) -> str:
    """The address of an empty part of a bucket."""
    from . import s3

    return s3.below(s3_bucket, uuid.uuid4().hex)


@pytest.fixture(params=["disk", "s3"])
def blobs_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty place for blobs: this test runs on each."""
    if request.param == "disk":
        return f"file://{tmp_path / 'blobs'}"
    return request.getfixturevalue("s3_url")


@pytest.fixture
async def blobs(blobs_url: str) -> AsyncIterator[Any]:
    """An empty place for blobs."""
    made = blobs_of(blobs_url)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def same_blobs(blobs: Any, blobs_url: str) -> AsyncIterator[Any]:
    """The same place, as another process sees it: the two share nothing in memory."""
    made = blobs_of(blobs_url)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A real SMTP server."""
    made = Post()
    made.controller.start()
    try:
        yield made
    finally:
        made.controller.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
