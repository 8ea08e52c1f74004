"""Where the schema can't be asked for, errors don't give its names away one by one either (as clairvoyance asks)."""

import enum
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import strawberry

from hedgerow import Backend, SetupError
from hedgerow.resolvers.reticence import EVERYWHERE, NO_NULL
from hedgerow.schema import graphql as generated
from hedgerow.schema.views import view
from hedgerow.server.settings import Settings
from hedgerow.server.worker import production

from . import shop
from .conftest import ADMIN, SECRET, running
from .test_http import AS_ADMIN, as_user, client, code, post

INTROSPECTION = ("{ __schema { types { name } } }", '{ __type(name: "Note") { name } }')
W = "query ($w: NoteFilter) { notes(where: $w) { id } }"
PROBES: list[tuple[str, dict[str, Any]]] = [
    ("{ nots { id } }", {}),
    ("{ notes { titel } }", {}),
    ("{ notes { id } { id } }", {}),
    ("{ notes(wher: {}) { id } }", {}),
    ("{ notes(where: {titel: {_eq: 1}}) { id } }", {}),
    ("{ notes(where: {title: {_eg: 1}}) { id } }", {}),
    ("{ notes(orderBy: [{title: ASCC}]) { id } }", {}),
    ("query ($w: NoteFilte) { notes(where: $w) { id } }", {}),
    ("{ ... on Quer { notes { id } } }", {}),
    ("{ notes { ... on Not { id } } }", {}),
    ("{ notes { id @skp(if: true) } }", {}),
    ("{ notes { id @skip(iff: true) } }", {}),
    ("{ things(where: {aMood: {_eq: HAPY}}) { id } }", {}),
    (W, {"w": {"titel": {}}}),
    (W, {"w": {"title": {"_eg": ""}}}),
    ("query ($o: [NoteOrder!]) { notes(orderBy: $o) { id } }", {"o": [{"title": "ASCC"}]}),
    ("query ($m: Mood) { things(where: {aMood: {_eq: $m}}) { id } }", {"m": "HAPY"}),
    ("{ hello(wors: {loud: true}) }", {}),
    ("{ hello(words: {lout: true}) }", {}),
    ("query ($w: Words!) { hello(words: $w) }", {"w": {"lout": True}}),
    ("query ($w: Words!) { hello(words: $w) __typename }", {"w": {"tone": "CLAM"}}),
]
"""Documents that are nearly right."""
GIVEN_AWAY = ("Did you mean", "There are:", "expected one of", "Perhaps", "or 'id'")


@strawberry.enum
class Tone(enum.Enum):
    CALM = "calm"


@strawberry.input
class Words:
    loud: bool = False
    tone: Tone = Tone.CALM
    pitch: strawberry.Maybe[Tone]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, words: Words) -> str:
        return "hello"


@pytest.fixture(params=[False, "signed-in"], ids=str)
async def closed(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Any]:
    async with running(database_url, introspection=request.param, query=Query) as backend, client(backend) as http:
        yield http


@pytest.fixture
async def everything(sqlite_world: str) -> AsyncIterator[Any]:
    async with running(sqlite_world, query=Query) as backend, client(backend) as http:
        yield http


@pytest.mark.parametrize(("document", "variables"), PROBES, ids=lambda each: str(each)[:60])
async def test_errors_give_no_names_away(
    closed: Any, everything: Any, document: str, variables: dict[str, Any]
) -> None:
    answer = await post(closed, document, variables=variables)
    assert code(answer) in ("GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED")
    assert not [each for each in GIVEN_AWAY if each in answer.text], answer.text
    for caller in ({}, AS_ADMIN):
        spoken = await post(everything if not caller else closed, document, caller, variables=variables)
        assert code(spoken) == code(answer)


async def test_names_are_given_where_the_schema_can_be_asked_for(closed: Any, everything: Any) -> None:
    asked, words = "{ notes { titel } }", "Did you mean 'title'"
    assert words in (await post(everything, asked)).text
    assert words in (await post(closed, asked, AS_ADMIN)).text


@pytest.mark.parametrize("document", INTROSPECTION)
async def test_signed_in_callers_may_ask(database_url: str, document: str) -> None:
    async with running(database_url, introspection="signed-in") as backend, client(backend) as http:
        assert code(await post(http, document)) == "GRAPHQL_VALIDATION_FAILED"
        assert code(await post(http, document, {"x-hedgerow-role": "anyone", **AS_ADMIN})) == (
            "GRAPHQL_VALIDATION_FAILED"
        )
        assert code(await post(http, document, as_user(1))) == ""
        assert code(await post(http, document, AS_ADMIN)) == ""
        assert "Did you mean 'title'" in (await post(http, "{ notes { titel } }", as_user(1))).text
        assert "Did you mean" not in (await post(http, "{ notes { titel } }")).text


def names(backend: Backend, *roles: str) -> set[str]:
    """All names of a caller's schema."""
    schema = generated.build(view(backend.catalog, frozenset({"anyone", *roles})))
    found: set[str] = set()
    for name, type in schema.type_map.items():
        found |= {name, *getattr(type, "fields", {}), *getattr(type, "values", {})}
        for each in getattr(type, "fields", {}).values():
            found |= {*getattr(each, "args", {})}
    return found


async def test_what_may_have_been_meant_is_always_the_callers_own(database_url: str) -> None:
    """Every name of the whole schema, with its last letter gone: no other name that a stranger lacks is told."""
    async with running(database_url) as backend, client(backend) as http:
        hidden = names(backend, "user", "auditor", "planner", "reviewer", "support") - names(backend)
        assert {"body", "PersonFilter", "teamId"} <= hidden
        told: list[str] = []
        for name in sorted(names(backend, "user", "auditor")):
            near = name[:-1]
            if not near.strip("_") or not near[0].isalpha() or near in hidden:
                continue
            for document in (f"{{ {near} }}", f"{{ notes {{ {near} }} }}", f"query ($a: {near}) {{ notes {{ id }} }}"):
                told.append((await post(http, document)).text.replace(document, "").replace(f"'{near}'", ""))
            told.append((await post(http, W, variables={"w": {near: {}}})).text.replace(f"'{near}'", ""))
        assert len(told) > 200
        for name in hidden:
            assert not [each for each in told if f"'{name}'" in each], name


@pytest.mark.parametrize("wrong", ["sometimes", "signed_in", "anyone"])
def test_introspection_is_one_of_three(wrong: str) -> None:
    with pytest.raises(SetupError, match="INTROSPECTION"):
        Settings.read(introspection=wrong)


def test_introspection_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, meant in (("true", True), ("false", False), ("signed-in", "signed-in")):
        monkeypatch.setenv("HEDGEROW_INTROSPECTION", text)
        assert Settings.read().introspection == meant


TELLING: list[tuple[str, dict[str, Any]]] = [
    *PROBES,
    ("{ notes }", {}),
    ("{ notes { title } things { aMood { x } } }", {}),
    ("{ note { id } }", {}),
    ("{ notes(where: 1) { id } }", {}),
    ("{ notes(where: {title: 1}) { id } }", {}),
    ("{ notes(distinctOn: [NOTHING]) { id } }", {}),
    ('{ notes(distinctOn: "x") { id } }', {}),
    ("{ notesAggregate { groups { x } } }", {}),
    ('{ node(id: "x") { ... on Query { __typename } } }', {}),
    ("{ notes { ...F } } fragment F on Query { __typename }", {}),
    ("query ($n: Int) { notes(where: $n) { id } }", {"n": 1}),
    ("query ($n: Int) { notes(orderBy: [{title: $n}]) { id } }", {"n": 1}),
    (W, {"w": 1}),
    (W, {"w": {"title": 1}}),
    ("{ hello }", {}),
    ("{ hello(words: 1) }", {}),
    ("{ hello(words: {tone: QUIET}) }", {}),
    ("{ hello(words: {pitch: null}) }", {}),
    ("query ($w: Words!) { hello(words: $w) }", {"w": {"tone": 1}}),
    ("query ($w: Words!) { hello(words: $w) }", {"w": {"loud": "' 'a"}}),
    ("query ($w: Words!) { hello(words: $w) }", {"w": 1}),
    ("query ($w: Tone!) { hello(words: $w) }", {"w": "CALM"}),
    ("{ hello(words: {tone: CALM, loud: \"' 'a\"}) }", {}),
    ("# NoteFilter Note title NoteOrderBy Words\n{ notes { ti } hello(words: {lo: 1}) notes(where: 1) { id } }", {}),
    ("{ a: notes { id } b: nots { NoteFilter: id, Note: id } }", {}),
    ("subscription { notes { id } tags { id } }", {}),
    ("subscription { notesStream(batchSize: 1, cursor: [{}]) { id } }", {}),
    ("subscription { notesStream { id } }", {}),
]
"""Documents that complain of what stands beside the names that they know."""
SHOPS: list[tuple[str, dict[str, Any]]] = [
    ("mutation { createCategory }", {}),
    ("mutation { createCategory { id } }", {}),
    ("mutation { createCategory(object: {}) { id } }", {}),
    ("mutation { createCategory(object: 1) { id } }", {}),
    ("mutation ($o: CategoryCreate!) { createCategory(object: $o) { id } }", {"o": {}}),
    ("mutation ($o: CategoryCreate!) { createCategory(object: $o) { id } }", {"o": 1}),
    ("mutation ($o: CategoryCreate!) { createCategory(object: $o) { id } }", {"o": {"x": 1}}),
    ("mutation ($o: String!) { createCategory(object: $o) { id } }", {"o": ""}),
    ("mutation { createCategory(object: {}, onConflict: {}) { id } }", {}),
    ("mutation { createProduct(object: {}) { id } }", {}),
    ("mutation { createProduct(object: {nothing: 1}) { id } }", {}),
]
ENGLISH = {"id", "name", "type", "object", "field", "value", "body", "to", "on", "word", "at", "text", "fields"}
"""Names that are words of sentences too."""


def untold(text: str, document: str, variables: Any, known: set[str]) -> set[str]:
    """The names of a schema that errors tell, and that their sender did not write outside of comments."""
    sent = re.sub(r"#.*", "", document) + json.dumps(variables)
    told = {word for error in json.loads(text)["errors"] for word in re.findall(r"\w+", error["message"])}
    return (told & known) - {*re.findall(r"\w+", sent)} - EVERYWHERE - ENGLISH


@pytest.mark.parametrize("introspection", [False, "signed-in"], ids=str)
async def test_no_error_names_what_its_sender_did_not(database_url: str, introspection: Any) -> None:
    async with running(database_url, introspection=introspection, query=Query) as backend, client(backend) as http:
        known = names(backend)
        assert {"NoteFilter", "Words", "where", "HAPPY", "title"} <= known
        for document, variables in TELLING:
            answer = await post(http, document, variables=variables)
            assert not untold(answer.text, document, variables, known), answer.text
            told = (await post(http, document, AS_ADMIN, variables=variables)).json()
            assert [each["extensions"]["code"] for each in told.get("errors", ())], document


async def test_nobody_is_told_what_python_makes_of_a_type(everything: Any) -> None:
    given = "query ($p: Tone) { hello(words: {pitch: $p}) }"
    for document in ("{ hello(words: {pitch: null}) }", given):
        answer = await post(everything, document, variables={"p": None} if document is given else {})
        assert answer.json()["errors"][0]["message"] == NO_NULL, answer.text


async def test_nor_does_one_of_a_write(shop_url: str) -> None:
    async with running(shop_url, models=shop.MODELS, introspection=False) as backend, client(backend) as http:
        known = names(backend, "clerk", "user")
        assert {"CategoryCreate", "ProductCreate", "createProduct"} <= known
        for document, variables in SHOPS:
            answer = await post(http, document, as_user(1, "clerk"), variables=variables)
            assert not untold(answer.text, document, variables, known), answer.text


async def test_a_value_that_is_needed_is_named_only_to_those_who_may_ask(shop_url: str) -> None:
    document = "mutation ($o: ReviewCreate!) { createReview(object: $o) { id } }"
    for introspection, words in ((True, "is needed"), (False, "a value that is needed is missing")):
        given = {"models": shop.MODELS, "introspection": introspection}
        async with running(shop_url, **given) as backend, client(backend) as http:
            answer = await post(http, document, as_user(1), variables={"o": {"stars": 3}})
            assert words in answer.text, answer.text
            assert ("product" in answer.text) is introspection


@pytest.mark.parametrize(("given", "meant"), [(None, "signed-in"), ("true", True), ("false", False)])
def test_serve_keeps_the_schema_from_strangers_unless_told(
    given: str | None, meant: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEDGEROW_JWT_SECRET", SECRET)
    monkeypatch.setenv("HEDGEROW_ADMIN_SECRET", ADMIN)
    monkeypatch.delenv("HEDGEROW_INTROSPECTION", raising=False)
    if given:
        monkeypatch.setenv("HEDGEROW_INTROSPECTION", given)
    file = tmp_path / "app.py"
    file.write_text("from hedgerow import Backend\nbackend = Backend(models=[])\n")
    assert production(str(file))[1].introspection == meant
