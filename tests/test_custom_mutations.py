"""Fields of a developer's own Mutation, beside those that are made of models: who sees them, and what clashes."""

import enum
from typing import Any, Optional

import graphql as g
import pytest
import sqlalchemy as sa
import strawberry
from sqlmodel import Field, SQLModel

from hedgerow import DeclarationError, access, allow
from hedgerow.schema.compile import compile_models
from hedgerow.schema.compile_custom import compile_custom
from hedgerow.schema.graphql import build
from hedgerow.schema.names import NAMINGS
from hedgerow.schema.views import view


class Own(SQLModel):
    """Models of this file: their names are in other files too."""

    metadata = sa.MetaData()
    _sa_registry = sa.orm.registry(metadata=metadata)


class Shade(enum.Enum):
    LIGHT = "l"
    DARK = "d"


class Paper(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    shade: Shade = Shade.LIGHT

    @access
    def rules(paper, me):
        yield allow("anyone", "read")
        yield allow("editor", "create", preset={"title": "x"})


class Vault(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)

    @access
    def rules(vault, me):
        yield allow("keeper", "read")


@strawberry.input
class Stamp:
    text: str


@strawberry.type
class Stamped:
    paper: Paper | None
    count: int


@strawberry.type
class Mutation:
    @strawberry.mutation
    def stamp_paper(self, id: int, stamp: Stamp) -> Stamped:
        return Stamped(paper=None, count=1)

    @strawberry.mutation
    def open_vault(self, id: int) -> Optional["Vault"]:
        return None


def schema(*roles: str, naming: Any = "camel", mutations: tuple[Any, ...] = (Mutation,)) -> g.GraphQLSchema:
    catalog = compile_models([Paper, Vault], NAMINGS[naming])
    catalog = compile_custom(catalog, [Paper, Vault], [], mutations=mutations)
    found = build(view(catalog, frozenset({"anyone", *roles})))
    assert g.validate_schema(found) == []
    return found


def fields(schema: g.GraphQLSchema) -> list[str]:
    return [*schema.mutation_type.fields] if schema.mutation_type else []


def problems(*mutations: Any) -> list[str]:
    with pytest.raises(DeclarationError) as refused:
        schema(mutations=mutations)
    return [f"{problem.message} | {problem.mend}" for problem in refused.value.problems]


def test_own_mutations_stand_beside_those_of_models() -> None:
    assert fields(schema("editor")) == ["createPapers", "createPaper", "stampPaper"]
    assert fields(schema("editor", naming="hasura")) == ["insert_paper", "insert_paper_one", "stamp_paper"]
    assert fields(schema("editor", mutations=())) == ["createPapers", "createPaper"]


@pytest.mark.parametrize(("naming", "name"), [("camel", "Mutation"), ("hasura", "mutation_root")])
def test_own_mutations_alone(naming: Any, name: str) -> None:
    found = schema(naming=naming)
    assert found.mutation_type and found.mutation_type.name == name and len(fields(found)) == 1
    stamp = found.mutation_type.fields["stampPaper" if naming == "camel" else "stamp_paper"]
    assert str(stamp.type) == "Stamped!" and str(stamp.args["stamp"].type) == "Stamp!"
    stamped: Any = found.type_map["Stamped"]
    assert stamped.fields["paper"].type is found.type_map["Paper" if naming == "camel" else "paper"]


def test_what_leads_to_a_hidden_model_is_left_out() -> None:
    assert "openVault" not in fields(schema()) and "Vault" not in schema().type_map
    assert "openVault" in fields(schema("keeper"))


def test_clashes_are_refused() -> None:
    @strawberry.type
    class Clashing:
        @strawberry.mutation
        def create_papers(self) -> int:
            return 1

        @strawberry.mutation
        def delete_vault(self, set: "PaperSet") -> int:
            return 1

    told = problems(Clashing)
    assert len(told) == 3
    assert "the field 'createPapers' of Mutation is there already" in told[0]
    assert "the field 'deleteVault' of Mutation is there already" in told[1], "only an administrator has that one"
    assert "the type 'PaperSet' is there already" in told[2]


@strawberry.input
class PaperSet:
    text: str


@strawberry.type
class Other:
    @strawberry.mutation
    def stamp_paper(self) -> int:
        return 1


def test_two_classes_may_not_share_a_field() -> None:
    assert "Other.stamp_paper and Mutation.stamp_paper are both fields of Mutation" in problems(Mutation, Other)[0]


def test_what_is_no_type_is_refused() -> None:
    class Plain:
        pass

    assert "mutation: Plain is no Strawberry type" in problems(Plain)[0]
    assert "mutation: Stamp is no object type" in problems(Stamp)[0]
