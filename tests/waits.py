"""What each task of an event loop waits for, line by line: for a test that must say why nothing happens any more."""

import asyncio
from collections.abc import Iterator
from typing import Any

INNER = ("cr_await", "gi_yieldfrom", "ag_await")
FRAMES = ("cr_frame", "gi_frame", "ag_frame")


def waits(loop: asyncio.AbstractEventLoop) -> str:
    """A line for each task that is not done: its name, and where it waits, the innermost place last."""
    lines = [f"{task.get_name()}: {' > '.join(_places(task.get_coro()))}" for task in asyncio.all_tasks(loop)]
    return "\n".join(sorted(lines))


def _places(waiting: Any) -> Iterator[str]:
    while waiting is not None:
        frame = next((found for name in FRAMES if (found := getattr(waiting, name, None))), None)
        if frame is not None:
            yield f"{'/'.join(frame.f_code.co_filename.split('/')[-2:])}:{frame.f_lineno} {frame.f_code.co_name}"
        waiting = next((found for name in INNER if (found := getattr(waiting, name, None))), None)
