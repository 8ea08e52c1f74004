"""Rows to update, with what that does through their relations.

In: a condition on rows with the rules of reading in it already, and Changes. Out: the rows that were written. What is
related before the update is reached first; new rows are related to the rows as they are after it. Refused here: what
`updates` refuses, rows that the caller can't relate, and rows to create below more than one row at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...schema import expr as e
from ...schema.catalog import Relation, Table
from ...schema.errors import Refusal
from ...schema.names import Operation
from ...schema.writing import WriteView, unwritten
from ..authorize import link_shown, related_shown
from ..database import Script
from ..rows import Key, among_keys, key_lists
from .commands import read
from .objects import Changes, Path, Related, fault, writes_of
from .prepare import Prepared, repoints
from .supposed import link_table
from .updates import Chosen, Updates, by_mask
from .uploads import keep
from .upserts import Made


@dataclass(frozen=True, slots=True)
class _Reached:
    """Rows from which the caller sees others through a relation: because a rule of reading names it for them, or
    (`compared`) because they show the columns that it compares; then the others must too.
    """

    named: list[dict[str, Any]]
    compared: list[dict[str, Any]]


class Writer(Updates):
    """Writes what one root field of a mutation says."""

    # Updates

    def update(
        self, chosen: Chosen, changes: Changes, version: int | None = None, prepared: Prepared | None = None
    ) -> Script[list[Key]]:
        """Updates the chosen rows; gives their keys as they are then. With a `version`, every row must be of it."""
        prepared = prepared or self.prepared(changes=[changes])
        yield from self.check_uploads(prepared)
        table, rules = changes.writes.table, prepared.changes[id(changes)].rules
        held = prepared.held.get(id(changes), [])
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
        rows = yield from self.choose(table, chosen, rules, wanted, version, asked)
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
        for places in by_mask([row.mask for row in rows]):
            some = [owners[place] for place in places]
            passed = tuple(rule for rule, holds in zip(rules, rows[places[0]].mask, strict=True) if holds)
            done += yield from self.change(changes, filled, some, passed)
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


def _reaches(related: Related) -> bool:
    """Whether a change is for rows that a relation leads to already."""
    unlinked = isinstance(related.unlink, list) and bool(related.unlink)
    return bool(related.updates) or related.delete is not None or unlinked
