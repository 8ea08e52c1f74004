"""The command line as a newcomer meets it: real processes, and every error one readable paragraph."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

ROOT = Path(__file__).parents[1]
HEDGEROW = str(Path(sys.executable).parent / "hedgerow")
APP = """
from sqlmodel import Field, Session, SQLModel
from hedgerow import Backend, access, allow

class Book(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    owner_id: int = 1

    @access
    def rules(book, me):
        yield allow("anyone", "read", fields=["id", "title"])
        yield allow("user", "read", where=book.owner_id == me.id)

def seed(session: Session) -> None:
    session.add(Book(title="Emma"))

backend = Backend(models=[Book], seed=seed)
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "app.py"
    path.write_text(APP)
    return path


def environment(**given: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
    return {**kept, **given, "COLUMNS": "300"}


def run(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HEDGEROW, *arguments], env=environment(**given), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def running(*arguments: str, **given: str) -> Iterator[tuple[str, Any]]:
    """A server process: its address, and itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [HEDGEROW, *arguments, "--port", str(port)],
        env=environment(PYTHONUNBUFFERED="1", **given),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait(url)
        yield url, process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def wait(url: str, path: str = "/healthz") -> None:
    for _ in range(300):
        try:
            if httpx2.get(url + path, timeout=1).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server does not answer")


def ask(url: str, query: str, **headers: str) -> Any:
    return httpx2.post(f"{url}/graphql", json={"query": query}, headers=headers).json()


def test_dev_serves_prints_tokens_and_reloads(app: Path) -> None:
    with running("dev", str(app), "--claims", '{"id": 1}') as (url, process):
        lines = [process.stdout.readline() for _ in range(9)]
        token = next(line.split()[1] for line in lines if line.split()[:1] == ["user"])
        secret = next(line.split()[1] for line in lines if "X-Hedgerow-Admin-Secret " in line)
        assert ask(url, "{ books { title } }") == {"data": {"books": [{"title": "Emma"}]}}
        mine = ask(url, "{ books { ownerId } }", Authorization=f"Bearer {token}")
        assert mine == {"data": {"books": [{"ownerId": 1}]}}
        everything = ask(url, "{ books { ownerId } }", **{"X-Hedgerow-Admin-Secret": secret})
        assert everything == {**mine, "extensions": {"cost": 1_000}}
        page = httpx2.get(f"{url}/graphql", headers={"Accept": "text/html"}).text
        assert "anyone: books" in page and "Bearer ey" in page
        app.write_text(APP.replace('"Emma"', '"Emma"').replace("owner_id: int = 1", "owner_id: int = 1\n    # changed"))
        app.write_text(app.read_text().replace('fields=["id", "title"]', 'fields=["id"]'))
        for _ in range(200):
            try:
                if "Cannot query field" in ask(url, "{ books { title } }").get("errors", [{}])[0].get("message", ""):
                    break
            except httpx2.HTTPError:
                pass
            time.sleep(0.1)
        else:
            raise AssertionError("the change was not served")
    assert (app.parent / ".hedgerow" / "app.db").exists()


def test_serve_needs_its_secrets(app: Path) -> None:
    refused = run("serve", str(app))
    assert refused.returncode == 1
    assert "HEDGEROW_JWT_SECRET" in refused.stderr and "HEDGEROW_ADMIN_SECRET" in refused.stderr
    short = run("serve", str(app), HEDGEROW_JWT_SECRET="short", HEDGEROW_ADMIN_SECRET="x" * 32)
    assert short.returncode == 1 and "shorter than 32 bytes" in short.stderr
    for result in (refused, short):
        assert "Traceback" not in result.stderr


def test_serve_in_production(app: Path) -> None:
    secrets = {"HEDGEROW_JWT_SECRET": "j" * 32, "HEDGEROW_ADMIN_SECRET": "a" * 32}
    with running("serve", str(app), **secrets) as (url, _):
        assert ask(url, "{ books { title } }") == {"data": {"books": [{"title": "Emma"}]}}
        assert httpx2.get(f"{url}/graphql", headers={"Accept": "text/html"}).status_code in (400, 406)
        wait(url, "/readyz")


def test_schema_of_a_role(app: Path) -> None:
    everything, stranger = run("schema", str(app)), run("schema", str(app), "--role", "anyone")
    assert "ownerId: Int!" in everything.stdout
    assert "ownerId" not in stranger.stdout and "title: String!" in stranger.stdout
    unknown = run("schema", str(app), "--role", "boss")
    assert unknown.returncode == 1 and "No rule names the role boss" in unknown.stderr


def test_plan_shows_each_stage(app: Path) -> None:
    shown = run("plan", str(app), "{ books { title ownerId } }", "--as", "user", "--claims", '{"id": 1}')
    assert shown.returncode == 0, shown.stderr
    for part in (
        "Plan\nbooks: rows of Book\n",
        "\n  ownerId: owner_id\n",
        "\n  ownerId: (owner_id if (owner_id = me.id))\n",
        "SELECT json_object",
        "1: me.id (int)",
        "SCAN t0",
    ):
        assert part in shown.stdout, part
    wrong = run("plan", str(app), "{ books { titel } }")
    assert wrong.returncode == 1 and "Did you mean" not in wrong.stdout and "GRAPHQL_VALIDATION_FAILED" in wrong.stderr
    assert run("plan", str(app), "{ books { id } }", "--claims", "[]").returncode == 1


def test_plan_tells_which_indexes_are_missing(app: Path) -> None:
    shown = run("plan", str(app), '{ books(where: {title: {_eq: "Emma"}}) { id } }')
    assert shown.returncode == 0, shown.stderr
    told = shown.stdout.partition("\nIndexes\n")[2].splitlines()
    assert told == [
        "Not yet: below 1,000 rows an index saves nothing worth having (book has 1 row). When there are more:",
        "",
        "book.title has no index: the filter of `books` reads every row of book.",
        "  CREATE INDEX ix_book_title ON book (title);",
        "  In the model Book: Field(index=True) on title",
        "",
    ]
    assert "Indexes" not in run("plan", str(app), "{ books { id } }").stdout
    everybody = run("plan", str(app))
    assert (everybody.returncode, everybody.stdout) == (0, "No index is missing.\n")
    app.write_text(APP.replace('"anyone", "read",', '"guest", "read",'))
    everybody = run("plan", str(app))
    assert (
        f"the rule of Book for user to read (owner_id = me.id, {app}:13) reads every row of book." in everybody.stdout
    )
    assert run("plan", str(app), "--as", "guest").stdout == "No index is missing.\n", "who sees all, looks for nothing"
    assert "CREATE INDEX ix_book_owner_id" in run("plan", str(app), "--as", "user").stdout
    served = [ROOT / "examples" / f"{name}.py" for name in ("notes", "flights", "board", "diary", "sketch", "trips")]
    for number, file in enumerate(served):
        url = f"sqlite:///{app.parent / f'{number}.db'}"
        assert run("plan", str(file), HEDGEROW_DATABASE_URL=url).stdout == "No index is missing.\n"


def test_plan_of_a_page_behind_a_cursor(app: Path) -> None:
    """What a request makes leaves of, a plan does too."""
    first = base64.b64encode(b'["Book",1]').decode()
    node = run("plan", str(app), f'{{ node(id: "{first}") {{ __typename }} }}')
    assert node.returncode == 0 and "node: one row of Book" in node.stdout, node.stderr
    page = run("plan", str(app), '{ booksConnection(first: 1, after: "x") { nodes { id } } }')
    assert page.returncode == 1 and "BAD_USER_INPUT" in page.stderr and "Traceback" not in page.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("where=book.owner_idd == me.id", "Did you mean 'owner_id'?"),
        ("where=book.title == 5", "5 is not str"),
        ("where=1 / 0", "ZeroDivisionError"),
        ("where=(", "SyntaxError"),
    ],
)
def test_mistakes_are_one_paragraph(app: Path, text: str, told: str) -> None:
    app.write_text(APP.replace("where=book.owner_id == me.id", text))
    for command in (["dev"], ["serve"], ["schema"], ["plan"]):
        arguments = [*command, str(app), *(["{ books { id } }"] if command == ["plan"] else [])]
        result = run(*arguments)
        assert result.returncode == 1
        assert told in result.stderr, result.stderr
        assert "Traceback" not in result.stderr
        if "SyntaxError" not in told and "Zero" not in told:
            assert f"{app}:13" in result.stderr


def test_a_file_may_be_called_like_a_module(app: Path) -> None:
    other = app.with_name("types.py")
    app.rename(other)
    result = run("schema", str(other))
    assert result.returncode == 0, result.stderr
    assert "ownerId: Int!" in result.stdout


def test_files_that_hold_no_backend(app: Path, tmp_path: Path) -> None:
    assert "There is no file" in run("schema", str(tmp_path / "none.py")).stderr
    assert "has no other" in run("schema", f"{app}:other").stderr
    app.write_text("import nothing_of_this_name\n")
    assert "line 1" in run("schema", str(app)).stderr


@pytest.mark.parametrize("url", ["mysql://root@127.0.0.1/db", "sqlite://", "postgresql://nobody@127.0.0.1:1/none"])
def test_databases_that_cannot_be_used(app: Path, url: str) -> None:
    secrets = {"HEDGEROW_JWT_SECRET": "j" * 32, "HEDGEROW_ADMIN_SECRET": "a" * 32}
    result = run("serve", str(app), HEDGEROW_DATABASE_URL=url, **secrets)
    assert result.returncode == 1 and "Traceback" not in result.stderr and "hedgerow:" in result.stderr


def test_a_database_that_does_not_fit_is_told_without_a_stack(app: Path) -> None:
    assert run("plan", str(app), "{ books { id } }").returncode == 0
    app.write_text(APP.replace("title: str", "title: str\n    year: int = 0"))
    result = run("plan", str(app), "{ books { id } }")
    assert result.returncode == 1
    assert "book.year is in the model, not in the database" in result.stderr and "Traceback" not in result.stderr


def test_the_wheel_holds_what_it_serves(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(ROOT)]
    subprocess.run([*command, "--wheel-dir", str(tmp_path)], check=True, timeout=100)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in ("py.typed", "schema/expr.py", "server/static/graphiql.js", "server/vendored/graphiql/graphiql.min.js"):
        assert f"hedgerow/{name}" in names
    assert not [name for name in names if name.startswith(("hedgerow/tests", "hedgerow/examples", "hedgerow/bench"))]
    assert not names & {"hedgerow/conftest.py", "hedgerow/setup.py"}, "they are pytest's and the build's"


def test_request_ids_differ_between_processes() -> None:
    from hedgerow.server.http import counter

    assert json.dumps([counter("a")(), counter("b")()]) == '["a-1", "b-1"]'


OWN = """
import strawberry
from sqlmodel import Field, SQLModel
from hedgerow import Backend, access, allow, computed

class Book(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    hidden: bool = False

    @access
    def rules(book, me):
        yield allow("anyone", "read", where=~book.hidden)
        yield allow("user", ["create", "update"], where=book.id > 7, fields=["title"], preset={"hidden": False})
        yield allow("user", "delete")

    @computed(needs=["title"])
    def loud(book) -> str:
        return book.title.upper()

@strawberry.type
class Pick:
    book: Book
    why: str

@strawberry.type
class Query:
    @strawberry.field
    def pick(self) -> Pick:
        raise AssertionError("a plan runs nothing")

@strawberry.type
class Mutation:
    @strawberry.mutation
    def lend(self) -> Book:
        raise AssertionError("a plan runs nothing")

backend = Backend(models=[Book], query=Query, mutation=Mutation)
"""


def test_plan_tells_of_fields_that_python_resolves(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text(OWN)
    told = run("plan", str(path), "{ pick { why book { loud } } }")
    assert told.returncode == 0, told.stderr
    for line in (
        "pick: Query.pick resolved in Python",
        "book: Pick.book resolved in Python",
        "names rows of Book by id, read as:",
        "loud: loud computed of title",
    ):
        assert line in told.stdout
    assert "hidden" in told.stdout and "SELECT" in told.stdout, "with the rules, and the statement"
    assert "Python" not in run("plan", str(path), "{ books { id } }").stdout


def test_plan_of_a_mutation(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text(OWN)
    document = """mutation ($id: Int!) {
      updateBooks(where: {id: {_eq: $id}}, set: {title: "x"}) { affectedRows returning { loud } }
      lend { loud }
      gone: deleteBook(id: 1) { title }
      createBooks(objects: [{title: "x"}], onConflict: {constraint: book_pkey, updateColumns: [title]}) { affectedRows }
      updateBooksMany(updates: []) { affectedRows }
      __typename
    }"""
    told = run("plan", str(path), document, "--as", "user", "--variables", '{"id": 3}')
    assert told.returncode == 0, told.stderr
    for line in (
        "Mutation as anyone user",
        "updateBooks: updateBooks writes rows of Book",
        "  chooses rows where (not hidden and (id = $0))",
        "  one of these rules of update must hold throughout:",
        f"    for user, at {path}:",
        "      where (id > 7)",
        "      check (id > 7)",
        "      fields title",
        "      preset hidden = False",
        "  returning is read after, by key:",
        "loud: loud computed of title",
        "lend: Mutation.lend resolved in Python",
        "  names rows of Book by id, read as:",
        "gone: deleteBook writes rows of Book",
        "      fields all",
        "  gone is read before, by key:",
        "  one of these rules of create must hold throughout:",
        "  chooses rows for each of its updates when it runs",
    ):
        assert line in told.stdout, (line, told.stdout)
    assert told.stdout.count("rules of update") == 3, "of an upsert too"
    assert "SCAN" not in told.stdout
    alone = run("plan", str(path), "mutation { deleteBooks(where: {}) { affectedRows } }", "--as", "admin")
    assert alone.returncode == 0 and "no rule of delete binds this caller" in alone.stdout
    assert "Python" not in alone.stdout
