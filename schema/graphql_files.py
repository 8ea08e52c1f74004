"""The GraphQL types of files: File, as it is read, and Upload, as it is given.

In: a naming, and the scalars that `graphql` makes. Out: the two types and what File leads to, each made when first
asked for, where a View has a column that holds files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import graphql as g
from graphql import GraphQLError

from .lazily import Once
from .names import FILE_TYPE, UPLOAD, Naming
from .types import BIGINT, FILE, INT, TEXT, UPLOAD_ID, UUID, Type, parser
from .views import TableView

FIT = "FileFit"
FORMAT = "FileFormat"
URL = "url"
NAMES = (FILE_TYPE, UPLOAD, FIT, FORMAT)
FITS: Mapping[str, str] = {
    "COVER": "It fills the box; what juts out is cut off.",
    "CONTAIN": "All of it is in the box.",
}
FORMATS = ("WEBP", "AVIF", "JPEG", "PNG")

COLUMNS: Mapping[str, tuple[Type, bool, str]] = {
    "id": (UUID, True, "The file's id."),
    "name": (TEXT, True, "What it was called where it was uploaded from."),
    "size": (BIGINT, True, "In bytes."),
    "content_type": (TEXT, True, "What its bytes say that it is, such as image/png."),
    "checksum": (TEXT, True, "The SHA-256 of its bytes, in hex."),
    "width": (INT, False, "Of an image, in pixels as it is seen; null for other files."),
    "height": (INT, False, "Of an image, in pixels as it is seen; null for other files."),
    "blurhash": (TEXT, False, "Of an image: a blurred one to show meanwhile, see blurha.sh."),
}
"""What a File shows of its row (see `files.TABLE`): the type, whether it is always there, and what it is."""


class FileTypes:
    """Makes each type once."""

    def __init__(self, naming: Naming, once: Once, scalar: Callable[[Type], Any]) -> None:
        self._naming = naming
        self._once = once
        self._scalar = scalar

    def field(self, type: Type, *, required: bool, description: str | None) -> g.GraphQLField:
        """The field of a column that holds files."""
        answer: Any = self.answer
        if type != FILE:
            answer = g.GraphQLList(g.GraphQLNonNull(answer))
        return g.GraphQLField(g.GraphQLNonNull(answer) if required else answer, description=description)

    def given(self, type: Type) -> Any:
        """What inputs take for a column that holds files."""
        upload: Any = self._scalar(FILE)
        return upload if type == FILE else g.GraphQLList(g.GraphQLNonNull(upload))

    def of_view(self, seen: TableView) -> Iterator[tuple[str, Callable[[], g.GraphQLNamedType]]]:
        """The names of the types that a table with files leads to when it is read, and how to make them."""
        if any(column.type.file for column in seen.columns.values()):
            yield FILE_TYPE, lambda: self.answer
            yield FIT, lambda: self.fit
            yield FORMAT, lambda: self.format
            yield "Boolean", lambda: g.GraphQLBoolean
            for type, _, _ in COLUMNS.values():
                yield self._naming.scalar(type), lambda type=type: self._scalar(type)

    @property
    def answer(self) -> g.GraphQLObjectType:
        """A file, as it is read."""
        return self._once(
            FILE_TYPE, lambda name: g.GraphQLObjectType(name, self._fields, description="A file of a row.")
        )

    @property
    def fit(self) -> g.GraphQLEnumType:
        """How an image is made to fit a box."""
        values = {label: g.GraphQLEnumValue(label, description=about) for label, about in FITS.items()}
        return self._once(
            FIT, lambda name: g.GraphQLEnumType(name, values, description="How an image is made to fit a box.")
        )

    @property
    def format(self) -> g.GraphQLEnumType:
        """In what format an image is made."""
        return self._once(
            FORMAT,
            lambda name: g.GraphQLEnumType(
                name, dict.fromkeys(FORMATS), names_as_values=True, description="In what format an image is made."
            ),
        )

    def _fields(self) -> dict[str, g.GraphQLField]:
        def column(type: Type, about: str, *, always: bool) -> g.GraphQLField:
            scalar = self._scalar(type)
            return g.GraphQLField(g.GraphQLNonNull(scalar) if always else scalar, description=about)

        fields = {
            self._naming.word(name): column(type, about, always=always)
            for name, (type, always, about) in COLUMNS.items()
        }
        about = "Where whoever has this URL may have the file, for a time; an image in another size or format, too."
        fields[URL] = g.GraphQLField(g.GraphQLNonNull(g.GraphQLString), self._arguments(), description=about)
        return fields

    def _arguments(self) -> dict[str, g.GraphQLArgument]:
        arguments: dict[str, tuple[Any, str]] = {
            "expires_in": (g.GraphQLInt, "For how many seconds it should hold, at least."),
            "width": (g.GraphQLInt, "An image at most so many pixels wide; never larger than it is."),
            "height": (g.GraphQLInt, "An image at most so many pixels high; never larger than it is."),
            "fit": (self.fit, "How it fits width and height where both are given; COVER by default."),
            "format": (self.format, "An image in this format, rather than its own."),
            "download": (g.GraphQLBoolean, "Whether browsers are to save it, rather than show it."),
        }
        return {
            self._naming.word(name): g.GraphQLArgument(type, description=about)
            for name, (type, about) in arguments.items()
        }


def upload(name: str, extensions: Mapping[str, Any]) -> g.GraphQLScalarType:
    """The scalar by which files are given. A literal may have a variable for the id: `{upload: $id}`."""
    parse = parser(FILE)

    def parse_value(value: Any) -> Any:
        try:
            return parse(value)
        except ValueError as error:
            raise GraphQLError(f"{name}: {error}.") from None

    def parse_literal(node: g.ValueNode, variables: Any = None) -> Any:
        if variables is None and isinstance(node, g.ObjectValueNode):
            for field in node.fields:
                if field.name.value == UPLOAD_ID and len(node.fields) == 1 and isinstance(field.value, g.VariableNode):
                    return None  # what it is worth is known when the request is there
        return parse_value(g.value_from_ast_untyped(node, variables))

    about = "A file to be: {upload: id}, of an upload that was begun before, or a file of a multipart request."
    return g.GraphQLScalarType(
        name, parse_value=parse_value, parse_literal=parse_literal, description=about, extensions=dict(extensions)
    )
