"""Databases for random declarations, the models of a developer's file, and answers fit to be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.orm import registry
from sqlmodel import SQLModel


@contextmanager
def declared(source: str) -> Iterator[list[type[Any]]]:
    """The models of a developer's file, in a registry of their own."""
    own, known = registry(), (SQLModel.metadata, SQLModel._sa_registry)
    SQLModel.metadata, SQLModel._sa_registry = own.metadata, own
    try:
        names: dict[str, Any] = {"__name__": __name__}
        exec(compile(source, "world.py", "exec", dont_inherit=True), names)
        yield names["MODELS"]
    finally:
        SQLModel.metadata, SQLModel._sa_registry = known
        own.dispose()


@dataclass
class Databases:
    """Empty databases of one kind, one after the other, and the loop that they live in."""

    loop: asyncio.AbstractEventLoop
    folder: Path
    postgres: str = ""
    made: int = 0

    async def empty(self) -> str:
        if self.postgres:
            connection = await asyncpg.connect(self.postgres)
            await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            await connection.close()
            return self.postgres
        self.made += 1
        return f"sqlite:///{self.folder / f'{self.made}.db'}"


def strict(answer: Any) -> Any:
    """An answer in which true is not 1."""
    match answer:
        case dict():
            return {name: strict(each) for name, each in answer.items()}
        case list():
            return [strict(each) for each in answer]
        case bool():
            return str(answer)
        case _:
            return answer
