"""Traces for OpenTelemetry: a span for each request, one for its operation, and one for each time that it asks the
database.

In: the settings, and OpenTelemetry's own environment variables (OTEL_…), which say where spans go and which are kept.
Out: spans, beneath the client's where it sends a W3C `traceparent`. Refused here: traces without the packages that send
them. FastAPI's own spans are off: they have the query of an address in them, where signatures of files and codes of
sign-in stand, and /graphql is none of its routes. No span holds a value: no variables, no arguments, no addresses with
a query, no words of errors, no names that the developer doesn't know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, MutableMapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ...resolvers.measured import Measured
from ...resolvers.observe import Answered, Observe
from ...schema.errors import Code, SetupError
from ..asgi import App, Receive, Scope, Send
from .meter import KINDS, Meter
from .names import ANONYMOUS, Names

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PARENT: Final = b"traceparent"
FAULTS: Final = frozenset({Code.INTERNAL.value, Code.UNAVAILABLE.value, Code.TIMEOUT.value})
"""How an operation ends that failed, rather than being refused."""
SYSTEMS: Final = {"postgres": "postgresql", "sqlite": "sqlite"}
PATIENCE: Final = 5.0
"""Seconds for which spans are still sent when the process stops."""
MISSING = "HEDGEROW_TRACES is set, and what sends traces is not installed. Install hedgerow[otel], or unset it."


class Traces:
    """Begins spans."""

    def __init__(self, provider: trace.TracerProvider, names: Names) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("hedgerow")
        self._parents = TraceContextTextMapPropagator()
        self._names = names

    def around(self, app: App) -> App:
        """An ASGI application each of whose requests is a span."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            # Without `tracestate`, which is text of whoever sends it.
            given = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name == PARENT}
            method: str = scope["method"] if scope["method"] in METHODS else "_OTHER"
            span = self._tracer.start_span(
                "HTTP" if method == "_OTHER" else method,
                context=self._parents.extract(given, context.Context()),
                kind=SpanKind.SERVER,
                attributes={"http.request.method": method, "url.scheme": scope.get("scheme", "http")},
            )

            async def sent(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            with _ended(span):
                await app(scope, receive, sent)
                route = _route(scope)
                if route and method != "_OTHER":
                    span.set_attribute("http.route", route)
                    span.update_name(f"{method} {route}")
            return None

        return traced

    def operation(self) -> tuple[Span, Any]:
        """The span of an operation, which is the current one from now on, and what ends that."""
        span = self._tracer.start_span("operation")
        return span, context.attach(trace.set_span_in_context(span))

    def end(self, span: Span, token: Any, measured: Measured, code: str) -> None:
        """An operation is over."""
        if measured.prepared is not None:
            kind, name = KINDS[measured.prepared.kind], self._names.told(measured.prepared.name)
            span.update_name(f"{kind} {name or ANONYMOUS}")
            span.set_attribute("graphql.operation.type", kind)
            if name:
                span.set_attribute("graphql.operation.name", name)
        span.set_attribute("hedgerow.code", code)
        span.set_attribute("hedgerow.request_id", measured.request_id)
        span.set_attribute("hedgerow.plan_seconds", measured.planning)
        if measured.operation is not None and measured.operation.tables:
            span.set_attribute("hedgerow.tables", measured.operation.tables)
        if code in FAULTS:
            span.set_status(StatusCode.ERROR)
        context.detach(token)
        span.end()

    def began(self, span: Span, token: Any) -> None:
        """An operation turned out to last."""
        span.update_name("subscription")
        context.detach(token)
        span.end()

    @contextmanager
    def statement(self, what: str, dialect: str) -> Generator[Span]:
        """The span of one time that the database is asked: waiting for a turn, and the answer."""
        attributes = {"db.system.name": SYSTEMS.get(dialect, dialect), "db.operation.name": what}
        span = self._tracer.start_span(f"SQL {what}", kind=SpanKind.CLIENT, attributes=attributes)
        with _ended(span):
            yield span

    async def stop(self) -> None:
        """Sends what has not been sent yet."""
        flush = getattr(self._provider, "force_flush", None)
        if flush:
            await asyncio.to_thread(flush, int(PATIENCE * 1000))


class TracedMeter(Meter):
    """A Meter that makes a span of each operation."""

    def __init__(
        self,
        traces: Traces,
        names: Names,
        *,
        slow_seconds: float = 0.0,
        slow: Callable[[Measured, Answered], None] | None = None,
        observe: Observe | None = None,
    ) -> None:
        super().__init__(names, slow_seconds=slow_seconds, slow=slow, observe=observe)
        self._traces = traces

    def begin(self, request_id: str, began: float | None = None) -> Measured:
        """See `Meter`."""
        measured = super().begin(request_id, began)
        measured.span = self._traces.operation()
        return measured

    def end(self, measured: Measured, code: str) -> float:
        """See `Meter`. The line of what was slow still has the trace's id."""
        now = super().end(measured, code)
        span, token = measured.span
        self._traces.end(span, token, measured, code)
        return now

    def leave(self, measured: Measured) -> None:
        """See `Meter`. What is seen of a subscription is that it began."""
        super().leave(measured)
        span, token = measured.span
        self._traces.began(span, token)


@contextmanager
def _ended(span: Span) -> Generator[None]:
    """A block of which a span is; what it raises is an error, without its words, which may repeat values."""
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise


def _route(scope: Scope) -> str | None:
    """The path as it is declared, without what stands in it for ids."""
    if scope["path"].removeprefix(scope.get("root_path", "")) == "/graphql":
        return "/graphql"
    route = scope.get("route")
    return getattr(route, "path_format", None) or getattr(route, "path", None)


def provider_of() -> trace.TracerProvider:
    """What spans are given to: the process' own where somebody has set one up, else one by the environment. Raises
    SetupError.
    """
    found = trace.get_tracer_provider()
    if not isinstance(found, trace.ProxyTracerProvider):
        return found
    try:
        exporting = import_module(".exporting", __package__)
    except ImportError:
        raise SetupError(MISSING) from None
    provider: trace.TracerProvider = exporting.provider()
    trace.set_tracer_provider(provider)
    return provider
