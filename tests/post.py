"""A real SMTP server for tests, and what is in the mails that it takes."""

import asyncio
import email
import re
import socket
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


class Post:
    """An SMTP server, and what came."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.came = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self._loop.call_soon_threadsafe(self.came.set)
        return "250 OK"

    async def next(self) -> EmailMessage:
        async with asyncio.timeout(20):
            while not self.mails:
                self.came.clear()
                await self.came.wait()
        return self.mails.pop(0)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return body.get_content()


def token(mail: EmailMessage) -> str:
    found = re.search(r"[\w-]{43}", text(mail))
    assert found
    return found[0]


def code(mail: EmailMessage) -> str:
    found = re.search(r"\b\d{6}\b", text(mail))
    assert found
    return found[0]
