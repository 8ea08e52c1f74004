"""What the soak serves: lines and albums of people who sign in, with files; and how each process does."""

import asyncio
import os
from pathlib import Path
from typing import Any

from sqlmodel import Field, SQLModel
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hedgerow import Account, Backend, File, Module, access, allow, auth, storage

PAGE = os.sysconf("SC_PAGE_SIZE")


class Person(Account, table=True):
    @access
    def rules(person, me):
        yield allow("user", "read", where=person.id == me.id)


class Line(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(unique=True)
    number: int = 0

    @access
    def rules(line, me):
        yield allow("anyone", "read create update delete")


class Album(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    cover: File | None = None

    @access
    def rules(album, me):
        yield allow("anyone", "read create update delete")


class Measured(Module):
    """How this process does: of several, one answers."""

    name = "measured"

    def routes(self) -> list[Any]:
        return [Route("/measured", _measured)]


async def _measured(request: Request) -> JSONResponse:
    own = Path("/proc/self")
    links = [_link(each) for each in (own / "fd").iterdir()]
    return JSONResponse(
        {
            "pid": os.getpid(),
            "memory": int((own / "statm").read_text().split()[1]) * PAGE,
            "files": len(links),
            "sockets": sum(1 for each in links if each.startswith("socket:")),
            "threads": len([*(own / "task").iterdir()]),
            "tasks": len(asyncio.all_tasks()),
        }
    )


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


backend = Backend([Person, Line, Album], modules=[auth(), storage(redirect=False), Measured()])
