"""What a plan depends on, and which changes may touch it: every table and column that its SQL names is among its Sites,
and a change that can't matter is known not to.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from sqlmodel import Field, SQLModel

from hedgerow import Actor, Backend
from hedgerow.resolvers.depends import Site, sites_of_plan
from hedgerow.resolvers.dialect_sqlite import SQLite
from hedgerow.resolvers.limits import Limits
from hedgerow.resolvers.live.changes import Change
from hedgerow.resolvers.live.touch import MOST_JUDGED, Bound, Touches, spots
from hedgerow.resolvers.operation import Operation
from hedgerow.schema.catalog import Catalog
from hedgerow.schema.compile import compile_models
from hedgerow.schema.names import NAMINGS
from hedgerow.schema.traversal import show
from hedgerow.schema.types import own_equality

from . import shop, world
from .conftest import ADMINISTRATOR, STRANGER, user
from .reference.databases import declared
from .test_cases import actor, header
from .test_many import QUERIES
from .test_reference import examples


def prepared(
    document: str, caller: Actor, variables: Mapping[str, Any] | None = None, models: Any = world.MODELS, **given: Any
) -> tuple[Operation, list[Any], Catalog]:
    """An operation, made without any database."""
    backend = Backend(models, **given)
    engine = _engine(backend.catalog)
    session = engine.session(caller)
    operation, leaves = engine.operation(document, variables or {}, session.actor)
    return operation, leaves, backend.catalog


def _engine(catalog: Catalog) -> Any:
    from hedgerow.resolvers.cursors import Cursors
    from hedgerow.resolvers.execute import Engine

    @dataclass
    class Nowhere:
        dialect = SQLite()

    limits = Limits(max_conditions=5_000, max_relation_conditions=500)
    return Engine(catalog, Nowhere(), limits, lambda: world.START, Cursors("x" * 32, catalog.claims))  # pyright: ignore


def sites(document: str, caller: Actor, variables: Mapping[str, Any] | None = None, **given: Any) -> tuple[Site, ...]:
    operation, _, catalog = prepared(document, caller, variables, **given)
    return sites_of_plan(operation.authorised, catalog)


def told(found: Sequence[Site]) -> dict[str, list[str]]:
    """For each table, what must be true of rows that matter."""
    by_table: dict[str, list[str]] = {}
    for site in found:
        by_table.setdefault(site.table[1], []).append(show(site.where))
    return by_table


def named(sql: str) -> dict[str, set[str]]:
    """The tables that SQL names, each with the columns that it names of them."""
    aliases = {alias: table for table, alias in re.findall(r'(?:FROM|JOIN) "(\w+)" AS (t\d+)', sql)}
    columns: dict[str, set[str]] = {table: set() for table in aliases.values()}
    for alias, column in re.findall(r'(t\d+)\."(\w+)"', sql):
        if not column.startswith("hedgerow_"):
            columns[aliases[alias]].add(column)
    return columns


def holds_all(operation: Operation, catalog: Catalog, sql: str) -> int:
    if "(1 = 0)" in sql:
        return 0  # rows that can never pass are no site
    found: dict[str, set[str]] = {}
    for site in sites_of_plan(operation.authorised, catalog):
        found.setdefault(site.table[1], set()).update(site.columns)
    for table, columns in named(sql).items():
        if table in found or columns:
            assert columns <= found.get(table, set()), (table, sql)
    return len(named(sql))


@pytest.mark.parametrize("case", QUERIES, ids=[path.stem for path in QUERIES])
def test_every_table_and_column_of_the_sql_is_a_site(case: Any) -> None:
    text = case.read_text()
    try:
        operation, _, catalog = prepared(
            text,
            actor(text),
            json.loads(header(text, "variables") or "{}"),
            naming=header(text, "naming") or "camel",
        )
    except Exception:
        pytest.skip("a case of an error")
    if operation.statement and "__schema" not in text:
        holds_all(operation, catalog, operation.statement.sql)


@settings(max_examples=30, deadline=None, suppress_health_check=[*HealthCheck])
@given(examples())
def test_every_table_and_column_of_random_questions_is_a_site(example: Any) -> None:
    declared_world, asked = example
    with declared(str(declared_world)) as models:
        try:
            catalog = compile_models(models, NAMINGS["camel"])
        except Exception:
            return
        engine = _engine(catalog)
        for question in asked:
            caller = question.caller
            session = engine.session(Actor(caller.roles, caller.claims, caller.superuser))
            operation, _ = engine.operation(question.document, {}, session.actor)
            assert operation.statement
            holds_all(operation, catalog, operation.statement.sql)


def test_rows_below_are_those_of_the_row_above() -> None:
    found = told(
        sites(
            "query ($id: Int!) { person(id: $id) { name notes { title team { name } tags { word } } } }",
            Actor(frozenset({"anyone", "auditor"})),
            {"id": 1},
        )
    )
    assert found == {
        "person": ["(id = $0)"],
        "note": ["(author_id = $0)"],
        "team": ["true"],
        "notetag": ["true"],
        "tag": ["true"],
    }


def test_what_rules_read_is_a_site_of_its_own() -> None:
    found = sites("query ($id: Int!) { note(id: $id) { title } }", user(1), {"id": 1})
    assert told(found)["note"] == ["(id = $0)"]
    (membership,) = [site for site in found if site.table[1] == "membership"]
    assert show(membership.where) == "(person_id = me.id)"
    assert [(column, show(leaf)) for column, leaf in membership.anchors] == [("person_id", "me.id")]
    assert membership.columns == {"person_id", "team_id"}


def test_link_rows_carry_what_is_known_to_both_ends() -> None:
    found = told(sites("query ($id: Int!) { tag(id: $id) { word notes { title } } }", ADMINISTRATOR, {"id": 1}))
    assert found["notetag"] == ["(tag_id = $0)"]
    undeclared = told(
        sites(
            "query ($id: Int!) { label(id: $id) { products { name labels { word } } } }",
            ADMINISTRATOR,
            {"id": 1},
            models=shop.MODELS,
        )
    )
    assert undeclared["productlabel"] == ["(label_id = $0)", "true"]


def test_either_of_two_columns_is_looked_up_by_both() -> None:
    (site,) = sites("{ messages { text } }", user(1))
    assert {column for column, _ in site.anchors} == {"sender_id", "recipient_id"}


SQL_NAMES = """query ($s: String!, $f: Float!, $at: DateTime!, $u: UUID!) { things(where: {%s}) { id } }"""


@pytest.mark.parametrize(
    ("condition", "known"),
    [
        ("aText: {_eq: $s}", "(a_text = $0)"),
        ("aText: {_neq: $s}", "(a_text != $0)"),
        ("_not: {aText: {_eq: $s}}", "not (a_text = $0)"),
        ("aUuid: {_eq: $u}", "(a_uuid = $3)"),
        ("aUuid: {_neq: $u}", "true"),
        ("aUuid: {_gt: $u}", "true"),
        ("_not: {aUuid: {_eq: $u}}", "true"),
        ("aFloat: {_eq: $f}", "true"),
        ("aDatetime: {_gt: $at}", "true"),
        ("aText: {_like: $s}", "true"),
        ("aText: {_regex: $s}", "true"),
        ("aJson: {_hasKey: $s}", "true"),
        ("aJson: {_isNull: true}", "true"),
        ("aPrice: {_isNull: true}", "a_price is null"),
        ("_or: [{aText: {_eq: $s}}, {aFloat: {_eq: $f}}]", "true"),
    ],
)
def test_only_what_memory_judges_as_the_databases_do_is_known(condition: str, known: str) -> None:
    variables = {"s": "a", "f": 1.5, "at": "2026-01-01T00:00:00Z", "u": str(uuid.UUID(int=1))}
    names = re.findall(r"\$(\w+)", condition)
    document = SQL_NAMES % condition
    for name in variables.keys() - {*names}:
        document = re.sub(rf"\${name}: \w+!,? ?", "", document)
    (site,) = sites(document.replace("()", ""), ADMINISTRATOR, {name: variables[name] for name in names})
    assert re.sub(r"\$\d", "$", show(site.where)) == re.sub(r"\$\d", "$", known)


def test_texts_that_the_database_compares_by_rules_of_its_own_are_left_to_it() -> None:
    registry = sa.orm.registry()

    class Base(SQLModel, registry=registry):
        metadata = registry.metadata

    class Word(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        plain: str
        folded: str = Field(sa_column=sa.Column(sa.String(collation="NOCASE"), nullable=False))

    (site,) = sites('{ words(where: {plain: {_eq: "a"}, folded: {_eq: "a"}}) { id } }', ADMINISTRATOR, models=[Word])
    assert show(site.where) == "(plain = 'a')"
    assert own_equality(sa.CHAR(3)) and not own_equality(sa.String(3)) and not own_equality(sa.Uuid())


@dataclass(frozen=True)
class Row:
    columns: Mapping[str, Any]
    text: str = ""

    def same(self, other: Any, column: str) -> bool:
        return column in self.columns and repr(self.columns[column]) == repr(other.columns[column])


@dataclass
class Watched:
    """Who watches, by name, and what each change touches."""

    touches: Touches[str]

    def __call__(self, table: str, before: Any, after: Any) -> set[str]:
        return {*self.touches.touched([change(table, before, after)])}


def change(table: str, before: Any, after: Any) -> Change:
    kind = "insert" if before is None else "delete" if after is None else "update"
    return Change(1, (None, table), kind, before and Row(before), after and Row(after))


def watched(document: str, owners: Mapping[str, tuple[Actor, Mapping[str, Any]]], **given: Any) -> Watched:
    touches: Touches[str] = Touches()
    for name, (caller, variables) in owners.items():
        operation, leaves, catalog = prepared(document, caller, variables, **given)
        assert operation.statement
        bound = Bound.of(operation.statement.slots, caller, leaves)
        touches.add(name, spots(sites_of_plan(operation.authorised, catalog)), bound)
    return Watched(touches)


def note(**given: Any) -> dict[str, Any]:
    row = {"id": 1, "title": "a", "body": "", "public": True, "score": None, "team_id": 1, "author_id": 1}
    return {**row, "created_at": world.START, **given}


def test_a_change_touches_those_who_ask_for_its_row() -> None:
    document = "query ($id: Int!) { note(id: $id) { title team { name } } }"
    touched = watched(document, {str(number): (ADMINISTRATOR, {"id": number}) for number in (1, 2, 3)})
    assert touched("note", note(id=2), note(id=2, title="b")) == {"2"}
    assert touched("note", note(id=2), note(id=2, body="b")) == set(), "nobody reads that column"
    assert touched("note", note(id=2), note(id=3)) == {"2", "3"}
    assert touched("note", None, note(id=4)) == set()
    assert touched("note", note(id=1), None) == {"1"}
    assert touched("team", {"id": 1, "name": "a"}, {"id": 1, "name": "b"}) == {"1", "2", "3"}
    assert touched("team", {"id": 1, "name": "a"}, {"id": 1, "name": "a"}) == set()
    assert touched("tag", None, {"id": 1, "word": "x"}) == set()
    assert {*touched.touches.touched([Change(1, (None, "note"), "truncate", None, None)])} == {"1", "2", "3"}


def test_membership_touches_its_member_alone() -> None:
    touched = watched("{ notes { title } }", {str(number): (user(number), {}) for number in (1, 2, 3)})
    assert touched("membership", {"team_id": 1, "person_id": 2, "role": "member"}, None) == {"2"}
    assert (
        touched("membership", {"team_id": 1, "person_id": 2, "role": "a"}, {"team_id": 1, "person_id": 2, "role": "b"})
        == set()
    )


def test_claims_are_judged_as_the_rules_read_them() -> None:
    """A claim can come as a text where the rule's column is a number."""
    found = watched("{ messages { text } }", {"1": (Actor(frozenset({"anyone", "user"}), {"id": 1.0}), {})})
    assert found("message", None, {"id": uuid.UUID(int=1), "text": "", "sender_id": 1, "recipient_id": 2}) == {"1"}
    assert found("message", None, {"id": uuid.UUID(int=1), "text": "", "sender_id": 2, "recipient_id": 3}) == set()


def test_values_that_are_not_of_their_column_touch() -> None:
    """SQLite lets a text stand in a column of numbers; what can't be read is not judged."""
    touched = watched("query ($id: Int!) { note(id: $id) { title } }", {"1": (ADMINISTRATOR, {"id": 1})})
    assert touched("note", None, note(id="1")) == {"1"}
    assert touched("note", None, note(id=True)) == {"1"}
    assert touched("note", None, {}) == {"1"}
    free = watched(
        "query ($s: String!) { things(where: {aText: {_neq: $s}}) { id } }", {"1": (ADMINISTRATOR, {"s": "a"})}
    )
    row = {"id": 1, "a_text": "a"}
    assert free("thing", None, row) == set()
    assert free("thing", None, {**row, "a_text": b"a"}) == {"1"}


def test_a_column_that_may_be_another_touches() -> None:
    touched = watched("{ things { aJson } }", {"1": (ADMINISTRATOR, {})})
    assert touched("thing", {"id": 1, "a_json": 1}, {"id": 1, "a_json": 1}) == set()
    assert touched("thing", {"id": 1, "a_json": 1}, {"id": 1, "a_json": True}) == {"1"}
    assert touched("thing", {"id": 1}, {"id": 1}) == {"1"}, "a column that no image has"


def test_more_changes_than_are_judged_touch_everybody() -> None:
    touched = watched("query ($id: Int!) { note(id: $id) { title } }", {"1": (ADMINISTRATOR, {"id": 1})})
    some = [change("note", None, note(id=number)) for number in range(2, MOST_JUDGED + 2)]
    assert not touched.touches.touched(some)
    assert touched.touches.touched([*some, change("note", None, note(id=0))])


def test_nothing_stays_of_owners_that_left() -> None:
    document = "query ($id: Int!) { note(id: $id) { title team { name } tags { word } } }"
    touched = watched(document, {str(number): (user(number), {"id": number}) for number in range(20)})
    assert len(touched.touches) == 20
    for number in range(20):
        touched.touches.remove(str(number))
    assert len(touched.touches) == 0 and not touched.touches._tables


def test_those_for_whom_no_row_can_matter_come_and_go() -> None:
    planner = Actor(frozenset({"anyone", "planner"}), {"team_ids": None})
    touched = watched("{ teams { name } }", {"1": (planner, {}), "2": (planner, {})})
    assert touched("team", None, {"id": 1, "name": "a", "boss_id": None, "parent_id": None}) == set()
    touched.touches.remove("1")
    touched.touches.remove("2")
    assert len(touched.touches) == 0 and not touched.touches._tables


def test_strangers_depend_on_what_decides_that_they_see_nothing() -> None:
    found = told(sites("{ notes { title } }", STRANGER))
    assert found == {"note": ["public"]}
