"""Tables may be called like a type that the database has itself: what is written, read and told is of the table."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from hedgerow import Backend, access, allow
from hedgerow.resolvers.exchange import Exchange

from .conftest import STRANGER, settings

REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Line(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str

    @access
    def rules(line, me):
        yield allow("anyone", "read create")


class Path(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str

    @access
    def rules(path, me):
        yield allow("anyone", "read create", where=path.text != "hidden")


@pytest.mark.parametrize(("one", "many"), [("Line", "lines"), ("Path", "paths")])
async def test_changes_are_told_of_a_table_called_like_a_type(one: str, many: str, fresh_url: str) -> None:
    backend = Backend(models=[Line, Path], settings=settings(fresh_url))
    async with backend.lifespan():
        session = backend.session(STRANGER)
        told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        async def follow() -> None:
            document = f"subscription {{ {many}Changes {{ operation node {{ id text }} }} }}"
            async for each in backend.engine.subscribe(document, None, {}, session, Exchange({}, "")):
                for change in json.loads(each.data)[f"{many}Changes"]:  # type: ignore[union-attr]
                    told.put_nowait(change)

        following = asyncio.create_task(follow())
        async with asyncio.timeout(30):
            assert (await told.get())["operation"] == "RESYNC"
            await session.query(f'mutation {{ create{one}(object: {{text: "a"}}) {{ id }} }}')
            assert await told.get() == {"operation": "ENTER", "node": {"id": 1, "text": "a"}}
        following.cancel()
        assert await session.query(f"{{ {many} {{ text }} }}") == {many: [{"text": "a"}]}
