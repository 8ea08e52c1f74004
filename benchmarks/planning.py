"""How long a new document takes before it runs: parse, validate, plan, authorise, render; and what caches hold.

Prints the median and the least (which other work on the machine disturbs less) for documents of 10 to 400 fields of
the music store, and the memory that a flood of distinct documents leaves behind. Run it with `make bench-planning`.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import statistics
import tempfile
import time

from music import backend

from hedgerow import Actor, Settings


def document(fields: int, number: int) -> str:
    """A query of so many fields over three levels of relations, distinct by `number`."""
    albums = 'albums(limit: 5, where: {title: {_like: "a%"}}) { albumId title artistId'
    part = f"artistId name {albums} tracks(limit: 3) {{ trackId name milliseconds }} }}"
    size = 10
    lists = "\n".join(f"a{at}: artists(limit: {at + 1}, offset: {number}) {{ {part} }}" for at in range(fields // size))
    return f"query Q{number} {{ {lists or 'artists { artistId name }'} }}"


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        backend.settings = Settings(database_url=f"sqlite:///{folder}/music.db", max_aliases=1_000)
        async with backend.lifespan():
            engine, actor = backend.engine, Actor(frozenset({"anyone", "user"}), {"id": 1})
            engine.seen(actor)
            for fields in (10, 50, 100, 200, 400):
                took: list[float] = []
                for number in range(30):
                    text = document(fields, number)
                    started = time.perf_counter()
                    engine.operation(text, {}, actor)
                    took.append((time.perf_counter() - started) * 1000)
                print(f"{fields:4} fields: {statistics.median(took):6.2f} ms, at least {min(took):.2f} ms")
            gc.collect()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for number in range(3_000):
                engine.operation(document(50, number + 1_000), {}, actor)
            gc.collect()
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(f"3,000 distinct documents of 50 fields: {(after - before) / 1024:.0f} MB more")


if __name__ == "__main__":
    asyncio.run(main())
