"""All that a running backend is seen by, put together of the settings: what counts operations, whom events are told,
what is slow, traces, and who answers GET /metrics.
"""

from __future__ import annotations

from functools import partial

from ...resolvers.database import Database
from ...resolvers.observe import Event
from ..documents import Trusted
from ..log import Log
from ..settings import Settings
from .families import Sources, families
from .meter import Meter
from .names import Names, names_of
from .scrape import Scrape
from .siblings import Place, Siblings
from .slow import SlowLog
from .tracing import TracedMeter, Traces, provider_of


class Telemetry:
    """Of one process. Raises SetupError where traces are wanted and can't be sent."""

    def __init__(self, settings: Settings, trusted: Trusted, database: Database) -> None:
        names = Names({*settings.operation_names.split(), *names_of(trusted.texts)})
        self._settings = settings
        self._log = log = Log(settings.log_level, name=names.told, values=settings.log_values)
        self._slow = SlowLog(database, log)
        self._siblings: Siblings | None = None
        self.traces = Traces(provider_of(), names) if settings.traces else None
        seconds = settings.slow_milliseconds / 1000
        slow = self._slow if seconds else None
        told = log if settings.log_requests else None
        if self.traces:
            self.meter: Meter = TracedMeter(self.traces, names, slow_seconds=seconds, slow=slow, observe=told)
        else:
            self.meter = Meter(names, slow_seconds=seconds, slow=slow, observe=told)

    def observe(self, event: Event) -> None:
        """Counts an event, and has the log tell of it."""
        self.meter.count(event)
        self._log(event)

    async def expose(self, sources: Sources, place: Place | None) -> Scrape:
        """What answers GET /metrics; of several workers, `place` is this one's."""
        collect = partial(families, sources)
        if place is None:
            return Scrape(self._settings, collect)
        self._siblings = Siblings(place, collect)
        await self._siblings.start()
        return Scrape(self._settings, self._siblings.families)

    async def stop(self) -> None:
        """Ends what runs, and sends the last spans."""
        if self._siblings:
            await self._siblings.stop()
        await self._slow.stop()
        if self.traces:
            await self.traces.stop()
