"""Files as clients from npm send them with their mutations, against a real server; see test_clients."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from hedgerow import Backend, storage
from hedgerow.server.callers import make_token

from .conftest import CLOCK, SECRET, settings
from .filing import MODELS
from .node import judge
from .serving import serving
from .test_clients import CLIENTS, installed  # noqa: F401

CASES = ["a file", "files anywhere in the variables", "a file that is refused"]


def test_apollo_uploads(installed: None, fresh_url: str, tmp_path: Path) -> None:  # noqa: F811
    given = settings(fresh_url, storage_url=f"file://{tmp_path / 'files'}")
    backend = Backend(MODELS, modules=[storage(clock=lambda: CLOCK)], clock=lambda: CLOCK, settings=given)
    token = make_token(SECRET, ["user"], {"id": "ann"}, CLOCK + timedelta(days=1))
    with serving(backend) as port:
        where = json.dumps({"url": f"http://127.0.0.1:{port}", "token": token})
        judge("apollo-uploads.mjs", where, tmp_path, CASES)
