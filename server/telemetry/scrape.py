"""GET /metrics: what Prometheus asks for, every few seconds.

In: a request that shows the metrics' token (`Authorization: Bearer …`), or the admin secret. Out: all metrics of the
server, of all its workers, as text. Refused here, with 401: everybody else, for numbers tell a stranger what a company
does, and how to hurt it. Requests at the same time share one answer.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request, Response
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..settings import Settings

REFUSED = (
    "Metrics are not for everybody. Send HEDGEROW_METRICS_TOKEN as Authorization: Bearer …, or the admin secret as"
    " X-Hedgerow-Admin-Secret.\n"
)


class Collected(Collector):
    """Families that were gathered before."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        """See prometheus_client."""
        return self._families


class Scrape:
    """The answers of one process. `families` gathers the numbers."""

    def __init__(self, settings: Settings, families: Callable[[], Awaitable[list[Metric]]]) -> None:
        self._token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
        self._secret = settings.admin_secret.get_secret_value() if settings.admin_secret else ""
        self._families = families
        self._asking: asyncio.Task[list[Metric]] | None = None

    async def answer(self, request: Request) -> Response:
        """What GET /metrics says."""
        if not self._may(request.headers):
            headers = {"www-authenticate": "Bearer", "cache-control": "no-store"}
            return Response(REFUSED, 401, headers, "text/plain; charset=utf-8")
        encode, media = choose_encoder(request.headers.get("accept", ""))
        return Response(
            encode(Collected(await self._gathered())), headers={"cache-control": "no-store", "content-type": media}
        )

    def _may(self, headers: Mapping[str, str]) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        shown = scheme.lower() == "bearer" and _same(token.strip(), self._token)
        return shown or _same(headers.get("x-hedgerow-admin-secret", ""), self._secret)

    async def _gathered(self) -> list[Metric]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._gather(), name="hedgerow-metrics")
        return await asyncio.shield(self._asking)

    async def _gather(self) -> list[Metric]:
        return await self._families()


def _same(given: str, secret: str) -> bool:
    """Whether somebody shows a secret; no one can show one that there is not."""
    return bool(secret) and hmac.compare_digest(given.encode("latin-1", "replace"), secret.encode())
