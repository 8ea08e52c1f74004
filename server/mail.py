"""Mail by SMTP; while developing, mails are printed and shown at a page of the server's own.

In: Mails, and an address: `smtp://user:password@host:587`, or `smtps://…` for TLS from the start. With a user it must
be encrypted: a password is never sent in the clear. Out: nothing; what can't be sent is logged, without what it says.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from html import escape
from urllib.parse import unquote, urlsplit

import aiosmtplib

from ..resolvers.auth.mails import Mail
from ..schema.errors import SetupError

logger = logging.getLogger("hedgerow")
SECONDS = 30.0
"""How long handing a mail on may take."""
SHOWN = 50
"""Mails that are kept to be shown while developing."""


class SMTP:
    """Hands mails to an SMTP server; a connection for each, since they are few. SetupError for a bad address."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise SetupError("HEDGEROW_SMTP_URL is no address such as smtp://user:password@mail.example.com:587.")
        if "@" not in sender:
            raise SetupError("HEDGEROW_MAIL_FROM names no sender, such as App <app@example.com>.")
        self._sender = sender
        self._host = parts.hostname
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587 if parts.username else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, mail: Mail) -> None:
        """See `resolvers/auth/mails`."""
        try:
            async with asyncio.timeout(SECONDS):
                await aiosmtplib.send(
                    message(mail, self._sender),
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._tls,
                    start_tls=None if self._user is None or self._tls else True,
                )
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            logger.error("a mail could not be sent: %s", _reason(error))


def _reason(error: Exception) -> str:
    """Why, without the server's words, which name whom the mail was for."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


class Printed:
    """Prints mails, and keeps the last ones to be shown."""

    def __init__(self) -> None:
        self.mails: deque[Mail] = deque(maxlen=SHOWN)

    async def send(self, mail: Mail) -> None:
        """See `resolvers/auth/mails`."""
        self.mails.appendleft(mail)
        logger.warning("mail to %s: %s\n%s", mail.to, mail.subject, mail.text)

    def page(self) -> str:
        """All of them, the newest first."""
        parts = [
            f"<h2>{escape(mail.subject)}</h2><p>to {escape(mail.to)}</p><pre>{escape(mail.text)}</pre>"
            for mail in self.mails
        ]
        return f"<!doctype html><title>Mails</title><h1>Mails</h1>{''.join(parts) or 'None yet.'}"


class Unsent:
    """Where no mail can be sent."""

    async def send(self, mail: Mail) -> None:
        """See `resolvers/auth/mails`."""
        logger.error("a mail could not be sent: HEDGEROW_SMTP_URL is not set")


def message(mail: Mail, sender: str) -> EmailMessage:
    """A mail as SMTP has it: its text, and the same as HTML."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = mail.to
    made["Subject"] = mail.subject
    made["Date"] = formatdate()
    made["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("<> ") or None)
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(mail.text)
    made.add_alternative(mail.html, subtype="html")
    return made
