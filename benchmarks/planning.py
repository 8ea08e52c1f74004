"""How long a new document takes before it runs: parse, validate, plan, authorise, render.

Prints, as Markdown, the median and the least (which other work on the machine disturbs less) for documents of 10 to
400 fields of the music store, with values in the text and in variables. Run it with `make bench-planning`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from typing import Any

from music import backend
from race.report import table

from hedgerow import Actor, Settings
from hedgerow.server.listen import run

FIELDS = (10, 50, 100, 200, 300, 400)
DOCUMENTS = 30


def document(fields: int, number: int, *, variables: bool) -> tuple[str, dict[str, Any]]:
    """A query of so many fields over three levels of relations, distinct by `number`, and its variables."""
    where = "$where" if variables else '{title: {_like: "a%"}}'
    albums = f"albums(limit: 5, where: {where}) {{ albumId title artistId"
    part = f"artistId name {albums} tracks(limit: 3) {{ trackId name milliseconds }} }}"
    size = 10
    lists = fields // size
    limits = [f"$l{at}" if variables else str(at + 1) for at in range(lists)]
    text = "\n".join(
        f"a{at}: artists(limit: {limit}, offset: {number}) {{ {part} }}" for at, limit in enumerate(limits)
    )
    if not variables:
        return f"query Q{number} {{ {text} }}", {}
    declared = ", ".join(["$where: AlbumFilter", *(f"{limit}: Int" for limit in limits)])
    values = {"where": {"title": {"_like": "a%"}}} | {f"l{at}": at + 1 for at in range(lists)}
    return f"query Q{number}({declared}) {{ {text} }}", values


def timed(actor: Actor, fields: int, numbers: range, *, variables: bool) -> list[float]:
    """Milliseconds of processor time for each of some documents."""
    took: list[float] = []
    for number in numbers:
        text, values = document(fields, number, variables=variables)
        started = time.thread_time()
        backend.engine.operation(text, values, actor)
        took.append((time.thread_time() - started) * 1000)
    return took


async def main() -> None:
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        backend.settings = Settings(database_url=f"sqlite:///{folder}/music.db")
        async with backend.lifespan():
            actor = Actor(frozenset({"anyone", "user"}), {"id": 1})
            for each in (False, True):
                timed(actor, max(FIELDS), range(DOCUMENTS, DOCUMENTS + 3), variables=each)
            for fields in FIELDS:
                both = [timed(actor, fields, range(DOCUMENTS), variables=each) for each in (False, True)]
                rows.append((str(fields), *(f"{statistics.median(each):.1f} / {min(each):.1f}" for each in both)))
    print(f"Of {DOCUMENTS} new documents each, in the middle / at least, in ms of processor time:\n")
    print(table(("fields", "values in the text", "values in variables"), rows))


if __name__ == "__main__":
    run(main())
