"""A column type of the database's own that Hedgerow does not serve, so that its table is whole all the same.

In: the type as the database writes it. Out: a SQLAlchemy type for a column that no attribute maps
(`exclude_properties`). Migrations leave such a column as it is; no field, filter or rule ever names it.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

_SPEC = re.compile(r"""[\w .,\[\]"]*(?:\([\w .,'"]*\))?[\w .,\[\]"]*""")


class Native(sa.types.UserDefinedType[Any]):
    """`Column("path", Native("ltree"))`. Raises ValueError for what is no type's name."""

    cache_ok = True

    def __init__(self, spec: str) -> None:
        if not spec or len(spec) > 200 or not _SPEC.fullmatch(spec):
            raise ValueError(f"{spec!r} is no name of a type, such as 'integer[]' or 'geometry(Point,4326)'")
        self.spec = spec

    def __repr__(self) -> str:
        return f"Native({self.spec!r})"

    def get_col_spec(self, **given: Any) -> str:
        """As it is written where a table is made."""
        return self.spec
