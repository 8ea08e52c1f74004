"""Random models, rules, rows and mutations: what the backend answers, and what is then in the database, is what a slow,
plain reference says.

HEDGEROW_EXAMPLES sets how many declarations there are for each database. A failure prints the developer's file, the
rows and the mutation.
"""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from hedgerow import Actor, Backend, DeclarationError, Refusal
from hedgerow.resolvers.database import Command

from .conftest import running
from .reference.databases import Databases, declared, strict
from .reference.transaction import Refused, Transaction
from .reference.truth import Undetermined, encoded
from .reference.worlds import World, callers
from .reference.writes import Operation, operations, writable_worlds

EXAMPLES = int(os.environ.get("HEDGEROW_EXAMPLES", "25"))
USELESS = ("can never pass", "can change nothing", "is required and has no default", "no rule lets anybody read")

UNKNOWN = ("GRAPHQL_VALIDATION_FAILED", "not here, or not for you", "has no field")


@st.composite
def examples(draw: st.DrawFn) -> tuple[World, list[Operation]]:
    """A world, and what some who may write something do to it, one after the other."""
    world = draw(writable_worlds())
    found = [draw(operations(world, draw(callers()))) for _ in range(draw(st.integers(4, 12)))]
    return world, [each for each in found if each is not None]


async def done(backend: Backend, operation: Operation) -> Any:
    """The answer, or what is refused."""
    caller = operation.caller
    session = backend.session(Actor(caller.roles, caller.claims, caller.superuser))
    document, variables = operation.text()
    try:
        return await session.query(document, variables)
    except Refusal as refusal:
        return [f"{complaint.code.name} {complaint.message}" for complaint in refusal.complaints]


async def stored(backend: Backend, world: World) -> dict[str, list[Any]]:
    """All rows of the database."""

    def script(sql: str) -> Any:
        rows = yield Command(sql, [])
        return [list(row) for row in rows]

    found: dict[str, list[Any]] = {}
    async with backend.engine.database.transaction() as transaction:
        for name, table in world.tables.items():
            names = ", ".join(f'"{each}"' for each in table.columns)
            found[name] = await transaction.run(script(f'SELECT {names} FROM "{name.lower()}"'))
    return found


def rows_of(world: World) -> dict[str, list[Any]]:
    return {
        name: normal([row[each] for each in world.tables[name].columns] for row in rows)
        for name, rows in world.rows.items()
    }


def normal(rows: Any) -> list[Any]:
    """Rows as both drivers and Python have them, in an order of their own."""
    return sorted(
        [[float(each) if isinstance(each, (bool, int)) else encoded(each) for each in row] for row in rows], key=repr
    )


def unordered(answer: Any) -> Any:
    """An answer whose rows are in an order of their own."""
    match answer:
        case dict():
            return {
                name: sorted(map(unordered, each), key=repr) if name == "returning" else unordered(each)
                for name, each in answer.items()
            }
        case list():
            return [unordered(each) for each in answer]
        case _:
            return strict(answer)


async def held(url: str, world: World, models: list[type[Any]], asked: list[Operation]) -> None:
    """Runs the operations one after the other, beside the reference."""

    def seed(session: Any) -> None:
        for name, rows in world.rows.items():
            if rows:
                session.execute(sa.insert(SQLModel.metadata.tables[name.lower()]).values(rows))

    async with running(url, models=models, seed=seed, max_conditions=5_000, max_relation_conditions=500) as backend:
        for operation in asked:
            transaction = Transaction(world, operation.caller)
            expected: Any
            try:
                expected = transaction.run(operation)
            except Refused as refused:
                event("refused: " + str(refused).split(" ")[-1])
                expected = refused
            except Undetermined:
                event("undetermined")
                continue
            found = await done(backend, operation)
            where = f"{operation!r}\nfound: {found}\nexpected: {expected!r}"
            if isinstance(found, list) and all(any(word in each for word in UNKNOWN) for each in found):
                event("not in the schema")
            elif isinstance(expected, Refused):
                assert isinstance(found, list), f"This is wrong: {where}"
                assert not any(each.startswith("INTERNAL") for each in found), f"This is wrong: {where}"
                codes = {each.split(" ")[0] for each in found}
                assert not expected.codes or codes <= {*expected.codes}, f"This is wrong: {where}"
            else:
                assert unordered(found) == unordered(expected), f"This is wrong: {where}"
                event("written" if transaction.affected else "nothing")
                if transaction.affected:
                    for word in ("data", "link", "unlink", "update", "delete", "onConflict", "inc"):
                        if f"{word}: " in repr(operation).replace("'", ""):
                            event(f"written with {word}")
                world = transaction.world
            there = {name: normal(rows) for name, rows in (await stored(backend, world)).items()}
            assert there == rows_of(world), f"This is stored wrongly: {where}"


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(example=examples())
def test_any_mutation_is_done_like_plain_python(databases: Databases, example: tuple[World, list[Operation]]) -> None:
    world, asked = example
    if not asked:
        reject()
    with declared(world.source) as models:
        try:
            url = databases.loop.run_until_complete(databases.empty())
            databases.loop.run_until_complete(held(url, world, models, asked))
        except DeclarationError as error:
            assert all(any(word in problem.message for word in USELESS) for problem in error.problems), error
            event("declaration")
            reject()
