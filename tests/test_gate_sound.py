"""No widening is missed: random pairs of rules, compared as the gate does, and judged in memory on every row there is.

Rows hold small values and nulls, so that all of them can be gone through; pairs are mostly near to each other, where a
wrong implication would hide. What memory means is what both databases mean: see test_differential.
"""

from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow import Actor
from hedgerow.resolvers.memory import Given, evaluate
from hedgerow.schema import expr as e
from hedgerow.schema.catalog import Catalog, Rule
from hedgerow.schema.gate.difference import Class
from hedgerow.schema.gate.differences import differences
from hedgerow.schema.gate.facts import permissions
from hedgerow.schema.gate.snapshot import parse, write
from hedgerow.schema.types import INT, TEXT

from .gating import catalog

CATALOG = catalog(
    column="\n    ".join(
        f"{name}: {kind} | None = None"
        for name, kind in zip("abctf", ("int", "int", "float", "str", "bool"), strict=True)
    )
)
COLUMNS = {name: e.Column(name, CATALOG.tables["Note"].columns[name].type) for name in "abctf"}
NUMBERS = [0, 1, 2, 3]
ROWS = [
    dict(zip("abctf", values, strict=True))
    for values in product(
        [None, *NUMBERS], [None, 1, 2], [None, 1.0, 1.5], [None, "1", "a' and b"], [None, True, False]
    )
]
ACTORS = [Actor(frozenset({"anyone", "user"}), claims) for claims in ({}, {"n": 1}, {"n": 2})]

numbers = st.sampled_from([COLUMNS["a"], COLUMNS["b"]])
constants = st.sampled_from(NUMBERS).map(lambda number: e.Const(number, INT))
claim = st.just(e.Claim("n", INT))
comparisons = st.sampled_from(list(e.COMPARISONS))
atoms: st.SearchStrategy[Any] = st.one_of(
    st.builds(e.Compare, comparisons, numbers, constants | claim | numbers),
    st.builds(e.Compare, comparisons, constants, numbers),
    st.builds(
        e.Compare,
        comparisons,
        st.just(COLUMNS["c"]),
        st.sampled_from([0.5, 1.0, 1.5]).map(lambda number: e.constant(number, COLUMNS["c"].type)),
    ),
    st.builds(
        e.Compare,
        st.sampled_from(["=", "!="]),
        st.just(COLUMNS["t"]),
        st.sampled_from(["1", "a' and b"]).map(lambda text: e.Const(text, TEXT)),
    ),
    st.just(e.Truth(COLUMNS["f"])),
    st.just(e.Compare("=", COLUMNS["f"], e.TRUE)),
    st.sampled_from(list(COLUMNS.values())).map(e.IsNull),
    st.builds(e.In, numbers, st.lists(constants, max_size=3).map(tuple)),
    st.builds(
        e.InList,
        numbers,
        st.lists(st.sampled_from(NUMBERS), max_size=3).map(lambda all: e.Const(tuple(all), INT.listed)),
    ),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        inner.map(e.Not),
        inner.map(e.Passes),
        st.lists(inner, max_size=3).map(lambda all: e.And(tuple(all))),
        st.lists(inner, max_size=3).map(lambda all: e.Or(tuple(all))),
    ),
    max_leaves=6,
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[e.Expr, e.Expr]:
    """Two conditions that have much in common."""
    one, other = draw(conditions), draw(conditions)
    match draw(st.sampled_from(["any", "and", "or", "not", "atom", "atoms"])):
        case "and":
            return one, e.And((other, one))
        case "or":
            return one, e.Or((one, other))
        case "not":
            return one, e.Not(e.Or((e.Not(one), other)))
        case "atom":
            return draw(atoms), draw(atoms)
        case "atoms":
            return e.Not(draw(atoms)), e.Not(draw(atoms))
        case _:
            return one, other


def ruled(where: e.Expr, check: e.Expr = e.ALWAYS) -> Catalog:
    roles = frozenset({"user"})
    rules = (
        Rule(roles, frozenset({"read"}), where, where, frozenset({"a"}), {}, None),
        Rule(roles, frozenset({"update"}), where, check, frozenset({"a"}), {}, None),
    )
    table = replace(CATALOG.tables["Note"], rules=rules)
    return replace(CATALOG, tables={**CATALOG.tables, "Note": table})


def passing(expr: e.Expr) -> set[tuple[int, int]]:
    return {
        (at, who)
        for at, row in enumerate(ROWS)
        for who, actor in enumerate(ACTORS)
        if evaluate(expr, Given(row, actor)) is True
    }


@settings(max_examples=300, deadline=None)
@given(pairs())
def test_reading(pair: tuple[e.Expr, e.Expr]) -> None:
    old, new = pair
    # Through the snapshot's text, as a committed one is read.
    before, now = (parse(write(permissions(ruled(each)))) for each in pair)
    kinds = {each.kind for each in differences(before, now) if each.verb == "read"}
    more, less = passing(new) - passing(old), passing(old) - passing(new)
    assert Class.WIDENING in kinds or not more
    assert Class.NARROWING in kinds or not less


@settings(max_examples=150, deadline=None)
@given(pairs(), pairs())
def test_updating(wheres: tuple[e.Expr, e.Expr], checks: tuple[e.Expr, e.Expr]) -> None:
    """Before and after are judged by one rule: what may be updated is pairs of rows."""
    before, now = (permissions(ruled(*each)) for each in zip(wheres, checks, strict=True))
    kinds = {each.kind for each in differences(before, now) if each.verb == "update"}
    (old_where, new_where), (old_check, new_check) = map(passing, wheres), map(passing, checks)
    more = any(_more(who, old_where, new_where, old_check, new_check) for who in range(len(ACTORS)))
    assert Class.WIDENING in kinds or not more


def _more(who: int, *judged: set[tuple[int, int]]) -> bool:
    """Whether this actor may now turn some row into some other that they might not before."""
    old_where, new_where, old_check, new_check = ({at for at, actor in each if actor == who} for each in judged)
    return bool((new_where - old_where and new_check) or (new_where and new_check - old_check))


def test_it_sees_implications() -> None:
    """The test above would hold of a gate that calls everything widening; this says that it does not."""
    for narrower, wider in (
        (e.And((e.Truth(COLUMNS["f"]), e.IsNull(COLUMNS["a"]))), e.Truth(COLUMNS["f"])),
        (e.Compare(">", COLUMNS["a"], e.Const(2, INT)), e.Compare(">=", COLUMNS["a"], e.Const(1, INT))),
        (e.Compare("=", COLUMNS["a"], e.Const(2, INT)), e.Not(e.IsNull(COLUMNS["a"]))),
        (e.Compare("=", COLUMNS["a"], e.Const(2, INT)), e.Compare("!=", COLUMNS["a"], e.Const(1, INT))),
        (e.Compare("=", COLUMNS["a"], e.Const(2, INT)), e.In(COLUMNS["a"], (e.Const(2, INT), e.Const(3, INT)))),
        (e.Not(e.Or((e.Truth(COLUMNS["f"]), e.IsNull(COLUMNS["t"])))), e.Not(e.Truth(COLUMNS["f"]))),
    ):
        found = differences(permissions(ruled(wider)), permissions(ruled(narrower)))
        assert {each.kind for each in found} == {Class.NARROWING}
