"""The schema in hasura naming beside Hasura's own (hasura/schema.graphql): what differs is what docs/hasura.md says."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import graphql as g
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import JSON, Field, Relationship, SQLModel

from hedgerow import Backend, DeclarationError, access, allow
from hedgerow.schema.graphql import build
from hedgerow.schema.views import view

from .conftest import STRANGER, running
from .world import MODELS

HASURA = g.build_schema((Path(__file__).parent / "hasura" / "schema.graphql").read_text())
DOC = (Path(__file__).parents[1] / "docs" / "hasura.md").read_text()


REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Writer(Own, table=True):
    __tablename__ = "person"
    __table_args__ = ({"schema": "sales"},)

    id: UUID = Field(primary_key=True)
    name: str
    notes: list["Leaf"] = Relationship(back_populates="author")

    @access
    def rules(writer, me):
        yield allow("user", "read")


class Leaf(Own, table=True):
    __tablename__ = "note"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    public: bool
    score: float | None = None
    price: Decimal | None = None
    big: int | None = Field(default=None, sa_type=sa.BigInteger)
    due: date | None = None
    made: datetime
    details: dict[str, Any] | None = Field(
        default=None, sa_column=sa.Column(JSON().with_variant(JSONB(), "postgresql"))
    )
    author_id: UUID = Field(foreign_key="sales.person.id")
    author: Writer = Relationship(back_populates="notes")

    @access
    def rules(leaf, me):
        yield allow("user", "read")


LACKS = {
    "Boolean_comparison_exp": {"_gt", "_gte", "_lt", "_lte"},
    "jsonb_comparison_exp": {"_cast", "_gt", "_gte", "_lt", "_lte"},
    "note_order_by": {"details"},
    "note_aggregate_bool_exp": {"bool_and", "bool_or", "corr", "covar_samp"},
}
"""Fields of Hasura's that are not here, by type."""
OTHERWISE = {
    "note.author": "sales_person",
    "note_aggregate.aggregate": "note_aggregate_fields!",
    "sales_person_aggregate.aggregate": "sales_person_aggregate_fields!",
    "note_sum_fields.id": "bigint",
    **{
        f"note_aggregate_bool_exp.{function}": f"note_{function}_bool_exp"
        for function in ("avg", "max", "min", "stddev_samp", "sum", "var_samp")
    },
}
"""Fields that are of another type here."""


@pytest.fixture(scope="module")
def ours() -> g.GraphQLSchema:
    backend = Backend([Writer, Leaf], naming="hasura")
    return build(view(backend.catalog, frozenset({"anyone", "user"})))


def compared() -> list[g.GraphQLNamedType]:
    """Hasura's types that have names here; those only of what is lacking, or filters by aggregates, have none."""
    return [
        type
        for name, type in HASURA.type_map.items()
        if not name.startswith("__")
        and name not in ("jsonb_cast_exp", "ID")
        and ("aggregate_bool_exp_" not in name or name.endswith("_count"))
    ]


@pytest.mark.parametrize("theirs", compared(), ids=str)
def test_every_type_is_as_in_hasura(ours: g.GraphQLSchema, theirs: g.GraphQLNamedType) -> None:
    own = ours.type_map[theirs.name]
    assert own.ast_node is None and type(own) is type(theirs)
    if isinstance(theirs, g.GraphQLEnumType):
        assert isinstance(own, g.GraphQLEnumType)
        assert set(own.values) == set(theirs.values)
    if not isinstance(theirs, (g.GraphQLObjectType, g.GraphQLInputObjectType)):
        return
    assert isinstance(own, (g.GraphQLObjectType, g.GraphQLInputObjectType))
    assert theirs.fields.keys() - own.fields.keys() == LACKS.get(theirs.name, set())
    for name, field in theirs.fields.items():
        if name in own.fields:
            here = own.fields[name]
            place = f"{theirs.name}.{name}"
            assert str(here.type) == OTHERWISE.get(place, str(field.type)), place
            if place in OTHERWISE:
                assert str(here.type) != str(field.type), f"{place} does not differ any more"
            arguments = {word: str(given.type) for word, given in getattr(field, "args", {}).items()}
            assert {word: str(given.type) for word, given in getattr(here, "args", {}).items()} == arguments, place


def test_the_differences_are_documented() -> None:
    section = DOC[DOC.index("## What differs from Hasura") :]
    for words in LACKS.values():
        for word in words:
            assert f"`{word}`" in section or word == "details", word
    for place in OTHERWISE:
        assert f"`{place.split('.')[1]}`" in section, place


async def test_root_type(database_url: str) -> None:
    async with running(database_url, naming="hasura") as backend:
        session = backend.session(STRANGER)
        assert await session.query("{ __typename }") == {"__typename": "query_root"}
        document = "query { ...root } fragment root on query_root { __typename tag(limit: 1) { id } }"
        assert await session.query(document) == {"__typename": "query_root", "tag": [{"id": 1}]}


def test_names_that_hasura_gives_are_taken() -> None:
    with pytest.raises(DeclarationError, match="'query_root'"):

        class Root(Own, table=True):
            __tablename__ = "query_root"
            id: int = Field(primary_key=True)

            @access
            def rules(root, me):
                yield allow("user", "read")

        Backend([Root], naming="hasura")


def test_a_schema_is_in_front_of_its_tables() -> None:
    catalog = Backend(MODELS, naming="hasura").catalog
    names = catalog.tables["Invoice"].names
    assert (names.type, names.list, names.by_key) == ("sales_bills", "sales_bills", "sales_bills_by_pk")
    assert Backend(MODELS).catalog.tables["Invoice"].names.list == "invoices"
