"""What is compiled for writes: defaults, keys, versions, rules that can't work; and what each caller may write."""

import enum
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Optional

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import JSON, Column, Field, Relationship, SQLModel

from hedgerow import DeclarationError, access, allow
from hedgerow.schema.catalog import Catalog, Default, Table, Unique
from hedgerow.schema.compile import compile_models
from hedgerow.schema.compile_writes import derived_name
from hedgerow.schema.errors import Problem
from hedgerow.schema.names import CAMEL, HASURA, Naming
from hedgerow.schema.views import View, view

REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


def _beginning() -> str:
    return "made"


class Defaulted(Own, table=True):
    __version__ = "version"
    __table_args__ = (
        sa.UniqueConstraint("title", "size"),
        sa.UniqueConstraint("title", "number", name="title of number"),
        sa.UniqueConstraint("number", name="deferred", deferrable=True),
        sa.Index("one_open", "title", unique=True, postgresql_where=sa.text("number > 1")),
        sa.Index("folded", sa.text("lower(title)"), unique=True),
        sa.Index("not_unique", "number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    title: str
    size: Size = Size.SMALL
    number: int = 7
    tags: list[str] = Field(default_factory=lambda: ["a"], sa_column=Column(JSON, nullable=False))
    token: uuid.UUID = Field(default_factory=uuid.uuid4, unique=True, index=True)
    price: Decimal = Field(default=1, sa_column_kwargs={"unique": True})  # pyright: ignore[reportArgumentType]
    made_at: datetime = Field(sa_column_kwargs={"server_default": sa.func.now()})
    seen_at: datetime = Field(sa_column_kwargs={"default": sa.func.now(), "onupdate": sa.func.now()})
    by_column: str = Field(sa_column=Column(sa.String, default="column", onupdate=_beginning, nullable=False))
    by_function: str | None = Field(default=None, sa_column_kwargs={"default": _beginning})
    touched: datetime | None = Field(default=None, sa_column=Column(sa.DateTime, server_onupdate=sa.FetchedValue()))
    note: str | None = None
    doubled: int | None = Field(default=None, sa_column=Column(sa.Integer, sa.Computed("number * 2")))
    counted: int | None = Field(default=None, sa_column=Column(sa.Integer, sa.Identity(always=True)))
    offered: int | None = Field(default=None, sa_column=Column(sa.Integer, sa.Identity()))
    version: int


def compiled(*models: Any, naming: Naming = CAMEL) -> Catalog:
    return compile_models(models, naming)


def problems(*models: Any, naming: Naming = CAMEL) -> list[Problem]:
    try:
        compile_models(models, naming)
    except DeclarationError as error:
        return list(error.problems)
    return []


def table() -> Table:
    return compiled(Defaulted).tables["Defaulted"]


def made(default: Default | None) -> Any:
    assert default and default.make
    return default.make()


def test_defaults_are_values_of_the_column() -> None:
    columns = table().columns
    assert columns["title"].default is None and columns["note"].default is None
    assert made(columns["size"].default) == "SMALL"
    assert made(columns["number"].default) == 7
    assert made(columns["price"].default) == Decimal(1) and isinstance(made(columns["price"].default), Decimal)
    assert isinstance(made(columns["token"].default), uuid.UUID)
    assert made(columns["token"].default) != made(columns["token"].default)
    assert made(columns["by_column"].default) == "column"
    assert made(columns["by_function"].default) == "made"
    assert made(columns["seen_at"].default).tzinfo is UTC
    first = made(columns["tags"].default)
    first.append("b")
    assert made(columns["tags"].default) == ["a"]


def test_what_the_database_makes() -> None:
    columns = table().columns
    assert {name for name, column in columns.items() if column.default == Default(None)} == {
        "id",
        "made_at",
        "counted",
        "offered",
        "doubled",
    }
    assert {name for name, column in columns.items() if column.generated} == {"doubled", "counted"}


def test_updates_have_values_of_their_own() -> None:
    columns = table().columns
    own = {name for name, column in columns.items() if column.onupdate and not column.generated}
    assert own == {"seen_at", "by_column", "touched"}
    assert made(columns["by_column"].onupdate) == "made"
    assert columns["touched"].onupdate == Default(None)


def test_keys_on_which_rows_clash() -> None:
    assert table().uniques == (
        Unique("defaulted_pkey", "defaulted_pkey", ("id",)),
        Unique("defaulted_price_key", "defaulted_price_key", ("price",)),
        Unique("defaulted_title_size_key", "defaulted_title_size_key", ("title", "size")),
        Unique("ix_defaulted_token", "ix_defaulted_token", ("token",)),
        Unique("title of number", "title_of_number", ("title", "number")),
    )


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("short", ["a", "b"]),
        ("t" * 70, ["column"]),
        ("table", ["c" * 40, "d" * 40]),
        ("é" * 40, ["ü" * 31]),
    ],
)
async def test_derived_names_are_those_of_postgresql(postgres_world: str, name: str, columns: list[str]) -> None:
    table = sa.Table(name, sa.MetaData(), *(sa.Column(each, sa.Integer) for each in columns), prefixes=["TEMPORARY"])
    table.append_constraint(sa.UniqueConstraint(*columns))
    connection = await asyncpg.connect(postgres_world)
    try:
        await connection.execute(str(sa.schema.CreateTable(table).compile(dialect=postgresql.dialect())))
        found = await connection.fetchval(
            "select conname from pg_constraint where contype = 'u' and connamespace = pg_my_temp_schema()"
        )
    finally:
        await connection.close()
    assert derived_name(name, columns, "key") == found


def test_a_key_that_graphql_cannot_name() -> None:
    class Nameless(Own, table=True):
        __table_args__ = (sa.UniqueConstraint("a", name="1 a"), sa.UniqueConstraint("b", name="1-a"))

        id: int = Field(primary_key=True)
        a: int
        b: int

    assert [problem.message for problem in problems(Nameless)] == [
        "Nameless: the constraint '1-a' can't be called '_1_a' in GraphQL"
    ]


# What is refused


class Plain(Own, table=True):
    """Rules are put in by tests."""

    __version__ = "version"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    body: str = ""
    doubled: int | None = Field(default=None, sa_column=Column(sa.Integer, sa.Computed("id * 2")))
    owner_id: int = Field(foreign_key="owner.id")
    owner: "Owner" = Relationship(back_populates="plains")
    looked: Optional["Owner"] = Relationship(sa_relationship_kwargs={"viewonly": True})
    version: int = 1


class Owner(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    plains: list[Plain] = Relationship(back_populates="owner")


def ruled(*rules: Any, naming: Naming = CAMEL, owner: Callable[[Any, Any], Any] | None = None) -> Catalog:
    """The Catalog with these rules on Plain."""
    type.__setattr__(Plain, "rules", access(lambda row, me: iter(rules)))
    type.__setattr__(Owner, "rules", access(owner or (lambda row, me: iter(()))))
    try:
        return compiled(Plain, Owner, naming=naming)
    finally:
        type.__delattr__(Plain, "rules")
        type.__delattr__(Owner, "rules")


READ = allow("reader", "read")
USELESS: dict[str, tuple[Any, str]] = {
    "an update of what nobody reads": (allow("user", "update"), "no rule lets anybody read"),
    "a delete of what nobody reads": (allow("user", "delete create"), "no rule lets anybody read"),
    "preset of a generated column": (
        allow("user", "create", preset={"doubled": 1}),
        "preset= of 'doubled', which the database makes",
    ),
    "preset of the version": (
        allow("user", "update", preset={"version": 1}),
        "preset= of 'version', which counts the row's updates",
    ),
    "a create without a required column": (
        allow("user", "create", fields=["body"]),
        "a create by this rule has nothing for 'title', which is required and has no default",
    ),
    "an update of generated columns": (allow("user", "update", fields=["doubled", "id", "version"]), "change nothing"),
    "an update of what is preset": (allow("user", "update", fields=["body"], preset={"body": "x"}), "change nothing"),
    "an update of a view of rows": (allow("user", "update", fields=["looked"]), "change nothing"),
    "an update of rows that nobody may touch": (allow("user", "update", fields=["owner"]), "change nothing"),
}


@pytest.mark.parametrize("name", USELESS)
def test_a_rule_that_cannot_work_is_refused(name: str) -> None:
    rule, message = USELESS[name]
    with pytest.raises(DeclarationError) as caught:
        ruled(*((rule,) if "nobody reads" in name else (rule, READ)))
    (problem,) = caught.value.problems
    assert message in problem.message and problem.mend
    assert problem.origin and problem.origin.file == __file__


def test_a_rule_that_works_is_no_problem() -> None:
    ruled(
        allow("user", "create", fields=["title"]),
        allow("user", "create", fields=["body"], preset={"title": "x"}),
        allow("user", "read update", fields=["doubled", "body"]),
        allow("user", "read delete", fields=["doubled"]),
        allow("user", "update", fields=["owner"]),
        owner=lambda row, me: iter([allow("user", "read")]),
    )


def _model(name: str, **attributes: Any) -> Any:
    body: dict[str, Any] = {"__module__": __name__, "__annotations__": {"id": int}, "id": Field(primary_key=True)}
    for key, value in attributes.items():
        if isinstance(value, tuple):
            body["__annotations__"][key], body[key] = value
        else:
            body[key] = value
    return type(SQLModel)(name, (SQLModel,), body, table=True)


def _contextual(context: Any) -> int:
    return context.get_current_parameters()["id"]


MODELS: dict[str, tuple[Any, str]] = {
    "a version that is not there": (_model("WriteVersion1", __version__="versoin"), "__version__ names no column"),
    "a version that is no text": (_model("WriteVersion2", __version__=1), "__version__ names no column: 1"),
    "a version of text": (
        _model("WriteVersion3", __version__="version", version=(str, Field())),
        "'version' is no required int column",
    ),
    "a version that can be null": (
        _model("WriteVersion4", __version__="version", version=(int | None, Field(default=None))),
        "'version' is no required int column",
    ),
    "a version that is the key": (_model("WriteVersion5", __version__="id"), "'id' is no required int column"),
    "a default of another type": (_model("WriteDefault1", number=(int, Field(default="x"))), "default is not int"),
    "a default from the context": (
        _model("WriteDefault2", number=(int, Field(sa_column_kwargs={"default": _contextual}))),
        "its default takes SQLAlchemy's context",
    ),
    "a default of SQL": (
        _model("WriteDefault3", number=(float, Field(sa_column_kwargs={"default": sa.func.random()}))),
        "its default is SQL that only SQLAlchemy would send",
    ),
    "a sequence": (
        _model("WriteDefault4", number=(int, Field(sa_column_kwargs={"default": sa.Sequence("write_numbers")}))),
        "its default is SQL that only SQLAlchemy would send",
    ),
    "an onupdate of SQL": (
        _model("WriteDefault5", number=(float, Field(sa_column_kwargs={"onupdate": sa.func.random()}))),
        "its onupdate is SQL that only SQLAlchemy would send",
    ),
    "a default of other values": (
        _model("WriteDefault6", number=(int, Field(default_factory=lambda data: data["id"]))),  # pyright: ignore
        "its default_factory takes the other values",
    ),
    "a key called like an argument": (
        _model("WriteKey", set=(int, Field(primary_key=True))),
        "WriteKey.set, a key, is called like an argument of updates",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_cannot_be_written_is_refused(name: str) -> None:
    model, message = MODELS[name]
    (problem,) = problems(model)
    assert message in problem.message and problem.mend and problem.origin and problem.origin.file == __file__


def test_a_default_that_is_not_of_the_type_is_the_developers_mistake() -> None:
    model = _model("WriteFactory", number=(int, Field(default_factory=lambda: "x")))
    default = compiled(model).tables["WriteFactory"].columns["number"].default
    with pytest.raises(TypeError, match=r"the default of WriteFactory\.number is not int: expected a whole number"):
        made(default)


@pytest.mark.parametrize(
    ("models", "naming", "message"),
    [
        ([_model("WriteNote"), _model("WriteNoteSet")], CAMEL, "would both be called 'WriteNoteSet'"),
        (
            [_model("WriteOne", __tablename__="w"), _model("WriteTwo", __tablename__="w_one")],
            HASURA,
            "would both be called 'insert_w_one'",
        ),
        (
            [_model("WriteRow", __plural__="rows"), _model("WriteMany", __plural__="rowsMany")],
            CAMEL,
            "would both be called 'updateRowsMany'",
        ),
    ],
)
def test_names_of_mutations_collide_at_compile(models: list[Any], naming: Naming, message: str) -> None:
    found = problems(*models, naming=naming)
    assert any(message in problem.message for problem in found), found


# What each caller may write


def seen(catalog: Catalog, *roles: str) -> View:
    return view(catalog, frozenset(roles))


def test_who_may_only_read_has_no_mutations() -> None:
    found = seen(ruled(allow("user", "read"), allow("editor", "create update delete")), "user")
    assert not found.mutations and not found.writes


def test_columns_are_those_of_some_rule_that_does_not_preset_them() -> None:
    catalog = ruled(
        allow("user", "read"),
        allow("user", "create", preset={"owner_id": 1}),
        allow("user", "update", fields=["title"]),
        allow("editor", "update", fields=["body", "title"], preset={"body": "x"}),
        allow("chief", "create update"),
    )
    user, editor, both = seen(catalog, "user"), seen(catalog, "user", "editor"), seen(catalog, "user", "chief")
    assert [*(user.writes["Plain"].create or ())] == ["id", "title", "body"]
    assert [*(user.writes["Plain"].update or ())] == ["title"]
    assert [*(editor.writes["Plain"].update or ())] == ["title"]
    assert [*(both.writes["Plain"].create or ())] == ["id", "title", "body", "ownerId"]
    assert [*(both.writes["Plain"].update or ())] == ["title", "body", "ownerId"]
    assert [rule.origin for rule in both.writes["Plain"].rules["update"]] == [
        catalog.tables["Plain"].rules[2].origin,
        catalog.tables["Plain"].rules[4].origin,
    ]


def test_a_superuser_needs_no_rules() -> None:
    found = view(ruled(), frozenset(), superuser=True)
    plain = found.writes["Plain"]
    assert [*(plain.create or ())] == ["id", "title", "body", "ownerId"] and plain.delete
    assert [*(plain.update or ())] == ["title", "body", "ownerId"]
    assert [*plain.create_relations] == ["owner"] and [*plain.update_relations] == ["owner"]
    assert all(not rules for rules in plain.rules.values())
    assert [name for name, field in found.mutations.items() if field.table == "Plain"] == [
        "createPlains",
        "createPlain",
        "updatePlains",
        "updatePlain",
        "updatePlainsMany",
        "deletePlains",
        "deletePlain",
    ]


MUTATIONS: dict[str, tuple[list[Any], list[str]]] = {
    "create without reading": ([allow("user", "create")], ["insert_plain"]),
    "create and read": ([allow("user", "create read")], ["insert_plain", "insert_plain_one"]),
    "update without reading": ([allow("user", "update delete"), allow("reader", "read")], []),
    "update without the key": (
        [allow("user", "update delete"), allow("user", "read", fields=["title"])],
        ["update_plain", "update_plain_many", "delete_plain"],
    ),
    "update and read": (
        [allow("user", "read update delete")],
        [
            "update_plain",
            "update_plain_by_pk",
            "update_plain_many",
            "delete_plain",
            "delete_plain_by_pk",
        ],
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutations_that_a_caller_has(name: str) -> None:
    rules, fields = MUTATIONS[name]
    assert [*seen(ruled(*rules, naming=HASURA), "user").mutations] == fields


def test_relations_to_write_through() -> None:
    def owner(*verbs: str, **given: Any) -> Callable[[Any, Any], Any]:
        return lambda row, me: iter([allow("user", verb, **given) for verb in verbs])

    def through(catalog: Catalog) -> tuple[list[str], list[str]]:
        found = seen(catalog, "user").writes["Plain"]
        return [*found.create_relations], [*found.update_relations]

    rules = [allow("user", "read create update")]
    assert through(ruled(*rules)) == ([], [])
    assert through(ruled(*rules, owner=owner("create"))) == (["owner"], ["owner"])
    assert through(ruled(*rules, owner=owner("read"))) == (["owner"], ["owner"])
    assert through(ruled(*rules, owner=owner("read", fields=["name"]))) == ([], [])
    assert through(
        ruled(*rules, owner=lambda row, me: iter([allow("user", "read", fields=["name"]), allow("user", "update")]))
    ) == ([], ["owner"])
    named = [
        allow("user", "read create", fields=["title", "owner_id"]),
        allow("user", "update", fields=["title", "owner"]),
    ]
    assert through(ruled(*named, owner=owner("read"))) == ([], ["owner"])


def test_a_link_model_needs_a_create_of_its_own() -> None:
    class WordLink(Own, table=True):
        left_id: int = Field(foreign_key="wordleft.id", primary_key=True)
        right_id: int = Field(foreign_key="wordright.id", primary_key=True)

        @access
        def rules(link, me):
            yield allow("linker", "create")

    class WordRight(Own, table=True):
        id: int = Field(primary_key=True)

        @access
        def rules(right, me):
            yield allow("user", "read create")

    class WordLeft(Own, table=True):
        id: int = Field(primary_key=True)
        rights: list[WordRight] = Relationship(link_model=WordLink)

        @access
        def rules(left, me):
            yield allow("user", "create", check=left.id > 0)

    catalog = compiled(WordLink, WordLeft, WordRight)
    assert not seen(catalog, "user").writes["WordLeft"].create_relations
    parts = seen(catalog, "user", "linker").writes["WordLeft"].create_parts
    assert parts == {"rights": {"data", "link"}}


def test_linking_rows_that_refer_here_is_an_update_of_theirs() -> None:
    def parts(*rules: Any) -> frozenset[str]:
        catalog = ruled(*rules, owner=lambda row, me: iter([allow("user", "read update create")]))
        return seen(catalog, "user").writes["Owner"].update_parts.get("plains", frozenset())

    assert parts(allow("user", "read")) == frozenset(), "a plain that is only read can't be given another owner"
    assert parts(allow("user", "read"), allow("user", "update", fields=["title"])) == {"update"}
    preset = allow("user", "update", preset={"owner_id": 1})
    assert parts(allow("user", "read"), preset) == {"update"}, "their owner is preset"
    assert parts(allow("user", "read"), allow("user", "update", fields=["owner_id"])) == {"link", "update"}
    assert parts(allow("user", "read"), allow("user", "update", fields=["owner"])) == {"link", "update"}
    assert parts(allow("user", "read delete create")) == {"data", "delete"}


def test_which_columns_related_rows_fill() -> None:
    catalog = compiled(Plain, Owner)
    assert catalog.filled(catalog.tables["Plain"]) == {"owner_id"}
    assert catalog.filled(catalog.tables["Owner"]) == frozenset()
    alone = compiled(Plain)
    assert alone.filled(alone.tables["Plain"]) == frozenset()
