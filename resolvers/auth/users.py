"""Users as sign-in reads and writes them: rows of the developer's own model, in the transaction of a session.

In: addresses, ids, and what a new user gave. Out: rows, and what an Actor may know of one: roles, and claims of its
columns and of the developer's queries. Changes are made by SQL, so the triggers record them like any other, and live
queries hear of them. Refused here: values that the model doesn't take (BAD_USER_INPUT).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError

from ...schema.compile_rules import ROLE
from ...schema.errors import Code, Refusal
from ...schema.expr import Actor
from ..database import Broken
from ..session import Session
from .account import LONGEST_EMAIL, Account
from .tables import CREDENTIAL, SESSION

Query: TypeAlias = Callable[[UUID], sa.Select[Any]]
"""What a claim is asked of the database by, for a user's id: a select of one column."""

TAKEN = "An account has this e-mail address already, or something else that only one may have. Sign in to it."
_SESSION, _USED = "session.id", "session.used_at"
"""No names of columns of the model's."""


class Users:
    """Those of one backend. `claims` are the developer's queries, by claim; `read` are the claims that rules read."""

    def __init__(self, model: type[Account], claims: Mapping[str, Query]) -> None:
        self.model = model
        self.table: sa.Table = model.__table__  # type: ignore[attr-defined]
        self.claims = claims
        self.read: Collection[str] = ()
        mapper = sa.inspect(model)
        self._columns: dict[str, sa.Column[Any]] = {
            each.key: each.columns[0] for each in mapper.column_attrs if isinstance(each.columns[0], sa.Column)
        }

    def column(self, name: str) -> sa.Column[Any]:
        """A column, by the model's attribute."""
        return self._columns[name]

    def row(self) -> sa.Select[Any]:
        """All columns of users, each under the model's attribute."""
        return sa.select(*(column.label(name) for name, column in self._columns.items()))

    async def by_email(self, email: str, session: Session) -> Mapping[str, Any] | None:
        """The user with an address, and as `password` what their password is checked with."""
        return await self._with_password(self.column("email") == email, session)

    async def by_id(self, id: UUID, session: Session) -> Mapping[str, Any] | None:
        """The user with an id, and as `password` what their password is checked with."""
        return await self._with_password(self.column("id") == id, session)

    async def _with_password(self, which: sa.ColumnElement[bool], session: Session) -> Mapping[str, Any] | None:
        joined = CREDENTIAL.c.user_id == self.column("id")
        wanted = self.row().add_columns(CREDENTIAL.c.password).outerjoin_from(self.table, CREDENTIAL, joined)
        return _one(await session.sql(wanted.where(which)))

    async def in_session(
        self, which: sa.ColumnElement[bool], session: Session, now: datetime
    ) -> tuple[Mapping[str, Any], UUID, datetime] | None:
        """The user of a session that goes on; which it is, and when it was used."""
        wanted = self.row().join_from(self.table, SESSION, SESSION.c.user_id == self.column("id"))
        wanted = wanted.add_columns(SESSION.c.id.label(_SESSION), SESSION.c.used_at.label(_USED))
        wanted = wanted.where(which, SESSION.c.expires_at > now, sa.not_(self.column("disabled")))
        found = _one(await session.sql(wanted))
        return None if found is None else (found, found[_SESSION], found[_USED])

    async def known_at(self, user: UUID, address: str, session: Session) -> bool:
        """Whether a user is signed in from an address."""
        wanted = sa.select(SESSION.c.id).where(SESSION.c.user_id == user, SESSION.c.address == address).limit(1)
        return (await session.sql(wanted)).first() is not None

    def check(self, given: Mapping[str, Any]) -> Account:
        """What a new user would be. Raises Refusal where the model does not take it."""
        try:
            return self.model.model_validate(given)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise Refusal.of(Code.BAD_USER_INPUT, f"The user can't be made of this: {faults}.") from None

    async def create(self, given: Mapping[str, Any], session: Session) -> Mapping[str, Any]:
        """A new user. Raises Refusal: BAD_USER_INPUT, CONFLICT or CONSTRAINT_VIOLATION."""
        made = self.check(given)
        values = {name: getattr(made, name) for name in self._columns if hasattr(made, name)}
        await _write(sa.insert(self.table).values({self._columns[n]: v for n, v in values.items()}), session)
        return {**dict.fromkeys(self._columns), **values}

    async def change(self, id: UUID, session: Session, **values: Any) -> bool:
        """Sets columns of a user; whether there is one. Raises Refusal: CONFLICT or CONSTRAINT_VIOLATION."""
        version = getattr(self.model, "__version__", None)
        columns = {self._columns[name]: value for name, value in values.items()}
        if version is not None:
            columns[self._columns[version]] = self._columns[version] + 1
        change = sa.update(self.table).where(self.column("id") == id).values(columns)
        return (await _write(change.returning(self.column("id")), session)).first() is not None

    async def delete(self, id: UUID, session: Session) -> bool:
        """Deletes a user's row; whether there was one. Raises Broken where other rows need it."""
        gone = sa.delete(self.table).where(self.column("id") == id).returning(self.column("id"))
        return (await session.sql(gone, guarded=True)).first() is not None

    async def actor(self, user: Mapping[str, Any], session: Session) -> Actor:
        """Who a user is to rules."""
        claims: dict[str, Any] = {
            name: plain(user[name]) for name in self.read if name in user and name not in ("id", "password")
        }
        for name, query in self.claims.items():
            claims[name] = [plain(value) for value in (await session.sql(query(user["id"]))).scalars()]
        roles = {role for role in user["roles"] or () if isinstance(role, str)} - {"anyone", "user"}
        return Actor(frozenset({"anyone", "user", *roles}), {**claims, "id": str(user["id"])})


async def _write(statement: sa.Executable, session: Session) -> sa.Result[Any]:
    """Raises Refusal for what the model's constraints don't take, and the transaction goes on."""
    try:
        return await session.sql(statement, guarded=True)
    except Broken as broken:
        raise (Refusal.of(Code.CONFLICT, TAKEN) if broken.kind == "unique" else broken.refusal()) from None


def _one(found: sa.Result[Any]) -> Mapping[str, Any] | None:
    row = found.mappings().first()
    return None if row is None else {str(name): value for name, value in row.items()}


def address(email: str) -> str:
    """An address as it is kept: in small letters, for nobody tells `Ann@…` from `ann@…`. Raises BAD_USER_INPUT."""
    text = email.strip().lower()
    name, at, host = text.rpartition("@")
    if not (at and name and "." in host.strip(".")) or len(text) > LONGEST_EMAIL or any(c.isspace() for c in text):
        raise Refusal.of(Code.BAD_USER_INPUT, "This is no e-mail address, such as ann@example.com.")
    return text


def roles_of(given: Sequence[str] | None) -> list[str]:
    """Roles to give, each once. Raises BAD_USER_INPUT for what no rule can name."""
    roles = sorted({*(given or ())} - {"anyone", "user"})
    if strange := [role for role in roles if not ROLE.match(role)]:
        raise Refusal.of(Code.BAD_USER_INPUT, f"These are no names of roles: {', '.join(map(repr, strange))}.")
    return roles


def plain(value: Any) -> Any:
    """A column's value as claims have it: what JSON can say."""
    match value:
        case UUID() | Decimal():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Enum():
            return value.name
        case _:
            return value
