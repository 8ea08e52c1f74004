"""The example of a sketch for several: what its first lines say happens, and who is taken off it is out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from hedgerow import Backend, Code, Refusal, Settings
from hedgerow.server.load import load

from .chat import Joined, publish
from .conftest import user
from .services import WAIT

FILE = Path(__file__).parents[1] / "examples" / "sketch.py"


@pytest.fixture(scope="session")
def sketch() -> Backend:
    """The example; its tables can be declared only once in a process."""
    return load(str(FILE))


@pytest.fixture(params=["sqlite", "postgres"])
def sketch_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sketch.db'}"
    return request.getfixturevalue("new_postgres")()


async def test_a_sketch_for_several(sketch: Backend, sketch_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch, "settings", Settings(database_url=sketch_url))
    async with sketch.lifespan(), asyncio.timeout(WAIT):
        owner, guest = user(1), user(2)
        left = Joined(sketch, "sketch:1", owner, {"colour": "green"}, "left")
        right = Joined(sketch, "sketch:1", guest, {"colour": "red"}, "right")
        await left.next()
        assert len((await right.next())["members"]) == 2
        assert (await left.next())["member"]["presence"] == {"colour": "red"}
        await publish(sketch, "sketch:1", {"x": 12, "y": 40}, guest)
        for window in (left, right):
            assert await window.next() == {"kind": "MESSAGE", "payload": {"x": 12, "y": 40}, "user": 2}

        strokes = sketch.engine.subscribe("subscription { strokes { points byId } }", None, {}, sketch.session(owner))
        assert _data(await anext(strokes)) == {"strokes": []}
        drawn = "mutation { createStroke(object: {sketchId: 1, points: [[0, 0], [1, 1]]}) { id } }"
        await sketch.session(guest).query(drawn)
        assert _data(await anext(strokes)) == {"strokes": [{"points": [[0, 0], [1, 1]], "byId": 2}]}
        await strokes.aclose()

        with pytest.raises(Refusal):
            await sketch.session(user(3)).query(drawn)
        taken_off = "mutation { deleteArtist(sketchId: 1, userId: 2) { userId } }"
        assert await sketch.session(guest).query(taken_off) == {"deleteArtist": None}
        await sketch.session(owner).query(taken_off)
        assert (await right.refused()).code is Code.FORBIDDEN
        await left.leave()


def _data(event: Any) -> Any:
    return orjson.loads(event.data)
