"""Random models, rules, rows and queries: what the backend answers is what a slow, plain reference answers.

Each example declares a backend, fills a database of its own, and asks as several callers. HEDGEROW_EXAMPLES sets how
many declarations there are for each database. A failure prints the developer's file, the rows and the query.
"""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from hedgerow import Actor, DeclarationError

from .conftest import running
from .reference.databases import Databases, declared, strict
from .reference.questions import Question, questions
from .reference.truth import Judge, Truth, Undetermined
from .reference.worlds import Caller, World, callers, worlds

EXAMPLES = int(os.environ.get("HEDGEROW_EXAMPLES", "45"))


@st.composite
def examples(draw: st.DrawFn) -> tuple[World, list[Question]]:
    """A world, and what some who see something of it ask."""
    world = draw(worlds())
    asked: list[Question] = []
    for _ in range(draw(st.integers(1, 3))):
        caller = draw(callers())
        if Truth(world, caller).view.tables():
            asked += [draw(questions(world, caller)) for _ in range(draw(st.integers(1, 6)))]
    return world, asked


async def answers(url: str, world: World, models: list[type[Any]], asked: list[Question]) -> list[Any]:
    """What a backend of these models over these rows answers."""

    def seed(session: Any) -> None:
        for name, rows in world.rows.items():
            if rows:
                session.execute(sa.insert(SQLModel.metadata.tables[name.lower()]).values(rows))

    async with running(url, models=models, seed=seed, max_conditions=5_000, max_relation_conditions=500) as backend:
        found: list[Any] = []
        for question in asked:
            caller = question.caller
            session = backend.session(Actor(caller.roles, caller.claims, caller.superuser))
            found.append(await session.query(question.document))
        return found


def passes_for_nobody(world: World, asked: list[Question]) -> int:
    """How many rules let none of these callers see any row."""
    judges = [Judge(world, caller.claims) for caller in (Caller(frozenset(), {}), *(each.caller for each in asked))]
    return sum(
        not any(judge.holds(rule.where, ((name, row),)) is True for judge in judges for row in world.rows[name])
        for name, table in world.tables.items()
        for rule in table.rules
        if rule.where
    )


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(example=examples())
def test_any_declaration_is_answered_like_plain_python(
    databases: Databases, example: tuple[World, list[Question]]
) -> None:
    world, asked = example
    with declared(world.source) as models:
        try:
            url = databases.loop.run_until_complete(databases.empty())
            found = databases.loop.run_until_complete(answers(url, world, models, asked))
        except DeclarationError as error:
            assert all("can never pass" in problem.message for problem in error.problems), error
            assert len(error.problems) <= passes_for_nobody(world, asked), error
            reject()
    for question, answer in zip(asked, found, strict=True):
        try:
            expected = Truth(world, question.caller).answer(question.fields)
        except Undetermined:
            event("undetermined")
            continue
        event("rows" if any(answer.values()) else "nothing")
        assert strict(answer) == strict(expected), f"This is wrong: {question!r}"
