"""Regular expressions that mean the same everywhere and can't hang the process.

RE2 matches in linear time, which Python's `re` does not: one hostile pattern would hold a SQLite thread beyond any
time limit. PostgreSQL matches with its own engine, under the statement's time limit; what RE2 refuses is refused for
both: back-references, and look-around but for two forms that deny a whole pattern. Without regard to case means that
text and pattern are lower-cased first: how the engines themselves fold differs beyond ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2  # pyright: ignore[reportMissingTypeStubs]

LONGEST_PATTERN = 1_000
MOST_REPETITIONS = 255
_ELSEWHERE = re.compile(
    r"""\A\*\*\*                          # PostgreSQL's directors
    | (?<!\\)(?:\\\\)*                    # not escaped:
      (?: \\[^dDsSwWnrt\W_] | \\_        #   escapes that are an engine's own
        | \(\?(?!:)                        #   flags, named groups, look-around
        | \{(?!\d+(?:,\d*)?\}) )           #   a brace that counts nothing
    """,
    re.VERBOSE,
)
"""What only one of the two engines reads, or each in its own way."""
_BRACKET = re.compile(r"\\.|\[\^?+\]?+((?:\\.|\[:\w+:\]|[^\]\\])*+)\]", re.DOTALL)
"""An escape, or a bracket expression and what stands in it."""
_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


def _options() -> Any:
    options: Any = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    return options


_OPTIONS = _options()
_ESCAPED = re.compile(r"(\\[DSW])|[^\\]+|\\")


def folded(text: str) -> str:
    """The text in lower case, where a sigma that ends a word is as any other."""
    return text.lower().replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}")


def folded_pattern(pattern: str) -> str:
    """The pattern in lower case but for the escapes to which case is all."""
    return _ESCAPED.sub(lambda part: part[1] or folded(part[0]), pattern)


@dataclass(frozen=True, slots=True)
class Compiled:
    """What RE2 made of a pattern, and whether a text must not have it."""

    program: Any
    denied: bool = False

    def found(self, text: str) -> bool:
        """Whether the pattern is found anywhere in the text."""
        return (self.program.search(text) is None) is self.denied


@lru_cache(256)
def compiled(pattern: str, fold: bool) -> Compiled:
    """The compiled pattern, for any thread; ValueError when it is none that RE2 can read."""
    denied = _denied(pattern)
    if denied is None:
        return Compiled(_program(pattern, fold))
    own, sought = denied
    _program(own, fold)  # by itself, so that none of its brackets ends elsewhere
    return Compiled(_program(sought, fold), denied=True)


def _denied(pattern: str) -> tuple[str, str] | None:
    """The x of `^(?!x)` or `(?<!x)$`, and the pattern that a text which begins, or ends, with x has; None for others.

    PostgreSQL reads these two as they are.
    """
    if pattern.startswith("^(?!") and pattern.endswith(")"):
        own = pattern[4:-1]
        return own, f"^(?:{own})"
    if pattern.startswith("(?<!") and pattern.endswith(")$"):
        own = pattern[4:-2]
        return own, f"(?:{own})$"
    return None


def _program(pattern: str, fold: bool) -> Any:
    try:
        return re2.compile(folded_pattern(pattern) if fold else pattern, _OPTIONS)  # pyright: ignore[reportUnknownVariableType]
    except re2.error:
        raise ValueError(
            "expected a regular expression in RE2 syntax, with look-around only as ^(?!x) and (?<!x)$"
        ) from None


def regex_pattern(pattern: str) -> str:
    """The pattern itself, when both databases read it alike; ValueError otherwise."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"expected a regular expression of at most {LONGEST_PATTERN} characters")
    return alike(pattern)


def alike(pattern: str) -> str:
    """The pattern itself, however long; ValueError where the databases would read it differently."""
    for fold in (False, True):
        compiled(pattern, fold)
    own, _ = _denied(pattern) or (pattern, pattern)
    repetitions = [int(bound) for bounds in _COUNT.findall(own) for bound in bounds if bound]
    if _ELSEWHERE.search(own) or _collates(own) or max(repetitions, default=0) > MOST_REPETITIONS:
        raise ValueError(
            "expected a regular expression that both databases read alike: without flags and named groups, with"
            r" look-around only as ^(?!x) and (?<!x)$, with no"
            rf" escapes of letters but \d \D \s \S \w \W \n \r \t, with at most {MOST_REPETITIONS} repetitions"
        )
    return pattern


def _collates(pattern: str) -> bool:
    """Whether a bracket expression holds a collating element, which PostgreSQL alone reads, or a negated class, which
    RE2 alone does. The bracket that begins the expression begins neither: [.] is a full stop.
    """
    inside = (re.sub(r"\\.", "x", bracket[1] or "", flags=re.DOTALL) for bracket in _BRACKET.finditer(pattern))
    return any(mark in each for each in inside for mark in ("[.", "[=", "[:^"))


def escape(text: str) -> str:
    """The pattern that is found where `text` stands."""
    return re2.escape(text)


def found(pattern: str, text: str, fold: bool) -> bool:
    """Whether the pattern is found anywhere in the text; with `fold`, both in lower case."""
    return compiled(pattern, fold).found(folded(text) if fold else text)
