"""All metrics of one process, read at the moment in which somebody asks for them.

In: what a running backend counts anyway. Out: Prometheus' families; docs/observability.md has a table of them, which a
test holds to this. Labels have few values, none of them a caller's: names of operations by `names`, codes, tables,
caches and parts by closed lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector

from ...resolvers.execute import Engine
from ...resolvers.live.live import Live
from ...resolvers.live.streams import Streams
from ...schema.catalog import Catalog, TableName
from ..connections import Connections
from ..feed import BaseFeed
from ..pool import Pool
from ..postgres import PostgresDatabase
from ..readiness import CHANGES, Readiness
from ..sqlite import SQLiteDatabase
from .meter import BOUNDS, Meter, Series

UP = {"up": 1.0, "idle": 1.0, "down": 0.0}
PREFIX = "hedgerow_"
_PROCESS = ProcessCollector(registry=None)


@dataclass(frozen=True, slots=True)
class Sources:
    """What metrics are read from."""

    catalog: Catalog
    meter: Meter
    engine: Engine
    live: Live
    streams: Streams
    database: SQLiteDatabase | PostgresDatabase
    feed: BaseFeed
    connections: Connections
    readiness: Readiness


async def families(sources: Sources) -> list[Metric]:
    """All of them, now. The database is asked how far the feed is behind, once a second at most."""
    parts = await sources.readiness.look()
    found = [
        *_operations(sources.meter),
        *_tables(sources),
        *_pools(sources.database.pools()),
        *_caches(sources.engine),
        *_subscriptions(sources),
        *_feed(sources, parts),
        _gauge("up", "Whether a part answers that the process stands on.", _ups(parts)),
        _gauge("build_info", "The version that serves.", [({"version": version("hedgerow")}, 1)]),
    ]
    return [*found, *_PROCESS.collect()]


def _operations(meter: Meter) -> Iterator[Metric]:
    each = [*meter.operations.items()]
    yield _counter(
        "operations",
        "Operations that are over, by how they ended.",
        [
            ({"operation": name, "type": kind, "code": code}, count)
            for (name, kind), series in each
            for code, count in series.codes.items()
        ],
    )
    durations = Metric(f"{PREFIX}operation_duration_seconds", "How long operations took.", "histogram")
    for (name, kind), series in each:
        _histogram(durations, {"operation": name, "type": kind}, series)
    yield durations
    seconds = [({"part": part}, total) for part, total in meter.parts.items()]
    yield _counter("operation_part_seconds", "Seconds that operations took, by part.", seconds)
    refused = [({"code": code}, count) for code, count in meter.refused.items()]
    yield _counter("refusals", "Refusals and faults of all requests and connections, by code.", refused)


def _histogram(metric: Metric, labels: Mapping[str, str], series: Series) -> None:
    count = 0
    for bound, found in zip((*map(str, BOUNDS), "+Inf"), series.buckets, strict=True):
        count += found
        metric.add_sample(f"{metric.name}_bucket", {**labels, "le": bound}, count)
    metric.add_sample(f"{metric.name}_count", {**labels}, count)
    metric.add_sample(f"{metric.name}_sum", {**labels}, series.seconds)


def _tables(sources: Sources) -> Iterator[Metric]:
    counts = {"read": sources.meter.read, "write": sources.meter.written}
    touched = [
        ({"table": table, "access": access}, count) for access, some in counts.items() for table, count in some.items()
    ]
    yield _counter("table_operations", "Operations that read a table, also for a rule, or write it.", touched)


def _pools(pools: Sequence[Pool]) -> Iterator[Metric]:
    states = [
        ({"pool": pool.name, "state": state}, count)
        for pool in pools
        for state, count in (("idle", pool.idle), ("busy", max(pool.size - pool.idle, 0)))
    ]
    yield _gauge("database_connections", "Connections to the database.", states)
    most = [({"pool": pool.name}, pool.most) for pool in pools]
    yield _gauge("database_connections_max", "Most connections that there may be.", most)
    waiting = [({"pool": pool.name}, pool.waiting) for pool in pools]
    yield _gauge("database_waiting", "Statements that wait for their turn.", waiting)


def _caches(engine: Engine) -> Iterator[Metric]:
    caches = engine.caches
    hits = [({"cache": name}, cache.hits) for name, cache in caches.items()]
    misses = [({"cache": name}, cache.misses) for name, cache in caches.items()]
    hits.append(({"cache": "plans"}, engine.plans_known))
    misses.append(({"cache": "plans"}, engine.plans_made))
    yield _counter("cache_hits", "How often an entry of a cache was there.", hits)
    yield _counter("cache_misses", "How often it was not, and was made.", misses)
    gone = [({"cache": name}, cache.gone) for name, cache in caches.items()]
    yield _counter("cache_evictions", "Entries that had to make room.", gone)
    yield _gauge("cache_entries", "Entries of a cache.", [({"cache": n}, len(c)) for n, c in caches.items()])
    full = [({"cache": name}, cache.weight / cache.size if cache.size else 0.0) for name, cache in caches.items()]
    yield _gauge("cache_fullness", "How full a cache is: 1 is full.", full)
    yield _counter("planning_seconds", "Seconds in which plans were made.", [({}, engine.planning_seconds)])


def _subscriptions(sources: Sources) -> Iterator[Metric]:
    tallies = sources.engine.followed.tallies.items()
    yield _gauge("subscriptions", "Open subscriptions.", [({"kind": kind}, tally.open) for kind, tally in tallies])
    told = [({"kind": kind}, tally.deliveries) for kind, tally in tallies]
    yield _counter("deliveries", "What subscribers were told: answers, and batches of changes or rows.", told)
    resyncs = [({}, sources.streams.resyncs)]
    yield _counter("resyncs", "How often a subscriber of changes was told to read the list anew.", resyncs)
    live = sources.live
    yield _gauge("live_queries", "Different live queries that are followed.", [({}, len(live))])
    yield _counter("live_reads", "Statements by which live queries were read anew.", [({}, live.reads)])
    yield _counter("live_answers", "Answers that these statements gave.", [({}, live.answers)])
    yield _counter("live_read_seconds", "Seconds that they took.", [({}, live.seconds)])
    yield _gauge("connections", "Open WebSockets and event streams.", [({}, len(sources.connections))])


def _feed(sources: Sources, parts: Mapping[str, Mapping[str, object]]) -> Iterator[Metric]:
    keys: dict[TableName, str] = {(each.sql_schema, each.sql): key for key, each in sources.catalog.tables.items()}
    told = [({"table": keys.get(name, name[1])}, count) for name, count in sources.feed.told.items()]
    yield _counter("feed_changes", "Committed changes that were told while somebody listened.", told)
    behind = parts.get(CHANGES, {}).get("behind")
    lag: Mapping[str, float] = behind if isinstance(behind, dict) else {}
    yield _gauge("feed_lag_changes", "Committed changes that are yet to be told.", [({}, lag.get("changes", 0))])
    yield _gauge("feed_lag_seconds", "How old the oldest of them is.", [({}, lag.get("seconds", 0.0))])


def _ups(parts: Mapping[str, Mapping[str, object]]) -> list[tuple[Mapping[str, str], float]]:
    return [({"part": name}, UP.get(str(state.get("state")), 0.0)) for name, state in parts.items()]


_Values = Sequence[tuple[Mapping[str, str], float]]


def _counter(name: str, help: str, values: _Values) -> Metric:
    metric = Metric(PREFIX + name, help, "counter")
    for labels, value in values:
        metric.add_sample(f"{PREFIX}{name}_total", {**labels}, value)
    return metric


def _gauge(name: str, help: str, values: _Values) -> Metric:
    metric = Metric(PREFIX + name, help, "gauge")
    for labels, value in values:
        metric.add_sample(PREFIX + name, {**labels}, value)
    return metric
