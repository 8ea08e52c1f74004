"""What is asked of images: what they are, and smaller ones made of them; `server/storage/pictures` does it.

Images come from strangers, and decoders are large programs in C. So they are decoded in processes of their own, within
bounds of memory and time, and by decoders of a few formats only. Of several frames only the first is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

DECODED = frozenset({"image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"})
"""The content types of images that are decoded. Others are kept where a column names just their type: nobody can say
more of them.
"""


class Fit(StrEnum):
    """How an image is made to fit a box: COVER fills it and cuts off what juts out, CONTAIN fits all of it in."""

    COVER = "cover"
    CONTAIN = "contain"


class Format(StrEnum):
    """In what format an image is made."""

    WEBP = "webp"
    AVIF = "avif"
    JPEG = "jpeg"
    PNG = "png"

    @property
    def content_type(self) -> str:
        """Its content type."""
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True)
class Look:
    """What an image is: its content type as its bytes say, its size in pixels as it is seen (turned as EXIF says), and
    its blurhash.
    """

    content_type: str
    width: int
    height: int
    blurhash: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make of an image: at most `width` and `height` pixels, each 1 to 4,096, or None for what the other gives,
    which is no more than 4,096 either; never larger than it is. COVER has the ratio of its box even where the image is
    too small to fill it. Without a format, its own; of GIF, WebP.
    """

    width: int | None
    height: int | None
    fit: Fit
    format: Format | None


class Unreadable(Exception):
    """No image, or none that may be decoded: of another format, too many pixels or frames, broken, too slow, too large.
    The text says which, and is for the caller.
    """


class Busy(Exception):
    """Too many wait for an image already; asked again later, it may be done. It says nothing about the image."""


class Pictures(Protocol):
    """Looks at images, and makes others of them."""

    async def start(self) -> None:
        """Begins. Nothing is decoded before."""
        ...

    async def stop(self) -> None:
        """Ends its processes."""
        ...

    async def look(self, path: Path) -> Look:
        """What the image in a file is, which was decoded whole to see that it can be. Raises Unreadable and Busy."""
        ...

    async def make(self, path: Path, wanted: Wanted, target: Path) -> Look:
        """Writes another image, of what is in a file, into a file: in sRGB, turned as it is to be seen, without any
        metadata. Nobody else may read `target` meanwhile: what is there is overwritten, and nothing is there when
        this raises, or its caller is cancelled. Raises Unreadable and Busy.
        """
        ...
