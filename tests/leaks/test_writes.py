"""Attacks through every write door: what differs only where the caller may not look changes no byte of an answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from hedgerow import Actor, Backend

from ..conftest import ADMINISTRATOR, running, user
from .served import ask, fill
from .written import DOORS, LOADED_DOORS, door_data

ONE = user(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def doors(
    request: pytest.FixtureRequest, new_postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, Backend]]:
    """A database, and the backend over it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('doors') / 'doors.db'}"
    if request.param == "postgres":
        url = await asyncio.to_thread(new_postgres)
    async with running(url, models=DOORS) as backend:
        yield url, backend


Change = Callable[[dict[str, list[dict[str, Any]]]], object]


@dataclass(frozen=True)
class Door:
    """A mutation, what must not change its answer, and a part of that answer, so that no door is closed by mistake."""

    change: Change
    mutation: str
    part: str
    actor: Actor = ONE


NAMELESS = Actor(frozenset({"anyone", "nameless"}), {"id": 1})


def row(table: str, which: int, **values: Any) -> Change:
    def change(data: dict[str, list[dict[str, Any]]]) -> None:
        next(each for each in data[table] if each["id"] == which).update(values)

    return change


def new(table: str, **values: Any) -> Change:
    return lambda data: data[table].append({**data[table][-1], **values})


def rekeyed(data: dict[str, list[dict[str, Any]]]) -> None:
    """The open group has another key."""
    row("DoorGroup", 2, id=7)(data)
    row("DoorNote", 5, group_id=7)(data)
    row("DoorMark", 1, group_id=7)(data)


def holder(*roles: str) -> Actor:
    return Actor(frozenset({"anyone", *roles}), {"id": 7})


HIDDEN_CLASH = row("DoorNote", 3, slug="wanted")
FOREIGN_NOTE = '{id: 9, slug: "wanted", ownerId: 2}'
LAST_NOTE = '{id: 9, slug: "wanted", title: "last", groupId: 1}'
NESTED_LAST = '{id: 9, slug: "wanted", title: "last"}'
SET = 'set: {title: "x"}'
DOORS_TO_TRY: dict[str, Door] = {
    "a clash of a row that could not be made": Door(
        HIDDEN_CLASH, f"createDoorNotes(objects: [{FOREIGN_NOTE}]) {{ affectedRows }}", "FORBIDDEN"
    ),
    "a clash of one row among several": Door(
        HIDDEN_CLASH,
        f'createDoorNotes(objects: [{{id: 8, slug: "s"}}, {FOREIGN_NOTE}]) {{ affectedRows }}',
        "FORBIDDEN",
    ),
    "a clash that is to be left alone": Door(
        HIDDEN_CLASH,
        f"createDoorNotes(objects: [{FOREIGN_NOTE}], onConflict: {{constraint: door_note_slug_key}})"
        " { affectedRows }",
        "FORBIDDEN",
    ),
    "a clash that is to be updated": Door(
        HIDDEN_CLASH,
        f"createDoorNotes(objects: [{FOREIGN_NOTE}], onConflict:"
        " {constraint: door_note_slug_key, updateColumns: [title]}) { affectedRows }",
        "FORBIDDEN",
    ),
    "a clash of one row, by one": Door(
        HIDDEN_CLASH,
        f"createDoorNote(object: {FOREIGN_NOTE}, onConflict: {{constraint: door_note_slug_key}}) {{ id }}",
        "FORBIDDEN",
    ),
    "a clash of a nested row": Door(
        row("DoorGroup", 3, code="wanted"),
        'createDoorNotes(objects: [{id: 9, slug: "s", group: {data: {id: 9, code: "wanted", name: "", ownerId: 2},'
        " onConflict: {constraint: door_group_code_key}}}]) { affectedRows }",
        "FORBIDDEN",
    ),
    "a clash of an update": Door(
        HIDDEN_CLASH,
        'updateDoorNotes(where: {id: {_eq: 1}}, set: {slug: "wanted", ownerId: 2}) { affectedRows }',
        "FORBIDDEN",
    ),
    "a clash of an update by onConflict": Door(
        HIDDEN_CLASH,
        'createDoorNotes(objects: [{id: 1, slug: "wanted", ownerId: 2}], onConflict:'
        " {constraint: door_note_pkey, updateColumns: [slug, ownerId]}) { affectedRows }",
        "FORBIDDEN",
    ),
    "a clash through an update of batches": Door(
        HIDDEN_CLASH,
        'updateDoorNotesMany(updates: [{where: {id: {_eq: 1}}, set: {slug: "wanted", ownerId: 2}}]) { affectedRows }',
        "FORBIDDEN",
    ),
    "a key that refers to nothing or to a hidden row": Door(
        new("DoorGroup", id=9, code="code 9"),
        'createDoorNotes(objects: [{id: 9, slug: "s", groupId: 9}]) { affectedRows }',
        "FORBIDDEN",
    ),
    "an update to a hidden row": Door(
        new("DoorGroup", id=9, code="code 9"),
        "updateDoorNotes(where: {}, set: {groupId: 9}) { affectedRows }",
        "FORBIDDEN",
    ),
    "a link to a hidden row": Door(
        new("DoorGroup", id=9, code="code 9"),
        'createDoorNotes(objects: [{id: 9, slug: "s", group: {link: {id: 9}}}]) { affectedRows }',
        "BAD_USER_INPUT",
    ),
    "a link to a hidden row in an update": Door(
        new("DoorGroup", id=9, code="code 9"),
        "updateDoorNotes(where: {id: {_eq: 1}}, set: {group: {link: {id: 9}}}) { affectedRows }",
        "BAD_USER_INPUT",
    ),
    "a link to a hidden row of many": Door(
        new("DoorNote", id=9, slug="slug 9", public=False),
        "updateDoorGroups(where: {}, set: {notes: {link: [{id: 9}]}}) { affectedRows }",
        "BAD_USER_INPUT",
    ),
    "a link to a hidden row over a link table": Door(
        new("DoorNote", id=9, slug="slug 9", public=False),
        "updateDoorWords(where: {id: {_eq: 1}}, set: {notes: {link: [{id: 9}]}}) { affectedRows }",
        "BAD_USER_INPUT",
    ),
    "a link to a row whose key is hidden": Door(
        rekeyed,
        'createDoorNotes(objects: [{id: 9, slug: "s", group: {link: {id: 2}}}]) { affectedRows }',
        "BAD_USER_INPUT",
        NAMELESS,
    ),
    "a row created below one whose key is hidden": Door(
        rekeyed,
        'updateDoorGroups(where: {name: {_eq: "name 2"}}, set: {notes: {data: [{id: 9, slug: "s"}]}})'
        " { returning { notes { groupId } } }",
        "BAD_USER_INPUT",
        NAMELESS,
    ),
    "a row linked below one whose key is hidden": Door(
        rekeyed,
        'updateDoorGroups(where: {name: {_eq: "name 2"}}, set: {notes: {link: [{id: 1}]}}) { affectedRows }',
        "BAD_USER_INPUT",
        NAMELESS,
    ),
    "a row created with one that is there and whose key is hidden": Door(
        rekeyed,
        'createDoorNotes(objects: [{id: 9, slug: "s", group: {data: {id: 9, code: "code 2", name: ""},'
        " onConflict: {constraint: door_group_code_key}}}]) { returning { groupId } }",
        "CONSTRAINT_VIOLATION",
        NAMELESS,
    ),
    "a row created below one that is there and whose key is hidden": Door(
        rekeyed,
        'createDoorGroups(objects: [{id: 9, code: "code 2", name: "", notes: {data: [{id: 9, slug: "s"}]}}],'
        " onConflict: {constraint: door_group_code_key}) { returning { notes { groupId } } }",
        "CONSTRAINT_VIOLATION",
        NAMELESS,
    ),
    "a filter of an update on hidden cells": Door(
        row("DoorNote", 4, secret=99),
        f"updateDoorNotes(where: {{secret: {{_gt: 50}}}}, {SET}) {{ affectedRows }}",
        '"affectedRows":0',
    ),
    "a filter of a delete on hidden cells": Door(
        row("DoorNote", 4, secret=99),
        "deleteDoorNotes(where: {secret: {_gt: 50}}) { affectedRows }",
        '"affectedRows":0',
        user(1, "eraser"),
    ),
    "a filter of an update on hidden related rows": Door(
        row("DoorNote", 4, group_id=3),
        f"updateDoorNotes(where: {{group: {{id: {{_gt: 0}}}}, id: {{_eq: 4}}}}, {SET}) {{ affectedRows }}",
        '"affectedRows":0',
    ),
    "a filter in a batch on hidden cells": Door(
        row("DoorNote", 4, secret=99),
        f"updateDoorNotesMany(updates: [{{where: {{secret: {{_gt: 50}}}}, {SET}}}]) {{ affectedRows }}",
        '"affectedRows":0',
    ),
    "the version of a hidden row": Door(
        row("DoorNote", 3, version=7),
        f"updateDoorNote(id: 3, ifVersion: 7, {SET}) {{ id }}",
        "null",
    ),
    "the hidden version of a row": Door(
        row("DoorNote", 4, version=7),
        f"updateDoorNote(id: 4, ifVersion: 7, {SET}) {{ id }}",
        "CONFLICT",
    ),
    "the hidden version of a row that is deleted": Door(
        row("DoorNote", 4, version=7),
        "deleteDoorNote(id: 4, ifVersion: 7) { id }",
        "CONFLICT",
        user(1, "eraser"),
    ),
    "a filter of onConflict on hidden cells": Door(
        row("DoorNote", 4, secret=99),
        'createDoorNotes(objects: [{id: 4, title: "x", slug: "s"}], onConflict: {constraint: door_note_pkey,'
        " updateColumns: [title], where: {secret: {_gt: 50}}}) { affectedRows }",
        '"affectedRows":0',
    ),
    "a row that onConflict may update but its caller can't read": Door(
        lambda data: data["DoorNote"].pop(2),
        'createDoorNotes(objects: [{id: 3, slug: "slug 3", ownerId: 2}], onConflict: {constraint: door_note_pkey,'
        " updateColumns: [title]}) { affectedRows }",
        "FORBIDDEN",
        user(1, "writer"),
    ),
    "a filter of a nested update": Door(
        row("DoorNote", 4, secret=99, group_id=1),
        f"updateDoorGroups(where: {{}}, set: {{notes: {{update: [{{where: {{secret: {{_gt: 50}}}}, {SET}}}]}}}})"
        " { affectedRows }",
        '"affectedRows":1',
    ),
    "which rows are related, by a nested update": Door(
        row("DoorNote", 4, group_id=1),
        f"updateDoorGroups(where: {{}}, set: {{notes: {{update: [{{where: {{id: {{_eq: 4}}}}, {SET}}}]}}}})"
        " { affectedRows }",
        '"affectedRows":1',
    ),
    "which rows are related, by a nested delete": Door(
        row("DoorNote", 4, group_id=1),
        "updateDoorGroups(where: {}, set: {notes: {delete: {id: {_eq: 4}}}}) { affectedRows }",
        '"affectedRows":1',
        user(1, "eraser"),
    ),
    "which rows are related, by an unlink": Door(
        row("DoorNote", 4, group_id=1),
        "updateDoorGroups(where: {}, set: {notes: {unlink: [{id: 4}]}}) { affectedRows }",
        '"affectedRows":1',
        user(1, "keeper"),
    ),
    "to which row one is related, by a nested update": Door(
        row("DoorNote", 4, group_id=1),
        'updateDoorNotes(where: {id: {_eq: 4}}, set: {group: {update: {set: {name: "x"}}}}) { affectedRows }',
        '"affectedRows":1',
    ),
    "which rows are linked, by a nested update": Door(
        lambda data: data["DoorTag"].append({"note_id": 4, "word_id": 1, "owner_id": 2}),
        f"updateDoorWords(where: {{id: {{_eq: 1}}}}, set: {{notes: {{update: [{{where: {{id: {{_eq: 4}}}},"
        f" {SET}}}]}}}}) {{ affectedRows }}",
        '"affectedRows":1',
    ),
    "which rows are linked, by an unlink": Door(
        lambda data: data["DoorTag"].append({"note_id": 4, "word_id": 1, "owner_id": 2}),
        "updateDoorWords(where: {id: {_eq: 1}}, set: {notes: {unlink: [{id: 4}]}}) { affectedRows }",
        '"affectedRows":1',
    ),
    "a hidden number by counting it over its bound": Door(
        row("DoorNote", 4, secret=2_000_000_000),
        "updateDoorNotes(where: {id: {_eq: 4}}, inc: {secret: 2000000000}) { affectedRows }",
        '"affectedRows":0',
    ),
    "cells of what was written": Door(
        row("DoorNote", 4, secret=99, group_id=3, slug="other"),
        f"updateDoorNotes(where: {{id: {{_eq: 4}}}}, {SET}) {{ returning {{ title secret slug group {{ id }} }} }}",
        '"secret":null',
    ),
    "cells of what is deleted": Door(
        row("DoorNote", 4, secret=99, slug="other"),
        "deleteDoorNotes(where: {id: {_eq: 4}}) { affectedRows returning { title secret slug } }",
        '"secret":null',
        user(1, "eraser"),
    ),
    "rows that can't be updated": Door(
        new("DoorNote", id=9, slug="slug 9", public=False, owner_id=2),
        f"updateDoorNotes(where: {{}}, {SET}) {{ affectedRows returning {{ id }} }}",
        '"affectedRows":4',
    ),
    "an onConflict that no rule lets update": Door(
        HIDDEN_CLASH,
        f"createDoorNotes(objects: [{FOREIGN_NOTE}], onConflict:"
        " {constraint: door_note_slug_key, updateColumns: [ownerId, title]}) { affectedRows }",
        "FORBIDDEN",
        user(1),
    ),
    "a clash of a row that would be among those which its rule forbids": Door(
        HIDDEN_CLASH, f"createDoorNotes(objects: [{LAST_NOTE}]) {{ affectedRows }}", "FORBIDDEN", holder("sole")
    ),
    "the same, left alone": Door(
        HIDDEN_CLASH,
        f"createDoorNotes(objects: [{LAST_NOTE}], onConflict: {{constraint: door_note_slug_key}}) {{ affectedRows }}",
        "FORBIDDEN",
        holder("sole"),
    ),
    "the same, updated": Door(
        HIDDEN_CLASH,
        'updateDoorNotes(where: {id: {_eq: 1}}, set: {slug: "wanted", title: "last"}) { affectedRows }',
        "FORBIDDEN",
        holder("sole"),
    ),
    "the same, updated by onConflict": Door(
        HIDDEN_CLASH,
        'createDoorNotes(objects: [{id: 1, slug: "wanted", title: "last", groupId: 1}], onConflict:'
        " {constraint: door_note_pkey, updateColumns: [slug, title]}) { affectedRows }",
        "FORBIDDEN",
        holder("sole"),
    ),
    "the same, nested in a row whose rule forbids it": Door(
        HIDDEN_CLASH,
        f'createDoorGroups(objects: [{{id: 9, code: "c", name: "", notes: {{data: [{NESTED_LAST}]}}}}])'
        " { affectedRows }",
        "FORBIDDEN",
        holder("bare"),
    ),
    "the same, below an update": Door(
        HIDDEN_CLASH,
        f"updateDoorGroup(id: 1, set: {{notes: {{data: [{NESTED_LAST}]}}}}) {{ id }}",
        "FORBIDDEN",
        holder("bare"),
    ),
    "a reference that keeps a row from being deleted": Door(
        lambda data: data["DoorTag"].clear(),
        "updateDoorGroup(id: 1, set: {notes: {delete: {}}}) { id }",
        "FORBIDDEN",
        holder("kept"),
    ),
    "rows that refer to the row of a clash": Door(
        row("DoorNote", 3, title="last", group_id=3),
        'createDoorGroups(objects: [{id: 3, code: "c", name: ""}]) { affectedRows }',
        "CONSTRAINT_VIOLATION",
        holder("bare"),
    ),
    "rows that are linked to the row of a clash": Door(
        row("DoorNote", 1, title="last"),
        'createDoorWords(objects: [{id: 1, word: ""}]) { affectedRows }',
        "CONSTRAINT_VIOLATION",
        holder("bare"),
    ),
    "a clash of a row of which only the database knows what its rule asks": Door(
        HIDDEN_CLASH,
        'createDoorNotes(objects: [{id: 9, slug: "wanted"}]) { affectedRows }',
        "FORBIDDEN",
        holder("vague"),
    ),
    "a clash of a row whose rule asks for rows that go with another": Door(
        row("DoorGroup", 3, code="wanted"),
        'updateDoorGroups(where: {}, set: {code: "wanted", notes: {delete: {}}}) { affectedRows }',
        "FORBIDDEN",
        holder("marker"),
    ),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", DOORS_TO_TRY)
async def test_a_write_tells_nothing_hidden(name: str, doors: tuple[str, Backend]) -> None:
    door, answers = DOORS_TO_TRY[name], list[bytes]()
    url, backend = doors
    for change in (lambda data: data, door.change):
        data = door_data()
        change(data)
        await fill(url, data, LOADED_DOORS)
        answers.append(await ask(backend, door.actor, f"mutation {{ {door.mutation} }}"))
    assert answers[0] == answers[1]
    assert door.part in answers[0].decode(), answers[0]


FIRST_NOTE = 'id: 9, code: "code 3", name: "", notes: {data: [{id: 9, slug: "s", ownerId: 7}]}'


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("given", "part"),
    [
        (FIRST_NOTE, '"CONSTRAINT_VIOLATION","constraint":"unique","fields":["code"]'),
        (FIRST_NOTE.replace("id: 9, ", ""), '"CONSTRAINT_VIOLATION","constraint":"unique"'),
        (FIRST_NOTE.replace("ownerId: 7", "ownerId: 2"), '"FORBIDDEN"'),
        (FIRST_NOTE.replace("code 3", "c"), '"affectedRows":2'),
    ],
)
async def test_a_clash_is_told_to_those_who_might_have_made_the_row(
    given: str, part: str, doors: tuple[str, Backend]
) -> None:
    """Here with a first note, without which nobody makes a group."""
    url, backend = doors
    await fill(url, door_data(), LOADED_DOORS)
    found = await ask(
        backend, holder("starter"), f"mutation {{ createDoorGroups(objects: [{{{given}}}]) {{ affectedRows }} }}"
    )
    assert part in found.decode(), found


@pytest.mark.asyncio(loop_scope="module")
async def test_a_row_out_of_sight_is_left_alone_by_those_who_might_have_made_it(doors: tuple[str, Backend]) -> None:
    url, backend = doors
    data = door_data()
    HIDDEN_CLASH(data)
    await fill(url, data, LOADED_DOORS)
    note = FOREIGN_NOTE.replace("ownerId: 2", "ownerId: 1")
    document = f"createDoorNotes(objects: [{note}], onConflict: {{constraint: door_note_slug_key}}) {{ affectedRows }}"
    assert await ask(backend, ONE, f"mutation {{ {document} }}") == b'{"createDoorNotes":{"affectedRows":0}}'


STEPPER = Actor(frozenset({"anyone", "stepper"}), {"id": 7})
PUBLISH = "{where: {id: {_eq: 3}}, set: {public: true}}"
HIDE = '{where: {id: {_eq: 3}}, set: {title: "done", public: false}}'


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "nested",
    [
        f"update: [{PUBLISH}, {HIDE}]",
        f"update: [{PUBLISH}], delete: {{id: {{_eq: 3}}}}",
    ],
)
async def test_what_no_rule_allows_is_no_step_towards_what_one_does(nested: str, doors: tuple[str, Backend]) -> None:
    """Who may update or delete public notes can't make them public first, not even for a moment."""
    url, backend = doors
    data = door_data()
    row("DoorNote", 3, group_id=3)(data)
    await fill(url, data, LOADED_DOORS)
    document = f"mutation {{ updateDoorGroups(where: {{}}, set: {{notes: {{{nested}}}}}) {{ affectedRows }} }}"
    assert b"FORBIDDEN" in await ask(backend, STEPPER, document)
    apart = ", ".join([PUBLISH, HIDE])
    assert b"FORBIDDEN" in await ask(
        backend, STEPPER, f"mutation {{ updateDoorNotesMany(updates: [{apart}]) {{ affectedRows }} }}"
    )


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("mutation", "affected"),
    [
        (  # a row that is judged before it is deleted is not looked for afterwards
            'updateDoorGroup(id: 1, set: {notes: {update: [{where: {id: {_eq: 2}}, set: {title: "x"}}],'
            " delete: {id: {_eq: 2}}}}) { id }",
            b'{"updateDoorGroup":{"id":1}}',
        ),
        (  # the rule names the relation, not the column that it fills
            "updateDoorNotes(where: {id: {_eq: 4}}, set: {group: {link: {id: 1}}}) { affectedRows }",
            b'{"updateDoorNotes":{"affectedRows":1}}',
        ),
    ],
)
async def test_what_rules_allow_in_steps_is_done(mutation: str, affected: bytes, doors: tuple[str, Backend]) -> None:
    url, backend = doors
    data = door_data()
    row("DoorNote", 2, group_id=1)(data)
    await fill(url, data, LOADED_DOORS)
    assert await ask(backend, ONE, f"mutation {{ {mutation} }}") == affected


@pytest.mark.asyncio(loop_scope="module")
async def test_many_rows_that_clash_among_themselves(doors: tuple[str, Backend]) -> None:
    url, backend = doors
    await fill(url, door_data(), LOADED_DOORS)
    document = """mutation ($objects: [DoorNoteCreate!]!) {
      createDoorNotes(objects: $objects, onConflict: {constraint: door_note_slug_key, updateColumns: [title]}) {
        affectedRows returning { id title }
      }
    }"""
    objects = [{"id": 100 + number, "slug": "same", "title": f"{number}"} for number in range(400)]
    found = await ask(backend, ONE, document, {"objects": objects})
    assert found == b'{"createDoorNotes":{"affectedRows":400,"returning":[{"id":100,"title":"399"}]}}'


@pytest.mark.asyncio(loop_scope="module")
async def test_a_conflict_that_changes_nothing(doors: tuple[str, Backend]) -> None:
    """Of a row that is there, the key stays; here there is nothing else."""
    url, backend = doors
    await fill(url, door_data(), LOADED_DOORS)
    found = await ask(
        backend,
        ADMINISTRATOR,
        "mutation { createDoorTags(objects: [{noteId: 1, wordId: 1}], onConflict:"
        " {constraint: door_tag_pkey, updateColumns: [noteId]}) { affectedRows } }",
    )
    assert found == b'{"createDoorTags":{"affectedRows":1}}'


NESTED = 'createDoorGroups(objects: [{id: 9, code: "c", name: "", notes: {data: [{id: 9, slug: "s"}]}}])'
ATTACHED = 'updateDoorGroup(id: 1, set: {notes: {data: [{id: 9, slug: "s"}]}})'
CIRCUMVENTED: dict[str, tuple[str, str]] = {
    "fields, by nesting": ("placer", f"{NESTED} {{ affectedRows }}"),
    "fields, by nesting in an update": ("placer", f"{ATTACHED} {{ id }}"),
    "a preset, by nesting": ("pinned", f"{NESTED} {{ affectedRows }}"),
    "a preset, by nesting in an update": ("pinned", f"{ATTACHED} {{ id }}"),
    "a preset, by that of another rule": (
        "first second",
        'createDoorNotes(objects: [{id: 9, slug: "s", ownerId: 2}]) { affectedRows }',
    ),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", CIRCUMVENTED)
async def test_a_rule_is_not_circumvented(name: str, doors: tuple[str, Backend]) -> None:
    url, backend = doors
    roles, mutation = CIRCUMVENTED[name]
    await fill(url, door_data(), LOADED_DOORS)
    found = await ask(backend, holder(*roles.split()), f"mutation {{ {mutation} }}")
    assert b'"FORBIDDEN"' in found, found


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "mutation",
    [
        'createDoorNotes(objects: [{id: 9, slug: "s", version: 7}]) { affectedRows }',
        "updateDoorNotes(where: {}, set: {version: 7}) { affectedRows }",
        "updateDoorNotes(where: {}, inc: {version: 7}) { affectedRows }",
        'createDoorNotes(objects: [{id: 9, slug: "s"}], onConflict: {constraint: door_note_pkey,'
        " updateColumns: [version]}) { affectedRows }",
        'createDoorGroups(objects: [{id: 9, code: "c", name: ""}], onConflict: {constraint: door_group_pkey,'
        " updateColumns: [nothing]}) { affectedRows }",
    ],
)
async def test_what_nobody_writes(mutation: str, doors: tuple[str, Backend]) -> None:
    """Versions, and columns that are not there: not even an administrator."""
    _, backend = doors
    for actor in (ONE, ADMINISTRATOR):
        assert b"GRAPHQL_VALIDATION_FAILED" in await ask(backend, actor, f"mutation {{ {mutation} }}")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("levels", [4, 16, 150])
async def test_what_is_nested_too_deep(levels: int, doors: tuple[str, Backend]) -> None:
    url, backend = doors
    await fill(url, door_data(), LOADED_DOORS)
    note: dict[str, Any] = {"id": 100, "slug": "s"}
    text = '{id: 100, slug: "s"}'
    for level in range(levels):
        words = {"data": [{"id": 101 + level, "word": "", "notes": {"data": note}}]}
        note = {"id": 101 + level, "slug": f"s{level}", "words": words}
        inner = f'{{data: [{{id: {101 + level}, word: "", notes: {{data: {text}}}}}]}}'
        text = f'{{id: {101 + level}, slug: "s{level}", words: {inner}}}'
    document = "mutation ($object: DoorNoteCreate!) { createDoorNote(object: $object) { id } }"
    found = await ask(backend, ADMINISTRATOR, document, {"object": note})
    assert b'"LIMIT_EXCEEDED"' in found, found[:300]
    found = await ask(backend, ADMINISTRATOR, f"mutation {{ createDoorNote(object: {text}) {{ id }} }}")
    code = b'"GRAPHQL_PARSE_FAILED"' if levels > 40 else b'"LIMIT_EXCEEDED"'
    assert code in found, found[:300]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_clash_of_many_rows_is_told(doors: tuple[str, Backend]) -> None:
    """More rows than SQLite has parameters are judged, when one of them clashes, in several commands."""
    url, backend = doors
    await fill(url, door_data(), LOADED_DOORS)
    document = "mutation ($objects: [DoorNoteCreate!]!) { createDoorNotes(objects: $objects) { affectedRows } }"
    objects = [{"id": 100 + number, "slug": f"many {number}"} for number in range(8_000)]
    found = await ask(backend, ONE, document, {"objects": [*objects, {"id": 1, "slug": "other"}]})
    assert b'"CONSTRAINT_VIOLATION"' in found, found[:300]
