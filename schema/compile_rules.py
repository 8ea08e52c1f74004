"""The rules of a model, and of channels that belong to no row: run once on stand-ins, then checked.

In: functions that yield `allow(...)`. Out: Rules. Refused here: what is no rule, role, verb or column, and words that
mean nothing for the verbs; what stands in conditions is for `check` to judge.
"""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Iterable, Mapping
from typing import Any, cast

from . import expr as e
from .access import Allow, Me, Row, RuleMistake, access
from .catalog import VERBS, Rule, Table, Verb
from .check import Checker, closest
from .errors import Origin, Problem

ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z", re.ASCII)
OF_CHANNELS: frozenset[Verb] = frozenset({"join", "publish"})
"""The verbs of a row's channel, which reads and writes nothing of the row."""


def rules_of(model: type[Any], tables: Mapping[str, Table], checker: Checker) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for function in functions_of(model):
        for raw, row in written_by(function, tables[model.__name__], tables, checker.problems):
            rule = rule_of(raw, row, tables[model.__name__], checker)
            if rule:
                rules.append(rule)
    return tuple(rules)


def functions_of(model: type[Any]) -> list[access]:
    """The functions marked @access that a model has or inherits; what overrides one without the mark ends it."""
    names = {
        name: None
        for base in reversed(model.__mro__)
        for name, value in vars(base).items()
        if isinstance(value, access)
    }
    found = [inspect.getattr_static(model, name) for name in names]
    return [function for function in found if isinstance(function, access)]


def written_by(
    function: access, table: Table, tables: Mapping[str, Table], problems: list[Problem]
) -> list[tuple[Allow, object]]:
    """The rules that a function yields, each with the scope of its row; what goes wrong becomes a Problem."""
    code = function.__func__.__code__
    origin = Origin(code.co_filename, code.co_firstlineno)
    scope = object()

    def attributes(path: tuple[str, ...]) -> Mapping[str, bool] | None:
        here = table
        for step in path:
            relation = here.relations.get(step)
            if relation is None:
                return None
            here = tables[relation.target]
        return {**dict.fromkeys(here.columns, False), **dict.fromkeys(here.relations, True)}

    found: list[tuple[Allow, object]] = []
    try:
        for raw in function.__func__(Row(scope, (), attributes), Me()) or ():
            if isinstance(raw, Allow):
                found.append((raw, scope))
            else:
                problems.append(
                    Problem(
                        f"a rule of {table.key} yields {type(raw).__name__}, not allow(...)",
                        'Write yield allow("role", "read", where=...).',
                        origin,
                    )
                )
    except RuleMistake as mistake:
        problems.append(Problem(mistake.message, mistake.mend, mistake.origin))
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        at = Origin(last.filename, last.lineno or origin.line)
        problems.append(
            Problem(
                f"the rules of {table.key} raise {type(error).__name__}: {error}",
                "Rules run once, on stand-ins, when the backend is built: use columns, claims and constants only.",
                at if last.filename == origin.file else origin,
            )
        )
    return found


def _words(raw: object) -> list[str]:
    if isinstance(raw, str):
        return raw.split()
    if isinstance(raw, Iterable):
        return [str(word) for word in cast("Iterable[object]", raw)]
    return []


def rule_of(raw: Allow, scope: object, table: Table, checker: Checker) -> Rule | None:
    problems, at = checker.problems, raw.origin
    before = len(problems)

    def problem(message: str, mend: str) -> None:
        problems.append(Problem(f"{table.key}: {message}", mend, at))

    roles, verbs = _words(raw.roles), _words(raw.verbs)
    if not roles or not all(ROLE.match(role) for role in roles):
        problem(
            f"the roles {raw.roles!r} are no role names",
            'Name roles by words, as in allow("user editor", ...).',
        )
    for verb in [verb for verb in verbs if verb not in VERBS] or ([""] if not verbs else []):
        problem(f"there is no verb {verb!r}", closest(verb, VERBS))
    writes = set(verbs) & {"create", "update"}
    if verbs and OF_CHANNELS.issuperset(verbs) and raw.fields is not None:
        problem("fields= means nothing for join and publish: a channel has none", "Leave fields= out, or add a verb.")
    for word, given in (("check", raw.check), ("preset", raw.preset)):
        if given is not None and not writes:
            problem(f"{word}= means something for create and update only", f"Leave {word}= out, or add the verb.")
    where = e.ALWAYS if raw.where is None else checker.rule(table, scope, raw.where, at)
    check = where if raw.check is None else checker.rule(table, scope, raw.check, at)
    fields = None if raw.fields is None else frozenset(_words(raw.fields))
    for name in sorted(fields or ()):
        if name not in table.columns and name not in table.relations:
            problem(
                f"there is no column or relation {name!r} for fields=",
                closest(name, [*table.columns, *table.relations]),
            )
    if fields is not None and not fields:
        problem("fields=[] allows nothing", "Name the columns, or leave fields= out for all of them.")
    preset: dict[str, e.Value] = {}
    if not isinstance(raw.preset or {}, Mapping):
        problem("preset= is no dict of columns and values", 'Write preset={"author_id": me.id}.')
        return None
    for name, value in cast("Mapping[str, object]", raw.preset or {}).items():
        column = table.columns.get(name)
        if column is None:
            problem(f"there is no column {name!r} for preset=", closest(name, table.columns))
            continue
        found = checker.preset(value, column.type, at)
        if found is not None:
            preset[name] = found
    if len(problems) > before or where is None or check is None:
        return None
    return Rule(frozenset(roles), frozenset(cast("list[Verb]", verbs)), where, check, fields, preset, at)
