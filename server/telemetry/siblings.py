"""The metrics of all workers of a server, whichever of them is asked.

In: a folder of the supervisor's, in which each worker listens at a socket by its number. Out: every worker's families,
each sample with the label `worker`. They are gathered at the moment of asking, so that no number is older than
another, and not added up: of a sum, a worker that ends takes its share away, which Prometheus would take for a restart,
and count the rest a second time. `sum without (worker) (rate(…))` is right across restarts. A number, not a process's
id, so that restarts make no new series. Workers that don't answer in time say so by `hedgerow_worker_up`.

prometheus-client's own way for several processes is not used: it writes a file at each addition, reads those of
processes that are long gone, and knows no numbers that are read when somebody asks.

Only who may enter the folder (the server's own user: 0700) can ask or answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from prometheus_client.metrics_core import Metric

PATIENCE = 2.0
"""Seconds within which a worker says its numbers."""
LARGEST = 16 * 1024 * 1024
"""Bytes of them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which of several workers a process is, from 0 on, and the folder that they share."""

    folder: Path
    number: int

    @property
    def own(self) -> Path:
        """Its own socket."""
        return self.of(self.number)

    def of(self, number: int) -> Path:
        """The socket of a worker."""
        return self.folder / str(number)


class Siblings:
    """The workers of one server, as one of them sees them. `collect` gives its own families."""

    def __init__(self, place: Place, collect: Callable[[], Awaitable[list[Metric]]]) -> None:
        self._place = place
        self._collect = collect
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens."""
        path = self._place.own
        path.unlink(missing_ok=True)  # of one before it, that was killed
        self._server = await asyncio.start_unix_server(self._answer, path)

    async def stop(self) -> None:
        """Listens no more."""
        if self._server:
            self._server.close()
            self._place.own.unlink(missing_ok=True)

    async def families(self) -> list[Metric]:
        """Those of all workers."""
        own = self._place.number
        numbers = {int(path.name) for path in self._place.folder.iterdir() if path.name.isdigit()} - {own}
        others = sorted(numbers)
        found = await asyncio.gather(self._collect(), *(self._ask(number) for number in others))
        by_worker: dict[int, Sequence[Metric] | None] = dict(zip((own, *others), found, strict=True))
        return merged(by_worker)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                writer.write(dumped(await self._collect()))
                await writer.drain()
        writer.close()

    async def _ask(self, number: int) -> list[Metric] | None:
        """The families of another one; None where it does not say."""
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_unix_connection(self._place.of(number))
                try:
                    content = bytearray()
                    while part := await reader.read(1 << 16):
                        content += part
                        if len(content) > LARGEST:
                            return None
                finally:
                    writer.close()
                return loaded(bytes(content))
        except (OSError, TimeoutError, ValueError):
            return None


def merged(by_worker: Mapping[int, Sequence[Metric] | None]) -> list[Metric]:
    """The families of all, with who says what."""
    found: dict[str, Metric] = {}
    up = Metric("hedgerow_worker_up", "Whether a worker says its numbers.", "gauge")
    for number, families in sorted(by_worker.items()):
        up.add_sample(up.name, {"worker": str(number)}, 0 if families is None else 1)
        for family in families or ():
            metric = found.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                metric.add_sample(sample.name, {"worker": str(number), **sample.labels}, sample.value)
    return [*found.values(), up]


def dumped(families: Iterable[Metric]) -> bytes:
    """Families, for another worker."""
    return orjson.dumps(
        [
            [each.name, each.documentation, each.type, [[s.name, s.labels, s.value] for s in each.samples]]
            for each in families
        ]
    )


def loaded(content: bytes) -> list[Metric]:
    """What `dumped` gave. Raises ValueError for anything else."""
    given: Any = orjson.loads(content)
    found: list[Metric] = []
    for name, documentation, kind, samples in given:
        metric = Metric(name, documentation, kind)
        for sample, labels, value in samples:
            metric.add_sample(sample, labels, value)
        found.append(metric)
    return found
