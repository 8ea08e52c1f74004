"""Sends spans by OTLP over HTTP, as OpenTelemetry's environment variables say; only loaded where traces are on.

In: OTEL_EXPORTER_OTLP_ENDPOINT and the like, which the SDK reads itself. Out: a provider of tracers, whose spans are
sent by a thread of its own. Where OTEL_SERVICE_NAME says nothing, the service is called hedgerow.
"""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def provider() -> TracerProvider:
    """One that sends its spans away."""
    resource = Resource.create()
    if str(resource.attributes.get(SERVICE_NAME, "unknown_service")).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "hedgerow"}))
    made = TracerProvider(resource=resource)
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made
