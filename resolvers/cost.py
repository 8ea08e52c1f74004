"""What an operation costs, before it runs: an estimate of the rows that it could touch, from limits and nesting.

In: a plan. Out: a function of the variables' leaves, since limits may be variables; docs/api.md says how to reckon it
by hand. A list counts as many rows as its limit allows, whether or not they are there, each with what is asked below
it; aggregates, which look at all rows, count as the longest list. Refused here, as LIMIT_EXCEEDED: what costs more
than the caller's roles allow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, assert_never

from ..schema import expr as e
from ..schema.errors import Code, Complaint, Refusal
from .limits import Limits
from .plan import (
    Aggregation,
    AuthorisedPlan,
    Connection,
    EdgesField,
    Field,
    FileField,
    NodeField,
    NodesField,
    ObjectField,
    Read,
    RelationField,
    Root,
    Source,
)

Cost: TypeAlias = Callable[[Sequence[Any]], int]
"""How many rows, for these leaves."""
LARGEST = 10**15
"""More is told as this: JSON numbers are exact up to 2^53, and sums of some hundred of these are within 64 bits."""


def cost_of(plan: AuthorisedPlan, limits: Limits) -> Cost:
    """The cost of a plan."""
    return _sum([_source(root.read, limits) for root in plan.roots if isinstance(root, Root) and root.read])


def cost_of_row(fields: Sequence[Field], limits: Limits) -> Cost:
    """The cost of one row with these fields."""
    return _times(lambda leaves: 1, _fields(fields, limits))


def check_cost(cost: int, most: int | None) -> None:
    """Refuses what costs too much; None is no bound."""
    if most is not None and cost > most:
        message = (
            f"The operation could touch {cost:,} rows where at most {most:,} are allowed to you."
            " Give its lists smaller limits, or nest fewer of them."
        )
        raise Refusal(Complaint(Code.LIMIT_EXCEEDED, message, extensions={"cost": cost, "maxCost": most}))


def _source(source: Source, limits: Limits) -> Cost:
    match source:
        case Read(many=False):
            return cost_of_row(source.fields, limits)
        case Read():
            return _times(_size(source, limits), _fields(source.fields, limits))
        case Aggregation():
            below = [_fields(each.fields, limits) for each in source.fields if isinstance(each, NodesField)]
            return _times(_size(source.rows, limits), _sum(below))
        case Connection():
            return _connection(source, limits)
        case _:
            assert_never(source)


def _connection(source: Connection, limits: Limits) -> Cost:
    shown = {each.selection for each in source.fields if isinstance(each, NodeField)}
    for field in source.fields:
        if isinstance(field, EdgesField):
            shown |= {each.selection for each in field.fields if isinstance(each, NodeField)}
    page = _times(_size(source.rows, limits), _sum([_fields(source.selections[each], limits) for each in shown]))
    most = limits.max_rows
    return _sum([page, lambda leaves: most]) if source.counted else page


def _fields(fields: Sequence[Field], limits: Limits) -> Cost:
    below: list[Cost] = []
    for field in fields:
        if isinstance(field, RelationField):
            below.append(_source(field.read, limits))
        elif isinstance(field, FileField):
            below.append(_times(lambda leaves: 1, _sum([])))
        elif isinstance(field, ObjectField):
            below.append(_fields(field.fields, limits))
    return _sum(below)


def _size(rows: Read, limits: Limits) -> Cost:
    """How many rows there are at most."""
    most = limits.max_rows if rows.cap is None else rows.cap
    match rows.limit:
        case e.Variable(slot):
            return lambda leaves: leaves[slot]
        case e.Const(value):
            return lambda leaves: value
        case _:
            return lambda leaves: most


def _times(size: Cost, below: Cost) -> Cost:
    return lambda leaves: min(size(leaves) * (1 + below(leaves)), LARGEST)


def _sum(parts: Sequence[Cost]) -> Cost:
    if not parts:
        return lambda leaves: 0
    return parts[0] if len(parts) == 1 else lambda leaves: sum(part(leaves) for part in parts)
