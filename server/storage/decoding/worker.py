"""What a process that decodes images does: takes jobs, one after the other, until nobody is there to give them.

In: on its standard input, a socket, one JSON object a job with its open files beside it (SCM_RIGHTS): the image, and
the file to write where one is to be made. Out: one line of JSON a job. It is given no path, and could open none.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from contextlib import ExitStack
from typing import Any

from . import bounds, images

MESSAGE_BYTES = 4096


def main(memory: int, output: int, pixels: int, frames: int, cpu: int, jobs: int) -> None:
    """Works within bounds: bytes of memory and of what is made, pixels and frames of an image, seconds of computing for
    a job, jobs of a process's life.
    """
    channel = socket.socket(fileno=0)
    images.prepare(pixels)
    bounds.confine(memory, output, cpu * jobs + 10)
    _tell(channel, {"ready": True})
    while True:
        message, files, _, _ = socket.recv_fds(channel, MESSAGE_BYTES, 2)
        if not message:
            return
        bounds.allow(cpu)
        _tell(channel, _done(json.loads(message), files, pixels, frames))


def _done(job: dict[str, Any], files: list[int], pixels: int, frames: int) -> dict[str, Any]:
    """What came of a job. Whatever goes wrong over a stranger's bytes is their fault."""
    try:
        with ExitStack() as open_files:
            source, *targets = [
                open_files.enter_context(os.fdopen(file, "wb" if number else "rb")) for number, file in enumerate(files)
            ]
            if targets:
                seen = images.make(source, targets[0], pixels, frames, **job)
            else:
                seen = images.look(source, pixels, frames)
        return {"look": seen}
    except images.Refused as refused:
        return {"refused": str(refused)}
    except MemoryError:
        return {"refused": "memory"}
    except Exception as error:
        large = isinstance(error, OSError) and error.errno == errno.EFBIG
        return {"refused": "size" if large else "broken"}


def _tell(channel: socket.socket, answer: dict[str, Any]) -> None:
    channel.sendall(json.dumps(answer).encode() + b"\n")
