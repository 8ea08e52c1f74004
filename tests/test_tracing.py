"""Traces: a real server sends spans to a collector of OTLP, which the test is."""

import contextlib
import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hedgerow.server.telemetry.names import Names
from hedgerow.server.telemetry.tracing import MISSING

from .steady import CREATE, Served, served

pytestmark = pytest.mark.timeout(180)
SECRET = "s3cret" + secrets.token_hex(8)
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """What spans are sent to."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.services: set[str] = set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def spans(self) -> list[Span]:
        found: list[Span] = []
        for body in [*self.bodies]:
            for each in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.services |= {a.value.string_value for a in each.resource.attributes if a.key == "service.name"}
                found += [span for scope in each.scope_spans for span in scope.spans]
        return found

    def named(self, name: str) -> Span:
        return next(span for span in self.spans if span.name == name)


@contextlib.contextmanager
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'lines.db'}"
    return request.getfixturevalue("new_postgres")()


def attributes(span: Span) -> dict[str, Any]:
    return {each.key: each.value for each in span.attributes}


def exercise(server: Served) -> None:
    """Requests of every kind, with a secret wherever a client may put one."""
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": f"a={SECRET}", "baggage": f"a={SECRET}"}
    query = "query Known { lines { id } }"
    httpx2.post(f"{server.url}/graphql", json={"query": query}, headers=headers)
    with httpx2.Client() as client:  # one head, which would go the short way without traces
        for _ in range(3):
            assert client.post(f"{server.url}/graphql", json={"query": "query Again { lines { id } }"}).json()["data"]
    server.ask(CREATE, text=SECRET)
    server.ask(f'query {SECRET} {{ {SECRET}: lines(where: {{text: {{_eq: "{SECRET}"}}}}) {{ id }} }}')
    server.ask(f"{{ {SECRET} }}")
    server.get(f"/healthz?token={SECRET}")
    server.get(f"/{SECRET}")
    httpx2.get(f"{server.url}/graphql", params={"query": "{ lines { id } }", "extra": SECRET})


def test_a_request_is_a_trace(database: str, tmp_path: Path) -> None:
    with collector() as found:
        given = {
            "HEDGEROW_TRACES": "true",
            "HEDGEROW_OPERATION_NAMES": "Known Again",
            "HEDGEROW_LOG_FORMAT": "json",
            "HEDGEROW_LOG_REQUESTS": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": found.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with served(tmp_path, database, **given) as server:
            exercise(server)
            log = server.log
        known = found.named("query Known")
        request = next(span for span in found.spans if span.span_id == known.parent_span_id)
        sql = [span for span in found.spans if span.parent_span_id == known.span_id]
        assert request.name == "POST /graphql" and request.kind == Span.SPAN_KIND_SERVER
        assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
        assert [span.name for span in sql] == ["SQL read"] and sql[0].kind == Span.SPAN_KIND_CLIENT
        assert attributes(request)["http.response.status_code"].int_value == 200
        assert attributes(known)["hedgerow.code"].string_value == "OK"
        assert attributes(sql[0])["db.system.name"].string_value in ("postgresql", "sqlite")
        assert sum(span.name == "query Again" for span in found.spans) == 3
        assert found.named("query other") and found.named("GET /healthz")
        assert any(span.name.startswith("mutation") for span in found.spans)
        assert found.services == {"hedgerow"}
        assert found.bodies and SECRET.encode() not in b"".join(found.bodies)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert any(each.get("trace_id") == TRACE and each.get("operation") == "Known" for each in lines)
    assert SECRET not in log.read_text()


def test_without_the_setting_nothing_is_traced_nor_loaded(tmp_path: Path) -> None:
    program = (
        "import sys, hedgerow.server.cli\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.exporter')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    with collector() as found:
        url = f"sqlite:///{tmp_path / 'lines.db'}"
        with served(tmp_path, url, OTEL_EXPORTER_OTLP_ENDPOINT=found.url) as server:
            exercise(server)
        assert not found.bodies


def test_without_the_packages_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['opentelemetry.sdk'] = None\n"
        "from hedgerow.server.telemetry.tracing import provider_of\n"
        "from hedgerow.schema.errors import SetupError\n"
        "try: provider_of()\n"
        "except SetupError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.strip() == MISSING


def test_no_name_that_nobody_knows_is_told() -> None:
    names = Names({"Known"})
    assert [names.told(name) for name in ("Known", SECRET, None)] == ["Known", "other", None]
    assert Names(()).told("Any") == "other"
