"""How the cost of a list grows with its rows and with its depth, and what many large ones leave in memory.

One request at a time, each kind in turns: the race's Q3 for ever more rows, then one to six levels of a hundred rows
each, and six levels of all that there is below twenty rows. Beside each stands the same by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from music import QUERIES
from race import workload
from race.alone import Asking
from race.measure import memory
from race.process import Process, request_body
from race.report import table
from race.turns import say

from . import depth
from .stage import DATABASES, READY, Stage, ms, ratio

ROWS = (10, 100, 1_000, 10_000)
WIDE, BELOW = 100, 20
"""Rows of the root: of documents with one row for each below, and of that with all."""
ALL = 0
"""Stands for six levels of all rows."""
DEPTHS = (*range(1, depth.DEEPEST + 1), ALL)
LISTS, LOOKS = 40, 5
"""How many of the largest lists are asked for between two looks at the memory, and how many looks there are."""

Key = tuple[str, str, int]
"""A database, whose it is, and how many rows or levels."""
Costs = Mapping[Key, float]
"""Milliseconds."""
OURS, HAND = "Hedgerow", "by hand"


def statements(database: str) -> dict[str, str]:
    """The statements by hand, by names; the race's own come with the bare application."""
    build = depth.postgresql if database == "postgresql" else depth.sqlite
    return READY | {f"D{each}": build(each or depth.DEEPEST, one=each != ALL) for each in DEPTHS}


def list_bodies(rows: int) -> tuple[str, str]:
    """Hedgerow's request, and the bare application's."""
    return request_body(QUERIES["Q3"][0], {"first": rows}), request_body("Q3", {"first": rows})


def depth_bodies(levels: int) -> tuple[str, str]:
    given = {"first": BELOW if levels == ALL else WIDE}
    text = depth.document(levels or depth.DEEPEST, one=levels != ALL)
    return request_body(text, given), request_body(f"D{levels}", given)


@dataclass(frozen=True)
class Pair:
    """Two servers on one database, one of them Hedgerow."""

    database: str
    ours: Process
    hand: Process

    def agree(self, bodies: tuple[str, str], plain: Any = None) -> None:
        """Refuses answers that are not the same."""
        ours, hand = self.ours.post(bodies[0]), self.hand.post(bodies[1])
        if plain:
            ours, hand = plain(ours), plain(hand)
        if ours != hand:
            told = f"{json.dumps(ours, default=str)[:500]}\n{json.dumps(hand, default=str)[:500]}"
            raise SystemExit(f"The answers on {self.database} to {bodies[1]} differ:\n{told}")

    def asking(self, name: int, bodies: tuple[str, str]) -> dict[Key, Asking]:
        return {
            (self.database, whose, name): Asking(server, body)
            for whose, server, body in zip((OURS, HAND), (self.ours, self.hand), bodies, strict=True)
        }


def run(stage: Stage) -> str:
    pairs: list[Pair] = []
    for database in DATABASES:
        place = stage.rows(database)
        ours = stage.hedgerow(place, max_rows=max(ROWS))
        pairs.append(Pair(database, ours, stage.bare(database, stage.rows(database), statements(database))))
    by_rows: dict[Key, Asking] = {}
    by_depth: dict[Key, Asking] = {}
    for pair in pairs:
        for rows in ROWS:
            pair.agree(list_bodies(rows), workload.tracks("tracks"))
            by_rows |= pair.asking(rows, list_bodies(rows))
        for levels in DEPTHS:
            pair.agree(depth_bodies(levels))
            by_depth |= pair.asking(levels, depth_bodies(levels))
    rows_cost, others = stage.alone(by_rows)
    depth_cost, more = stage.alone(by_depth)
    held = {pair.database: holding(pair.ours) for pair in pairs}
    return markdown(rows_cost, depth_cost, held, stage.told_alone(max(others, more)))


def holding(server: Process) -> list[float]:
    """MB of a server after ever more of the largest lists, one after the other."""
    body, _ = list_bodies(max(ROWS))
    found: list[float] = []
    for _ in range(LOOKS):
        for _ in range(LISTS):
            server.post(body)
        found.append(memory(server.pid))
        say(f"memory after {len(found) * LISTS} lists: {found[-1]:.0f} MB")
    return found


def markdown(rows: Costs, depths: Costs, held: Mapping[str, Sequence[float]], how: str) -> str:
    databases = [each for each in DATABASES if any(key[0] == each for key in rows)]
    head = [part for each in databases for part in (DATABASES[each], "by hand", "by hand / Hedgerow")]

    def cells(costs: Costs, name: int, unit: float = 1) -> list[str]:
        found: list[str] = []
        for each in databases:
            ours, hand = costs[each, OURS, name], costs[each, HAND, name]
            found += [_time(ours, unit), _time(hand, unit), ratio(hand, ours)]
        return found

    by_rows = [(f"{each:,}", *cells(rows, each, each)) for each in ROWS]
    by_depth = [(f"{each}" if each else f"6, all rows below {BELOW}", *cells(depths, each)) for each in DEPTHS]
    looks = [f"{LISTS * (number + 1)}" for number in range(LOOKS)]
    memories = [(DATABASES[each], *(f"{mb:.0f}" for mb in held[each])) for each in held]
    return f"""\
{how}

Tracks with six fields and the album's title, by the number of rows; ms in the middle (µs a row):

{table(("rows", *head), by_rows)}

Levels of {WIDE} rows each; ms in the middle:

{table(("levels", *head), by_depth)}

Memory of the server in MB after lists of {max(ROWS):,} rows, one after the other:

{table(("lists", *looks), memories)}
"""


def _time(given: float, rows: float) -> str:
    return ms(given) if rows == 1 else f"{ms(given)} ({given * 1000 / rows:.1f})"
