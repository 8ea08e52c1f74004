"""A server of the shop that is started anew for each line on standard input, in a process that can be killed.

Modules are loaded and models compiled once: each server is a fork, of a process without threads or connections. In: the
database's address, as argument; lines. Out: for each line `pid port`, and `gone` once that process is.
"""

import asyncio
import os
import socket
import sys

import uvicorn

from hedgerow import Backend

from . import shop
from .conftest import settings


async def serve(backend: Backend, listening: socket.socket) -> None:
    async with backend.lifespan():
        config = uvicorn.Config(backend, log_level="critical", access_log=False, lifespan="off", ws="none")
        await uvicorn.Server(config).serve([listening])


def main() -> None:
    backend = Backend(models=shop.MODELS, settings=settings(sys.argv[1]))
    for _ in sys.stdin:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        port = listening.getsockname()[1]
        pid = os.fork()
        if pid == 0:
            asyncio.run(serve(backend, listening))
            os._exit(0)
        listening.close()
        print(pid, port, flush=True)
        os.waitpid(pid, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()
