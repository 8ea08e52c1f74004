"""Docs that fail the build: every setting, code, command and option is in them, and every snippet runs."""

import re
import sys
import types
from pathlib import Path

import graphql
import pytest
from typer.testing import CliRunner

from hedgerow import Backend, Code
from hedgerow.schema import graphql as generated
from hedgerow.schema.names import CAMEL
from hedgerow.schema.operators import operators
from hedgerow.schema.types import TEXT, Kind, Type
from hedgerow.schema.views import view
from hedgerow.server.cli import app
from hedgerow.server.show_settings import table

from .conftest import settings, user

ROOT = Path(__file__).parents[1]
DOCS = {path.name: path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}


def snippets(language: str, name: str | None = None) -> list[tuple[str, str]]:
    found = [
        (doc, code)
        for doc, text in DOCS.items()
        if name in (None, doc)
        for code in re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]
    assert found
    return found


@pytest.fixture
def fresh_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snippets declare models of their own: each page gets a registry of its own."""
    from sqlalchemy.orm import registry
    from sqlmodel import SQLModel

    own = registry()
    monkeypatch.setattr(SQLModel, "metadata", own.metadata)
    monkeypatch.setattr(SQLModel, "_sa_registry", own)


def run(doc: str) -> dict[str, object]:
    """All Python of a page, as one program."""
    module = types.ModuleType(f"snippets_of_{doc.replace('.', '_')}")
    sys.modules[module.__name__] = module
    for _, code in snippets("python", doc):
        exec(compile(code, doc, "exec"), module.__dict__)
    return vars(module)


@pytest.mark.parametrize("doc", sorted({doc for doc, _ in snippets("python")}))
def test_python_runs(doc: str, fresh_metadata: None) -> None:
    names = run(doc)
    if doc == "rules.md":
        Backend(models=[names["Member"], names["Post"]])


def test_queries_are_valid(fresh_metadata: None) -> None:
    schema = schema_of("guide.md")
    for doc, query in snippets("graphql"):
        if doc not in ("custom.md", "channels.md", "files.md"):
            assert not graphql.validate(schema, graphql.parse(query)), (doc, query)


MUTATIONS = [
    text for doc in ("guide.md", "api.md") for _, text in snippets("graphql", doc) if text.startswith("mutation")
]


@pytest.mark.parametrize("number", range(len(MUTATIONS)))
async def test_mutations_write(number: int, fresh_metadata: None, tmp_path: Path) -> None:
    backend = run("guide.md")["backend"]
    assert isinstance(backend, Backend)
    backend.settings = settings(f"sqlite:///{tmp_path / 'guide.db'}")
    async with backend.lifespan():
        session = backend.session(user(1, "editor"))
        books = [{"title": "Emma", "authorId": 1}, {"title": "Persuasion", "authorId": 1, "pages": 249}]
        answer = await session.query(MUTATIONS[number], {"id": 1, "books": books})
        assert answer and None not in answer.values()


@pytest.mark.parametrize("page", ["custom.md", "channels.md", "files.md"])
def test_queries_of_own_fields_are_valid(page: str, fresh_metadata: None) -> None:
    schema = schema_of(page)
    for doc, query in snippets("graphql", page):
        assert not graphql.validate(schema, graphql.parse(query)), (doc, query)


def schema_of(doc: str) -> graphql.GraphQLSchema:
    backend = run(doc)["backend"]
    assert isinstance(backend, Backend)
    return generated.build(view(backend.catalog, frozenset({"anyone", "user", "editor"})))


def test_every_setting_is_documented() -> None:
    """`hedgerow settings --markdown` prints the table as it should be."""
    assert [line for line in DOCS["settings.md"].splitlines() if line.startswith("|")] == [*table()]


def test_every_code_is_documented() -> None:
    assert re.findall(r"^## (\w+)$", DOCS["errors.md"], re.MULTILINE) == sorted(
        (str(code) for code in Code), key=re.findall(r"^## (\w+)$", DOCS["errors.md"], re.MULTILINE).index
    )


def test_every_command_is_documented() -> None:
    text = "".join(DOCS.values())
    commands = [command.name or (command.callback and command.callback.__name__) for command in app.registered_commands]
    own = [each for each in commands if " " not in each]
    assert sorted(own) == [
        *("backup", "check", "dev", "documents", "export", "import", "plan", "restore", "schema", "serve", "settings")
    ]
    for group in app.registered_groups:
        assert group.typer_instance
        commands += [
            f"{group.name} {each.callback.__name__}"
            for each in group.typer_instance.registered_commands
            if each.callback
        ]
    migrations = {f"migrate {verb}" for verb in ("plan", "make", "up", "down", "check")}
    assert {*commands} - {*own} == {"storage collect", "storage check", "storage move"} | migrations
    for command in commands:
        assert f"hedgerow {command} " in text
        assert CliRunner().invoke(app, [*str(command).split(), "--help"]).exit_code == 0


def test_every_operator_is_documented() -> None:
    for kind in (TEXT, Type(Kind.INT), Type(Kind.JSON)):
        for operand in operators(kind, "hasura"):
            word = CAMEL.operator(operand.operator)
            assert re.search(rf"[`( ]{word}[` )]", DOCS["api.md"]), word


def test_links_lead_somewhere() -> None:
    for doc, text in DOCS.items():
        folder = ROOT if doc == "README.md" else ROOT / "docs"
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert link.startswith("https://") or (folder / link).exists(), (doc, link)
