"""Rounds of load, in turns: A B C, A B C, so that what else the machine does meets them all alike.

In: Turns by any key. Out: a Figure for each, the medians of the rounds. Before the first round each is warmed up, which
also says for how long it must be measured.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .measure import Figure, Sample, figure, sample, settle, window, wrk

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Turn:
    """Where wrk's script goes, and the processes (ids) whose time it takes."""

    address: str
    script: str
    server: int
    database: int


def say(text: str) -> None:
    """Tells whoever waits, beside the output."""
    print(text, file=sys.stderr, flush=True)


def _nothing(turn: object) -> None:
    """What is done after a turn where nothing is."""


def measured(
    turns: Mapping[K, Turn],
    *,
    rounds: int,
    seconds: int,
    warm: int,
    connections: int,
    after: Callable[[K], None] = _nothing,
) -> dict[K, Figure]:
    """The figures, after `rounds` of some seconds each; `after` is called at the end of each turn."""
    samples: dict[K, list[Sample]] = {key: [] for key in turns}
    lasting: dict[K, int] = {}
    for number in range(rounds + 1):
        for key, turn in turns.items():
            if number:
                to = turn.address, turn.script, lasting[key], connections
                got = sample(*to, turn.server, turn.database)
                samples[key].append(got)
                say(f"round {number}, {named(key)}: {got.load.rps:,.0f} requests/s, {got.load.p50:.2f} ms")
            else:
                lasting[key] = window(wrk(turn.address, turn.script, warm, connections), seconds, connections)
            after(key)
            settle(turn.server, turn.database)
    return {key: figure(got) for key, got in samples.items()}


def named(key: Hashable) -> str:
    """A key in words."""
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
