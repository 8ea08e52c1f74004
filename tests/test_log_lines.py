"""The log: lines for people and machines, with the ids of their requests, and nothing in them that a caller sent."""

import asyncio
import io
import json
import logging
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import strawberry

from hedgerow import Backend, Info, Refusal
from hedgerow.resolvers.observe import Answered, Event, Explained, Slow
from hedgerow.schema.errors import Code
from hedgerow.server.log_lines import JSONLines, TextLines
from hedgerow.server.telemetry.slow import SlowLog

from . import shop
from .conftest import ADMINISTRATOR, running
from .services import until
from .test_http import AS_ADMIN, THINGS, as_user, client, post

own = logging.getLogger("an.app")


class Written:
    """What is written while a test runs, in both forms."""

    def __init__(self, *, values: bool = False) -> None:
        self.handlers: list[logging.Handler] = []
        for formatter in (JSONLines(values=values), TextLines(values=values)):
            handler = logging.StreamHandler(io.StringIO())
            handler.setFormatter(formatter)
            self.handlers.append(handler)

    @property
    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._text(0).splitlines()]

    @property
    def text(self) -> str:
        return self._text(1)

    @property
    def all(self) -> str:
        return self._text(0) + self._text(1)

    def _text(self, number: int) -> str:
        handler = self.handlers[number]
        assert isinstance(handler, logging.StreamHandler)
        return handler.stream.getvalue()


@pytest.fixture(params=[False])
def written(request: pytest.FixtureRequest) -> Iterator[Written]:
    made = Written(values=request.param)
    root, level = logging.getLogger(), logging.getLogger("hedgerow").level
    for each in made.handlers:
        root.addHandler(each)
    own.setLevel(logging.INFO)
    yield made
    for each in made.handlers:
        root.removeHandler(each)
    logging.getLogger("hedgerow").setLevel(level)


SECRET = "s3cret" + secrets.token_hex(8)


@strawberry.type
class Query:
    @strawberry.field
    async def fails(self, text: str) -> str:
        raise ValueError(f"what is {text}?")

    @strawberry.field
    async def nested(self, text: str) -> str:
        try:
            raise KeyError(text)
        except KeyError as error:
            own.error("could not: %s", error)
            own.exception("it failed")
            raise RuntimeError(text) from error

    @strawberry.field
    async def refuses(self, text: str) -> str:
        raise Refusal.of(Code.CONFLICT, f"{text} is taken.")

    @strawberry.field
    async def logs(self, info: Info) -> str:
        own.info("a word of an app")
        return "done"


ATTACKS: list[tuple[str, dict[str, Any]]] = [
    (f"query {SECRET} {{ {SECRET}: things(limit: 1) {{ id }} }}", {}),
    (f"{{ {SECRET} }}", {}),
    (f"{{ things {SECRET}", {}),
    (f'{{ things(where: {{id: {{_eq: "{SECRET}"}}}}) {{ id }} }}', {}),
    (f'{{ notes(where: {{title: {{_eq: "{SECRET}"}}}}) {{ id {SECRET}: title }} }}', {}),
    (f'{{ notes(where: {{title: {{_regex: "({SECRET}"}}}}) {{ id }} }}', {}),
    ("query ($t: String) { notes(where: {title: {_eq: $t}}) { id } }", {"t": SECRET}),
    ("query ($t: Int) { things(limit: $t) { id } }", {"t": SECRET}),
    ("query ($w: ThingFilter) { things(where: $w) { id } }", {"w": {SECRET: SECRET}}),
    ("query ($t: String!) { fails(text: $t) }", {"t": SECRET}),
    ("query ($t: String!) { nested(text: $t) }", {"t": SECRET}),
    ("query ($t: String!) { refuses(text: $t) }", {"t": SECRET}),
    ("query ($t: UUID) { people(where: {id: {_eq: $t}}) { id } }", {"t": SECRET}),
    (f"mutation {SECRET} {{ {SECRET} }}", {}),
    (f"subscription {SECRET} {{ things {{ id }} }}", {}),
    (f"query A {{ things {{ id @{SECRET} }} }}", {}),
    (f"query A {{ ...{SECRET} }}", {}),
]


@pytest.mark.parametrize("level", ["debug", "info"])
async def test_nothing_that_callers_send_is_in_the_log(database_url: str, written: Written, level: str) -> None:
    """Secrets in documents, variables, names and headers, of requests that are answered, refused, faulty and slow."""
    given = {"log_requests": True, "slow_milliseconds": 1, "log_level": level}
    async with running(database_url, query=Query, **given) as backend, client(backend) as http:
        slow = telemetry(backend)._slow
        slow._pause = 0.0
        for document, variables in ATTACKS:
            await post(http, document, variables=variables)
            await post(http, document, as_user(1), variables=variables, operationName=SECRET)
            await post(http, document, AS_ADMIN, variables=variables)
        for headers in (
            {"authorization": f"Bearer {SECRET}"},
            {"x-hedgerow-admin-secret": SECRET},
            {**AS_ADMIN, "x-hedgerow-role": SECRET},
            {**AS_ADMIN, "x-hedgerow-role": "user", "x-hedgerow-claims": json.dumps({"id": SECRET})},
            {"x-request-id": f"{SECRET}@example.com"},
            {"cookie": f"session={SECRET}"},
            {"idempotency-key": SECRET},
            {"accept": SECRET},
            {"traceparent": SECRET},
            {"host": SECRET},
        ):
            await post(http, THINGS, headers)
        await http.get("/graphql", params={"query": "{ things { id } }", SECRET: SECRET})
        await http.get(f"/{SECRET}", params={"token": SECRET})
        await http.post("/graphql", content=f'{{"query": {SECRET}', headers={"content-type": "application/json"})
        await until(lambda: not slow._busy)
    assert "refused" in written.text and "failed" in written.text and "answered" in written.text
    assert SECRET not in written.all


@pytest.mark.parametrize("written", [True], indirect=True)
async def test_where_it_may_the_log_says_all(sqlite_world: str, written: Written) -> None:
    async with running(sqlite_world, query=Query, log_values=True) as backend, client(backend) as http:
        await post(http, "query Mine { nothing }")
        await post(http, 'query Mine { fails(text: "this") }')
    refused = next(each for each in written.json if each.get("code") == "GRAPHQL_VALIDATION_FAILED")
    assert "'nothing'" in refused["message"]
    assert "ValueError: what is this?" in written.text


async def test_a_clash_does_not_tell_the_row(shop_url: str, written: Written) -> None:
    """PostgreSQL's own words for a broken constraint hold the values that clashed."""
    async with running(shop_url, models=shop.MODELS) as backend:
        fault = RuntimeError(SECRET)
        fault.__cause__ = ValueError(f"Key (email)=({SECRET}) already exists.")
        fault.add_note(SECRET)
        logging.getLogger("hedgerow").error("a fault", exc_info=fault)
        logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %r", fault)
        logging.getLogger("hedgerow").error("it is so: %s, %r", fault, fault)
        logging.getLogger("hedgerow").error(fault)
        logging.getLogger("hedgerow").error(OSError(98, SECRET, SECRET))
        logging.getLogger("hedgerow").error("a group", exc_info=ExceptionGroup(SECRET, [fault]))
        assert backend
    assert "Address already in use" in written.text
    assert "RuntimeError" in written.text and "because of ValueError" in written.text
    assert SECRET not in written.all


async def test_lines_have_the_ids_of_their_requests(sqlite_world: str, written: Written) -> None:
    async with running(sqlite_world, query=Query) as backend, client(backend) as http:
        given = await post(http, "{ logs }", {"x-request-id": "my-id.1"})
        made = await post(http, "{ logs }")
        await asyncio.gather(*(post(http, "{ logs }", {"x-request-id": f"many-{number}"}) for number in range(5)))
    own.info("afterwards")
    assert given.headers["x-request-id"] == "my-id.1"
    words = [each for each in written.json if each["logger"] == "an.app"]
    ids = [each.get("request_id") for each in words]
    assert ids[:2] == ["my-id.1", made.headers["x-request-id"]]
    assert sorted(ids[2:7], key=str) == [f"many-{number}" for number in range(5)]
    assert ids[7] is None, "nothing of a request stays behind"
    assert "[my-id.1] a word of an app" in written.text


@pytest.mark.parametrize("bad", ["", "a b", "x" * 65, "a@b", "é", "a/b", 'a"b', "{}"])
async def test_other_ids_are_not_taken(sqlite_world: str, bad: str) -> None:
    async with running(sqlite_world) as backend, client(backend) as http:
        answer = await post(http, THINGS, {"x-request-id": bad})
    assert answer.headers["x-request-id"] != bad
    assert 0 < len(answer.headers["x-request-id"]) <= 64


def test_a_line_is_one_line_for_machines_and_no_command_for_terminals() -> None:
    record = logging.LogRecord("a", logging.INFO, "", 1, "one\ntwo \x1b[2J \u2028 \udcff", (), None)
    line = JSONLines(values=False).format(record)
    assert "\n" not in line and json.loads(line)["message"].startswith("one\ntwo")
    assert "\x1b" not in TextLines(values=False).format(record)


async def test_each_operation_is_a_line_where_that_is_set(sqlite_world: str, written: Written) -> None:
    given = {"log_requests": True, "operation_names": "Mine"}
    async with running(sqlite_world, **given) as backend, client(backend) as http:
        answer = await post(http, "query Mine { things(limit: 1) { id } }")
        await post(http, "query Other { things(limit: 1) { id } }")
    first, second = [each for each in written.json if "answered" in each["message"]]
    assert (first["operation"], first["type"], first["code"]) == ("Mine", "query", "OK")
    assert first["request_id"] == answer.headers["x-request-id"]
    assert len(first["document"]) == 64
    assert first["total_ms"] >= first["sql_ms"] >= 0
    assert second["operation"] == "other"


# What is slow

SLOW = "query Slow($t: String) { notes(where: {title: {_eq: $t}}) { id secretly: title } }"


def telemetry(backend: Backend) -> Any:
    """What a running backend is seen by."""
    return backend._started().observe.__self__  # type: ignore[attr-defined]


def seen(backend: Backend) -> list[Event]:
    """All that the log is told from now on."""
    events: list[Event] = []
    telemetry(backend)._slow._observe = events.append
    return events


async def test_what_is_slow_is_told_with_a_plan_once(database_url: str) -> None:
    async with running(database_url, slow_milliseconds=1) as backend, client(backend) as http:
        slow = telemetry(backend)._slow
        telemetry(backend).meter._slow_seconds = 0.0
        events, slow._pause = seen(backend), 0.0
        for _ in range(3):
            await post(http, SLOW, as_user(1), variables={"t": SECRET})
            await until(lambda: not slow._busy)
    told = [each.answered for each in events if isinstance(each, Slow)]
    assert [each.operation for each in told] == ["Slow"] * 3
    assert {*told[0].parts} == {"plan", "queue", "sql", "rest", "total"}
    (explained,) = [each for each in events if isinstance(each, Explained)]
    assert explained.document == told[0].document
    assert "Note" in explained.tables
    assert "Scan" in explained.plan or "SCAN" in explained.plan, explained.plan
    assert SECRET not in explained.plan and "secretly" not in explained.plan


async def test_plans_come_one_at_a_time_and_not_too_often(sqlite_world: str) -> None:
    now = 0.0
    async with running(sqlite_world) as backend:
        events: list[Event] = []
        slow = SlowLog(backend.engine.database, events.append, clock=lambda: now)
        engine = backend.engine
        session = backend.session(ADMINISTRATOR)
        for number in range(20):
            operation, _ = engine.operation(f"{{ things(limit: {number}) {{ id }} }}", {}, session.actor)
            measured: Any = type("Measured", (), {"operation": operation})
            slow(measured, Answered("q", None, "query", f"document {number}", "OK", {}))
        await until(lambda: not slow._busy)
        assert sum(isinstance(each, Slow) for each in events) == 20
        assert sum(isinstance(each, Explained) for each in events) == 1, "others came while one was made"
        for now, plans in ((4.0, 1), (5.0, 2), (11.0, 2), (699.0, 3)):  # noqa: B007
            slow(measured, Answered("q", None, "query", "document 19", "OK", {}))
            await until(lambda: not slow._busy)
            assert sum(isinstance(each, Explained) for each in events) == plans
        await slow.stop()


async def test_a_plan_that_can_not_be_had_is_no_fault(sqlite_world: str, written: Written) -> None:
    class Broken:
        async def outline(self, statement: Any) -> str:
            raise RuntimeError(SECRET)

    async with running(sqlite_world) as backend:
        events: list[Event] = []
        slow = SlowLog(Broken(), events.append)  # type: ignore[arg-type]
        operation, _ = backend.engine.operation(THINGS, {}, backend.session(ADMINISTRATOR).actor)
        slow(type("Measured", (), {"operation": operation}), Answered("q", None, "query", "d", "OK", {}))  # type: ignore[arg-type]
        await until(lambda: len(events) == 2)
    assert events[1] == Explained(None, "d", ("Thing",), "not to be had: RuntimeError")


async def test_none_are_slow_where_that_is_off(sqlite_world: str, written: Written) -> None:
    async with running(sqlite_world, slow_milliseconds=0) as backend, client(backend) as http:
        await post(http, THINGS)
    assert "was slow" not in written.text
