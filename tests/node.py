"""Clients from npm, run by node against a real server: each case of a script must pass."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

CLIENTS = Path(__file__).parent / "clients"


def judge(script: str, where: str, folder: Path, cases: Sequence[str]) -> None:
    """Runs a script of tests/clients against a server, which `where` tells of as JSON; these are its cases."""
    done = subprocess.run(
        ["node", "run.mjs", script, where],
        cwd=CLIENTS,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert [*results] == [*cases]
    for case, result in results.items():
        assert result["passed"], (case, result["error"])
