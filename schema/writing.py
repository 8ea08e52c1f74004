"""What a set of roles may write: the rules by verb, what inputs may name, and the fields of Mutation.

In: the Catalog, who is asking, and which tables they may read. Out: a WriteView for each table that they may write to,
and the mutations. Updates and deletes choose rows by filters and keys, so they need that the table can be read; which
rows, and what the row must be like afterwards, is for `resolvers` to attach.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from .catalog import Catalog, Relation, Rule, Table, TableColumn, Verb
from .names import MutationKind

WRITES: tuple[Verb, ...] = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class WriteView:
    """What a set of roles may write to a table.

    `rules` are those of the caller by verb, as they were declared; a superuser has none and needs none. `create` and
    `update` are the columns that inputs take, by field, None where the caller may not do that at all; the relations
    are those through which a create or an update may write to other tables, or link.
    """

    table: Table
    rules: Mapping[Verb, tuple[Rule, ...]]
    create: Mapping[str, TableColumn] | None
    update: Mapping[str, TableColumn] | None
    delete: bool
    create_relations: Mapping[str, Relation]
    update_relations: Mapping[str, Relation]


def unwritten(table: Table) -> WriteView:
    """What those may write who may write nothing to a table."""
    return WriteView(table, dict.fromkeys(WRITES, ()), None, None, False, {}, {})


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
        rules = {key: self._rules(table) for key, table in self.catalog.tables.items()}
        found: dict[str, WriteView] = {}
        for key, table in self.catalog.tables.items():
            create = self._columns(table, "create", rules[key])
            update = self._columns(table, "update", rules[key])
            into = dict(self._relations(table, "create", rules))
            onto = dict(self._relations(table, "update", rules))
            seen = WriteView(
                table=table,
                rules=rules[key],
                create=create if create or into else None,  # GraphQL knows no input without fields
                update=update if update or onto else None,
                delete=self._may("delete", key, rules),
                create_relations=into,
                update_relations=onto,
            )
            if seen.create is not None or seen.update is not None or seen.delete:
                found[key] = seen
        return found

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

    def _rules(self, table: Table) -> dict[Verb, tuple[Rule, ...]]:
        return {
            verb: ()
            if self.superuser
            else tuple(rule for rule in table.rules if verb in rule.verbs and rule.roles & self.roles)
            for verb in WRITES
        }

    def _may(self, verb: Verb, key: str, rules: Mapping[str, Mapping[Verb, tuple[Rule, ...]]]) -> bool:
        return (verb == "create" or key in self.read) and (self.superuser or bool(rules[key][verb]))

    def _columns(self, table: Table, verb: Verb, rules: Mapping[Verb, tuple[Rule, ...]]) -> dict[str, TableColumn]:
        if verb == "update" and table.key not in self.read:
            return {}
        return {
            column.field: column
            for column in table.columns.values()
            if (table.changeable(column) if verb == "update" else table.givable(column))
            and (
                self.superuser
                or any(_names(rule, column.name) and column.name not in rule.preset for rule in rules[verb])
            )
        }

    def _relations(
        self, table: Table, verb: Verb, rules: Mapping[str, Mapping[Verb, tuple[Rule, ...]]]
    ) -> Iterator[tuple[str, Relation]]:
        """The relations that a create or an update may write through: by field."""
        if not self._may(verb, table.key, rules):
            return
        for relation in table.relations.values():
            named = self.superuser or any(_names(rule, relation.name) for rule in rules[table.key][verb])
            link = relation.link.table if relation.link else None
            linking = (
                link is None
                or self._may("create", link, rules)
                or (verb == "update" and self._may("delete", link, rules))
            )
            target = relation.target
            reaches = (
                self._may("create", target, rules)
                or target in self.keyed
                or (verb == "update" and (self._may("update", target, rules) or self._may("delete", target, rules)))
            )
            if relation.writable and named and linking and reaches:
                yield relation.field, relation


def _names(rule: Rule, name: str) -> bool:
    return rule.fields is None or name in rule.fields
