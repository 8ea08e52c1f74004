"""Which rules let a write happen: the only place where rules of create, update and delete attach.

In: what a client gives (columns and relations, by attribute) and its rules of one verb. Out: the rules that fit, what
they preset, the condition on the row before, and on the row after. A rule fits when it allows all that is given and
presets none of it. A row may be written when one fitting rule holds throughout: its `where` before, its presets
and its `check` after. Refused here, as FORBIDDEN: what no rule fits. A superuser is judged by no rule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...schema import expr as e
from ...schema.catalog import Rule, Table, Verb
from ...schema.errors import Code, Refusal
from ...schema.types import parser
from ...schema.writing import WriteView
from ..memory import Given, value


@dataclass(frozen=True, slots=True)
class Writing:
    """What a client gives of one row: columns and relations, by attribute.

    `implied` are columns that a relation fills, for which a rule must allow the column or that relation.
    """

    columns: frozenset[str]
    relations: frozenset[str]
    implied: frozenset[str] = frozenset()


def fitting(writes: WriteView, verb: Verb, writing: Writing) -> tuple[Rule, ...]:
    """The rules that allow what is given, in the order of declaration."""
    return tuple(rule for rule in writes.rules[verb] if _fits(rule, writes.table, writing))


def _fits(rule: Rule, table: Table, writing: Writing) -> bool:
    if rule.preset.keys() & (writing.columns | writing.implied):
        return False
    if rule.fields is None:
        return True
    if not writing.columns <= rule.fields or not writing.relations <= rule.fields:
        return False
    by_relation = {
        column
        for name in rule.fields & table.relations.keys()
        if not table.relations[name].many
        for column in table.relations[name].local
    }
    return writing.implied <= rule.fields | by_relation


def refuse(writes: WriteView, verb: Verb, writing: Writing) -> Refusal:
    """The refusal of what no rule fits."""
    table = writes.table
    fields = [table.columns[name].field for name in (*table.columns,) if name in writing.columns | writing.implied]
    fields += [table.relations[name].field for name in table.relations if name in writing.relations]
    what = f" with {', '.join(fields)}" if fields else ""
    message = f"You may not {verb} a {table.names.type}{what}: no rule allows all of it at once. Give less of it."
    return Refusal.of(Code.FORBIDDEN, message)


def presets(rules: Sequence[Rule]) -> dict[str, e.Value]:
    """What the rules set, the first of them that has a word on a column."""
    found: dict[str, e.Value] = {}
    for rule in rules:
        for name, preset in rule.preset.items():
            found.setdefault(name, preset)
    return found


def after(rules: Collection[Rule], table: Table) -> e.Expr:
    """The condition on a row after a write: the check of a rule, and its presets where another's were set."""
    rules = list(rules)
    applied = presets(rules)
    return e.either(*(e.both(rule.check, *_kept(rule.preset, applied, table)) for rule in rules))


def _kept(preset: Mapping[str, e.Value], applied: Mapping[str, e.Value], table: Table) -> list[e.Expr]:
    found: list[e.Expr] = []
    for name, each in preset.items():
        if applied[name] != each:
            column = e.Column(name, table.columns[name].type)
            found.append(e.either(e.Compare("=", column, each), e.both(e.IsNull(column), e.IsNull(each))))
    return found


def preset_value(preset: e.Value, name: str, table: Table, actor: e.Actor, now: datetime) -> Any:
    """A preset's value for a caller; Refusal with UNAUTHENTICATED for a claim of another type."""
    type = table.columns[name].type
    match preset:
        case e.Const():
            found = e.plain(preset.value)
        case e.Claim():
            found = actor.claims.get(preset.name)
        case _:
            found = value(preset, Given({}, actor, (), now.astimezone(UTC)))
    if found is None:
        return None
    try:
        return parser(type)(parser(preset.type)(found))
    except ValueError as error:
        of = f"The caller's claim {preset.name!r}" if isinstance(preset, e.Claim) else f"The preset of {name}"
        raise Refusal.of(Code.UNAUTHENTICATED, f"{of} is no {type}: {error}.") from None
