"""Writes of many rows: few statements, memory that the rows alone take, and never more rows than allowed."""

from __future__ import annotations

import os
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from hedgerow import Actor, Backend, Code, Refusal, access, allow
from hedgerow.server.tables import prepare

from . import shop
from .conftest import running

CLERK = Actor(frozenset({"anyone", "user", "clerk"}), {"id": 1})
MANY = int(os.environ.get("HEDGEROW_TEST_ROWS", "20000"))
"""How many rows the largest write has: 100,000 by hand."""
WIDTH = 150
CREATE = """mutation ($objects: [ProductCreate!]!) {
  createProducts(objects: $objects) { affectedRows returning { id name } }
}"""
UPSERT = """mutation ($objects: [ProductCreate!]!) {
  createProducts(objects: $objects, onConflict: {constraint: one_name_and_size, updateColumns: [stock]}) {
    affectedRows
  }
}"""


class Own(SQLModel):
    """Models of this file: their names are in other files too."""

    metadata = sa.MetaData()
    _sa_registry = sa.orm.registry(metadata=metadata)


@access
def _everybody(row: Any, me: Any) -> Any:
    yield allow("anyone", "read create update delete")


Wide: Any = type(SQLModel)(
    "Wide",
    (Own,),
    {
        "__module__": __name__,
        "__annotations__": {"id": int | None, **{f"c{n}": int for n in range(WIDTH)}},
        "id": Field(default=None, primary_key=True),
        "rules": _everybody,
    },
    table=True,
)


def products(count: int, **given: Any) -> list[dict[str, Any]]:
    return [{"name": f"Nail {n}", "price": "0.05", **given} for n in range(count)]


def commands(backend: Backend) -> list[str]:
    database: Any = backend.engine.database
    (run,) = database.commands
    database.commands.clear()
    return run


async def test_ten_thousand_rows_are_a_few_statements(shop_url: str) -> None:
    async with running(shop_url, models=shop.MODELS) as backend:
        session = backend.session(CLERK)
        made = (await session.query(CREATE, {"objects": products(10_000)}))["createProducts"]
        assert made["affectedRows"] == 10_000
        assert [row["name"] for row in made["returning"]] == [f"Nail {n}" for n in range(10_000)]
        assert len(commands(backend)) <= 30
        made = (await session.query(UPSERT, {"objects": products(10_000, stock=7)}))["createProducts"]
        assert made["affectedRows"] == 10_000
        assert len(commands(backend)) <= 80
        changed = await session.query("mutation { updateProducts(where: {}, inc: {stock: 1}) { affectedRows } }")
        assert changed["updateProducts"]["affectedRows"] == 10_004
        assert len(commands(backend)) <= 10
        gone = await session.query('mutation { deleteProducts(where: {name: {_like: "Nail %"}}) { affectedRows } }')
        assert gone["deleteProducts"]["affectedRows"] == 10_000
        assert len(commands(backend)) <= 10


@pytest.mark.timeout(600)
async def test_memory_grows_with_the_rows_alone(shop_url: str) -> None:
    """No row takes more than a few kilobytes while it is written, and nothing stays."""
    async with running(shop_url, models=shop.MODELS, statement_timeout=3600) as backend:
        session = backend.session(CLERK)
        text = CREATE.replace(" returning { id name }", "")
        await session.query(text, {"objects": products(10, size="first")})
        objects = products(MANY)
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            made = await session.query(text, {"objects": objects})
            after, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert made["createProducts"]["affectedRows"] == MANY
        assert peak - before < MANY * 8_000
        assert after - before < 20_000_000


@pytest.fixture
async def wide_url(request: pytest.FixtureRequest, shop_url: str) -> str:
    await prepare(shop_url, [Wide], None)
    return shop_url


async def test_wide_rows_fit_the_parameters_of_a_statement(wide_url: str) -> None:
    """SQLite takes 32,766 values in a statement, PostgreSQL 65,535."""
    async with running(wide_url, models=[Wide]) as backend:
        session = backend.session(CLERK)
        objects = [{f"c{n}": row * n for n in range(WIDTH)} for row in range(1_000)]
        create = (
            "mutation ($objects: [WideCreate!]!) { createWides(objects: $objects) { affectedRows returning { c149 } } }"
        )
        made = (await session.query(create, {"objects": objects}))["createWides"]
        assert made == {"affectedRows": 1_000, "returning": [{"c149": row * 149} for row in range(1_000)]}
        assert len(commands(backend)) <= 20
        overwrite = [{"id": row + 1, **each, "c149": 1} for row, each in enumerate(objects)]
        columns = ", ".join(f"c{n}" for n in range(WIDTH))
        upsert = (
            "mutation ($objects: [WideCreate!]!) { createWides(objects: $objects,"
            f" onConflict: {{constraint: wide_pkey, updateColumns: [{columns}]}}) {{ affectedRows }} }}"
        )
        assert (await session.query(upsert, {"objects": overwrite}))["createWides"]["affectedRows"] == 1_000
        assert len(commands(backend)) <= 40
        found = await session.query("{ widesAggregate { aggregate { count sum { c149 c148 } } } }")
        assert found["widesAggregate"]["aggregate"] == {
            "count": 1_000,
            "sum": {"c149": 1_000, "c148": 148 * sum(range(1_000))},
        }


NESTED = """mutation ($objects: [CategoryCreate!]!) { createCategories(objects: $objects) { affectedRows } }"""
TOO_MANY: dict[str, tuple[str, Any]] = {
    "created": (NESTED, [{"name": f"C{n}"} for n in range(6)]),
    "created below others": (NESTED, [{"name": "C", "products": {"data": products(5)}}]),
    "updated": ("mutation { updateLines(where: {}, inc: {count: 1}) { affectedRows } }", None),
    "deleted": ("mutation { deleteLines(where: {}) { affectedRows } }", None),
}


@pytest.mark.parametrize("name", TOO_MANY)
@pytest.mark.parametrize(("most", "refused"), [(3, True), (6, False)])
async def test_a_mutation_writes_no_more_rows_than_it_may(shop_url: str, name: str, most: int, refused: bool) -> None:
    text, objects = TOO_MANY[name]
    async with running(shop_url, models=shop.MODELS, max_written_rows=most) as backend:
        session = backend.session(CLERK)
        count = "{ linesAggregate { aggregate { count sum { count } } } categoriesAggregate { aggregate { count } } }"
        before = await session.query(count)
        if not refused:
            await session.query(text, {"objects": objects} if objects else {})
            assert await session.query(count) != before
            return
        with pytest.raises(Refusal) as caught:
            await session.query(text, {"objects": objects} if objects else {})
        (complaint,) = caught.value.complaints
        assert complaint.code is Code.LIMIT_EXCEEDED and f"more than {most} rows" in complaint.message
        assert await session.query(count) == before


async def test_rows_of_a_list_are_looked_up(tmp_path: Path) -> None:
    """What a list names is found in an index, on SQLite too, whether a client names it or a write does."""
    async with running(f"sqlite:///{tmp_path / 'shop.db'}", models=shop.MODELS, seed=shop.seed) as backend:
        session, database = backend.session(Actor(superuser=True)), backend.engine.database
        await session.query("{ products(where: {id: {_in: [1, 2]}}) { name } }")
        await session.query(
            "mutation { updateProduct(id: 1, set: {stock: 3}) { name } deleteReviews(where: {}) { affectedRows } }"
        )
        asked = [*database.statements, *(sql for commands in database.commands for sql in commands)]
        listed = [sql for sql in asked if "json_each" in sql]
        assert len(listed) >= 3
        for sql in listed:
            values = [None] * max(map(int, re.findall(r"\?(\d+)", sql)))
            plan = await database.inner.explain(sql, values)
            assert re.search(r"SEARCH (t0|product|review) ", plan), (sql, plan)
