"""What a caller may not see can't be told by names, nor by what errors say."""

import json
from collections.abc import Iterator

import graphql
import pytest

from hedgerow.schema.names import CAMEL

from ..conftest import user
from .rules import ATTRIBUTE, TIES, camel
from .served import ACTORS, ask, serving


@pytest.mark.parametrize("who", ["stranger", "one", "reviewer", "planner", "vault"])
async def test_no_text_names_what_is_hidden(who: str, pairs: dict[str, tuple[str, str]]) -> None:
    """Neither the printed schema, introspection, nor an error message."""
    actor = ACTORS[who]
    async with serving(pairs["sqlite"][0]) as backend:
        seen = backend.engine.seen(backend.session(actor).actor)
        shown = {word for table in seen.view.tables.values() for word in (*table.columns, *table.relations)}
        shown |= {word.lower() for word in shown} | {"id", "name", "open", "code", "level", "doc", "group", "role"}
        hidden = {camel(name) for name in ATTRIBUTE.values()} - shown | {"unspeakable", "unutterable"}
        tables = {table for table in TIES if table not in seen.view.tables}
        assert tables
        texts = [graphql.print_schema(seen.schema)]
        everything = graphql.get_introspection_query()
        texts.append((await ask(backend, actor, everything)).decode())
        for table in tables:
            for form in ("{}", *CAMEL.types.values()):
                found = await ask(backend, actor, f'{{ __type(name: "{form.format(table)}") {{ name }} }}')
                assert json.loads(found) == {"__type": None}
        root = next(iter(seen.view.roots))
        for guess in (
            "{ leakVoi { id } }", "{ leakVoids { id } }", "{ leakSecre { id } }", "{ leakDoc(idd: 1) { id } }",
            "{ leakDocs { bod titl leve autho publishe secret } }", "{ leakDocs(where: {bod: {}}) { id } }",
            "{ leakDocs(where: {leve: {}, reviewe: {}}) { id } }",
            "{ leakDocs(orderBy: {leve: ASC, autho: {}}) { id } }",
            "{ leakPeople { emai ran bos } }", "{ leakGroups { opn owner_i membe } }",
            "query ($x: LeakVoi) { leakTags { id } }", "query ($x: LeakSecretFilte) { leakTags { id } }",
            "{ leakTags { ... on LeakVoi { id } } }", "fragment F on LeakSecre { id } { leakTags { ...F } }",
            "{ leakTags { doc { unspeakabl } } }", "{ leakTags(where: {doc: {unspeakabl: {}}}) { id } }",
            "{ leakDocsAggregate { aggregate { count(columns: [bod]) sum { leve } max { autho } } } }",
            "{ leakDocsAggregate { groups(by: {column: autho, autho: {column: emai}}) { key { secre { cod } } } } }",
            "{ leakDocsAggregate { groups(by: {column: id}, having: {sum: {leve: {}}, max: {bod: {}}}) { keyy } } }",
            "{ leakDocs(distinctOn: [bod, leve], orderBy: {secretsAggregat: {count: ASC}}) { secretsConnectio } }",
            "{ leakSecretsAggregat { a } leakVoidsConnectio { a } leakSecretsConnectio { a } leakSecr { a } }",
            "{ leakDocsConnection { nodez { bod } edges { nod { leve } } pageInf { x } totalCoun } }",
            '{ node(id: "x") { ... on LeakSecre { id } ... on LeakVoi { id } ... on LeakDoc { bod } } }',
            "{ leakReveale(ids: [1]) { id } leakPicke(ids: [1]) { diges } leakPeople { car } }",
            f"{{ {root} {{ __typenam }} }}", "{ leakTags(where: {word: {_equals: 1}}) { id } }",
        ):  # fmt: skip
            found = (await ask(backend, actor, guess)).decode()
            for word in guess.replace("{", " ").replace("}", " ").split():
                found = found.replace(word.strip(":()"), "")
            texts.append(found)
        for variables in ({"w": {"bod": 1}}, {"w": {"unspeakabl": 1}}, {"w": {"secret": {"cod": {}}}}, {"w": 3}):
            found = await ask(backend, actor, "query ($w: LeakDocFilter) { leakDocs(where: $w) { id } }", variables)
            texts.append(found.decode().replace("bod", "").replace("'secret'", ""))
        for text in texts:
            words = set(_words(text))
            assert not words & (tables | hidden), f"{words & (tables | hidden)} in {text[:300]}"
            made = {word for word in words for table in tables if word.lower().startswith(table.lower())}
            assert not made, f"{made} in {text[:300]}"
            assert "leakRevealed" not in words or "LeakSecret" not in tables


def _words(text: str) -> Iterator[str]:
    word = ""
    for character in text + " ":
        if character.isalnum() or character == "_":
            word += character
        elif word:
            yield word
            word = ""


async def test_a_value_never_stands_in_an_error(pairs: dict[str, tuple[str, str]]) -> None:
    """Errors of operands say what was expected, not what is there."""
    asked = (
        "{ leakDocs(where: {id: {_eq: 99999999999999}}) { id } }",
        '{ leakDocs(where: {title: {_regex: "("}}) { id } }',
        "{ leakDocs(limit: -1) { id } }",
        "{ leakDocs(limit: 100000) { id } }",
        "{ leakDocs(where: {title: {_eq: null}}) { id } }",
        "{ leakDoc(id: null) { id } }",
    )
    for urls in pairs.values():
        async with serving(urls[0]) as backend:
            for document in asked:
                found = (await ask(backend, user(1), document)).decode()
                assert found.startswith("["), f"{document}: {found}"
                assert not any(word in found for word in ("SELECT", "leak_", "secret words", "alpha", "Traceback"))
