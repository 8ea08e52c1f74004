"""What a set of roles may write: the rules by verb, what inputs may name, and the fields of Mutation.

In: the Catalog, who is asking, and which tables they may read. Out: a WriteView for each table that they may write to,
and the mutations. Updates and deletes choose rows by filters and keys, so they need that the table can be read; which
rows, and what a row must be like afterwards, is for `resolvers` to attach.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from .catalog import Catalog, Relation, Rule, Table, TableColumn, Verb
from .names import MutationKind

WRITES: tuple[Verb, ...] = ("create", "update", "delete")
Part = Literal["data", "link", "unlink", "update", "delete"]
"""What a write may do at the other end of a relation: make rows, take or let go of such as are there, change them."""
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class WriteView:
    """What a set of roles may write to a table.

    `rules` are those of the caller by verb, as they were declared; a superuser has none and needs none. `create` and
    `update` are the columns that inputs take, by field, None where the caller may not do that at all; the relations
    are those through which a create or an update may write, by field, and the parts what it may do there.
    """

    table: Table
    rules: Mapping[Verb, tuple[Rule, ...]]
    create: Mapping[str, TableColumn] | None
    update: Mapping[str, TableColumn] | None
    delete: bool
    create_relations: Mapping[str, Relation]
    update_relations: Mapping[str, Relation]
    create_parts: Mapping[str, frozenset[Part]]
    update_parts: Mapping[str, frozenset[Part]]

    @property
    def writable(self) -> bool:
        """Whether the caller may do anything here."""
        return self.create is not None or self.update is not None or self.delete


def unwritten(table: Table) -> WriteView:
    """What those may write who may write nothing to a table."""
    return WriteView(table, dict.fromkeys(WRITES, ()), None, None, False, {}, {}, {}, {})


@dataclass(frozen=True, slots=True)
class MutationField:
    """A field of Mutation."""

    name: str
    kind: MutationKind
    table: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: `read` are the keys of the tables that they may read, `keyed` of those whose whole key shows."""

    catalog: Catalog
    roles: frozenset[str]
    superuser: bool
    read: Collection[str]
    keyed: Collection[str]

    def writes(self) -> dict[str, WriteView]:
        """What they may write, by table."""
        found = {key: self._alone(table) for key, table in self.catalog.tables.items()}
        if not self.superuser and not any(rules for seen in found.values() for rules in seen.rules.values()):
            return {}
        before = -1
        while (now := sum((seen.create is not None) + (seen.update is not None) for seen in found.values())) > before:
            before = now  # a write that takes relations alone is one where one of them leads somewhere
            found = {key: self._related(seen, found) for key, seen in found.items()}
        return {key: seen for key, seen in found.items() if seen.writable}

    def mutations(self, writes: Mapping[str, WriteView]) -> dict[str, MutationField]:
        """The fields of Mutation, by name."""
        found: dict[str, MutationField] = {}
        for key, seen in writes.items():
            for kind in self._kinds(seen):
                name = seen.table.names.mutations[kind]
                found[name] = MutationField(name, kind, key)
        return found

    def _kinds(self, seen: WriteView) -> Iterator[MutationKind]:
        key = seen.table.key
        if seen.create is not None:
            yield "create"
            if key in self.read:
                yield "create_one"
        if seen.update is not None:
            yield "update"
            if key in self.keyed:
                yield "update_one"
            yield "update_many"
        if seen.delete:
            yield "delete"
            if key in self.keyed:
                yield "delete_one"

    # A table by itself

    def _alone(self, table: Table) -> WriteView:
        rules: dict[Verb, tuple[Rule, ...]] = {verb: self._rules(table, verb) for verb in WRITES}
        create = {
            column.field: column
            for column in table.columns.values()
            if table.givable(column) and self._open(column) and self._given(rules["create"], column.name)
        }
        update = {
            column.field: column
            for column in table.columns.values()
            if table.changeable(column)
            and self._open(column)
            and self._given(rules["update"], column.name)
            and table.key in self.read
        }
        delete = table.key in self.read and (self.superuser or bool(rules["delete"]))
        return WriteView(table, rules, create or None, update or None, delete, {}, {}, {}, {})

    def _open(self, column: TableColumn) -> bool:
        return self.superuser or not column.sealed

    def _rules(self, table: Table, verb: Verb) -> tuple[Rule, ...]:
        if self.superuser:
            return ()
        return tuple(rule for rule in table.rules if verb in rule.verbs and rule.roles & self.roles)

    def _given(self, rules: Iterable[Rule], name: str) -> bool:
        """Whether some rule lets the client say what this column or relation is."""
        return self.superuser or any(_names(rule, name) and name not in rule.preset for rule in rules)

    # And the tables around it

    def _related(self, seen: WriteView, others: Mapping[str, WriteView]) -> WriteView:
        create = dict(self._through(seen, "create", others))
        update = dict(self._through(seen, "update", others)) if seen.table.key in self.read else {}
        relations = {relation.field: relation for relation in seen.table.relations.values()}
        return replace(
            seen,
            create={} if seen.create is None and create else seen.create,
            update={} if seen.update is None and update else seen.update,
            create_relations={field: relations[field] for field in create},
            update_relations={field: relations[field] for field in update},
            create_parts=create,
            update_parts=update,
        )

    def _through(
        self, seen: WriteView, verb: Verb, others: Mapping[str, WriteView]
    ) -> Iterator[tuple[str, frozenset[Part]]]:
        for relation in seen.table.relations.values():
            if relation.writable and self._given(seen.rules[verb], relation.name):
                parts = frozenset(self._parts(seen.table, relation, verb, others))
                if parts:
                    yield relation.field, parts

    def _parts(self, table: Table, relation: Relation, verb: Verb, others: Mapping[str, WriteView]) -> Iterator[Part]:
        target = others[relation.target]
        joins = self._links(relation, "create", others) if relation.link else True
        if target.create is not None and joins:
            yield "data"
        if relation.link:
            takes, leaves = joins, self._links(relation, "delete", others)
        elif relation.refers:
            takes, leaves = True, all(table.columns[name].nullable for name in relation.local)
        else:
            takes = self._moves(target, relation)
            leaves = takes and all(target.table.columns[name].nullable for name in relation.remote)
        keyed = relation.target in self.keyed
        if takes and keyed:
            yield "link"
        if verb == "create":
            return
        if leaves and (keyed or not relation.many):
            yield "unlink"
        if target.update is not None:
            yield "update"
        if target.delete and relation.many:
            yield "delete"

    def _links(self, relation: Relation, verb: Verb, others: Mapping[str, WriteView]) -> bool:
        """Whether rows of the link table may be made or deleted: those of a declared link model follow its rules."""
        link = relation.link.table if relation.link else None
        return self.superuser or link is None or bool(others[link].rules[verb])

    def _moves(self, target: WriteView, relation: Relation) -> bool:
        """Whether rows at the other end, which refer to ours, may be made to refer to another."""
        back = [
            each.name
            for each in target.table.relations.values()
            if each.refers and {*each.pairs} == {(theirs, ours) for ours, theirs in relation.pairs}
        ]
        return target.table.key in self.read and (
            self.superuser
            or any(
                all(_names(rule, name) for name in relation.remote) or any(_names(rule, name) for name in back)
                for rule in target.rules["update"]
                if not any(name in rule.preset for name in relation.remote)
            )
        )


def _names(rule: Rule, name: str) -> bool:
    return rule.fields is None or name in rule.fields
