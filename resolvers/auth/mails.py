"""What is mailed, as text and as HTML, in words that the developer can replace, by language too.

In: what a mail is for, and whom it goes to. Out: a Mail. The values that a mail is made of are put into HTML as text:
none of them is markup, whoever chose it. Sending is for a Mailer, which `server/mail` has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from html import escape
from typing import Protocol, TypeAlias


class Purpose(StrEnum):
    """What a mail is for."""

    VERIFY = "verify_email"
    RESET = "reset_password"
    SIGN_IN = "sign_in"
    CHANGE = "change_email"
    SIGN_UP = "sign_up"
    KNOWN = "known"
    INVITE = "invitation"


HOLDS: dict[Purpose, timedelta] = {
    Purpose.VERIFY: timedelta(days=1),
    Purpose.RESET: timedelta(hours=1),
    Purpose.SIGN_IN: timedelta(minutes=10),
    Purpose.CHANGE: timedelta(hours=1),
    Purpose.SIGN_UP: timedelta(days=1),
    Purpose.KNOWN: timedelta(days=1),
    Purpose.INVITE: timedelta(days=7),
}
"""How long what is mailed holds."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail."""

    to: str
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    """What sends mail."""

    async def send(self, mail: Mail) -> None:
        """Hands a mail on; where that can't be done, it tells whoever runs the server. Raises nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a mail: `{link}`, `{code}`, `{email}`, `{minutes}` and `{days}` stand for what they say."""

    subject: str
    text: str


Write: TypeAlias = Callable[[str, str | None], Words | None]
"""A developer's words, by purpose (the values of `Purpose`) and language; None for those that are here."""

ENGLISH: Mapping[Purpose, Words] = {
    Purpose.VERIFY: Words(
        "Confirm your e-mail address",
        "Confirm that {email} is your address:\n\n{link}\n\nIf you have no account here, do nothing.",
    ),
    Purpose.RESET: Words(
        "Set a new password",
        "Set a new password for {email}:\n\n{link}\n\nThis holds for {minutes} minutes. If you did not ask for it, do"
        " nothing: your password is as it was.",
    ),
    Purpose.SIGN_IN: Words(
        "{code} is your code",
        "Your code is {code}\n\nor follow\n\n{link}\n\nThis holds for {minutes} minutes. Tell nobody: we never ask.",
    ),
    Purpose.CHANGE: Words(
        "Confirm your new e-mail address",
        "Confirm that {email} is to be your address:\n\n{link}\n\nIf you did not ask for it, do nothing.",
    ),
    Purpose.SIGN_UP: Words(
        "Confirm your account",
        "Confirm that you want an account for {email}:\n\n{link}\n\nIf you did not sign up, do nothing: there is none.",
    ),
    Purpose.KNOWN: Words(
        "You have an account",
        "Somebody wanted a new account for {email}, where you have one already. If it was you, sign in to it; set a new"
        " password if you forgot it. If it was not, do nothing.",
    ),
    Purpose.INVITE: Words(
        "You are invited",
        "You are invited. Make your account for {email}:\n\n{link}\n\nThis holds for {days} days.",
    ),
}


def written(purpose: Purpose, to: str, language: str | None, values: Mapping[str, str], write: Write | None) -> Mail:
    """A mail."""
    words = (write(purpose.value, language) if write else None) or ENGLISH[purpose]
    subject = " ".join(words.subject.format_map(values).split())  # no line of it becomes a header of its own
    link = values["link"]
    paragraphs = [
        f'<p><a href="{escape(link)}">{escape(link)}</a></p>' if part == link else f"<p>{escape(part)}</p>"
        for part in words.text.format_map(values).split("\n\n")
    ]
    language = (language or "en").replace("_", "-")
    html = f'<!doctype html><html lang="{escape(language)}"><body>{"".join(paragraphs)}</body></html>'
    return Mail(to, subject, words.text.format_map(values), html)
