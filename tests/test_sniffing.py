"""Content types by bytes: what each kind of file is, and that nothing which a browser could run is shown."""

import io
import re
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from hedgerow.resolvers.storage.sniffing import HEAD_BYTES, UNKNOWN, inline, matches, sniff

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OPEN_TEXT = "application/vnd.oasis.opendocument.text"
MP3 = b"\xff\xfb\x90\x00" + b"\0" * 400


def picture(format: str) -> bytes:
    made = io.BytesIO()
    Image.effect_noise((40, 40), 50).convert("RGB").save(made, format)
    return made.getvalue()


def archive(*entries: tuple[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, text in entries:
            file.writestr(name, text)
    return made.getvalue()


IMAGES = {
    "image/png": picture("PNG"),
    "image/jpeg": picture("JPEG"),
    "image/gif": picture("GIF"),
    "image/webp": picture("WEBP"),
    "image/avif": picture("AVIF"),
}
FILES: list[tuple[bytes, str]] = [
    *((data, content_type) for content_type, data in IMAGES.items()),
    (picture("TIFF"), "image/tiff"),
    (picture("BMP"), "image/bmp"),
    (picture("ICO"), "image/vnd.microsoft.icon"),
    (picture("JPEG2000"), "image/jp2"),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
    (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
    (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", "video/mp4"),
    (b"\0\0\0\x14ftypXXXX\0\0\x02\0mp42", "video/mp4"),
    (b"\0\0\0\x14ftypqt  \0\0\x02\0qt  ", "video/quicktime"),
    (b"\0\0\0\x14ftypM4A \0\0\x02\0isom", "audio/mp4"),
    (b"\0\0\0\x14ftypXXXX\0\0\x02\0XXXX", UNKNOWN),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87", "video/webm"),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", "video/x-matroska"),
    (b"ID3\x04\0\0\0\0\x02\x01TIT2", "audio/mpeg"),
    (MP3, "audio/mpeg"),
    (b"\xff\xf1\x50\x80\x02\x1f\xfc", "audio/aac"),
    (b"OggS\0\x02\0\0\0\0\0\0\0\0OpusHead", "audio/ogg"),
    (b"OggS\0\x02\0\0\0\0\0\0\0\0\x80theora", "video/ogg"),
    (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0", "audio/wav"),
    (b"RIFF\x24\0\0\0AVI LIST\0", "video/x-msvideo"),
    (b"fLaC\0\0\0\x22", "audio/flac"),
    (b"FORM\0\0\0\x10AIFFCOMM", "audio/aiff"),
    (b"wOFF\0\x01\0\0", "font/woff"),
    (b"wOF2\0\x01\0\0", "font/woff2"),
    (b"OTTO\0\x0a\0\x80", "font/otf"),
    (b"\0\x01\0\0\0\x0f\0\x80", "font/ttf"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
    (b"\x01\x02\x03" + b"x" * 900 + b"%PDF-1.7", "application/pdf"),
    (b"some words\n%PDF-1.7\n", "application/pdf"),
    (archive(("a.txt", "a")), "application/zip"),
    (archive(), "application/zip"),
    (archive(("mimetype", OPEN_TEXT), ("content.xml", "<x/>")), OPEN_TEXT),
    (archive(("mimetype", "application/epub+zip")), "application/epub+zip"),
    (archive(("mimetype", "text/html")), "application/zip"),
    (b"\x1f\x8b\x08\0\0\0\0\0", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c\0\4", "application/x-7z-compressed"),
    (b"a.txt" + b"\0" * 252 + b"ustar\x0000", "application/x-tar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "application/x-ole-storage"),
    (b"SQLite format 3\0\x10\0", "application/vnd.sqlite3"),
    (b"\0asm\x01\0\0\0", "application/wasm"),
    (b"\x7fELF\x02\x01\x01\0", "application/x-elf"),
    (b"MZ\x90\0\x03\0", "application/vnd.microsoft.portable-executable"),
    (b"{\\rtf1\\ansi", "application/rtf"),
    (b"%!PS-Adobe-3.0", "application/postscript"),
    (b"", "text/plain"),
    (b"MZ is how it begins, BM too", "text/plain"),
    ("Grüße, 你好".encode(), "text/plain"),
    (b"\xef\xbb\xbfwith a mark", "text/plain"),
    ("two bytes each".encode("utf-16"), "text/plain"),
    (b"if a < b and b > c: print(1 <2)", "text/plain"),
    (b"Ann <ann@example.com>, vector<int>, <3", "text/plain"),
    (b"GIF89a=1;alert(1)//", "text/plain"),
    (b"\0\x01\x02\x03\x04\x05", UNKNOWN),
    (b"Gr\xfc\xdfe", UNKNOWN),
    (b"\x89PNG", UNKNOWN),
]


@pytest.mark.parametrize(("data", "content_type"), FILES)
def test_bytes_say_what_a_file_is(data: bytes, content_type: str):
    assert sniff(data, "", "") == content_type
    assert sniff(data, "", UNKNOWN) == content_type
    for name, declared in (("a.png", "image/png"), ("a.txt", "text/plain"), ("a.mp3", "audio/mpeg"), ("a", "no type")):
        if not (content_type == UNKNOWN and declared.startswith("text/")):
            assert sniff(data, name, declared) == content_type, (name, declared)


ACTIVE: list[tuple[bytes, str]] = [
    (b"<!DOCTYPE html><title>a</title>", "text/html"),
    (b"<!doctype\nHTML>", "text/html"),
    (b"\xef\xbb\xbf \t\r\n<HtMl>", "text/html"),
    (b"\x0c\x0b\0 <script>alert(1)</script>", "text/html"),
    (b"<!-- a --><!-- b -->\n<html>", "text/html"),
    (b"<!-- only a comment", "text/html"),
    (b"<b>bold</b>", "text/html"),
    (b"<a href='javascript:alert(1)'>", "text/html"),
    (b"<x onload=alert(1)>", "text/html"),
    (b"<custom-element><iframe src=x>", "text/html"),
    (b"<script", "text/html"),
    ("<html><script>1</script>".encode("utf-16"), "text/html"),
    ("<html><script>1</script>".encode("utf-16-le"), "text/html"),
    ("<html><script>1</script>".encode("utf-16-be"), "text/html"),
    ("<html><script>1</script>".encode("utf-32"), "text/html"),
    (b"<html>" + bytes(range(256)), "text/html"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    (b"<?xml version='1.0'?>\n<!-- a --><svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml"),
    (b"<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' ''><a/>", "image/svg+xml"),
    (b"<s:svg xmlns:s='http://www.w3.org/2000/svg'>", "image/svg+xml"),
    ("\ufeff<?xml version='1.0'?><svg>".encode("utf-16-be"), "image/svg+xml"),
    (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", "application/xhtml+xml"),
    (b"<?xml version='1.0'?><note/>", "application/xml"),
    (b"<?xml-stylesheet href='a.xsl'?><note/>", "application/xml"),
    (b"<note>to you</note>", "application/xml"),
    (b"name,text\n1,<script>alert(1)</script>\n", "text/html"),
    (b"plain, and then <svg onload=alert(1)>", "text/html"),
    (b"plain, and then <img src=x onerror=alert(1)>", "text/html"),
    (b"plain, and then <q style=x onclick=alert(1)>", "text/html"),
    (b"GIF89a<script>alert(1)</script>", "text/html"),
]


@pytest.mark.parametrize(("data", "content_type"), ACTIVE)
@pytest.mark.parametrize("declared", ["", "text/plain", "image/png", "application/json; charset=utf-8", "audio/mpeg"])
def test_what_a_browser_could_run_is_found_whatever_is_declared(data: bytes, content_type: str, declared: str):
    found = sniff(data, "holiday.png", declared)
    assert not inline(found)
    assert found == content_type or (declared.startswith("application/json") and found == "application/json")


@pytest.mark.parametrize("content_type", [*IMAGES, "audio/mpeg", "video/mp4"])
@pytest.mark.parametrize(
    "hidden",
    [b"<script>alert(1)</script>", b"<!DOCTYPE html>", b"<SVG ", b"<x:svg ", b"PK\x03\x04", b"%PDF-1.4", b"</html>"],
)
def test_media_in_which_something_else_begins_is_nothing_to_show(content_type: str, hidden: bytes):
    others = {"audio/mpeg": MP3, "video/mp4": b"\0\0\0\x14ftypisom\0\0\x02\0isom"}
    data = (IMAGES | others)[content_type][:1000]
    assert sniff(data, "", content_type) == content_type
    assert sniff(data + hidden, "a.gif", content_type) == UNKNOWN
    assert sniff(data.ljust(HEAD_BYTES, b"\0") + hidden, "a.gif", content_type) == content_type, (
        "what is behind is not seen"
    )


def test_metadata_that_cameras_and_editors_write_is_no_reason_to_refuse_an_image():
    xmp = b"<?xpacket begin='\xef\xbb\xbf'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description><dc:title/>"
    made = io.BytesIO()
    Image.new("RGB", (9, 9)).save(made, "JPEG", xmp=xmp)
    assert sniff(made.getvalue(), "", "") == "image/jpeg"


@pytest.mark.parametrize(
    ("data", "name", "declared", "content_type"),
    [
        (b"a,b\n1,2\n", "a", "text/csv", "text/csv"),
        (b"a,b\n1,2\n", "a", "Text/CSV; charset=latin1", "text/csv"),
        (b"a,b\n1,Gr\xfc\xdfe\n", "a", "text/csv", "text/csv"),
        (b"a,b\n1,2\n", "a.CSV", "", "text/csv"),
        (b"a,b\n1,2\n", "a.csv", "text/plain", "text/csv"),
        (b"# Title\n<details>more</details>", "a.md", "text/markdown", "text/markdown"),
        (b"<h1>Title</h1>", "a.md", "text/markdown", "text/html"),
        (b'{"a": "<script>"}', "a.json", "application/json", "application/json"),
        (b"hello", "a.html", "text/plain", "text/plain"),
        (b"<rss/>", "a", "application/rss+xml", "application/rss+xml"),
        (b"<!-- long -->", "a.svg", "image/png", "image/svg+xml"),
        (b"<!-- long -->", "a", "image/svg+xml", "image/svg+xml"),
        (b"alert(1)", "a.js", "text/javascript", "text/plain"),
        (b"* { color: red }", "a.css", "text/css", "text/plain"),
        (b"hello", "a", "text/html", "text/plain"),
        (b"hello", "a", "multipart/x-mixed-replace", "text/plain"),
        (b"hello", "a", "text/x\r\nset-cookie: a=b", "text/plain"),
        (archive(("[Content_Types].xml", "")), "a", WORD, WORD),
        (archive(("[Content_Types].xml", "")), "a.docx", "", WORD),
        (archive(("evil.html", "<script>")), "a.docx", WORD, "application/zip"),
        (archive(("[Content_Types].xml", "")), "a", "text/html", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "a.doc", "", "application/msword"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "a", "text/html", "application/x-ole-storage"),
        (b"\0\0\0\x14ftypisom\0\0\x02\0isom", "a.m4a", "", "audio/mp4"),
        (b"\0\1\2", "a", "application/x-shockwave-flash", UNKNOWN),
        (b"\0\1\2", "a.png", "image/png", UNKNOWN),
    ],
)
def test_a_declared_type_is_kept_among_types_of_the_same_bytes(
    data: bytes, name: str, declared: str, content_type: str
):
    assert sniff(data, name, declared) == content_type


def test_a_character_cut_by_the_end_of_the_head_is_no_fault():
    assert sniff(b"a" * (HEAD_BYTES - 1) + "ü".encode(), "", "") == "text/plain"
    assert sniff(b"a" * (HEAD_BYTES - 4) + b"\xfc\xfc\xfc\xfc", "", "") == UNKNOWN
    assert sniff(b"a\xc3", "", "") == UNKNOWN


STARTS = st.sampled_from(
    [data[:200] for data, _ in FILES] + [b"", b"GIF89a", b"\xff\xd8\xff", b"text ", b"\xfe\xff", b"\xef\xbb\xbf"]
)
TAGS = st.sampled_from(
    [
        *(b"<html>", b"<!DOCTYPE\thtml>", b"<script>", b"<SCRIPT\nsrc=a>", b"<svg/onload=a>", b"<x:svg\txmlns:x=a>"),
        *(b"<iframe/src=a>", b"<body>", b"<object\tdata=a>", b"<embed/src=a>", b"<meta\thttp-equiv=a>", b"<img/src=a>"),
        *(b"<link\trel=a>", b"</html>", b"<style>"),
    ]
)
DECLARED = (
    st.sampled_from(["", "text/plain", "text/html", "image/png", "image/svg+xml", "text/csv", "a/b", WORD]) | st.text()
)
NAMES = st.sampled_from(["", "a.png", "a.html", "a.svg", "a.txt"]) | st.text()


@given(STARTS, st.binary(max_size=300), NAMES, DECLARED)
@example(b"", b"\xff", "a.", "/")
def test_any_bytes_have_a_content_type(start: bytes, rest: bytes, name: str, declared: str):
    found = sniff(start + rest, name, declared)
    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", found)
    assert sniff(start + rest, name, declared) == found


@given(STARTS, st.binary(max_size=50), TAGS, st.binary(max_size=50), NAMES, DECLARED)
def test_nothing_that_looks_like_html_is_shown(
    start: bytes, between: bytes, tag: bytes, rest: bytes, name: str, declared: str
):
    assert not inline(sniff(start + between + tag + rest, name, declared))


@given(
    st.text(" \t\r\n\f\ufeff\0", max_size=20),
    TAGS,
    st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
)
def test_nothing_that_is_html_in_any_encoding_is_shown(blanks: str, tag: bytes, encoding: str):
    assert not inline(sniff((blanks + tag.decode()).encode(encoding), "a.txt", "text/plain"))


def test_only_what_is_shown_or_played_is_inline():
    assert all(
        map(inline, ["image/png", "IMAGE/JPEG", "image/gif", "video/mp4", "audio/mpeg", "text/plain; charset=utf-8"])
    )
    refused = ["text/html", "image/svg+xml", "application/xml", "text/xml", "application/xhtml+xml", "application/pdf"]
    refused += ["text/javascript", "text/css", "text/csv", "application/json", UNKNOWN, "", "image/*", "image/tiff"]
    assert not any(map(inline, refused))


def test_patterns_have_types():
    assert matches("image/png", ["application/pdf", "image/*"])
    assert matches("Image/PNG; a=b", ["IMAGE/png "])
    assert matches("application/pdf", ["*/*"]) and matches("application/pdf", ["*"])
    assert not matches("image/png", []) and not matches("image/png", ["image"]) and not matches("image/png", ["imag*"])
    assert not matches("imagine/png", ["image/*"]) and not matches("image/pngx", ["image/png"])
