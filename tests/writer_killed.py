"""A process of ours that is killed when it has committed, before it can tell anybody. In: the database's address."""

import asyncio
import math
import os
import signal
import sys

from hedgerow import Actor, Backend, Settings

from . import shop


async def main(url: str) -> None:
    backend = Backend(shop.MODELS, settings=Settings(database_url=url, database_pool=2))
    async with backend.lifespan():
        running = backend._started()
        running.feed._prune_at = math.inf  # so that the mutation is what it commits next
        running.database.committed = lambda: os.kill(os.getpid(), signal.SIGKILL)
        await backend.session(Actor(superuser=True)).query(
            'mutation { createLabel(object: {word: "last words"}) { id } }'
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
