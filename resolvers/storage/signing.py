"""The URLs of files: signed, so that strangers can neither make one, alter one, nor keep one for ever.

In: a file and how it is wanted. Out: `/files/<id>/<name>?…&signature=…`, which holds until a moment, for this file and
these parameters alone; and from what a request brings, what it may have. Equal questions within a while give equal
URLs, so that browsers and live queries need not take the same bytes for others. Refused here, as None: whatever was
not signed so, and what is over.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlencode
from uuid import UUID

from .pictures import Fit, Format, Wanted

STEPS = 8
"""A URL lasts for at most one part in so many longer than asked for: those made meanwhile are the same."""
PATH = "/files"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a URL lets its holder have: a file as it is, or an image made of it; `until` None is for ever."""

    file: UUID
    until: datetime | None
    wanted: Wanted | None = None
    download: bool = False


class Signing:
    """Signs with the first of the secrets, and takes what any of them has signed. `base` is where browsers reach the
    server, such as "https://api.example.com"; empty for URLs that begin with a slash.
    """

    def __init__(self, secrets: Sequence[str], base: str) -> None:
        self._keys = [hashlib.sha256(b"hedgerow files\0" + secret.encode()).digest() for secret in secrets]
        self._base = base.rstrip("/")

    def url(
        self,
        file: UUID,
        name: str,
        now: datetime,
        lasting: timedelta | None,
        wanted: Wanted | None = None,
        *,
        download: bool = False,
    ) -> str:
        """The URL of a file; `lasting` None for one that never ends."""
        parameters: dict[str, str] = {}
        if lasting is not None:
            step = max(math.floor(lasting.total_seconds() / STEPS), 1)
            end = math.ceil((now + lasting).timestamp() / step) * step
            parameters["until"] = str(end)
        if wanted:
            given = {"width": wanted.width, "height": wanted.height, "fit": wanted.fit, "format": wanted.format}
            parameters |= {key: str(value) for key, value in given.items() if value is not None}
        if download:
            parameters["download"] = "1"
        parameters["signature"] = self._sign(self._keys[0], "get", file, parameters)
        return f"{self._base}{PATH}/{file}/{quote(name, safe='')}?{urlencode(parameters)}"

    def ticket(self, file: UUID, parameters: Mapping[str, str], now: datetime) -> Ticket | None:
        """What the parameters of a URL let its holder have."""
        if not self._signed("get", file, parameters):
            return None
        until = _moment(parameters.get("until"))
        if until is not None and until <= now:
            return None
        wanted = None
        if "fit" in parameters:
            width, height, format = (parameters.get(key) for key in ("width", "height", "format"))
            wanted = Wanted(
                int(width) if width else None,
                int(height) if height else None,
                Fit(parameters["fit"]),
                Format(format) if format else None,
            )
        return Ticket(file, until, wanted, "download" in parameters)

    def upload_url(self, file: UUID, way: Literal["put", "tus"], until: datetime) -> str:
        """Where the bytes of a pending file are sent to, by whoever has the URL, until a moment."""
        parameters = {"until": str(math.floor(until.timestamp()))}
        parameters["signature"] = self._sign(self._keys[0], way, file, parameters)
        return f"{self._base}{PATH}/{way}/{file}?{urlencode(parameters)}"

    def may_upload(self, file: UUID, way: Literal["put", "tus"], parameters: Mapping[str, str], now: datetime) -> bool:
        """Whether the parameters of a URL let its holder send the bytes of a file now."""
        if not self._signed(way, file, parameters):
            return False
        until = _moment(parameters.get("until"))
        return until is not None and now < until

    def _signed(self, what: str, file: UUID, parameters: Mapping[str, str]) -> bool:
        given = parameters.get("signature", "").encode(errors="replace")
        rest = {key: value for key, value in parameters.items() if key != "signature"}
        return any(hmac.compare_digest(self._sign(key, what, file, rest).encode(), given) for key in self._keys)

    @staticmethod
    def _sign(key: bytes, what: str, file: UUID, parameters: Mapping[str, str]) -> str:
        text = urlencode([("what", what), ("file", file.hex), *sorted(parameters.items())])
        return urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")[:24]).decode()


def _moment(seconds: str | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
