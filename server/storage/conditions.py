"""What of a file a request is answered with: all, a part, or that its client has it already (RFC 9110, 13 and 14).

In: the headers of a GET or HEAD, and what the file is. Out: a status and a part. One range is answered with that part;
of several ranges, or of what is no range of bytes, all of it is sent, as the RFC allows: parts of a multipart answer
would let a small request make many. What is malformed is as if it were not there, but for If-Match, which is no match.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"\s*,?\s*{_TAG}(?:\s*,\s*(?:{_TAG})?)*")
_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.ASCII | re.IGNORECASE)
_LONGEST_DATE = 64
_BEYOND = 10**18
"""A number that no file has bytes; longer ones are read as it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status, and of which bytes the answer is: 200 and 206 send those from `start` to before `stop`."""

    status: int
    start: int = 0
    stop: int = 0


def judge(method: str, headers: Mapping[str, str], tag: str, modified: datetime, size: int) -> Verdict:
    """The answer to a request for a file of `size` bytes, with its ETag and when it was last changed."""
    modified = modified.replace(microsecond=0)
    if not _still(headers, tag, modified):
        return Verdict(412)
    if _has(headers, tag, modified):
        return Verdict(304)
    whole = Verdict(200, 0, size)
    if method != "GET" or "range" not in headers or not _same(headers.get("if-range"), tag, modified):
        return whole
    return _part(headers["range"], size) or whole


def http_date(moment: datetime) -> str:
    """A moment, as headers have it."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _still(headers: Mapping[str, str], tag: str, modified: datetime) -> bool:
    """Whether the file is still what the client takes it for."""
    if (given := headers.get("if-match")) is not None:
        return given.strip() == "*" or tag in _tags(given)
    since = _date(headers.get("if-unmodified-since"))
    return since is None or modified <= since


def _has(headers: Mapping[str, str], tag: str, modified: datetime) -> bool:
    """Whether the client has the file already."""
    if (given := headers.get("if-none-match")) is not None:
        return given.strip() == "*" or tag in [each.removeprefix("W/") for each in _tags(given)]
    since = _date(headers.get("if-modified-since"))
    return since is not None and modified <= since


def _same(given: str | None, tag: str, modified: datetime) -> bool:
    """Whether the client has a part of this very file, as If-Range says, and not of another."""
    if given is None:
        return True
    given = given.strip()
    return given == tag if '"' in given else _date(given) == modified


def _part(given: str, size: int) -> Verdict | None:
    found = _RANGE.fullmatch(given)
    if not found:
        return None
    first, last = (_number(each) for each in found.groups())
    if first is None:
        if last is None or (size == 0 and last):
            return None
        return Verdict(206, max(size - last, 0), size) if last else Verdict(416)
    if last is not None and last < first:
        return None
    if first >= size:
        return Verdict(416)
    return Verdict(206, first, size if last is None else min(last + 1, size))


def _number(digits: str) -> int | None:
    if not digits:
        return None
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= 18 else _BEYOND


def _tags(given: str) -> list[str]:
    return re.findall(_TAG, given) if _TAGS.fullmatch(given) else []


def _date(given: str | None) -> datetime | None:
    if given is None or len(given) > _LONGEST_DATE:
        return None
    try:
        found = parsedate_to_datetime(given)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
