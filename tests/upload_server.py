"""A server of `uploading`'s backend in a process of its own, which can be killed and measured.

In: the database's address, a folder, a port (0: a free one), and settings as JSON, as arguments. Out: the port, as a
line.
"""

import asyncio
import json
import sys
from pathlib import Path

import uvicorn

from hedgerow import Settings
from hedgerow.server.listen import options

from .uploading import backend_of


async def main(url: str, folder: str, port: str, given: str) -> None:
    backend, _ = backend_of(url, Path(folder), **json.loads(given))
    async with backend.lifespan():
        config = uvicorn.Config(
            backend, host="127.0.0.1", port=int(port), log_level="critical", lifespan="off", **options(Settings())
        )
        listening = config.bind_socket()
        listening.listen(100)
        print(listening.getsockname()[1], flush=True)
        await uvicorn.Server(config).serve([listening])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
