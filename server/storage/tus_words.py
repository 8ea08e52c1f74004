"""The words of tus 1.0.0: headers that clients send, and what they mean.

In: headers. Out: values. Refused here (BAD_USER_INPUT): headers that are missing, or not as tus has them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...schema.errors import Code, Refusal

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
PART = "application/offset+octet-stream"
HASHES: Mapping[str, Callable[[], Any]] = {
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}
LONGEST_METADATA = 8_192
LONGEST_NUMBER = 19


@dataclass(frozen=True, slots=True)
class Sum:
    """The checksum that a part must have."""

    name: str
    digest: bytes


def number(headers: Mapping[str, str], name: str) -> int:
    """A header that is a whole number of 0 or more."""
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise Refusal.of(Code.BAD_USER_INPUT, f"{name} must be a whole number, of bytes.")
    return int(text)


def metadata(text: str) -> Mapping[str, str]:
    """The pairs of Upload-Metadata."""
    found: dict[str, str] = {}
    if len(text) > LONGEST_METADATA:
        raise Refusal.of(Code.BAD_USER_INPUT, f"Upload-Metadata may have {LONGEST_METADATA:,} characters.")
    for pair in text.split(",") if text.strip() else ():
        key, _, value = pair.strip().partition(" ")
        try:
            decoded = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            message = "Upload-Metadata is no list of keys, each with a text of UTF-8 in base64."
            raise Refusal.of(Code.BAD_USER_INPUT, message) from None
        if not key or key in found:
            raise Refusal.of(Code.BAD_USER_INPUT, "Upload-Metadata has a key that is empty, or one twice.")
        found[key] = decoded
    return found


def checksum(headers: Mapping[str, str]) -> Sum | None:
    """The checksum of a part, where its client says one."""
    text = headers.get("upload-checksum")
    if text is None:
        return None
    name, _, value = text.strip().partition(" ")
    hash = HASHES.get(name)
    if hash is None:
        raise Refusal.of(Code.BAD_USER_INPUT, f"Upload-Checksum may be of {', '.join(HASHES)}.")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hash().digest_size:
        raise Refusal.of(Code.BAD_USER_INPUT, f"Upload-Checksum is no checksum of {name} in base64.")
    return Sum(name, digest)
