"""The GraphQL types of writes. `tests/sdl/shop_*.graphql` hold what three callers see.

HEDGEROW_REWRITE_CASES=1 writes those anew. What matters of them is asserted beside, so that a rewrite can't lose it.
"""

import os
from pathlib import Path
from typing import Any, Optional

import graphql as g
import pytest
import sqlalchemy as sa
from sqlmodel import JSON, Column, Field, Relationship, SQLModel

from hedgerow import access, allow
from hedgerow.schema.compile import compile_models
from hedgerow.schema.graphql import build, of_type
from hedgerow.schema.graphql_mutations import Data, data_of
from hedgerow.schema.names import NAMINGS
from hedgerow.schema.types import Kind
from hedgerow.schema.views import view

SDL = Path(__file__).parent / "sdl"
REWRITE = os.environ.get("HEDGEROW_REWRITE_CASES") == "1" and os.environ.get("CI") != "true"


REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Maker(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    secret: str = Field(default="", unique=True)
    wares: list["Ware"] = Relationship(back_populates="maker")
    shop: Optional["Shop"] = Relationship(back_populates="keeper")

    @access
    def rules(maker, me):
        yield allow("anyone", "read", fields=["id", "name", "wares"])
        yield allow("clerk", "create", fields=["name", "wares"])
        yield allow("clerk", "update", where=maker.id == me.id, fields=["name", "wares", "shop"])


class Shop(Own, table=True):
    """One to one: each has one keeper."""

    id: int | None = Field(default=None, primary_key=True)
    keeper_id: int = Field(foreign_key="maker.id", unique=True)
    keeper: Maker = Relationship(back_populates="shop")

    @access
    def rules(shop, me):
        yield allow("clerk", "read update")


class WareLabel(Own, table=True):
    ware_id: int = Field(foreign_key="ware.id", primary_key=True)
    label_id: int = Field(foreign_key="label.id", primary_key=True)

    @access
    def rules(link, me):
        yield allow("clerk", "create")


class Label(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    word: str
    wares: list["Ware"] = Relationship(back_populates="labels", link_model=WareLabel)

    @access
    def rules(label, me):
        yield allow("anyone", "read")


class Ware(Own, table=True):
    __version__ = "version"

    id: int | None = Field(default=None, primary_key=True)
    title: str
    price: float = 0
    stock: int
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    maker_id: int = Field(foreign_key="maker.id")
    owner_id: int
    former_id: int | None = Field(default=None, foreign_key="ware.id")
    total: float | None = Field(default=None, sa_column=Column(sa.Float, sa.Computed("price * stock")))
    version: int = 1
    maker: Maker = Relationship(back_populates="wares")
    former: Optional["Ware"] = Relationship(sa_relationship_kwargs={"remote_side": "Ware.id"})
    labels: list[Label] = Relationship(back_populates="wares", link_model=WareLabel)

    @access
    def rules(ware, me):
        yield allow("anyone", "read", fields=["id", "title", "price"])
        yield allow("clerk", "read")
        yield allow("clerk", "create update delete", where=ware.owner_id == me.id, preset={"owner_id": me.id})


class Report(Own, table=True):
    """May be written, not read."""

    id: int | None = Field(default=None, primary_key=True)
    text: str

    @access
    def rules(report, me):
        yield allow("anyone", "create update delete", fields=["text"])
        yield allow("reader", "read")


MODELS: list[type[Any]] = [Maker, Shop, WareLabel, Label, Ware, Report]


def schema(*roles: str, naming: Any = "camel", superuser: bool = False) -> g.GraphQLSchema:
    catalog = compile_models(MODELS, NAMINGS[naming])
    return build(view(catalog, frozenset(("anyone", *roles)), superuser=superuser))


def fields(schema: g.GraphQLSchema, name: str) -> dict[str, str]:
    type: Any = schema.type_map[name]
    return {key: str(field.type) for key, field in type.fields.items()}


def arguments(schema: g.GraphQLSchema, name: str) -> dict[str, str]:
    assert schema.mutation_type
    return {key: str(argument.type) for key, argument in schema.mutation_type.fields[name].args.items()}


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("name", ["stranger", "clerk", "everything"])
def test_the_printed_schema(name: str, naming: Any) -> None:
    found = schema(*({"clerk"} & {name}), naming=naming, superuser=name == "everything")
    assert g.validate_schema(found) == []
    path = SDL / f"shop_{name}.{naming}.graphql"
    if REWRITE:
        path.write_text(g.print_schema(found) + "\n")
    assert path.exists(), f"{path.name} is missing: run with HEDGEROW_REWRITE_CASES=1 and read what it writes"
    assert g.print_schema(found) + "\n" == path.read_text()


def test_who_may_write_nothing_has_no_mutation_type() -> None:
    catalog = compile_models(MODELS[:-1], NAMINGS["camel"])
    assert build(view(catalog, frozenset({"anyone"}))).mutation_type is None


def test_a_table_that_cannot_be_read_answers_a_count_only() -> None:
    found = schema()
    assert found.mutation_type and [*found.mutation_type.fields] == ["createReports"]
    assert fields(found, "ReportMutation") == {"affectedRows": "Int!"}
    assert fields(found, "ReportCreate") == {"text": "String!"}
    assert arguments(found, "createReports") == {"objects": "[ReportCreate!]!"}, "its key is not theirs to know"


def test_what_a_create_takes() -> None:
    found = fields(schema("clerk"), "WareCreate")
    assert found == {
        "id": "Int",
        "title": "String!",
        "price": "Float",
        "stock": "Int!",
        "details": "JSON",
        "makerId": "Int",
        "formerId": "Int",
        "maker": "MakerCreateOne",
        "former": "WareCreateOne",
        "labels": "LabelCreateMany",
    }, "the version, generated and preset columns are not for the client"


def test_what_an_update_takes() -> None:
    found = schema("clerk")
    assert arguments(found, "updateWare") == {
        "id": "Int!",
        "set": "WareSet",
        "inc": "WareInc",
        "append": "WareAppend",
        "prepend": "WarePrepend",
        "deleteKey": "WareDeleteKey",
        "deleteElem": "WareDeleteElem",
        "deleteAtPath": "WareDeleteAtPath",
        "ifVersion": "Int",
    }
    assert arguments(found, "deleteWare") == {"id": "Int!", "ifVersion": "Int"}
    assert arguments(found, "updateMaker") == {"id": "Int!", "set": "MakerSet"}, "no numbers, no JSON, no version"
    assert fields(found, "WareInc") == {"price": "Float", "stock": "Int", "makerId": "Int", "formerId": "Int"}
    assert fields(found, "WareDeleteAtPath") == {"details": "[String!]"}
    assert "id" not in fields(found, "WareSet"), "the database makes it"
    hasura = schema("clerk", naming="hasura")
    assert [*arguments(hasura, "update_ware_by_pk")] == [
        "pk_columns",
        "_set",
        "_inc",
        "_append",
        "_prepend",
        "_delete_key",
        "_delete_elem",
        "_delete_at_path",
        "if_version",
    ]


def test_a_version_that_is_not_read_is_not_compared() -> None:
    catalog = compile_models([_versioned(["id", "text"])], NAMINGS["camel"])
    found = build(view(catalog, frozenset({"anyone"})))
    assert arguments(found, "updateVersioned") == {"id": "Int!", "set": "VersionedSet"}
    assert "ifVersion" not in arguments(found, "deleteVersioned")


def _versioned(fields: list[str]) -> Any:
    body: dict[str, Any] = {
        "__module__": __name__,
        "__version__": "version",
        "__annotations__": {"id": int, "text": str, "version": int},
        "id": Field(primary_key=True, sa_column_kwargs={"autoincrement": False}),
        "text": Field(),
        "version": Field(default=1),
        "rules": access(
            lambda row, me: iter(
                [allow("anyone", "read", fields=fields), allow("anyone", "update delete", fields=["text"])]
            )
        ),
    }
    return type(SQLModel)("Versioned", (SQLModel,), body, table=True)


def test_relations_take_what_the_caller_may_do_there() -> None:
    found = schema("clerk")
    # wares refer to makers, who may be made, and read with their key
    assert fields(found, "MakerCreateOne") == {
        "data": "MakerCreate",
        "onConflict": "MakerConflict",
        "link": "MakerPrimaryKey",
    }
    # makers refer to nothing: a maker is never let go of; its changes follow the rules of its table
    assert fields(found, "MakerUpdateOne") == {
        "data": "MakerCreate",
        "onConflict": "MakerConflict",
        "link": "MakerPrimaryKey",
        "update": "MakerChange",
    }
    # a link model's own rules let links be made, never taken away; labels themselves are only read
    assert fields(found, "LabelCreateMany") == {"link": "[LabelPrimaryKey!]"}
    assert fields(found, "LabelUpdateMany") == {"link": "[LabelPrimaryKey!]"}
    # wares must have a maker, so they can't be let go of
    assert fields(found, "WareUpdateMany") == {
        "data": "[WareCreate!]",
        "onConflict": "WareConflict",
        "link": "[WarePrimaryKey!]",
        "update": "[WareUpdates!]",
        "delete": "WareFilter",
    }
    # a former ware is optional
    assert fields(found, "WareUpdateOne")["unlink"] == "Boolean"
    # a shop can't be made by a clerk, but be given to another
    assert fields(found, "ShopUpdateOne") == {"link": "ShopPrimaryKey", "update": "ShopChange"}
    assert "shop" not in fields(found, "MakerCreate"), "its rule doesn't name it"
    everything = schema(superuser=True)
    assert "unlink" in fields(everything, "LabelUpdateMany") and "delete" in fields(everything, "LabelUpdateMany")
    assert "unlink" not in fields(everything, "ShopUpdateOne"), "a shop must have a keeper"


def test_conflicts_name_keys_of_columns_that_the_caller_knows() -> None:
    labels: Any = schema("clerk").type_map["MakerConstraint"]
    assert [*labels.values] == ["maker_pkey", "maker_name_key"]
    labels = schema(superuser=True).type_map["MakerConstraint"]
    assert [*labels.values] == ["maker_pkey", "maker_name_key", "maker_secret_key"]
    columns: Any = schema("clerk").type_map["MakerUpdateColumn"]
    assert [*columns.values] == ["name"]
    assert fields(schema("clerk"), "MakerConflict") == {
        "constraint": "MakerConstraint!",
        "updateColumns": "[MakerUpdateColumn!]!",
        "where": "MakerFilter",
    }


def test_inputs_of_values_are_marked() -> None:
    found = schema("clerk")
    marked = {name: data_of(type) for name, type in found.type_map.items() if data_of(type)}
    assert marked["WareCreate"] == Data("Ware", "create")
    assert marked["LabelCreateMany"] == Data("Label", "create_many")
    assert marked["MakerChange"] == Data("Maker", "change")
    inputs = {name for name, type in found.type_map.items() if isinstance(type, g.GraphQLInputObjectType)}
    assert {f"{model.__name__}Create" for model in (Maker, Ware, Report)} <= inputs
    everything = schema(superuser=True)
    asked = g.GraphQLSchema(everything.query_type, subscription=everything.subscription_type)
    assert not [name for name, type in asked.type_map.items() if data_of(type)], "filters and orders are planned"
    written = {name for name, type in everything.type_map.items() if g.is_input_object_type(type)} - {*asked.type_map}
    assert {name for name in written if not data_of(everything.type_map[name])} == {
        f"{name}PrimaryKey" for name in ("Maker", "Shop", "Ware", "Label")
    }


def test_leaves_of_values_have_types() -> None:
    create: Any = schema("clerk").type_map["WareCreate"]
    types = {name: of_type(g.get_named_type(create.fields[name].type)) for name in ("title", "details", "maker")}
    assert {name: type and type.kind for name, type in types.items()} == {
        "title": Kind.TEXT,
        "details": Kind.JSON,
        "maker": None,
    }
