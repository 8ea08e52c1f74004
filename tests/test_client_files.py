"""Clients' files are found and read, and each operation has the fragments that it needs, for both verbs that ask."""

import os
from pathlib import Path

import graphql as g
import pytest

from hedgerow import SetupError
from hedgerow.server import client_files
from hedgerow.server.client_files import ClientFiles, read
from hedgerow.server.gate.operations import asked

SDL = "type Query { books: [Book!]! } type Book { id: Int! title: String }"
BOOKS = "query Books { books { ...Parts } }"
PARTS = "fragment Parts on Book { id }"
OTHER = "fragment Parts on Book { title }"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def documents(sources: dict[str, str]) -> list[str]:
    return [g.print_ast(document) for _, _, document in ClientFiles(sources).operations()]


def test_fragments_of_fragments_are_looked_for_where_they_are_spread() -> None:
    """A fragment means its own file's, though the operation's file has another of that name."""
    a = "query A { books { ...Outer } }"
    b = "fragment Outer on Book { ...Parts } " + PARTS
    (found,) = documents({"a": a, "b": b, "c": OTHER})
    assert "fragment Parts on Book {\n  id\n}" in found


def test_two_fragments_of_one_name_in_one_operation() -> None:
    a = "query A { books { ...Outer ...Parts } } " + OTHER
    with pytest.raises(SetupError, match="a:1: this operation reaches two fragments named Parts, one of them in b"):
        documents({"a": a, "b": "fragment Outer on Book { ...Parts } " + PARTS})
    same = "query A { books { ...Outer ...Parts } } " + PARTS
    assert len(documents({"a": same, "b": "fragment Outer on Book { ...Parts } " + PARTS})) == 1


def test_operations_of_one_name() -> None:
    """In one file they are a slip; in two they are two clients' own."""
    with pytest.raises(SetupError, match="a:2: there is another operation named Books in this file, in line 1"):
        documents({"a": f"query Books {{ books {{ id }} }}\n{BOOKS} {PARTS}"})
    assert len(documents({"a": "query Books { books { id } }", "b": f"{BOOKS} {OTHER}"})) == 2
    assert len(documents({"a": "{ books { id } } query B { books { title } }"})) == 2


def test_the_gate_reads_as_documents_do(tmp_path: Path) -> None:
    write(tmp_path, {"pages/a.graphql": BOOKS, "parts/p.gql": PARTS, "schema.graphql": SDL, ".git/x.graphql": "{"})
    (found,) = asked(str(tmp_path), {"user": SDL})
    assert (found.file, found.name, found.roles) == ("pages/a.graphql", "Books", ["user"])
    write(tmp_path, {"b.graphql": "\n{ nothing }"})
    wrong = asked(str(tmp_path), {"user": SDL})[0]
    assert (wrong.name, wrong.wrong["user"]) == (
        "query of line 2",
        ("line 2: Cannot query field 'nothing' on type 'Query'.",),
    )


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.graphql": BOOKS}, "a.graphql:1: it spreads the fragment Parts, which is in none"),
        ({"a.graphql": BOOKS, "b.gql": PARTS, "c.gql": OTHER}, "of which there are several"),
        ({"a.graphql": "{ books {"}, "a.graphql:1:10: Syntax Error"),
        ({"a.graphql": "{a" * 20_000}, "is nested too deeply"),
        ({"a.graphql": SDL}, "holds no operation"),
        ({"a.graphql": "#" * (client_files.LARGEST + 1)}, "is larger than 4 MB"),
    ],
)
def test_what_is_refused(tmp_path: Path, files: dict[str, str], said: str) -> None:
    with pytest.raises(SetupError, match=said):
        asked(str(write(tmp_path, files)), {"user": SDL})


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.graphql").write_bytes(b"{ books { id } } # caf\xe9")
    with pytest.raises(SetupError, match=r"a\.graphql can't be read: it is not UTF-8 \(byte 22\)"):
        read([tmp_path])


def test_links_out_of_the_folder(tmp_path: Path) -> None:
    """What lies elsewhere is not read, though a client's folder says so; its text would be told with what is wrong."""
    client = write(tmp_path / "client", {"a.graphql": "{ books { id } }"})
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    (client / "b.graphql").symlink_to(secret)
    with pytest.raises(SetupError, match=r"b\.graphql leads out of") as raised:
        read([client])
    assert "hunter2" not in str(raised.value)
    (client / "b.graphql").unlink()
    (client / "b.graphql").symlink_to(client / "a.graphql")
    assert len(read([client, client / "a.graphql"])) == 1, "a file is read once, by whatever names"


def test_what_would_be_waited_for_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.graphql")
    with pytest.raises(SetupError, match="is no file"):
        read([tmp_path])


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="There is no folder"):
        asked(str(tmp_path / "none"), {"user": SDL})
    with pytest.raises(SetupError, match="is no folder"):
        read([tmp_path / "none"])
