"""What `--against` names, and the file at hand → Versions that can be compared.

In: a backend's file, a snapshot's, or a git revision, at which the same file is read with all that lies beside it. Out:
a Version. Refused here, as SetupError: what is none of them, and what can't be loaded. A backend runs as code: compare
with revisions that you would run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ...schema.errors import SetupError
from ...schema.gate.permitted import Permissions
from ...schema.gate.snapshot import HEADER, parse
from ...schema.gate.trees import Trees, read

_SECONDS = 120
"""How long a backend may take to be declared, or git to answer."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a backend lets its roles do, what it looks like to their clients (SDL by role), and what a database can be
    asked of it; a snapshot has its permissions alone.
    """

    permissions: Permissions
    schemas: Mapping[str, str] | None = None
    trees: Trees | None = None


def version(against: str, file: str) -> Version:
    """What `--against` names, for a backend's file."""
    path = Path(against)
    if path.is_file() and _begins(path, HEADER.encode()):
        return Version(parse(_read(path)))
    if path.is_file() or _part(against, 0).endswith(".py"):
        return of_file(against)
    return _at_revision(against, file)


def of_file(file: str) -> Version:
    """A backend's file as it is."""
    return _described(file)


def _at_revision(revision: str, file: str) -> Version:
    path = Path(_part(file, 0)).resolve()
    folder = path.parent
    if not folder.is_dir():
        raise SetupError(f"There is no file {file}. Give the Python file that declares the backend.")
    top = Path(_git(folder, "rev-parse", "--show-toplevel", why=f"{folder} is in no git repository").strip()).resolve()
    commit = _git(
        folder,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{revision}^{{commit}}",
        why=f"--against {revision} is no file, and no revision of {top}",
    ).strip()
    with tempfile.TemporaryDirectory(prefix="hedgerow-") as made:
        tree = Path(made).resolve() / "tree"
        tree.mkdir()
        own = {"GIT_INDEX_FILE": str(Path(made) / "index")}
        why = f"{revision} can't be read"
        _git(top, "read-tree", commit, why=why, **own)
        _git(top, "checkout-index", "--all", f"--prefix={tree}{os.sep}", why=why, **own)
        then = tree / path.relative_to(top)
        if not then.is_file():
            raise SetupError(f"{path.relative_to(top)} was not there at {revision}: compare with a later revision.")
        name = _part(file, 1)
        return _described(f"{then}:{name}" if name else str(then), top, tree)


def _described(file: str, here: Path | None = None, there: Path | None = None) -> Version:
    """What a process of its own says of a backend's file."""
    with tempfile.TemporaryDirectory(prefix="hedgerow-") as made:
        to = Path(made) / "described.json"
        trees = [] if here is None else [str(here), str(there)]
        # -P: what lies in the working directory must not stand for modules of Python's own.
        command = [sys.executable, "-P", "-m", "hedgerow.server.gate.describe", file, str(to), *trees]
        done = _run(command, {"PYTHONDONTWRITEBYTECODE": "1"})
        if done.returncode or not to.is_file():
            raise SetupError(done.stderr.strip() or f"{file} ended its process with exit code {done.returncode}.")
        found = orjson.loads(to.read_bytes())
    return version_of(found)


def version_of(found: Mapping[str, Any]) -> Version:
    """What `describe` told."""
    return Version(parse(found["permissions"]), found["schemas"], read(found["trees"]))


def _begins(path: Path, with_: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(with_)) == with_


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise SetupError(f"{path} is no snapshot that can be read: it is not UTF-8.") from None


def _git(folder: Path, *arguments: str, why: str, **environment: str) -> str:
    done = _run(["git", "-C", str(folder), *arguments], environment)
    if done.returncode:
        raise SetupError(f"{why}. {done.stderr.strip()}".strip())
    return done.stdout


def _run(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603
            command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        raise SetupError(f"There is no {command[0]} to be run. Install it, or give a file to --against.") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{command[0]} took longer than {_SECONDS} seconds.") from None


def _part(file: str, number: int) -> str:
    """The path, or the name, of `FILE[:name]`."""
    path, _, name = (file, "", "") if Path(file).exists() else file.partition(":")
    return (path, name)[number]
