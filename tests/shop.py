"""The models that tests write to: a shop, with every kind of relation, default and rule of writing."""

import enum
import uuid
from datetime import date
from decimal import Decimal
from typing import Any, Optional

import sqlalchemy as sa
from pydantic import field_validator, model_validator
from sqlmodel import JSON, Column, Field, Relationship, Session, SQLModel

from hedgerow import access, allow

TODAY = date(2026, 6, 1)


def today() -> date:
    return TODAY


REGISTRY = sa.orm.registry()


class Own(SQLModel, registry=REGISTRY):
    """Models of this file: their names are in other files too."""

    metadata = REGISTRY.metadata


class State(enum.Enum):
    OPEN = "open"
    PAID = "paid"
    SENT = "sent"


class Wish(Own, table=True):
    """A link table with rules of its own."""

    customer_id: int = Field(foreign_key="customer.id", primary_key=True)
    product_id: int = Field(foreign_key="product.id", primary_key=True)

    @access
    def rules(wish, me):
        yield allow("user", "read create delete", where=wish.customer_id == me.id)


class ProductLabel(Own, table=True):
    """A link table that no backend declares: it is part of its relation."""

    product_id: int = Field(foreign_key="product.id", primary_key=True)
    label_id: int = Field(foreign_key="label.id", primary_key=True)


class Customer(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(min_length=1, max_length=40)
    email: str = Field(unique=True)
    city: str | None = None
    purchases: list["Purchase"] = Relationship(back_populates="customer")
    reviews: list["Review"] = Relationship(back_populates="author")
    wishes: list["Product"] = Relationship(link_model=Wish)

    @field_validator("email")
    @classmethod
    def _is_an_address(cls, email: str) -> str:
        if "@" not in email:
            raise ValueError("needs an @")
        return email.lower()

    @access
    def rules(customer, me):
        yield allow("anyone", "create", fields=["name", "email"])
        yield allow("user", "read", fields=["id", "name"])
        yield allow("user", "read update", where=customer.id == me.id, fields=["id", "name", "email", "city", "wishes"])
        yield allow("clerk", "read create update delete")


class Category(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    parent_id: int | None = Field(default=None, foreign_key="category.id")
    parent: Optional["Category"] = Relationship(
        back_populates="children", sa_relationship_kwargs={"remote_side": "Category.id"}
    )
    children: list["Category"] = Relationship(back_populates="parent")
    products: list["Product"] = Relationship(back_populates="category")

    @access
    def rules(category, me):
        yield allow("anyone", "read")
        yield allow("clerk", "create update delete")
        yield allow("namer", "update", fields=["name"])
        yield allow("mover", "update", fields=["parent_id"])


class Label(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    word: str = Field(unique=True)
    products: list["Product"] = Relationship(back_populates="labels", link_model=ProductLabel)

    @access
    def rules(label, me):
        yield allow("anyone", "read")
        yield allow("clerk", "create")


class Product(Own, table=True):
    __version__ = "version"
    __table_args__ = (
        sa.UniqueConstraint("name", "size", name="one_name_and_size"),
        sa.CheckConstraint("stock >= 0", name="stock_is_there"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str
    size: str = "one size"
    price: Decimal = Field(max_digits=10, decimal_places=2, ge=0)
    stock: int = 0
    weight: float | None = None
    details: dict[str, Any] | list[Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    hidden: bool = False
    made_on: date = Field(default_factory=today)
    changed_on: date | None = Field(default=None, sa_column_kwargs={"onupdate": today})
    version: int = 1
    category_id: int | None = Field(default=None, foreign_key="category.id")
    category: Category | None = Relationship(back_populates="products")
    labels: list[Label] = Relationship(back_populates="products", link_model=ProductLabel)
    reviews: list["Review"] = Relationship(back_populates="product")
    lines: list["Line"] = Relationship(back_populates="product")

    @access
    def rules(product, me):
        yield allow("anyone", "read", where=~product.hidden)
        yield allow("clerk", "read create update delete")
        yield allow("keeper", "update", where=~product.hidden, fields=["stock"])


class Purchase(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    state: State = State.OPEN
    note: str | None = None
    customer_id: int = Field(foreign_key="customer.id", index=True)
    customer: Customer = Relationship(back_populates="purchases")
    lines: list["Line"] = Relationship(back_populates="purchase")

    @access
    def rules(purchase, me):
        own = purchase.customer_id == me.id
        yield allow("user", "read", where=own)
        yield allow(
            "user",
            "create",
            check=purchase.state == "OPEN",
            fields=["state", "note", "lines"],
            preset={"customer_id": me.id},
        )
        yield allow(
            "user",
            "update",
            where=own & (purchase.state == "OPEN"),
            check=own & purchase.state.in_(["OPEN", "PAID"]),
            fields=["state", "note", "lines"],
        )
        yield allow("user", "delete", where=own & (purchase.state == "OPEN"))
        yield allow("clerk", "read create update delete")


class Line(Own, table=True):
    """A composite key."""

    purchase_id: int = Field(foreign_key="purchase.id", primary_key=True)
    product_id: int = Field(foreign_key="product.id", primary_key=True)
    count: int = Field(default=1, ge=1, le=99)
    purchase: Purchase = Relationship(back_populates="lines")
    product: Product = Relationship(back_populates="lines")

    @access
    def rules(line, me):
        own = line.purchase.customer_id == me.id
        yield allow("user", "read", where=own)
        yield allow("user", "create update delete", where=own & (line.purchase.state == "OPEN"))
        yield allow("clerk", "read create update delete")


class Review(Own, table=True):
    __table_args__ = (sa.UniqueConstraint("product_id", "author_id", name="one_review_each"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    stars: int = Field(ge=1, le=5)
    text: str = ""
    product_id: int = Field(foreign_key="product.id")
    author_id: int | None = Field(default=None, foreign_key="customer.id")
    product: Product = Relationship(back_populates="reviews")
    author: Customer | None = Relationship(back_populates="reviews")

    @model_validator(mode="after")
    def _says_why(self) -> "Review":
        if self.stars == 1 and not self.text:
            raise ValueError("one star needs a text")
        return self

    @access
    def rules(review, me):
        yield allow("anyone", "read")
        yield allow("user", "create", check=~review.product.hidden, preset={"author_id": me.id})
        yield allow("user", "update", where=review.author_id == me.id, fields=["stars", "text"])
        yield allow("user", "delete", where=review.author_id == me.id)


MODELS: list[type[Any]] = [Wish, Customer, Category, Label, Product, Purchase, Line, Review]


def seed(session: Session) -> None:
    """A small shop. Keys are the database's own, so that the next row has the next."""

    def add(*rows: Any) -> None:
        for row in rows:
            session.add(row)
            session.flush()

    add(
        Customer(name="Ada", email="ada@example.com", city="London"),
        Customer(name="Grace", email="grace@example.com"),
        Customer(name="Alan", email="alan@example.com", city="London"),
        Category(name="Tools"),
        Category(name="Saws", parent_id=1),
        Category(name="Paint"),
        Label(word="new"),
        Label(word="sale"),
        Product(
            name="Hammer", price=Decimal("12.50"), stock=10, weight=0.5, details={"tags": ["steel"]}, category_id=1
        ),
        Product(name="Saw", size="small", price=Decimal("20"), stock=3, details={"teeth": 40}, category_id=2),
        Product(name="Saw", size="large", price=Decimal("35"), stock=0, category_id=2),
        Product(name="Prototype", price=Decimal("99"), stock=1, hidden=True),
        ProductLabel(product_id=1, label_id=2),
        Purchase(customer_id=1, note="quick"),
        Purchase(customer_id=1, state=State.PAID),
        Purchase(customer_id=2),
        Line(purchase_id=1, product_id=1, count=2),
        Line(purchase_id=1, product_id=2),
        Line(purchase_id=2, product_id=1),
        Line(purchase_id=3, product_id=3),
        Review(id=uuid.UUID(int=1), stars=5, text="Hits.", product_id=1, author_id=1),
        Review(id=uuid.UUID(int=2), stars=3, product_id=1, author_id=2),
        Wish(customer_id=1, product_id=3),
    )
