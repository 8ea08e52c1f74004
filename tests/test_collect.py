"""`hedgerow documents`: what clients were built with becomes one manifest, or nothing does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import graphql as g
import pytest

from hedgerow import SetupError
from hedgerow.server.collect import collect
from hedgerow.server.documents import digest

from . import test_cli as cli

FIRST = "query First { books { ...Title } }"
TITLE = "fragment Title on Book { id ...Rest }"
REST = "fragment Rest on Book { title }"


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A client's folder, beside the backend's file."""
    (tmp_path / "app.py").write_text(cli.APP)
    return tmp_path / "client"


def write(client: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = client / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(client: Path, *arguments: Any) -> Any:
    return cli.run("documents", str(client.parent / "app.py"), *map(str, arguments))


def names(documents: dict[str, str]) -> list[list[str]]:
    """The definitions of each document."""
    return [[each.name.value for each in g.parse(text).definitions] for text in documents.values()]  # type: ignore[attr-defined]


def test_fragments_come_from_everywhere() -> None:
    found = collect({"a/first.graphql": FIRST, "b.gql": TITLE, "c.graphql": REST})
    assert names(found) == [["First", "Title", "Rest"]]
    assert [*found] == [digest(each) for each in found.values()]


def test_each_operation_is_a_document() -> None:
    text = f"{FIRST} query Second {{ books {{ ...Rest }} }} {{ books {{ id }} }} {TITLE} {REST}"
    found = collect({"all.graphql": text})
    assert len(found) == 3
    assert [len(g.parse(each).definitions) for each in found.values()] == [3, 2, 1]


def test_comments_and_spaces_make_no_other_document() -> None:
    one, other = "query A { books { id } }", "# A comment\nquery A {\n\tbooks { id, } # another\n}\n"
    assert collect({"a": one}) == collect({"a": other})


def test_types_that_lie_beside_are_no_documents() -> None:
    assert collect({"schema.graphql": "type Query { a: Int } extend type Query { b: Int }"}) == {}


def test_a_file_means_its_own_fragment() -> None:
    own, other = "fragment Title on Book { title }", "fragment Title on Book { id }"
    found = collect({"a": "query First { books { ...Title } } " + own, "b": other})
    assert "title" in next(iter(found.values()))
    twice = collect({"a": "query First { books { ...Title } }", "b": own, "c": own + " # the same"})
    assert len(twice) == 1


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"a.graphql": "query A {\n  books {"}, r"a.graphql:2:10: Syntax Error"),
        ({"a.graphql": FIRST}, "a.graphql:1: it spreads the fragment Title, which is in none"),
        ({"a.graphql": f"{TITLE} {TITLE}"}, "a.graphql has two fragments named Title"),
        (
            {"a": "{ books { ...Rest } }", "b": REST, "c": "fragment Rest on Book { id }"},
            "several: in b, c",
        ),
        ({"a": "{ books { ...A } } fragment A on Book { ...B }"}, "a:1: it spreads the fragment B"),
    ],
)
def test_what_can_not_be_collected(sources: dict[str, str], said: str) -> None:
    with pytest.raises(SetupError, match=said):
        collect(sources)


def test_fragments_in_a_circle_are_the_validators() -> None:
    assert len(collect({"a": "{ books { ...A } } fragment A on Book { ...A }"})) == 1


def test_one_manifest_of_all_kinds(client: Path) -> None:
    apollo = {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{"id": "a1", "name": "A", "type": "query", "body": "query A { books { id } }"}],
    }
    write(
        client,
        {
            "pages/first.graphql": FIRST,
            "parts/title.gql": f"{TITLE} {REST}",
            "schema.graphql": "type Query { books: Int }",
            "node_modules/other/wrong.graphql": "{ wrong }",
            ".hidden/wrong.graphql": "{ wrong }",
            "package.json": "[]",
            "apollo.json": json.dumps(apollo),
            "relay.json": json.dumps({"r1": "query R { books { title } }"}),
        },
    )
    written = client / "documents.json"
    for _ in range(2):
        done = run(client, client, client / "apollo.json", client / "relay.json", "--write", written)
        assert (done.returncode, done.stdout) == (0, f"3 documents in {written}\n"), done.stderr
        found = json.loads(written.read_text())
        assert {"a1", "r1"} < {*found}
    assert [path.name for path in client.iterdir() if path.name.startswith(".h") and path.is_file()] == []
    again = run(client, written)
    assert json.loads(again.stdout) == found, "its own manifest may be given again"
    assert not (client.parent / ".hedgerow").exists(), "no database was needed"


def test_documents_are_valid_for_somebody(client: Path) -> None:
    write(client, {"owner.graphql": "query Owner { books { ownerId } }", "all.graphql": "query All { books { id } }"})
    assert run(client, client).returncode == 0, "a user may send it"
    assert run(client, client, "--role", "user").returncode == 0
    refused = run(client, client, "--role", "anyone", "--write", client / "x.json")
    assert refused.returncode == 1
    assert "Owner (" in refused.stderr and "Cannot query field 'ownerId'" in refused.stderr
    assert "All (" not in refused.stderr
    assert not (client / "x.json").exists()


@pytest.mark.parametrize(
    ("files", "arguments", "said"),
    [
        ({"a.graphql": "query A { book { id } } query B { nothing }"}, ["."], "'nothing'"),
        ({"a.graphql": "query A { books }"}, ["a.graphql"], "must have a selection of subfields"),
        ({"a.txt": ""}, ["a.txt"], "is no folder, no file *.graphql"),
        ({"a.txt": ""}, ["."], "There are no documents in these places"),
        ({}, ["missing"], "is no folder"),
        ({}, ["missing.json"], "can't be read"),
        ({"a.json": "[]"}, ["a.json"], "can't be used: it is no object of documents"),
        ({"a.json": '{"a": "{ books "}'}, ["a.json"], "a: Syntax Error"),
        ({"a.json": '{"a": "{ books { id } }"}', "b.json": '{"a": "{ x }"}'}, ["a.json", "b.json"], "the id a than"),
        ({"a.graphql": "{ books { id } }"}, [".", "--role", "nobody"], "No rule names the role nobody"),
        ({"a.graphql": "{ books { id } }"}, [".", "--write", "no.folder/x.json"], "can't be written: No such file"),
        ({"a.graphql": "mutation { deleteBooks { affectedRows } }"}, ["."], "no mutations"),
    ],
)
def test_what_can_not_be_trusted(client: Path, files: dict[str, str], arguments: list[str], said: str) -> None:
    client.mkdir()
    write(client, files)
    given = [str(client / each) if "." in each or each == "missing" else each for each in arguments]
    done = run(client, *given)
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split()), done.stderr
