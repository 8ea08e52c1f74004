"""Rows to create, with all that their relations lead to: what they need first, then they, then what needs them.

In: Objects. Out: the rows that are there now, in the order of the Objects. Rows of one table with the same columns are
one command, however many there are. A row that is there already (`onConflict`) is updated under the rules of updates,
or left alone. Refused here: what `work` refuses, columns that a row needs and nobody gives, and links to rows that the
caller can't see.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..schema import expr as e
from ..schema.catalog import Relation, Rule, Table, TableColumn, TableNames
from ..schema.errors import Code, Refusal
from ..schema.writing import WriteView, unwritten
from .commands import read
from .database import Script
from .judge import Writing, after
from .objects import Conflict, Object, Path, Related, fault, writes_of
from .rows import Key
from .work import Work


@dataclass(frozen=True, slots=True)
class Made:
    """A row that is there now: its key, and the columns that others need of it."""

    key: Key
    columns: dict[str, Any]
    how: Literal["inserted", "updated", "found"]


@dataclass(slots=True, eq=False)
class _Row:
    """An Object made ready: all values but those that come with other rows, and the rules that it falls under."""

    object: Object
    rules: tuple[Rule, ...]
    implied: frozenset[str]


class Creates(Work):
    """Creates rows."""

    @abstractmethod
    def relink(
        self, writes: WriteView, relation: Relation, keys: Sequence[Key], owner: Made, path: Path
    ) -> Script[None]:
        """Makes existing rows point to `owner`, through a relation of its table."""

    @abstractmethod
    def overwrite(
        self, writes: WriteView, conflict: Conflict, keys: Sequence[Key], rows: Sequence[dict[str, Any]]
    ) -> Script[set[Key]]:
        """Updates rows that are there already, each to values of its own; gives the keys of those that it may."""

    def create(
        self, objects: Sequence[Object], conflict: Conflict | None, needed: Iterable[str] = ()
    ) -> Script[list[Made | None]]:
        """Creates rows of one table, with what they lead to; None for those that `onConflict` left alone, unseen."""
        ready = self._prepare(objects, frozenset())
        self.faults.check()
        return (yield from self._create(objects, ready, conflict, frozenset(needed)))

    # Before anything is written

    def _prepare(self, objects: Sequence[Object], implied: frozenset[str]) -> dict[int, _Row]:
        """Every row made ready, by the identity of its Object, with those that it leads to."""
        ready: dict[int, _Row] = {}
        for each in objects:
            filled = implied | {name for related in each.related if _owned(related) for name in related.relation.local}
            given = frozenset(each.values)
            writing = Writing(given - filled, frozenset(related.relation.name for related in each.related), filled)
            rules = self.rules(each.writes, "create", writing)
            for name in sorted(given & filled):
                field = each.writes.table.columns[name].field
                self.faults.add((*each.path, field), "a relation gives it, so leave it out")
            self._complete(each, rules, filled)
            ready[id(each)] = _Row(each, rules, filled)
            for related in each.related:
                inner = frozenset(() if related.relation.link or _owned(related) else related.relation.remote)
                ready |= self._prepare(related.objects, inner)
        return ready

    def _complete(self, object: Object, rules: tuple[Rule, ...], filled: frozenset[str]) -> None:
        """Puts presets and defaults where nothing is given, and validates all values."""
        table, values = object.writes.table, object.values
        values |= self.presets(table, rules)
        for column in table.columns.values():
            if column.generated:
                continue
            if column.name == table.version:
                values[column.name] = 1
            elif column.name in values:
                if values[column.name] is None and not column.nullable:
                    self.faults.add((*object.path, column.field), "null is not allowed here")
            elif column.default is not None and column.name not in filled:
                if column.default.make:
                    values[column.name] = column.default.make()
            elif not column.nullable and column.name not in filled:
                self.faults.add((*object.path, column.field), self._missing(column, table))
        object.values = self.validated(object.writes, values, object.path)

    def _missing(self, column: TableColumn, table: Table) -> str:
        """What is told of a column that a row needs."""
        ways = [each.field for each in table.relations.values() if not each.many and column.name in each.local]
        return "a value is needed" + (f", or {ways[0]}" if ways else "")

    # Writing

    def _create(
        self, objects: Sequence[Object], ready: dict[int, _Row], conflict: Conflict | None, needed: frozenset[str]
    ) -> Script[list[Made | None]]:
        if not objects:
            return []
        rows = [ready[id(each)] for each in objects]
        writes = rows[0].object.writes
        yield from self._owners(rows, ready)
        for row in rows:
            row.object.values = self.validated_row(writes, row.object.values, row.object.path)
        self.faults.check()
        wanted = needed | {
            name
            for row in rows
            for related in row.object.related
            if not _owned(related)
            for name in related.relation.local
        }
        names = tuple(dict.fromkeys((*writes.table.primary_key, *sorted(wanted))))
        made = yield from (
            self._insert(rows, writes, names) if conflict is None else self._upsert(rows, writes, names, conflict)
        )
        yield from self._dependants(rows, made, ready)
        return made

    def _insert(self, rows: Sequence[_Row], writes: WriteView, wanted: tuple[str, ...]) -> Script[list[Made | None]]:
        """Inserts rows, those of the same columns and rules together."""
        table = writes.table
        found: dict[int, Made] = {}
        for (names, rules), group in _alike(rows).items():
            values = [[row.object.values[name] for name in names] for row in group]
            given: list[tuple[Any, ...]] = []
            for command in self.commands.insert(table, names, values, wanted, None):
                done = yield from self.run(
                    command,
                    writes,
                    rules,
                    len(values),
                    lambda check, names=names, values=values: self.commands.count_new(table, names, values, check),
                )
                given += read(table, wanted, done)
            assert len(given) == len(group), "each row that is inserted is given back"
            for row, columns in zip(group, given, strict=True):
                found[id(row)] = self._made(table, wanted, columns, "inserted")
            self.wrote(writes, rules, [found[id(row)].key for row in group])
        return [found[id(row)] for row in rows]

    def _made(
        self,
        table: Table,
        wanted: tuple[str, ...],
        columns: tuple[Any, ...],
        how: Literal["inserted", "updated", "found"],
    ) -> Made:
        values = dict(zip(wanted, columns, strict=True))
        return Made(tuple(values[name] for name in table.primary_key), values, how)

    # Rows that are there already

    ROUNDS = 5
    """How often rows are looked for again that others insert and delete meanwhile."""

    def _upsert(
        self, rows: Sequence[_Row], writes: WriteView, wanted: tuple[str, ...], conflict: Conflict
    ) -> Script[list[Made | None]]:
        """Inserts rows, and overwrites those that clash on the constraint: one after the other as far as the rows given
        clash among themselves.
        """
        if conflict.update:  # asked before it is known whether there is a row to update
            self.rules(writes, "update", Writing(frozenset(conflict.update), frozenset()))
        found: dict[int, Made | None] = {}
        unlike = [row for row in rows if not _whole(row, conflict)]  # null clashes with nothing
        if unlike:
            made = yield from self._insert(unlike, writes, wanted)
            found |= zip(map(id, unlike), made, strict=True)
        waiting = [row for row in rows if id(row) not in found]
        for _ in range(self.ROUNDS):
            fresh = yield from self._clashing(waiting, writes, conflict, wanted, found)
            if not fresh:
                break
            waiting = yield from self._insert_new(fresh, writes, wanted, conflict, found)
            if not waiting:
                break
        else:
            message = "Others write the same rows all the time. Try again."
            raise Refusal.of(Code.UNAVAILABLE, message)
        return [found[id(row)] for row in rows]

    def _clashing(
        self,
        rows: Sequence[_Row],
        writes: WriteView,
        conflict: Conflict,
        wanted: tuple[str, ...],
        found: dict[int, Made | None],
    ) -> Script[list[_Row]]:
        """Overwrites, or finds, the rows that are there; gives those that are not."""
        table = writes.table
        values = [tuple(row.object.values[name] for name in conflict.on.columns) for row in rows]
        there: dict[int, Key] = {}
        for first, command in self.commands.find(table, conflict.on, values):
            answer = yield command
            for (number, _), key in zip(answer, read(table, table.primary_key, answer, at=1), strict=True):
                there[id(rows[first + number - 1])] = key
        waiting = [row for row in rows if id(row) in there]
        while waiting:  # of rows that clash among themselves, one at a time
            first_of: dict[Key, _Row] = {}
            again = [row for row in waiting if first_of.setdefault(there[id(row)], row) is not row]
            yield from self._settle(first_of, writes, conflict, wanted, found)
            waiting = again
        return [row for row in rows if id(row) not in there]

    def _settle(
        self,
        clashing: Mapping[Key, _Row],
        writes: WriteView,
        conflict: Conflict,
        wanted: tuple[str, ...],
        found: dict[int, Made | None],
    ) -> Script[None]:
        """Overwrites rows that are there, or finds them; those out of sight must be such as might have been made."""
        table = writes.table
        keys, now = list(clashing), list(clashing.values())
        updated: set[Key] = set()
        if conflict.update and keys:
            updated = yield from self.overwrite(writes, conflict, keys, [row.object.values for row in now])
        columns = yield from self._look(table, keys, wanted, updated)
        for row, key in zip(now, keys, strict=True):
            shown = columns.get(key)
            how: Literal["updated", "found"] = "updated" if key in updated else "found"
            found[id(row)] = Made(key, shown, how) if shown else None
        if self.view.superuser:
            return
        for (names, rules), group in _alike([row for row in now if found[id(row)] is None]).items():
            values = [[row.object.values[name] for name in names] for row in group]
            check = after(rules, table)
            passed = yield from self.counted(self.commands.count_new(table, names, values, check))
            if passed != len(group):
                raise self.forbidden(writes)

    def _look(
        self, table: Table, keys: Sequence[Key], wanted: tuple[str, ...], updated: set[Key]
    ) -> Script[dict[Key, dict[str, Any]]]:
        """The wanted columns of rows that the caller has written, or can see."""
        if not keys:
            return {}
        seen = self.view.tables.get(table.key)
        rows = seen.rows if seen else e.NEVER
        command = self.commands.among(table, keys, e.ALWAYS, [rows], wanted)
        answer = yield command
        found: dict[Key, dict[str, Any]] = {}
        for row, columns in zip(answer, read(table, wanted, answer), strict=True):
            values = dict(zip(wanted, columns, strict=True))
            key = tuple(values[name] for name in table.primary_key)
            if key in updated or row[1]:
                found[key] = values
        return found

    def _insert_new(
        self,
        rows: Sequence[_Row],
        writes: WriteView,
        wanted: tuple[str, ...],
        conflict: Conflict,
        found: dict[int, Made | None],
    ) -> Script[list[_Row]]:
        """Inserts rows that were not there; gives those that are there by now."""
        table = writes.table
        columns = tuple(dict.fromkeys((*wanted, *conflict.on.columns)))
        late: list[_Row] = []
        for (names, rules), group in _alike(rows).items():
            values = [[row.object.values[name] for name in names] for row in group]
            given: list[tuple[Any, ...]] = []
            for command in self.commands.insert(table, names, values, columns, conflict.on):
                done = yield from self.run(
                    command,
                    writes,
                    rules,
                    len(values),
                    lambda check, names=names, values=values: self.commands.count_new(table, names, values, check),
                )
                given += read(table, columns, done)
            if len(given) == len(group):
                matched: dict[int, tuple[Any, ...]] = dict(zip(map(id, group), given, strict=True))
            else:
                matched = _matched(group, given, columns, conflict)
            for row in group:
                if id(row) in matched:
                    made = dict(zip(columns, matched[id(row)], strict=True))
                    found[id(row)] = Made(tuple(made[name] for name in table.primary_key), made, "inserted")
                else:
                    late.append(row)
            mine = [made.key for row in group if (made := found.get(id(row)))]
            self.wrote(writes, rules, mine)
        return late

    # What relations lead to

    def _owners(self, rows: Sequence[_Row], ready: dict[int, _Row]) -> Script[None]:
        """Creates, or looks for, the rows that foreign keys of these rows point to."""
        for relation, group in _by_relation(rows, owned=True).items():
            target = self.view.catalog.tables[relation.target]
            with_data = [(row, related) for row, related in group if related.objects]
            for conflict, some in _by_conflict(with_data):
                objects = [related.objects[0] for _, related in some]
                made = yield from self._create(objects, ready, conflict, frozenset(relation.remote))
                for (row, related), one in zip(some, made, strict=True):
                    if one is None:
                        message = f"the {target.names.type} is there already, and not to be linked"
                        raise Refusal(fault(related.path, message, Code.CONSTRAINT_VIOLATION))
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

    def _dependants(self, rows: Sequence[_Row], made: Sequence[Made | None], ready: dict[int, _Row]) -> Script[None]:
        """Creates and links the rows that point to these rows."""
        made_of = dict(zip(map(id, rows), made, strict=True))
        for relation, group in _by_relation(rows, owned=False).items():
            kept = [(row, related) for row, related in group if made_of[id(row)] is not None]
            for row, related in group:
                if made_of[id(row)] is None:
                    message = "its row is there already, and not to be written"
                    raise Refusal(fault(related.path, message, Code.CONSTRAINT_VIOLATION))
            owners: list[tuple[Made, Related]] = []
            for row, related in kept:
                one = made_of[id(row)]
                assert one
                owners.append((one, related))
            yield from self.attach(relation, owners, ready)

    def attach(
        self, relation: Relation, owners: Sequence[tuple[Made, Related]], ready: dict[int, _Row] | None = None
    ) -> Script[None]:
        """Creates and links what each owner leads to through a relation whose keys the other side, or a link, holds."""
        if ready is None:
            ready = {}
            for _, related in owners:
                ready |= self._prepare(related.objects, frozenset(() if relation.link else relation.remote))
            self.faults.check()
        if relation.link is None:
            for one, related in owners:
                for each in related.objects:
                    for ours, theirs in relation.pairs:
                        each.values[theirs] = one.columns[ours]
        for conflict, some in _by_conflict([(one, related) for one, related in owners if related.objects]):
            objects = [each for _, related in some for each in related.objects]
            needed = frozenset(relation.remote if relation.link else ())
            made = yield from self._create(objects, ready, conflict, needed)
            if relation.link:
                of = [one for one, related in some for _ in related.objects]
                paths = [each.path for each in objects]
                yield from self._link(relation, of, made, paths)
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
        self, relation: Relation, owners: Sequence[Made], made: Sequence[Made | None], paths: Sequence[Path]
    ) -> Script[None]:
        """Inserts rows of a link table."""
        assert relation.link
        link = relation.link
        table = self.view.catalog.tables[link.table] if link.table else link_table(self.view.catalog.tables, relation)
        attribute_of = {column.sql: column.name for column in table.columns.values()}
        rows: list[dict[str, Any]] = []
        for owner, one, path in zip(owners, made, paths, strict=True):
            if one is None:
                message = "the row is there already, and not to be linked"
                raise Refusal(fault(path, message, Code.CONSTRAINT_VIOLATION))
            values = {attribute_of[sql]: owner.columns[name] for sql, name in link.local}
            rows.append(values | {attribute_of[sql]: one.columns[name] for sql, name in link.remote})
        if link.table:
            writes = writes_of(self.view, link.table)
            objects = [Object(writes, path, {}) for path in paths]
            ready = self._prepare(objects, frozenset(attribute_of[sql] for sql, _ in (*link.local, *link.remote)))
            for each, values in zip(objects, rows, strict=True):
                each.values |= values
            yield from self._create(objects, ready, None, frozenset())
            return
        names = tuple(table.columns)
        writes = unwritten(table)
        for command in self.commands.insert(table, names, [[row[name] for name in names] for row in rows], (), None):
            yield from self.run(command, writes, (), len(rows))
        self.count(len(rows))


def link_table(tables: Any, relation: Relation) -> Table:
    """The link table of a relation, where its model is not declared: only what the relation says of it."""
    assert relation.link
    owner = next(table for table in tables.values() if relation in table.relations.values())
    target = tables[relation.target]
    columns = {sql: (owner.columns[name]) for sql, name in relation.link.local}
    columns |= {sql: (target.columns[name]) for sql, name in relation.link.remote}
    return Table(
        key=f"{owner.key}.{relation.name}",
        sql=relation.link.sql,
        sql_schema=relation.link.sql_schema,
        columns={sql: TableColumn(sql, sql, sql, column.type, False) for sql, column in columns.items()},
        relations={},
        primary_key=tuple(columns),
        names=TableNames(f"link to {target.names.type}", "", "", "", "", {}, {}, {}, {}),
    )


def _whole(row: _Row, conflict: Conflict) -> bool:
    """Whether a row has a value in each column of the constraint."""
    return all(row.object.values.get(name) is not None for name in conflict.on.columns)


def _owned(related: Related) -> bool:
    """Whether the row at hand holds the foreign key of a relation."""
    return related.relation.refers


def _alike(rows: Sequence[_Row]) -> dict[tuple[tuple[str, ...], tuple[Rule, ...]], list[_Row]]:
    """Rows by the columns that they have values of, and their rules."""
    found: dict[tuple[tuple[str, ...], tuple[Rule, ...]], list[_Row]] = {}
    for row in rows:
        values = row.object.values
        names = tuple(name for name in row.object.writes.table.columns if name in values)
        found.setdefault((names, row.rules), []).append(row)
    return found


def _by_relation(rows: Sequence[_Row], *, owned: bool) -> dict[Relation, list[tuple[_Row, Related]]]:
    found: dict[Relation, list[tuple[_Row, Related]]] = {}
    for row in rows:
        for related in row.object.related:
            if _owned(related) is owned:
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


def _matched(
    rows: Sequence[_Row], given: Sequence[tuple[Any, ...]], columns: tuple[str, ...], conflict: Conflict
) -> dict[int, tuple[Any, ...]]:
    """Which of the rows given back are which: those that clashed gave nothing."""
    places = [columns.index(name) for name in conflict.on.columns]
    by_value = {tuple(each[place] for place in places): each for each in given}
    found: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        value = tuple(row.object.values[name] for name in conflict.on.columns)
        if value in by_value:
            found[id(row)] = by_value.pop(value)
    return found
