"""Two Permissions → every difference, classed, each with its witness.

In: what roles might do, and what they may now. Out: Differences. Sound: what lets anybody do more is widening, or told
as such where it can't be told (`may`); it is never narrowing or harmless. The converse is a best effort: a rule that is
written in quite another way is told as both. What `anyone` may do more is told once, not again for every role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .conditions import covers, shifted_in
from .difference import Class, Difference
from .limits import limits
from .meanings import BAR
from .permitted import CALL, Fact, Permissions


def differences(old: Permissions, new: Permissions) -> list[Difference]:
    """Every difference between what roles might do and what they may now."""
    there, back = Names(old.meanings, new.meanings), Names(new.meanings, old.meanings)
    more = [_told(Class.WIDENING, each) for each in _grouped(_beyond(old, new, there))]
    less = [_told(Class.NARROWING, each) for each in _grouped(_beyond(new, old, back))]
    found = [*more, *less, *_channels(old, new), *limits(old, new)]
    if not found:
        found += [_rewritten(each) for each in _grouped(new.facts - old.facts)]
        found += [
            Difference(Class.HARMLESS, "", "", name.partition(".")[0], (), f"{name} is {_or_none(new.meanings, name)}")
            for name in sorted({*old.meanings, *new.meanings})
            if old.meanings.get(name) != new.meanings.get(name)
        ]
    return found


class Names:
    """What names stood for, and whether they stand for the same now."""

    def __init__(self, before: Mapping[str, str], now: Mapping[str, str]) -> None:
        self._changed = {name for name in before.keys() & now.keys() if _place(before[name]) != _place(now[name])}
        typed = {name for name in before.keys() & now.keys() if _type(before[name]) != _type(now[name])}
        self.words = frozenset(
            name if name.startswith("me.") else name.rpartition(".")[2] for name in self._changed | typed
        )
        """The words in conditions that meant something else before."""

    def same(self, fact: Fact) -> bool:
        """Whether the fact is about the same tables, columns and relations as before."""
        if self.moved(fact.model) or any(shifted_in(value, self.words) for _, value in fact.preset):
            return False
        return not any(self.moved(f"{fact.model}.{column}") for column in fact.columns)

    def moved(self, name: str) -> bool:
        """Whether it is stored, or leads, elsewhere now."""
        return name in self._changed


def _type(meaning: str) -> str:
    """Where it is stored or leads and its type, without what may be given there."""
    return meaning.partition(BAR)[0]


def _place(meaning: str) -> str:
    """The same without its type."""
    meaning = _type(meaning)
    return meaning if meaning.startswith(("->", "table ")) else meaning.partition(" as ")[2]


def _beyond(old: Permissions, new: Permissions, names: Names) -> Iterator[Fact]:
    """The new facts that allow more than their role was allowed. Whoever has further roles has theirs beside."""
    held = {role: old.held(role) for role in new.roles}
    for fact in new.facts:
        before = (each for each in held[fact.role] if (each.verb, each.model) == (fact.verb, fact.model))
        if not any(allowed(each, fact, names) for each in before):
            yield fact


def allowed(old: Fact, new: Fact, names: Names) -> bool:
    """Whether whatever the new fact allows, the old one allowed. Presets must be the same: another might give a row to
    somebody, or keep it from nobody.
    """
    if not names.same(new) or not {*new.columns} <= {*old.columns}:
        return False
    if not covers(old.where, new.where, names.words) or not covers(old.check, new.check, names.words):
        return False
    had, has = dict(old.preset), dict(new.preset)
    chosen = {*old.columns}
    return all(has.get(name) == value for name, value in had.items()) and {*has} - {*had} <= chosen


def _grouped(facts: Iterable[Fact]) -> list[Fact]:
    """Reads that differ only in their column, as one."""
    found: dict[Fact, set[str]] = {}
    for fact in facts:
        alone = fact.verb not in ("read", CALL)
        found.setdefault(fact if alone else replace(fact, columns=()), set()).update(fact.columns)
    grouped = (replace(fact, columns=tuple(sorted(columns))) for fact, columns in found.items())
    return sorted(grouped, key=str)


def _told(kind: Class, fact: Fact) -> Difference:
    may = "may now" if kind is Class.WIDENING else "may no longer"
    return Difference(kind, fact.role, fact.verb, fact.model, fact.columns, _words(fact, may), fact)


def _rewritten(fact: Fact) -> Difference:
    text = f"{_words(fact, 'may')} (as before, said otherwise)"
    return Difference(Class.HARMLESS, fact.role, fact.verb, fact.model, fact.columns, text)


def _words(fact: Fact, may: str) -> str:
    target = f"{fact.model}({', '.join(fact.columns)})" if fact.columns else fact.model
    return f"{fact.role} {may} {fact.verb} {target}{fact.conditions}"


def _channels(old: Permissions, new: Permissions) -> Iterator[Difference]:
    """A channel whose own rules went is under those of a shorter name with a `*`, if there is one."""
    before, now = _channel_names(old), _channel_names(new)
    for gained, lost, kind in ((now, before, Class.WIDENING), (before, now, Class.NARROWING)):
        for name in sorted(lost - gained):
            wider = [each for each in gained if each.endswith("*") and name.startswith(each[:-1])]
            if wider:
                by = max(wider, key=len)
                word = "is now under" if kind is Class.WIDENING else "is no longer under"
                yield Difference(kind, "", "join", repr(name), (), f"channel {name!r} {word} the rules of {by!r}")


def _channel_names(permissions: Permissions) -> set[str]:
    return {fact.model[1:-1] for fact in permissions.facts if fact.verb != CALL and fact.model[0] in "'\""}


def _or_none(meanings: Mapping[str, str], name: str) -> str:
    return f"now: {meanings[name]}" if name in meanings else "no more"
