"""What newly shows is counted in a given database: the numbers are those of its rows, and it stays as it is."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlmodel import Session

from hedgerow.schema.catalog import Catalog
from hedgerow.schema.errors import SetupError
from hedgerow.schema.gate.bounds import newly
from hedgerow.schema.gate.differences import differences
from hedgerow.schema.gate.facts import permissions
from hedgerow.schema.gate.trees import Trees, dump, read, trees_of
from hedgerow.server.gate.count import Count, claims_of, counted
from hedgerow.server.gate.looking import looking
from hedgerow.server.tables import prepare

from .gating import catalog, models

ALL = '"user", "read", fields=["id"]'


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Ten notes, of authors 1, 2 and 3; every second one is public, the first three have no team."""
    Team, Note = models(ALL)

    def seed(session: Session) -> None:
        session.add_all([Team(id=1, name="a"), Team(id=2, name="b")])
        session.flush()
        session.add_all(
            Note(
                id=each,
                title=f"it's {each}",
                stars=each,
                public=each % 2 == 0,
                author_id=each % 3 + 1,
                team_id=None if each < 3 else 1 + each % 2,
            )
            for each in range(10)
        )

    where = tmp_path_factory.mktemp("gate") / "notes.db"
    made = f"sqlite:///{where}" if request.param == "sqlite" else request.getfixturevalue("new_postgres")()
    asyncio.run(prepare(made, [Team, Note], seed))
    yield made


def carried(of: Catalog) -> Trees:
    """As another process reads it."""
    return read(orjson.loads(orjson.dumps(dump(trees_of(of)))))


def counts(
    url: str, old: Catalog, new: Catalog, claims: dict[str, Any] | None = None, keys: int = 0, seconds: float = 30
) -> dict[str, Count]:
    before, now = permissions(old), permissions(new)
    trees = carried(old), carried(new)
    wanted = {each.text: it for each in differences(before, now) if (it := newly(each, before, now, trees))}
    found = asyncio.run(counted(url, [*wanted.values()], trees, claims, keys=keys, seconds=seconds))
    return dict(zip(wanted, found, strict=True))


def reading(where: str) -> str:
    return f'"user", "read", where={where}, fields=["title"]'


def rows(url: str, old: list[str], new: list[str], claims: dict[str, Any] | None = None) -> list[str]:
    found = counts(url, catalog(ALL, *old), catalog(ALL, *new), claims)
    return [str(each) for each in found.values()]


CASES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "all that were hidden": ([], [reading("None")], ["10 rows"]),
    "what passes": ([], [reading("note.stars > 3")], ["6 rows"]),
    "but for what showed before": ([reading("note.public")], [reading("None")], ["5 rows"]),
    "in any of the rules": (
        [reading("note.public"), reading("note.stars == 1")],
        [reading("None")],
        ["4 rows"],
    ),
    "null passes nothing, and is new": (
        [reading("note.team_id == 1")],
        [reading("None")],
        ["7 rows"],
    ),
    "a bound": ([reading("note.stars >= 5")], [reading("note.stars >= 3")], ["2 rows"]),
    "through a relation": ([reading("note.public")], [reading("note.team.name == 'b'")], ["4 rows"]),
    "a text with a quote": ([], [reading('note.title == "it\'s 4"')], ["1 row"]),
    "none": ([], [reading("note.stars > 99")], ["0 rows"]),
    "said in quite another way": ([reading("note.stars + 1 > 2")], [reading("note.stars > 1")], ["0 rows"]),
    "deleting": (
        ['"user", "delete", where=note.public'],
        ['"user", "delete", where=note.public | (note.stars > 6)'],
        ["2 rows"],
    ),
    "updating": (
        ['"user", "update", where=note.stars > 6, check=note.id >= 0, fields=["body"]'],
        ['"user", "update", where=note.stars > 4, check=note.id >= 0, fields=["body"]'],
        ["2 rows"],
    ),
    "updating with another check, which rows that could be updated may now become": (
        ['"user", "update", where=note.stars > 6, fields=["stars"]'],
        ['"user", "update", where=note.stars > 6, check=note.id > 0, fields=["stars"]'],
        ["3 rows"],
    ),
    "creating is of rows to come": ([], ['"user", "create", fields=["title"]'], []),
    "a channel of rows": ([], ['"user", "join", where=note.public'], ["5 rows"]),
}


@pytest.mark.parametrize("name", CASES)
def test_rows(url: str, name: str) -> None:
    old, new, expected = CASES[name]
    assert sorted(rows(url, old, new)) == sorted(expected)


def test_columns_that_showed_in_other_rows(url: str) -> None:
    """Rows count once, and where any of the columns is new in them."""
    old = [
        '"user", "read", where=note.public, fields=["title"]',
        '"user", "read", where=note.stars > 4, fields=["body"]',
    ]
    found = rows(url, old, ['"user", "read", fields=["title", "body"]'])
    assert found == ["8 rows"]  # all but 6 and 8, which are public and have more than four stars


OWN = "note.author_id == me.id"


def test_claims(url: str) -> None:
    assert rows(url, [], [reading(OWN)], {"id": 1}) == ["4 rows"]
    assert rows(url, [], [reading(OWN)], {"id": 2}) == ["3 rows"]
    assert rows(url, [], [reading(OWN)], {}) == ["0 rows"]
    assert rows(url, [reading(OWN)], [reading("None")], {"id": 1}) == ["6 rows"]


def test_whoever_asks(url: str) -> None:
    """Without claims, no caller has more than what is told."""
    old, new = [reading(f"note.public & ({OWN})")], [reading(f"(note.stars > 3) & ({OWN})")]
    assert rows(url, old, new) == ["at most 6 rows, whoever asks"]
    assert rows(url, [reading(f"note.public | ({OWN})")], [reading("None")]) == ["at most 5 rows, whoever asks"]
    assert rows(url, [], [reading(f"(note.stars > 3) & ~({OWN})")]) == ["at most 6 rows, whoever asks"]
    assert rows(url, [reading(f"~({OWN})")], [reading("note.public")]) == ["at most 5 rows, whoever asks"]


def test_keys(url: str) -> None:
    (found,) = counts(url, catalog(ALL), catalog(ALL, reading("note.stars > 3")), keys=2).values()
    assert (found.rows, found.keys) == (6, (("4",), ("5",)))
    assert str(found) == "6 rows: 4, 5"


def test_a_relation_that_leads_elsewhere(url: str) -> None:
    """What it meant before is asked as it was, though the words are the same."""
    rule = reading("note.team.name == 'a'")
    found = counts(url, catalog(ALL, rule), catalog(ALL, rule, team="old_team_id"))
    assert [*map(str, found.values())] == ["0 rows"]
    found = counts(url, catalog(ALL, rule, team="old_team_id"), catalog(ALL, rule))
    assert [*map(str, found.values())] == ["3 rows"]


def test_what_the_database_lacks(url: str) -> None:
    old, new = catalog(ALL), catalog(ALL, '"anyone", "read", where=note.phone == 1', column="phone: int = 0")
    with pytest.raises(SetupError, match=r"lacks the column note\.phone"):
        counts(url, old, new)
    # A column that nobody asks for may be missing: it is new, and so are all of its cells.
    new = catalog(ALL, '"user", "read", fields=["phone"]', column="phone: int = 0")
    assert [*map(str, counts(url, old, new).values())] == ["10 rows"]


def test_a_database_without_the_table(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "empty.db"
    sqlite3.connect(path).executescript("CREATE TABLE other (id INTEGER); ").close()
    with pytest.raises(SetupError, match="lacks the table note"):
        counts(f"sqlite:///{path}", catalog(ALL), catalog(ALL, reading("None")))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sqlite:////nowhere/at/all.db", "There is no database /nowhere/at/all.db"),
        ("mysql://localhost/x", "--database takes"),
        ("notes.db", "--database takes"),
        ("postgresql://root:secret@127.0.0.1:1/x", "PostgreSQL can't be reached"),
    ],
)
def test_no_database(address: str, said: str) -> None:
    with pytest.raises(SetupError, match=said) as raised:
        counts(address, catalog(ALL), catalog(ALL, reading("None")))
    assert "secret" not in str(raised.value)


def test_no_sqlite_database(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("This is a text. " * 100)
    with pytest.raises(SetupError, match="can't be read as a SQLite database"):
        counts(f"sqlite:///{path}", catalog(ALL), catalog(ALL, reading("None")))


def test_it_only_reads(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    kept = hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""

    async def write() -> None:
        async with looking(url, 30) as database:
            with pytest.raises(Exception, match="the database refuses it"):
                await database.rows("UPDATE note SET stars = 100", ())

    asyncio.run(write())
    assert rows(url, [], [reading("note.stars > 3")]) == ["6 rows"]
    assert not kept or hashlib.sha256(path.read_bytes()).digest() == kept


def test_what_takes_too_long_is_told(url: str) -> None:
    """The others are counted all the same."""
    slow = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n) AS s"

    async def ask() -> None:
        async with looking(url, 0.2) as database:
            with pytest.raises(Exception, match=r"it takes longer than 0\.2 seconds"):
                await database.rows(slow, ())
            assert (await database.rows("SELECT 1", ()))[0][0] == 1

    asyncio.run(ask())


def test_no_values_of_rows_are_told(url: str) -> None:
    """A column of another type than the rule says: PostgreSQL names the value that it can't read."""
    old = catalog(ALL)
    new = catalog(ALL, reading("note.title == 5").replace("note.title", "note.words"), column="words: int = 0")
    table = new.tables["Note"]
    from dataclasses import replace

    words = replace(table.columns["words"], sql="title")
    new = replace(new, tables={**new.tables, "Note": replace(table, columns={**table.columns, "words": words})})
    (found,) = counts(url, old, new).values()
    assert "it's" not in str(found)
    assert found.rows == 0 or str(found).startswith("rows not counted: the database refuses it")


def test_claims_by_file(tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    path.write_text('{"id": 7}')
    assert claims_of(str(path)) == claims_of('{"id": 7}') == {"id": 7}
    path.write_text("[1]")
    for given in (str(path), "{", str(tmp_path / "none.json"), "\0"):
        with pytest.raises(SetupError, match="--claims"):
            claims_of(given)


def test_claims_of_another_type(url: str) -> None:
    with pytest.raises(SetupError, match="--claims: The caller's claim 'id'"):
        rows(url, [], [reading(OWN)], {"id": "nobody"})
