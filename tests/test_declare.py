"""Declarations: what is refused, all at once, each with its place and a mend; and what good ones compile to.

Bad models are made by functions, so that a file's rules run only where they are tested. `tests/sdl/*.graphql` hold
the schemas of both namings; HEDGEROW_REWRITE_CASES=1 writes them anew.
"""

import enum
import os
import sys
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Optional

import graphql
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import JSON, Column, Field, Relationship, SQLModel

from hedgerow import Backend, DeclarationError, access, allow, now
from hedgerow.schema import expr as e
from hedgerow.schema import graphql as generated
from hedgerow.schema.catalog import Catalog
from hedgerow.schema.compile import compile_models
from hedgerow.schema.errors import Problem
from hedgerow.schema.names import CAMEL, HASURA, NAMINGS, Naming
from hedgerow.schema.traversal import show
from hedgerow.schema.views import view

from . import world

SDL = Path(__file__).parent / "sdl"
REWRITE = os.environ.get("HEDGEROW_REWRITE_CASES") == "1" and os.environ.get("CI") != "true"


def problems(*models: Any, naming: Naming = CAMEL) -> list[Problem]:
    """What is wrong with a declaration; empty when nothing is."""
    try:
        compile_models(models, naming)
    except DeclarationError as error:
        return list(error.problems)
    return []


# Models that rules are tried on: the rules are put in afterwards


class DeclColor(enum.Enum):
    RED = "red"
    BLUE = "blue"


class DeclCity(SQLModel, table=True):
    __tablename__ = "decl_city"
    __plural__ = "declCities"

    id: int = Field(primary_key=True)
    name: str
    mayor: str | None = None
    size: int = 0
    houses: list["DeclHouse"] = Relationship(back_populates="city")


class DeclHouse(SQLModel, table=True):
    __tablename__ = "decl_house"

    id: int = Field(primary_key=True)
    street: str
    number: int
    rent: float | None = None
    price: Decimal = Field(max_digits=10, decimal_places=2)
    empty: bool = False
    color: DeclColor = DeclColor.RED
    built: date
    sold_at: datetime | None = None
    lease: timedelta | None = None
    token: uuid.UUID
    meta: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    city_id: int | None = Field(default=None, foreign_key="decl_city.id")
    city: DeclCity | None = Relationship(back_populates="houses")
    rooms: list["DeclRoom"] = Relationship(back_populates="house")


class DeclRoom(SQLModel, table=True):
    __tablename__ = "decl_room"

    id: int = Field(primary_key=True)
    name: str
    house_id: int = Field(foreign_key="decl_house.id")
    house: DeclHouse = Relationship(back_populates="rooms")


HOUSES: list[type[Any]] = [DeclCity, DeclHouse, DeclRoom]


def compiled(rules: Callable[..., Any]) -> Catalog:
    type.__setattr__(DeclHouse, "rules", access(rules))
    try:
        return compile_models(HOUSES, CAMEL)
    finally:
        type.__delattr__(DeclHouse, "rules")


def refused(rules: Callable[..., Any]) -> list[Problem]:
    try:
        compiled(rules)
    except DeclarationError as error:
        return list(error.problems)
    return []


def where(make: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Rules of one `allow` with this condition."""

    def rules(house: Any, me: Any) -> Any:
        yield allow("user", "read", where=make(house, me))

    return rules


def _loops(house: Any, me: Any) -> Any:
    return [each for each in me.things]  # noqa: C416


BAD_CONDITIONS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "unknown column": (lambda h, me: h.numbr == 1, "no column or relation 'numbr'"),
    "unknown column of a relation": (lambda h, me: h.city.nam == "x", "no column or relation 'nam'"),
    "unknown relation": (lambda h, me: h.towns.name == "x", "no column or relation"),
    "unknown relation quantified": (lambda h, me: h.city.homes.any(lambda x: x.id == 1), ""),
    "text with number": (lambda h, me: h.street == 1, "1 is not str"),
    "number with text": (lambda h, me: h.number == "one", ""),
    "number with a column of text": (lambda h, me: h.number == h.street, "can't be compared"),
    "bool with number": (lambda h, me: h.empty == 1, ""),
    "number with bool": (lambda h, me: h.number == True, ""),  # noqa: E712
    "uuid with number": (lambda h, me: h.token == 5, ""),
    "bad enum label": (lambda h, me: h.color == "GREEN", "expected one of"),
    "bad date": (lambda h, me: h.built == "yesterday", ""),
    "datetime with date": (lambda h, me: h.sold_at > h.built, "can't be compared"),
    "order of bools": (lambda h, me: h.empty > False, "no order"),
    "order of enums": (lambda h, me: h.color > "RED", "no order"),
    "order of JSON": (lambda h, me: h.meta > {"a": 1}, "no order"),
    "comparing with a list": (lambda h, me: h.number == [1, 2], ""),
    "comparing with a list claim used as one": (
        lambda h, me: h.number.in_(me.numbers) & (h.number == me.numbers),
        "me.numbers is used as",
    ),
    "claim of two types": (lambda h, me: (h.number == me.key) | (h.street == me.key), "me.key is used as str here"),
    "claim of no type": (lambda h, me: me.left == me.right, "type of me.left can't be told"),
    "claim that is null": (lambda h, me: me.ghost == None, "type of me.ghost can't be told"),  # noqa: E711
    "in_ a text": (lambda h, me: h.street.in_("abc"), "wants a list"),
    "in_ a number": (lambda h, me: h.number.in_(5), "wants a list"),
    "in_ wrong types": (lambda h, me: h.number.in_([1, "two"]), ""),
    "in_ a column": (lambda h, me: h.number.in_(h.id), "is no list of int"),
    "in_ with None": (lambda h, me: h.number.in_([1, None]), "None is compared"),
    "like on numbers": (lambda h, me: h.number.like("1%"), ".like() compares str"),
    "like a number": (lambda h, me: h.street.like(1), ""),
    "contains on text": (lambda h, me: h.street.contains("a"), "only JSON contains, or is contained in, JSON"),
    "contains a text column": (lambda h, me: h.meta.contains(h.street), "street is str: only JSON contains"),
    "contained in bytes": (lambda h, me: h.meta.contained_in(b"a"), "b'a' is not dict or list: expected JSON"),
    "contains a key that is no text": (lambda h, me: h.meta.contains({1: 2}), "expected JSON"),
    "contains None": (lambda h, me: h.meta.contains(None), "None is compared"),
    "JSON in a list with None": (lambda h, me: h.meta.in_([{}, None]), "None is compared"),
    "key of a text": (lambda h, me: h.street.has_key("a"), "only JSON has keys"),
    "keys of a number": (lambda h, me: h.number.has_keys_any(["a"]), "number is int: only JSON has keys"),
    "key that is no text": (lambda h, me: h.meta.has_key(1), "is not str"),
    "key that is a number": (lambda h, me: h.meta.has_key(h.number), "number is int, not a key"),
    "keys that are a text": (lambda h, me: h.meta.has_keys_all("ab"), ".has_keys_all() wants a list of keys, not str"),
    "keys that are a column": (lambda h, me: h.meta.has_keys_any(h.street), "wants a list of keys, not street"),
    "keys that are columns": (lambda h, me: h.meta.has_keys_any([h.street]), "wants a list of keys"),
    "keys that are numbers": (lambda h, me: h.meta.has_keys_any(["a", 1]), "is not str"),
    "keys of a claim used as one": (
        lambda h, me: h.meta.has_key(me.tags) & h.meta.has_keys_any(me.tags),
        "me.tags is used as list[str] here and as str",
    ),
    "a JSON condition as a value": (lambda h, me: h.meta.has_key("a") == h.meta, "a condition is used as a value"),
    "like ending in a backslash": (lambda h, me: h.street.like("a\\"), "lone backslash"),
    "text plus number": (lambda h, me: h.street + 1 == "x1", "is not known"),
    "date plus number": (lambda h, me: h.built + 1 == h.built, "is not known"),
    "date times duration": (lambda h, me: h.built * timedelta(days=1) == h.built, "is not known"),
    "a column as condition": (lambda h, me: h.number, "not a condition"),
    "a column combined": (lambda h, me: h.number & h.empty, "not a condition"),
    "precedence of &": (lambda h, me: h.number == 1 & h.empty, ""),
    "a condition as value": (lambda h, me: (h.number == 1) == (h.id == 2), "condition is used as a value"),
    "a relation as condition": (lambda h, me: h.city, "no condition"),
    "a to-many as value": (lambda h, me: h.rooms.name == "x", "leads to many rows"),
    "a to-many further on": (lambda h, me: h.city.houses.number == 1, "leads to many rows"),
    "a whole row": (lambda h, me: h.city == me, "whole row can't be compared"),
    "a whole row on the right": (lambda h, me: h.city_id == h.city, "row or relation is no value"),
    "me as value": (lambda h, me: h.city_id == me, ""),
    "a number as condition": (lambda h, me: 5, "int 5 is no condition"),
    "a text as condition": (lambda h, me: "yes", "no condition"),
    "and": (lambda h, me: h.empty and h.number == 1, "no truth value"),
    "or": (lambda h, me: h.empty or h.number == 1, "no truth value"),
    "not": (lambda h, me: not h.empty, "no truth value"),
    "if": (lambda h, me: h.number == 1 if me.staff else h.empty, "no truth value"),
    "a chain": (lambda h, me: 1 < h.number < 5, "no truth value"),
    "in a list": (lambda h, me: h.number in [1, 2], "no truth value"),
    "in a claim": (lambda h, me: h.number in me.numbers, "can't be looped over"),
    "a loop": (_loops, "can't be looped over"),
    "a value's negative": (lambda h, me: -h.number == 1, "raise TypeError"),
    "a bad lambda": (lambda h, me: h.rooms.any(lambda: True), "raise TypeError"),
    "a mistake in a lambda": (lambda h, me: h.rooms.any(lambda r: r.nam == "x"), "DeclRoom has no column or relation"),
    "raises": (lambda h, me: 1 / 0, "raise ZeroDivisionError"),
    "method of text": (lambda h, me: h.street.startswith("a"), ""),
    # can never pass
    "false": (lambda h, me: False, "never pass"),
    "null of a required column": (lambda h, me: h.number.is_null(), "never pass"),
    "None of a required column": (lambda h, me: h.number == None, "never pass"),  # noqa: E711
    "in nothing": (lambda h, me: h.number.in_([]), "never pass"),
    "two at once": (lambda h, me: (h.number == 1) & (h.number == 2), "never pass"),
    "an empty range": (lambda h, me: (h.number > 5) & (h.number < 5), "never pass"),
    "an empty range, mirrored": (lambda h, me: (10 < h.number) & (h.number <= 10), "never pass"),  # noqa: SIM300
    "outside its equal": (lambda h, me: (h.number == 3) & (h.number > 4), "never pass"),
    "p and not p": (lambda h, me: h.empty & ~h.empty, "never pass"),
    "true and false": (lambda h, me: (h.empty == True) & (h.empty == False), "never pass"),  # noqa: E712
    "unequal to itself": (lambda h, me: h.number != h.number, "never pass"),
    "both sides never": (lambda h, me: h.number.is_null() | h.number.in_([]), "never pass"),
    "never within": (lambda h, me: h.rooms.any(lambda r: r.name.is_null()), "never pass"),
    "not always": (lambda h, me: ~~h.number.is_null(), "never pass"),
    "not of a required column": (lambda h, me: ~(h.number != None), "never pass"),  # noqa: E711
}


@pytest.mark.parametrize("name", BAD_CONDITIONS)
def test_a_bad_condition_is_refused_where_it_stands(name: str) -> None:
    make, message = BAD_CONDITIONS[name]
    found = refused(where(make))
    assert found, "compiled"
    assert message in found[0].message, found[0].message
    lines = range(make.__code__.co_firstlineno - 1, make.__code__.co_firstlineno + 4)
    for problem in found:
        assert problem.mend
        assert problem.origin, problem
        assert Path(problem.origin.file) == Path(__file__)
        rule = where.__code__.co_firstlineno + 4
        assert problem.origin.line in lines or problem.origin.line in range(rule - 2, rule + 2), problem


@pytest.mark.parametrize(
    "make",
    [
        lambda h, me: h.city is not None,
        lambda h, me: h.rent is not None,
        lambda h, me: (h.number == 1) & (h.rent is not None),
    ],
    ids=["relation", "column", "combined"],
)
def test_is_not_none_is_no_open_door(make: Callable[[Any, Any], Any]) -> None:
    """`x is not None` is Python's True: taken as a condition it would show every row."""
    assert refused(where(make)), "compiled to a rule that always passes"


def test_a_relation_has_no_truth_value() -> None:
    assert refused(where(lambda h, me: (h.number == 1) if h.city else True)), "if on a relation was taken as true"
    assert refused(where(lambda h, me: (h.number == 1) if me else True)), "if on the caller was taken as true"


def test_a_row_outside_its_lambda() -> None:
    kept: list[Any] = []

    def rules(house: Any, me: Any) -> Any:
        yield allow("user", "read", where=house.rooms.any(lambda r: kept.append(r) or r.id == 1))
        yield allow("user", "read", where=kept[0].name == "x")

    found = refused(rules)
    assert [problem.message for problem in found] == ["a row is used outside the lambda that names it"]
    assert found[0].origin and found[0].origin.line == rules.__code__.co_firstlineno + 2


def _allows(**given: Any) -> Callable[..., Any]:
    def rules(house: Any, me: Any) -> Any:
        yield allow(**{"roles": "user", "verbs": "read", **given})

    return rules


BAD_ALLOWS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown verb": ({"verbs": "reed"}, "there is no verb 'reed'"),
    "no verb": ({"verbs": ""}, "there is no verb ''"),
    "a verb of no kind": ({"verbs": 5}, "there is no verb ''"),
    "all verbs": ({"verbs": "*"}, "there is no verb '*'"),
    "no role": ({"roles": ""}, "no role names"),
    "a star": ({"roles": "*"}, "no role names"),
    "a role of two words": ({"roles": ["user editor"]}, "no role names"),
    "a role with a line's end": ({"roles": ["user\n"]}, "no role names"),
    "a role of other letters": ({"roles": "üser"}, "no role names"),
    "a role of digits": ({"roles": "1st"}, "no role names"),
    "a role of no kind": ({"roles": 7}, "no role names"),
    "unknown field": ({"fields": ["streat"]}, "no column or relation 'streat' for fields="),
    "no fields": ({"fields": []}, "fields=[] allows nothing"),
    "fields of no kind": ({"fields": 3}, "allows nothing"),
    "check on read": ({"check": True}, "check= means something for create and update only"),
    "check on delete": ({"verbs": "delete", "check": True}, "check= means something"),
    "preset on read": ({"preset": {"number": 1}}, "preset= means something"),
    "preset of an unknown column": ({"verbs": "create", "preset": {"numbr": 1}}, "no column 'numbr' for preset="),
    "preset of a relation": ({"verbs": "create", "preset": {"city": 1}}, "no column 'city' for preset="),
    "preset of a wrong type": ({"verbs": "create", "preset": {"street": 1}}, "1 is not str"),
    "preset of a fraction": ({"verbs": "create", "preset": {"number": 1.5}}, ""),
    "preset of now for a text": ({"verbs": "create", "preset": {"street": now()}}, ""),
    "preset that is no mapping": ({"verbs": "create", "preset": ["number"]}, "preset="),
    "check that never passes": ({"verbs": "create", "check": False}, "never pass"),
}


@pytest.mark.parametrize("name", BAD_ALLOWS)
def test_a_bad_allow_is_refused(name: str) -> None:
    given, message = BAD_ALLOWS[name]
    found = refused(_allows(**given))
    assert found, "compiled"
    assert message in found[0].message
    assert all(problem.mend and problem.origin and problem.origin.file == __file__ for problem in found)


def test_what_is_yielded_must_be_allow() -> None:
    def texts(house: Any, me: Any) -> Any:
        yield "user"
        yield house.number == 1

    found = refused(texts)
    assert [problem.message for problem in found] == [
        "a rule of DeclHouse yields str, not allow(...)",
        "a rule of DeclHouse yields Term, not allow(...)",
    ]
    assert found[0].origin and found[0].origin.line == texts.__code__.co_firstlineno

    def returned(house: Any, me: Any) -> Any:
        return allow("user", "read")

    assert "DeclHouse raise TypeError" in refused(returned)[0].message
    assert "DeclHouse raise TypeError" in refused(lambda house: [])[0].message

    def nothing(house: Any, me: Any) -> Any:
        return None

    assert compiled(nothing).tables["DeclHouse"].rules == ()


def test_all_problems_at_once() -> None:
    def rules(house: Any, me: Any) -> Any:
        yield allow("user", "reed", where=house.numbr == 1, fields=["streat"])
        yield allow("*", "read", where=(house.street == 1) & (house.color == "GREEN"))
        yield allow("user", "read", where=house.number.in_([]))

    found = refused(rules)
    first = rules.__code__.co_firstlineno
    assert [problem.origin.line - first for problem in found if problem.origin] == [1, 1, 1, 2, 2, 2, 3]
    text = str(DeclarationError(found))
    assert text.startswith("This backend has 7 problems:\n")
    assert all(f"{__file__}:{first + offset}: " in text for offset in (1, 2, 3))


# Models


def _model(name: str, table: str, **attributes: Any) -> Any:
    """A table with `id` and these fields: (annotation, Field) pairs or plain class attributes."""
    body: dict[str, Any] = {"__module__": __name__, "__annotations__": {"id": int}, "id": Field(primary_key=True)}
    body["__tablename__"] = table
    for key, value in attributes.items():
        if isinstance(value, tuple):
            body["__annotations__"][key], body[key] = value
        else:
            body[key] = value
    return type(SQLModel)(name, (SQLModel,), body, table=True)


class DeclBadTypes(SQLModel, table=True):
    __plural__ = "declBadOnes"
    __tablename__ = "decl_bad_types"

    id: int = Field(primary_key=True)
    address: str = Field(sa_column=Column(postgresql.INET))
    words: list[str] = Field(sa_column=Column(postgresql.ARRAY(sa.String)))
    label: str = Field(sa_column=Column(sa.Enum("fine", "not fine", "null", "__x", "true", name="decl_label")))


def test_column_types_that_are_not_known() -> None:
    found = problems(DeclBadTypes)
    messages = [problem.message for problem in found]
    assert "DeclBadTypes.address has the column type INET(), which Hedgerow doesn't know" in messages
    assert any("DeclBadTypes.words has the column type ARRAY" in message for message in messages)
    for label in ("not fine", "null", "__x", "true"):
        assert f"DeclBadTypes.label: the enum label {label!r} is no name that GraphQL can hold" in messages
    assert len(found) == 6, "\n".join(messages)
    assert all(problem.mend for problem in found)


class DeclNet(SQLModel, table=True):
    __tablename__ = "decl_net"

    address: str = Field(sa_column=Column(postgresql.INET, primary_key=True))
    hosts: list["DeclHost"] = Relationship(back_populates="net")


class DeclHost(SQLModel, table=True):
    __tablename__ = "decl_host"

    id: int = Field(primary_key=True)
    net_address: str = Field(sa_column=Column(postgresql.INET, sa.ForeignKey("decl_net.address")))
    net: DeclNet = Relationship(back_populates="hosts")


def test_a_relation_over_a_column_of_an_unknown_type() -> None:
    assert [problem.message for problem in problems(DeclNet, DeclHost)] == [
        "DeclNet.address has the column type INET(), which Hedgerow doesn't know",
        "DeclHost.net_address has the column type INET(), which Hedgerow doesn't know",
    ]


class DeclBoss(SQLModel, table=True):
    __tablename__ = "decl_boss"

    id: int = Field(primary_key=True)
    rank: int = 0
    aides: list["DeclAide"] = Relationship(
        sa_relationship_kwargs={
            "primaryjoin": "and_(DeclBoss.id == DeclAide.boss_id, DeclAide.rank > 3)",
            "viewonly": True,
        }
    )


class DeclAide(SQLModel, table=True):
    __tablename__ = "decl_aide"

    id: int = Field(primary_key=True)
    rank: int = 0
    boss_id: int = Field(foreign_key="decl_boss.id")


def test_a_join_on_more_than_equal_columns() -> None:
    found = problems(DeclBoss, DeclAide)
    assert [problem.message for problem in found] == ["DeclBoss.aides joins on more than equal columns"]


def test_what_is_no_table() -> None:
    class DeclPlain(SQLModel):
        id: int

    found = problems(DeclPlain, int, "DeclCity", 5, None, DeclCity, DeclCity)
    assert [problem.message for problem in found] == [
        "DeclPlain is no table",
        "int is no table",
        "'DeclCity' is no table",
        "5 is no table",
        "None is no table",
        "DeclCity is listed twice",
    ]


def test_two_models_of_one_name() -> None:
    first = _model("DeclTwin", "decl_twin_a")
    second = type(SQLModel)(
        "DeclTwin",
        (SQLModel,),
        {
            "__module__": "elsewhere",
            "__tablename__": "decl_twin_b",
            "__annotations__": {"id": int},
            "id": Field(primary_key=True),
        },
        table=True,
    )
    assert "two models are called DeclTwin" in [problem.message for problem in problems(first, second)]


Sheep = _model("Sheep", "decl_sheep")
DeclBad = _model("DeclBad", "decl_bad", __plural__="my sheep")
DeclCased = _model("DeclCased", "decl_cased", a_b=(int, Field()), aB=(int, Field()))
DeclFoo = _model("DeclFoo", "decl_foo")
DeclFooFilter = _model("DeclFooFilter", "decl_foo_filter")
Query = _model("Query", "decl_query")
DateTime = _model("DateTime", "decl_date_time")
Order = _model("Order", "decl_order")
StringComparison = _model("StringComparison", "decl_string_comparison", text=(str, Field()))
DeclUnder = _model("DeclUnder", "decl_under", both=(int, Field(sa_column=Column("_and", sa.Integer))))
DeclDash = _model("DeclDash", "decl-dash")
DeclSpaced = _model("DeclSpaced", "decl_spaced", a=(int, Field(sa_column=Column("a b", sa.Integer))))


@pytest.mark.parametrize(
    ("models", "naming", "message"),
    [
        ([Sheep], CAMEL, "would both be called 'sheep'"),
        (
            [_model("DeclFox", "decl_fox"), _model("DeclWolf", "decl_wolf", __plural__="declFoxes")],
            CAMEL,
            "'declFoxes'",
        ),
        ([DeclBad], CAMEL, "'my sheep', which is no name in GraphQL"),
        ([DeclCased], CAMEL, "would both be called 'aB'"),
        ([DeclFoo, DeclFooFilter], CAMEL, "would both be called 'DeclFooFilter'"),
        ([Query], CAMEL, "would both be called 'Query'"),
        ([DateTime], CAMEL, "would both be called 'DateTime'"),
        ([Order], CAMEL, "would both be called 'Order'"),
        ([StringComparison], CAMEL, "'StringComparison'"),
        ([DeclUnder], HASURA, "'_and'"),
        ([DeclDash], HASURA, "'decl-dash', which is no name in GraphQL"),
        ([DeclSpaced], HASURA, "'a b', which is no name in GraphQL"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_names_that_collide_or_are_none(models: list[Any], naming: Naming, message: str) -> None:
    found = problems(*models, naming=naming)
    assert any(message in problem.message for problem in found), found
    assert all(problem.mend for problem in found)


def test_a_plural_mends_a_collision() -> None:
    flock = _model("DeclDeer", "decl_deer", __plural__="herdOfDeer")
    assert compile_models([flock], CAMEL).tables["DeclDeer"].names.list == "herdOfDeer"


def test_problems_of_models_say_where() -> None:
    """errors.py promises a file and a line for every Problem, not only for those of rules."""
    found = [*problems(DeclBadTypes), *problems(DeclBoss, DeclAide), *problems(Sheep)]
    assert all(problem.origin and problem.origin.file == __file__ for problem in found)


class DeclSecretLink(SQLModel, table=True):
    __tablename__ = "decl_secret_link"

    left_id: int = Field(foreign_key="decl_left.id", primary_key=True)
    right_id: int = Field(foreign_key="decl_right.id", primary_key=True)

    @access
    def rules(link, me):
        yield allow("auditor", "read")


class DeclLeft(SQLModel, table=True):
    __tablename__ = "decl_left"

    id: int = Field(primary_key=True)
    rights: list["DeclRight"] = Relationship(back_populates="lefts", link_model=DeclSecretLink)

    @access
    def rules(row, me):
        yield allow("anyone", "read")


class DeclRight(SQLModel, table=True):
    __tablename__ = "decl_right"

    id: int = Field(primary_key=True)
    lefts: list[DeclLeft] = Relationship(back_populates="rights", link_model=DeclSecretLink)

    @access
    def rules(row, me):
        yield allow("anyone", "read")


def test_a_link_with_rules_must_be_declared() -> None:
    """Left out of models=[...], its rules would say nothing and every pair would show."""
    assert problems(DeclLeft, DeclRight), "the link's own rules were dropped without a word"
    assert not problems(DeclLeft, DeclRight, DeclSecretLink)


def test_backend_refuses_as_compile_does() -> None:
    with pytest.raises(DeclarationError, match="is no table"):
        Backend(models=[int])
    with pytest.raises(DeclarationError, match="there is no naming 'pascal'"):
        Backend(models=[DeclCity], naming="pascal")  # pyright: ignore[reportArgumentType]


# What good rules mean

GOOD: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "true column": (lambda h, me: h.empty, "empty"),
    "claim": (lambda h, me: h.number == me.number, "(number = me.number)"),
    "claim first": (lambda h, me: me.number == h.number, "(me.number = number)"),
    "unequal": (lambda h, me: h.street != "x", "(street != 'x')"),
    "none": (lambda h, me: h.rent == None, "rent is null"),  # noqa: E711
    "not none": (lambda h, me: h.rent != None, "not rent is null"),  # noqa: E711
    "is_null": (lambda h, me: h.city_id.is_null(), "city_id is null"),
    "not": (lambda h, me: ~h.empty, "not empty"),
    "and": (lambda h, me: h.empty & (h.number == 1) & (h.id > 2), "(empty and (number = 1) and (id > 2))"),
    "or": (lambda h, me: h.empty | (h.number == 1), "(empty or (number = 1))"),
    "mirrored": (lambda h, me: 5 < h.number, "(number > 5)"),  # noqa: SIM300
    "sum": (lambda h, me: h.number + 1 > 2 * h.id, "((number + 1) > (2 * id))"),
    "quotient": (lambda h, me: h.number / 2 < 0.5, "((number / 2) < 0.5)"),
    "decimal": (lambda h, me: h.price >= Decimal("9.90"), "(price >= Decimal('9.90'))"),
    "decimal as text": (lambda h, me: h.price - 1 < h.rent, "((price - 1) < rent)"),
    "now": (lambda h, me: h.sold_at < now(), "(sold_at < now())"),
    "now and duration": (lambda h, me: h.sold_at > now() - timedelta(days=1), "(sold_at > (now() - datetime"),
    "now as a date": (lambda h, me: h.built <= now(), "(built <= now())"),
    "moment plus duration": (lambda h, me: h.sold_at + h.lease > now(), "((sold_at + lease) > now())"),
    "dates apart": (lambda h, me: h.built - me.birthday > timedelta(days=9), "((built - me.birthday) > datetime"),
    "enum by member": (lambda h, me: h.color == DeclColor.BLUE, "(color = 'BLUE')"),
    "enum by label": (lambda h, me: h.color == "BLUE", "(color = 'BLUE')"),
    "uuid as text": (lambda h, me: h.token == "00000000-0000-0000-0000-000000000001", "(token = UUID("),
    "json": (lambda h, me: h.meta == {"a": [1]}, '(meta = {"a": [1]})'),
    "contains": (lambda h, me: h.meta.contains({"b": [1], "a": None}), 'meta contains {"a": null, "b": [1]}'),
    "contains a scalar": (lambda h, me: h.meta.contains("x"), 'meta contains "x"'),
    "contained in": (lambda h, me: ~h.meta.contained_in(me.meta), "not me.meta contains meta"),
    "has key": (
        lambda h, me: h.meta.has_key("a") | h.meta.has_key(h.street),
        "(meta has key 'a' or meta has key street)",
    ),
    "has keys any": (lambda h, me: h.meta.has_keys_any(me.keys), "meta has any of keys me.keys"),
    "has keys all": (lambda h, me: h.meta.has_keys_all(("a", "b")), "meta has all of keys ['a', 'b']"),
    "key of a claim": (lambda h, me: me.meta.has_key(h.street), "me.meta has key street"),
    "JSON in a list": (lambda h, me: h.meta.in_([{}, 1]), "meta in ({}, 1)"),
    "JSON in a claim": (lambda h, me: h.meta.in_(me.metas), "meta in me.metas"),
    "in a list": (lambda h, me: h.number.in_([1, 2]), "number in (1, 2)"),
    "in columns": (lambda h, me: h.number.in_([h.id, me.number]), "number in (id, me.number)"),
    "in a claim": (lambda h, me: h.color.in_(me.colors), "color in me.colors"),
    "claim in a list": (lambda h, me: (h.number == me.number) & me.number.in_([1, 2]), "me.number in (1, 2)"),
    "like": (
        lambda h, me: h.street.like("a%") | h.street.ilike(me.street),
        "(street like 'a%' or street ilike me.street)",
    ),
    "path": (lambda h, me: h.city.name == "x", "(city.name = 'x')"),
    "any": (lambda h, me: h.rooms.any(), "rooms.any(true)"),
    "any with": (lambda h, me: h.rooms.any(lambda r: r.name == h.street), "rooms.any((name = ^street))"),
    "all": (lambda h, me: h.rooms.all(lambda r: r.name == "x"), "not rooms.any(not passes((name = 'x')))"),
    "none of": (lambda h, me: h.rooms.none(lambda r: r.name == "x"), "not rooms.any((name = 'x'))"),
    "path to many": (lambda h, me: h.city.houses.any(lambda o: o.id != h.id), "city.houses.any((id != ^id))"),
    "three deep": (
        lambda h, me: h.city.houses.any(
            lambda o: o.rooms.all(lambda r: r.house.city.houses.none(lambda x: (x.id == h.id) & (x.number == r.id)))
        ),
        "city.houses.any(not rooms.any(not passes(not house.city.houses.any(((id = ^^^id) and (number = ^id))))))",
    ),
    "path of an outer row": (
        lambda h, me: h.rooms.any(lambda r: h.city.mayor == r.name),
        "rooms.any((^city.mayor = name))",
    ),
    "outer relation": (
        lambda h, me: h.rooms.any(lambda r: h.city.houses.any(lambda o: (o.street == r.name) & (h.id == o.id))),
        "rooms.any(^city.houses.any(((street = ^name) and (^^id = id))))",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_condition_means_what_it_says(name: str) -> None:
    make, shown = GOOD[name]
    rule = compiled(where(make)).tables["DeclHouse"].rules[0]
    found = show(rule.where)
    if found != shown:
        assert shown in found, found
    assert rule.check == rule.where


def test_a_rule_as_compiled() -> None:
    def rules(house: Any, me: Any) -> Any:
        yield allow(["user", "editor"], "read  update", where=house.number == me.id, fields="street number city")
        yield allow("editor", ["create"], check=house.empty, preset={"number": me.id, "sold_at": now(), "street": "x"})

    catalog = compiled(rules)
    first, second = catalog.tables["DeclHouse"].rules
    assert first.roles == {"user", "editor"} and first.verbs == {"read", "update"}
    assert first.fields == {"street", "number", "city"} and first.origin
    assert first.origin.line == rules.__code__.co_firstlineno + 1
    assert second.where == e.ALWAYS and show(second.check) == "empty" and second.fields is None
    assert {key: show(value) for key, value in second.preset.items()} == {
        "number": "me.id",
        "sold_at": "now()",
        "street": "'x'",
    }
    assert catalog.roles == {"anyone", "user", "editor"}
    assert {name: str(type) for name, type in catalog.claims.items()} == {"id": "int"}


class DeclBase(SQLModel):
    made: datetime

    @access
    def rules(row, me):
        yield allow("user", "read")

    @access
    def support(row, me):
        yield allow("support", "read", where=row.made < now())


class DeclKept(DeclBase, table=True):
    __tablename__ = "decl_kept"

    id: int = Field(primary_key=True)


class DeclOverridden(DeclBase, table=True):
    __tablename__ = "decl_overridden"

    id: int = Field(primary_key=True)

    @access
    def rules(row, me):
        yield allow("auditor", "read", where=row.id == 1)


class DeclUndecorated(DeclBase, table=True):
    __tablename__ = "decl_undecorated"

    id: int = Field(primary_key=True)

    @staticmethod
    def rules(row, me):
        yield allow("auditor", "read")


def test_rules_and_columns_are_inherited() -> None:
    tables = compile_models([DeclKept, DeclOverridden], CAMEL).tables
    assert "made" in tables["DeclKept"].columns
    assert [sorted(rule.roles) for rule in tables["DeclKept"].rules] == [["user"], ["support"]]
    assert [sorted(rule.roles) for rule in tables["DeclOverridden"].rules] == [["auditor"], ["support"]]


def test_what_overrides_a_rule_without_access_does_not_leave_it_in_force() -> None:
    try:
        found = compile_models([DeclUndecorated], CAMEL).tables["DeclUndecorated"].rules
    except DeclarationError:
        return
    assert [sorted(rule.roles) for rule in found] == [["support"]], "the base's rule, which the model replaced"


class DeclFriend(SQLModel, table=True):
    """A many-to-many relation of a table to itself."""

    __tablename__ = "decl_friend"

    a_id: int = Field(foreign_key="decl_soul.id", primary_key=True)
    b_id: int = Field(foreign_key="decl_soul.id", primary_key=True)


class DeclSoul(SQLModel, table=True):
    __tablename__ = "decl_soul"

    id: int = Field(primary_key=True)
    parent_id: int | None = Field(default=None, foreign_key="decl_soul.id")
    parent: Optional["DeclSoul"] = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "DeclSoul.id"}
    )
    children: list["DeclSoul"] = Relationship(back_populates="parent")
    likes: list["DeclSoul"] = Relationship(
        back_populates="liked_by",
        link_model=DeclFriend,
        sa_relationship_kwargs={
            "primaryjoin": "DeclSoul.id == DeclFriend.a_id",
            "secondaryjoin": "DeclSoul.id == DeclFriend.b_id",
        },
    )
    liked_by: list["DeclSoul"] = Relationship(
        back_populates="likes",
        link_model=DeclFriend,
        sa_relationship_kwargs={
            "primaryjoin": "DeclSoul.id == DeclFriend.b_id",
            "secondaryjoin": "DeclSoul.id == DeclFriend.a_id",
        },
    )


def test_relations_of_a_table_to_itself() -> None:
    for models, link in (([DeclSoul], None), ([DeclSoul, DeclFriend], "DeclFriend")):
        relations = compile_models(models, CAMEL).tables["DeclSoul"].relations
        parent, children, likes, liked = (relations[name] for name in ("parent", "children", "likes", "liked_by"))
        assert (parent.many, parent.pairs) == (False, (("parent_id", "id"),))
        assert (children.many, children.pairs) == (True, (("id", "parent_id"),))
        assert likes.many and likes.link and liked.link
        assert (likes.link.local, likes.link.remote) == ((("a_id", "id"),), (("b_id", "id"),))
        assert (liked.link.local, liked.link.remote) == ((("b_id", "id"),), (("a_id", "id"),))
        assert likes.link.table == liked.link.table == link


def test_only_declared_models_exist() -> None:
    assert "city" not in compile_models([DeclHouse], CAMEL).tables["DeclHouse"].relations


def test_the_world_compiles_to_what_is_meant() -> None:
    tables = compile_models(world.MODELS, CAMEL).tables
    assert tables["Membership"].primary_key == ("team_id", "person_id")
    assert (tables["Invoice"].sql, tables["Invoice"].sql_schema) == ("bills", "sales")
    assert tables["Person"].relations["sent"].pairs == (("id", "sender_id"),)
    assert tables["Person"].relations["received"].pairs == (("id", "recipient_id"),)
    assert [str(column.type) for column in tables["Thing"].columns.values()] == [
        "int", "int", "int", "float", "Decimal", "Decimal", "str", "bool", "datetime", "naive datetime", "date", "time",
        "timedelta", "UUID", "Mood", "dict or list", "bytes",
    ]  # fmt: skip
    assert tables["Person"].columns["name"].description == "The name by which others know this person."


# SDL


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize(
    ("name", "roles"),
    [("everything", None), ("stranger", "anyone"), ("user", "anyone user"), ("reviewer", "anyone user reviewer")],
)
def test_the_printed_schema(name: str, roles: str | None, naming: Any) -> None:
    catalog = compile_models(world.MODELS, NAMINGS[naming])
    seen = view(catalog, frozenset((roles or "anyone").split()), superuser=roles is None)
    schema = generated.build(seen)
    assert graphql.validate_schema(schema) == []
    found = graphql.print_schema(schema) + "\n"
    path = SDL / f"{name}.{naming}.graphql"
    if REWRITE or (not path.exists() and os.environ.get("HEDGEROW_REWRITE_CASES") == "1"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)
    assert path.exists(), f"{path.name} is missing: run with HEDGEROW_REWRITE_CASES=1 and read what it writes"
    assert found == path.read_text()


def test_nullability_in_the_schema() -> None:
    """A required column is non-null where every row that shows at all shows it."""
    catalog = compile_models(world.MODELS, CAMEL)
    auditor = generated.build(view(catalog, frozenset({"anyone", "user", "auditor"})))
    stranger = generated.build(view(catalog, frozenset({"anyone"})))

    def types(schema: graphql.GraphQLSchema, name: str) -> dict[str, str]:
        found: Any = schema.type_map[name]
        return {key: str(field.type) for key, field in found.fields.items()}

    assert types(stranger, "Note") == {"id": "Int!", "title": "String!", "public": "Boolean!", "nodeId": "ID!"}
    note = types(auditor, "Note")
    assert note["title"] == note["body"] == "String!" and note["score"] == "Float"
    assert note["author"] == "Person" and note["tags"] == "[Tag!]!"
    member = types(generated.build(view(catalog, frozenset({"anyone", "user"}))), "Note")
    assert member["title"] == "String!" and member["body"] == "String", "some rows show their title only"


def test_a_long_chain_of_tables_needs_no_deep_stack() -> None:
    """graphql-core collects types by recursion, a level a table; 1,000 tables must not be too many."""
    number = 120
    models: list[type[Any]] = []
    for at in range(number):
        annotations: dict[str, Any] = {"id": int | None, "next_id": int | None}
        fields: dict[str, Any] = {
            "__annotations__": annotations,
            "__module__": __name__,
            "id": Field(default=None, primary_key=True),
            "next_id": Field(default=None, foreign_key=f"chain{min(at + 1, number - 1)}.id"),
        }
        if at < number - 1:
            annotations["next"] = Optional[f"Chain{at + 1}"]  # noqa: UP045 - a forward reference
            fields["next"] = Relationship()
        models.append(type(SQLModel)(f"Chain{at}", (SQLModel,), fields, table=True))
    catalog = compile_models(models, NAMINGS["camel"])
    depth, frame = 0, sys._getframe()
    while frame := frame.f_back:
        depth += 1
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(depth + 80)
        schema = generated.build(view(catalog, frozenset(), superuser=True))
    finally:
        sys.setrecursionlimit(limit)
    assert f"Chain{number - 1}" in schema.type_map
    assert graphql.validate_schema(schema) == []
