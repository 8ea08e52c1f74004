"""Attacks on hidden cells and rows, one by one."""

import json
from typing import Any

import pytest

from hedgerow import Actor, Backend, Refusal
from hedgerow.schema.views import view

from ..conftest import ADMINISTRATOR, STRANGER, user
from .asker import DIRECTIONS
from .models import MODELS, Row, seed_data
from .served import ACTORS, ask, serving
from .truth import Truth


def hidden_cells(truth: Truth, table: str, column: str) -> list[Row]:
    return [row for row in truth.rows[table] if truth.cell(row, column) is None and row[column] is not None]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_hidden_cell_is_no_oracle(kind: str, pairs: dict[str, tuple[str, str]]) -> None:
    """Bisecting, prefix probing, lists, null tests, negations: a row with the cell hidden is as one with a null."""
    actor = user(2, "reviewer")
    truth = Truth(seed_data(), actor)
    victims = {row["id"]: row for row in hidden_cells(truth, "LeakDoc", "body")}
    levels = {row["id"]: row for row in hidden_cells(truth, "LeakDoc", "level")}
    assert victims and levels
    async with serving(pairs[kind][0]) as backend:

        async def ids(where: str, order: str = "") -> list[int]:
            found = await ask(backend, actor, f"{{ leakDocs(where: {where}{order}) {{ id }} }}")
            return [row["id"] for row in json.loads(found)["leakDocs"]]

        for text in ("s", "x", "z", "secret words", ""):
            for op in ("_eq", "_neq", "_gt", "_gte", "_lt", "_lte"):
                quoted = json.dumps(text)
                for where in (f"{{body: {{{op}: {quoted}}}}}", f"{{_not: {{body: {{{op}: {quoted}}}}}}}"):
                    assert not victims.keys() & set(await ids(where)), where
            for op in ("_like", "_nlike", "_ilike", "_nilike", "_regex", "_nregex", "_iregex", "_niregex"):
                pattern = json.dumps(text + ("%" if "like" in op else ""))
                for where in (f"{{body: {{{op}: {pattern}}}}}", f"{{_not: {{body: {{{op}: {pattern}}}}}}}"):
                    assert not victims.keys() & set(await ids(where)), where
        everything = json.dumps([row["body"] for row in victims.values()])
        for where in (f"{{body: {{_in: {everything}}}}}", f"{{body: {{_nin: {everything}}}}}"):
            assert not victims.keys() & set(await ids(where))
        assert victims.keys() <= set(await ids("{body: {_isNull: true}}"))
        assert not victims.keys() & set(await ids("{body: {_isNull: false}}"))
        assert victims.keys() <= set(await ids("{body: {_nin: []}}")), "an empty list asks nothing of the cell"
        for bound in range(-1, 6):
            for op in ("_eq", "_neq", "_gt", "_gte", "_lt", "_lte"):
                assert not levels.keys() & set(await ids(f"{{level: {{{op}: {bound}}}}}"))
        for direction in DIRECTIONS:
            found = [each for each in await ids("{}", f", orderBy: {{level: {direction}}}") if each in levels]
            assert found == sorted(found), "hidden cells are ordered by the key alone"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_cached_document_serves_each_caller_its_own(kind: str, pairs: dict[str, tuple[str, str]]) -> None:
    """The same text from every caller, twice, in one process: roles, claims, nulls and absent claims apart."""
    document = "{ leakDocs { id title } leakGroups { id name } leakTags { id docs { id title } } }"
    async with serving(pairs[kind][0]) as backend:
        for _, actor in (*ACTORS.items(), *ACTORS.items()):
            truth = Truth(seed_data(), actor)
            seen = backend.engine.seen(backend.session(actor).actor).view
            if "docs" not in seen.tables["LeakTag"].relations:
                assert b"GRAPHQL_VALIDATION_FAILED" in await ask(backend, actor, document)
                continue
            found = json.loads(await ask(backend, actor, document))
            assert [row["id"] for row in found["leakDocs"]] == [row["id"] for row in truth.rows["LeakDoc"]]
            assert [row["id"] for row in found["leakGroups"]] == [row["id"] for row in truth.rows["LeakGroup"]]
            for tag in found["leakTags"]:
                row = next(row for row in truth.rows["LeakTag"] if row["id"] == tag["id"])
                assert [doc["id"] for doc in tag["docs"]] == [
                    doc["id"] for doc in truth.related("LeakTag", row, "docs")
                ]


async def test_merged_fields_and_aliases_keep_their_rules(pairs: dict[str, tuple[str, str]]) -> None:
    """One relation under several aliases, spread over fragments, each with its own arguments."""
    document = """
      query ($no: Boolean = false) {
        a: leakDocs { id ...F ... on LeakDoc { title } }
        a: leakDocs { body other: body tags { id } }
        b: leakDocs(where: {body: {_isNull: false}}) { id body x: tags(limit: 1) { id } tags { word } }
        leakDocs @include(if: $no) { level }
      }
      fragment F on LeakDoc { body tags { id docs { id body } } }
    """
    for urls in pairs.values():
        async with serving(urls[0]) as backend:
            for actor in (user(1), user(2), user(6)):
                truth = Truth(seed_data(), actor)
                found = json.loads(await ask(backend, actor, document, {"no": False}))
                rows = {row["id"]: row for row in truth.rows["LeakDoc"]}
                assert list(found) == ["a", "b"]
                assert [each["id"] for each in found["a"]] == list(rows)
                for each in found["a"]:
                    assert each["body"] == each["other"] == truth.cell(rows[each["id"]], "body")
                    for tag in each["tags"]:
                        for doc in tag["docs"]:
                            assert doc["body"] == truth.cell(rows[doc["id"]], "body")
                assert [each["id"] for each in found["b"]] == [
                    key for key, row in rows.items() if truth.cell(row, "body") is not None
                ]


async def test_no_superuser_by_name() -> None:
    """Roles called like one give nothing, and a Session refuses an operation prepared for others."""
    backend = Backend(models=MODELS)
    for role in ("admin", "*", "superuser", "administrator", "ANYONE", "user ", "auditor user", ""):
        roles = frozenset({"anyone", role}) & backend.catalog.roles
        assert not view(backend.catalog, roles).superuser
        assert roles == {"anyone"}


async def test_an_operation_of_other_roles_is_refused(pairs: dict[str, tuple[str, str]]) -> None:
    async with serving(pairs["sqlite"][0]) as backend:
        for maker in (user(6, "auditor"), ADMINISTRATOR):
            operation, leaves = backend.engine.operation("{ leakDocs { id } }", {}, backend.session(maker).actor)
            for actor in (STRANGER, user(1), Actor(frozenset({"anyone"}), superuser=maker is not ADMINISTRATOR)):
                with pytest.raises(Refusal):
                    await backend.session(actor).read(operation, leaves)


async def test_a_cursor_serves_its_own_caller_only(pairs: dict[str, tuple[str, str]]) -> None:
    """What one may see can't be compared with a place that another was given."""
    document = """query ($after: String) {
      leakTagsConnection(first: 1, after: $after, orderBy: [{word: DESC}]) { edges { cursor } }
    }"""
    async with serving(pairs["sqlite"][0]) as backend:

        def caller(actor: Actor) -> Any:
            actor = backend.session(actor).actor
            read = {"id", *backend.catalog.claims}  # by rules: other claims change nothing of what one sees
            return actor.roles, actor.superuser, {name: repr(actor.claims.get(name)) for name in read}

        cursors: dict[str, str] = {}
        for who, actor in ACTORS.items():
            found = json.loads(await ask(backend, actor, document, {"after": None}))
            cursors[who] = found["leakTagsConnection"]["edges"][0]["cursor"]
        for who, actor in ACTORS.items():
            for other, cursor in cursors.items():
                alike = caller(actor) == caller(ACTORS[other])
                assert (cursor == cursors[who]) == alike
                found = await ask(backend, actor, document, {"after": cursor})
                assert (found[:1] == b"{") == alike, f"{who} with the cursor of {other}: {found!r}"
                assert alike or b"BAD_USER_INPUT" in found


async def test_a_cursor_serves_its_own_order_only(pairs: dict[str, tuple[str, str]]) -> None:
    """A place among others would be compared with cells that it was not made of."""
    orders = ["[]", "{title: ASC}", "{body: ASC}", "{title: DESC}", "{title: ASC_NULLS_FIRST}", "{author: {name: ASC}}"]
    async with serving(pairs["sqlite"][0]) as backend:
        document = "query ($after: String) { %s(first: 1, after: $after, orderBy: %s) { pageInfo { endCursor } } }"
        asked = [document % ("leakDocsConnection", order) for order in orders]
        asked.append(document % ("leakTagsConnection", "[]"))
        found = [json.loads(await ask(backend, user(1), each)) for each in asked]
        cursors = [next(iter(each.values()))["pageInfo"]["endCursor"] for each in found]
        for here, each in enumerate(asked):
            for there, cursor in enumerate(cursors):
                answer = await ask(backend, user(1), each, {"after": cursor})
                assert (answer[:1] == b"{") == (here == there), f"{each} with the cursor of {asked[there]}"


async def test_hidden_rows_make_no_other_page(pairs: dict[str, tuple[str, str]]) -> None:
    """With all that shows up to a cursor left out, nothing lies in front of it, whatever is hidden there."""
    document = """query ($where: LeakDocFilter, $after: String, $before: String, $first: Int, $last: Int) {
      leakDocsConnection(where: $where, after: $after, before: $before, first: $first, last: $last) {
        pageInfo { hasNextPage hasPreviousPage startCursor }
      }
    }"""
    everything = {row["id"] for row in seed_data()["LeakDoc"]}
    tried = 0
    for urls in pairs.values():
        async with serving(urls[0]) as backend:

            async def info(actor: Actor, where: Any, **given: Any) -> Any:
                found = await ask(backend, actor, document, {"where": where, **given})
                return json.loads(found)["leakDocsConnection"]["pageInfo"]

            for actor in (STRANGER, user(1), user(6)):
                shown = [row["id"] for row in Truth(seed_data(), actor).rows["LeakDoc"]]
                for place, own in enumerate(shown):
                    cursor = (await info(actor, {"id": {"_eq": own}}))["startCursor"]
                    front, behind = {"id": {"_nin": shown[: place + 1]}}, {"id": {"_nin": shown[place:]}}
                    tried += len({id for id in everything - set(shown) if id < own})
                    assert not (await info(actor, front, after=cursor, first=20))["hasPreviousPage"], (actor, own)
                    assert not (await info(actor, behind, before=cursor, last=20))["hasNextPage"], (actor, own)
    assert tried > 20
