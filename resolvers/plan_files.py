"""What is selected of a column that holds files → how its files are read.

In: the nodes of such a field. Out: a FileField; what the arguments of `url` must satisfy at each request is among the
reader's checks. Refused here: sizes and times beyond their bounds (BAD_USER_INPUT).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import graphql as g

from ..schema import expr as e
from ..schema.catalog import TableColumn
from ..schema.files import LARGEST_SIDE, LONGEST_URL
from ..schema.graphql_files import COLUMNS, URL
from ..schema.names import FILE_TYPE
from ..schema.types import INT
from .inputs import Given
from .plan import ColumnField, FileField, FilePart
from .planning import Planning

_NUMBERS = {"expires_in": LONGEST_URL, "width": LARGEST_SIDE, "height": LARGEST_SIDE}
_WORDS = ("fit", "format", "download")


class FilePlanner:
    """Plans the columns of one operation that hold files."""

    def __init__(self, planning: Planning) -> None:
        self.planning = planning

    def files(self, key: str, nodes: Sequence[g.FieldNode], column: TableColumn) -> FileField:
        """What is read of a column's files under a response key."""
        parts: list[FilePart] = []
        names = {self.planning.reader.naming.word(name): name for name in COLUMNS}
        for part, inner in self.planning.selection.below(nodes, FILE_TYPE).items():
            name = inner[0].name.value
            asked = tuple(self._asked(inner[0])) if name == URL else ()
            parts.append(FilePart(part, names.get(name, name), asked))
        cell = ColumnField(key, e.Column(column.name, column.type), column.nullable)
        assert column.file
        return FileField(key, cell, column.file.many, column.file.public, tuple(parts))

    def _asked(self, node: g.FieldNode) -> Iterator[tuple[str, e.Value | str | bool]]:
        """How a URL is asked for."""
        arguments = self.planning.selection.arguments(node)
        for name, most in _NUMBERS.items():
            word = self.planning.reader.naming.word(name)
            given = arguments.get(word)
            if given is not None:
                yield name, self.planning.reader.leaf(given, INT, word, _between(most))
        for name in _WORDS:
            given = arguments.get(self.planning.reader.naming.word(name))
            if isinstance(given, Given):
                yield name, given.value


def _between(most: int) -> Callable[[int], None]:
    def check(number: int) -> None:
        if not 1 <= number <= most:
            raise ValueError(f"expected 1 to {most:,}")

    return check
