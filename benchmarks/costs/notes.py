"""Notes of teams, and roles that read them by ever more rules: what rules cost is measured here.

Every role but `member` sees every row, so that all answer the same; a member sees the notes of the teams that they
belong to. The caller 1 belongs to every team, the callers 2 to 2,001 to ten of a thousand each.
"""

from sqlmodel import Field, Relationship, SQLModel

from hedgerow import Backend, access, allow

ROWS_OF = (1, 5, 20)
"""How many rules choose rows, for a role each."""
CELLS_OF = (5, 20)
"""How many rules show a cell each, for a role each."""
CELLS = ("title", "body", "kind", "stars", "words")
TEAMS, NOTES, CALLERS, TEAMS_OF_EACH = 1_000, 100_000, 2_000, 10


class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    open: bool
    memberships: list["Membership"] = Relationship(back_populates="team")
    notes: list["Note"] = Relationship(back_populates="team")


class Membership(SQLModel, table=True):
    team_id: int = Field(foreign_key="team.id", primary_key=True)
    user_id: int = Field(primary_key=True, index=True)
    team: Team = Relationship(back_populates="memberships")


class Note(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    body: str
    kind: int
    stars: int
    words: int
    team_id: int = Field(foreign_key="team.id", index=True)
    team: Team = Relationship(back_populates="notes")

    @access
    def rules(note, me):
        yield allow("all", "read")
        for count in ROWS_OF:
            for each in range(count):
                where = note.kind == each if each < count - 1 else note.kind >= each
                yield allow(f"rows{count}", "read", where=where)
        for count in CELLS_OF:
            for each in range(count):
                yield allow(f"cells{count}", "read", where=note.kind >= -each, fields=["id", CELLS[each % len(CELLS)]])
        yield allow("open", "read", where=note.team.open)
        yield allow("member", "read", where=note.team.memberships.any(lambda m: m.user_id == me.id))


backend = Backend(models=[Team, Membership, Note])

ROWS = (
    f"INSERT INTO team (id, open) SELECT i, true FROM generate_series(1, {TEAMS}) i",
    f"INSERT INTO membership (team_id, user_id) SELECT i, 1 FROM generate_series(1, {TEAMS}) i",
    f"INSERT INTO membership (team_id, user_id) SELECT 1 + (u * 37 + i * 101) % {TEAMS}, u"
    f" FROM generate_series(2, {CALLERS + 1}) u, generate_series(1, {TEAMS_OF_EACH}) i",
    "INSERT INTO note (id, title, body, kind, stars, words, team_id)"
    " SELECT i, 'Note ' || i, 'What is said in note ' || i || ', in a sentence or two.', i % 20, i % 5,"
    f" (i * 37) % 300, 1 + (i::bigint * 7919) % {TEAMS} FROM generate_series(1, {NOTES}) i",
    "VACUUM ANALYZE team, membership, note",
)
"""PostgreSQL statements that fill the tables, always with the same rows."""
