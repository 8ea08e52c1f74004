"""Rows to update and to delete, and what else an update does through their relations.

In: a condition on rows with the rules of reading in it already, and Changes. Out: the rows that were written. What a
caller can't read, or no rule allows to be written, counts as not there. Rows are chosen and locked first, by the rules
that hold for them before; each is judged afterwards by these same rules. Refused here: what `work` refuses, a version
that is not the row's any more (CONFLICT), and rows to create below more than one row at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...schema import expr as e
from ...schema.catalog import Relation, Rule, Table
from ...schema.errors import Code, Complaint, Refusal
from ...schema.names import Operation
from ...schema.types import parser
from ...schema.writing import WriteView, unwritten
from ..authorize import link_shown, related_shown
from ..database import Script
from ..rows import Key, among_keys, key_lists
from .commands import read
from .creates import Creates
from .judge import Writing
from .objects import Changes, Conflict, Path, Related, fault, writes_of
from .prepare import Prepared, repoints
from .supposed import link_table
from .uploads import keep
from .upserts import Made


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of a table: a condition with the rules of reading, and the leaves of its variables."""

    condition: e.Expr
    leaves: Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that is to be updated: its columns, which of the rules hold for it, and what else was asked of it."""

    values: dict[str, Any]
    mask: tuple[bool, ...]
    asked: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Reached:
    """Rows from which the caller sees others through a relation: because a rule of reading names it for them, or
    (`compared`) because they show the columns that it compares; then the others must too.
    """

    named: list[dict[str, Any]]
    compared: list[dict[str, Any]]


class Writer(Creates):
    """Writes what one root field of a mutation says."""

    # Updates

    def update(
        self, chosen: Chosen, changes: Changes, version: int | None = None, prepared: Prepared | None = None
    ) -> Script[list[Key]]:
        """Updates the chosen rows; gives their keys as they are then. With a `version`, every row must be of it."""
        prepared = prepared or self.prepared(changes=[changes])
        yield from self.claim()
        table, rules = changes.writes.table, prepared.changes[id(changes)].rules
        held = self.held(changes)
        needed = {name for related in changes.related for name in related.relation.local}
        needed = sorted(needed | {each.column for each in held})
        wanted = tuple(dict.fromkeys((*table.primary_key, *([table.version] if table.version else ()), *needed)))
        reckoned = [name for name, (op, _) in changes.columns.items() if op != "set"]
        if reckoned:  # what comes of a cell would tell of it
            chosen = Chosen(e.both(chosen.condition, self.shown(table.key, reckoned)), chosen.leaves)
        below = [related for related in changes.related if _reaches(related)]
        asked = [each for related in below for each in related_shown(self.view, table, related.relation)]
        attached = self._referred(changes, prepared.changes[id(changes)].implied)
        asked += [shown for _, shown in attached]
        rows = yield from self._choose(table, chosen, rules, wanted, version, asked)
        if not rows:
            return []
        keep(held, [row.values for row in rows], self.faults)
        self.faults.check()
        for place, (related, _) in enumerate(attached, 2 * len(below)):
            if not all(row.asked[place] for row in rows):
                raise Refusal(
                    fault(related.path, "nothing new can refer to this row: you may not read by what it would")
                )
        owners = [row.values for row in rows]
        reached = {
            id(related): _Reached(
                [row.values for row in rows if row.asked[2 * place]],
                [row.values for row in rows if row.asked[2 * place + 1] and not row.asked[2 * place]],
            )
            for place, related in enumerate(below)
        }
        filled = yield from self._repoint(changes, prepared)
        done: list[Key] = []
        for places in _by_mask([row.mask for row in rows]):
            some = [owners[place] for place in places]
            passed = tuple(rule for rule, holds in zip(rules, rows[places[0]].mask, strict=True) if holds)
            done += yield from self._set(changes, filled, some, passed)
        yield from self._through(changes, owners, reached, filled, prepared)
        return done

    def _referred(self, changes: Changes, implied: frozenset[str]) -> list[tuple[Related, e.Expr]]:
        """For rows that are to refer to an updated one, whether it shows by what they will, for they will show it."""
        given = implied.union(name for name, (op, _) in changes.columns.items() if op == "set")
        cells = self.view.tables[changes.writes.table.key].cells
        found = (
            (related, e.both(*(cells.get(name, e.NEVER) for name in related.relation.local if name not in given)))
            for related in changes.related
            if not related.relation.refers and (related.objects or related.link)
        )
        return [(related, shown) for related, shown in found if shown != e.ALWAYS]

    def _choose(
        self,
        table: Table,
        chosen: Chosen,
        rules: tuple[Rule, ...],
        wanted: tuple[str, ...],
        version: int | None,
        asked: Sequence[e.Expr] = (),
    ) -> Script[list[_Row]]:
        """The wanted columns of the rows that may be updated, and what holds for each: of the rules, and of `asked`."""
        allowed = e.ALWAYS if self.view.superuser else e.either(*(rule.where for rule in rules))
        judged = [rule.where for rule in rules] if len(rules) > 1 else []
        most = self.limits.max_written_rows
        known = self._version_shown(table) if version is not None else []
        answer = yield self.commands.choose(
            table,
            e.both(chosen.condition, allowed),
            chosen.leaves,
            [*judged, *asked, *known],
            wanted,
            lock="write",
            most=most,
        )
        if len(answer) > most:
            raise self.too_many()
        found: list[_Row] = []
        for row, columns in zip(answer, read(table, wanted, answer), strict=True):
            values = dict(zip(wanted, columns, strict=True))
            verdicts = tuple(map(bool, row[1:]))
            mask = verdicts[: len(judged)] if judged else (True,) * len(rules)
            if version is not None:
                self._check_version(table, values, version, shown=verdicts[-1])
            found.append(_Row(values, mask, verdicts[len(judged) :]))
        yield from self.judge_before(table, (tuple(row.values[name] for name in table.primary_key) for row in found))
        return found

    def _version_shown(self, table: Table) -> list[e.Expr]:
        """Whether a row shows the caller its version."""
        seen = self.view.tables[table.key]
        assert table.version
        cell = seen.cells.get(table.version)
        return [e.NEVER if cell is None else e.both(seen.rows, cell)]

    def _check_version(self, table: Table, values: dict[str, Any], version: int, *, shown: bool) -> None:
        assert table.version
        now = values[table.version]
        if not shown or now != version:  # a version that is hidden is null, and null is no version
            message = f"The {table.names.type} was changed meanwhile. Read it again, and decide anew."
            raise Refusal(Complaint(Code.CONFLICT, message, extensions={"version": now} if shown else {}))

    def _set(
        self, changes: Changes, filled: dict[str, Any], rows: Sequence[dict[str, Any]], rules: tuple[Rule, ...]
    ) -> Script[list[Key]]:
        """Updates rows for which the same rules hold."""
        writes, table = changes.writes, changes.writes.table
        columns: dict[str, tuple[Operation, Any]] = dict(changes.columns)
        columns |= {name: ("set", value) for name, value in (filled | self.presets(table, rules)).items()}
        keys = [tuple(row[name] for name in table.primary_key) for row in rows]
        if not columns:
            self.wrote(writes, rules, keys)
            return keys
        for column in table.columns.values():
            if column.onupdate and column.onupdate.make and column.name not in columns:
                columns[column.name] = ("set", column.onupdate.make())
        if table.version:
            columns[table.version] = ("inc", 1)
        operations: list[tuple[str, Operation]] = [(name, op) for name, (op, _) in columns.items()]
        values = [value for _, value in columns.values()]
        reckoned = [name for name, op in operations if op == "inc"]
        checked = self._checked(table, [name for name, op in operations if op != "set"])
        wanted = tuple(dict.fromkeys((*table.primary_key, *reckoned, *checked)))
        answer = yield from self.updated(writes, operations, values, keys, wanted)
        after = [dict(zip(wanted, each, strict=True)) for each in answer]
        done = [tuple(row[name] for name in table.primary_key) for row in after]
        self.wrote(writes, rules, done)
        self._check_reckoned(changes, after, reckoned)
        if checked:
            yield from self._revalidate(changes, after, done)
        self.faults.check()
        return done

    def _checked(self, table: Table, reckoned: Iterable[str]) -> list[str]:
        """The columns that the model's validators have a word on after an update."""
        if table.validators is None:
            return []
        return [*table.columns] if table.validators.whole else [*table.validators.checked.intersection(reckoned)]

    def _revalidate(self, changes: Changes, rows: Sequence[dict[str, Any]], keys: Sequence[Key]) -> Script[None]:
        """Asks the model's validators of rows as they are after an update, and writes what they make of them."""
        writes, table = changes.writes, changes.writes.table
        reckoned = [name for name, (op, _) in changes.columns.items() if op != "set"]
        differing: dict[tuple[str, ...], list[tuple[Key, list[Any]]]] = {}
        for row, key in zip(rows, keys, strict=True):
            given = {name: row[name] for name in reckoned if name in row}
            found = self.validated(writes, given, changes.path, changes.place)
            if table.validators and table.validators.whole:
                found = self.validated_row(writes, row | found, changes.path, changes.place)
            names = tuple(name for name, value in found.items() if value != row[name])
            if names:
                differing.setdefault(names, []).append((key, [found[name] for name in names]))
        self.faults.check()
        for names, some in differing.items():
            yield from self.assigned(writes, names, [key for key, _ in some], [each for _, each in some], bump=False)

    def _check_reckoned(self, changes: Changes, rows: Sequence[dict[str, Any]], names: Iterable[str]) -> None:
        """Refuses what an `inc` came to where the column's type can't hold it, which SQLite would."""
        table = changes.writes.table
        for name in names:
            column = table.columns[name]
            parse = parser(column.type)
            try:
                for row in rows:
                    if row[name] is not None:
                        parse(row[name])
            except ValueError as error:
                self.faults.add(changes.place(column), str(error))
        self.faults.check()

    # Through relations

    def _repoint(self, changes: Changes, prepared: Prepared) -> Script[dict[str, Any]]:
        """What the foreign keys of the rows are set to."""
        filled: dict[str, Any] = {}
        for related in changes.related:
            if not repoints(related):
                continue
            relation = related.relation
            if related.objects:
                made = yield from self.create_prepared(related.objects, prepared, related.conflict, relation.remote)
                assert made[0], "a row that is needed is there, or imagined"
                columns = made[0].columns
            elif related.link:
                (columns,) = yield from self.visible(relation, [(related.link[0], (*related.path, "link"))])
            else:
                columns = dict.fromkeys(relation.remote)
            for ours, theirs in relation.pairs:
                filled[ours] = columns[theirs]
                if columns[theirs] is None and not changes.writes.table.columns[ours].nullable:
                    self.faults.add((*related.path, "unlink"), f"a {changes.writes.table.names.type} must have one")
            self.faults.check()
        return filled

    def _through(
        self,
        changes: Changes,
        owners: Sequence[dict[str, Any]],
        reached: Mapping[int, _Reached],
        filled: Mapping[str, Any],
        prepared: Prepared,
    ) -> Script[None]:
        """What happens to the rows that relations of the updated rows lead to: those that are related before the
        update, and new ones, which are related to the rows as they are after it.
        """
        now = {**{name: value for name, (op, value) in changes.columns.items() if op == "set"}, **filled}
        for related in changes.related:
            relation = related.relation
            if id(related) in reached:
                yield from self._reached(related, reached[id(related)], prepared)
            if relation.refers:
                continue
            if related.objects or related.link:
                if len(owners) > 1:
                    message = "rows can be created or linked here below one row only, and this update changes several"
                    raise Refusal(fault(related.path, message))
                owner = Made((), {**owners[0], **now}, "updated")
                yield from self.attach(relation, [(owner, related)], prepared)

    def _reached(self, related: Related, reached: _Reached, prepared: Prepared) -> Script[None]:
        """Unlinks, updates and deletes rows that the caller sees from the owners."""
        relation, target = related.relation, related.target
        parts: list[tuple[Sequence[dict[str, Any]], e.Expr, list[list[Any]]]] = []
        for owners, shown in (
            (reached.named, e.ALWAYS),
            (reached.compared, self.shown(target.table.key, relation.remote)),
        ):
            linked = e.ALWAYS if owners is reached.named else link_shown(self.view, relation)
            values = yield from self._values(relation, owners, linked)
            if values:
                parts.append((owners, shown, key_lists(values)))
        if not parts:
            return
        leaves = [each for _, _, lists in parts for each in lists]
        width = len(relation.remote)
        among = [e.both(among_keys(target.table, width * n, relation.remote), part[1]) for n, part in enumerate(parts)]
        for _, inner in related.updates:
            such = prepared.changes[id(inner)].where
            yield from self.update(Chosen(e.both(e.either(*among), such), leaves), inner, None, prepared)
        if related.delete is not None:
            such = prepared.doomed[id(related)]
            yield from self.delete(target, Chosen(e.both(e.either(*among), such), leaves))
        if isinstance(related.unlink, list) and related.unlink:
            for owners, shown, lists in parts:
                condition = e.both(among_keys(target.table, 0, relation.remote), shown)
                yield from self._unlink(related, owners, condition, lists)

    def _values(
        self, relation: Relation, owners: Sequence[dict[str, Any]], linked: e.Expr
    ) -> Script[list[tuple[Any, ...]]]:
        """The values of the columns that a relation compares, in the rows that it leads to; over link rows that are
        `linked`.
        """
        if not owners:
            return []
        if relation.link is None:
            ours = tuple(name for name, _ in relation.pairs)
            values = dict.fromkeys(tuple(owner[name] for name in ours) for owner in owners)
            return [each for each in values if None not in each]
        table, attribute_of = self._link_of(relation)
        local = tuple(attribute_of[sql] for sql, _ in relation.link.local)
        remote = tuple(attribute_of[sql] for sql, _ in relation.link.remote)
        keys = [tuple(owner[name] for _, name in relation.link.local) for owner in owners]
        answer = yield self.commands.among(table, keys, linked, [], remote, by=local)
        return [*dict.fromkeys(read(table, remote, answer))]

    def _link_of(self, relation: Relation) -> tuple[Table, dict[str, str]]:
        assert relation.link
        tables = self.view.catalog.tables
        table = tables[relation.link.table] if relation.link.table else link_table(tables, relation)
        return table, {column.sql: column.name for column in table.columns.values()}

    def _unlink(
        self, related: Related, owners: Sequence[dict[str, Any]], condition: e.Expr, leaves: Sequence[Any]
    ) -> Script[None]:
        relation, target = related.relation, related.target
        assert isinstance(related.unlink, list)
        keys = key_lists(related.unlink)
        named = self.shown(target.table.key, target.table.primary_key)
        these = e.both(condition, named, among_keys(target.table, len(leaves)))
        if relation.link is None:
            clear: dict[str, tuple[Operation, Any]] = dict.fromkeys(relation.remote, ("set", None))
            yield from self.update(Chosen(these, [*leaves, *keys]), Changes(target, related.path, clear, []))
            return
        answer = yield self.commands.choose(
            target.table, these, [*leaves, *keys], [], relation.remote, lock=None, most=self.limits.max_written_rows
        )
        found = read(target.table, relation.remote, answer)
        table, attribute_of = self._link_of(relation)
        local = tuple(attribute_of[sql] for sql, _ in relation.link.local)
        remote = tuple(attribute_of[sql] for sql, _ in relation.link.remote)
        pairs = [(*(owner[name] for _, name in relation.link.local), *one) for owner in owners for one in found]
        if not pairs:
            return
        condition = among_keys(table, 0, (*local, *remote))
        columns = key_lists(pairs)
        if relation.link.table:
            seen = self.view.tables[relation.link.table].rows
            yield from self.delete(writes_of(self.view, relation.link.table), Chosen(e.both(condition, seen), columns))
            return
        yield from self.deleted(unwritten(table), [self._in_order(table, (*local, *remote), pair) for pair in pairs])

    def _in_order(self, table: Table, names: Sequence[str], values: Sequence[Any]) -> Key:
        """The key of a link table without a model, from values of its columns in another order."""
        by_name = dict(zip(names, values, strict=True))
        return tuple(by_name[name] for name in table.primary_key)

    # What `creates` asks for

    def relink(
        self, writes: WriteView, relation: Relation, keys: Sequence[Key], owner: Made, path: Path
    ) -> Script[None]:
        table = writes.table
        seen = self.shown(table.key, table.primary_key)
        columns: dict[str, tuple[Operation, Any]] = {
            theirs: ("set", owner.columns[ours]) for ours, theirs in relation.pairs
        }
        changes = Changes(writes, path, columns, [])
        leaves = key_lists(keys)
        done = yield from self.update(Chosen(e.both(among_keys(table, 0), seen), leaves), changes)
        if len(done) < len(set(keys)):
            message = f"there is no {table.names.type} with this key that you may read and update"
            raise Refusal(fault(path, message))

    def overwrite(
        self, writes: WriteView, conflict: Conflict, keys: Sequence[Key], rows: Sequence[dict[str, Any]]
    ) -> Script[set[Key]]:
        table = writes.table
        names = [name for name in conflict.update if name not in table.primary_key]
        given = frozenset(conflict.update)
        rules = self.rules(writes, "update", Writing(given, frozenset()))
        such = self.filter(conflict.where, table.key, f"{conflict.path[-1]}.where")
        leaves = key_lists(keys)
        chosen = Chosen(e.both(among_keys(table, 0), such), leaves)
        found = yield from self._choose(table, chosen, rules, table.primary_key, None)
        masks = {tuple(row.values[name] for name in table.primary_key): row.mask for row in found}
        by_key = dict(zip(keys, rows, strict=True))
        kept = [key for key in keys if key in masks]
        for places in _by_mask([masks[key] for key in kept]):
            some = [kept[place] for place in places]
            passed = tuple(rule for rule, holds in zip(rules, masks[some[0]], strict=True) if holds)
            presets = self.presets(table, passed)
            columns = [*dict.fromkeys((*names, *presets, *self._on_update(table, names)))]
            made = self._on_update(table, names) | presets
            values = [[made[name] if name in made else by_key[key].get(name) for name in columns] for key in some]
            if columns or table.version:
                yield from self.assigned(writes, columns, some, values, bump=True)
            self.wrote(writes, passed, some)
        return set(kept)

    def _on_update(self, table: Table, names: Iterable[str]) -> dict[str, Any]:
        return {
            column.name: column.onupdate.make()
            for column in table.columns.values()
            if column.onupdate and column.onupdate.make and column.name not in {*names}
        }

    # Deletes

    def choose_for_delete(self, writes: WriteView, chosen: Chosen, version: int | None = None) -> Script[list[Key]]:
        """The keys of the chosen rows that may be deleted, locked."""
        table = writes.table
        allowed = e.ALWAYS if self.view.superuser else e.either(*(rule.where for rule in writes.rules["delete"]))
        most = self.limits.max_written_rows
        wanted = (*table.primary_key, *([table.version] if version is not None and table.version else ()))
        known = self._version_shown(table) if version is not None else []
        answer = yield self.commands.choose(
            table, e.both(chosen.condition, allowed), chosen.leaves, known, wanted, lock="delete", most=most
        )
        if len(answer) > most:
            raise self.too_many()
        for row, columns in zip(answer, read(table, wanted, answer), strict=True):
            if version is not None:
                self._check_version(table, dict(zip(wanted, columns, strict=True)), version, shown=bool(row[-1]))
        keys = [columns[: len(table.primary_key)] for columns in read(table, wanted, answer)]
        yield from self.judge_before(table, keys)
        return keys

    def delete_keys(self, writes: WriteView, keys: Sequence[Key]) -> Script[None]:
        """Deletes rows that `choose_for_delete` gave."""
        if not keys:
            return
        yield from self.deleted(writes, keys)

    def delete(self, writes: WriteView, chosen: Chosen) -> Script[None]:
        """Deletes the chosen rows that may be deleted."""
        keys = yield from self.choose_for_delete(writes, chosen)
        yield from self.delete_keys(writes, keys)


def _reaches(related: Related) -> bool:
    """Whether a change is for rows that a relation leads to already."""
    unlinked = isinstance(related.unlink, list) and bool(related.unlink)
    return bool(related.updates) or related.delete is not None or unlinked


def _by_mask(masks: Sequence[tuple[bool, ...]]) -> list[list[int]]:
    """The places of rows for which the same rules hold."""
    found: dict[tuple[bool, ...], list[int]] = {}
    for place, mask in enumerate(masks):
        found.setdefault(mask, []).append(place)
    return list(found.values())
