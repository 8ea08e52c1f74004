"""The parts of the benchmarks of costs that need no server: documents, SQL by hand, and what is made of figures."""

from __future__ import annotations

import importlib
import itertools
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import graphql
import pytest
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))


def imported(*names: str) -> list[Any]:
    """Modules of the benchmarks; their models are in a registry of their own, apart from those of other tests."""
    own = registry()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLModel, "metadata", own.metadata)
        patch.setattr(SQLModel, "_sa_registry", own)
        return [importlib.import_module(name) for name in names]


stage, depth, documents, lists, live, notes, processes, rules, start, planning, tables, measure, report = imported(
    *(
        f"costs.{name}"
        for name in ("stage", "depth", "documents", "lists", "live", "notes", "processes", "rules", "start")
    ),
    *("planning", "many_tables", "race.measure", "race.report"),
)
PARTS = ("start", "planning", "documents", "lists", "rules", "processes", "tables", "live")
HOW = "Medians of 3 rounds."


def figure(rps: float) -> Any:
    load = measure.Load(rps=rps, p50=2.0, p99=9.0, requests=1000, failed=0)
    return measure.figure([measure.Sample(load, cpu=0.1, database_cpu=0.1, memory=80.0, others=0.1)])


STORE = """
    CREATE TABLE artist (artist_id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE album (album_id INTEGER PRIMARY KEY, title TEXT, artist_id INTEGER);
    CREATE TABLE track (track_id INTEGER PRIMARY KEY, name TEXT, album_id INTEGER);
    CREATE TABLE invoice_line (invoice_line_id INTEGER PRIMARY KEY, quantity INTEGER, track_id INTEGER);
    INSERT INTO artist VALUES (1, 'Bo');
    INSERT INTO album VALUES (7, 'Blue', 1), (8, 'Red', 1);
    INSERT INTO track VALUES (20, 'Sun', 7), (21, 'Moon', 7);
    INSERT INTO invoice_line VALUES (1, 3, 21), (2, 1, 20);
"""
BLUE = {"albumId": 7, "title": "Blue", "tracks": [{"trackId": 20, "name": "Sun"}, {"trackId": 21, "name": "Moon"}]}
RED = {"albumId": 8, "title": "Red", "tracks": []}


def artist(*albums: Any) -> Any:
    album = {"albumId": 7, "title": "Blue", "artist": {"artistId": 1, "name": "Bo", "albums": [*albums]}}
    return [{"invoiceLineId": 1, "quantity": 3, "track": {"trackId": 21, "name": "Moon", "album": album}}]


@pytest.mark.parametrize(
    ("levels", "one", "wanted"),
    [
        (1, True, [{"invoiceLineId": 1, "quantity": 3}]),
        (2, True, [{"invoiceLineId": 1, "quantity": 3, "track": {"trackId": 21, "name": "Moon"}}]),
        (5, True, artist({"albumId": 7, "title": "Blue"})),
        (6, True, artist({**BLUE, "tracks": BLUE["tracks"][:1]})),
        (6, False, artist(BLUE, RED)),
    ],
)
def test_levels_by_hand(levels: int, one: bool, wanted: Any) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(STORE)
    [(told,)] = connection.execute(depth.sqlite(levels, one=one), [1])
    assert json.loads(told) == {"data": {"invoiceLines": wanted}}


def test_levels_as_a_document() -> None:
    assert depth.document(1, one=True) == (
        "query ($first: Int!) { invoiceLines(limit: $first) { invoiceLineId quantity } }"
    )
    deepest = depth.document(6, one=True)
    assert deepest.count("{") == 7
    assert deepest.count("(limit: 1)") == 2
    assert "(limit: 1)" not in depth.document(6, one=False)


def test_levels_on_postgresql_are_texts_and_numbers() -> None:
    assert depth.postgresql(2, one=True) == (
        """SELECT '{"data":{"invoiceLines":' || '[' || coalesce((SELECT string_agg('{' ||"""
        """ '"invoiceLineId":' || t1.invoice_line_id || ',' || '"quantity":' || t1.quantity || ',' ||"""
        """ '"track":' || (SELECT '{' || '"trackId":' || t2.track_id || ',' || '"name":' || to_json(t2.name) || '}'"""
        """ FROM track t2 WHERE t2.track_id = t1.track_id) || '}', ',')"""
        """ FROM (SELECT * FROM invoice_line ORDER BY invoice_line_id LIMIT $1) t1), '') || ']' || '}}'"""
    )


@pytest.mark.parametrize("variables", [False, True])
@pytest.mark.parametrize("fields", [10, 100, 300])
def test_documents_have_as_many_fields_as_they_say(fields: int, variables: bool) -> None:
    text, values = planning.document(fields, 3, variables=variables)
    [operation] = graphql.parse(text).definitions
    assert sum(below(each) for each in operation.selection_set.selections) == fields
    assert bool(values) == variables


def below(node: Any) -> int:
    """How many fields there are below a field."""
    return sum(1 + below(each) for each in node.selection_set.selections) if node.selection_set else 0


def test_every_document_of_the_flood_is_another() -> None:
    bodies = [json.loads(documents.distinct(number)) for number in range(300)]
    assert len({each["query"] for each in bodies}) == 300
    for each in bodies:
        graphql.parse(each["query"])


def test_roles_of_the_notes_are_those_that_are_measured() -> None:
    assert notes.backend.catalog.roles - {"anyone", "user"} == {*rules.ROLES}


def test_ratios_and_milliseconds() -> None:
    assert stage.ratio(1, 4) == "0.25"
    assert stage.ratio(1, 0) == "-"
    assert [stage.ms(each) for each in (0.1234, 12.345, 1234.5)] == ["0.12", "12.3", "1,234"]


def test_lists() -> None:
    whose = ((lists.OURS, 2.0), (lists.HAND, 1.0))
    rows = {("postgresql", who, each): took for each in lists.ROWS for who, took in whose}
    depths = {("postgresql", who, each): took + 2 for each in lists.DEPTHS for who, took in whose}
    text = lists.markdown(rows, depths, {"postgresql": [80.4] * lists.LOOKS}, HOW)
    assert "| rows | PostgreSQL | by hand | by hand / Hedgerow |" in text
    assert "| 1,000 | 2.00 (2.0) | 1.00 (1.0) | 0.50 |" in text
    assert "| 6 | 4.00 | 3.00 | 0.75 |" in text
    assert "| lists | 40 | 80 | 120 | 160 | 200 |" in text
    assert "| PostgreSQL | 80 | 80 | 80 | 80 | 80 |" in text


def test_rules() -> None:
    roles = {("sqlite", name, role): 2.0 if role == "member" else 1.0 for name in rules.ASKED for role in rules.ROLES}
    both = [("sqlite", name, whose) for name in rules.THROUGH for whose in (rules.OURS, rules.HAND)]
    text = rules.markdown(roles, dict.fromkeys(both, 2.0), dict.fromkeys(both, figure(50)), HOW)
    assert "| 1 through two relations | 2.00 (2.00) | 2.00 (2.00) |" in text
    assert "| SQLite: a note by a random key | 2.00 | 2.00 | 1.00 | 50 | 50 | 1.00 |" in text


def test_start() -> None:
    found = {"hedgerow": [start.Start(1.5, 1.6, 1.4, 99.6)] * 3, "postgraphile": [start.Start(None, 0.7, 0.8, 120)]}
    first = {"postgresql": dict.fromkeys(start.FIELDS, (9.5, 1.25))}
    text = start.markdown(found, first, HOW)
    assert "| Hedgerow | 1.50 s | 1.60 s | 1.40 s | 100 MB |" in text
    assert "| PostGraphile 5.1 | - | 0.70 s | 0.80 s | 120 MB |" in text
    assert "| 100 | 9.50 | 1.25 | 8.25 |" in text


def test_documents() -> None:
    text = documents.markdown({"sqlite": [50, 60, 100, 110, 125]}, 30, 40, HOW)
    assert "| on SQLite | 50 | 60 | 100 | 110 | 125 | 1.25 |" in text
    assert "30 MB before and 40 MB after" in text


def test_processes() -> None:
    found = {("Q1", 1): processes.Together(100, 0.9, 0.5, 0.3), ("Q1", 2): processes.Together(130, 1, 0.6, 0.4)}
    text = processes.markdown(found, 110, HOW)
    assert "| Q1, 1 process | 100 | 1.00 | 0.90 + 0.50 + 0.30 |" in text
    assert "| Q1, 2 processes | 130 | 1.30 | 1.00 + 0.60 + 0.40 |" in text


def test_live() -> None:
    spans = [float(each) for each in range(1, 101)]
    found = {
        ("postgresql", 0, False): live.Spent(0.001, 0.0, 0.0, 107),
        ("postgresql", 5_000, True): live.Spent(0.3, 0.17, 793.9, 154, spans, spans),
    }
    text = live.markdown(found, HOW)
    assert "| PostgreSQL, no live query, idle | 0.1% + 0.0% | 0.0 | - | - | 107 |" in text
    assert (
        "| PostgreSQL, 5,000 live queries, 100 writes/s | 30.0% + 17.0% | 793.9 | 50.5 / 96.0 | 50.5 / 96.0 | 154 |"
        in text
    )


def test_a_write_is_told_when_a_listener_first_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = itertools.count(1)
    monkeypatch.setattr(live.time, "perf_counter", lambda: float(next(moments)))
    ledger = live.Ledger()
    ledger.sent |= {7: 0.5, 8: 1.0}
    ledger.heard('{"tracks":[{"name":"written 7"},{"name":"Track 8"}]}')
    ledger.heard('{"tracks":[{"name":"written 7"},{"name":"written 8"}]}')
    assert ledger.spans(ledger.told, [7, 8]) == [500.0, 1000.0]


def test_least_and_most_of_some_steps() -> None:
    assert tables.span([0.08, 0.11], "s", 2) == "0.08 to 0.11 s"
    assert tables.span([4.08], "s", 1) == "4.1 s"


@pytest.mark.parametrize("part", PARTS)
def test_every_part_has_a_place_in_the_page(part: str) -> None:
    page = (ROOT / "docs/benchmarks.md").read_text()
    assert "new" in report.splice(page, "new", "bench-costs", part)
