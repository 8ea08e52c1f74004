"""Images by real decoders in real processes: what is seen in them, and made of them."""

from __future__ import annotations

import io
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from hedgerow.resolvers.storage.pictures import Fit, Format
from hedgerow.server.storage.decoding import blurhash
from hedgerow.server.storage.pictures import DecodedApart

from .imaging import COLOURS, decoding, made, near, oriented, png, quadrants, refused, saved, swapped_profile, wanted

DECODED = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")


@pytest.fixture
async def pictures() -> AsyncIterator[DecodedApart]:
    async with decoding() as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "source"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("format", DECODED)
async def test_each_format_is_seen_and_made_into_each(pictures, file, format):
    source = file(saved(quadrants(), format))
    look = await pictures.look(source)
    assert (look.content_type, look.width, look.height) == (f"image/{format.lower()}", 64, 32)
    for target in (None, *Format):
        small, image = await made(pictures, source, wanted(width=32, format=target))
        own = "image/webp" if format == "GIF" else look.content_type
        assert (small.content_type, image.size) == (target.content_type if target else own, (32, 16))
        for at, colour in zip(((4, 4), (27, 4), (4, 11), (27, 11)), COLOURS.values(), strict=True):
            assert near(image, at, colour)


@pytest.mark.parametrize(
    ("size", "width", "height", "fit", "result"),
    [
        ((400, 200), 100, 100, Fit.CONTAIN, (100, 50)),
        ((400, 200), 100, 100, Fit.COVER, (100, 100)),
        ((400, 200), 100, None, Fit.COVER, (100, 50)),
        ((400, 200), None, 100, Fit.CONTAIN, (200, 100)),
        ((400, 200), None, None, Fit.COVER, (400, 200)),
        ((400, 200), 4096, 4096, Fit.CONTAIN, (400, 200)),
        ((400, 200), 4096, 4096, Fit.COVER, (200, 200)),
        ((400, 200), 300, 300, Fit.COVER, (200, 200)),
        ((400, 200), 4096, 1, Fit.COVER, (400, 1)),
        ((400, 200), 1, 4096, Fit.CONTAIN, (1, 1)),
        ((1, 1), 100, 100, Fit.COVER, (1, 1)),
        ((1, 4096), 100, 100, Fit.COVER, (1, 1)),
        ((1, 4096), 100, 100, Fit.CONTAIN, (1, 100)),
        ((1, 4096), None, None, Fit.CONTAIN, (1, 4096)),
        ((4096, 1), 64, None, Fit.CONTAIN, (64, 1)),
        ((5000, 10), None, None, Fit.CONTAIN, (4096, 8)),
        ((333, 777), 101, 57, Fit.COVER, (101, 57)),
    ],
)
async def test_sizes(pictures, file, size, width, height, fit, result):
    for format in ("PNG", "JPEG"):
        source = file(saved(Image.new("RGB", size, "green"), format))
        assert (await pictures.look(source)).width == size[0]
        _, image = await made(pictures, source, wanted(width, height, fit))
        assert image.size == result


async def test_what_covers_is_cut_out_of_the_middle(pictures, file):
    for size, box in (((300, 100), (100, 0, 200, 100)), ((100, 300), (0, 100, 100, 200))):
        whole = Image.new("RGB", size, "blue")
        whole.paste("red", box)
        for format in ("PNG", "JPEG"):
            _, image = await made(pictures, file(saved(whole, format)), wanted(50, 50, Fit.COVER, Format.PNG))
            assert all(near(image, at, COLOURS["red"]) for at in ((2, 2), (47, 2), (2, 47), (47, 47)))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
async def test_images_are_turned_as_they_are_seen(pictures, file, format):
    for orientation in range(1, 9):
        data = saved(quadrants(), format, exif=oriented(orientation))
        with Image.open(io.BytesIO(data)) as source:
            seen = ImageOps.exif_transpose(source)
        look = await pictures.look(file(data))
        assert (look.width, look.height) == seen.size
        assert look.blurhash == (await pictures.look(file(saved(seen, "PNG")))).blurhash or format != "PNG"
        _, image = await made(pictures, file(data), wanted(16, 16, Fit.COVER, Format.PNG))
        side = min(seen.size)
        left, top = (seen.width - side) // 2, (seen.height - side) // 2
        expected = seen.crop((left, top, left + side, top + side)).resize((16, 16)).convert("RGB")
        for at in ((2, 2), (13, 2), (2, 13), (13, 13)):
            assert near(image, at, expected.getpixel(at)), orientation


async def test_nothing_that_a_file_says_of_itself_is_kept(pictures, file):
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRETXMP</x:xmpmeta>"
    for format, options in (
        ("JPEG", {"xmp": xmp, "comment": b"SECRETCOMMENT", "dpi": (300, 300)}),
        ("PNG", {"dpi": (300, 300)}),
        ("WEBP", {"xmp": xmp}),
        ("AVIF", {"xmp": xmp}),
        ("GIF", {"comment": b"SECRETCOMMENT"}),
    ):
        options = options if format == "GIF" else {**options, "exif": oriented(1), "icc_profile": swapped_profile()}
        data = saved(quadrants(), format, **options)
        assert b"SECRET" in data
        for target in Format:
            _, image = await made(pictures, file(data), wanted(48, format=target))
            written = file(data).with_name("target").read_bytes()
            assert not any(word in written for word in (b"SECRET", b"Exif", b"eXIf", b"xmp", b"ICCP", b"iCCP", b"acsp"))
            assert not image.getexif()
            assert not set(image.info) & {"exif", "xmp", "icc_profile", "comment", "dpi"}


async def test_colours_become_srgb(pictures, file):
    red = Image.new("RGB", (32, 32), "red")
    for format in ("JPEG", "PNG", "WEBP", "AVIF"):
        source = file(saved(red, format, icc_profile=swapped_profile()))
        _, image = await made(pictures, source, wanted(format=Format.PNG))
        assert near(image, (9, 9), COLOURS["blue"], 8)
        blue = file(saved(Image.new("RGB", (32, 32), "blue"), "PNG"))
        assert near(image, (9, 9), (await made(pictures, blue, wanted()))[1].getpixel((9, 9)), 8)
    _, image = await made(pictures, file(saved(red, "PNG", icc_profile=b"no profile" * 99)), wanted())
    assert near(image, (9, 9), COLOURS["red"], 0)
    clear = red.convert("RGBA")
    clear.putalpha(100)
    _, image = await made(pictures, file(saved(clear, "PNG", icc_profile=swapped_profile())), wanted())
    assert image.getpixel((9, 9))[3] == 100 and near(image, (9, 9), COLOURS["blue"], 8)


def _palette() -> Image.Image:
    image = Image.new("P", (32, 32), 1)
    image.putpalette([255, 0, 0, 0, 128, 0, 0, 0, 255])
    return image


MODES: list[tuple[bytes, tuple[int, int, int], tuple[int, int, int]]] = [
    (saved(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG"), COLOURS["red"], COLOURS["red"]),
    (saved(Image.new("L", (32, 32), 77), "JPEG"), (77, 77, 77), (77, 77, 77)),
    (saved(Image.new("1", (32, 32), 1), "PNG"), COLOURS["white"], COLOURS["white"]),
    (saved(Image.new("I;16", (32, 32), 32768), "PNG"), (128, 128, 128), (128, 128, 128)),
    (saved(Image.new("LA", (32, 32), (0, 0)), "PNG"), COLOURS["white"], COLOURS["white"]),
    (saved(Image.new("RGBA", (32, 32), (0, 0, 255, 0)), "WEBP", exact=True), COLOURS["white"], COLOURS["white"]),
    (saved(Image.new("RGBA", (32, 32), (255, 0, 0, 128)), "PNG"), (255, 127, 127), (255, 127, 127)),
    (saved(_palette(), "PNG"), COLOURS["green"], COLOURS["green"]),
    (saved(_palette(), "PNG", transparency=1), COLOURS["white"], COLOURS["white"]),
    (saved(_palette(), "GIF", transparency=1), COLOURS["white"], COLOURS["white"]),
    (saved(Image.new("RGB", (32, 32), "red"), "PNG", transparency=(255, 0, 0)), COLOURS["white"], COLOURS["white"]),
    (png(32, 32, (b"\0" + b"\xff\xff\0\0\0\0" * 32) * 32, bits=16, colour=2), COLOURS["red"], COLOURS["red"]),
]


@pytest.mark.parametrize("number", range(len(MODES)))
async def test_each_kind_of_pixels_can_be_made_into_each_format(pictures, file, number):
    data, on_white, _ = MODES[number]
    for target in Format:
        _, image = await made(pictures, file(data), wanted(16, format=target))
        seen = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        assert near(seen, (8, 8), on_white, 6), target


async def test_a_transparent_image_stays_so_and_its_blurhash_is_that_of_it_on_white(pictures, file):
    clear = file(saved(Image.new("RGBA", (64, 48), (0, 0, 0, 0)), "PNG"))
    look, image = await made(pictures, clear, wanted(format=Format.WEBP))
    assert image.mode == "RGBA" and image.getpixel((9, 9))[3] == 0
    white = await pictures.look(file(saved(Image.new("RGB", (64, 48), "white"), "PNG")))
    assert (
        look.blurhash
        == white.blurhash
        != (await pictures.look(file(saved(Image.new("RGB", (64, 48)), "PNG")))).blurhash
    )


def test_blurhashes_are_those_of_the_reference():
    pixels = bytes(value % 256 for y in range(24) for x in range(32) for value in (x * 8, y * 8, x * y))
    assert blurhash.encode(pixels, 32, 24, 4, 3) == "LxH14D2SwtW,mmWUjwfAf{fmfTfi"
    assert blurhash.encode(bytes(32 * 24 * 3), 32, 24, 4, 3) == "L00000fQfQfQfQfQfQfQfQfQfQfQ"
    assert blurhash.encode(b"\xff" * (32 * 24 * 3), 32, 24, 4, 3) == "LDTSUA_3fQ_3~qoffQoffQfQfQfQ"
    assert blurhash.encode(bytes((200, 30, 90)) * (32 * 24), 32, 24, 4, 3) == "L7M^#v]VfQ]V|zo2fQo2fQfQfQfQ"


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
async def test_of_several_frames_the_first_is_seen(pictures, file, format):
    first, *others = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "green")]
    data = saved(first, format, save_all=True, append_images=others, duration=50)
    _, image = await made(pictures, file(data), wanted(format=Format.PNG))
    assert near(image, (9, 9), COLOURS["red"])


async def test_a_jpeg_with_more_images_behind_it_is_a_jpeg(pictures, file):
    data = saved(quadrants(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    look = await pictures.look(file(data))
    assert (look.content_type, look.width, look.height) == ("image/jpeg", 64, 32)


@pytest.mark.parametrize("format", ["TIFF", "BMP", "ICO", "EPS", "PPM", "TGA", "JPEG2000", "PCX", "SGI"])
async def test_other_formats_are_refused(pictures, file, format):
    await refused(pictures.look(file(saved(quadrants(), format))), "no JPEG, PNG, WebP, AVIF or GIF")


@pytest.mark.parametrize("format", DECODED)
async def test_what_is_cut_off_or_broken_is_refused(pictures, file, format):
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    data = saved(noise, format)
    draw = random.Random(format)
    for broken in (
        data[: len(data) // 2],
        data[:-200],
        data[:40] + draw.randbytes(5000),
        data[:12] + draw.randbytes(500),
    ):
        await refused(pictures.look(file(broken)), "broken")
        target = file(broken).with_name("target")
        await refused(pictures.make(file(broken), wanted(10), target), "broken")
        assert not target.exists()
    await pictures.look(file(data))
