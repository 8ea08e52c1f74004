"""Foreign keys → relations of models, both ways.

In: models with their columns. Out: `Relationship(…)` lines. A table that has nothing but two foreign keys, its primary
key, links two others many to many. Refused: keys over columns that are not served, and keys to tables that are no
models; they stay in the table. What SQLAlchemy evaluates in a relationship is names of our own making only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import inflection
import sqlalchemy as sa

from .model import Model, Relation
from .names import identifier


def relations(models: Mapping[sa.Table, Model], told: list[str]) -> None:
    """Gives models their relations."""
    links: list[tuple[Model, sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]] = []
    for model in models.values():
        keys = _keys(model)
        pair = [key for key in keys if key.referred_table in models]
        if len(keys) == 2 and len(pair) == 2 and _only_links(model, *keys):
            model.link = True
            links.append((model, keys[0], keys[1]))
    pairs = Counter(
        (model.table, key.referred_table) for model in models.values() if not model.link for key in _keys(model)
    )
    for model in models.values():
        if model.link:
            continue
        made: list[tuple[set[str], Relation, Relation]] = []
        for key in _keys(model):
            target = models.get(key.referred_table)
            if target is None or target.link or not _served(key, model, target) or _dotted(key):
                told.append(f"The foreign key {_named(key)} of {model.table.fullname!r} has no relation here.")
                continue
            several = pairs[model.table, target.table] > 1
            made.append(({column.name for column in key.columns}, *_two_ends(model, target, key, several)))
        _overlap(made)
    for link, first, second in links:
        left, right = models[first.referred_table], models[second.referred_table]
        there = left.attributes.many(_plural(right.table.name))
        back = right.attributes.many(_plural(left.table.name))
        left.relations.append(Relation(there, right.name, many=True, back=back, link=link.name))
        right.relations.append(Relation(back, left.name, many=True, back=there, link=link.name))


def _keys(model: Model) -> list[sa.ForeignKeyConstraint]:
    return sorted(model.table.foreign_key_constraints, key=lambda key: [column.name for column in key.columns])


def _named(key: sa.ForeignKeyConstraint) -> str:
    return repr("(" + ", ".join(column.name for column in key.columns) + ")")


def _dotted(key: sa.ForeignKeyConstraint) -> bool:
    target = key.referred_table
    return any("." in each for each in (target.name, target.schema or "", *(e.column.name for e in key.elements)))


def _served(key: sa.ForeignKeyConstraint, model: Model, target: Model) -> bool:
    ours = all(column.name in model.columns for column in key.columns)
    return ours and all(each.column.name in target.columns for each in key.elements)


def _only_links(model: Model, first: sa.ForeignKeyConstraint, second: sa.ForeignKeyConstraint) -> bool:
    table = model.table
    names = [column.name for key in (first, second) for column in key.columns]
    whole = {column.name for column in table.columns} == {*names} == {column.name for column in table.primary_key}
    apart = first.referred_table is not second.referred_table and len(names) == len({*names})
    # Others that lead to a link need it as a model; one that is led to by itself is none.
    return whole and apart and table not in {first.referred_table, second.referred_table} and not _dotted(first)


def _two_ends(model: Model, target: Model, key: sa.ForeignKeyConstraint, several: bool) -> tuple[Relation, Relation]:
    columns = [column.name for column in key.columns]
    forward = model.attributes.relation(_forward(key, target))
    single = any(
        {column.name for column in unique} == {*columns}
        for unique in (
            list(model.table.primary_key),
            *(
                list(each.columns)
                for each in model.table.constraints
                if isinstance(each, sa.UniqueConstraint) and not each.deferrable
            ),
        )
    )
    plural = inflection.underscore(model.name) if single else _plural(model.table.name)
    wanted = f"{plural}_by_{forward}" if several or target is model else plural
    back = target.attributes.relation(wanted) if single else target.attributes.many(wanted)
    optional = any(column.nullable for column in key.columns)
    there = Relation(forward, target.name, many=False, optional=optional, back=back)
    here = Relation(back, model.name, many=not single, back=forward)
    if single:
        here.more["uselist"] = False
    if several or target is model:
        names = ", ".join(f"{model.name}.{model.columns[each].attribute}" for each in columns)
        there.more["foreign_keys"] = here.more["foreign_keys"] = f"[{names}]"
    if target is model:
        remote = ", ".join(f"{model.name}.{model.columns[each.column.name].attribute}" for each in key.elements)
        there.more["remote_side"] = f"[{remote}]"
    model.relations.append(there)
    target.relations.append(here)
    return there, here


def _forward(key: sa.ForeignKeyConstraint, target: Model) -> str:
    if len(key.columns) == 1:
        name = key.columns[0].name
        for end in ("_id", "_uuid", "_key", "Id", "ID"):
            if name.endswith(end) and len(name) > len(end):
                return name.removesuffix(end)
    return inflection.underscore(target.name)


def _plural(table: str) -> str:
    return inflection.pluralize(inflection.underscore(identifier(table, "row")))


def _overlap(made: list[tuple[set[str], Relation, Relation]]) -> None:
    """Says of relations that they share columns, which SQLAlchemy warns of where it is not said."""
    for columns, *ends in made:
        others = [each for other, *each in made if other is not columns and other & columns]
        names = sorted({relation.name for pair in others for relation in pair})
        for end in ends if names else ():
            end.more["overlaps"] = ",".join(names)
