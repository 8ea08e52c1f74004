"""A sketch that several draw: who is here, where their cursors are, and strokes that stay.

Serve it with `hedgerow dev examples/sketch.py --claims '{"id": 1}'`, open http://127.0.0.1:8000/graphql in two windows,
and subscribe in one, as user, to

    channel(name: "sketch:1", presence: {colour: "green"}, key: "left") { kind payload user member { presence } }

In the other, `mutation { publish(channel: "sketch:1", payload: {x: 12, y: 40}) }` moves a cursor. Cursors are messages,
which nobody keeps; strokes are rows, which live queries follow: `subscription { strokes { points colour } }`.
"""

from sqlmodel import JSON, Field, Relationship, Session, SQLModel

from hedgerow import Backend, access, allow, channels


class Sketch(SQLModel, table=True):
    """Something to draw on."""

    id: int | None = Field(default=None, primary_key=True)
    title: str
    members: list["Artist"] = Relationship(back_populates="sketch")
    strokes: list["Stroke"] = Relationship(back_populates="sketch")

    @access
    def rules(sketch, me):
        member = sketch.members.any(lambda m: m.user_id == me.id)
        yield allow("user", "read join publish", where=member)


class Artist(SQLModel, table=True):
    """Who may draw on a sketch; who is taken off it is out of its channel at once."""

    sketch_id: int = Field(foreign_key="sketch.id", primary_key=True)
    user_id: int = Field(primary_key=True, index=True)
    owner: bool = False
    sketch: Sketch = Relationship(back_populates="members")

    @access
    def rules(artist, me):
        yield allow("user", "read", where=artist.sketch.members.any(lambda m: m.user_id == me.id))
        owner = artist.sketch.members.any(lambda m: (m.user_id == me.id) & m.owner)
        yield allow("user", "create delete", where=owner, fields=["sketch_id", "user_id"])


class Stroke(SQLModel, table=True):
    """A stroke that stays."""

    id: int | None = Field(default=None, primary_key=True)
    points: list = Field(sa_type=JSON)
    colour: str = Field(default="black", max_length=20)
    sketch_id: int = Field(foreign_key="sketch.id", index=True)
    by_id: int
    sketch: Sketch = Relationship(back_populates="strokes")

    @access
    def rules(stroke, me):
        member = stroke.sketch.members.any(lambda m: m.user_id == me.id)
        yield allow("user", "read delete", where=member)
        yield allow("user", "create", check=member, fields=["points", "colour", "sketch_id"], preset={"by_id": me.id})


def seed(session: Session) -> None:
    """One sketch, for two."""
    session.add(Sketch(id=1, title="Plans"))
    session.flush()
    session.add_all([Artist(sketch_id=1, user_id=1, owner=True), Artist(sketch_id=1, user_id=2)])


free = {"lobby": [allow("anyone", "join"), allow("user", "join publish")]}
backend = Backend(models=[Sketch, Artist, Stroke], modules=[channels(free=free)], seed=seed)
