"""Pictures that all see and whoever comes by may hang; large files come in parts, and go on after a break.

Serve it with `hedgerow dev examples/gallery.py`, and open http://localhost:8000/. Visitors are accounts that gave
nothing yet to sign in with; a picture is taken down by who hung it up.
"""

from pathlib import Path
from uuid import UUID

from sqlmodel import Field, SQLModel
from starlette.responses import FileResponse
from starlette.routing import Route

from hedgerow import Account, Backend, File, Module, access, allow, auth, storage


class User(Account, table=True):
    """A visitor."""

    @access
    def rules(user, me):
        yield allow("user", "read", where=user.id == me.id, fields=["id"])


class Picture(SQLModel, table=True):
    """A picture on the wall."""

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(min_length=1, max_length=200)
    file: File = File(types=["image/png", "image/jpeg", "image/webp", "image/avif", "image/gif"], max_size="50 MB")
    user_id: UUID = Field(foreign_key="user.id", index=True, ondelete="CASCADE")

    @access
    def rules(picture, me):
        yield allow("anyone", "read", fields=["id", "title", "file"])
        yield allow("user", "read", fields=["user_id"], where=picture.user_id == me.id)
        yield allow("user", "create", fields=["title", "file"], preset={"user_id": me.id})
        yield allow("user", "delete", where=picture.user_id == me.id)


class Page(Module):
    """The page itself, beside /graphql."""

    name = "page"

    def routes(self):
        page = Path(__file__).with_suffix(".html")
        return [Route("/", lambda request: FileResponse(page))]


visitors = auth(anonymous=True)
backend = Backend(models=[User, Picture], modules=[visitors, storage(quota=500_000_000), Page()])
