"""A board of cards that everybody sees change: two windows of the same page, and no line of code that connects them.

Serve it with `hedgerow dev examples/board.py`, and open http://127.0.0.1:8000/ in two windows.
"""

from pathlib import Path

from sqlmodel import Field, Session, SQLModel
from starlette.responses import FileResponse
from starlette.routing import Route

from hedgerow import Backend, Module, access, allow


class Card(SQLModel, table=True):
    """Something to do."""

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(min_length=1, max_length=100)
    done: bool = False

    @access
    def rules(card, me):
        yield allow("anyone", "read delete")
        yield allow("anyone", "create", fields=["text"])
        yield allow("anyone", "update", fields=["text", "done"])


class Page(Module):
    """The page itself, beside /graphql."""

    name = "page"

    def routes(self):
        page = Path(__file__).with_suffix(".html")
        return [Route("/", lambda request: FileResponse(page))]


def seed(session: Session) -> None:
    """The first cards."""
    session.add_all(Card(text=text) for text in ("Open this page in a second window", "Add a card there"))


backend = Backend(models=[Card], modules=[Page()], seed=seed)
