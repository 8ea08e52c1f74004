"""Bracket expressions mean the same on both databases, or are refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import Field, Session, SQLModel

from hedgerow import Refusal, access, allow
from hedgerow.server.tables import prepare

from .conftest import ADMINISTRATOR, running


class Mark(SQLModel, table=True):
    """A text for each sign of brackets."""

    id: int | None = Field(default=None, primary_key=True)
    text: str

    @access
    def rules(mark, me):
        yield allow("anyone", "read")


TEXTS = ["a.b", "=", "[", "]", ":", "^", "letters", "\\", "[.x"]


def seed(session: Session) -> None:
    for text in TEXTS:
        session.add(Mark(text=text))


@pytest.fixture(params=["sqlite", "postgres"])
def marks_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'marks.db'}"
    else:
        url = request.getfixturevalue("new_postgres")()
    asyncio.run(prepare(url, [Mark], seed))
    return url


MEANT = {
    "[.]": ["a.b", "[.x"],
    "[.=]": ["a.b", "=", "[.x"],
    "[=]": ["="],
    "[=a=]": ["a.b", "="],
    "^[^.]+$": ["=", "[", "]", ":", "^", "letters", "\\"],
    "[].]": ["a.b", "]", "[.x"],
    "^[^].]+$": ["=", "[", ":", "^", "letters", "\\"],
    r"\[.": ["[.x"],
    r"[\[.]": ["a.b", "[", "[.x"],
    r"[\].]": ["a.b", "]", "[.x"],
    r"[[\\.]": ["a.b", "[", "\\", "[.x"],
    "[:^]": [":", "^"],
    "[[:alpha:].]": ["a.b", "letters", "[.x"],
    "^[[:alpha:]]+[.][[:alpha:]]$": ["a.b"],
    "^(?![.=[])": ["a.b", "]", ":", "^", "letters", "\\"],
}
REFUSED = [
    "[[.a.]]",
    "[^[.a.]]",
    "[a[.b.]]",
    "[[=a=]]",
    "[].[=a=]]",
    "[[:^alpha:]]",
    "[[:alpha:][.a.]]",
    "[.][[.a.]]",
    r"[\][.a.]]",
    r"\\[[.a.]]",
    "^(?![[.a.]])",
]


async def texts(backend: Any, pattern: str) -> list[str]:
    document = "query ($p: String) { marks(where: {text: {_regex: $p}}, orderBy: {id: ASC}) { text } }"
    return [row["text"] for row in (await backend.session(ADMINISTRATOR).query(document, {"p": pattern}))["marks"]]


async def test_brackets_mean_the_same_or_are_refused(marks_url: str) -> None:
    async with running(marks_url, models=[Mark]) as backend:
        for pattern, expected in MEANT.items():
            assert await texts(backend, pattern) == expected, pattern
        for pattern in REFUSED:
            with pytest.raises(Refusal, match=r"read alike|RE2") as refused:
                await texts(backend, pattern)
            assert refused.value.code == "BAD_USER_INPUT", pattern
