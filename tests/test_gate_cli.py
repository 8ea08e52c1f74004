"""`hedgerow check` as CI runs it: real processes and exit codes, against a committed snapshot."""

import json
from pathlib import Path
from typing import Any

import pytest

from .test_cli import APP, run

MODELS, BACKEND = APP.split("def seed")[0], "\nbackend = Backend(models=[Book])\n"
OPEN = MODELS.replace('fields=["id", "title"]', 'fields=["id", "title", "owner_id"]')


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "app.py"
    path.write_text(MODELS + BACKEND)
    return path


def found(done: Any) -> list[tuple[str, str]]:
    return [(each["class"], each["text"]) for each in json.loads(done.stdout)["differences"]]


def test_snapshot(app: Path, tmp_path: Path) -> None:
    kept = tmp_path / "permissions.txt"
    assert run("check", str(app), "--write", str(kept)).returncode == 0
    text = kept.read_text()
    assert "\nanyone read Book.title\n" in text
    assert "\nuser read Book.owner_id where: owner_id = me.id\n" in text
    assert run("check", str(app), "--against", str(kept), "--write", str(kept)).stdout == "No difference.\n"
    assert kept.read_text() == text
    app.write_text(OPEN + BACKEND)
    done = run("check", str(app), "--against", str(kept), "--json")
    assert done.returncode == 1
    assert found(done) == [("widening", "anyone may now read Book(owner_id)")]
