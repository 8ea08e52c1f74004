"""A typed client in TypeScript, as docs/typescript.md makes it: generated from what `hedgerow schema` prints, checked
by tsc, and run against a server that answers its documents only. Needs node and npm, see test_clients.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import registry
from sqlmodel import SQLModel
from typer.testing import CliRunner

from hedgerow import Backend
from hedgerow.schema.names import NAMINGS, UPLOAD
from hedgerow.schema.types import Kind, Type
from hedgerow.server.callers import make_token
from hedgerow.server.cli import app as commands
from hedgerow.server.load import load

from . import test_cli as cli
from .conftest import SECRET, settings
from .serving import serving
from .test_clients import TRIPS, install

DOCS = Path(__file__).parents[1] / "docs" / "typescript.md"
BUILT_IN = {"Int", "Float", "String", "Boolean"}
WRONG = """\
import { Trip, Trips, TripRow } from "./documents.js";
import { graphql, useFragment } from "./generated/index.js";
import type { TripCreate, TripQuery } from "./generated/graphql.js";
import { connect } from "./client.js";

const client = connect("http://127.0.0.1", "");
const { data } = await client.query(Trip, { id: "0b8f8b0e-3b0f-4c1f-9d5c-6f3c1c5d2a10" });
const trip = data?.trip as NonNullable<TripQuery["trip"]>;
const row = useFragment(TripRow, trip);
export const fine = [row.title, trip.leftAt.length, row.cost.length, Object.keys(trip), data?.trip?.photo?.url];
export const wrong = [
  trip.titel, // WRONG: no such field
  trip.title, // WRONG: asked for by the fragment, and not here
  trip.ownerId, // WRONG: not asked for
  row.cost.toFixed(2), // WRONG: a Decimal is a string
  trip.odometer + 1, // WRONG: a BigInt may be a string
  trip.leftAt.getTime(), // WRONG: a DateTime is a string
  trip.took.length, // WRONG: it may be null
  trip.extras.snacks, // WRONG: JSON may be anything
  row.mood === "CALMLY", // WRONG: no such mood
  await client.query(Trip, {}), // WRONG: a variable is missing
  await client.query(Trip, { id: 1 }), // WRONG: a UUID is a string
  await client.query(Trips, { where: { titel: { _eq: "" } } }), // WRONG: no such column
  await client.query(Trips, { where: { day: { _like: "" } } }), // WRONG: no such operator
];
const without: TripCreate = { title: "", day: "2026-06-01" }; // WRONG: leftAt is missing
const photo: TripCreate = { title: "", day: "", leftAt: "", photo: "a.png" }; // WRONG: a file is an Upload
const preset: TripCreate = { title: "", day: "", leftAt: "", ownerId: 1 }; // WRONG: preset by the rule
export const given = [without, photo, preset, new Blob([]) satisfies NonNullable<TripCreate["photo"]>];
export const unknown = graphql(`query Unseen { trips { id } }`) satisfies never; // WRONG: not generated
"""
READ = {
    "leftAt": "2026-06-01T04:00:00+00:00",
    "arrivedAt": "2026-06-01T11:15:00",
    "took": "PT18900S",
    "alarm": "05:30:00",
    "kilometres": 412.5,
    "odometer": "9007199254740993",
    "extras": {"snacks": ["apples"], "seats": 2},
    "track": "dHJhY2s=",
    "photo": None,
}

pytestmark = pytest.mark.timeout(420)


class App:
    """A copy of the example's client."""

    def __init__(self, folder: Path) -> None:
        self.backend = folder / "trips.py"
        self.folder = folder / "trips"
        shutil.copy(TRIPS.with_suffix(".py"), self.backend)
        self.folder.mkdir()
        for name in ("package.json", "codegen.ts", "tsconfig.json"):
            shutil.copy(TRIPS / name, self.folder)
        shutil.copytree(TRIPS / "src", self.folder / "src", ignore=shutil.ignore_patterns("generated"))
        (self.folder / "node_modules").symlink_to(TRIPS / "node_modules")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A tool of node_modules, or node."""
        given = (
            str(self.folder / "node_modules" / ".bin" / command[0]) if command[0] != "node" else "node",
            *command[1:],
        )
        return subprocess.run(given, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False)

    def codegen(self) -> subprocess.CompletedProcess[str]:
        return self.run("graphql-codegen", "--config", "codegen.ts")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """With its schema, and what is generated of it. Leave it as it was."""
    install(TRIPS)
    made = App(tmp_path_factory.mktemp("typescript"))
    hedgerow("schema", str(made.backend), "--role", "user", "--write", str(made.folder / "schema.graphql"))
    done = made.codegen()
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@contextmanager
def own_registry() -> Iterator[None]:
    """What is declared meanwhile may have been declared before."""
    kept, own = (SQLModel.metadata, SQLModel._sa_registry), registry()
    SQLModel.metadata, SQLModel._sa_registry = own.metadata, own
    try:
        yield
    finally:
        SQLModel.metadata, SQLModel._sa_registry = kept


def hedgerow(*arguments: str) -> str:
    """What a command of ours prints."""
    with own_registry():
        done = CliRunner().invoke(commands, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def built(app: App) -> App:
    """Checked by tsc, which writes what node runs."""
    checked = app.run("tsc")
    assert checked.returncode == 0, checked.stdout
    return app


@pytest.fixture
def wrong(app: App) -> Iterator[Path]:
    """A file of the app's, for one test."""
    path = app.folder / "src" / "wrong.ts"
    yield path
    path.unlink()


def test_it_runs_by_its_trusted_documents(built: App, fresh_url: str) -> None:
    manifest, generated = built.folder / "documents.json", built.folder / "src/generated/persisted-documents.json"
    hedgerow("documents", str(built.backend), str(generated), "--write", str(manifest))
    assert {*json.loads(manifest.read_text())} == {*json.loads(generated.read_text())}
    with own_registry():
        backend = load(str(built.backend))
    assert isinstance(backend, Backend)
    backend.settings = settings(fresh_url, documents=str(manifest), documents_only=True)
    token = make_token(SECRET, ["user"], {"id": 1}, datetime.now(UTC) + timedelta(days=1))
    with serving(backend) as port:
        done = built.run("node", "built/main.js", f"http://127.0.0.1:{port}/graphql", token)
    assert done.returncode == 0, done.stderr
    row, total, read, numbers, heard = done.stdout.splitlines()
    assert row == "2026-06-01 + To the sea (19.90): Harbour"
    assert total == "1 trips, 412.5 km, 19.90"
    assert json.loads(read) == READ, "the values are on the wire what codegen.ts says"
    assert numbers == "9007199254740993 mm, track of 5 bytes"
    assert heard.startswith("heard of it as answer ")


def test_what_is_wrong_does_not_pass(app: App, wrong: Path) -> None:
    wrong.write_text(WRONG)
    done = app.run("tsc", "--noEmit")
    assert done.returncode != 0
    found = {int(line) for line in re.findall(r"^src/wrong\.ts\((\d+),", done.stdout, re.MULTILINE)}
    assert found == {number for number, line in enumerate(WRONG.splitlines(), 1) if "WRONG" in line}, done.stdout
    assert "src/main.ts" not in done.stdout


def test_documents_that_ask_for_what_is_not_there_are_refused(app: App, wrong: Path) -> None:
    wrong.write_text(
        'import { graphql } from "./generated/index.js";\nexport const A = graphql(`query A { trips { titel } }`);\n'
    )
    done = app.codegen()
    assert done.returncode != 0
    assert "Cannot query field" in done.stdout + done.stderr and "titel" in done.stdout + done.stderr


def scalars(text: str) -> set[str]:
    """The scalars that a codegen.ts maps."""
    block = text[text.index("const scalars = {") : text.index("};")]
    return {*re.findall(r"^  (\w+): \{ input: .+, output: .+ \},$", block, re.MULTILINE)}


def test_every_scalar_is_mapped() -> None:
    """Those that have no meaning of their own in GraphQL; `strictScalars` refuses others."""
    known = {NAMINGS["camel"].scalar(Type(kind)) for kind in Kind if kind is not Kind.ENUM} - BUILT_IN
    assert scalars((TRIPS / "codegen.ts").read_text()) == known | {UPLOAD, "ID"}


def test_the_page_shows_the_example() -> None:
    page = DOCS.read_text()
    for file in ("codegen.ts", "src/client.ts"):
        assert (TRIPS / file).read_text() in page, f"{file} is in docs/typescript.md as it is"
    hasura = {NAMINGS["hasura"].scalar(Type(kind)) for kind in Kind if kind is not Kind.ENUM} - BUILT_IN
    for name in hasura:
        assert f"`{name}`" in page


def test_a_schema_is_written_letter_by_letter(tmp_path: Path) -> None:
    file, written = tmp_path / "app.py", tmp_path / "schema.graphql"
    about = '"""A [bold] book :smile:"""'
    table = "class Book(SQLModel, table=True):\n"
    file.write_text(cli.APP.replace(table, f"{table}    {about}\n"))
    printed = hedgerow("schema", str(file), "--role", "user")
    assert about in printed
    assert hedgerow("schema", str(file), "--role", "user", "--write", str(written)) == ""
    assert written.read_text() == printed
    with own_registry():
        refused = CliRunner().invoke(commands, ["schema", str(file), "--write", str(tmp_path / "nowhere/a.graphql")])
    assert refused.exit_code == 1 and "can't be written" in refused.output
