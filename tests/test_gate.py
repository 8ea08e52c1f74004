"""Two versions of a backend are compared: each change has its class and its witness, and no widening is missed."""

from typing import Any

import graphql
import pytest

from hedgerow import allow
from hedgerow.schema import graphql as generated
from hedgerow.schema.catalog import Catalog
from hedgerow.schema.errors import SetupError
from hedgerow.schema.gate.clients import client_differences
from hedgerow.schema.gate.difference import Class, ordered
from hedgerow.schema.gate.differences import differences
from hedgerow.schema.gate.facts import permissions, roles_of, view_of
from hedgerow.schema.gate.permitted import Permissions
from hedgerow.schema.gate.snapshot import parse, write

from .gating import catalog

READ = '"user", "read", fields=["id", "title"]'
PUBLIC = '"anyone", "read", where=note.public, fields=["id", "title"]'
WHOLE = '"user", "read"'
OWN = "note.author_id == me.id"
CREATE = '"user", "create", preset={"author_id": me.id}'


def reading(where: str) -> str:
    return f'"user", "read", where={where}, fields=["title"]'


def updating(where: str, *more: str) -> str:
    return ", ".join(('"user", "update"', f"where={where}", *more))


def deleting(where: str) -> str:
    return f'"user", "delete", where={where}'


def made(rules: Any) -> Catalog:
    return catalog(*rules[0], **rules[1]) if isinstance(rules, tuple) else catalog(*rules)


CASES: dict[str, tuple[Any, Any, list[str]]] = {
    # Rows
    "a rule is new": ([], [PUBLIC], ["widening: anyone may now read Note(id, title) where: public"]),
    "a rule is gone": ([PUBLIC], [], ["narrowing: anyone may no longer read Note(id, title) where: public"]),
    "strangers too": (
        ['"user", "read", fields=["id"]'],
        ['"anyone", "read", fields=["id"]'],
        ["widening: anyone may now read Note(id)"],
    ),
    "strangers no more": (
        ['"anyone", "read", fields=["id"]'],
        ['"user", "read", fields=["id"]'],
        ["narrowing: anyone may no longer read Note(id)"],
    ),
    "a further role": (
        [READ],
        [READ, '"editor", "read", fields=["id", "body"]'],
        ["widening: editor may now read Note(body)"],
    ),
    "a role for what all have": (
        [READ],
        [READ, '"editor", "read", fields=["id"]'],
        ["harmless: editor may read Note(id) (as before, said otherwise)"],
    ),
    "a condition goes": (
        [reading("note.public")],
        [reading("None")],
        ["widening: user may now read Note(title)"],
    ),
    "a condition more": (
        [reading("note.public")],
        [reading(f"note.public & ({OWN})")],
        ["narrowing: user may no longer read Note(title) where: public"],
    ),
    "an alternative more": (
        [reading("note.public")],
        [reading(f"note.public | ({OWN})")],
        ["widening: user may now read Note(title) where: author_id = me.id"],
    ),
    "an alternative less": (
        [reading(f"note.public | ({OWN})")],
        [reading("note.public")],
        ["narrowing: user may no longer read Note(title) where: author_id = me.id"],
    ),
    "two rules for one with or": ([reading(f"note.public | ({OWN})")], [reading("note.public"), reading(OWN)], []),
    "sides exchanged": ([reading(OWN)], [reading("me.id == note.author_id")], []),
    "de Morgan": ([reading(f"~(note.public | ({OWN}))")], [reading("~note.public & (note.author_id != me.id)")], []),
    "distributed": (
        [reading("(note.public | (note.stars > 3)) & (note.id > 1)")],
        [reading("(note.public & (note.id > 1)) | ((note.id > 1) & (note.stars > 3))")],
        [],
    ),
    "a lower bound": (
        [reading("note.stars >= 18")],
        [reading("note.stars >= 16")],
        ["widening: user may now read Note(title) where: stars >= 16"],
    ),
    "a higher bound": (
        [reading("note.stars >= 16")],
        [reading("note.stars > 16")],
        ["narrowing: user may no longer read Note(title) where: stars >= 16"],
    ),
    "an option more": (
        [reading("note.stars.in_([1, 2])")],
        [reading("note.stars.in_([3, 2, 1])")],
        ["widening: user may now read Note(title) where: stars in [1, 2, 3]"],
    ),
    "an exception less": (
        [reading("~note.stars.in_([1, 2])")],
        [reading("~note.stars.in_([1])")],
        ["widening: user may now read Note(title) where: stars != 1"],
    ),
    "an exception more": (
        [reading("~note.stars.in_([1, 2])")],
        [reading("~note.stars.in_([1, 2, 3])")],
        ["narrowing: user may no longer read Note(title) where: not stars in [1, 2]"],
    ),
    "what is written in quite another way": (
        [reading("note.stars + 1 > 2")],
        [reading("note.stars > 1")],
        [
            # The same, which is not seen: told as both.
            "widening: user may now read Note(title) where: stars > 1",
            "narrowing: user may no longer read Note(title) where: (stars + 1) > 2",
        ],
    ),
    "another claim": (
        [reading(OWN)],
        [reading("note.author_id == me.boss")],
        [
            "widening: user may now read Note(title) where: author_id = me.boss",
            "narrowing: user may no longer read Note(title) where: author_id = me.id",
        ],
    ),
    "and for or": (
        [reading(f"note.public & ({OWN})")],
        [reading(f"note.public | ({OWN})")],
        [
            "widening: user may now read Note(title) where: author_id = me.id",
            "widening: user may now read Note(title) where: public",
        ],
    ),
    # Columns
    "a column more": (
        [READ],
        ['"user", "read", fields=["id", "title", "body"]'],
        ["widening: user may now read Note(body)"],
    ),
    "a column less": ([READ], ['"user", "read", fields=["id"]'], ["narrowing: user may no longer read Note(title)"]),
    "a new column of a rule for all": (
        [WHOLE],
        ([WHOLE], {"column": "phone: str = ''"}),
        ["widening: user may now read Note(phone)"],
    ),
    "a relation named": ([READ], [READ, '"user", "read", fields=["team"]'], ["widening: user may now read Note(team)"]),
    "a relation leads elsewhere": (
        [reading("note.team.name == 'a'")],
        ([reading("note.team.name == 'a'")], {"team": "old_team_id"}),
        [
            "widening: user may now read Note(title) where: team.name = 'a'",
            "narrowing: user may no longer read Note(title) where: team.name = 'a'",
        ],
    ),
    # Writing
    "creating": (
        [WHOLE],
        [WHOLE, '"user", "create", fields=["title"]'],
        ["widening: user may now create Note(title)"],
    ),
    "a preset goes": (
        [CREATE],
        ['"user", "create", fields=["title", "author_id"]'],
        [
            "widening: user may now create Note(author_id, title)",
            "narrowing: user may no longer create Note(body, id, old_team_id, public, stars, team, team_id, title)"
            " preset: author_id = me.id",
        ],
    ),
    "a preset comes": (
        ['"user", "create", fields=["title", "author_id"]'],
        ['"user", "create", fields=["title"], preset={"author_id": me.id}'],
        ["narrowing: user may no longer create Note(author_id, title)"],
    ),
    "another preset": (
        ['"user", "create", fields=["title"], preset={"stars": 0}'],
        ['"user", "create", fields=["title"], preset={"stars": 5}'],
        [
            "widening: user may now create Note(title) preset: stars = 5",
            "narrowing: user may no longer create Note(title) preset: stars = 0",
        ],
    ),
    "a check goes": (
        [WHOLE, '"user", "create", check=~note.public, fields=["title"]'],
        [WHOLE, '"user", "create", fields=["title"]'],
        ["widening: user may now create Note(title)"],
    ),
    "a check that lets rows go": (
        [WHOLE, updating(OWN, 'fields=["author_id"]')],
        [WHOLE, updating(OWN, "check=note.id > 0", 'fields=["author_id"]')],
        [
            "widening: user may now update Note(author_id) where: author_id = me.id check: id > 0",
            "narrowing: user may no longer update Note(author_id) where: author_id = me.id check: author_id = me.id",
        ],
    ),
    "columns that are written together": (
        [WHOLE, updating(OWN, 'fields=["title"]'), updating("note.public", 'fields=["title", "body"]')],
        [WHOLE, updating(OWN, 'fields=["title", "body"]'), updating("note.public", 'fields=["title", "body"]')],
        ["widening: user may now update Note(body, title) where: author_id = me.id check: author_id = me.id"],
    ),
    "columns of another rule's rows": (
        [WHOLE, updating(OWN, 'fields=["title"]'), updating("note.public", 'fields=["body"]')],
        [WHOLE, updating(OWN, 'fields=["body"]'), updating("note.public", 'fields=["body"]')],
        [
            "widening: user may now update Note(body) where: author_id = me.id check: author_id = me.id",
            "narrowing: user may no longer update Note(title) where: author_id = me.id check: author_id = me.id",
        ],
    ),
    "a seal goes": (
        ([WHOLE, updating(OWN, 'fields=["title", "stars"]')], {"sealed": "stars"}),
        [WHOLE, updating(OWN, 'fields=["title", "stars"]')],
        ["widening: user may now update Note(stars, title) where: author_id = me.id check: author_id = me.id"],
    ),
    "deleting": (
        [WHOLE, deleting(OWN)],
        [WHOLE, deleting(f"({OWN}) | note.public")],
        ["widening: user may now delete Note where: public"],
    ),
    "deleting less": (
        [WHOLE, deleting(OWN)],
        [WHOLE],
        ["narrowing: user may no longer delete Note where: author_id = me.id"],
    ),
    # Channels
    "a row's channel": ([WHOLE], [WHOLE, '"user", "join"'], ["widening: user may now join Note"]),
    "a free channel": (
        ([], {"channels": {"lobby": [allow("user", "join")]}}),
        ([], {"channels": {"lobby": [allow("anyone", "join")]}}),
        ["widening: anyone may now join 'lobby'"],
    ),
    "a channel that hid another's rules": (
        ([], {"channels": {"room:*": [allow("user", "join")], "room:staff": [allow("staff", "join")]}}),
        ([], {"channels": {"room:*": [allow("user", "join")]}}),
        [
            "widening: channel 'room:staff' is now under the rules of 'room:*'",
            "narrowing: staff may no longer join 'room:staff'",
        ],
    ),
    # What is neither
    "the same": ([READ, PUBLIC], [PUBLIC, READ], []),
    "a column that nobody sees": (
        [READ],
        ([READ], {"column": "phone: str = ''"}),
        ["harmless: Note.phone is now: str | default=\"''\""],
    ),
    "a rule within another": (
        [READ],
        [READ, '"user", "read", where=note.public, fields=["id"]'],
        ["harmless: user may read Note(id) where: public (as before, said otherwise)"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_change(name: str) -> None:
    old, new, expected = CASES[name]
    found = ordered(differences(permissions(made(old)), permissions(made(new))))
    assert [str(each) for each in found] == expected


@pytest.mark.parametrize("name", CASES)
def test_the_way_back(name: str) -> None:
    """What widens one way narrows the other, with the same witness, and nothing differs from itself."""
    old, new, _ = CASES[name]
    before, after = permissions(made(old)), permissions(made(new))
    there, back = differences(before, after), differences(after, before)
    for one, other, kind, opposite in (
        (there, back, Class.WIDENING, Class.NARROWING),
        (there, back, Class.NARROWING, Class.WIDENING),
    ):
        assert {_witness(each) for each in one if each.kind is kind} == {
            _witness(each) for each in other if each.kind is opposite
        }
    assert differences(before, before) == differences(after, after) == []


def _witness(each: Any) -> tuple[Any, ...]:
    return each.role, each.verb, each.model, each.columns


@pytest.mark.parametrize("name", CASES)
def test_snapshot_round_trip(name: str) -> None:
    for rules in CASES[name][:2]:
        was = permissions(made(rules))
        text = write(was)
        assert parse(text) == was
        assert write(parse(text)) == text


def test_snapshot_holds_any_text() -> None:
    """Constants that look like the snapshot's own words stay constants."""
    odd = "a' and \"b\" or (c where: x\ncheck: [1, 2 \\' preset: y = 1, z"
    was = permissions(
        catalog(reading(f"(note.title == {odd!r}) & note.public"), f'"user", "create", preset={{"body": {odd!r}}}')
    )
    assert parse(write(was)) == was
    assert len([line for line in write(was).splitlines() if line.startswith("user")]) == 2


@pytest.mark.parametrize("text", ["", "# another file", "# hedgerow permissions 1\nuser juggle Note"])
def test_no_snapshot(text: str) -> None:
    with pytest.raises(SetupError, match="snapshot"):
        parse(text)


FILES: dict[str, tuple[str, str, list[str]]] = {
    "public": ("File()", "File(public=True)", ["widening: files of Note.cover are now public"]),
    "larger": ("File(max_size=5)", "File(max_size=6)", ["widening: Note.cover takes more: now max_size=6"]),
    "smaller": ("File(max_size=6)", "File(max_size=5)", ["breaking: Note.cover takes less: now max_size=5"]),
    "no limit": ("File(max_width=6)", "File()", ["widening: Note.cover takes more: now max_width=any"]),
    "a type more": (
        'File(types=["image/png"])',
        'File(types=["image/png", "text/html"])',
        ["widening: Note.cover takes more: now types=image/png,text/html"],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_limits_of_files(name: str) -> None:
    before, after, expected = FILES[name]
    old, new = (with_limits(each) for each in (before, after))
    assert [str(each) for each in differences(old, new)] == expected
    back = {"larger": Class.BREAKING, "smaller": Class.WIDENING, "public": Class.NARROWING}
    assert {each.kind for each in differences(new, old)} == {back.get(name, Class.BREAKING)}


def with_limits(file: str) -> Permissions:
    from dataclasses import replace

    from hedgerow import File
    from hedgerow.schema.files import INFO
    from hedgerow.schema.types import FILE

    made_ = catalog(READ, column="cover: str = ''")
    table = made_.tables["Note"]
    limits = eval(file, {"File": File}).sa_column_kwargs["info"][INFO]
    cover = replace(table.columns["cover"], type=FILE, file=limits)
    tables = {**made_.tables, "Note": replace(table, columns={**table.columns, "cover": cover})}
    return permissions(replace(made_, tables=tables))


# What clients see


def sdl(rules: Any) -> dict[str, str]:
    seen = made(rules)
    return {role: graphql.print_schema(generated.build(view_of(seen, role))) for role in roles_of(seen)}


CLIENTS: dict[str, tuple[Any, Any, str]] = {
    "a column is gone": ([WHOLE], [READ], "Note.body was removed"),
    "a type is gone": ([WHOLE], [], "clients of user: Note was removed"),
    "a cell becomes nullable": (
        [READ],
        ['"user", "read", fields=["id"]', '"user", "read", where=note.public'],
        "clients of user: Field Note.title changed type from String! to String",
    ),
    "a column is required": (
        [WHOLE, CREATE],
        ([WHOLE, CREATE], {"column": "phone: str"}),
        "A required field NoteCreate.phone was added",
    ),
    "no more mutations": ([WHOLE, CREATE], [WHOLE], "Mutation was removed"),
    "another type": (
        ([WHOLE], {"column": "size: int = 0"}),
        ([WHOLE], {"column": "size: str = ''"}),
        "Field Note.size changed type from Int! to String!",
    ),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_breaking(name: str) -> None:
    old, new, expected = CLIENTS[name]
    found = client_differences(sdl(old), sdl(new))
    assert any(each.kind is Class.BREAKING and expected in each.text for each in found), [*map(str, found)]
    assert client_differences(sdl(old), sdl(old)) == []


def test_additions_break_nothing() -> None:
    found = client_differences(sdl([READ]), sdl([WHOLE]))
    assert {each.kind for each in found} == {Class.HARMLESS}


def test_what_breaks_for_all_is_told_once() -> None:
    rules = '"anyone", "read", fields=["id", "title"]', '"editor", "update", fields=["title"]'
    old, new = sdl([*rules]), sdl(['"anyone", "read", fields=["id"]', '"editor", "read"', rules[1]])
    titles = [each for each in client_differences(old, new) if "Note.title was removed" in each.text]
    assert [each.role for each in titles] == ["anyone"]
