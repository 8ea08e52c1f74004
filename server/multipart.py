"""A mutation with the bytes of its files, in one request: the GraphQL multipart request specification.

In: an ASGI request of multipart/form-data: `operations`, `map`, then the files, in this order. Out: what is asked, and
the files as streams, one after the other, never held whole. Refused here, as Malformed: forms that are not so, more
files or larger headers than bounds allow, and pages of origins that are not listed: browsers let any page send a form,
and only then ask whether it may read the answer.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ..resolvers.exchange import of_own_host
from ..schema.errors import Code
from .asgi import ClientGone, Receive
from .request import Asked, Malformed, TooLarge, TooSlow, request

MEDIA = "multipart/form-data"
SPECIFICATION = "github.com/jaydenseric/graphql-multipart-request-spec"
IDLE_SECONDS = 30.0
"""How long a client may send nothing."""
SLOWEST = 1_000
"""How many bytes a second must come of a form, on the whole and after IDLE_SECONDS."""
MOST_FILES = 100
"""How many files one request brings."""
logging.getLogger("python_multipart").setLevel(logging.ERROR)
"""It warns of each form that is none; those are told to their senders."""
_PATH = re.compile(r"variables(?:\.[^.]+)+")
_Event: TypeAlias = tuple[Literal["part", "data", "end"], Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a form: where it belongs among the variables, what it is called and said to be, and its bytes."""

    path: tuple[str, ...]
    name: str
    content_type: str
    data: AsyncIterator[bytes]

    def put(self, variables: dict[str, Any], value: Any) -> None:
        """Puts what stands for the file where it belongs."""
        found: Any = variables
        for step in self.path[:-1]:
            found = found[int(step)] if isinstance(found, list) else found[step]
        last: Any = int(self.path[-1]) if isinstance(found, list) else self.path[-1]
        found[last] = value


def is_form(headers: Mapping[str, str]) -> bool:
    """Whether a request has a form."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA


class Form:
    """A form that is being read. `asked` and `paths` are there once `begin` has returned; the files come after."""

    def __init__(self, receive: Receive, headers: Mapping[str, str], max_body_bytes: int) -> None:
        _, options = parse_options_header(headers.get("content-type", ""))
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= 70:
            raise _bad("The form's Content-Type has no boundary of 1 to 70 characters.")
        self._receive = receive
        self._most = max_body_bytes
        self._events: deque[_Event] = deque()
        self._headers: dict[str, str] = {}
        self._field = b""
        self._value = b""
        self._more = True
        self._loop = asyncio.get_running_loop()
        self._waited = 0.0
        self._size = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
            },
        )
        self._map: dict[str, tuple[str, ...]] = {}
        self.asked = Asked("", None, {})

    # What the parser tells

    def _begin_part(self) -> None:
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = self._value.decode("utf-8", "replace")
        self._field = self._value = b""

    def _headers_end(self) -> None:
        self._events.append(("part", self._headers))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(("data", data[start:end]))

    def _part_end(self) -> None:
        self._events.append(("end", None))

    async def _next(self) -> _Event | None:
        """What comes next; None at the end of the body."""
        while not self._events:
            if not self._more:
                return None
            began = self._loop.time()
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    message = await self._receive()
            except TimeoutError:
                raise TooSlow(f"Nothing of the form came for {IDLE_SECONDS:g} seconds.") from None
            if message["type"] == "http.disconnect":
                raise ClientGone
            body: bytes = message.get("body", b"")
            self._more = bool(message.get("more_body"))
            self._waited += self._loop.time() - began  # only the time in which the client was waited for
            self._size += len(body)
            if self._size < (self._waited - IDLE_SECONDS) * SLOWEST:
                raise TooSlow(f"The form is too slow: less than {SLOWEST:,} bytes came in a second.")
            try:
                self._parser.write(body)
            except FormParserError as error:
                raise _bad(
                    "The form can't be read: it is not as its boundary says, or its headers are too large."
                ) from error
        return self._events.popleft()

    # What it holds

    async def begin(self) -> None:
        """Reads what is asked, and where the files belong."""
        self.asked = request(await self._json("operations"))
        found = await self._json("map")
        if not isinstance(found, dict) or not found:
            raise _bad('map is no object such as {"0": ["variables.file"]}.')
        if len(found) > MOST_FILES:
            raise Malformed(
                400, Code.LIMIT_EXCEEDED, f"A request may bring {MOST_FILES} files. Send the rest in others."
            )
        taken: set[tuple[str, ...]] = set()
        for key, listed in found.items():  # pyright: ignore[reportUnknownVariableType]
            if not isinstance(listed, list) or len(listed) != 1:  # pyright: ignore[reportUnknownArgumentType]
                raise _bad(f"map has no list of one path for {key!r}: a file is held in one place.")  # pyright: ignore[reportUnknownArgumentType]
            path = self._path(listed[0])
            if path in taken:
                raise _bad("map names a place twice.")
            taken.add(path)
            self._map[key] = path  # pyright: ignore[reportArgumentType]

    def _path(self, given: Any) -> tuple[str, ...]:
        """Where a file belongs: the steps below `variables`. There stands null."""
        if not isinstance(given, str) or not _PATH.fullmatch(given):
            raise _bad('map has a path that is not such as "variables.file" or "variables.object.cover".')
        steps = tuple(given.split(".")[1:])
        found: Any = self.asked.variables
        for step in steps:
            if isinstance(found, dict) and step in found:
                found = found[step]  # pyright: ignore[reportUnknownVariableType]
            elif (
                isinstance(found, list)
                and step.isascii()
                and step.isdigit()
                and len(step) < 6
                and int(step) < len(found)
            ):  # pyright: ignore[reportUnknownArgumentType]
                found = found[int(step)]  # pyright: ignore[reportUnknownVariableType]
            else:
                raise _bad(f"operations has nothing at {given}, where map puts a file.")
        if found is not None:
            raise _bad(f"operations has another value than null at {given}, where map puts a file.")
        return steps

    async def _json(self, name: str) -> Any:
        """A part of the form that is JSON."""
        kept, what = bytearray(), await self._next()
        if what is None or what[0] != "part" or _disposition(what[1]).get("name") != name:
            raise _bad(
                f"The form's parts are operations, map, then the files; {name} is missing here ({SPECIFICATION})."
            )
        while (event := await self._next()) and event[0] == "data":
            kept += event[1]
            if len(kept) > self._most:
                raise TooLarge(self._most)
        if event is None:
            raise _bad("The form breaks off.")
        try:
            return orjson.loads(kept)
        except orjson.JSONDecodeError:
            raise _bad(f"{name} is not valid JSON in UTF-8.") from None

    @property
    def paths(self) -> list[tuple[str, ...]]:
        """Where files belong among the variables, as `map` says."""
        return [*self._map.values()]

    async def files(self) -> AsyncGenerator[Part]:
        """The files, each of which must be read before the next one comes. Raises Malformed where one of them is
        missing, or is more than `map` says.
        """
        missing = dict(self._map)
        while (event := await self._next()) is not None:
            if event[0] != "part":
                continue  # the rest of one that was not read to its end
            said = _disposition(event[1])
            path = missing.pop(said.get("name", ""), None)
            if path is None:
                raise _bad("The form has a part that map does not name, or names once where it comes twice.")
            kind = event[1].get("content-type", "application/octet-stream")
            yield Part(path, said.get("filename", ""), kind.partition(";")[0].strip().lower()[:255], self._data())
        if missing:
            raise _bad(f"The form has no file {next(iter(missing))!r}, which map names.")

    async def _data(self) -> AsyncIterator[bytes]:
        while (event := await self._next()) is not None:
            if event[0] == "end":
                return
            yield event[1]
        raise _bad("The form breaks off.")


def _disposition(headers: Mapping[str, str]) -> dict[str, str]:
    _, options = parse_options_header(headers.get("content-disposition", "").encode())
    return {key.decode("latin-1"): value.decode("utf-8", "replace") for key, value in options.items()}


def check_origin(headers: Mapping[str, str], allowed: Collection[str]) -> None:
    """Refuses a form that a page of another origin sends, unless its origin is listed; where all origins are, unless it
    rides on what the browser adds by itself.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed or headers.get("sec-fetch-site") == "same-origin":
        return
    by_itself = "cookie" in headers or not headers.get("authorization", "bearer ").lower().startswith("bearer ")
    if "*" in allowed and not by_itself:
        return
    if "sec-fetch-site" in headers or not of_own_host(origin, headers):
        message = f"A page of {origin[:200]} may not send forms here. List its origin in HEDGEROW_ALLOWED_ORIGINS."
        raise Malformed(403, Code.FORBIDDEN, message)


def _bad(message: str) -> Malformed:
    return Malformed(400, Code.BAD_USER_INPUT, message)
