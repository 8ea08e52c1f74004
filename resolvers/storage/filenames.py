"""Names of files, made fit to be shown, to be sent in a header, and to be saved on any system.

In: what a client calls a file. Out: a name without folders, without what is invisible or turns the order of letters,
and that is no device's; at most LONGEST bytes of UTF-8, and never empty. Nothing is refused: no upload fails by its
name.
"""

from __future__ import annotations

import re
import unicodedata

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
