"""Validators of models, asked of values: every kind that Pydantic has, what they leave, and what they say of faults."""

import enum
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
import sqlalchemy as sa
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    HttpUrl,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from sqlmodel import JSON, Column, Field, Relationship, SQLModel

from hedgerow.schema.compile import compile_models
from hedgerow.schema.names import CAMEL
from hedgerow.schema.validation import Fault, Validators

REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class Hue(enum.Enum):
    RED = "r"
    BLUE = "b"


def validators(model: Any) -> Validators:
    found = compile_models([model], CAMEL).tables[model.__name__].validators
    assert found
    return found


class Unchecked(Own, table=True):
    """Every type, and nothing to check."""

    id: int | None = Field(default=None, primary_key=True)
    text: str = ""
    whole: int
    big: int = Field(sa_type=sa.BigInteger)
    real: float | None
    exact: Decimal
    flag: bool = False
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    key: uuid.UUID
    hue: Hue = Hue.RED
    data: Any = Field(default=None, sa_column=Column(JSON))
    raw: bytes | None = None


def test_types_alone_have_nothing_to_say() -> None:
    assert compile_models([Unchecked], CAMEL).tables["Unchecked"].validators is None


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even")
    return value


class Named(Own):
    """A base class: its validator is inherited."""

    name: str = Field(max_length=5, min_length=2)

    @field_validator("name")
    @classmethod
    def shown_in_full(cls, value: str) -> str:
        return value.upper()


class Parcel(Named, table=True):
    id: int | None = Field(default=None, primary_key=True)
    weight: float = Field(gt=0, le=100)
    price: Decimal = Field(max_digits=5, decimal_places=2)
    even: Annotated[int, AfterValidator(_even)] = 0
    code: str | None = Field(default=None, regex="^[a-z]+$")
    label: Annotated[str, StringConstraints(pattern="^x", strip_whitespace=True)] = "x"
    hue: Hue = Hue.RED
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON), max_length=2)
    site: HttpUrl | None = Field(default=None, sa_type=sa.String)
    size: Literal["small", "large"] = Field(default="small", sa_type=sa.String)
    wrapped: str = ""
    before: int = 0
    plain: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @field_validator("hue")
    @classmethod
    def not_blue(cls, value: Hue) -> Hue:
        assert isinstance(value, Hue), "a member, not its label"
        if value is Hue.BLUE:
            raise PydanticCustomError("hue", "no {hue} today", {"hue": "such colour"})
        return value

    @field_validator("wrapped", mode="wrap")
    @classmethod
    def quoted(cls, value: Any, handler: Any, info: ValidationInfo) -> str:
        return f"{info.field_name}:{handler(value)}"

    @field_validator("before", mode="before")
    @classmethod
    def doubled(cls, value: Any) -> Any:
        return value * 2

    @field_validator("plain", mode="plain")
    @classmethod
    def anything(cls, value: Any) -> Any:
        assert value != "assert", "not this one"
        return value

    @field_validator("until")
    @classmethod
    def in_order(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        since = info.data.get("since")
        if value and since and value < since:
            raise ValueError("ends before it begins")
        return value


GOOD: dict[str, Any] = {
    "name": "abc",
    "weight": 1.5,
    "price": Decimal("12.50"),
    "even": 2,
    "code": "abc",
    "label": " x ",
    "hue": "RED",
    "tags": ["a"],
    "site": "https://example.com/a",
    "size": "large",
    "wrapped": "w",
    "before": 4,
    "plain": "p",
    "until": None,
}


def test_values_as_validators_leave_them() -> None:
    found, faults = validators(Parcel).fields(GOOD)
    assert faults == []
    assert found == {**GOOD, "name": "ABC", "label": "x", "wrapped": "wrapped:w", "before": 8}
    assert type(found["site"]) is str and type(found["hue"]) is str and type(found["price"]) is Decimal


def test_only_what_is_given_is_asked() -> None:
    assert validators(Parcel).fields({}) == ({}, [])
    assert validators(Parcel).fields({"before": 1}) == ({"before": 2}, [])
    assert validators(Parcel).fields({"id": 1}) == ({"id": 1}, [])
    assert "id" not in validators(Parcel).checked and not validators(Parcel).whole


BAD: dict[str, tuple[dict[str, Any], list[Fault]]] = {
    "too long": ({"name": "secret"}, [Fault(("name",), "String should have at most 5 characters")]),
    "too short": ({"name": "s"}, [Fault(("name",), "String should have at least 2 characters")]),
    "a limit": ({"weight": 100.5}, [Fault(("weight",), "Input should be less than or equal to 100")]),
    "the other": ({"weight": 0.0}, [Fault(("weight",), "Input should be greater than 0")]),
    "digits": (
        {"price": Decimal("12345.6")},
        [Fault(("price",), "Decimal input should have no more than 5 digits in total")],
    ),
    "Annotated": ({"even": 3}, [Fault(("even",), "must be even")]),
    "SQLModel's regex": ({"code": "ABC"}, [Fault(("code",), "String should match pattern '^[a-z]+$'")]),
    "pattern": ({"label": "secret"}, [Fault(("label",), "String should match pattern '^x'")]),
    "an error of one's own": ({"hue": "BLUE"}, [Fault(("hue",), "no such colour today")]),
    "a list": (
        {"tags": ["a", "b", "c"]},
        [Fault(("tags",), "List should have at most 2 items after validation, not 3")],
    ),
    "within JSON": ({"tags": ["a", 5]}, [Fault(("tags", 1), "Input should be a valid string")]),
    "a URL": ({"site": "secret"}, [Fault(("site",), "Input should be a valid URL")]),
    "one of": ({"size": "secret"}, [Fault(("size",), "Input should be 'small' or 'large'")]),
    "assert": ({"plain": "assert"}, [Fault(("plain",), "not this one")]),
    "null": ({"name": None}, [Fault(("name",), "Input should be a valid string")]),
    "two fields": (
        {"since": datetime(2026, 2, 1, tzinfo=UTC), "until": datetime(2026, 1, 1, tzinfo=UTC)},
        [Fault(("until",), "ends before it begins")],
    ),
    "several": (
        {"name": "secret", "weight": -1.0, "even": 1},
        [
            Fault(("name",), "String should have at most 5 characters"),
            Fault(("weight",), "Input should be greater than 0"),
            Fault(("even",), "must be even"),
        ],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_faults_say_where_and_never_what(name: str) -> None:
    values, faults = BAD[name]
    found, told = validators(Parcel).fields(values)
    told = [Fault(fault.path, fault.message.partition("\n")[0]) for fault in told]
    assert told == faults
    assert found == values
    assert not any("secret" in fault.message for fault in told)


def test_nulls_of_optional_fields_pass() -> None:
    assert validators(Parcel).fields({"code": None, "site": None}) == ({"code": None, "site": None}, [])


class Kit(BaseModel):
    kind: Literal["kit"] = "kit"
    parts: int


class Toy(BaseModel):
    kind: Literal["toy"]
    ages: tuple[int, int]


class Boxed(Own, table=True):
    """JSON that a Pydantic model describes."""

    id: int | None = Field(default=None, primary_key=True)
    kit: Kit = Field(sa_column=Column(JSON))
    either: Kit | Toy = Field(sa_column=Column(JSON), discriminator="kind")


def test_json_of_a_model() -> None:
    found = validators(Boxed)
    assert found.fields({"kit": {"parts": 3, "more": 1}}) == ({"kit": {"kind": "kit", "parts": 3}}, [])
    assert found.fields({"either": {"kind": "toy", "ages": [1, 2]}})[0] == {"either": {"kind": "toy", "ages": [1, 2]}}
    _, [fault] = found.fields({"kit": {"parts": "secret"}})
    assert fault.path == ("kit", "parts") and "secret" not in fault.message
    _, [fault] = found.fields({"either": {"kind": "secret"}})
    assert fault == Fault(("either",), "Input tag should be one of 'kit', 'toy'")


def test_an_email_address() -> None:
    class Mailed(Own, table=True):
        id: int | None = Field(default=None, primary_key=True)
        email: EmailStr | None = Field(default=None, sa_type=sa.String)

    found = validators(Mailed)
    assert found.fields({"email": "ada@example.COM"}) == ({"email": "ada@example.com"}, [])
    assert found.fields({"email": None}) == ({"email": None}, [])
    told = [Fault(("email",), "value is not a valid email address")]
    for wrong in ("secret", "secret@", "sec ret@example.com", "ada@secret"):
        assert found.fields({"email": wrong})[1] == told, wrong


class Strict(Own, table=True):
    """A model's configuration holds for all of its fields."""

    model_config = ConfigDict(str_strip_whitespace=True, str_max_length=3)  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True)
    text: str


def test_the_configuration_of_a_model() -> None:
    assert validators(Strict).fields({"text": " ab "}) == ({"text": "ab"}, [])
    assert validators(Strict).fields({"text": "abcd"})[1] == [
        Fault(("text",), "String should have at most 3 characters")
    ]


class Broken(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    raising: Annotated[str, BeforeValidator(lambda value: {}[value])]
    wrong: Annotated[int, PlainValidator(lambda value: "secret")]
    silent: Annotated[int, WrapValidator(lambda value, handler: handler(value))]
    empty: str

    @field_validator("empty")
    @classmethod
    def nothing_said(cls, value: str) -> str:
        if value:
            raise ValueError
        return value


def test_a_mistake_of_the_developer_comes_out() -> None:
    found = validators(Broken)
    with pytest.raises(KeyError):
        found.fields({"raising": "x"})
    with pytest.raises(TypeError, match=r"Broken.wrong is not int after its validators: expected a whole number"):
        found.fields({"wrong": 1})
    assert found.fields({"empty": "x"})[1] == [Fault(("empty",), "is not valid")]


# Rows as a whole


class Span(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    first: int
    last: int
    length: int = 0
    hue: Hue = Hue.RED
    note: str = Field(default="", max_length=3)
    parent_id: int | None = Field(default=None, foreign_key="span.id")
    parent: "Span" = Relationship(sa_relationship_kwargs={"remote_side": "Span.id"})

    @model_validator(mode="before")
    @classmethod
    def swapped(cls, data: Any) -> Any:
        if data.get("note") == "swp":
            return {**data, "first": data["last"], "last": data["first"], "unknown": 1}
        return data

    @model_validator(mode="after")
    def in_order(self) -> "Span":
        assert isinstance(self, Span) and isinstance(self.hue, Hue) and self.parent is None
        if self.last < self.first:
            raise ValueError("ends before it begins")
        self.length = self.last - self.first
        return self


def test_a_row_as_a_whole() -> None:
    found = validators(Span)
    assert found.whole
    values = {"first": 1, "last": 5, "length": 0, "hue": "BLUE", "note": ""}
    assert found.row(values) == ({**values, "length": 4}, [])
    assert found.row({"first": 1, "last": 5, "hue": "RED"})[0]["length"] == 4, "what it sets beside"
    assert found.row({**values, "first": 9, "note": "swp"})[0] == {
        **values,
        "first": 5,
        "last": 9,
        "length": 4,
        "note": "swp",
    }
    assert found.row({**values, "first": 9}) == ({**values, "first": 9}, [Fault((), "ends before it begins")])
    assert found.row({**values, "note": "long as can be"})[1] == [], "fields were asked before"


class Wrapped(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    text: str

    @model_validator(mode="wrap")
    @classmethod
    def around(cls, data: Any, handler: Any) -> Any:
        row = handler({**data, "text": data["text"] + "!"})
        if row.text == "no!":
            raise ValueError("no")
        row.text += "?"
        return row


def test_a_validator_around_a_row() -> None:
    assert validators(Wrapped).row({"text": "a"}) == ({"text": "a!?"}, [])
    assert validators(Wrapped).row({"text": "no"}) == ({"text": "no"}, [Fault((), "no")])


def test_a_model_without_row_validators_leaves_rows_alone() -> None:
    assert validators(Strict).row({"text": "abcd"}) == ({"text": "abcd"}, [])


def test_nothing_of_a_row_reaches_a_session() -> None:
    """The instance that a validator sees is nobody's: no row, no history, no defaults made."""
    seen: list[Any] = []

    class Watched(Own, table=True):
        id: int | None = Field(default_factory=lambda: pytest.fail("a default was made"), primary_key=True)
        text: str

        @model_validator(mode="after")
        def watch(self) -> "Watched":
            seen.append(self)
            return self

    validators(Watched).row({"text": "x"})
    state: Any = sa.inspect(seen[0])
    assert state.transient and not state.modified and seen[0].id is None
