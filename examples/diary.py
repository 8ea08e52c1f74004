"""A diary for each who signs up: accounts, sessions in cookies, passkeys, and entries that nobody else sees.

Serve it with `hedgerow dev examples/diary.py`, and open http://localhost:8000/. The mail that confirms an address is at
http://localhost:8000/auth/mails, since `hedgerow dev` sends none.
"""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import DateTime
from sqlmodel import Field, SQLModel
from starlette.responses import FileResponse
from starlette.routing import Route

from hedgerow import Account, Backend, Module, access, allow, auth


class User(Account, table=True):
    """Somebody with a diary."""

    name: str = Field(min_length=1, max_length=50)

    @access
    def rules(user, me):
        yield allow("user", "read", where=user.id == me.id)
        yield allow("user", "update", where=user.id == me.id, fields=["name"])


class Entry(SQLModel, table=True):
    """What somebody wrote down."""

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(min_length=1, max_length=1000)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC), sa_type=DateTime(timezone=True))
    user_id: UUID = Field(foreign_key="user.id", index=True, ondelete="CASCADE")

    @access
    def rules(entry, me):
        yield allow("user", "read delete", where=entry.user_id == me.id)
        yield allow("user", "create", fields=["text"], preset={"user_id": me.id})


class Page(Module):
    """The page itself, beside /graphql; the links of mails lead to it too."""

    name = "page"

    def routes(self):
        page = Path(__file__).with_suffix(".html")
        return [Route("/", lambda request: FileResponse(page))]


LINKS = {
    "sign_up": "http://localhost:8000/#welcome={token}",
    "reset_password": "http://localhost:8000/#password={token}",
}
signing_in = auth(app="Diary", profile=["name"], sign_up="confirmed", links=LINKS)
backend = Backend(models=[User, Entry], modules=[signing_in, Page()])
