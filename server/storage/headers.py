"""The headers that a file is given with, so that browsers take what strangers uploaded for no page or script of ours.

In: what a file is. Out: headers. Only what browsers show without running anything is shown (`sniffing.inline`); all
else is to be saved, under a name that can't be read as anything else. Scripts and style sheets lose their type, since
a page may load those whatever their disposition. Whoever has a URL may show the file on a page of any origin.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ...resolvers.storage.filenames import quoted
from ...resolvers.storage.sniffing import UNKNOWN, inline

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "cross-origin",
}
"""Those of every answer."""
LOCKED = "default-src 'none'; sandbox"
SHOWN = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
"""Browsers show an image or a video by a page of their own, which loads it and has styles."""
_KEPT = re.compile(r"(?:audio|font|image|model|video)/[a-z0-9.+-]+|application/[a-z0-9.+-]+", re.ASCII)
_RUN = re.compile(r"script|wasm|xhtml|xslt", re.ASCII)
_FOR_EVER = "public, max-age=31536000, immutable"


def shown_as(content_type: str, name: str, *, download: bool) -> dict[str, str]:
    """How a browser is to take a file: its type, whether it shows or saves it, and what that may do. `name` is one
    that is `shown`.
    """
    if inline(content_type) and not download:
        return {
            "content-type": f"{content_type}; charset=utf-8" if content_type == "text/plain" else content_type,
            "content-disposition": disposition("inline", name),
            "content-security-policy": SHOWN,
        }
    return {
        "content-type": saved_as(content_type),
        "content-disposition": disposition("attachment", name),
        "content-security-policy": LOCKED,
    }


def saved_as(content_type: str) -> str:
    """The type of a file that is to be saved."""
    plain = _KEPT.fullmatch(content_type) and not _RUN.search(content_type)
    return content_type if plain or inline(content_type) else UNKNOWN


def disposition(kind: str, name: str) -> str:
    """RFC 6266: the name in ASCII, and as it is where that is another."""
    plain = re.sub(r"[^A-Za-z0-9 !#$&()+,.;=@\[\]^_`{}~-]", "_", name, flags=re.ASCII)
    more = "" if plain == name else f"; filename*=UTF-8''{quoted(name)}"
    return f'{kind}; filename="{plain}"{more}'


def kept_for(until: datetime | None, now: datetime, most: timedelta | None = None) -> str:
    """For how long caches may keep an answer: as long as its URL holds, and no longer than `most`; `until` None is for
    ever, and for anybody's caches.
    """
    if until is None and most is None:
        return _FOR_EVER
    left = min(each for each in (until and until - now, most) if each is not None)
    seconds = max(int(left.total_seconds()), 0)
    if most is not None:
        return f"private, max-age={seconds}"
    return f"private, max-age={seconds}, immutable"
