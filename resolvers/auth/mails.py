"""What is mailed, as text and as HTML, in words that the developer can replace, by language too.

In: what a mail is for, and whom it goes to. Out: a Mail. The values that a mail is made of are put into HTML as text:
none of them is markup, whoever chose it. Sending is for a Mailer, which `server/mail` has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Protocol, TypeAlias

from .words import ENGLISH, LANGUAGES, Purpose, Words

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


Write: TypeAlias = Callable[[str, str | None], Words | None]
"""A developer's words, by purpose (the values of `Purpose`) and language; None for those that are here."""


def written(purpose: Purpose, to: str, locale: str | None, values: Mapping[str, str], write: Write | None) -> Mail:
    """A mail."""
    words, language = write(purpose.value, locale) if write else None, (locale or ENGLISH).replace("_", "-")
    if words is None:
        language = language.partition("-")[0].lower()
        language = language if language in LANGUAGES else ENGLISH
        words = LANGUAGES[language][purpose]
    subject = " ".join(words.subject.format_map(values).split())  # no line of it becomes a header of its own
    link = values["link"]
    paragraphs = [
        f'<p><a href="{escape(link)}">{escape(link)}</a></p>' if part == link else f"<p>{escape(part)}</p>"
        for part in words.text.format_map(values).split("\n\n")
    ]
    html = f'<!doctype html><html lang="{escape(language)}"><body>{"".join(paragraphs)}</body></html>'
    return Mail(to, subject, words.text.format_map(values), html)
