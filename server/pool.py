"""How the connections to a database are used at a moment."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Pool(NamedTuple):
    """Connections of one purpose: how many there are and may be, how many are idle, and how many statements wait for
    their turn.
    """

    name: Literal["read", "write"]
    size: int
    most: int
    idle: int
    waiting: int
