"""What a backend has is carried to another database while it is written to: all of it, of one moment, or nothing."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import stat
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa

from hedgerow import Actor, Backend, SetupError
from hedgerow.resolvers.storage.tables import FILE
from hedgerow.server.moving.archive import MANIFEST
from hedgerow.server.moving.backup import back_up
from hedgerow.server.moving.export import export
from hedgerow.server.moving.kept import kept
from hedgerow.server.moving.restore import Restoring, restore
from hedgerow.server.tables import run

from .carried import Everything, Picture, backend_of, everything
from .conftest import settings
from .signing_in import Place

ROOT = Actor(superuser=True)
INSERTED = sa.text("SELECT count(*) AS n FROM hedgerow_change WHERE operation = 'insert'").columns(n=sa.Integer)
LARGE = bytes(range(256)) * 4_000


def place(request: pytest.FixtureRequest, kind: str, folder: Path, **given: Any) -> Backend:
    """A backend with an empty database, and an empty place for files."""
    folder.mkdir(exist_ok=True)
    url = f"sqlite:///{folder / 'data.db'}" if kind == "sqlite" else request.getfixturevalue("new_postgres")()
    return backend_of(settings(url, storage_url=f"file://{folder / 'files'}", **given))


def alike(value: Any) -> Any:
    """What SQLAlchemy says in two ways: moments in UTC, and decimals."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    return str(value.normalize()) if isinstance(value, Decimal) else value


async def content(backend: Backend) -> dict[str, list[Any]]:
    """All rows of all tables, as Python has them."""
    assert backend.settings
    url = backend.settings.database(None)

    def work(connection: sa.Connection) -> dict[str, list[Any]]:
        return {
            each.name: sorted(
                (
                    json.dumps([*map(alike, row)], default=repr, sort_keys=True)
                    for row in connection.execute(sa.select(each.table))
                ),
            )
            for each in kept(backend)
        }

    return await run(url, work)


async def fill(backend: Backend) -> dict[str, bytes]:
    """Rows of all kinds; the bytes of files by their names."""
    session = backend.session(ROOT)
    await Place(backend).up("ann@example.com")
    storage: Any = backend.modules[1]
    data = {"a.txt": b"hello", "b.bin": LARGE, "c.txt": b"ready", "empty.txt": b"", "d.txt": b"one", "e.txt": b"two"}
    ids = {name: await storage.put(ROOT, Picture, "cover", name, bytes) for name, bytes in [*data.items()][:4]}
    ids |= {name: await storage.put(ROOT, Picture, "papers", name, bytes) for name, bytes in [*data.items()][4:]}
    for name in ("a.txt", "b.bin", "empty.txt"):
        await session.query(
            'mutation ($file: Upload) { createPicture(object: {title: "x", cover: $file}) { id } }',
            {"file": {"upload": str(ids[name])}},
        )
    await session.query(
        'mutation ($files: [Upload!]) { createPicture(object: {title: "y", papers: $files}) { id } }',
        {"files": [{"upload": str(ids[name])} for name in ("d.txt", "e.txt")]},
    )
    await session.transact(everything)
    await session.query("""mutation { createTeams(objects: [
        {name: "a", children: {data: [{name: "b", tags: {data: [{word: "ä\\\\n\\"'"}]}}]}}]) { affectedRows } }""")
    await session.query('mutation { createTeam(object: {name: "gone"}) { id } }')
    await session.query('mutation { deleteTeams(where: {name: {_eq: "gone"}}) { affectedRows } }')
    return data


async def pairs(backend: Backend, stop: asyncio.Event) -> int:
    """Writes two rows at a time until it is stopped; how often."""
    count = 0
    while not stop.is_set():
        name = uuid4().hex
        await backend.session(ROOT).query(
            "mutation ($name: String!) { createNotes(objects: [{text: $name}, {text: $name}]) { affectedRows } }",
            {"name": name},
        )
        count += 1
        await asyncio.sleep(0)
    return count


@asynccontextmanager
async def written_to(backend: Backend) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(pairs(backend, stop))
    yield
    stop.set()
    assert await task


@pytest.mark.parametrize("source", ["sqlite", "postgres"])
async def test_all_is_carried_while_it_is_written_to(
    source: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    ours = await asyncio.to_thread(place, request, source, tmp_path / "ours")
    quiet, busy = tmp_path / "quiet.zip", tmp_path / "busy.zip"
    async with ours.lifespan():
        data = await fill(ours)
        async with written_to(ours):
            saved = await back_up(ours, busy)
        assert saved.faults == []
        saved = await back_up(ours, quiet)
        assert (saved.files, saved.faults) == (6, [])
        before = await content(ours)
        teams = [row["id"] for row in (await ours.session(ROOT).query("{ teams { id } }"))["teams"]]
    assert stat.S_IMODE(quiet.stat().st_mode) == 0o600
    for target in ("sqlite", "postgres"):
        theirs = await asyncio.to_thread(place, request, target, tmp_path / target)
        done = await restore(theirs, quiet, Restoring())
        assert (done.files, done.faults) == (6, [])
        assert await content(theirs) == before
        async with theirs.lifespan():
            assert (await Place(theirs).sign_in("ann@example.com"))["accessToken"]
            await same_bytes(theirs, data)
            session = theirs.session(ROOT)
            new = (await session.query('mutation { createTeam(object: {name: "new"}) { id } }'))["createTeam"]["id"]
            assert new == max(teams) + 2, "a key that was given once is never given again"
            changes = await session.sql(INSERTED)
            assert changes.scalar_one() >= 1, "changes are recorded from then on"
            await session.query("mutation { deletePictures(where: {}) { affectedRows } }")
            states = await session.sql(sa.select(FILE.c.state).where(FILE.c.name != "c.txt"))
            assert {*states.scalars()} == {"free"}, "the triggers of files work"
        again = await asyncio.to_thread(place, request, target, tmp_path / f"{target}-busy")
        assert (await restore(again, busy, Restoring())).faults == []
        notes = [json.loads(row)[1] for row in (await content(again))["note"]]
        assert all(notes.count(each) == 2 for each in {*notes}), "no transaction is halved"


async def same_bytes(backend: Backend, data: dict[str, bytes]) -> None:
    pictures = await backend.session(ROOT).query("{ pictures { cover { name url } papers { name url } } }")
    files = [file for each in pictures["pictures"] for file in [each["cover"], *each["papers"]] if file]
    assert {file["name"] for file in files} == {*data} - {"c.txt"}
    transport = httpx2.ASGITransport(app=backend)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api.example") as client:
        for file in files:
            answer = await client.get(file["url"])
            assert answer.status_code == 200, answer.text
            assert answer.content == data[file["name"]]


@pytest.fixture
async def saved(tmp_path: Path) -> Path:
    """A small archive."""
    ours = backend_of(settings(f"sqlite:///{tmp_path / 'small.db'}", storage_url=f"file://{tmp_path / 'small'}"))
    async with ours.lifespan():
        await fill(ours)
        await back_up(ours, tmp_path / "small.zip")
    return tmp_path / "small.zip"


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return place(request, request.param, tmp_path / "target")


async def refused(backend: Backend, archive: Path, **how: Any) -> str:
    """What is said; and nothing was restored."""
    with pytest.raises(SetupError) as caught:
        await restore(backend, archive, Restoring(**how))
    assert backend.settings
    folder = Path(backend.settings.storage(None).removeprefix("file://"))
    assert not [path for path in folder.rglob("*") if path.is_file() and "files" in path.relative_to(folder).parts]
    return str(caught.value)


async def test_a_database_with_rows_is_replaced_only_when_that_is_asked_for(target: Backend, saved: Path) -> None:
    await restore(target, saved, Restoring())
    before = await content(target)
    async with target.lifespan():
        await target.session(ROOT).query('mutation { createTeam(object: {name: "more"}) { id } }')
    with pytest.raises(SetupError, match="has rows already"):
        await restore(target, saved, Restoring())
    await restore(target, saved, Restoring(replace=True))
    assert await content(target) == before


def changed(saved: Path, change: Any, name: str = "changed.zip", packed: int = zipfile.ZIP_DEFLATED) -> Path:
    """The archive with other members; `change` takes and gives them by name."""
    path = saved.with_name(name)
    path.unlink(missing_ok=True)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(path, "w", packed) as new:
        members = {name: old.read(name) for name in old.namelist()}
        for each, data in change(members).items():
            new.writestr(each, data)
    return path


def rewritten(members: dict[str, bytes], change: Any) -> dict[str, bytes]:
    """Members with a manifest that fits them, after `change` of the manifest and the members."""
    manifest = json.loads(members[MANIFEST])
    change(manifest, members)
    for said in manifest["tables"]:
        if data := members.get(said.get("member", "")):
            said.update(size=len(data), sha256=hashlib.sha256(data).hexdigest(), rows=data.count(b"\n"))
    return {**members, MANIFEST: json.dumps(manifest).encode()}


async def test_what_is_damaged_is_refused(saved: Path, tmp_path: Path) -> None:
    target = backend_of(settings(f"sqlite:///{tmp_path / 't.db'}", storage_url=f"file://{tmp_path / 't'}"))
    table = next(name for name, data in members_of(saved).items() if name.startswith("tables/") and data)
    file = next(name for name, data in members_of(saved).items() if name.startswith("files/") and data)
    cases = {
        "is not what the manifest says": lambda members: {**members, table: members[table].replace(b'"', b"'", 1)},
        "is not what": lambda members: {**members, file: members[file][:-1] + b"?"},
        "is not in it": lambda members: {name: data for name, data in members.items() if name != table},
        "no manifest": lambda members: {name: data for name, data in members.items() if name != MANIFEST},
        "can't be read": lambda members: {**members, MANIFEST: b"{"},
        "another's": lambda members: {**members, MANIFEST: b"{}"},
        "none of ours": lambda members: {**members, "../../evil": b"x"},
        "does not list": lambda members: {**members, f"files/{uuid4()}": b"x"},
        "of the format 9": lambda members: rewritten(members, lambda manifest, _: manifest.update(version=9)),
        "which is no table's": lambda members: rewritten(
            {"../x" if name == table else name: data for name, data in members.items()},
            lambda manifest, _: next(t for t in manifest["tables"] if t["member"] == table).update(member="../x"),
        ),
        "names a table twice": lambda members: rewritten(
            members, lambda manifest, _: manifest["tables"].append(manifest["tables"][0])
        ),
        "too little": lambda members: rewritten(members, lambda manifest, _: manifest["tables"].append({})),
    }
    for told, change in cases.items():
        said = await refused(target, changed(saved, change))
        assert told in said, (told, said)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(saved.read_bytes()[:-200])
    assert "can't be read as a backup" in await refused(target, cut)
    assert "can't be read" in await refused(target, tmp_path / "none.zip")
    with pytest.raises(AssertionError):  # it was never made
        assert (tmp_path / "t.db").exists()


def members_of(saved: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(saved) as zip:
        return {name: zip.read(name) for name in zip.namelist()}


async def test_a_bomb_is_refused(saved: Path, target: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.server.moving.archive.ROOM", 1_000)

    def bomb(members: dict[str, bytes]) -> dict[str, bytes]:
        return rewritten(
            members, lambda manifest, all: all.update({manifest["tables"][0]["member"]: b" " * 50_000_000})
        )

    archive = changed(saved, bomb)
    assert "would be larger" in await refused(target, archive)
    monkeypatch.setattr("hedgerow.server.moving.archive.LONGEST_LINE", 1_000_000)
    assert "a line of more than" in await refused(target, archive, most=10**9)


async def test_other_models_are_refused_with_what_mends_it(saved: Path, target: Backend) -> None:
    def change(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        team = next(each for each in manifest["tables"] if each["name"] == "team")
        team["columns"] = [["id", "text"], ["renamed", "text"], ["parent_id", "int"]]

    said = await refused(target, changed(saved, lambda members: rewritten(members, change)))
    for each in ("team.renamed is in the backup alone", "team.name is in the models alone", "migrate up"):
        assert each in said
    assert "team.id is text in the backup, int in the models" in said


@pytest.mark.parametrize(
    ("table", "value", "told"),
    [("team", b'["x", "a", null]\n', "team"), ("team", b"[1, 2]\n", "has not 3 values"),
     ("team", b'{"a": 1}\n', "has not 3 values"), ("note", b'[1, "a", 99]\n', "there"),
     ("team", b'[1, "a", null]\n[1, "b", null]\n', "does not take")],
)  # fmt: skip
async def test_a_row_that_does_not_fit_leaves_nothing(
    table: str, value: bytes, told: str, saved: Path, target: Backend
) -> None:
    def change(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        for said in manifest["tables"]:
            if said["name"] == table:
                members[said["member"]] = value
            elif said["name"] in ("team", "note", "team_tag"):
                members[said["member"]] = b""
                said.update(size=0, sha256=hashlib.sha256(b"").hexdigest(), rows=0)

    said = await refused(target, changed(saved, lambda members: rewritten(members, change)))
    assert told in said
    async with target.lifespan():
        assert (await target.session(ROOT).query("{ teams { id } users { id } }")) == {"teams": [], "users": []}


async def test_decimals_that_sqlite_would_round_are_refused_unless_that_is_wanted(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    ours = await asyncio.to_thread(place, request, "postgres", tmp_path / "ours")
    async with ours.lifespan():
        row = Everything(a_decimal=Decimal("0.12345678901234567890"))
        await ours.session(ROOT).sql(sa.insert(Everything).values(a_decimal=row.a_decimal))
        await back_up(ours, tmp_path / "a.zip")
    theirs = await asyncio.to_thread(place, request, "sqlite", tmp_path / "theirs")
    assert "--rounding" in await refused(theirs, tmp_path / "a.zip")
    await restore(theirs, tmp_path / "a.zip", Restoring(rounding=True))


async def test_files_that_are_gone_are_told(target: Backend, tmp_path: Path) -> None:
    async with target.lifespan():
        await fill(target)
        storage: Any = target.modules[1]
        session = target.session(ROOT)
        for name in ("a.txt", "c.txt"):
            id = (await session.sql(sa.select(FILE.c.id).where(FILE.c.name == name))).scalar_one()
            await storage.store.blobs.delete(f"files/{id}")
        saved = await back_up(target, tmp_path / "some.zip")
    assert [fault for fault in saved.faults if "no bytes" in fault] and len(saved.faults) == 2
    assert "1 files were deleted" in saved.faults[1]
    assert saved.files == 4


async def test_nothing_is_written_over(target: Backend, tmp_path: Path) -> None:
    (tmp_path / "mine.zip").write_text("mine")
    async with target.lifespan():
        with pytest.raises(SetupError, match="there already"):
            await back_up(target, tmp_path / "mine.zip")
        (tmp_path / "mine").mkdir()
        with pytest.raises(SetupError, match="there already"):
            await export(target, tmp_path / "mine", "csv")
        with pytest.raises(SetupError, match="no table none"):
            await export(target, tmp_path / "other", "csv", ["none"])
    assert (tmp_path / "mine.zip").read_text() == "mine"
    assert not (tmp_path / "other").exists()


async def test_rows_are_exported(target: Backend, tmp_path: Path) -> None:
    async with target.lifespan():
        await fill(target)
        counts = await export(target, tmp_path / "lines", "jsonl")
        await export(target, tmp_path / "csv", "csv")
        await export(target, tmp_path / "secret", "jsonl", secret=True)
    assert counts["team"] == 2 and "hedgerow_auth_credential" not in counts
    assert (tmp_path / "secret" / "hedgerow_auth_credential.jsonl").read_text()
    [thing] = [json.loads(line) for line in (tmp_path / "lines" / "everything.jsonl").read_text().split("\n") if line]
    assert thing["a_json"] == {"a": [1, "\n", None]} and thing["a_decimal"] == "1.25" and thing["a_bool"] is True
    with (tmp_path / "csv" / "team.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["name"] for row in rows] == ["a", "b"] and rows[0]["parent_id"] == ""
    assert stat.S_IMODE((tmp_path / "csv").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "csv" / "team.csv").stat().st_mode) == 0o600
