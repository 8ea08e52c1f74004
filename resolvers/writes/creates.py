"""Rows to create, with all that their relations lead to: what they need first, then they, then what needs them.

In: Objects. Out: the rows that are there now, in the order of the Objects. Rows of one table with the same columns are
one command, however many there are. A row that is there already (`onConflict`) is updated under the rules of updates,
or left alone. Refused here: what `work` refuses, columns that a row needs and nobody gives, and links to rows that the
caller can't see.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from ...schema.catalog import Relation
from ...schema.errors import Code, Refusal
from ...schema.writing import WriteView, unwritten
from ..database import Script
from ..rows import Key
from .commands import read
from .objects import Conflict, Object, Path, Related, fault, writes_of
from .prepare import Prepared, Ready, owned
from .supposed import link_table
from .upserts import Made, Upserts


class Creates(Upserts):
    """Creates rows."""

    @abstractmethod
    def relink(
        self, writes: WriteView, relation: Relation, keys: Sequence[Key], owner: Made, path: Path
    ) -> Script[None]:
        """Makes existing rows point to `owner`, through a relation of its table."""

    def create(self, objects: Sequence[Object], conflict: Conflict | None) -> Script[list[Made | None]]:
        """Creates rows of one table, with what they lead to; None for those that `onConflict` left alone, unseen."""
        prepared = self.prepared(objects)
        yield from self.check_uploads(prepared)
        return (yield from self.create_prepared(objects, prepared, conflict))

    def create_prepared(
        self, objects: Sequence[Object], prepared: Prepared, conflict: Conflict | None, needed: Iterable[str] = ()
    ) -> Script[list[Made | None]]:
        """Creates rows that were made ready; `needed` are columns of them that others will refer to."""
        if not objects:
            return []
        needed = frozenset(needed)
        rows = [prepared.rows[id(each)] for each in objects]
        writes = rows[0].object.writes
        yield from self._owners(rows, prepared)
        for row in rows:
            if row.implied:  # else it was whole before
                row.object.values = self.validated_row(writes, row.object.values, row.object.path)
        self.faults.check()
        below = [_below(row.object) for row in rows]
        wanted = tuple(dict.fromkeys((*writes.table.primary_key, *sorted(needed.union(*below)))))
        if conflict is None:
            made = yield from self.insert(rows, writes, wanted)
        else:
            made = yield from self.upsert(rows, writes, wanted, conflict)
        for place, (row, one) in enumerate(zip(rows, made, strict=True)):
            if (needed or below[place]) and not (one and one.shown):
                made[place] = yield from self._imagine(row, wanted)
            elif one is None:
                self.left(writes, row.rules, row.object.values)
        yield from self._dependants(rows, made, prepared)
        return made

    def _imagine(self, row: Ready, wanted: tuple[str, ...]) -> Script[Made]:
        """A row that others are to refer to, as it would be, were there not one already that is not for the caller."""
        message = "the row is there already, and not to be linked or written below"
        self.broke(Refusal(fault(row.object.path, message, Code.CONSTRAINT_VIOLATION)))
        (made,) = yield from self.insert([row], row.object.writes, wanted)
        assert made
        return made

    # What relations lead to

    def _owners(self, rows: Sequence[Ready], prepared: Prepared) -> Script[None]:
        """Creates, or looks for, the rows that foreign keys of these rows point to."""
        for relation, group in _by_relation(rows, refers=True).items():
            with_data = [(row, related) for row, related in group if related.objects]
            for conflict, some in _by_conflict(with_data):
                objects = [related.objects[0] for _, related in some]
                made = yield from self.create_prepared(objects, prepared, conflict, relation.remote)
                for (row, _), one in zip(some, made, strict=True):
                    assert one
                    self._fill(row.object, relation, one.columns)
            linked = [(row, related) for row, related in group if related.link]
            found = yield from self.visible(relation, [(related.link[0], related.path) for _, related in linked])
            for (row, _), columns in zip(linked, found, strict=True):
                self._fill(row.object, relation, columns)

    def _fill(self, object: Object, relation: Relation, columns: dict[str, Any]) -> None:
        for ours, theirs in relation.pairs:
            object.values[ours] = columns[theirs]

    def visible(self, relation: Relation, keys: Sequence[tuple[Key, Path]]) -> Script[list[dict[str, Any]]]:
        """The columns that a relation compares, of rows that must show the caller these and their keys."""
        if not keys:
            return []
        table = self.view.catalog.tables[relation.target]
        wanted = tuple(dict.fromkeys((*table.primary_key, *relation.remote)))
        seen = self.shown(table.key, wanted)
        answer = yield self.commands.among(table, [*dict.fromkeys(key for key, _ in keys)], seen, [], wanted)
        found: dict[Key, dict[str, Any]] = {}
        for columns in read(table, wanted, answer):
            values = dict(zip(wanted, columns, strict=True))
            found[tuple(values[name] for name in table.primary_key)] = values
        for key, path in keys:
            if key not in found:
                self.faults.add(path, f"there is no {table.names.type} with this key that you may read")
        self.faults.check()
        return [found[key] for key, _ in keys]

    def _dependants(self, rows: Sequence[Ready], made: Sequence[Made | None], prepared: Prepared) -> Script[None]:
        """Creates and links the rows that point to these rows."""
        made_of = dict(zip(map(id, rows), made, strict=True))
        for relation, group in _by_relation(rows, refers=False).items():
            owners: list[tuple[Made, Related]] = []
            for row, related in group:
                one = made_of[id(row)]
                assert one
                owners.append((one, related))
            yield from self.attach(relation, owners, prepared)

    def attach(self, relation: Relation, owners: Sequence[tuple[Made, Related]], prepared: Prepared) -> Script[None]:
        """Creates and links what each owner leads to through a relation whose keys the other side, or a link, holds."""
        if relation.link is None:
            for one, related in owners:
                for each in related.objects:
                    for ours, theirs in relation.pairs:
                        each.values[theirs] = one.columns[ours]
        for conflict, some in _by_conflict([(one, related) for one, related in owners if related.objects]):
            objects = [each for _, related in some for each in related.objects]
            made = yield from self.create_prepared(
                objects, prepared, conflict, relation.remote if relation.link else ()
            )
            if relation.link:
                of = [one for one, related in some for _ in related.objects]
                linked = [one for one in made if one]
                yield from self._link(relation, of, linked, [each.path for each in objects])
        for one, related in owners:
            if not related.link:
                continue
            if relation.link is None:
                yield from self.relink(related.target, relation, related.link, one, (*related.path, "link"))
            else:
                named = [(key, (*related.path, "link", index)) for index, key in enumerate(related.link)]
                found = yield from self.visible(relation, named)
                linked = [Made(key, columns, "found") for (key, _), columns in zip(named, found, strict=True)]
                yield from self._link(relation, [one] * len(linked), linked, [path for _, path in named])

    def _link(
        self, relation: Relation, owners: Sequence[Made], made: Sequence[Made], paths: Sequence[Path]
    ) -> Script[None]:
        """Inserts rows of a link table."""
        assert relation.link
        link = relation.link
        table = self.view.catalog.tables[link.table] if link.table else link_table(self.view.catalog.tables, relation)
        attribute_of = {column.sql: column.name for column in table.columns.values()}
        rows: list[dict[str, Any]] = []
        for owner, one in zip(owners, made, strict=True):
            values = {attribute_of[sql]: owner.columns[name] for sql, name in link.local}
            rows.append(values | {attribute_of[sql]: one.columns[name] for sql, name in link.remote})
        if link.table:
            writes = writes_of(self.view, link.table)
            objects = [Object(writes, path, {}) for path in paths]
            implied = frozenset(attribute_of[sql] for sql, _ in (*link.local, *link.remote))
            prepared = self.prepared(objects, implied=implied)
            for each, values in zip(objects, rows, strict=True):
                each.values |= values
            yield from self.create_prepared(objects, prepared, None)
            return
        names = tuple(table.columns)
        writes = unwritten(table)
        yield from self.inserted(writes, names, [[row[name] for name in names] for row in rows], ())
        self.count(len(rows))


def _below(object: Object) -> set[str]:
    """The columns of a row that rows to be created or linked below it need."""
    return {name for related in object.related if not owned(related) for name in related.relation.local}


def _by_relation(rows: Sequence[Ready], *, refers: bool) -> dict[Relation, list[tuple[Ready, Related]]]:
    found: dict[Relation, list[tuple[Ready, Related]]] = {}
    for row in rows:
        for related in row.object.related:
            if owned(related) is refers:
                found.setdefault(related.relation, []).append((row, related))
    return found


def _by_conflict(pairs: Sequence[tuple[Any, Related]]) -> list[tuple[Conflict | None, list[tuple[Any, Related]]]]:
    """What is to be created, by what becomes of rows that are there."""
    found: list[tuple[Conflict | None, list[tuple[Any, Related]]]] = []
    for pair in pairs:
        conflict = pair[1].conflict
        same = next((group for known, group in found if _same(known, conflict)), None)
        if same is None:
            found.append((conflict, [pair]))
        else:
            same.append(pair)
    return found


def _same(one: Conflict | None, other: Conflict | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.on, one.update, one.where) == (other.on, other.update, other.where)
