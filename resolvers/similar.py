r"""SQL's SIMILAR TO → a regular expression that both databases and memory read alike.

In: a pattern of the SQL standard as PostgreSQL reads it, `\` being the escape. Out: a pattern for `regex`, which
matches the whole text. Refused here (ValueError): what is no such pattern, and escaped letters and digits, with which
PostgreSQL goes beyond the standard; nothing passes through untranslated.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NoReturn

from .regex import LONGEST_PATTERN, MOST_REPETITIONS, alike

_CLASS = re.compile(r"\[:(alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit):\]")
_REPEATED = re.compile(r"[*+?]|\{(?:\d{1,3}|\d{1,3},|\d{1,3},\d{1,3})\}", re.ASCII)
_WILD = {"%": ".*", "_": "."}


@lru_cache(256)
def similar_regex(pattern: str) -> str:
    """The regular expression that is found in exactly the texts to which `pattern` is similar."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"expected a SIMILAR TO pattern of at most {LONGEST_PATTERN} characters")
    made = f"^(?:{_Parser(pattern).alternatives()})$"
    try:
        return alike(made)
    except ValueError:
        _refuse(f"whose ranges and counts go upwards, with at most {MOST_REPETITIONS} repetitions")


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"expected a SIMILAR TO pattern {what}")


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self) -> str:
        """The pattern from here on, whose groups are kept open on a stack: it may be nested very deep."""
        made: list[str] = []
        depth = 0
        repeatable = False
        while self.at < len(self.pattern):
            found = _REPEATED.match(self.pattern, self.at)
            if found:
                if not repeatable:
                    _refuse(r"that repeats one thing once: * + ? { follow a character, a bracket or a group; \ escapes")
                self.at = found.end()
                made.append(found[0])
                repeatable = False
                continue
            character = self._next()
            repeatable = character not in "%(|"
            match character:
                case "(":
                    depth += 1
                    made.append("(?:")
                case ")":
                    depth -= 1
                    if depth < 0:
                        _refuse(r"that closes no group which it did not open (write \) for the character)")
                    made.append(")")
                case "|":
                    made.append("|")
                case "[":
                    made.append(self._bracket())
                case "{":
                    _refuse(r"with {n}, {n,} or {n,m} (write \{ for the character)")
                case "\\":
                    made.append(_plain(self._escaped()))
                case _:
                    made.append(_WILD.get(character) or _plain(character))
        if depth:
            _refuse(r"that closes its groups (write \( for the character)")
        return "".join(made)

    def _next(self) -> str:
        character = self.pattern[self.at]
        self.at += 1
        return character

    def _escaped(self) -> str:
        if self.at == len(self.pattern):
            _refuse("that does not end in a lone backslash (write \\\\ for one)")
        character = self._next()
        if character.isalnum():
            _refuse("that escapes no letter and no digit; _regex has classes such as \\d")
        return character

    def _bracket(self) -> str:
        made = ["["]
        if self.pattern.startswith("^", self.at):
            self.at += 1
            made.append("^")
        first = self.at
        while self.at < len(self.pattern):
            found = _CLASS.match(self.pattern, self.at)
            if found:
                self.at = found.end()
                made.append(found[0])
                continue
            start = self.at
            character = self._next()
            if character == "]":
                if start == first:
                    break
                return "".join(made) + "]"
            if character == "[":
                break
            if character == "-":
                if start != first and not self.pattern.startswith("]", self.at):
                    break
                made.append("\\-")
                continue
            made.append(_plain(self._escaped() if character == "\\" else character))
            if self.pattern.startswith("-", self.at) and not self.pattern.startswith("-]", self.at):
                self.at += 1
                made.append(f"-{self._end_of_range()}")
        _refuse(r"whose brackets hold characters, ranges and classes such as [:digit:] (write \[, \] and \- for those)")

    def _end_of_range(self) -> str:
        character = self._next() if self.at < len(self.pattern) else "]"
        if character in "[]-":
            _refuse(r"whose ranges have two ends (write \- for the character)")
        return _plain(self._escaped() if character == "\\" else character)


def _plain(character: str) -> str:
    """What stands for the character itself, in brackets and outside."""
    return f"\\{character}" if character in "\\.+*?()|[]{}^$-:=" else character
