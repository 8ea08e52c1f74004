"""Blurhash (https://blurha.sh): an image as some thirty characters, of which a blurred one can be drawn meanwhile.

In: the pixels of a thumbnail. Out: the text. It is a discrete cosine transform, of which the lowest few terms are kept
and written in base 83; the packages for it on PyPI are as many lines as these, and slower, or bring a compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, cos, floor, pi

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"

Colour = tuple[float, float, float]
"""Red, green and blue, as light is added: linear, 0 to 1."""


def _linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


LINEAR = [_linear(value) for value in range(256)]


def encode(pixels: bytes, width: int, height: int, across: int, down: int) -> str:
    """The blurhash of `width` × `height` pixels of sRGB, three bytes each, row by row: with `across` × `down` terms,
    each 1 to 9.
    """
    waves_across = [[cos(pi * term * x / width) for x in range(width)] for term in range(across)]
    waves_down = [[cos(pi * term * y / height) for y in range(height)] for term in range(down)]
    channels = [[LINEAR[value] for value in pixels[channel::3]] for channel in range(3)]
    sums = [_sums(channel, width, waves_across, waves_down) for channel in channels]
    colours = [
        (red * scale, green * scale, blue * scale)
        for term, (red, green, blue) in enumerate(zip(*sums, strict=True))
        for scale in ((2 if term else 1) / (width * height),)
    ]
    mean, *rest = colours
    size = across - 1 + (down - 1) * 9
    largest = max((abs(value) for colour in rest for value in colour), default=0.0)
    quantised = max(0, min(82, floor(largest * 166 - 0.5))) if rest else 0
    bound = (quantised + 1) / 166
    return (
        _digits(size, 1)
        + _digits(quantised, 1)
        + _digits(_mean(mean), 4)
        + "".join(_digits(_difference(colour, bound), 2) for colour in rest)
    )


def _sums(
    values: list[float], width: int, across: Sequence[Sequence[float]], down: Sequence[Sequence[float]]
) -> list[float]:
    """One channel under each wave, first along the rows, then over them: row of terms by row of terms."""
    rows = [values[start : start + width] for start in range(0, len(values), width)]
    along = [[sum(map(float.__mul__, row, wave)) for row in rows] for wave in across]
    return [sum(map(float.__mul__, each, wave)) for wave in down for each in along]


def _mean(colour: Colour) -> int:
    red, green, blue = (_byte(value) for value in colour)
    return (red << 16) + (green << 8) + blue


def _byte(value: float) -> int:
    value = max(0.0, min(1.0, value))
    share = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return int(share * 255 + 0.5)


def _difference(colour: Colour, bound: float) -> int:
    red, green, blue = (_level(value / bound) for value in colour)
    return red * 19 * 19 + green * 19 + blue


def _level(share: float) -> int:
    """One of nineteen levels, of which 9 is none; small differences get more of them."""
    return max(0, min(18, floor(copysign(abs(share) ** 0.5, share) * 9 + 9.5)))


def _digits(value: int, length: int) -> str:
    return "".join(DIGITS[value // 83**place % 83] for place in reversed(range(length)))
