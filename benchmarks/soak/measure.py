"""What was measured of each process, and whether it stays as it is.

In: samples over time. Out: a verdict by the slope of each figure, once it is warm: the median of the slopes between all
pairs of samples (Theil and Sen), which a few that stand out don't move. Refused: more growth an hour than `MOST`.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WARM = 1 / 3
"""The share of the time in which caches fill, and which is not judged."""
MOST: Mapping[str, float] = {
    "memory": 10_000_000,
    "files": 10,
    "sockets": 10,
    "threads": 2,
    "tasks": 10,
    "connections": 4,
}
"""The most by which a figure may grow in an hour."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one figure of one process: as it became warm, in the end, the most of all, and its growth an hour."""

    figure: str
    warm: float
    end: float
    peak: float
    growth: float

    @property
    def passed(self) -> bool:
        """Whether it stays as it is."""
        return self.growth <= MOST[self.figure]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Growth in a second."""
    slopes = [(b - a) / (t - s) for i, (s, a) in enumerate(points) for t, b in points[i + 1 :] if t > s]
    return statistics.median(slopes) if slopes else 0.0


def judged(figure: str, points: Sequence[tuple[float, float]]) -> Verdict:
    """A verdict on what was measured at moments, in seconds."""
    first, last = points[0][0], points[-1][0]
    warm = [each for each in points if each[0] >= first + WARM * (last - first)]
    few = max(1, len(warm) // 8)
    return Verdict(
        figure,
        statistics.median(value for _, value in warm[:few]),
        statistics.median(value for _, value in warm[-few:]),
        max(value for _, value in points),
        slope(warm) * 3600,
    )


def table(found: Mapping[str, Sequence[Verdict]]) -> str:
    """Markdown of verdicts, by the names of processes."""
    lines = ["| process | figure | warm | at the end | most | growth an hour |", "|---|---|--:|--:|--:|--:|"]
    for name, verdicts in found.items():
        for each in verdicts:
            mark = "" if each.passed else " **too much**"
            told = [_told(each.figure, value) for value in (each.warm, each.end, each.peak, each.growth)]
            lines.append(f"| {name} | {each.figure} | {' | '.join(told)}{mark} |")
    return "\n".join(lines)


def _told(figure: str, value: float) -> str:
    return f"{value / 1e6:.1f} MB" if figure == "memory" else f"{value:.0f}"
