"""GraphQL clients as their users install them (tests/clients, from npm), against a real server.

Needs Node and npm; without them, or where npm can't install, it skips and says so, and with CI=true it fails.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from typer.testing import CliRunner

from hedgerow import Backend, Module
from hedgerow.server.callers import make_token
from hedgerow.server.cli import app

from . import shop
from .conftest import CLOCK, SECRET, missing, settings
from .node import CLIENTS
from .serving import serving
from .test_gone import ENDLESS, WAIT
from .world import MODELS

TRIPS = Path(__file__).parents[1] / "examples" / "trips"
DATABASES = ("sqlite", "postgres")
AUDITS = 61

CAMEL = {
    "urql": [
        "a query",
        "variables and fragments",
        "a query by GET",
        "an error with its code",
        "an error with its path",
        "who is not signed in",
        "deferred fields",
        "a subscription by server-sent events",
        "a query that is given up",
    ],
    "apollo": [
        "a query",
        "variables and fragments",
        "a query by GET",
        "queries in a batch",
        "an error with its code",
        "who is not signed in",
        "a query that is given up",
        "a watched query that is left",
    ],
    "relay": [
        "the schema keeps the rules of connections",
        "a schema that wants an argument of pages breaks them",
        "pages forwards",
        "pages backwards and forwards through a node",
        "a connection of each row of a page",
        "a fragment on any node is fetched again",
        "a node that may not be read",
    ],
}
REFINES = [
    "eq",
    "ne",
    "lt",
    "lte",
    "gt",
    "gte",
    "in",
    "nin",
    "contains",
    "ncontains",
    "containss",
    "ncontainss",
    "null",
    "nnull",
    "or",
    "and",
    "startswith",
    "nstartswith",
    "endswith",
    "nendswith",
    "startswiths",
    "nstartswiths",
    "endswiths",
    "nendswiths",
]
"""The operators that refine's provider supports, but for `not`."""
HASURA = {
    "refine": [
        "getOne by a number",
        "getOne by a UUID",
        "getOne of what is not there",
        "getMany",
        "getMany by UUIDs",
        "getOne of one's own query",
        "getMany of one's own query",
        "an error with its code",
        *(f"getList with the operator {operator}" for operator in REFINES),
        "getList with the operator not is refused, as by Hasura",
        "getList with what is no pattern",
        "getList without anything",
        "getList with a page",
        "getList with pages of the client's",
        "getList with no filter and no order",
        "getList with an order",
        "getList with orders",
        "getList with an order through a relation",
        "getList with filters",
        "getList with one of several",
        "getList with null",
        "getList with every operator that compares",
        "getList with a filter through a relation",
        "getList with a filter through a list",
    ],
    "react-admin": [
        "a backend that is only read has resources",
        "getOne by a number",
        "getOne by a UUID",
        "getOne of every type of value",
        "what cannot be written is told",
        "who is not signed in",
        "getList of a page",
        "getList in an order",
        "getList in an order with nulls",
        "getList in orders",
        "getList in an order through a relation",
        "getList in orders through relations",
        "getList of what differs",
        "getList with every suffix",
        "getList through relations of relations",
        "getList through relations, one of several",
        "getList with JSON",
        "getList with a text",
        "getList with values",
        "getList with lists",
        "getList with one of several",
        "getList through a relation",
        "getList through a list",
        "getList with a filter as it is",
        "getMany",
        "getManyReference",
        "getManyReference with a filter",
        "getManyReference through a relation",
    ],
    "relay-hasura": [
        "the schema keeps the rules of connections",
        "pages forwards",
        "a fragment is fetched again through its node",
    ],
}
WRITES = {
    "urql-writes": [
        "a mutation is posted",
        "a mutation makes its queries be asked anew",
        "an error with its code, path and input",
        "a conflict",
    ],
    "apollo-writes": ["a mutation", "a mutation updates the cache", "a conflict with its code"],
    "relay-writes": ["a mutation updates the store", "a create of several rows", "a delete", "a refusal"],
    "refine-writes": [
        "create",
        "createMany",
        "update",
        "update of what is not there",
        "updateMany",
        "deleteOne",
        "deleteMany",
        "a nested create",
        "a mutation of one's own",
        "a clash",
        "faults of a form",
    ],
    "react-admin-writes": [
        "create",
        "create of every type of value",
        "update",
        "updateMany",
        "delete",
        "deleteMany",
        "a clash",
    ],
}
"""Clients that write, to a shop of their own, each case to what those before it left."""
LIVE = {
    "ws": [
        "a subscription hears what another client writes",
        "a query and a mutation",
        "an error with its code",
        "a connection that breaks is made anew",
        "who is refused comes back with a new token",
        "pings are answered",
        "who completes hears no more",
        "the old protocol is refused",
        "a page of a foreign origin is refused",
        "a message that is too large ends the connection",
    ],
    "sse": [
        "a subscription hears what another client writes",
        "a query and a mutation",
        "an error with its code",
        "who is not who it says gets a status",
        "several subscriptions at once",
    ],
    "urql-live": ["a subscription over WebSocket", "a subscription by events", "an error with its code"],
    "apollo-live": ["a subscription", "a query that goes on as a subscription", "an error with its code"],
}
"""Clients that subscribe, to a shop that they write to as well."""
CASES = {**CAMEL, **HASURA, **WRITES, **LIVE}
SHOP = frozenset({*WRITES, *LIVE})
IN_HASURA = frozenset({*HASURA, "refine-writes", "react-admin-writes"})
COMPILED = frozenset({"relay", "relay-hasura", "relay-writes"})
"""The clients that are built against the schema."""


class Endless(Module):
    """Lets clients know of statements on tags, which never end: /begun and /ended wait for one to have done so."""

    name = "endless"

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def routes(self) -> list[Route]:
        def waits(semaphore: threading.Semaphore) -> Any:
            async def wait(_: Any) -> PlainTextResponse:
                done = await asyncio.to_thread(semaphore.acquire, timeout=WAIT)
                return PlainTextResponse("yes" if done else "no", 200 if done else 504)

            return wait

        return [Route("/begun", waits(self.begun)), Route("/ended", waits(self.ended))]

    def wrap(self, backend: Backend) -> None:
        database = backend.engine.database
        inner = database.read
        endless = ENDLESS["sqlite" if backend.engine.database.dialect.name == "sqlite" else "postgresql"]

        async def read(statement: Any, values: Any) -> bytes:
            if "tag" not in statement.sql:
                return await inner(statement, values)
            self.begun.release()
            try:
                return await database.fetch(endless, ())
            finally:
                self.ended.release()

        database.read = read  # type: ignore[method-assign]


@dataclass
class Runner:
    """Runs each client once, against a server of its own, and keeps what became of its cases in `folder`."""

    request: pytest.FixtureRequest
    folder: Path

    def results(self, client: str, database: str) -> dict[str, Any]:
        kept = self.folder / f"{client}-{database}.json"
        with kept.open("a+") as only_one:
            fcntl.flock(only_one, fcntl.LOCK_EX)
            if kept.stat().st_size == 0:
                kept.write_text(json.dumps(self._run(client, self._database(client, database))))
            return json.loads(kept.read_text())

    def _database(self, client: str, database: str) -> str:
        if client not in SHOP:
            return self.request.getfixturevalue(f"{database}_world")
        made = self.request.getfixturevalue(f"{database}_shop")
        if database == "postgres":
            return self.request.getfixturevalue("new_postgres")(template=sa.make_url(made).database)
        return f"sqlite:///{shutil.copy(made.removeprefix('sqlite:///'), self.folder / f'{client}.db')}"

    def _run(self, client: str, url: str) -> dict[str, Any]:
        limits = settings(url, statement_timeout=3600, max_batch=10, ping_interval=0.2)
        endless = Endless()
        naming: Any = "hasura" if client in IN_HASURA else "camel"
        models, roles = (shop.MODELS, ["clerk"]) if client in SHOP else (MODELS, ["user"])
        backend = Backend(models, modules=[endless], naming=naming, clock=lambda: CLOCK, settings=limits)
        token = make_token(SECRET, roles, {"id": 1}, CLOCK + timedelta(days=1))
        with serving(backend) as port:
            if client in CAMEL:
                endless.wrap(backend)
            where = {"url": f"http://127.0.0.1:{port}", "token": token}
            if client in COMPILED:
                where["schema"] = str(self._printed(client, naming, models, roles[0]))
            done = subprocess.run(
                ["node", "run.mjs", f"{client}.mjs", json.dumps(where)],
                cwd=CLIENTS,
                env={**os.environ, "TMPDIR": str(self.folder)},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def _printed(self, client: str, naming: str, models: list[Any], role: str) -> Path:
        """The file of what `hedgerow schema` prints for Ada, who the clients are."""
        file = self.folder / f"{client.replace('-', '_')}.py"
        file.write_text(
            f"from hedgerow import Backend\nfrom {models[0].__module__} import MODELS\n"
            f"backend = Backend(MODELS, naming={naming!r})\n"
        )
        done = CliRunner().invoke(app, ["schema", str(file), "--role", role])
        assert done.exit_code == 0, done.output
        kept = file.with_suffix(".graphql")
        kept.write_text(done.stdout)
        return kept

    def check(self, client: str, database: str, case: str) -> None:
        result = self.results(client, database)[case]
        sent = "\n".join(f"{each['method']} {each['query']}\n{each.get('variables')}" for each in result["sent"][-1:])
        assert result["passed"], f"{result['error']}\n\nThe client's last request:\n{sent}"


def install(folder: Path) -> None:
    """What a folder's package-lock.json names, installed by npm when it isn't there or is other."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        missing("CLIENTS NOT TESTED: there is no node or no npm (Debian: nodejs, npm)")
    lock = folder / "package-lock.json"
    made = folder / "node_modules" / ".package-lock.json"
    with lock.open() as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        if made.exists() and made.stat().st_mtime >= lock.stat().st_mtime:
            return
        command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        except subprocess.TimeoutExpired:
            missing("CLIENTS NOT TESTED: npm ci takes longer than five minutes")
            return
        if done.returncode != 0:
            missing(f"CLIENTS NOT TESTED: npm ci failed in {folder}: {done.stderr.strip()[-500:]}")
        made.touch()


@pytest.fixture(scope="session")
def installed() -> None:
    """The clients of tests/clients/package-lock.json."""
    install(CLIENTS)


@pytest.fixture(scope="session")
def clients(
    installed: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, testrun_uid: str
) -> Runner:
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent  # all workers' own
    folder = folder / f"clients-{testrun_uid}"
    folder.mkdir(exist_ok=True)
    return Runner(request, folder)


def each(cases: dict[str, list[str]]) -> list[Any]:
    """Every case on every database."""
    return [
        pytest.param(client, database, case)
        for client, names in cases.items()
        for database in DATABASES
        for case in names
    ]


pytestmark = pytest.mark.timeout(420)


@pytest.mark.parametrize("database", DATABASES)
def test_every_audit_of_graphql_over_http_passes(clients: Runner, database: str) -> None:
    results = clients.results("audits", database)
    assert len(results) == AUDITS
    assert not {name: result["error"] for name, result in results.items() if not result["passed"]}


@pytest.mark.parametrize(("client", "database", "case"), each(CASES))
def test_clients(clients: Runner, client: str, database: str, case: str) -> None:
    clients.check(client, database, case)


@pytest.mark.parametrize("client", [*CASES])
@pytest.mark.parametrize("database", DATABASES)
def test_no_case_is_forgotten(clients: Runner, client: str, database: str) -> None:
    assert set(clients.results(client, database)) == set(CASES[client])


@pytest.mark.parametrize("folder", [CLIENTS, TRIPS], ids=lambda each: each.name)
def test_the_lock_file_names_no_registry(folder: Path) -> None:
    text = (folder / "package-lock.json").read_text()
    assert "resolved" not in text
    assert all(package.get("integrity") for name, package in json.loads(text)["packages"].items() if name)
