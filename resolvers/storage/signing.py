"""The URLs of files: signed, so that strangers can neither make one, alter one, nor keep one for ever.

In: a file and how it is wanted. Out: `/files/<id>/<name>?…&signature=…`, which holds until a moment, for this file and
these parameters alone; and from what a request brings, what it may have. Equal questions within a while give equal
URLs, so that browsers and live queries need not take the same bytes for others. A signature is of the very text of the
parameters, which come in one order and one spelling only: what two programs could read differently is refused. So is,
as None: whatever was not signed so, and what is over. A URL without an end is for public files; without parameters, it
needs no signature.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from .filenames import quoted, shown
from .pictures import Fit, Format, Wanted

STEPS = 8
"""A URL lasts for at most one part in so many longer than asked for: those made meanwhile are the same."""
PATH = "/files"
_MOMENT = r"[1-9][0-9]{0,10}"
"""Seconds since 1970, to the year 5138."""
_SIDE = r"[1-9][0-9]{0,3}"
_SIGNATURE = r"[A-Za-z0-9_-]{32}"
_QUERY = re.compile(
    rf"((?:until=({_MOMENT})&)?(?:width=({_SIDE})&)?(?:height=({_SIDE})&)?(?:fit=({'|'.join(Fit)})&)?"
    rf"(?:format=({'|'.join(Format)})&)?(download=1&)?)signature=({_SIGNATURE})",
    re.ASCII,
)
_UNTIL = re.compile(_MOMENT, re.ASCII)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a URL lets its holder have: a file as it is, or an image made of it. `until` None is for ever, and for a
    public file only.
    """

    file: UUID
    until: datetime | None
    wanted: Wanted | None = None
    download: bool = False


class Signing:
    """Signs with the first of the secrets, and takes what any of them has signed. `base` is where browsers reach the
    server, such as "https://api.example.com"; empty for URLs that begin with a slash.
    """

    def __init__(self, secrets: Sequence[str], base: str) -> None:
        if not all(secrets) or not secrets:
            raise ValueError("URLs of files need a secret to be signed with.")
        self._keys = [hashlib.sha256(b"hedgerow files\0" + secret.encode()).digest() for secret in secrets]
        self._base = f"{base.rstrip('/')}{PATH}"

    def url(
        self,
        file: UUID,
        name: str,
        now: datetime,
        lasting: int | None,
        wanted: Wanted | None = None,
        *,
        download: bool = False,
    ) -> str:
        """The URL of a file, for so many seconds; `lasting` None for one that never ends, of a public file."""
        name = shown(name)
        given = _given(now, lasting, wanted, download=download)
        path = f"{self._base}/{file}/{quoted(name)}"
        if not given:
            return path
        return f"{path}?{given}signature={_sign(self._keys[0], 'get', file, given, name)}"

    def ticket(self, file: str, name: str, query: str, now: datetime) -> Ticket | None:
        """What a URL lets its holder have: the parts of its path as text, and its query as it came."""
        id = _id(file)
        if id is None:
            return None
        if not query:
            return Ticket(id, None)
        found = _QUERY.fullmatch(query)
        if not found:
            return None
        given, end, width, height, fit, format, download, signature = found.groups()
        if not self._signed("get", id, given, name, signature):
            return None
        until = None if end is None else datetime.fromtimestamp(int(end), UTC)
        if until is not None and until <= now:
            return None
        wanted = None
        if fit:
            box = (int(width) if width else None, int(height) if height else None)
            wanted = Wanted(*box, Fit(fit), Format(format) if format else None)
        return Ticket(id, until, wanted, bool(download))

    def upload_url(self, file: UUID, way: Literal["put", "tus"], until: datetime) -> str:
        """Where the bytes of a pending file are sent to, by whoever has the URL, until a moment."""
        given = f"until={math.floor(until.timestamp())}&"
        return f"{self._base}/{way}/{file}?{given}signature={_sign(self._keys[0], way, file, given, '')}"

    def may_upload(
        self, file: str, way: Literal["put", "tus"], parameters: Mapping[str, str], now: datetime
    ) -> UUID | None:
        """The file whose bytes a URL lets its holder send now; None where it doesn't. `file` is as its path has it."""
        id, until = _id(file), parameters.get("until", "")
        if id is None or {*parameters} != {"until", "signature"} or not _UNTIL.fullmatch(until):
            return None
        signed = self._signed(way, id, f"until={until}&", "", parameters["signature"])
        return id if signed and now.timestamp() < int(until) else None

    def _signed(self, what: str, file: UUID, given: str, name: str, signature: str) -> bool:
        signed = signature.encode(errors="replace")
        return any(hmac.compare_digest(_sign(key, what, file, given, name).encode(), signed) for key in self._keys)


def _given(now: datetime, lasting: int | None, wanted: Wanted | None, *, download: bool) -> str:
    """The parameters, each with what ends it."""
    given = ""
    if lasting is not None:
        step = max(lasting // STEPS, 1)
        given = f"until={math.ceil((now.timestamp() + lasting) / step) * step}&"
    if wanted:
        if wanted.width:
            given += f"width={wanted.width}&"
        if wanted.height:
            given += f"height={wanted.height}&"
        given += f"fit={wanted.fit.value}&"
        if wanted.format:
            given += f"format={wanted.format.value}&"
    return f"{given}download=1&" if download else given


def _sign(key: bytes, what: str, file: UUID, given: str, name: str) -> str:
    """The name comes last: it alone may have any character."""
    text = f"{what}\n{file.hex}\n{given}\n{name}"
    return urlsafe_b64encode(hmac.digest(key, text.encode(errors="replace"), "sha256")[:24]).decode()


def _id(text: str) -> UUID | None:
    """The id, in the one spelling that we give it."""
    try:
        id = UUID(text)
    except ValueError:
        return None
    return id if str(id) == text else None
