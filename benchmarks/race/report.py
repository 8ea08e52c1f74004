"""What the race found, as JSON for programs, as Markdown with ratios and goals, and as a plot.

In: Figures by server and query, and how they were measured. Out: text. Ratios are between medians of one run; rates by
themselves say more about the machine.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .measure import Figure
from .workload import QUERIES

Figures = Mapping[str, Mapping[str, Figure]]

LIMIT = "raw-asyncpg"
PEER = "postgraphile"
SQLITE = "sqlite"
"""What names of servers on SQLite hold; their limit is the better of the raw ones there."""
PEER_GOALS = {"Q1": 3.0, "Q2": 3.0, "Q3": 5.5, "Q4": 1.6, "M1": 1.2}
LIMIT_GOALS = {"Q1": 1.75, "Q2": 0.9, "Q3": 0.9, "Q4": 0.9, "M1": 0.7}
SQLITE_GOALS = {"Q1": 0.7, "Q2": 0.9, "Q3": 0.9, "Q4": 0.9, "M1": 0.9}
NONE = "-"


@dataclass(frozen=True)
class Run:
    """How it was measured, and the titles of the servers in their order."""

    titles: Mapping[str, str]
    rounds: int
    seconds: int
    connections: int
    synchronous: bool
    postgres: int
    cores: int
    day: str


def results(figures: Figures) -> dict[str, Any]:
    """The form of latest.json: `{"servers": {name: {query: {…}}}, "limit": name}`."""
    servers = {
        name: {
            query: {
                "rps": round(each.rps, 1),
                "p50_ms": round(each.p50, 3),
                "p99_ms": round(each.p99, 3),
                "cpu_ms": round(each.cpu, 4),
                "memory_mb": round(each.memory, 1),
            }
            for query, each in found.items()
        }
        for name, found in figures.items()
    }
    return {"servers": servers, "limit": LIMIT}


def to_peer(figures: Figures, name: str, query: str) -> float | None:
    """Requests a second as a multiple of PostGraphile's; None where one of the two did not run."""
    return None if SQLITE in name else _ratio(figures, name, [PEER], query)


def to_limit(figures: Figures, name: str, query: str) -> float | None:
    """Requests a second as a part of the raw limit of the same database; None where one of the two did not run."""
    limits = [each for each in figures if each.startswith("raw-") and (SQLITE in each) == (SQLITE in name)]
    return _ratio(figures, name, limits, query)


def _ratio(figures: Figures, name: str, others: Sequence[str], query: str) -> float | None:
    rates = [figures[each][query].rps for each in others if query in figures.get(each, {})]
    own = figures.get(name, {}).get(query)
    return own.rps / max(rates) if own and rates else None


def markdown(figures: Figures, run: Run) -> str:
    """The tables, each server a row and each query a column."""
    queries = [query for query in QUERIES if any(query in found for found in figures.values())]

    def by_server(cell: Callable[[str, str], str], *more: tuple[str, Callable[[str], str]]) -> str:
        rows = [(run.titles[name], *(cell(name, query) for query in queries)) for name in figures]
        rows += [(title, *(goal(query) for query in queries)) for title, goal in more]
        return table(("", *queries), rows)

    def of(name: str, query: str, show: Callable[[Figure], str]) -> str:
        found = figures[name].get(query)
        return show(found) if found else NONE

    def rate(each: Figure) -> str:
        return f"{each.rps:,.0f}" + (f" ({each.failed:,} failed)" if each.failed else "")

    def ratios(name: str, query: str) -> str:
        return f"{_two(to_peer(figures, name, query))} / {_two(to_limit(figures, name, query))}"

    goals: list[tuple[str, Callable[[str], str]]] = [
        ("*goal of Hedgerow*", lambda query: f"{PEER_GOALS[query]:g} / {LIMIT_GOALS[query]:g}")
    ]
    if any(SQLITE in name for name in figures):
        goals.append(("*goal of Hedgerow on SQLite*", lambda query: f"{NONE} / {SQLITE_GOALS[query]:g}"))
    asked = "\n".join(f"- {query}: {QUERIES[query]}." for query in queries)
    return f"""\
{asked}

{_how(figures, run)}

Requests a second:

{by_server(lambda name, query: of(name, query, rate))}

The same as a multiple of PostGraphile's / of the raw limit on the same database:

{by_server(ratios, *goals)}

Processor time for a request in ms, of the server + of PostgreSQL:

{by_server(lambda name, query: of(name, query, lambda each: f"{each.cpu:.2f} + {each.database_cpu:.2f}"))}

Latency in ms, p50 / p99:

{by_server(lambda name, query: of(name, query, lambda each: f"{each.p50:.1f} / {each.p99:.1f}"))}

Memory of the server in MB:

{by_server(lambda name, query: of(name, query, lambda each: f"{each.memory:,.0f}"))}
"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join([_row(head), "|---" * len(head) + "|", *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {each} " if each else " " for each in cells) + "|"


def _how(figures: Figures, run: Run) -> str:
    """A paragraph: how it was measured, how far the rounds differ, and what else the machine did."""
    all_figures = [each for found in figures.values() for each in found.values()]
    spreads = sorted(each.spread for each in all_figures)
    commits = "Every commit waits for the disk"
    if not run.synchronous:
        commits = """No commit waits for the disk (`synchronous_commit=off`; SQLite's `synchronous=normal`), so that M1
            measures servers and not the disk"""
    text = f"""
        Medians of {run.rounds} rounds of {run.seconds} s (slow servers up to four times as long), {run.day}:
        {run.connections} connections, one process a server with 8 connections to PostgreSQL {run.postgres}; wrk, server
        and database on the same {run.cores} cores. PostgreSQL has the settings of a new installation, `fsync` on among
        them. {commits}; the same for all. Before and after, every server gave the same rows for every query. Rounds lay
        within {spreads[len(spreads) // 2]:.0%} of their median, at worst within {spreads[-1]:.0%}; while one server was
        measured, other work took {max(each.others for each in all_figures):.1f} cores at most (median of its rounds).
        Hedgerow checks a token and a rule on every table and records every change; the others do none of this.
    """
    return textwrap.fill(" ".join(text.split()), 150)


def _two(ratio: float | None) -> str:
    return NONE if ratio is None else f"{ratio:.2f}"


def marks(verb: str, part: str = "") -> tuple[str, str]:
    """The lines of a page between which a verb of make writes, or a part of it."""
    what = f"{part}: " if part else ""
    return f"<!-- {what}written by make {verb} -->", f"<!-- {what}end of what make {verb} writes -->"


def splice(page: str, generated: str, verb: str = "bench", part: str = "") -> str:
    """A page with what stands between two marks replaced; ValueError where it lacks them."""
    first, last = marks(verb, part)
    before, start, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not start or not end:
        raise ValueError(f"The page needs the lines {first!r} and {last!r}, between which the tables are written.")
    return f"{before}{first}\n\n{generated}\n{last}{after}"


WIDTH, LABEL, BAR, ROW, GAP = 900, 190, 150, 18, 30
"""Pixels: of the plot, of a server's title, of the longest bar, of a row, and around a panel."""
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 } .head { font-weight: 600 }
.page { fill: #ffffff } .own { fill: #1a7f37 } .limit { fill: #8c959f } .peer { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .page { fill: #0d1117 } .own { fill: #3fb950 } .limit { fill: #6e7681 } .peer { fill: #58a6ff }
}
"""


def svg(figures: Figures, titles: Mapping[str, str]) -> str:
    """Bars of requests a second, a panel for each query; its longest bar is its fastest server."""
    queries = [query for query in QUERIES if any(query in found for found in figures.values())]
    column, panel = WIDTH // 2, ROW * len(figures) + ROW + GAP
    height = panel * ((len(queries) + 1) // 2) + GAP
    parts: list[str] = []
    for number, query in enumerate(queries):
        left, top = GAP // 2 + column * (number % 2), GAP + panel * (number // 2)
        best = max(found[query].rps for found in figures.values() if query in found)
        parts.append(_text(left, top, f"{query}, requests/s", "head"))
        for row, (name, found) in enumerate(figures.items(), 1):
            if query not in found:
                continue
            base, length = top + row * ROW, max(1.0, BAR * found[query].rps / best)
            kind = "own" if name.startswith("hedgerow") else "limit" if name.startswith("raw-") else "peer"
            parts.append(_text(left, base, titles[name]))
            parts.append(
                f'<rect class="{kind}" x="{left + LABEL}" y="{base - 11}" width="{length:.1f}" height="14" rx="2"/>'
            )
            parts.append(_text(left + LABEL + length + 6, base, f"{found[query].rps:,.0f}"))
    size = f'width="{WIDTH}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {height}" role="img">'
    title = "<title>Requests a second of each server, by query</title>"
    page = f'<rect class="page" {size}/>'
    return "\n".join([head, title, f"<style>{STYLE}</style>", page, *parts, "</svg>", ""])


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f'<text{mark} x="{x:.1f}" y="{y}">{escape(text)}</text>'
