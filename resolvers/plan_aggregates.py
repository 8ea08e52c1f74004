"""The selection of an aggregate field → an Aggregation of the Plan: totals, the rows themselves, groups of them.

In: field nodes whose arguments and selections validation has found to fit. Out: plan nodes, without any rule. Refused
here, as BAD_USER_INPUT: what is selected of a group's key and not named in `by`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import graphql as g

from ..schema import expr as e
from ..schema.errors import Refusal
from ..schema.views import TableView
from .inputs import bad
from .plan import (
    Aggregation,
    ColumnField,
    Field,
    GroupsField,
    NodesField,
    ObjectField,
    Order,
    TotalsField,
    TypenameField,
)
from .planning import Path, Planning, placed


class AggregatePlanner:
    """Plans aggregate fields, of lists and of relations."""

    def __init__(self, planning: Planning) -> None:
        self.planning = planning

    def aggregation(self, nodes: Sequence[g.FieldNode], seen: TableView, path: Path) -> Aggregation:
        """What is selected of an aggregate field."""
        planning = self.planning
        fields: list[TotalsField | NodesField | GroupsField | TypenameField] = []
        for key, inner in self.planning.selection.below(nodes).items():
            name = inner[0].name.value
            at = (*path, key)
            try:
                match name:
                    case "__typename":
                        fields.append(TypenameField(key, seen.table.names.made["aggregate"]))
                    case "nodes":
                        fields.append(NodesField(key, planning.fields(inner, seen, at), planning.limits.max_rows))
                    case "aggregate":
                        fields.append(TotalsField(key, self._aggregates(inner, seen)))
                    case _:
                        fields.append(self._groups(key, inner, seen))
            except Refusal as refusal:
                raise refusal if refusal.complaints[0].path else placed(refusal, at, inner[0]) from None
        return Aggregation(self.planning.rows(nodes[0], seen, None, ()), tuple(fields))

    def _aggregates(self, nodes: Sequence[g.FieldNode], seen: TableView) -> tuple[Field, ...]:
        """What is selected of the aggregates of rows."""
        fields: list[Field] = []
        for key, inner in self.planning.selection.below(nodes).items():
            name = inner[0].name.value
            if name == "__typename":
                fields.append(TypenameField(key, seen.table.names.made["fields"]))
            elif name == "count":
                arguments = self.planning.selection.arguments(inner[0])
                columns, distinct = arguments.get("columns"), arguments.get("distinct")
                count = self.planning.reader.aggregates.count(columns, distinct, seen, key)
                fields.append(ColumnField(key, count, nullable=False))
            else:
                function = self.planning.reader.aggregates.function(name)
                found: list[Field] = []
                for inner_key, (node, *_) in self.planning.selection.below(inner).items():
                    column = node.name.value
                    if column == "__typename":
                        found.append(TypenameField(inner_key, seen.table.names.made[function]))
                    else:
                        value = self.planning.reader.aggregates.of_column(function, column, seen)
                        found.append(ColumnField(inner_key, value, nullable=True))
                fields.append(ObjectField(key, tuple(found)))
        return tuple(fields)

    def _groups(self, key: str, nodes: Sequence[g.FieldNode], seen: TableView) -> GroupsField:
        reader = self.planning.reader
        arguments = self.planning.selection.arguments(nodes[0])
        naming = reader.naming
        keys = reader.aggregates.keys(arguments.get("by"), seen)
        order = [*reader.aggregates.group_order(arguments.get(naming.order_by), seen, keys, naming.order_by)]
        known = {term.value for term in order}
        order += [Order(each.value) for each in keys if each.value not in known]
        fields: list[Field] = []
        for inner_key, inner in self.planning.selection.below(nodes).items():
            match inner[0].name.value:
                case "__typename":
                    fields.append(TypenameField(inner_key, seen.table.names.made["group"]))
                case "aggregate":
                    fields.append(ObjectField(inner_key, self._aggregates(inner, seen)))
                case _:
                    by_path = {each.path: each.value for each in keys}
                    name = seen.table.names.made["key"]
                    fields.append(ObjectField(inner_key, self._key(inner, by_path, (), seen, name)))
        limit = reader.count(arguments.get("limit"), "limit", self.planning.limits.max_rows)
        return GroupsField(
            key=key,
            keys=tuple(each.value for each in keys),
            having=reader.aggregates.condition(arguments.get("having"), seen, "having", lambda aggregate: aggregate, 1),
            order=tuple(order),
            limit=limit,
            offset=reader.count(arguments.get("offset"), "offset", None),
            cap=self.planning.limits.max_rows if limit is None else None,
            fields=tuple(fields),
        )

    def _key(
        self,
        nodes: Sequence[g.FieldNode],
        keys: Mapping[tuple[str, ...], e.Value],
        path: tuple[str, ...],
        seen: TableView,
        type_name: str,
    ) -> tuple[Field, ...]:
        """What is selected of the key of a group; every leaf must be among what `by` names."""
        fields: list[Field] = []
        for response_key, inner in self.planning.selection.below(nodes).items():
            name = inner[0].name.value
            here = (*path, name)
            if name == "__typename":
                fields.append(TypenameField(response_key, type_name))
            elif inner[0].selection_set is None:
                if here not in keys:
                    raise bad(".".join(("key", *here)), "the rows are not grouped by it; name it in by")
                fields.append(ColumnField(response_key, keys[here], nullable=True))
            elif name in seen.relations:
                target = self.planning.view.tables[seen.relations[name].target]
                inside = self._key(inner, keys, here, target, target.table.names.made["key"])
                fields.append(ObjectField(response_key, inside))
            else:
                type = self.planning.reader.naming.key(seen.columns[name].type)
                fields.append(ObjectField(response_key, self._key(inner, keys, here, seen, type)))
        return tuple(fields)
