"""Team notes: a small backend in one file.

Serve it with `hedgerow dev examples/notes.py` (or `make demo`), and open http://127.0.0.1:8000/graphql.
"""

from datetime import UTC, datetime, timedelta

from sqlmodel import Field, Relationship, Session, SQLModel

from hedgerow import Backend, access, allow, computed


class User(SQLModel, table=True):
    """Somebody who writes notes."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    email: str = Field(unique=True)
    memberships: list["Membership"] = Relationship(back_populates="user")
    notes: list["Note"] = Relationship(back_populates="author")

    @access
    def rules(user, me):
        yield allow("user", "read", fields=["id", "name"])
        yield allow("user", "read", where=user.id == me.id)
        yield allow("user", "update", where=user.id == me.id, fields=["name", "email"])


class Team(SQLModel, table=True):
    """People who share notes."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    memberships: list["Membership"] = Relationship(back_populates="team")
    notes: list["Note"] = Relationship(back_populates="team")

    @access
    def rules(team, me):
        yield allow("user", "read", where=team.memberships.any(lambda m: m.user_id == me.id))


class Membership(SQLModel, table=True):
    """Who belongs to which team."""

    team_id: int = Field(foreign_key="team.id", primary_key=True)
    user_id: int = Field(foreign_key="user.id", primary_key=True, index=True)
    team: Team = Relationship(back_populates="memberships")
    user: User = Relationship(back_populates="memberships")

    @access
    def rules(membership, me):
        yield allow("user", "read", where=membership.team.memberships.any(lambda m: m.user_id == me.id))


class Note(SQLModel, table=True):
    """A note of a team; a public one shows its title to everybody."""

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(min_length=1, max_length=200)
    body: str = ""
    public: bool = False
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC), index=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    author_id: int = Field(foreign_key="user.id", index=True)
    team: Team = Relationship(back_populates="notes")
    author: User = Relationship(back_populates="notes")

    @access
    def rules(note, me):
        member = note.team.memberships.any(lambda m: m.user_id == me.id)
        own = member & (note.author_id == me.id)
        yield allow("anyone", "read", where=note.public, fields=["id", "title", "public"])
        yield allow("user", "read", where=member)
        yield allow(
            "user", "create", check=own, fields=["title", "body", "public", "team_id"], preset={"author_id": me.id}
        )
        yield allow("user", "update", where=own, fields=["title", "body", "public", "team_id"])
        yield allow("user", "delete", where=own)

    @computed(needs=["body"])
    def minutes_to_read(note) -> float:
        """At 200 words a minute."""
        return len(note.body.split()) / 200


def seed(session: Session) -> None:
    """A few teams, so that there is something to ask for."""
    ada, grace, alan = (User(name=name, email=f"{name.lower()}@example.com") for name in ("Ada", "Grace", "Alan"))
    engines, compilers = Team(name="Engines"), Team(name="Compilers")
    session.add_all([ada, grace, alan, engines, compilers])
    session.flush()
    for team, users in ((engines, (ada, alan)), (compilers, (grace, ada))):
        session.add_all(Membership(team_id=team.id, user_id=user.id) for user in users)
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    notes = [
        (engines, ada, "Notes on the engine", "It weaves algebraic patterns.", True),
        (engines, alan, "Can it think?", "Ask it, and don't look.", False),
        (engines, ada, "Bernoulli numbers", "The first program, more or less.", False),
        (compilers, grace, "A moth in relay 70", "First actual case of a bug being found.", True),
        (compilers, grace, "English in, code out", "They told me computers could only do arithmetic.", False),
    ]
    for day, (team, author, title, body, public) in enumerate(notes):
        session.add(
            Note(
                title=title,
                body=body,
                public=public,
                team_id=team.id,
                author_id=author.id,
                created_at=start + timedelta(days=day),
            )
        )


backend = Backend(models=[User, Team, Membership, Note], seed=seed)
