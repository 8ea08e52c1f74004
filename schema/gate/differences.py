"""Two Permissions → every difference, classed, each with its witness.

In: what roles might do, and what they may now. Out: Differences. Sound: what lets anybody do more is widening, or told
as such where it can't be told (`may`); it is never narrowing or harmless. The converse is a best effort: a rule that is
written in quite another way is told as both. What `anyone` may do more is told once, not again for every role.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from .conditions import covers, shifted_in
from .facts import CALL, Fact, Permissions


class Class(StrEnum):
    """What a difference means, the worst first."""

    BREAKING = "breaking"
    WIDENING = "widening"
    NARROWING = "narrowing"
    HARMLESS = "harmless"


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference and its witness: whom it is about, what they do, and to what. `columns` are those that share all
    else; `text` is the whole of it for people.
    """

    kind: Class
    role: str
    verb: str
    model: str
    columns: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def differences(old: Permissions, new: Permissions) -> list[Difference]:
    """Every difference between what roles might do and what they may now."""
    there, back = _Names(old.meanings, new.meanings), _Names(new.meanings, old.meanings)
    more = [_told(Class.WIDENING, each) for each in _grouped(_beyond(old, new, there))]
    less = [_told(Class.NARROWING, each) for each in _grouped(_beyond(new, old, back))]
    found = [*more, *less, *_channels(old, new), *_limits(old, new)]
    if not found:
        found += [_rewritten(each) for each in _grouped(new.facts - old.facts)]
        found += [
            Difference(Class.HARMLESS, "", "", name.partition(".")[0], (), f"{name} is {_or_none(new.meanings, name)}")
            for name in sorted({*old.meanings, *new.meanings})
            if old.meanings.get(name) != new.meanings.get(name)
        ]
    return found


def ordered(found: Iterable[Difference]) -> list[Difference]:
    """Each once, the worst first."""
    order = list(Class)
    return sorted({*found}, key=lambda each: (order.index(each.kind), each.text))


class _Names:
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
        if fact.model in self._changed or any(shifted_in(value, self.words) for _, value in fact.preset):
            return False
        return not any(f"{fact.model}.{column}" in self._changed for column in fact.columns)


def _place(meaning: str) -> str:
    """Where it is stored or leads, without its type."""
    if meaning.startswith(("->", "table ")):
        return meaning
    words = meaning.split(" ")
    return words[words.index("as") + 1] if "as" in words else ""


def _type(meaning: str) -> str:
    """A column's type; limits of files are told apart."""
    return " ".join(word for word in meaning.split(" ") if "=" not in word and word != "public")


def _beyond(old: Permissions, new: Permissions, names: _Names) -> Iterator[Fact]:
    """The new facts that allow more than their role was allowed. Whoever has further roles has theirs beside."""
    held = {role: old.held(role) for role in new.roles}
    for fact in new.facts:
        before = (each for each in held[fact.role] if (each.verb, each.model) == (fact.verb, fact.model))
        if not any(_covers(each, fact, names) for each in before):
            yield fact


def _covers(old: Fact, new: Fact, names: _Names) -> bool:
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
    return Difference(kind, fact.role, fact.verb, fact.model, fact.columns, _words(fact, may))


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
    return {fact.model[1:-1] for fact in permissions.facts if fact.model[0] in "'\""}


def _limits(old: Permissions, new: Permissions) -> Iterator[Difference]:
    """What columns of files take, and whether whoever knows a URL may have a file for ever."""
    for name in sorted(old.meanings.keys() & new.meanings.keys()):
        before, now = old.meanings[name].split(" "), new.meanings[name].split(" ")
        if before[0] not in ("File", "list[File]") or now[0] != before[0]:
            continue
        model, _, column = name.partition(".")
        for kind, one, other, public, takes in (
            (Class.WIDENING, before, now, "are now public", "takes more"),
            (Class.NARROWING, now, before, "are public no longer", "takes less"),
        ):
            if "public" in other and "public" not in one:
                yield Difference(kind, "anyone", "read", model, (column,), f"files of {name} {public}")
            words = [word for word in _sizes(one) if _looser(word, one, other)]
            if words:
                text = f"{name} {takes}: now {_shown(now, words)}"
                yield Difference(kind, "", "create", model, (column,), text)


def _sizes(words: Collection[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words if "=" in word)


def _looser(name: str, one: Collection[str], other: Collection[str]) -> bool:
    """Whether a limit is there no more, or lets more through."""
    had, has = _sizes(one)[name], _sizes(other).get(name)
    if has is None:
        return True
    return not {*has.split(",")} <= {*had.split(",")} if name == "types" else int(has) > int(had)


def _shown(words: Collection[str], names: Collection[str]) -> str:
    return ", ".join(f"{name}={_sizes(words).get(name, 'any')}" for name in names)


def _or_none(meanings: Mapping[str, str], name: str) -> str:
    return f"now: {meanings[name]}" if name in meanings else "no more"
