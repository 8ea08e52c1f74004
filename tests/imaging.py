"""Images for tests: those that cameras and programs write, and those that attackers do."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from hedgerow.resolvers.storage.pictures import Fit, Format, Look, Unreadable, Wanted
from hedgerow.server.storage.pictures import Bounds, DecodedApart

COLOURS = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def quadrants(width: int = 64, height: int = 32) -> Image.Image:
    """Another colour in each corner."""
    made = Image.new("RGB", (width, height))
    for number, colour in enumerate(COLOURS.values()):
        left, top = number % 2 * width // 2, number // 2 * height // 2
        made.paste(colour, (left, top, left + width // 2, top + height // 2))
    return made


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, format, **options)
    return made.getvalue()


def oriented(orientation: int) -> bytes:
    """EXIF that says so, with a place and a camera in it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0), 29: "SECRETDAY"})
    return exif.tobytes()


def swapped_profile() -> bytes:
    """A profile that differs from sRGB in what it calls red and blue."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"xxxx", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"xxxx", b"bXYZ", 1)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: bytes, *chunks: bytes, bits: int = 8, colour: int = 0) -> bytes:
    """A PNG of any header, pixels as they are compressed, and chunks before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(chunks)
        + chunk(b"IDAT", zlib.compress(pixels, 9))
        + chunk(b"IEND", b"")
    )


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF whose frames are one pixel each."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return screen + (b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0") * frames + b";"


def webp(width: int, height: int) -> bytes:
    """The beginning of a WebP whose canvas is so large."""
    canvas = (
        b"VP8X"
        + struct.pack("<I", 10)
        + b"\x02\0\0\0"
        + struct.pack("<I", width - 1)[:3]
        + struct.pack("<I", height - 1)[:3]
    )
    frame = saved(Image.new("RGB", (1, 1)), "WEBP")[12:]
    body = b"WEBP" + canvas + b"ANIM" + struct.pack("<I", 6) + b"\0" * 6
    body += b"ANMF" + struct.pack("<I", 16 + len(frame)) + b"\0" * 16 + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def slow() -> bytes:
    """A JPEG of 300 kB whose last scan comes 2,000 times: a minute's work."""
    data = saved(Image.new("L", (8000, 6000), 128), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * 2000 + data[-2:]


def children() -> dict[int, Path]:
    """Processes that decode images for this one, and where the system shows them."""
    found: dict[int, Path] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(place.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"decoding.worker" in place.joinpath("cmdline").read_bytes():
                found[int(place.name)] = place
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@asynccontextmanager
async def decoding(processes: int = 1, waiting: int = 8, **bounds: Any) -> AsyncIterator[DecodedApart]:
    """Pictures, whose processes are all gone in the end."""
    made = DecodedApart(processes, waiting, Bounds(**bounds))
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
    assert not children()


def wanted(
    width: int | None = None, height: int | None = None, fit: Fit = Fit.CONTAIN, format: Format | None = None
) -> Wanted:
    return Wanted(width, height, fit, format)


async def made(pictures: DecodedApart, source: Path, what: Wanted) -> tuple[Look, Image.Image]:
    target = source.with_name("target")
    look = await pictures.make(source, what, target)
    with Image.open(target) as image:
        image.load()
    assert (look.content_type, look.width, look.height) == (Image.MIME[str(image.format)], *image.size)
    return look, image


async def refused(doing: Any, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        await doing


def near(image: Image.Image, at: tuple[int, int], colour: tuple[int, int, int], by: int = 40) -> bool:
    found = image.convert("RGB").getpixel(at)
    return all(abs(one - other) <= by for one, other in zip(found, colour, strict=True))  # type: ignore[arg-type]
