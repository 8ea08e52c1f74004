"""Mail on its way: what is mailed is written when a mutation writes what it says, and sent once that is committed.

In: tokens and codes, and whose they are, or that they are nobody's. Out: mails, by tasks that no answer waits for, and
that begin when it is out: neither writing a mail nor sending it tells anybody by time whether there is an account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote

from ..session import Session
from ..tasks import Tasks
from .mails import Mailer, Write, written
from .words import Purpose

LATER = 0.2
"""Seconds until a mail is written and sent, so that the answer is out by then."""


class Post:
    """Of one backend. `links` are where pages of the developer's app take tokens, by purpose; `write` has the
    developer's own words.
    """

    def __init__(self, mailer: Callable[[], Mailer], links: Mapping[str, str], write: Write | None) -> None:
        self._mailer = mailer
        self._links = links
        self._write = write
        self._tasks = Tasks("hedgerow-auth-mail")

    async def stop(self) -> None:
        """What is not sent yet is not sent."""
        await self._tasks.stop()

    async def send(
        self,
        session: Session,
        purpose: Purpose,
        to: str | None,
        language: str | None,
        token: str,
        code: str,
        holds: tuple[datetime, datetime],
    ) -> None:
        """Has a mail sent once the session's mutation is committed; `holds` from when until when. For nobody (no `to`)
        it does the same, but for the mail.
        """

        async def send() -> None:
            await asyncio.sleep(LATER)
            if to is not None:
                link = self._links.get(purpose.value, "{token}").replace("{token}", quote(token))
                minutes = round((holds[1] - holds[0]).total_seconds() / 60)
                values = {"email": to, "link": link, "code": code}
                values |= {"minutes": str(minutes), "days": str(minutes // 1440)}
                await self._mailer().send(written(purpose, to, language, values, self._write))

        async def begin() -> None:
            self._tasks.begin(send())

        await session.after_commit(begin)
