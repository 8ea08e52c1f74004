"""Decodes images, and makes others of them; runs in a process of its own.

In: open files, and numbers. Out: what an image is, as plain values, and bytes in a file. Refused here: whatever is no
image of a few formats, or of too many pixels or frames, before a pixel is decoded; and whatever is broken. Colours
become sRGB, so that no profile need go along; nothing else of what a file says about itself is kept either.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from io import BytesIO
from math import ceil
from typing import Any, BinaryIO, NamedTuple

from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, ImageFile, PngImagePlugin, UnidentifiedImageError

from . import blurhash

DECODERS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
TYPES = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "WEBP": "webp", "AVIF": "avif", "GIF": "gif"}
"""Content types by Pillow's names, without `image/`. MPO is JPEG with more images behind it, as telephones write."""
OWN = {"jpeg": "jpeg", "png": "png", "webp": "webp", "avif": "avif", "gif": "webp"}
"""What is made of an image where no format is asked for. WebP keeps a GIF's transparency, in fewer bytes than PNG."""
SETTINGS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 82, "progressive": True, "optimize": True},
    "webp": {"quality": 80, "method": 2},
    "avif": {"quality": 62, "speed": 9, "max_threads": 1},
    "png": {"compress_level": 6},
}
MODES = {"jpeg": ("L", "RGB"), "webp": ("RGB", "RGBA"), "avif": ("RGB", "RGBA"), "png": ("L", "LA", "RGB", "RGBA")}
MOST_SIDE = 4096
"""Pixels, of what is made."""
THUMBNAIL = 32
"""Pixels of the longer side of what a blurhash is made of."""
GAP = 2.0
"""How many times the size aimed at is kept when an image is made smaller coarsely, before it is done well."""
TEXT_BYTES = 4 * 1024 * 1024
"""How much compressed text of a PNG may become in all; Pillow holds each piece, and each profile, to 1 MiB."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What each of EXIF's orientations asks for."""
TURNED = 5
"""From which orientation on width and height change places."""
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

Box = tuple[float, float, float, float]


class Refused(Exception):
    """No image that may be decoded; the text is one of the server's names for why."""


class Look(NamedTuple):
    """What an image is."""

    type: str
    width: int
    height: int
    blurhash: str


class Decoded(NamedTuple):
    """An image as its decoder gave it: its type, its size when decoded whole, its orientation and its profile."""

    image: Image.Image
    type: str
    size: tuple[int, int]
    turn: int
    profile: bytes | None


def prepare(pixels: int) -> None:
    """Sets Pillow's own bounds, and has it load whatever it loads late."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = pixels
    PngImagePlugin.MAX_TEXT_MEMORY = TEXT_BYTES
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    profile = ImageCms.ImageCmsProfile(SRGB.profile).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    for format in DECODERS:
        sample = BytesIO()
        Image.new("RGB", (2, 1)).save(sample, format, icc_profile=profile, exif=exif.tobytes())
        look(sample, pixels, 1)
        if format != "GIF":
            sample.seek(0)
            make(sample, BytesIO(), pixels, 1, 1, 1, "cover", None)


def look(source: BinaryIO, pixels: int, frames: int) -> Look:
    """What the image is, which may have so many pixels and frames."""
    seen = _decoded(source, pixels, frames, lambda size, turn: (THUMBNAIL, THUMBNAIL))
    small = _resized(seen.image, _inside(seen.image.size, THUMBNAIL, THUMBNAIL), (0, 0, *seen.image.size))
    return Look(seen.type, *_swapped(seen.size, seen.turn), _blurhash(_finished(small, seen)))


def make(
    source: BinaryIO,
    target: BinaryIO,
    pixels: int,
    frames: int,
    width: int | None,
    height: int | None,
    fit: str,
    format: str | None,
) -> Look:
    """Writes another image, at most so wide and high and never larger than it is; what that is."""

    def cut(size: tuple[int, int], turn: int) -> tuple[tuple[int, int], Box]:
        made, box = _cut(_swapped(size, turn), width, height, fit)
        return _swapped(made, turn), (box[1], box[0], box[3], box[2]) if turn >= TURNED else box

    def aim(size: tuple[int, int], turn: int) -> tuple[int, int]:
        made, (left, top, right, bottom) = cut(size, turn)
        return ceil(made[0] * size[0] / (right - left)), ceil(made[1] * size[1] / (bottom - top))

    seen = _decoded(source, pixels, frames, aim)
    size, box = cut(seen.size, seen.turn)
    by = (seen.image.width / seen.size[0], seen.image.height / seen.size[1])  # it may be smaller already
    small = _resized(seen.image, size, (box[0] * by[0], box[1] * by[1], box[2] * by[0], box[3] * by[1]))
    made, made_as = _finished(small, seen), format or OWN[seen.type]
    del seen
    if made_as == "jpeg":
        made = _on_white(made)
    if made.mode not in MODES[made_as]:
        made = made.convert("RGBA" if made.has_transparency_data else "RGB")
    made.info.clear()  # else Pillow writes profiles and comments that it finds there
    data = BytesIO()
    made.save(data, made_as.upper(), **SETTINGS[made_as])
    target.write(data.getbuffer())
    target.flush()
    small = _resized(made, _inside(made.size, THUMBNAIL, THUMBNAIL), (0, 0, *made.size))
    return Look(made_as, *made.size, _blurhash(small))


def _decoded(
    source: BinaryIO, pixels: int, frames: int, aim: Callable[[tuple[int, int], int], tuple[int, int]]
) -> Decoded:
    """The image, decoded as small as its decoder can make it without going below twice what is aimed at, given its size
    and orientation. A copy, so that what the decoder holds is let go.
    """
    with _opened(source, pixels, frames) as image:
        size, type = image.size, TYPES[str(image.format)]
        if type != "jpeg":  # only which can be decoded smaller; and EXIF may stand behind the pixels
            image.load()
        turn = _turn(image)
        width, height = aim(size, turn)
        image.draft(None, (ceil(GAP * width), ceil(GAP * height)))
        image.load()
        plain = _plain(image)
        profile = image.info.get("icc_profile")
        return Decoded(plain.copy() if plain is image else plain, type, size, turn, profile)


@contextmanager
def _opened(source: BinaryIO, pixels: int, frames: int) -> Generator[ImageFile.ImageFile]:
    """The image, of which no pixel is decoded yet. Whatever goes wrong with it is Refused."""
    try:
        with Image.open(source, formats=DECODERS) as image:
            if image.width * image.height > pixels:
                raise Refused("pixels")
            if str(image.format) not in ("JPEG", "MPO") and getattr(image, "n_frames", 1) > frames:
                raise Refused("frames")
            yield image
    except UnidentifiedImageError as error:
        raise Refused("format") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Refused("pixels") from error


def _turn(image: Image.Image) -> int:
    """Its orientation; 1 where it has none that can be read."""
    try:
        turn = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # Pillow raises what it likes over broken EXIF, without which an image is none the worse
        return 1
    return turn if isinstance(turn, int) and turn in TURNS else 1


def _finished(image: Image.Image, seen: Decoded) -> Image.Image:
    """In sRGB, and turned as it is to be seen."""
    image = _srgb(image, seen.profile)
    return image.transpose(TURNS[seen.turn]) if seen.turn in TURNS else image


def _swapped(size: tuple[int, int], turn: int) -> tuple[int, int]:
    return (size[1], size[0]) if turn >= TURNED else size


def _inside(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """The largest size of the same ratio inside a box, never larger than it is."""
    scale = min(1.0, width / size[0], height / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _cut(size: tuple[int, int], width: int | None, height: int | None, fit: str) -> tuple[tuple[int, int], Box]:
    """The size to make, and which part of the image is to be seen in it."""
    box = (0.0, 0.0, float(size[0]), float(size[1]))
    if fit != "cover" or width is None or height is None:
        return _inside(size, min(width or MOST_SIDE, MOST_SIDE), min(height or MOST_SIDE, MOST_SIDE)), box
    width, height = _inside((width, height), *size)  # an image too small for the box fills a smaller one of its ratio
    scale = min(size[0] / width, size[1] / height)
    left, top = (size[0] - width * scale) / 2, (size[1] - height * scale) / 2
    return (width, height), (left, top, left + width * scale, top + height * scale)


def _plain(image: Image.Image) -> Image.Image:
    """The same, in a mode whose values can be averaged: L, LA, RGB, RGBA or CMYK."""
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off instead of scaling them
        return image.point(lambda value: value / 257 + 0.5).convert("L")
    if image.mode != "LA" and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _resized(image: Image.Image, size: tuple[int, int], box: tuple[float, ...]) -> Image.Image:
    left, top = max(0.0, box[0]), max(0.0, box[1])  # floating point may have gone a little too far
    right, bottom = min(float(image.width), box[2]), min(float(image.height), box[3])
    return image.resize(size, Image.Resampling.LANCZOS, (left, top, right, bottom), reducing_gap=GAP)


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The same in sRGB; a profile that can't be used says nothing."""
    if profile:
        mode = "RGBA" if image.mode in ("LA", "RGBA") else "RGB"
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, SRGB, outputMode=mode)
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB") if image.mode == "CMYK" else image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _blurhash(image: Image.Image) -> str:
    pixels = _on_white(image).convert("RGB")
    across, down = (4, 3) if pixels.width >= pixels.height else (3, 4)
    return blurhash.encode(pixels.tobytes(), *pixels.size, across, down)
