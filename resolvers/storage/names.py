"""Names of files, as their uploaders gave them, made fit to be shown: in URLs, in headers, on others' disks.

In: any text. Out: a name that leads to no other folder, hides no ending of its own and breaks no line.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import quote

LONGEST = 100
"""Characters of a name."""
LONGEST_ENDING = 16
"""Of an ending, such as `.jpeg`, that is kept where a name is cut."""
NAMELESS = "file"
_ELSEWHERE = frozenset('/\\:*?"<>|\ufffd')
"""What systems give a meaning in paths; and what stands for bytes that are no text."""
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What makes text run the other way, so that `gpj.exe` is read as `exe.jpg`."""
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._ -]{0,98}[A-Za-z0-9_-]", re.ASCII)


@lru_cache(4096)
def shown(name: str) -> str:
    """The name as it is shown: 1 to 100 characters, and not `.` or `..`."""
    if _PLAIN.fullmatch(name):
        return name
    safe = "".join("_" if _unfit(each) else each for each in name).strip(" .")
    if len(safe) > LONGEST:
        ending = PurePosixPath(safe).suffix
        ending = ending if len(ending) <= LONGEST_ENDING else ""
        safe = safe[: LONGEST - len(ending)].rstrip(" .") + ending
    return safe or NAMELESS


@lru_cache(4096)
def quoted(name: str) -> str:
    """A shown name as part of a URL, or of a header."""
    return quote(name, safe="")


def renamed(name: str, content_type: str) -> str:
    """The name of an image that was made of another."""
    return f"{PurePosixPath(name).stem}.{content_type.rpartition('/')[2]}"


def _unfit(each: str) -> bool:
    return each in _ELSEWHERE or each in _TURNING or unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")
