"""A server of test models that is started anew for each line on standard input, in a process that can be killed.

Modules are loaded and models compiled once: each server is a fork, of a process without threads or connections. In: the
database's address and the models' file, as arguments; lines. Out: for each line `pid port`, and `gone` once that
process is; on SIGUSR1 what each of a server's tasks waits for, on standard error.
"""

import asyncio
import contextlib
import importlib
import os
import signal
import socket
import sys

import uvicorn

from hedgerow import Backend, Refusal, SetupError

from .conftest import settings
from .waits import waits


async def serve(backend: Backend, listening: socket.socket) -> None:
    """Again when the database was away at the start, as what looks after a server would."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(
        signal.SIGUSR1, lambda: print(f"server {os.getpid()}:\n{waits(loop)}", file=sys.stderr, flush=True)
    )
    while True:
        with contextlib.suppress(SetupError, Refusal):
            async with backend.lifespan():
                config = uvicorn.Config(backend, log_level="critical", access_log=False, lifespan="off")
                return await uvicorn.Server(config).serve([listening])
        await asyncio.sleep(0.1)


def main() -> None:
    url, world = sys.argv[1:]
    models = importlib.import_module(f"hedgerow.tests.{world}").MODELS
    backend = Backend(models=models, settings=settings(url))
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
