"""What a key of a blob may be.

In: keys. Out: the same. Refused here: what could name another place (ValueError).
"""

from __future__ import annotations

import re

KEY = re.compile(r"[a-z0-9-]+(?:/[a-z0-9-]+)*", re.ASCII)
LONGEST = 200
"""Characters of a key: as the name of a file, and in a bucket below a prefix, so many always fit."""


def checked(key: str) -> str:
    """The key. Raises ValueError where it is none: keys are made by us, so it is a mistake of ours."""
    if len(key) > LONGEST or not KEY.fullmatch(key):
        raise ValueError(
            f"{key!r} is no key of a blob: a-z, 0-9 and -, in parts between slashes, {LONGEST} characters at most"
        )
    return key
