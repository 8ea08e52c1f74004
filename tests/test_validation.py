"""Leaving out rules that have nothing to judge changes no verdict and no message, whatever the document."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import graphql as g
import pytest
from graphql import validation as v
from hypothesis import given
from hypothesis import strategies as st

from hedgerow import Backend
from hedgerow.resolvers.validation import SIGNS, rules_for, validate
from hedgerow.schema import graphql as generated
from hedgerow.schema.views import view

from . import world
from .test_cases import CASES

RULES = (*v.specified_rules, v.NoSchemaIntrospectionCustomRule)

FAULTS: dict[type[v.ASTValidationRule], str] = {
    v.FragmentsOnCompositeTypesRule: "{ notes { ... on String { id } } }",
    v.UniqueFragmentNamesRule: "{ ...A } fragment A on Query { __typename } fragment A on Query { __typename }",
    v.KnownFragmentNamesRule: "{ ...Missing }",
    v.NoUnusedFragmentsRule: "{ notes { id } } fragment A on Query { __typename }",
    v.PossibleFragmentSpreadsRule: "{ notes { ... on Person { id } } }",
    v.NoFragmentCyclesRule: "{ ...A } fragment A on Query { ...A }",
    v.KnownTypeNamesRule: "query ($a: Missing) { notes(limit: $a) { id } }",
    v.VariablesAreInputTypesRule: "query ($a: Note) { notes(where: $a) { id } }",
    v.UniqueVariableNamesRule: "query ($a: Int, $a: Int) { notes(limit: $a) { id } }",
    v.NoUndefinedVariablesRule: "{ notes(limit: $a) { id } }",
    v.NoUnusedVariablesRule: "query ($a: Int) { notes { id } }",
    v.VariablesInAllowedPositionRule: "query ($a: String) { notes(limit: $a) { id } }",
    v.KnownDirectivesRule: "{ notes { id @missing } }",
    v.UniqueDirectivesPerLocationRule: "{ notes { id @skip(if: true) @skip(if: true) } }",
    v.DeferStreamDirectiveOnRootField: "mutation { ... @defer { a } }",
    v.DeferStreamDirectiveOnValidOperationsRule: "subscription { a { ... @defer { a } } }",
    v.DeferStreamDirectiveLabel: "query ($l: String) { ... @defer(label: $l) { a } }",
    v.StreamDirectiveOnListField: "{ a @stream }",
    v.KnownArgumentNamesRule: "{ notes(missing: 1) { id } }",
    v.UniqueArgumentNamesRule: "{ notes(limit: 1, limit: 1) { id } }",
    v.ValuesOfCorrectTypeRule: '{ notes(limit: "x") { id } }',
    v.UniqueInputFieldNamesRule: "{ notes(where: {id: {_eq: 1}, id: {_eq: 1}}) { id } }",
    v.MaxIntrospectionDepthRule: "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    v.NoSchemaIntrospectionCustomRule: '{ __type(name: "Note") { name } }',
}
"""A document for each rule of the table, in which it finds something."""

OTHERS = (
    "{ missing }",
    "{ notes }",
    "{ notes { id { x } } }",
    "{ note { id } }",
    "{ a: notes { id } a: people { id } }",
    "{ notes { a: id a: title } }",
    "{ notes { id } } { notes { id } }",
    "query A { notes { id } } query A { people { id } }",
    "mutation { a } subscription { b c }",
    "{ notes { ... { id } ... on Note @include(if: true) { id } } }",
    "query ($a: Int = 1, $w: NoteFilter) { notes(limit: $a, where: $w) { ...A } } fragment A on Note { i: id(p: $b) }",
    '{ notes(where: {title: {_eq: "... $ @ fragment ("}}) { id } } # ...$@',
    "query ($a: [Int!]! = [1, null]) { notes(where: {id: {_in: $a}}) { id } }",
    "{ notes(orderBy: [{id: DOWN}, {missing: ASC}]) { id } }",
    "{ " + " ".join(f"a{number}: missing{number}" for number in range(30)) + " }",
)

INCREMENTAL = g.build_schema(
    """
    directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @stream(if: Boolean! = true, label: String, initialCount: Int = 0) on FIELD
    type Query { a: String b: [String] c(o: One): String }
    type Mutation { a: String }
    type Subscription { a: Query }
    input One @oneOf { a: Int b: Int }
    """
)


@cache
def schemas() -> tuple[g.GraphQLSchema, ...]:
    """What everybody, somebody and nearly nobody sees of the world, and a schema with what ours lack."""
    catalog = Backend(models=world.MODELS).catalog
    views = (
        view(catalog, frozenset({"anyone"}), superuser=True),
        view(catalog, frozenset({"anyone", "user"})),
        view(catalog, frozenset({"anyone"})),
    )
    return *map(generated.build, views), INCREMENTAL


def documents() -> list[str]:
    return [*FAULTS.values(), *OTHERS, *(path.read_text() for path in sorted(CASES.rglob("*.graphql")))]


def told(errors: Sequence[g.GraphQLError]) -> list[object]:
    return [(error.message, error.locations, error.path) for error in errors]


def compare(text: str) -> None:
    """Every schema finds the same wrong with a document, by all rules and by ours; one that can't be parsed passes."""
    try:
        document = g.parse(text, max_tokens=2_000)
    except g.GraphQLSyntaxError:
        return
    for schema in schemas():
        every = g.validate(schema, document, RULES, max_errors=20)
        assert told(validate(schema, document, text, RULES, 20)) == told(every)


def test_all_documents_get_the_same_verdict() -> None:
    for text in documents():
        compare(text)


@pytest.mark.parametrize("rule", SIGNS, ids=lambda rule: rule.__name__)
def test_each_rule_runs_where_it_finds_something(rule: type[v.ASTValidationRule]) -> None:
    text = FAULTS[rule]
    assert any(g.validate(schema, g.parse(text), [rule]) for schema in schemas())
    assert rule in rules_for(text, RULES)


def test_rules_are_left_out() -> None:
    left = set(rules_for('{ notes(limit: 1, where: {title: {_eq: "x"}}) { id } }', RULES))
    needless = {rule for rule, signs in SIGNS.items() if "(" not in signs}
    assert set(RULES) - left == needless


def test_a_rule_that_the_table_does_not_know_always_runs() -> None:
    class Unheard(v.ValidationRule):
        pass

    assert rules_for("{ a }", [Unheard]) == [Unheard]


WORDS = (
    "... on Note { id }", "...A", "fragment A on Note { id }", "fragment A on Query { notes { ...A } }", "$a",
    "($a: Int)", "query", "mutation", "subscription", "@skip(if: true)", "@include(if: $a)", "@defer", "@missing",
    "(limit: 1)",
    "(limit: 1, limit: $a)", "{", "}", "(", ")", "[", "]", ":", "!", "=", "null", "1", '"""... $ @"""', "__typename",
    "__schema { types { name } }", "id", "notes", "missing", "a:", "{ id }", "{id: {_eq: 1}}", "# @\n",
)  # fmt: skip
"""What is put into documents."""


@cache
def tokens() -> list[list[str]]:
    """The words of every document."""
    found: list[list[str]] = []
    for text in documents():
        lexer = g.Lexer(g.Source(text))
        words: list[str] = []
        while (token := lexer.advance()).kind is not g.TokenKind.EOF:
            words.append(text[token.start : token.end])
        found.append(words)
    return found


@given(st.data())
def test_changed_documents_get_the_same_verdict(data: st.DataObject) -> None:
    words = list(data.draw(st.sampled_from(tokens())))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(words)))
        match data.draw(st.sampled_from(("insert", "replace", "remove", "repeat"))):
            case "insert":
                words.insert(at, data.draw(st.sampled_from(WORDS)))
            case "replace":
                words[at : at + 1] = [data.draw(st.sampled_from(WORDS))]
            case "remove":
                del words[at : at + data.draw(st.integers(1, 3))]
            case _:
                words[at:at] = words[at : at + data.draw(st.integers(1, 8))]
    compare(" ".join(words))


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
def test_random_documents_get_the_same_verdict(words: list[str]) -> None:
    compare("{ notes { id } " + " ".join(words) + " }")
