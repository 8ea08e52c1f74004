"""What a flood of distinct documents leaves in memory: 20,000 to one process, none of them twice.

In: nothing. Out: MB after ever more of them, of the server and of PostgreSQL's processes, whose statements are
prepared. Most are lists over relations; among them are points, counts, mutations, and documents that are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from planning import document
from race.alone import Connection
from race.measure import memory, settle
from race.process import Process, request_body
from race.report import table
from race.turns import say

from .stage import DATABASES, Stage

LOOKS = (0, 1_000, 5_000, 10_000, 20_000)
FIELDS = 20
REFUSED = 3
"""The last digit of those that ask for what there is not."""


def distinct(number: int) -> str:
    """A request's body whose document differs from that of every other number."""
    of = number % 10
    if of == 0:
        return request_body(
            f"query P{number}($id: Int!) {{ p{number}: track(trackId: $id) {{ trackId name }} }}", {"id": number}
        )
    if of == 1:
        where = f'(where: {{milliseconds: {{_lt: {number}}}, name: {{_like: "Track 0%"}}}})'
        return request_body(f"{{ tracksAggregate{where} {{ aggregate {{ count }} }} }}", {})
    if of == 2:
        return request_body(
            f'mutation M{number} {{ createArtist(object: {{name: "artist {number}"}}) {{ artistId }} }}', {}
        )
    if of == REFUSED:
        return request_body(f"query R{number} {{ tracks(limit: 1) {{ trackId noSuchField{number} }} }}", {})
    return request_body(*document(FIELDS, number, variables=of % 2 == 0))


def flood(server: Process) -> list[float]:
    """MB of the server at each look."""
    found: list[float] = []
    with Connection(server) as connection:
        for number in range(LOOKS[-1] + 1):
            if number in LOOKS:
                settle(server.pid)
                found.append(memory(server.pid))
                say(f"{server.name} after {number:,} documents: {found[-1]:.0f} MB")
            answer = connection.ask(distinct(number))
            if answer.startswith(b'{"data":') == (number % 10 == REFUSED):
                raise SystemExit(f"{server.name} answers document {number} with {answer[:500].decode()}")
    return found


def run(stage: Stage) -> str:
    servers = [stage.hedgerow(stage.rows(each)) for each in DATABASES]
    before = memory(stage.cluster.pid)
    with ThreadPoolExecutor(len(servers)) as threads:
        found = dict(zip(DATABASES, threads.map(flood, servers), strict=True))
    return markdown(found, before, memory(stage.cluster.pid), stage.told("One run"))


def markdown(found: Mapping[str, Sequence[float]], before: float, after: float, how: str) -> str:
    rows = [
        (f"on {DATABASES[each]}", *(f"{mb:.0f}" for mb in held), f"{held[-1] / held[LOOKS.index(5_000)]:.2f}")
        for each, held in found.items()
    ]
    head = ("distinct documents", *(f"{each:,}" for each in LOOKS), "20,000 / 5,000")
    return f"""\
{how} Memory of the server in MB:

{table(head, rows)}

PostgreSQL's processes, its cache of pages included, have {before:.0f} MB before and {after:.0f} MB after.
"""
