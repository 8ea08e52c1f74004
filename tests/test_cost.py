"""What operations cost: the estimate that docs/api.md tells how to reckon, and the bound of each role."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow import Actor, Backend, Refusal, Settings, SetupError
from hedgerow.resolvers.answer import Answer

from .conftest import ADMINISTRATOR, STRANGER, running, user

COSTS: list[tuple[str, dict[str, Any], int]] = [
    ("{ __typename }", {}, 0),
    ("{ note(id: 1) { id } }", {}, 1),
    ("{ note(id: 1) { id author { id } team { boss { id } } } }", {}, 4),
    ("{ notes { id } }", {}, 1_000),
    ("{ notes(limit: 10) { id title } }", {}, 10),
    ("query($n: Int) { notes(limit: $n) { id } }", {"n": 7}, 7),
    ("query($n: Int) { notes(limit: $n) { id } }", {"n": None}, 1_000),
    ("query($n: Int = 3) { notes(limit: $n) { id } }", {}, 3),
    ("{ notes(limit: 10) { author { id } } }", {}, 20),
    ("{ teams(limit: 10) { notes(limit: 5) { author { id } } } }", {}, 10 * (1 + 5 * 2)),
    ("{ a: notes(limit: 10) { id } b: notes(limit: 5) { id } }", {}, 15),
    ("{ notesAggregate { aggregate { count } } }", {}, 1_000),
    ("{ notesAggregate(limit: 20) { aggregate { count } groups(by: {column: id}) { key { id } } } }", {}, 20),
    ("{ notesAggregate(limit: 20) { aggregate { count } nodes { author { id } } } }", {}, 40),
    ("{ teams(limit: 2) { notesAggregate { aggregate { count } } } }", {}, 2 * 1_001),
    ("{ notesConnection(first: 5) { nodes { id } } }", {}, 5),
    ("{ notesConnection(last: 5) { edges { node { author { id } } } totalCount } }", {}, 10 + 1_000),
    ("{ notesConnection { pageInfo { hasNextPage } } }", {}, 1_000),
    ('{ node(id: "WyJOb3RlIiwxXQ==") { ... on Note { author { id } } } }', {}, 2),
    ('{ node(id: "WyJOb3RoaW5nIiwxXQ==") { nodeId } }', {}, 0),
]


@pytest.mark.parametrize(("document", "variables", "cost"), COSTS, ids=[document for document, _, _ in COSTS])
async def test_what_it_costs(sqlite_world: str, document: str, variables: dict[str, Any], cost: int) -> None:
    async with running(sqlite_world) as backend:
        answer = await backend.engine.answer(document, None, variables, backend.session(ADMINISTRATOR))
        assert isinstance(answer, Answer)
        assert answer.extensions == {"cost": cost}
    async with running(sqlite_world, max_cost=max(cost, 1)) as backend:
        await backend.session(user(1)).query(document, variables)
    if cost > 1:
        async with running(sqlite_world, max_cost=cost - 1) as backend:
            await backend.session(ADMINISTRATOR).query(document, variables)
            with pytest.raises(Refusal) as refused:
                await backend.session(user(1)).query(document, variables)
            (complaint,) = refused.value.complaints
            assert (complaint.code, complaint.extensions) == ("LIMIT_EXCEEDED", {"cost": cost, "maxCost": cost - 1})
            assert f"could touch {cost:,} rows where at most {cost - 1:,} are allowed" in complaint.message
            assert not backend.engine.database.statements[1:]


async def test_a_bound_for_each_role(database_url: str) -> None:
    async with running(database_url, max_cost={"anyone": 10, "user": 100, "auditor": 1_000}) as backend:

        async def most(actor: Actor) -> int:
            found = 0
            for limit in (10, 11, 100, 101, 1_000):
                try:
                    await backend.session(actor).query("query($n: Int) { notes(limit: $n) { id } }", {"n": limit})
                except Refusal:
                    continue
                found = limit
            return found

        assert await most(STRANGER) == 10
        assert await most(user(1)) == 100
        assert await most(user(1, "auditor")) == 1_000
        assert await most(Actor(frozenset({"reviewer"}))) == 10


async def test_only_the_admin_is_told(backend: Backend) -> None:
    assert isinstance(await backend.engine.answer("{ notes { id } }", None, {}, backend.session(STRANGER)), bytes)


async def test_roles_that_no_rule_names_are_told(sqlite_world: str) -> None:
    with pytest.raises(SetupError, match="HEDGEROW_MAX_COST names roles that no rule names: usr"):
        async with running(sqlite_world, max_cost={"anyone": 10, "usr": 100}):
            pass


@pytest.mark.parametrize("given", [0, -1, {}, {"user": 10}, {"anyone": 0}, "much"])
def test_bounds_that_are_none(given: Any) -> None:
    with pytest.raises(SetupError, match="HEDGEROW_MAX_COST"):
        Settings.read(max_cost=given)


def test_the_environment_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_MAX_COST", '{"anyone": 5, "user": 50}')
    assert Settings.read().limits.most_cost(frozenset({"anyone", "user"}), superuser=False) == 50
    monkeypatch.setenv("HEDGEROW_MAX_COST", "500")
    assert Settings.read().limits.most_cost(frozenset({"anyone"}), superuser=False) == 500
    assert Settings.read().limits.most_cost(frozenset({"anyone"}), superuser=True) is None
