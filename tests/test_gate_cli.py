"""`hedgerow check` as CI runs it: exit codes, what is allowed, and each error. Once as real processes; the rest in this
one, in which a backend's file is described as a process of its own would.
"""

import json
import multiprocessing
import subprocess
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlmodel
from typer.testing import CliRunner

from hedgerow.schema.errors import DeclarationError, SetupError
from hedgerow.server.cli import app as command
from hedgerow.server.gate import versions
from hedgerow.server.gate.describe import described
from hedgerow.server.load import load

from .test_cli import APP, run

MODELS, BACKEND = APP.split("def seed")[0], "\nbackend = Backend(models=[Book])\n"
OPEN = MODELS.replace('fields=["id", "title"]', 'fields=["id", "title", "owner_id"]')
CLOSED = MODELS.replace('fields=["id", "title"]', 'fields=["id"]')
WIDER = "anyone may now read Book(owner_id)"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "app.py"
    path.write_text(MODELS + BACKEND)
    return path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are described in a copy of this process, which spares them the start of another: what they declare, and
    what that takes the place of, goes with it.
    """

    def fresh(file: str, here: Path | None = None, there: Path | None = None) -> versions.Version:
        receive, send = multiprocessing.Pipe(duplex=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: none of those is used there
            process = multiprocessing.get_context("fork").Process(target=describe, args=(send, file))
            process.start()
        send.close()
        with receive:
            text, fault = receive.recv()
        process.join()
        if fault:
            raise SetupError(fault)
        return versions.version_of(orjson.loads(text))

    monkeypatch.setattr(versions, "_described", fresh)


def describe(send: Connection, file: str) -> None:
    sqlmodel.SQLModel.metadata.clear()
    sqlmodel.main.default_registry.dispose()
    try:
        send.send((described(load(file)), ""))
    except (DeclarationError, SetupError) as error:
        send.send((b"", str(error)))


def check(*arguments: Any) -> Any:
    return CliRunner().invoke(command, ["check", *map(str, arguments)])


def found(output: str) -> list[tuple[str, str]]:
    return [(each["class"], each["text"]) for each in json.loads(output)["differences"]]


def test_as_processes(app: Path, tmp_path: Path) -> None:
    """A revision is read with what lies beside the file, which is left as it is."""
    git(tmp_path)
    app.write_text(CLOSED + BACKEND)
    done = run("check", str(app), "--against", "HEAD", "--json")
    assert done.returncode == 1, done.stderr
    assert any(kind == "breaking" and "Book.title was removed" in text for kind, text in found(done.stdout))
    assert ("narrowing", "anyone may no longer read Book(title)") in found(done.stdout)


def git(folder: Path) -> None:
    (folder / ".gitignore").write_text("__pycache__\n")
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "first"],
    ):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.mark.usefixtures("here")
class TestInProcess:
    def test_snapshot(self, app: Path, tmp_path: Path) -> None:
        kept = tmp_path / "permissions.txt"
        assert check(app, "--write", kept).exit_code == 0
        text = kept.read_text()
        assert "\nanyone read Book.title\n" in text
        assert "\nuser read Book.owner_id where: owner_id = me.id\n" in text
        assert check(app, "--against", kept, "--write", kept).stdout == "No difference.\n"
        assert kept.read_text() == text
        app.write_text(OPEN + BACKEND)
        done = check(app, "--against", kept, "--json")
        assert (done.exit_code, found(done.stdout)) == (1, [("widening", WIDER)])

    def test_what_is_allowed(self, app: Path, tmp_path: Path) -> None:
        wider = tmp_path / "wider.py"
        wider.write_text(OPEN + BACKEND)
        assert check(wider, "--against", app).exit_code == 1
        assert check(wider, "--against", app, "--allow-breaking").exit_code == 1
        done = check(wider, "--against", app, "--allow-widening")
        assert done.exit_code == 0 and WIDER in done.stdout
        assert check(app, "--against", wider).exit_code == 1
        assert check(app, "--against", wider, "--allow-widening").exit_code == 1
        assert check(app, "--against", wider, "--allow-breaking").exit_code == 0
        assert check(app, "--against", app).exit_code == 0

    def test_counts(self, app: Path, tmp_path: Path) -> None:
        import sqlite3

        path = tmp_path / "books.db"
        with sqlite3.connect(path) as made:
            made.execute("CREATE TABLE book (id INTEGER PRIMARY KEY, title VARCHAR, owner_id INTEGER)")
            made.executemany("INSERT INTO book VALUES (?, 'a secret', ?)", [(1, 1), (2, 1), (3, 2)])
        made.close()
        wider = tmp_path / "wider.py"
        wider.write_text(OPEN + BACKEND)
        url = f"sqlite:///{path}"
        done = check(wider, "--against", app, "--database", url)
        assert f"{WIDER} [3 rows]" in done.stdout and done.exit_code == 1
        done = check(wider, "--against", app, "--database", url, "--claims", '{"id": 1}', "--keys", 2, "--json")
        (told,) = [each for each in json.loads(done.stdout)["differences"] if each["class"] == "widening"]
        assert told["rows"] == {"count": 3, "at_most": False, "why": None, "keys": [["1"], ["2"]]}
        assert "a secret" not in done.stdout

    def test_no_count(self, app: Path, tmp_path: Path) -> None:
        kept = tmp_path / "permissions.txt"
        assert check(app, "--write", kept).exit_code == 0
        for arguments, said in (
            (["--against", kept, "--database", "sqlite:///x.db"], "Rows can't be counted against a snapshot"),
            (["--against", app, "--database", "sqlite:////none/x.db"], "There is no database"),
            (["--write", kept, "--database", "sqlite:///x.db"], "name it with --against"),
            (["--against", app, "--database", "sqlite:///x.db", "--claims", "[]"], "--claims"),
        ):
            done = check(app, *arguments)
            assert done.exit_code == 2
            assert said in done.stderr

    def test_operations(self, app: Path, tmp_path: Path) -> None:
        client = tmp_path / "client"
        client.mkdir()
        (client / "a.graphql").write_text("query Titles { books { title } }")
        done = check(app, "--operations", client)
        assert (done.exit_code, done.stdout) == (0, "a.graphql: Titles: anyone, user\n")
        (client / "a.graphql").write_text("query Owners { books { ownerId } }")
        done = check(app, "--operations", client)
        assert (done.exit_code, done.stdout) == (0, "a.graphql: Owners: user\n")
        done = check(app, "--operations", client, "--as", "anyone")
        assert done.exit_code == 1 and "as anyone: line 1: Cannot query field 'ownerId'" in done.stdout
        done = check(app, "--operations", client, "--as", "nobody")
        assert done.exit_code == 2 and "No rule names the role nobody" in done.stderr
        (client / "a.graphql").write_text("query {")
        assert check(app, "--operations", client).exit_code == 2

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ([], "Say what to check"),
            (["--against", "none.py"], "There is no file none.py"),
            (["--against", "HEAD"], "is in no git repository"),
            (["--against", "none.txt"], "is in no git repository"),
            (["--write", "/nowhere/at/all.txt"], "No such file"),
            (["--operations", "/nowhere"], "There is no folder /nowhere"),
        ],
    )
    def test_errors(
        self, app: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], said: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        done = check(app, *arguments)
        assert done.exit_code == 2, done.stdout
        assert said in done.stderr

    def test_revisions_that_are_none(self, app: Path, tmp_path: Path) -> None:
        git(tmp_path)
        later = tmp_path / "later.py"
        later.write_text(MODELS + BACKEND)
        for file, revision, said in (
            (app, "nowhere", "is no file, and no revision of"),
            (app, "--upload-pack=x", "is no file, and no revision of"),
            (app, "HEAD~1", "is no file, and no revision of"),
            (later, "HEAD", "later.py was not there at HEAD"),
        ):
            done = check(file, f"--against={revision}")
            assert done.exit_code == 2, done.stdout
            assert said in done.stderr
        assert check(app, "--against", "HEAD").exit_code == 0

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("import nothing_of_the_kind", "ModuleNotFoundError"),
            ("def (", "SyntaxError"),
            ("x = 1", "has no backend"),
            (MODELS.replace('"anyone", "read"', '"anyone", "juggle"') + BACKEND, "there is no verb 'juggle'"),
        ],
    )
    def test_files_that_are_no_backend(self, app: Path, tmp_path: Path, text: str, said: str) -> None:
        other = tmp_path / "other.py"
        other.write_text(text)
        for arguments in ([app, "--against", other], [other, "--against", app]):
            done = check(*arguments)
            assert done.exit_code == 2
            assert said in done.stderr

    def test_snapshots_that_are_none(self, app: Path, tmp_path: Path) -> None:
        kept = tmp_path / "permissions.txt"
        for text, said in (
            (b"# hedgerow permissions 1\nuser juggle Book\n", "Line 2 of the snapshot can't be read"),
            (b"# hedgerow permissions 1\n\xff\n", "it is not UTF-8"),
            (b"# hedgerow permissions 12\n", "its first line is not"),
        ):
            kept.write_bytes(text)
            done = check(app, "--against", kept)
            assert done.exit_code == 2, done.stdout
            assert said in done.stderr
