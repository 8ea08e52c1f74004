"""Changes that let somebody do more though no rule says so: each is told as widening, or as breaking where it breaks.

Each case is a backend's file before and after, as a developer writes it; what must be told is a part of the text.
"""

from typing import Any

import pytest
import sqlalchemy as sa
import sqlmodel
import strawberry
from sqlmodel import Field, Relationship, SQLModel

from hedgerow import Backend, Module, Settings, access, allow, computed, now
from hedgerow.schema.gate.difference import Class, Difference, ordered
from hedgerow.schema.gate.differences import differences
from hedgerow.schema.gate.permitted import Permissions
from hedgerow.schema.gate.snapshot import parse
from hedgerow.server.gate.describe import described
from hedgerow.server.gate.versions import version_of

TEAM = """
class Team(Own, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    secret: str = ""
    {team}

    @access
    def rules(team, me):
        yield allow("user", "read", fields=["id", "name"])
        yield allow("user", "delete", where=team.id == me.team)
"""
NOTE = """
class Note(Own, table=True):
    __tablename__ = "{table}"
    {changes}
    id: int | None = Field(default=None, primary_key=True)
    title: str = Field({title})
    public: bool = {public}
    kind: Kind = Kind.a
    {column}
    team_id: int | None = Field(default=None, foreign_key="team.id"{cascade})
    team: Team | None = Relationship()
    {member}

    @access
    def rules(note, me):
        yield allow("anyone", "read", where=note.public, fields=["id", "title"])
        yield allow("user", "create", fields=["title", "kind"])
        yield allow("user", "read", where=note.team_id == me.team)
{rules}
"""
END = """
class Admin(strawberry.permission.BasePermission):
    def has_permission(self, source, info, **arguments):
        return True

class Other(strawberry.permission.BasePermission):
    def has_permission(self, source, info, **arguments):
        return True

{own}

backend = Backend(models=[Team, Note], modules=[{modules}], {backend})
"""
DEFAULTS = dict.fromkeys(("team", "changes", "column", "member"), "pass") | {
    "table": "note",
    "title": "",
    "public": "False",
    "cascade": "",
    "rules": "        yield from ()",
    "own": "",
    "modules": "",
    "backend": "",
    "kinds": "a b",
}
QUERY = """
@strawberry.type
class Query:
    @strawberry.field({options})
    def report(self, info: strawberry.Info{arguments}) -> str:
        return ""
"""
OWN = {"backend": "query=Query"}
TYPES = """
@strawberry.type
class Stats:
    count: int
    {field}

@strawberry.input
class Wish:
    name: str
    {wish}

@strawberry.type
class Query:
    @strawberry.field
    def stats(self, info: strawberry.Info, wish: Wish | None = None) -> Stats:
        return Stats(count=1)
"""
MODULE = """
from starlette.responses import PlainTextResponse
from starlette.routing import Route

class Extra(Module):
    def routes(self):
        return [Route(path, lambda request: PlainTextResponse("")) for path in {paths}]
"""
COMPUTED = """@computed(needs=["title"])
    def shout(note, info{arguments}) -> str:
        return note.title"""
KEYS = """
class Part(Own, table=True):
    a: int = Field(primary_key=True)
    b: int = Field(primary_key=True)
    {relation}

    @access
    def rules(part, me):
        {rules}
"""


def query(options: str = "", arguments: str = "") -> dict[str, str]:
    return OWN | {"own": QUERY.format(options=options, arguments=arguments)}


def types(field: str = "", wish: str = "") -> dict[str, str]:
    return OWN | {"own": TYPES.format(field=field, wish=wish)}


def module(*paths: str) -> dict[str, str]:
    return {"own": MODULE.format(paths=[*paths]), "modules": "Extra()"}


def settings(**given: Any) -> dict[str, str]:
    return {"backend": f"settings=Settings(**{given!r})"}


HIDDEN: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "rows are public where nobody says otherwise": (
        {},
        {"public": "True"},
        "widening: Note.public now holds True where it is not given",
    ),
    "so does the database": (
        {"column": 'shown: bool = Field(default=None, sa_column_kwargs={"server_default": "0"})', **{}},
        {"column": 'shown: bool = Field(default=None, sa_column_kwargs={"server_default": "1"})'},
        "Note.shown now holds",
    ),
    "changes are kept": (
        {"changes": "__changes__ = False"},
        {},
        "widening: whoever reads Note may now follow its changes",
    ),
    "what goes takes others with it": (
        {},
        {"cascade": ', ondelete="CASCADE"'},
        "widening: user may now delete Team(Note) where: id = me.team",
    ),
    "a demand on values goes": ({"title": "max_length=5"}, {}, "widening: Note.title takes more: now max_length=any"),
    "a demand is less": (
        {"title": "max_length=5"},
        {"title": "max_length=50"},
        "widening: Note.title takes more: now max_length=50",
    ),
    "a pattern is another": (
        {"title": "regex='[a-z]+'"},
        {"title": "regex='.*'"},
        "widening: Note.title takes more: now pattern='.*'",
    ),
    "a label more, which may be given": ({}, {"kinds": "a b c"}, "widening: Note.kind takes more"),
    "a required column may be null": (
        {"rules": '        yield allow("user", "create", fields=["title", "size"])', "column": "size: int = 1"},
        {"rules": '        yield allow("user", "create", fields=["title", "size"])', "column": "size: int | None = 1"},
        "widening: Note.size takes more: now null",
    ),
    "two rows may be the same": (
        {"title": "unique=True"},
        {},
        "widening: Note takes more: now unique=id",
    ),
    "a table is another": ({}, {"table": "other"}, "widening: anyone may now read Note(id, title) where: public"),
    "a field of one's own": (
        OWN | {"own": QUERY.format(options="", arguments="").replace("report", "other")},
        query(),
        "widening: anyone may now call Query(report)",
    ),
    "an argument more": (
        query(),
        query("", ", every: bool = False"),
        "widening: anyone may now call Query(report.every)",
    ),
    "a permission goes": (
        query("permission_classes=[Admin]"),
        query(),
        "widening: anyone may now call Query(report)",
    ),
    "a permission is another": (
        query("permission_classes=[Admin]"),
        query("permission_classes=[Other]"),
        "widening: anyone may now call Query(report) where: permitted by Other",
    ),
    "a field of a type of one's own": (types(), types("total: int = 0"), "widening: anyone may now call Stats(total)"),
    "a field of an input of one's own": (
        types(),
        types("", "all: bool = False"),
        "widening: anyone may now call Wish(all)",
    ),
    "a computed field": ({}, {"member": COMPUTED.format(arguments="")}, "widening: anyone may now call Note(shout)"),
    "an argument of a computed field": (
        {"member": COMPUTED.format(arguments="")},
        {"member": COMPUTED.format(arguments=", loud: bool = True")},
        "widening: anyone may now call Note(shout.loud)",
    ),
    "a page beside": (module("/a"), module("/a", "/b"), "widening: anyone may now call '/b'"),
    "strangers see the schema": (
        settings(introspection=False),
        settings(),
        "widening: setting introspection is now true",
    ),
    "documents that nobody trusted": (
        settings(documents_only=True),
        settings(),
        "widening: setting documents_only is now false",
    ),
    "pages of other origins": (
        settings(),
        settings(allowed_origins="https://a.example"),
        "widening: setting allowed_origins is now https://a.example",
    ),
    "tokens for others": (settings(jwt_audience="us"), settings(), "widening: setting jwt_audience is now none"),
    "roles of another claim": (
        settings(),
        settings(jwt_roles_claim="groups"),
        "widening: setting jwt_roles_claim is now groups",
    ),
    # What clients sent, and can't send any more
    "lists are shorter": (settings(), settings(max_rows=10), "breaking: setting max_rows is now 10 (was 1000)"),
    "operations may cost less": (
        settings(max_cost={"anyone": 5, "user": 9}),
        settings(max_cost={"anyone": 5, "user": 8}),
        "breaking: setting max_cost is now anyone=5 user=8",
    ),
    "documents are less deep": (settings(), settings(max_depth=5), "breaking: setting max_depth is now 5"),
    "values are judged": ({}, {"title": "max_length=5"}, "breaking: Note.title takes less: now max_length=5"),
    "two rows may not be the same any more": (
        {},
        {"title": "unique=True"},
        "breaking: Note takes less: now unique=id,title",
    ),
    "a validator is new": (
        {},
        {"member": "@pydantic.field_validator('title')\n    def check(cls, value):\n        return value"},
        "breaking: Note.title takes less",
    ),
    "rows are judged": (
        {},
        {"member": "@pydantic.model_validator(mode='after')\n    def judge(self):\n        return self"},
        "breaking: Note takes less",
    ),
}
BACK = {
    "a demand on values goes": "breaking: Note.title takes less: now max_length=5",
    "a permission goes": "narrowing: anyone may no longer call Query(report)",
    "changes are kept": "narrowing: whoever reads Note may no longer follow",
    "lists are shorter": "harmless: setting max_rows is now 1000",
    "what goes takes others with it": "narrowing: user may no longer delete Team(Note)",
}


def told(given: dict[str, str]) -> Permissions:
    """What a snapshot of this backend has."""
    import enum

    import pydantic

    registry = sa.orm.registry()

    class Own(SQLModel, registry=registry):
        metadata = registry.metadata

    words = DEFAULTS | given
    names: dict[str, Any] = {
        **{each.__name__: each for each in (Backend, Module, Settings, access, allow, computed, now, Field)},
        "Own": Own,
        "Relationship": Relationship,
        "Kind": enum.StrEnum("Kind", words["kinds"].split()),
        "pydantic": pydantic,
        "sqlmodel": sqlmodel,
        "strawberry": strawberry,
        "__name__": __name__,
    }
    for part in (TEAM, NOTE, END):
        exec(compile(part.format(**words), "hidden", "exec"), names)
    return version_of(__import__("orjson").loads(described(names["backend"]))).permissions


def between(old: dict[str, str], new: dict[str, str]) -> list[Difference]:
    return ordered(differences(told(old), told(new)))


@pytest.mark.parametrize("name", HIDDEN)
def test_it_is_told(name: str) -> None:
    old, new, expected = HIDDEN[name]
    found = [*map(str, between(old, new))]
    assert any(expected in each for each in found), found
    if back := BACK.get(name):
        assert any(back in str(each) for each in between(new, old))


def test_the_same_is_no_difference() -> None:
    given = query("permission_classes=[Admin]", ", every: bool = False") | {"title": "max_length=5", "kinds": "b a"}
    assert between(given, given) == []


def test_what_harms_nobody() -> None:
    for old, new in (
        (settings(max_rows=10), settings(max_rows=20)),
        ({}, {"column": "size: int = 1", "rules": "        yield from ()"}),
    ):
        assert not any(each.kind is Class.BREAKING for each in between(old, new))


# A relation over a link table of its own: two columns are a key, each of which another rule may show


def linked(rules: str, *, relation: bool) -> Permissions:
    from hedgerow.schema.compile import compile_models
    from hedgerow.schema.gate.facts import permissions
    from hedgerow.schema.names import CAMEL

    registry = sa.orm.registry()

    class Own(SQLModel, registry=registry):
        metadata = registry.metadata

    sa.Table(
        "link",
        registry.metadata,
        *(sa.Column(name, sa.Integer, primary_key=True) for name in ("la", "lb", "ra", "rb")),
        sa.ForeignKeyConstraint(["la", "lb"], ["part.a", "part.b"]),
        sa.ForeignKeyConstraint(["ra", "rb"], ["part.a", "part.b"]),
    )
    made = """others: list["Part"] = Relationship(sa_relationship_kwargs={
        "secondary": "link",
        "primaryjoin": "and_(Part.a == link.c.la, Part.b == link.c.lb)",
        "secondaryjoin": "and_(Part.a == link.c.ra, Part.b == link.c.rb)",
    })"""
    names: dict[str, Any] = {
        **{each.__name__: each for each in (access, allow, Field)},
        "Own": Own,
        "Relationship": Relationship,
        "__name__": __name__,
    }
    exec(compile(KEYS.format(rules=rules, relation=made if relation else "pass"), "linked", "exec"), names)
    return permissions(compile_models([names["Part"]], CAMEL))


@pytest.mark.parametrize(
    "rules",
    [
        'yield allow("user", "read", fields=["a", "b"])',
        'yield allow("user", "read", fields=["a"]); yield allow("user", "read", fields=["b"])',
        'yield allow("anyone", "read", fields=["a"]); yield allow("user", "read", fields=["b"])',
        'yield allow("one", "read", fields=["a"]); yield allow("other", "read", fields=["b"])',
    ],
)
def test_links_by_keys_of_two_columns(rules: str) -> None:
    found = differences(linked(rules, relation=False), linked(rules, relation=True))
    assert any(each.kind is Class.WIDENING and each.columns == ("others",) for each in found), found


def test_a_key_that_shows_in_part_links_nothing() -> None:
    rules = 'yield allow("user", "read", fields=["a"])'
    found = differences(linked(rules, relation=False), linked(rules, relation=True))
    assert not any(each.kind is Class.WIDENING for each in found), found


def test_a_relation_called_me_is_no_claim() -> None:
    """Its columns are not taken for claims of their names, and what it leads to may be elsewhere now."""
    texts = "user read Note.title where: ~me.name = 'a'", "user read Note.title where: ~me.any(name = 'a')"
    for text in texts:
        old, new = (
            parse(f"# hedgerow permissions 1\n{text}\n\nNote.me: -> {to} in table {to} by (a = id)\nNote: table note\n")
            for to in ("Team", "Other")
        )
        assert [each.kind for each in differences(old, new)] == [Class.WIDENING, Class.NARROWING]
