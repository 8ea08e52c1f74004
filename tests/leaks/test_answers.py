"""Random queries: every answer is the truth, and what a caller may not see changes no byte of it."""

import json
import os
from typing import Any

import pytest

from hedgerow import Backend
from hedgerow.schema.views import View, view

from .asked import Asked
from .asker import Asker
from .models import MODELS, seed_data
from .rules import RULES, TIES, camel
from .served import ACTORS, ask, both, fill
from .truth import Truth, differs
from .twins import twin

QUERIES = int(os.environ.get("HEDGEROW_LEAK_QUERIES", "12"))
TURNS = 2
"""How often the pages of a query are turned."""

BATCHES = [list(ACTORS)[start::5] for start in range(5)]


@pytest.mark.parametrize("callers", BATCHES, ids=lambda callers: f"{callers[0]} and others")
async def test_answers_are_the_truth_and_hidden_things_change_none(
    callers: list[str], pairs: dict[str, tuple[str, str]]
) -> None:
    data = seed_data()
    async with both(pairs) as backends:
        for who in callers:
            actor, seed = ACTORS[who], sum(map(ord, who))
            truth = Truth(data, actor)
            other, changes = twin(data, actor, seed)
            assert changes or actor.superuser or "auditor" in actor.roles, f"nothing is hidden from {who}"
            for _, url in pairs.values():
                await fill(url, other)
            engine = backends["sqlite"][0].engine
            asker = Asker(engine.seen(engine.session(actor).actor).view, data, seed)
            texts: dict[Any, Any] = {}
            for _ in range(QUERIES):
                asked = asker.query()
                await compare(asked, asker.seen, truth, backends, who, texts)
                for _ in range(TURNS):
                    if asker.turned(asked, texts):
                        await compare(asked, asker.seen, truth, backends, who, texts)


async def compare(
    asked: Asked,
    seen: View,
    truth: Truth,
    backends: dict[str, tuple[Backend, Backend]],
    who: str,
    texts: dict[Any, Any],
) -> None:
    """The truth from both databases, and the same bytes where only hidden things differ."""
    document, variables = asked.text(seen)
    expected = truth.answer(asked)
    for kind, (one, two) in backends.items():
        found = await ask(one, ACTORS[who], document, variables)
        where = f"{who}, {kind}: {document} {variables}"
        assert found[:1] == b"{", f"{where}: {found!r}"
        wrong = differs(json.loads(found), expected, texts)
        assert not wrong, f"{where}: {wrong}"
        assert found == await ask(two, ACTORS[who], document, variables), f"hidden data tell: {where}"


@pytest.mark.parametrize("who", ACTORS)
def test_the_schema_shows_what_some_row_could_show(who: str) -> None:
    """Tables, columns and relations of a View, told from the plain rules."""
    actor = ACTORS[who]
    roles = actor.roles | {"anyone"}
    backend = Backend(models=MODELS)
    seen = view(backend.catalog, roles & backend.catalog.roles | {"anyone"}, superuser=actor.superuser)

    def fields(table: str, names: frozenset[str]) -> frozenset[str]:
        if actor.superuser:
            return names
        rules = [each for role, _, each in RULES[table] if role in roles]
        return names if None in rules else frozenset().union(*(each for each in rules if each)) & names

    columns = {table: fields(table, frozenset(seed_data()[table][0])) for table in TIES}
    for table, ties in TIES.items():
        there = actor.superuser or any(role in roles for role, _, _ in RULES[table])
        assert (table in seen.tables) == there
        if not there:
            continue
        assert {column.name for column in seen.tables[table].columns.values()} == columns[table]
        named = (
            frozenset() if actor.superuser else frozenset().union(*(f or () for r, _, f in RULES[table] if r in roles))
        )
        for name, tie in ties.items():
            reached = actor.superuser or any(role in roles for role, _, _ in RULES[tie.target])
            keys = set(tie.local) <= columns[table] and set(tie.remote) <= columns[tie.target]
            link = tie.link not in TIES or {tie.ours[0], tie.theirs[0]} <= columns[tie.link]
            assert (camel(name) in seen.tables[table].relations) == (reached and (name in named or (keys and link)))
