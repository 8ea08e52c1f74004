"""What a file is, as its first bytes say; which types may be shown, and which are allowed.

In: the first bytes of a file, its name and the type that its sender declares. Out: a content type without parameters.
Neither name nor declaration is believed against bytes: they choose only among types of the same bytes, such as CSV
among texts. What a browser could run (HTML, SVG, XML) is found as what https://mimesniff.spec.whatwg.org finds, and
more: also behind byte order marks, blanks and comments, and inside other texts and media. No library is used: those
that there are tell users what a file likely is, and say `image/gif` of any bytes behind `GIF89a`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

HEAD_BYTES = 4096
"""How many of a file's first bytes are looked at."""
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
HTML = "text/html"
XHTML = "application/xhtml+xml"
XML = "application/xml"
SVG = "image/svg+xml"
PDF = "application/pdf"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
INLINE = frozenset(
    {
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"),
        *("video/mp4", "video/webm", "video/ogg", "video/quicktime"),
        *("audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/flac", "audio/aac", "audio/webm"),
        "text/plain",
    }
)
"""What a browser only shows or plays."""
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (0, b"\xff\x0a", "image/jxl"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (0, b"\0\0\x01\0", "image/vnd.microsoft.icon"),
    (0, b"fLaC\0", "audio/flac"),
    (0, b"MThd\0\0\0\x06", "audio/midi"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO\0", "font/otf"),
    (0, b"\0\x01\0\0\0", "font/ttf"),
    (0, b"ttcf\0", "font/collection"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\0asm", "application/wasm"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
)
"""Where bytes stand, and what they make of a file in which not all bytes are text."""
WORDS = ((b"{\\rtf", "application/rtf"), (b"%!PS", "application/postscript"))
"""What texts begin with that are more than text."""
BOXES = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), "audio/mp4"),
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a"), "video/3gpp"),
    **dict.fromkeys((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash"), "video/mp4"),
    **dict.fromkeys((b"M4V ", b"MSNV", b"mp71", b"f4v "), "video/mp4"),
    b"qt  ": "video/quicktime",
}
"""The brands of ISO's media files."""
RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
OFFICE = "application/vnd.openxmlformats-officedocument."
LIKE: dict[str, str] = {
    **dict.fromkeys(("text/csv", "text/tab-separated-values", "text/markdown", "text/calendar", "text/vcard"), TEXT),
    **dict.fromkeys(("text/vtt", "application/x-subrip", "application/yaml", "application/toml"), TEXT),
    **dict.fromkeys(("application/json", "application/geo+json", "application/ld+json", "application/x-ndjson"), TEXT),
    **dict.fromkeys(("text/xml", "application/rss+xml", "application/atom+xml", "application/gpx+xml"), XML),
    "application/vnd.google-earth.kml+xml": XML,
    **dict.fromkeys(("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"), OLE),
    "application/vnd.ms-outlook": OLE,
    **dict.fromkeys(("audio/mp4", "video/quicktime", "video/3gpp"), "video/mp4"),
    "audio/webm": "video/webm",
    **dict.fromkeys(("audio/opus", "application/ogg"), "audio/ogg"),
    "application/x-gtar": "application/gzip",
}
"""Which types are kept where they are declared, and the bytes say what stands beside them. No script and no style
sheet: where a page may run scripts of its own origin, it runs a file of type text/javascript, an attachment too, and
none of text/plain with nosniff.
"""
ENDINGS = {
    **{"html": HTML, "htm": HTML, "xhtml": XHTML, "xht": XHTML, "svg": SVG, "xml": XML, "xsl": XML, "csv": "text/csv"},
    **{"md": "text/markdown", "json": "application/json", "ics": "text/calendar", "vcf": "text/vcard"},
    **{
        "tsv": "text/tab-separated-values",
        "vtt": "text/vtt",
        "m4a": "audio/mp4",
        "xlsx": OFFICE + "spreadsheetml.sheet",
    },
    **{"docx": OFFICE + "wordprocessingml.document", "pptx": OFFICE + "presentationml.presentation"},
    **{"doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint"},
}
"""What a file's name declares, where its sender declares nothing."""
_ACTIVE = (HTML, XHTML, SVG, XML)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BLANKS = "".join(map(chr, range(33))) + "\x7f\x85\xa0\ufeff\u200b\u2028\u2029"
_END = r"(?:[\s/>]|$)"
_MARKUP = re.compile(r"<(?:[a-z_:]|[!?/])", re.I)
_ROOT = re.compile(rf"<(?:[\w.-]+:)?(svg|html){_END}", re.I)
_DOCTYPE = re.compile(r"<!doctype\s+(?:[\w.-]+:)?(svg|html)\b", re.I)
_FIRST = re.compile(
    rf"<(?:head|body|script|iframe|frameset|h[1-6]|div|span|font|table|a|style|title|b|i|u|br|p|ul|ol|li|pre|center|main"
    rf"|section|article|header|footer|nav|img|video|audio|form|input|button|object|embed|applet|meta|link|base|math"
    rf"|template|details|marquee|noscript|textarea|select|canvas){_END}",
    re.I,
)
_WITHIN = (
    r"<(?:!doctype\s+(?:html|svg)|/?(?:(?:[\w.-]{1,32}:)?(?:html|svg|script|body)|head|iframe|frame|frameset|object|embed"
    r"|applet|meta|link|style|base|form|math|img|image|video|audio|input|details|marquee|template|noscript)[\s/>])"
)
"""Elements that run something, or bring it in, and which hardly any other text has."""
_RUNS = re.compile(_WITHIN + r"|<[a-z][^>]{0,512}[\s/\"']on[a-z]{3,32}\s*=", re.I)
_RUNS_IN_MEDIA = re.compile(_WITHIN.encode() + rb"|PK\x03\x04|%PDF-", re.I)


def sniff(head: bytes, name: str, declared: str) -> str:
    """The content type of a file that begins so (HEAD_BYTES of it suffice), in lower case and without parameters.

    Media in whose beginning something else begins too, which a browser or reader might run, is UNKNOWN. What begins
    later is not seen: whoever serves files says `X-Content-Type-Options: nosniff`, so that it never counts.
    """
    head = head[:HEAD_BYTES]
    declared = _declared(name, declared)
    media = _media(head)
    if media in (ZIP, PDF):
        return _zipped(head, declared) if media == ZIP else media
    if media:
        shown = media.partition("/")[0] in ("image", "audio", "video", "font")
        return UNKNOWN if shown and _RUNS_IN_MEDIA.search(head) else _kept(media, declared)
    text = _text(head, declared)
    if text is None:
        return PDF if b"%PDF-" in head[:1024] else UNKNOWN
    found = _markup(text, declared)
    if found:
        return _kept(found, declared)
    if "%PDF-" in text[:1024]:
        return PDF
    kept = _kept(TEXT, declared)
    return HTML if kept == TEXT and _RUNS.search(text) else kept


def inline(content_type: str) -> bool:
    """Whether a file of a type may be shown by the browser at our own origin; all others are for saving.

    PDF is not among them: it has scripts, forms and links, and what its viewer may do with our origin is each
    browser's own affair. Text needs `charset=utf-8` beside it. All need `X-Content-Type-Options: nosniff`.
    """
    return _bare(content_type) in INLINE


def matches(content_type: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns, such as `image/*`, `application/pdf` or `*/*`, has a type. SVG is `image/*` too."""
    bare = _bare(content_type)
    family = bare.partition("/")[0]
    return any(pattern in ("*", "*/*", f"{family}/*", bare) for pattern in map(_bare, patterns))


def _bare(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _declared(name: str, declared: str) -> str:
    """What a file is said to be; nothing where that is no type, or says nothing."""
    bare = _bare(declared)
    ending = ENDINGS.get(name.rpartition(".")[2].lower(), "") if "." in name else ""
    if bare in ("", UNKNOWN, TEXT) or not _TYPE.fullmatch(bare) or ending in _ACTIVE:
        return ending
    return bare


def _kept(found: str, declared: str) -> str:
    return declared if LIKE.get(declared) == found else found


def _media(head: bytes) -> str | None:
    """What signatures make of a file; None where it has none."""
    for words, content_type in WORDS:
        if head.startswith(words):
            return content_type
    for offset, signature, content_type in SIGNATURES if _BINARY.search(head) else ():
        if head.startswith(signature, offset):
            return content_type
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZIP
    if head.startswith(b"%PDF-"):
        return PDF
    if head[4:8] == b"ftyp":
        return _boxed(head)
    if head[:4] == b"RIFF":
        return RIFF.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "audio/aiff"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"\x42\x82\x84webm" in head[:64] else "video/x-matroska"
    if head[:5] == b"OggS\0":
        return "video/ogg" if b"\x80theora" in head[:256] else "audio/ogg"
    return _sound(head)


def _sound(head: bytes) -> str | None:
    if head[:3] == b"ID3" and len(head) >= 10 and head[3] < 16 and all(byte < 128 for byte in head[6:10]):
        return "audio/mpeg"
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[1] & 0x18 != 0x08:
        rate, sampling = head[2] >> 4, head[2] >> 2 & 3
        return "audio/mpeg" if 0 < rate < 15 and sampling < 3 else None
    return None


def _boxed(head: bytes) -> str | None:
    """An ISO media file, by its brand, and by those that it is compatible with."""
    length = int.from_bytes(head[:4], "big")
    found = BOXES.get(head[8:12])
    others = [head[at : at + 4] for at in range(16, min(length, len(head)) - 3, 4)]
    if found == "image/heic" and b"avif" in others:
        return "image/avif"
    return found or next((BOXES[brand] for brand in others if brand in BOXES), None)


def _zipped(head: bytes, declared: str) -> str:
    """What a ZIP archive is, by its first entry: OpenDocument's and EPUB's says so, Office's is its own."""
    length = int.from_bytes(head[26:28], "little")
    start = 30 + length + int.from_bytes(head[28:30], "little")
    entry = head[30 : 30 + length]
    if entry == b"mimetype" and head[8:10] == b"\0\0":
        size = int.from_bytes(head[18:22], "little")
        said = head[start : start + min(size, 128)].decode("ascii", "replace").strip()
        return said if re.fullmatch(r"application/(epub\+zip|vnd\.oasis\.opendocument\.[a-z-]+)", said) else ZIP
    if declared.startswith(OFFICE) and entry.startswith((b"[Content_Types].xml", b"_rels/", b"docProps/")):
        return declared
    if declared == "application/java-archive" and entry.startswith(b"META-INF/"):
        return declared
    return ZIP


def _text(head: bytes, declared: str) -> str | None:
    """The file's beginning as text; None where it is none."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):  # so does UTF-32, which browsers take for UTF-16 with NULs between
            return head.decode(encoding, "replace").replace("\0", "")
    bare = head.replace(b"\0", b"")
    if bare != head and _MARKUP.match(bare.decode("latin-1").lstrip(_BLANKS)):
        return bare.decode("latin-1")  # markup of two or four bytes a character, without a mark that says so
    if _MARKUP.match(head.decode("latin-1").lstrip(_BLANKS + "ï»¿")):
        return head.decode("utf-8", "replace")  # whatever bytes come then
    if _BINARY.search(head):
        return None
    try:
        return head.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 3 and len(head) == HEAD_BYTES and error.reason == "unexpected end of data":
            return head[: error.start].decode()  # the last character is cut
    return head.decode("latin-1") if declared.startswith("text/") else None


def _markup(text: str, declared: str) -> str | None:
    """Which markup a text begins with, behind whatever a browser may pass over."""
    text = text.lstrip(_BLANKS)
    if not _MARKUP.match(text):
        return None
    if declared in _ACTIVE[:3]:
        return declared
    found = _DOCTYPE.search(text) or _ROOT.search(text)
    if found and found[1].lower() == "svg":
        return SVG
    xml = text.startswith("<?xml")
    if found:
        return XHTML if xml else HTML
    return XML if xml or not (_FIRST.match(text) or text.startswith(("<!--", "</")) or _RUNS.search(text)) else HTML
