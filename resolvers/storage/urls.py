"""The URL of a file's field: what a client asks for, as it is signed.

In: a file, and how a client wants it. Out: its URL. Equal images are asked for by equal URLs: where one side of the box
is open, both ways to fit are the same. Of what is no image that is decoded, the URL is that of the file itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from ...schema.files import UrlAsked
from .pictures import DECODED, Fit, Format, Wanted
from .signing import Signing


class FileUrls:
    """See `Files`. A URL lasts for `lasting` where a client does not say; a public file's never ends."""

    def __init__(self, signing: Signing, lasting: timedelta) -> None:
        self._signing = signing
        self._lasting = max(int(lasting.total_seconds()), 1)

    def url(self, file: UUID, name: str, content_type: str, asked: UrlAsked, *, public: bool, now: datetime) -> str:
        """See `Files`."""
        lasting = None if public else asked.expires_in or self._lasting
        picture = wanted(asked) if content_type in DECODED else None
        return self._signing.url(file, name, now, lasting, picture, download=asked.download)


def wanted(asked: UrlAsked) -> Wanted | None:
    """The image that is asked for; None for the file as it is."""
    if not (asked.width or asked.height or asked.format):
        return None
    fit = Fit.CONTAIN
    if asked.width and asked.height and asked.fit:
        fit = Fit(asked.fit.lower())
    elif asked.width and asked.height:
        fit = Fit.COVER
    return Wanted(asked.width, asked.height, fit, Format(asked.format.lower()) if asked.format else None)
