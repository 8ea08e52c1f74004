"""GET /metrics: who may read it, what it counts on every door, and that nothing a client sends makes it grow."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hedgerow import Backend
from hedgerow.server.telemetry.names import MOST

from . import shop
from .conftest import ADMIN, ADMINISTRATOR, STRANGER, running, settings, user
from .services import until
from .test_http import AS_ADMIN, THINGS, as_user, client, post
from .test_straight import post as request_of
from .test_straight import serve
from .world import MODELS

DOC = Path(__file__).parents[1] / "docs" / "observability.md"
TOKEN = "a token for Prometheus alone, of 32 bytes"


class Read:
    """The samples of one answer."""

    def __init__(self, text: str) -> None:
        self.families = {each.name: each for each in text_string_to_metric_families(text)}

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of a name that have these labels."""
        samples = [sample for family in self.families.values() for sample in family.samples if sample.name == name]
        return sum(each.value for each in samples if labels.items() <= each.labels.items())

    def labels(self, name: str, label: str) -> set[str]:
        samples = [sample for family in self.families.values() for sample in family.samples if sample.name == name]
        return {each.labels[label] for each in samples}


async def metrics(http: httpx2.AsyncClient) -> Read:
    answer = await http.get("/metrics", headers=AS_ADMIN)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return Read(answer.text)


@pytest.fixture
async def http(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with running(database_url, max_batch=5) as backend, client(backend) as made:
        yield made


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": f"Bearer {TOKEN}"}, 200),
        ({"authorization": f"bearer {TOKEN}"}, 200),
        ({"x-hedgerow-admin-secret": ADMIN}, 200),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": TOKEN}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": f"Bearer {ADMIN}"}, 401),
        ({"x-hedgerow-admin-secret": TOKEN}, 401),
        ({"x-hedgerow-admin-secret": ""}, 401),
        ({"authorization": b"Bearer \xff\xfe"}, 401),
    ],
)
async def test_who_may_read_metrics(sqlite_world: str, headers: Any, status: int) -> None:
    async with running(sqlite_world, metrics_token=TOKEN) as backend, client(backend) as http:
        answer = await http.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("hedgerow_" in answer.text) is (status == 200)


async def test_without_secrets_nobody_may(sqlite_world: str) -> None:
    backend = Backend(
        MODELS,
        settings=settings(sqlite_world).model_copy(update={"admin_secret": None, "metrics_token": None}),
    )
    async with backend.lifespan(), client(backend) as http:
        for headers in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer"}, {"x-hedgerow-admin-secret": ""}):
            assert (await http.get("/metrics", headers=headers)).status_code == 401


async def test_every_door_is_counted(http: httpx2.AsyncClient) -> None:
    named = "query Things { things(limit: 1) { id } }"
    await post(http, named)
    await http.get("/graphql", params={"query": named})
    await http.post("/graphql", json=[{"query": named}, {"query": named}])
    await post(http, "{ things(limit: 1) { id } }")
    await post(http, "{ nothing")
    await post(http, "query Things { nothing }")
    found = await metrics(http)
    total = "hedgerow_operations_total"
    assert found.value(total, operation="Things", type="query", code="OK") == 4
    assert found.value(total, operation="anonymous", type="query", code="OK") == 1
    assert found.value(total, operation="unknown", code="GRAPHQL_PARSE_FAILED") == 1
    assert found.value(total, operation="unknown", code="GRAPHQL_VALIDATION_FAILED") == 1
    assert found.value("hedgerow_operation_duration_seconds_count", operation="Things") == 4
    assert found.value("hedgerow_operation_duration_seconds_bucket", operation="Things", le="+Inf") == 4
    assert found.value("hedgerow_operation_duration_seconds_sum", operation="Things") > 0
    assert found.value("hedgerow_table_operations_total", table="Thing", access="read") == 5
    assert found.value("hedgerow_operation_part_seconds_total", part="sql") > 0
    assert found.value("hedgerow_refusals_total", code="GRAPHQL_PARSE_FAILED") == 1
    assert found.value("hedgerow_cache_hits_total", cache="documents") > 0
    assert found.value("hedgerow_cache_misses_total", cache="documents") >= 2
    assert found.value("hedgerow_cache_hits_total", cache="plans") == 3
    assert found.value("hedgerow_cache_misses_total", cache="plans") == 2
    assert found.value("hedgerow_database_connections_max", pool="read") >= 1
    assert found.value("hedgerow_up", part="database") == 1
    assert found.value("process_resident_memory_bytes") > 0


def test_the_short_way_is_counted_too(sqlite_world: str) -> None:
    asking = request_of({"query": "query Short { things(limit: 1) { id } }"})
    with serve(sqlite_world) as served, served.connect() as connected:
        for _ in range(5):
            connected.ask(asking)
        assert len(served.short) == 4
        text = httpx2.get(f"http://127.0.0.1:{served.port}/metrics", headers=AS_ADMIN).text
    assert Read(text).value("hedgerow_operations_total", operation="Short", code="OK") == 5


async def test_a_write_is_counted_by_its_table(shop_url: str) -> None:
    async with running(shop_url, models=shop.MODELS) as backend, client(backend) as http:
        fields = sorted(backend.catalog.tables)
        schema = await post(http, '{ __type(name: "Mutation") { fields { name } } }', AS_ADMIN)
        names = [each["name"] for each in schema.json()["data"]["__type"]["fields"]]
        delete = next(name for name in names if name.startswith("delete") and name.endswith("s"))
        answer = await post(http, f"mutation Wipe {{ {delete}(where: {{}}) {{ affectedRows }} }}", AS_ADMIN)
        found = await metrics(http)
        assert "data" in answer.json(), answer.text
    assert found.value("hedgerow_operations_total", operation="Wipe", type="mutation") == 1
    assert found.labels("hedgerow_table_operations_total", "table") <= {*fields}
    assert found.value("hedgerow_table_operations_total", access="write") == 1


async def test_names_that_clients_make_up_are_bounded(sqlite_world: str) -> None:
    async with running(sqlite_world) as backend, client(backend) as http:
        for number in range(MOST + 20):
            await post(http, f"query Made{number} {{ things(limit: 1) {{ id }} }}")
        await post(http, f"query {'N' * 200} {{ things(limit: 1) {{ id }} }}")
        await post(http, "query Refused { nothing }")
        found = await metrics(http)
    names = found.labels("hedgerow_operations_total", "operation")
    assert len(names) == MOST + 2  # other and unknown
    assert found.value("hedgerow_operations_total", operation="other") == 21


async def test_where_names_are_known_no_others_are_told(sqlite_world: str, tmp_path: Any) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({"1": "query Trusted { things(limit: 1) { id } }"}))
    given = {"documents": str(manifest), "operation_names": "Listed Unused"}
    async with running(sqlite_world, **given) as backend, client(backend) as http:
        for name in ("Trusted", "Listed", "MadeUp"):
            await post(http, f"query {name} {{ things(limit: 1) {{ id }} }}")
        found = await metrics(http)
    assert found.labels("hedgerow_operations_total", "operation") == {"Trusted", "Listed", "other"}


async def test_no_value_of_a_caller_is_in_metrics(sqlite_world: str) -> None:
    secret = secrets.token_hex(12)
    given = {"operation_names": "Known"}
    async with running(sqlite_world, **given) as backend, client(backend) as http:
        await post(http, f"query S{secret} {{ S{secret}: things(limit: 1) {{ id }} }}", {"x-request-id": secret})
        await post(http, f"{{ nothing{secret} }}", {"x-other": secret})
        await post(http, "query ($t: ThingFilter) { things(where: $t) { id } }", variables={"t": {secret: secret}})
        answer = await http.get("/metrics", headers=AS_ADMIN)
    assert answer.status_code == 200
    assert secret not in answer.text


async def test_subscriptions_and_the_feed_are_counted(shop_url: str) -> None:
    async with running(shop_url, models=shop.MODELS) as backend, client(backend) as http:
        root = next(iter(backend.engine.seen(backend.session(ADMINISTRATOR).actor).view.roots))
        session = backend.session(ADMINISTRATOR)
        told = backend.engine.subscribe(f"subscription {{ {root} {{ __typename }} }}", None, {}, session)
        async with aclosing(told) as events:
            await anext(events)
            found = await metrics(http)
            assert found.value("hedgerow_subscriptions", kind="live") == 1
            assert found.value("hedgerow_live_queries") == 1
            assert found.value("hedgerow_deliveries_total", kind="live") == 1
            assert found.value("hedgerow_live_reads_total") == 1
        found = await metrics(http)
        assert found.value("hedgerow_subscriptions", kind="live") == 0
        assert found.value("hedgerow_feed_lag_changes") == 0


async def test_resyncs_are_counted(shop_url: str) -> None:
    async with running(shop_url, models=shop.MODELS) as backend, client(backend) as http:
        view = backend.engine.seen(backend.session(ADMINISTRATOR).actor).view
        root = next(name for name in view.subscriptions if name.endswith("Changes"))
        session = backend.session(ADMINISTRATOR)
        told = backend.engine.subscribe(f"subscription {{ {root} {{ operation }} }}", None, {}, session)
        async with aclosing(told) as events:
            first = await anext(events)
        assert b"RESYNC" in first.data  # type: ignore[union-attr]
        found = await metrics(http)
    assert found.value("hedgerow_resyncs_total") == 1
    assert found.value("hedgerow_deliveries_total", kind="changes") == 1


async def test_every_metric_is_documented(http: httpx2.AsyncClient) -> None:
    await post(http, THINGS)
    found = await metrics(http)
    own = {name for name in found.families if name.startswith("hedgerow_")} | {"hedgerow_worker_up"}
    told = re.findall(r"^\| `(hedgerow_\w+?)(?:_total)?` \|", DOC.read_text(), re.MULTILINE)
    assert sorted(told) == sorted(own)


# Server-Timing


async def test_who_holds_the_admin_secret_is_told_how_long_things_took(http: httpx2.AsyncClient) -> None:
    for headers in (AS_ADMIN, as_user(1)):
        for document in (THINGS, "{ nothing }"):
            answer = await post(http, document, headers)
            parts = dict(each.split(";dur=") for each in answer.headers["server-timing"].split(", "))
            assert [*parts] == ["plan", "queue", "sql", "rest", "total"]
            assert float(parts["total"]) >= float(parts["sql"]) >= 0


@pytest.mark.parametrize("headers", [{}, {"x-hedgerow-admin-secret": "wrong"}, {"x-hasura-admin-secret": ADMIN}])
async def test_nobody_else_is(http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await post(http, THINGS, headers)
    assert "server-timing" not in answer.headers


def test_on_the_short_way_too(sqlite_world: str) -> None:
    with serve(sqlite_world) as served, served.connect() as connected:
        for headers, there in (((), False), ((f"x-hedgerow-admin-secret: {ADMIN}",), True)):
            for _ in range(2):
                head, _ = connected.ask(request_of({"query": THINGS}, *headers))
                assert (b"server-timing" in head) is there
        assert len(served.short) == 2


async def test_the_cost_of_a_query_is_told_to_the_admin_alone(http: httpx2.AsyncClient) -> None:
    assert (await post(http, THINGS, AS_ADMIN)).json()["extensions"] == {"cost": 1}
    assert "extensions" not in (await post(http, THINGS)).json()
    assert "extensions" not in (await post(http, THINGS, as_user(1))).json()


# Time by parts


async def test_waiting_for_a_connection_is_its_own_part(postgres_world: str) -> None:
    async with running(postgres_world) as backend, client(backend) as http:
        database = backend.engine.database.inner
        held = [await database.pool.acquire() for _ in range(4)]
        asking = asyncio.create_task(post(http, "query Waits { things(limit: 1) { id } }"))
        await until(lambda: len(backend.engine.caches["documents"]))
        for each in held:
            await database.pool.release(each)
        assert (await asking).status_code == 200
        found = await metrics(http)
    assert found.value("hedgerow_operation_part_seconds_total", part="queue") > 0


async def test_doors_within_the_process_are_no_requests(sqlite_world: str) -> None:
    """A developer's own `session.query` is a part of what it is asked in, or nobody's request."""
    async with running(sqlite_world) as backend, client(backend) as http:
        await backend.session(STRANGER).query(THINGS)
        await backend.session(user(1)).query(THINGS)
        found = await metrics(http)
    assert found.value("hedgerow_operations_total") == 0
