"""The databases of these tests."""

import asyncio
from typing import Any

import pytest

from hedgerow.server.tables import prepare

from .models import MODELS, LeakDocMark, seed_data
from .served import fill, no_jit


@pytest.fixture(scope="session")
def pairs(new_postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """For each kind of database, one with the seed and one for a twin."""
    folder = tmp_path_factory.mktemp("leaks")
    made: dict[str, tuple[str, str]] = {}
    for kind in ("sqlite", "postgres"):
        urls = [f"sqlite:///{folder / name}.db" if kind == "sqlite" else new_postgres() for name in ("base", "twin")]
        for url in urls:
            asyncio.run(prepare(url, [*MODELS, LeakDocMark], None))
            asyncio.run(fill(url, seed_data()))
            if kind == "postgres":
                asyncio.run(no_jit(url))
        made[kind] = (urls[0], urls[1])
    return made
