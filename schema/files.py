"""A column that holds a file: how a model declares it, and what may be put there.

In: `cover: File | None` or `photos: list[File] = File.many()` on a model, with limits where a developer sets them. Out:
FileColumn, for the Catalog. The column itself holds the file's id, a UUID, or a JSON list of ids; what else is known of
a file is for the module that keeps files. Refused here: limits that are none (ValueError, where the model is declared).
"""

from __future__ import annotations

import re
import types
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias, Union, get_args, get_origin
from uuid import UUID

import sqlalchemy as sa
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from .expr import Actor

INFO = "hedgerow.file"
"""Under which a SQLAlchemy column's `info` has its FileColumn."""
MOST_FILES = 100
"""How many files a list holds, where its column does not say."""
LONGEST_URL = 604_800
"""The longest time that a URL may be asked to hold for, in seconds: a week, as S3 has it."""
LARGEST_SIDE = 4_096
"""The most pixels that an image may be asked to be wide or high."""
_UNITS: Mapping[str, int] = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]i?B|B)", re.ASCII | re.IGNORECASE)
_PATTERN = re.compile(r"[a-z]+/(?:\*|[a-z0-9.+-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileColumn:
    """What may be put in a column. `many`: a list, of at most `most` files. `public` ones can be had by anybody who
    knows their URL, which never ends. `max_size` is in bytes, None for what storage allows; `types` are content types
    such as "image/png" or "image/*", none for all. Images are at most so many pixels wide and high.
    """

    many: bool = False
    public: bool = False
    max_size: int | None = None
    types: tuple[str, ...] = ()
    max_width: int | None = None
    max_height: int | None = None
    most: int = MOST_FILES


State: TypeAlias = Literal["pending", "ready", "held", "free", "dying"]
"""Where a file is in its life; see `resolvers/storage/register`."""
UNUSED: tuple[State, ...] = ("pending", "ready")
"""No row has had it yet."""
WHOLE: tuple[State, ...] = ("ready", "held", "free")
"""Its bytes are there, and checked."""
TABLE = "hedgerow_file"
"""Where what is known of files is: columns id, name, size, content_type, checksum, width, height, blurhash, public; and
model, field, owner and state, by which a write is judged.
"""
NOT_HELD, NOT_IDS, TWICE, TOO_MANY = (f"{TABLE}{each}" for each in ("", "_ids", "_twice", "_many"))
FAULTS: Mapping[str, str] = {
    NOT_HELD: "this is not an upload that {column} may hold, or is held already",
    NOT_IDS: "this is no list of ids of uploads",
    TWICE: "a file may be in the list only once",
    TOO_MANY: "these are more files than {column} may hold",
}
"""The constraints on what columns hold, as the database names them where they are broken, in words."""


@dataclass(frozen=True, slots=True)
class UrlAsked:
    """How a client wants a file: for how many seconds its URL should hold (None: for as long as storage says), as an
    attachment, or as an image that fits a box in pixels, in a format. `fit` and `format` are GraphQL's labels.
    """

    expires_in: int | None = None
    width: int | None = None
    height: int | None = None
    fit: str | None = None
    format: str | None = None
    download: bool = False


class _Declares(type):
    """Lets `File(public=True)` say of a column what `Field(...)` says of others, where `File("…")` is an id."""

    def __call__(cls, *args: Any, **options: Any) -> Any:
        if args or options.keys() & {"hex", "bytes", "bytes_le", "fields", "int"}:
            return super().__call__(*args, **options)
        return _field(many=False, **options)

    def many(cls, **options: Any) -> Any:
        """A column of a list of files: `photos: list[File] = File.many(most=20, types=["image/*"])`."""
        return _field(many=True, **options)


class File(UUID, metaclass=_Declares):
    """A column that holds a file: `cover: File | None = None`, guarded by the rules of its row like any other column.

    Limits are said in the place of the default: `cover: File | None = File(max_size="5 MB", types=["image/*"])`, and
    `photos: list[File] = File.many(most=20)` is a list of files. The options are:

    - `public`: whoever knows a file's URL may have it, for ever: for what anybody may see, such as avatars.
    - `max_size`: in bytes, or as "5 MB" or "1 GiB".
    - `types`: content types that are taken, such as "image/*" or "application/pdf"; told by what is in a file.
    - `max_width`, `max_height`: of images, in pixels.
    - `most`: how many files a list holds (100).

    Others are those of SQLModel's `Field`. In Python the column is the file's id, a UUID.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler(UUID)


class FileList(sa.types.TypeDecorator[list[UUID]]):
    """A JSON list of ids, in their order."""

    impl = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    cache_ok = True

    def process_bind_param(self, value: Sequence[UUID | str] | None, dialect: sa.Dialect) -> Any:
        """The ids as texts."""
        return None if value is None else [str(each) for each in value]

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> list[UUID] | None:
        """The ids."""
        return None if value is None else [UUID(each) for each in value]


def _field(
    *,
    many: bool,
    public: bool = False,
    max_size: int | str | None = None,
    types: Sequence[str] = (),
    max_width: int | None = None,
    max_height: int | None = None,
    most: int = MOST_FILES,
    **field: Any,
) -> Any:
    kept = FileColumn(
        many, public, _bytes(max_size), _patterns(types), _above("max_width", max_width), max_height, most
    )
    _above("max_height", max_height)
    _above("most", most)
    if kept.types and (max_width or max_height) and not any(each.startswith("image/") for each in kept.types):
        raise ValueError("max_width and max_height are of images, which `types` leaves out.")
    column: dict[str, Any] = {**field.pop("sa_column_kwargs", {})}
    column["info"] = {**column.get("info", {}), INFO: kept}
    listed: dict[str, Any] = {"default_factory": list[UUID], "sa_type": FileList} if many else {}
    given: Any = {**listed, **field, "sa_column_kwargs": column}
    return Field(**given)


def _above(name: str, given: int | None) -> int | None:
    if given is not None and given < 1:
        raise ValueError(f"{name} is {given}: it must be at least 1.")
    return given


def _bytes(given: int | str | None) -> int | None:
    if isinstance(given, str):
        found = _SIZE.fullmatch(given.strip())
        if not found:
            raise ValueError(f'max_size is {given!r}: give bytes, or a text such as "500 kB", "5 MB" or "1 GiB".')
        given = int(float(found[1]) * _UNITS[found[2].upper()])
    return _above("max_size", given)


def _patterns(given: Sequence[str]) -> tuple[str, ...]:
    patterns = (given,) if isinstance(given, str) else tuple(given)
    for each in patterns:
        if not _PATTERN.fullmatch(each):
            raise ValueError(f'types has {each!r}: give content types such as "image/png", "image/*".')
    return patterns


class Files(Protocol):
    """What keeps the files of columns, as a Module gives it (`Module.files`)."""

    async def take(
        self,
        model: str,
        field: str,
        file: FileColumn,
        name: str,
        content_type: str,
        data: AsyncIterator[bytes],
        actor: Actor,
        address: str,
    ) -> UUID:
        """Stores the bytes of a caller's new upload for a column, by the names of model and attribute, within its
        limits; `address` is the caller's in the network. Nothing of it stays where they don't fit, or break off.
        Raises Refusal.
        """
        ...

    async def discard(self, uploads: Collection[UUID]) -> None:
        """Ends those of the uploads that no row has come to hold."""
        ...

    async def settle(self, uploads: Collection[UUID], actor: Actor) -> None:
        """Completes those of a caller's uploads whose bytes went elsewhere than through us; called with what a mutation
        may name, before its transaction begins. Raises Refusal for bytes that may not be there.
        """
        ...

    def url(self, file: UUID, name: str, content_type: str, asked: UrlAsked, *, public: bool, now: datetime) -> str:
        """The URL at which whoever has it may have a file for a time."""
        ...


def file_column(annotation: Any, column: sa.Column[Any]) -> FileColumn | None:
    """What a column takes, where its annotation says that it holds files; None for any other column."""
    kind = _annotated(annotation)
    if kind is None:
        return None
    found = column.info.get(INFO)
    return found if isinstance(found, FileColumn) else FileColumn(many=kind == "many")


def _annotated(annotation: Any) -> str | None:
    if annotation is File:
        return "one"
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        found = {_annotated(each) for each in get_args(annotation) if each is not type(None)}
        return found.pop() if len(found) == 1 else None
    if origin is list and _annotated(get_args(annotation)[0]) == "one":
        return "many"
    return None
