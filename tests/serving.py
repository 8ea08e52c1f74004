"""A real server for tests: uvicorn in a thread, at a free port."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

from hedgerow import Backend, Settings
from hedgerow.server.listen import options


@contextlib.contextmanager
def serving(app: Any, port: int = 0) -> Iterator[int]:
    """Serves an ASGI app with its lifespan; gives the port, which is a free one unless it is given."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="critical",
        lifespan="on",
        **options(Settings(), alone=isinstance(app, Backend)),
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 60
        while not server.started:
            assert time.monotonic() < until
            assert thread.is_alive()
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
