"""Names of files, made fit to be kept and saved on any system, and to be shown in URLs and headers.

In: what a client calls a file; what a file is called in its row. Out: a name without folders, without what is invisible
or turns the order of letters, and that is no device's; and a shorter one for URLs and headers, which nothing breaks out
of, whatever stands in the row. Never empty. Nothing is refused: no upload fails by its name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import quote

LONGEST = 255
"""Bytes of UTF-8, as file systems have it."""
NAMELESS = "file"
_LONGEST_SUFFIX = 32
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_UNSAFE = re.compile(r'[<>:"|?*]')
_JOINERS = "\u200c\u200d"
"""Invisible, and needed to write Persian, and some emoji."""


def sanitised(name: str) -> str:
    """The name under which a file is kept."""
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(each for each in name if each in _JOINERS or unicodedata.category(each) not in _UNSEEN)
    name = _trimmed(unicodedata.normalize("NFC", _UNSAFE.sub("_", shown)))
    if _DEVICE.fullmatch(name.partition(".")[0].strip()):
        name = f"_{name}"
    return _shortened(name) or NAMELESS


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode: control, format (bidi overrides are such), surrogates, without a meaning, line breaks."""


def _trimmed(name: str) -> str:
    """Without what Windows drops at the end, and what nobody sees at the beginning."""
    return name.strip(_JOINERS + " \t\u00a0").rstrip(". " + _JOINERS)


def _shortened(name: str) -> str:
    """The beginning and the suffix of a name that is too long."""
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    room = LONGEST - len((dot + suffix).encode())
    return _trimmed(stem.encode()[:room].decode(errors="ignore")) + dot + suffix


# As they are shown, whoever has put them there

LONGEST_SHOWN = 100
"""Characters of a name in a URL."""
LONGEST_ENDING = 16
"""Of an ending, such as `.jpeg`, that is kept where a shown name is cut."""
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
    if len(safe) > LONGEST_SHOWN:
        ending = PurePosixPath(safe).suffix
        ending = ending if len(ending) <= LONGEST_ENDING else ""
        safe = safe[: LONGEST_SHOWN - len(ending)].rstrip(" .") + ending
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
