"""Persisted queries of @apollo/client, and what Relay's compiler writes, against a real server; see test_clients."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from hedgerow import Backend
from hedgerow.server.callers import make_token
from hedgerow.server.documents import digest

from . import test_cli as cli
from .conftest import CLOCK, SECRET, settings
from .node import judge
from .serving import serving
from .test_clients import CLIENTS, installed  # noqa: F401
from .world import MODELS

CASES = ["a trusted document by its hash", "a trusted document by GET", "a document that is not trusted"]
TAGS = """\
query Tags($limit: Int) {
  tags(orderBy: {id: ASC}, limit: $limit) {
    id
    word
    __typename
  }
}"""
"""As the client prints it, which asks for the type of each object."""


@pytest.mark.parametrize("only", [False, True], ids=["open", "only"])
def test_apollo_persisted(installed: None, database_url: str, tmp_path: Path, only: bool) -> None:  # noqa: F811
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({digest(TAGS): TAGS}))
    given = settings(database_url, documents=str(manifest), documents_only=only)
    with serving(Backend(MODELS, clock=lambda: CLOCK, settings=given)) as port:
        token = make_token(SECRET, ["user"], {"id": 1}, CLOCK + timedelta(days=1))
        where = json.dumps({"url": f"http://127.0.0.1:{port}", "schema": "only" if only else "open", "token": token})
        judge("persisted.mjs", where, tmp_path, CASES)


def test_what_relays_compiler_writes(installed: None, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "app.py").write_text(cli.APP)
    printed = cli.run("schema", str(tmp_path / "app.py"), "--role", "user")
    (tmp_path / "schema.graphql").write_text(printed.stdout)
    (tmp_path / "persisted.json").write_text("{}")
    source = tmp_path / "src"
    source.mkdir()
    (source / "Books.js").write_text(
        "import { graphql } from 'relay-runtime';\ngraphql`query BooksQuery { books { title ownerId } }`;\n"
    )
    config = {
        "src": "./src",
        "schema": "./schema.graphql",
        "language": "javascript",
        "schemaConfig": {"nodeInterfaceIdField": "nodeId", "nodeInterfaceIdVariableName": "nodeId"},
        "persistConfig": {"file": "./persisted.json", "algorithm": "SHA256"},
    }
    (tmp_path / "relay.config.json").write_text(json.dumps(config))
    compiler = CLIENTS / "node_modules" / "relay-compiler" / "cli.js"
    done = subprocess.run(
        ["node", str(compiler), "relay.config.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = tmp_path / "documents.json"
    given = (str(tmp_path / "app.py"), str(tmp_path / "persisted.json"), "--write", str(written))
    collected = cli.run("documents", *given)
    assert collected.returncode == 0, collected.stderr
    [(id, document)] = json.loads(written.read_text()).items()
    assert "query BooksQuery" in document
    assert id in (source / "__generated__" / "BooksQuery.graphql.js").read_text(), "the id that the client will send"
