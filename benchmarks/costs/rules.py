"""What rules cost: by their number, by whether they show rows or cells, and by the relations that they read through.

Callers of different roles ask one server for the same rows, in turns, one request at a time. Then the rule that reads
through two relations stands beside the same rule by hand, alone and with many connections.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from race.alone import Asking
from race.measure import Figure, script
from race.process import bearer, request_body
from race.report import table
from race.turns import Turn, measured
from race.workload import KEY, SAMPLE

from .notes import CELLS_OF, ROWS_OF
from .stage import DATABASES, READY, Stage, ms, ratio

ROLES = {
    "all": "one, without a condition",
    **{f"rows{each}": f"{each}, any of which shows a row" if each > 1 else "1 with a condition" for each in ROWS_OF},
    **{f"cells{each}": f"{each}, each of which shows one column" for each in CELLS_OF},
    "open": "1 through one relation",
    "member": "1 through two relations",
}
"""The roles of notes.py, by what their rules are; all see the same rows."""
LIST = "query ($first: Int!) { notes(limit: $first) { id title body kind stars words } }", {"first": 1_000}
COUNT = "{ notesAggregate { aggregate { count } } }", {}
ASKED = {"list": LIST, "count": COUNT}
EVERYWHERE, SOME = 1, 2
"""Callers: a member of all teams, and of ten in a thousand."""
CONNECTIONS = 32

RULE = "EXISTS (SELECT 1 FROM membership m WHERE m.team_id = n.team_id AND m.user_id = $1)"
"""As it is written by hand: the team itself need not be read, since the membership refers to it."""
NOTE = """'{"id":' || id || ',"title":' || to_json(title) || ',"stars":' || stars || '}'"""
POSTGRESQL = {
    **READY,
    "key": f"""SELECT '{{"data":{{"note":' || coalesce((SELECT {NOTE} FROM note n WHERE id = $2 AND {RULE}), 'null')
        || '}}}}'""",
    "page": f"""SELECT '{{"data":{{"notes":[' || coalesce((SELECT string_agg({NOTE}, ',')
        FROM (SELECT * FROM note n WHERE {RULE} ORDER BY id DESC LIMIT $2) page), '') || ']}}}}'""",
    "list": f"""SELECT '{{"data":{{"notes":[' || coalesce((SELECT string_agg({NOTE}, ',')
        FROM (SELECT * FROM note n WHERE {RULE} ORDER BY id LIMIT $2) page), '') || ']}}}}'""",
    "count": f"""SELECT '{{"data":{{"notesAggregate":{{"aggregate":{{"count":' ||
        (SELECT count(*) FROM note n WHERE {RULE}) || '}}}}}}}}'""",
}
OBJECT = "json_object('id', id, 'title', title, 'stars', stars)"
SQLITE = {
    name: statement.replace("$", "?")
    for name, statement in {
        **READY,
        "key": f"""SELECT json_object('data', json_object('note', json((
            SELECT {OBJECT} FROM note n WHERE id = $2 AND {RULE}))))""",
        "page": f"""SELECT json_object('data', json_object('notes', json((SELECT json_group_array({OBJECT})
            FROM (SELECT * FROM note n WHERE {RULE} ORDER BY id DESC LIMIT $2)))))""",
        "list": f"""SELECT json_object('data', json_object('notes', json((SELECT json_group_array({OBJECT})
            FROM (SELECT * FROM note n WHERE {RULE} ORDER BY id LIMIT $2)))))""",
        "count": f"""SELECT json_object('data', json_object('notesAggregate', json_object('aggregate',
            json_object('count', (SELECT count(*) FROM note n WHERE {RULE})))))""",
    }.items()
}
STATEMENTS = {"postgresql": POSTGRESQL, "sqlite": SQLITE}
THROUGH = {
    "key": (
        "a note by a random key",
        "query ($id: Int!) { note(id: $id) { id title stars } }",
        EVERYWHERE,
        {"id": KEY},
    ),
    "page": (
        "the newest 20 of the caller's notes, one in a hundred of all",
        "query ($first: Int!) { notes(orderBy: {id: DESC}, limit: $first) { id title stars } }",
        SOME,
        {"first": 20},
    ),
    "list": (
        "the first 1,000 notes, for a caller who has all",
        "query ($first: Int!) { notes(limit: $first) { id title stars } }",
        EVERYWHERE,
        {"first": 1_000},
    ),
    "count": ("how many notes the caller has", COUNT[0], SOME, {}),
}
"""What is asked under the rule through two relations: in words, in GraphQL, by whom, and with what."""
Key = tuple[str, str, str]
"""A database, what is asked, and a role, or whose server it is."""
OURS, HAND = "Hedgerow", "by hand"


def run(stage: Stage) -> str:
    servers = {each: stage.hedgerow(stage.rows(each, "notes"), "notes") for each in DATABASES}
    bare = {each: stage.bare(each, stage.rows(each, "notes"), STATEMENTS[each]) for each in DATABASES}
    by_role: dict[Key, Asking] = {}
    through: dict[Key, Asking] = {}
    for database, server in servers.items():
        for name, (text, variables) in ASKED.items():
            for role in ROLES:
                headers = {**server.headers, **bearer("user", role, id=EVERYWHERE)}
                by_role[database, name, role] = Asking(server, request_body(text, variables), headers)
            same([by_role[database, name, role] for role in ROLES])
        for name, (_, text, caller, variables) in THROUGH.items():
            headers = {**server.headers, **bearer("user", "member", id=caller)}
            both = (
                Asking(server, request_body(text, variables), headers),
                Asking(bare[database], request_body(name, {"user": caller, **variables})),
            )
            same(both)
            for whose, asking in zip((OURS, HAND), both, strict=True):
                through[database, name, whose] = asking
    roles_cost, others = stage.alone(by_role)
    through_cost, more = stage.alone(through)
    given = stage.given
    busy = measured(
        {key: turn(asking, stage.cluster.pid) for key, asking in through.items()},
        rounds=given.rounds,
        seconds=given.seconds,
        warm=given.warm,
        connections=CONNECTIONS,
    )
    return markdown(roles_cost, through_cost, busy, stage.told_alone(max(others, more)))


def same(askings: Sequence[Asking]) -> None:
    """Refuses requests that are answered with other rows than the first is."""
    first, *others = askings
    wanted = answer(first)
    for asking in others:
        if (got := answer(asking)) != wanted:
            raise SystemExit(f"{asking.body} is answered with\n{str(got)[:500]}\nand not with\n{str(wanted)[:500]}")


def answer(asking: Asking) -> object:
    return asking.server.post(asking.body.replace(f'"{KEY}"', str(SAMPLE)), asking.headers)


def turn(asking: Asking, database: int) -> Turn:
    """The same with many connections."""
    lua = script("/graphql", asking.headers or asking.server.headers, asking.body)
    return Turn(asking.server.address, lua, asking.server.pid, database)


def markdown(by_role: Mapping[Key, float], alone: Mapping[Key, float], many: Mapping[Key, Figure], how: str) -> str:
    databases = [each for each in DATABASES if any(key[0] == each for key in by_role)]
    columns = [(database, name) for database in databases for name in ASKED]
    words = {"list": "1,000 rows", "count": "the count of 100,000"}
    head = [f"{DATABASES[database]}: {words[name]}" for database, name in columns]
    rows: list[tuple[str, ...]] = []
    for role, title in ROLES.items():
        took = [(by_role[*column, role], by_role[*column, "all"]) for column in columns]
        rows.append((title, *(f"{ms(own)} ({ratio(own, free)})" for own, free in took)))
    lines: list[tuple[str, ...]] = []
    for database in databases:
        for name, (title, *_) in THROUGH.items():
            ours, hand = alone[database, name, OURS], alone[database, name, HAND]
            busy, busy_hand = many[database, name, OURS], many[database, name, HAND]
            lines.append(
                (
                    f"{DATABASES[database]}: {title}",
                    *(ms(ours), ms(hand), ratio(hand, ours)),
                    *(f"{busy.rps:,.0f}", f"{busy_hand.rps:,.0f}", ratio(busy.rps, busy_hand.rps)),
                )
            )
    titles = ("alone, ms", "by hand", "by hand / Hedgerow", f"{CONNECTIONS} connections, requests/s", "by hand")
    return f"""\
{how}

The same rows for callers of one role each; ms in the middle (a multiple of the first line):

{table(("rules", *head), rows)}

The rule through two relations, `note.team.memberships.any(lambda m: m.user_id == me.id)`, beside the same by hand:

{table(("", *titles, "Hedgerow / by hand"), lines)}
"""
