"""The rules of channels that belong to no row: who may join them and publish there, by roles and claims.

In: rules by name, as a list or a function of the channel and the caller. Out: the same, checked. Refused here: names
that could be those of a row's channel, names that stand for everything, and other verbs than join and publish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from .access import Allow, access
from .catalog import Rule, Table, TableColumn, TableNames
from .check import Checker
from .compile_rules import OF_CHANNELS, rule_of, written_by
from .errors import Problem
from .types import TEXT

Free: TypeAlias = Mapping[str, Iterable[Allow] | Callable[[Any, Any], Iterable[Allow]]]
"""Rules by name of channel; a name may end in `*`, and a function is given stand-ins for the channel, whose `name` is
its whole name and whose `star` what the `*` stands for, and for the caller.
"""
LONGEST_NAME = 512
"""Characters of a channel's name."""


def channel_table(name: str) -> Table:
    """What a free channel's rules see as its row."""
    columns = {each: TableColumn(each, each, each, TEXT, nullable=False) for each in ("name", "star")}
    return Table(f"channel {name!r}", "", None, columns, {}, (), TableNames.hidden())


def free_channels(
    given: Sequence[Mapping[str, Any]], tables: Mapping[str, Table], checker: Checker
) -> dict[str, tuple[Rule, ...]]:
    """The Rules by name."""
    found: dict[str, tuple[Rule, ...]] = {}
    rows = {table.names.channel: key for key, table in tables.items()}

    def refuse(message: str, mend: str) -> None:
        checker.problems.append(Problem(message, mend))

    for name, rules in ((name, rules) for each in given for name, rules in each.items()):
        begins = name.partition(":")[0]
        if not 0 < len(name) <= LONGEST_NAME or name.startswith("*") or "*" in name[:-1] or not name.isprintable():
            refuse(f"{name!r} is no name of a channel", "Give a printable text; only its end may be *, as in room:*.")
        elif name in found:
            refuse(f"the channel {name!r} is there twice", "Rename one of them.")
        elif ":" in name and begins in rows:
            refuse(f"the channel {name!r} would be one of a row of {rows[begins]}", "Rename it.")
        elif ":" not in name and name.endswith("*") and any(key.startswith(name[:-1]) for key in rows):
            refuse(f"the channels {name!r} would be some of rows too", "Write a longer name before the *.")
        else:
            found[name] = tuple(_rules(name, rules, tables, checker))
    return found


def _rules(name: str, rules: Any, tables: Mapping[str, Table], checker: Checker) -> Iterable[Rule]:
    table = channel_table(name)
    if callable(rules):
        raws = written_by(cast("Any", access(rules)), table, {**tables, table.key: table}, checker.problems)
    else:
        raws = [(raw, object()) for raw in rules if isinstance(raw, Allow)]
        if len(raws) < len(list(rules)):
            mend = 'Write [allow("user", "join publish")].'
            checker.problems.append(Problem(f"{table.key}: a rule of it is no allow(...)", mend))
    for raw, scope in raws:
        rule = rule_of(raw, scope, table, checker)
        if rule and not rule.verbs <= OF_CHANNELS:
            mend = "Allow join and publish."
            message = f"{table.key}: {', '.join(sorted(rule.verbs - OF_CHANNELS))} means nothing for a channel"
            checker.problems.append(Problem(message, mend, rule.origin))
        elif rule:
            yield rule
