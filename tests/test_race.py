"""The race's parts that need no server: wrk's word read, medians, ratios, tables, plot, and the form of latest.json."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
measure: Any = importlib.import_module("race.measure")
report: Any = importlib.import_module("race.report")
workload: Any = importlib.import_module("race.workload")

OUTPUT = """Running 2s test @ http://127.0.0.1:5701
  1 threads and 32 connections
Requests/sec:   8830.00
RESULT {"requests":17660,"seconds":2.000000,"p50":2.900,"p99":16.250,"failed":3}
"""


def sample(rps: float, **given: Any) -> Any:
    load = measure.Load(rps=rps, p50=1.5, p99=4.0, requests=1000, failed=given.pop("failed", 0))
    return replace(measure.Sample(load, cpu=0.06, database_cpu=0.02, memory=80.0, others=0.1), **given)


def figures(**rates: float) -> Any:
    """Figures of Q1 and M1 by server, dashes for underscores."""
    return {
        name.replace("_", "-"): {query: measure.figure([sample(rps)]) for query in ("Q1", "M1")}
        for name, rps in rates.items()
    }


ALL = figures(
    hedgerow=28_000,
    postgraphile=8_000,
    raw_asyncpg=16_000,
    hedgerow_sqlite=27_000,
    raw_sqlite_loop=36_000,
    raw_sqlite_threads=18_000,
)
TITLES = {name: f"the {name} & co" for name in ALL}
RUN = report.Run(TITLES, 5, 4, 32, False, 15, 2, "2026-01-31")


def test_what_wrk_tells() -> None:
    assert measure.parse(OUTPUT) == measure.Load(rps=8830.0, p50=2.9, p99=16.25, requests=17660, failed=3)


def test_what_wrk_does_not_tell() -> None:
    with pytest.raises(RuntimeError, match="nothing that can be read:\nunable to connect"):
        measure.parse("unable to connect to 127.0.0.1:1 Connection refused\n")


@pytest.mark.parametrize(("rps", "seconds"), [(1000, 5), (16, 8), (2, 20), (0, 20)])
def test_slow_servers_are_measured_for_longer(rps: float, seconds: int) -> None:
    assert measure.window(measure.Load(rps, 1, 1, 1, 0), 5, 32) == seconds


@pytest.mark.parametrize(
    ("body", "before", "after"),
    [
        ('{"id":"@KEY@"}', '{"id":', "}"),
        ('{"id":"t@KEY@"}', '{"id":"t', '"}'),
        ('{"first":20}', '{"first":20}', None),
    ],
)
def test_random_keys_are_of_the_variables_type(body: str, before: str, after: str | None) -> None:
    script = measure.script("/graphql", {"authorization": "Bearer x"}, body)
    given = f"[==[{after}]==]" if after else "nil"
    assert f"local before, after = [==[{before}]==], {given}\n" in script
    assert "wrk.headers[ [==[authorization]==] ] = [==[Bearer x]==]" in script


def test_medians_of_rounds() -> None:
    rounds = [sample(90, cpu=0.3, memory=1), sample(100, cpu=0.1, memory=3, failed=2), sample(400, cpu=0.2, memory=2)]
    found = measure.figure(rounds)
    assert (found.rps, found.spread, found.cpu, found.memory, found.failed) == (100, 3, 0.2, 2, 2)


def test_ratios_are_to_the_peer_and_to_the_limit_of_the_same_database() -> None:
    assert report.to_peer(ALL, "hedgerow", "Q1") == 3.5
    assert report.to_limit(ALL, "hedgerow", "Q1") == 1.75
    assert report.to_limit(ALL, "hedgerow-sqlite", "Q1") == 0.75
    assert report.to_peer(ALL, "hedgerow-sqlite", "Q1") is None
    assert report.to_peer(figures(hedgerow=1), "hedgerow", "Q1") is None
    assert report.to_limit(ALL, "hedgerow", "Q4") is None


def test_tables() -> None:
    text = report.markdown(ALL, RUN)
    prose = " ".join(text.split())
    assert "| | Q1 | M1 |\n|---|---|---|\n| the hedgerow & co | 28,000 | 28,000 |\n" in text
    assert "| the hedgerow & co | 3.50 / 1.75 | 3.50 / 1.75 |" in text
    assert "| the hedgerow-sqlite & co | - / 0.75 | - / 0.75 |" in text
    assert "| *goal of Hedgerow* | 3 / 1.75 | 1.2 / 0.7 |\n| *goal of Hedgerow on SQLite* | - / 0.7 | - / 0.9 |" in text
    assert "| the hedgerow & co | 0.06 + 0.02 |" in text
    assert "5 rounds of 4 s (slow servers up to four times as long), 2026-01-31: 32 connections" in prose
    assert "`synchronous_commit=off`" in prose
    assert "other work took 0.1 cores" in prose
    assert "Every commit waits" in " ".join(report.markdown(ALL, replace(RUN, synchronous=True)).split())
    assert "Q2" not in text


def test_tables_tell_of_failed_requests() -> None:
    found = {"hedgerow": {"Q1": measure.figure([sample(90, failed=7)])}, "parse": {}}
    text = report.markdown(found, replace(RUN, titles={"hedgerow": "Hedgerow", "parse": "Parse"}))
    assert "on SQLite" not in text
    assert "| Hedgerow | 90 (7 failed) |\n| Parse | - |" in text


def test_the_plot_is_a_panel_of_bars_for_each_query() -> None:
    root = ElementTree.fromstring(report.svg(ALL, TITLES))
    space = "{http://www.w3.org/2000/svg}"
    bars = [each for each in root.iter(f"{space}rect") if each.get("class") != "page"]
    assert len(bars) == 2 * len(ALL)
    own, peer, *_, threads = bars[: len(ALL)]
    assert float(own.get("width", "")) / float(peer.get("width", "")) == pytest.approx(3.5, rel=0.01)
    assert threads.get("class") == "limit"
    assert "the hedgerow & co" in [each.text for each in root.iter(f"{space}text")]
    assert all(float(each.get("y", "")) < float(root.get("height", "")) for each in bars)
    assert "prefers-color-scheme: dark" in (root.findtext(f"{space}style") or "")


def test_latest_json() -> None:
    found = report.results({"hedgerow": {"Q1": measure.figure([sample(28_000.26)])}})
    told = {"rps": 28_000.3, "p50_ms": 1.5, "p99_ms": 4.0, "cpu_ms": 0.06, "memory_mb": 80.0}
    assert found == {"servers": {"hedgerow": {"Q1": told}}, "limit": "raw-asyncpg"}


def test_only_what_is_between_the_marks_is_written() -> None:
    start, end = report.marks("bench")
    page = f"before\n{start}\nold\n{end}\nafter\n"
    once = report.splice(page, "new")
    assert once == f"before\n{start}\n\nnew\n{end}\nafter\n"
    assert report.splice(once, "new") == once
    with pytest.raises(ValueError, match="needs the lines"):
        report.splice("before\nafter\n", "new")
    assert "new" in report.splice((ROOT / "docs/benchmarks.md").read_text(), "new")


def test_every_dialect_has_every_request() -> None:
    for requests in (workload.LIMIT, workload.POSTGRAPHILE, workload.PARSE, workload.STRAWBERRY):
        assert list(requests) == list(workload.QUERIES)
    assert list(report.PEER_GOALS) == list(report.LIMIT_GOALS) == list(report.SQLITE_GOALS) == list(workload.QUERIES)


ROW = {"trackId": 1, "name": "Sun"}


@pytest.mark.parametrize(
    ("requests", "answer"),
    [
        (
            workload.LIMIT,
            {"albums": [{"albumId": 7, "title": "Blue", "artist": {"name": "Bo"}, "tracks": [ROW]}]},
        ),
        (
            workload.POSTGRAPHILE,
            {
                "allAlbums": {
                    "nodes": [
                        {
                            "albumId": 7,
                            "title": "Blue",
                            "artistByArtistId": {"name": "Bo"},
                            "tracksByAlbumId": {"nodes": [ROW]},
                        }
                    ]
                }
            },
        ),
        (
            workload.PARSE,
            {
                "albums": {
                    "edges": [
                        {
                            "node": {
                                "albumId": 7,
                                "title": "Blue",
                                "artist": {"name": "Bo"},
                                "tracks": {"edges": [{"node": ROW}]},
                            }
                        }
                    ]
                }
            },
        ),
    ],
)
def test_answers_have_one_common_form(requests: Any, answer: Any) -> None:
    assert requests["Q2"].plain(answer) == [{"albumId": 7, "title": "Blue", "artist": "Bo", "tracks": [ROW]}]


@pytest.mark.parametrize("price", ["0.99", 0.99, "0.990"])
def test_prices_are_compared_as_decimals(price: object) -> None:
    found = workload.track({**ROW, "unitPrice": price, "album": {"title": "Blue"}})
    assert found == {**ROW, "unitPrice": Decimal("0.99"), "album": "Blue"}
    assert workload.track({**ROW, "unitPrice": "0.98"}) != workload.track({**ROW, "unitPrice": price})
