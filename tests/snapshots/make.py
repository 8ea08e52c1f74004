"""Makes a snapshot: what a version of Hedgerow leaves in its databases, for later ones to show that they upgrade it.

    python tests/snapshots/make.py tests/snapshots/NAME postgresql://…/an-empty-database

In: a folder with `app.py`, and the `hedgerow` that Python imports: of this checkout, or, by PYTHONPATH, of an earlier
one. Out, beside it: `sqlite.sql` and `postgresql.sql`, dumps that this version made, with rows, users who signed in,
their keys and files, and changes that are yet to be told; `files/`; and `known.json`, what a client knows of all that.
Nothing here is newer than the oldest snapshot: it asks by HTTP alone, and the backend says which fields there are.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx2

ADMIN = "an admin secret for snapshots, of 32 bytes"
SECRET = "a secret for snapshots, of at least 32 bytes"
PASSWORD = "correct horse battery"
EMAIL = "ann@snapshots.example"
PAPER = "What the paper says.\n"
UP = """mutation ($email: String!, $password: String!) {
  signUp(email: $email, password: $password, profile: {name: "Ann"}) { accessToken }
}"""


def backend_of(file: Path) -> Any:
    """The backend that a file declares."""
    spec = importlib.util.spec_from_file_location(f"snapshot_{file.parent.name.replace('-', '_')}", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.backend.file = file
    return module.backend


async def fill(file: Path, url: str) -> dict[str, Any]:
    """Has a database what people do with a backend; gives what they know."""
    os.environ["HEDGEROW_DATABASE_URL"] = url
    os.environ["HEDGEROW_STORAGE_URL"] = f"file://{file.parent / 'files'}"
    os.environ["HEDGEROW_JWT_SECRET"], os.environ["HEDGEROW_ADMIN_SECRET"] = SECRET, ADMIN
    backend = backend_of(file)
    known: dict[str, Any] = {"titles": ["first", "second", "third"]}
    transport = httpx2.ASGITransport(app=backend)
    async with backend.lifespan(), httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        headers: dict[str, str] = {}

        async def ask(query: str, **variables: Any) -> Any:
            asked = {"query": query, "variables": variables}
            answer = (await http.post("/graphql", json=asked, headers=headers)).json()
            assert "errors" not in answer, answer
            return answer["data"]

        fields = "{ __schema { mutationType { fields { name } } } }"
        known_fields = {each["name"] for each in (await ask(fields))["__schema"]["mutationType"]["fields"]}
        if "signUp" in known_fields:
            token = (await ask(UP, email=EMAIL, password=PASSWORD))["signUp"]["accessToken"]
            headers["authorization"] = f"Bearer {token}"
            known |= {"email": EMAIL, "password": PASSWORD}
            known_fields = {each["name"] for each in (await ask(fields))["__schema"]["mutationType"]["fields"]}
        if "createApiKey" in known_fields:
            made = 'mutation ($password: String!) { createApiKey(name: "robot", password: $password) { key } }'
            known["key"] = (await ask(made, password=PASSWORD))["createApiKey"]["key"]
        for title in known["titles"]:
            await ask("mutation ($title: String!) { createNote(object: {title: $title}) { id } }", title=title)
        await ask('mutation { updateNotes(where: {title: {_eq: "third"}}, set: {shown: true}) { affectedRows } }')
        if (file.parent / "files").exists() or "storage()" in file.read_text():
            query = 'mutation ($paper: Upload) { createNote(object: {title: "paper", paper: $paper}) { id } }'
            operations = json.dumps({"query": query, "variables": {"paper": None}})
            parts: list[Any] = [("operations", (None, operations)), ("map", (None, '{"0": ["variables.paper"]}'))]
            parts.append(("0", ("paper.txt", PAPER.encode(), "text/plain")))
            answer = (await http.post("/graphql", files=parts, headers=headers)).json()
            assert "errors" not in answer, answer
            known["titles"].append("paper")
            known["paper"] = PAPER
    return known


def dump_sqlite(path: Path) -> str:
    """A file of SQLite's, as statements."""
    with sqlite3.connect(path) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def dump_postgres(url: str) -> str:
    """A database of PostgreSQL's, as statements that any version of it and any client takes."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    program = str(programs[-1]) if programs else "pg_dump"
    given = ["--inserts", "--no-owner", "--no-privileges", "--no-comments"]
    done = subprocess.run([program, *given, url], check=True, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if not line.startswith(("\\", "--", "SET "))]
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip() + "\n"


def main(folder: Path, postgres: str) -> None:
    """Makes it."""
    folder = folder.absolute()
    shutil.rmtree(folder / "files", ignore_errors=True)
    known: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "data.db"
        known["sqlite"] = asyncio.run(fill(folder / "app.py", f"sqlite:///{path}"))
        (folder / "sqlite.sql").write_text(dump_sqlite(path))
    known["postgresql"] = asyncio.run(fill(folder / "app.py", postgres))
    (folder / "postgresql.sql").write_text(dump_postgres(postgres))
    (folder / "known.json").write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
