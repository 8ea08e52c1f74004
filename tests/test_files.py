"""Columns that hold files: how they are declared, seen, given and guarded, as fields of the one schema."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import strawberry
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Actor, Backend, DeclarationError, File, Info, Settings, access, allow, storage
from hedgerow.resolvers.storage import turns
from hedgerow.resolvers.storage.local import sweep
from hedgerow.resolvers.storage.tables import UPLOAD
from hedgerow.schema.files import FileColumn, file_column

from .conftest import ADMIN, CLOCK, Counted
from .filing import BEN, FILE, MODELS, NOBODY, Album, Shelf, filing, held, png

CREATE = "mutation ($object: AlbumCreate!) { createAlbum(object: $object) { id cover { id } pictures { id } } }"
COVERS = "{ albums(orderBy: {id: ASC}) { title cover { name } } }"


async def create(shelf: Shelf, title: str = "a", **given: Any) -> int:
    found = await shelf.ask(CREATE, object={"title": title, **given})
    return found["createAlbum"]["id"]


# Declared


def declared(**columns: Any) -> type[SQLModel]:
    class Base(SQLModel, registry=registry()):
        pass

    annotations = {"id": int | None, **{name: annotation for name, (annotation, _) in columns.items()}}
    defaults = {name: default for name, (_, default) in columns.items() if default is not ...}
    names = {"__module__": __name__, "__annotations__": annotations, "id": Field(default=None, primary_key=True)}
    return type(SQLModel)("Thing", (Base,), {**names, **defaults}, table=True)


def test_a_column_of_files_is_an_ordinary_column_and_says_what_it_takes() -> None:
    columns = {name: Album.__table__.c[name] for name in ("cover", "logo", "pictures")}
    found = {name: file_column(Album.model_fields[name].annotation, column) for name, column in columns.items()}
    assert found["cover"] == FileColumn()
    assert found["logo"] == FileColumn(
        public=True, types=("image/*",), max_size=20 * 1024, max_width=300, max_height=200
    )
    assert found["pictures"] == FileColumn(many=True, most=3)
    assert columns["cover"].nullable
    assert not columns["pictures"].nullable


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"max_size": "5 parsecs"}, "max_size"),
        ({"max_size": 0}, "max_size"),
        ({"most": 0}, "most"),
        ({"max_width": 0}, "max_width"),
        ({"max_height": -1}, "max_height"),
        ({"types": ["png"]}, "types"),
        ({"types": ["text/*"], "max_width": 3}, "images"),
    ],
)
def test_limits_that_are_none_are_refused_where_they_are_declared(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        File(**options)


@pytest.mark.parametrize(("text", "size"), [("5 MB", 5_000_000), ("1 GiB", 1 << 30), ("1.5kB", 1_500), (7, 7)])
def test_sizes_have_units(text: Any, size: int) -> None:
    column = declared(file=(File | None, File(max_size=text))).__table__.c.file
    found = file_column(File | None, column)
    assert found
    assert found.max_size == size


@pytest.mark.parametrize(
    ("columns", "modules", "told"),
    [
        ({"file": (File | None, None)}, 0, "no module keeps them"),
        ({"file": (File | None, None)}, 2, "several modules keep files"),
        ({"file": (File, Field(foreign_key="thing.id"))}, 1, "is a key"),
        ({"file": (File | None, Field(default=None, max_length=9, sa_type=__import__("sqlalchemy").Text))}, 1, "can't"),
    ],
)
def test_columns_that_can_hold_no_files_are_refused(columns: Any, modules: int, told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        Backend([declared(**columns)], modules=[storage() for _ in range(modules)], settings=Settings(_env_file=None))


# Seen


async def test_a_file_shows_what_is_known_of_it(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        data = png(20, 10)
        cover, one, two = await shelf.upload(data=data), await shelf.upload("pictures"), await shelf.upload("pictures")
        await create(shelf, cover={"upload": cover}, pictures=[{"upload": two}, {"upload": one}])
        (album,) = (
            await shelf.ask(f"{{ albums {{ kind: __typename cover {{ {FILE} of: __typename }} pictures {{ id }} }} }}")
        )["albums"]
        url = album["cover"].pop("url")
        assert [*album["cover"]] == [
            "id",
            "name",
            "size",
            "contentType",
            "checksum",
            "width",
            "height",
            "blurhash",
            "of",
        ]
        assert album["cover"] | {"checksum": "", "blurhash": ""} == {
            "id": cover,
            "name": "a.png",
            "size": len(data),
            "contentType": "image/png",
            "checksum": "",
            "width": 20,
            "height": 10,
            "blurhash": "",
            "of": "File",
        }
        assert album["pictures"] == [{"id": two}, {"id": one}]  # in the order that was given
        answer = await shelf.client.get(url)
        assert (answer.status_code, answer.content) == (200, data)


async def test_whoever_may_not_read_the_cell_gets_neither_file_nor_url(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        cover, logo = await shelf.upload(), await shelf.upload("logo")
        await create(shelf, cover={"upload": cover}, logo={"upload": logo})
        mine = "{ albums { cover { id url } logo { id } } }"
        assert (await shelf.ask(mine))["albums"][0]["cover"]["id"] == cover
        assert (await shelf.ask(mine, BEN))["albums"] == []
        await shelf.ask("mutation { updateAlbum(id: 1, set: {public: true}) { id } }")
        assert (await shelf.ask(mine, BEN))["albums"][0]["cover"]["id"] == cover
        assert (await shelf.ask("{ albums { logo { id } } }", NOBODY))["albums"] == [{"logo": {"id": logo}}]
        told = (await shelf.answer(mine, NOBODY))["errors"][0]
        assert told["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert "cover" in told["message"]


async def test_a_cell_that_shows_in_some_rows_only_is_null_in_the_others(fresh_url: str, tmp_path: Path) -> None:
    class Base(SQLModel, registry=registry()):
        pass

    class Thing(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        open: bool = False
        file: File | None = None
        files: list[File] = File.many()

        @access
        def rules(thing, me):
            yield allow("anyone", "read", fields=["id"])
            yield allow("anyone", "read", where=thing.open)
            yield allow("user", "create")

    async with filing(fresh_url, tmp_path, [Thing]) as shelf:
        document = "mutation ($o: ThingCreate!) { createThing(object: $o) { id } }"
        for shown in (True, False):
            one, many = [await shelf.upload(name, model="Thing") for name in ("file", "files")]
            await shelf.ask(document, o={"open": shown, "file": {"upload": one}, "files": [{"upload": many}]})
        found = (await shelf.ask("{ things(orderBy: {id: ASC}) { file { name } files { name } } }", NOBODY))["things"]
        assert found == [{"file": {"name": "a.png"}, "files": [{"name": "a.png"}]}, {"file": None, "files": None}]
        such = "{ things(where: {file: {_isNull: %s}}) { id } }"
        assert (await shelf.ask(such % "false", NOBODY))["things"] == [{"id": 1}]
        assert (await shelf.ask(such % "true", NOBODY))["things"] == [{"id": 2}]


async def test_files_stand_in_every_kind_of_answer(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        scan = await shelf.upload("scan", model="Page")
        await create(shelf, cover={"upload": await shelf.upload()}, pages={"data": [{"scan": {"upload": scan}}]})
        document = """query ($width: Int, $fit: FileFit) {
            albumsConnection(first: 1) { edges { node { cover { url(width: $width, fit: $fit, format: WEBP) } } } }
            albumsAggregate { nodes { cover { url } } aggregate { count } }
            album(id: 1) { pages { scan { url id } album { cover { small: url(height: 7) name } } } }
        }"""
        found = await shelf.ask(document, width=10, fit="CONTAIN")
        urls = [
            found["albumsConnection"]["edges"][0]["node"]["cover"]["url"],
            found["albumsAggregate"]["nodes"][0]["cover"]["url"],
            found["album"]["pages"][0]["scan"]["url"],
            found["album"]["pages"][0]["album"]["cover"]["small"],
        ]
        for url in urls:
            assert (await shelf.client.get(url)).status_code == 200
        assert (await shelf.client.get(urls[0])).headers["content-type"] == "image/webp"


@pytest.mark.parametrize(
    "arguments", ["width: 0", "width: 5000", "height: -1", "expiresIn: 0", "expiresIn: 700000", "fit: STRETCH"]
)
async def test_urls_are_asked_for_within_bounds(tmp_path: Path, arguments: str) -> None:
    async with filing(f"sqlite:///{tmp_path / 'a.db'}", tmp_path) as shelf:
        answer = await shelf.answer(f"{{ albums {{ cover {{ url({arguments}) }} }} }}")
        assert answer["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")


async def test_a_list_of_rows_with_files_is_one_statement(fresh_url: str, tmp_path: Path) -> None:
    async with filing(fresh_url, tmp_path) as shelf:
        for title in "abc":
            await create(shelf, title, cover={"upload": await shelf.upload()})
        counted = shelf.backend.engine.database = Counted(shelf.backend.engine.database)
        await shelf.ask(f"{{ albums {{ cover {{ {FILE} }} pictures {{ {FILE} }} pages {{ scan {{ {FILE} }} }} }} }}")
        assert len(counted.statements) == 1


async def test_in_hasuras_naming_files_are_the_same(fresh_url: str, tmp_path: Path) -> None:
    async with filing(fresh_url, tmp_path, backend={"naming": "hasura"}) as shelf:
        begin = """mutation ($size: BigInt!) {
            create_upload(model: "album", field: "cover", name: "a", size: $size, content_type: "image/png") { id url }
        }"""
        made = (await shelf.ask(begin, size=len(png())))["create_upload"]
        assert (await shelf.client.put(made["url"], content=png())).status_code < 300
        cover = made["id"]
        document = """mutation ($cover: Upload!) { insert_album_one(object: {title: "a", cover: $cover}) {
            cover { id content_type url(expires_in: 60) }
        } }"""
        headers = {
            "x-hasura-admin-secret": ADMIN,
            "x-hasura-role": "user",
            "x-hasura-id": "ann",
        }
        found = (await shelf.ask(document, headers, cover={"upload": cover}))["insert_album_one"]["cover"]
        assert (found["id"], found["content_type"]) == (cover, "image/png")


# Given


async def test_an_upload_is_used_once_by_whoever_began_it_for_what_it_was_begun_for(
    fresh_url: str, blobs_url: str
) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        cover, bens, picture = await shelf.upload(), await shelf.upload(caller=BEN), await shelf.upload("pictures")
        await create(shelf, cover={"upload": cover})
        pending = """mutation {
            createUpload(model: "Album", field: "cover", name: "a", size: 3, contentType: "a/b") { id }
        }"""
        begun = (await shelf.ask(pending))["createUpload"]["id"]
        for wrong in (cover, bens, picture, begun, str(uuid4())):
            answer = await shelf.answer(CREATE, object={"title": "b", "cover": {"upload": wrong}})
            (error,) = answer["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert error["extensions"]["input"] == ["object", "cover"]
        assert (await shelf.ask(COVERS))["albums"] == [{"title": "a", "cover": {"name": "a.png"}}]


@pytest.mark.parametrize(
    "value",
    ["x", 1, [], {}, {"upload": "x"}, {"upload": "http://127.0.0.1:1/"}, {"upload": None}, {"upload": "x", "more": 1}],
)
async def test_what_is_no_upload_is_refused(tmp_path: Path, value: Any) -> None:
    async with filing(f"sqlite:///{tmp_path / 'a.db'}", tmp_path) as shelf:
        answer = await shelf.answer(CREATE, object={"title": "b", "cover": value})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_upload_is_named_in_the_document_and_by_a_variable_in_it(fresh_url: str, tmp_path: Path) -> None:
    async with filing(fresh_url, tmp_path) as shelf:
        one, two, three = [await shelf.upload() for _ in range(3)]
        literal = f'mutation {{ createAlbum(object: {{title: "a", cover: {{upload: "{one}"}}}}) {{ cover {{ id }} }} }}'
        assert (await shelf.ask(literal))["createAlbum"]["cover"] == {"id": one}
        for kind, id in (("ID", two), ("UUID", three)):
            document = (
                f'mutation ($id: {kind}!) {{ createAlbum(object: {{title: "a", cover: {{upload: $id}}}})'
                " { cover { id } } }"
            )
            assert (await shelf.ask(document, id=id))["createAlbum"]["cover"] == {"id": id}
        assert await shelf.states() == held(one, two, three)


async def test_a_list_is_set_added_to_taken_from_and_put_in_another_order(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        one, two, three, four = [await shelf.upload("pictures") for _ in range(4)]
        await create(shelf, pictures=[{"upload": one}])

        async def change(arguments: str, **variables: Any) -> list[str] | None:
            given = {"p": "($p: [Upload!])", "id": "($id: String)"}.get(next(iter(variables), ""), "")
            answer = await shelf.answer(
                f"mutation {given} {{ updateAlbum(id: 1, {arguments}) {{ pictures {{ id }} }} }}", **variables
            )
            if "errors" in answer:
                return None
            return [each["id"] for each in answer["data"]["updateAlbum"]["pictures"]]

        assert await change("append: {pictures: $p}", p=[{"upload": two}]) == [one, two]
        assert await change("prepend: {pictures: $p}", p=[{"upload": three}]) == [three, one, two]
        assert await change("append: {pictures: $p}", p=[{"upload": four}]) is None  # three are the most
        assert await change("set: {pictures: $p}", p=[{"upload": one}, {"upload": two}, {"upload": three}]) == [
            one,
            two,
            three,
        ]
        assert await change("set: {pictures: $p}", p=[{"upload": one}] * 2) is None
        assert await change("set: {pictures: $p}", p=[{"upload": x} for x in (one, two, three, four)]) is None
        assert await change("deleteKey: {pictures: $id}", id=two) == [one, three]
        assert await change("deleteElem: {pictures: 0}") == [three]
        assert await shelf.states() == {one: "free", two: "free", three: "held", four: "ready"}


async def test_a_file_goes_with_its_row(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        cover, scan = await shelf.upload(), await shelf.upload("scan", model="Page")
        await create(shelf, cover={"upload": cover}, pages={"data": [{"scan": {"upload": scan}}]})
        url = (await shelf.ask("{ albums { cover { url } } }"))["albums"][0]["cover"]["url"]
        assert await shelf.states() == held(cover, scan)
        await shelf.ask("mutation { deleteAlbum(id: 1) { id } }")
        assert await shelf.states() == {cover: "free", scan: "free"}
        assert (await shelf.client.get(url)).status_code == 404


async def test_a_mutation_that_fails_leaves_its_upload_ready(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        cover = await shelf.upload()
        document = """mutation ($c: Upload!) {
            a: createAlbum(object: {title: "a", cover: $c}) { id }
            b: updateAlbum(id: 1, set: {title: null}) { id }
        }"""
        assert "errors" in await shelf.answer(document, c={"upload": cover})
        assert await shelf.states() == {cover: "ready"}
        await create(shelf, cover={"upload": cover})
        assert await shelf.states() == held(cover)


async def test_two_at_once_do_not_both_get_one_upload(fresh_url: str, blobs_url: str) -> None:
    async with filing(fresh_url, blobs_url) as shelf:
        for _ in range(5):
            cover = await shelf.upload()
            answers = await asyncio.gather(
                *(shelf.answer(CREATE, object={"title": "a", "cover": {"upload": cover}}) for _ in range(4))
            )
            assert sorted("errors" in each for each in answers) == [False, True, True, True]
            codes = {each["errors"][0]["extensions"]["code"] for each in answers if "errors" in each}
            assert codes <= {"BAD_USER_INPUT", "CONSTRAINT_VIOLATION"}


async def test_what_was_public_can_be_taken_back(fresh_url: str, tmp_path: Path) -> None:
    def model(*, public: bool) -> type[SQLModel]:
        class Base(SQLModel, registry=registry()):
            pass

        class Doc(Base, table=True):
            id: int | None = Field(default=None, primary_key=True)
            paper: File | None = File(public=public)

            @access
            def rules(doc, me):
                yield allow("user", "read create")

        return Doc

    document = "mutation ($c: Upload) { createDoc(object: {paper: $c}) { paper { url } } }"
    async with filing(fresh_url, tmp_path, [model(public=True)]) as shelf:
        id = await shelf.upload("paper", model="Doc")
        url = (await shelf.ask(document, c={"upload": id}))["createDoc"]["paper"]["url"]
        assert "?" not in url
        assert (await shelf.client.get(url)).status_code == 200
    async with filing(fresh_url, tmp_path, [model(public=False)]) as shelf:
        assert (await shelf.client.get(url)).status_code == 404
        signed = (await shelf.ask("{ docs { paper { url } } }"))["docs"][0]["paper"]["url"]
        assert "signature" in signed
        assert (await shelf.client.get(signed)).status_code == 200


async def test_nobody_takes_a_file_in_the_moment_in_which_another_lets_go_of_it(fresh_url: str, tmp_path: Path) -> None:
    class Base(SQLModel, registry=registry()):
        pass

    class Doc(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)
        owner: str = ""
        paper: File | None = None

        @access
        def rules(doc, me):
            yield allow("user", "read", fields=["id", "owner"])
            yield allow("user", "read", where=doc.owner == me.id)
            yield allow("user", "create", preset={"owner": me.id})
            yield allow("user", "update", fields=["paper"])  # anybody's, though only their owners may read them

    async with filing(fresh_url, tmp_path, [Doc]) as shelf:
        document = "mutation ($c: Upload) { createDoc(object: {paper: $c}) { id } }"
        bens = await shelf.upload("paper", caller=BEN, model="Doc")
        await shelf.ask(document, BEN, c={"upload": bens})
        await shelf.ask(document)
        both = """mutation ($x: Upload) { updateDocsMany(updates: [
            {where: {owner: {_eq: "ben"}}, set: {paper: null}}, {where: {owner: {_eq: "ann"}}, set: {paper: $x}}
        ]) { affectedRows } }"""
        answer = await shelf.answer(both, x={"upload": bens})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert await shelf.states() == held(bens)
        same = 'mutation ($x: Upload) { updateDocs(where: {owner: {_eq: "ben"}}, set: {paper: $x}) { affectedRows } }'
        assert (await shelf.ask(same, BEN, x={"upload": bens}))["updateDocs"]["affectedRows"] == 1  # it has it already


async def test_a_developers_mutation_takes_an_upload(fresh_url: str, tmp_path: Path) -> None:
    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def publish(self, info: Info, cover: File) -> str:
            document = 'mutation ($c: Upload!) { createAlbum(object: {title: "p", cover: $c}) { cover { name } } }'
            found = await info.context.session.query(document, {"c": {"upload": str(cover)}})
            return found["createAlbum"]["cover"]["name"]

    async with filing(fresh_url, tmp_path, backend={"mutation": Mutation}) as shelf:
        cover = await shelf.upload()
        document = "mutation ($c: Upload!) { publish(cover: $c) }"
        assert await shelf.ask(document, c={"upload": cover}) == {"publish": "a.png"}
        assert await shelf.states() == held(cover)
        bens = await shelf.upload(caller=BEN)
        assert "errors" in await shelf.answer(document, c={"upload": bens})


# Told


async def test_followers_hear_of_files(fresh_url: str, tmp_path: Path) -> None:
    async with filing(fresh_url, tmp_path) as shelf:
        session = shelf.backend.session(Actor(frozenset({"user"}), {"id": "ann"}))
        document = "subscription { albums { title cover { name url } } }"
        async with aclosing(shelf.backend.engine.subscribe(document, None, {}, session)) as told:
            assert orjson.loads((await anext(told)).data) == {"albums": []}
            await create(shelf, cover={"upload": await shelf.upload()})
            (album,) = orjson.loads((await anext(told)).data)["albums"]
            assert album["cover"]["name"] == "a.png"
            assert (await shelf.client.get(album["cover"]["url"])).status_code == 200


async def test_changes_tell_of_files(fresh_url: str, tmp_path: Path) -> None:
    async with filing(fresh_url, tmp_path) as shelf:
        session = shelf.backend.session(Actor(frozenset({"user"}), {"id": "ann"}))
        document = "subscription { albumsChanges { operation node { title cover { name url } pictures { name } } } }"
        async with aclosing(shelf.backend.engine.subscribe(document, None, {}, session)) as told:
            (begun,) = orjson.loads((await anext(told)).data)["albumsChanges"]
            assert begun["operation"] == "RESYNC"
            await create(shelf, cover={"upload": await shelf.upload()})
            (change,) = orjson.loads((await anext(told)).data)["albumsChanges"]
            assert change["node"]["cover"]["name"] == "a.png"
            assert change["node"]["cover"]["url"].startswith("/files/")
            assert change["node"]["pictures"] == []


def test_every_model_here_is_served() -> None:
    assert {each.__name__ for each in MODELS} == {"Album", "Page"}


# Whoever comes too late


async def test_bytes_that_end_after_their_row_is_gone_leave_nothing(fresh_url: str, tmp_path: Path) -> None:
    now = [CLOCK]
    async with filing(fresh_url, tmp_path, clock=lambda: now[0], unused=timedelta(hours=1)) as shelf:
        begin = 'mutation { createUpload(model: "Album", field: "cover", name: "a.txt") { id url } }'
        made = (await shelf.ask(begin))["createUpload"]
        now[0] += timedelta(minutes=59, seconds=59)
        begun, go = asyncio.Event(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b"x" * 100
            begun.set()
            await go.wait()
            yield b"y" * 100

        sending = asyncio.create_task(shelf.client.put(made["url"], content=body()))
        await begun.wait()
        now[0] += timedelta(seconds=2)
        assert await shelf.storage.collect() == 1
        go.set()
        assert (await sending).status_code in (404, 503)
        assert (await shelf.states(), await shelf.keys()) == ({}, [])


async def test_who_lost_the_turn_stores_nothing_over_what_came_since(
    fresh_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LOOK_SECONDS", 3600)  # as of a process that stands still
    async with filing(fresh_url, tmp_path) as shelf:
        begin = 'mutation { createUpload(model: "Album", field: "cover", name: "a.txt") { id url } }'
        made = (await shelf.ask(begin))["createUpload"]
        begun, go = asyncio.Event(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            begun.set()
            await go.wait()
            yield b"first"

        sending = asyncio.create_task(shelf.client.put(made["url"], content=body()))
        await begun.wait()
        over = UPLOAD.update().values(held_until=CLOCK - timedelta(days=1))
        await shelf.backend.session(Actor(superuser=True)).sql(over)
        assert (await shelf.client.put(made["url"], content=b"second")).status_code == 201
        await create(shelf, cover={"upload": made["id"]})
        go.set()
        assert (await sending).status_code == 503
        url = (await shelf.ask("{ albums { cover { url } } }"))["albums"][0]["cover"]["url"]
        assert (await shelf.client.get(url)).content == b"second"


def test_what_dead_processes_left_among_temporary_files_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("hedgerow-old", "hedgerow-new", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x")
    (tmp_path / "hedgerow-link").symlink_to(tmp_path / "other")
    before = time.time() - 90_000
    for name in ("hedgerow-old", "other"):
        os.utime(tmp_path / name, (before, before))
    sweep()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["hedgerow-link", "hedgerow-new", "other"]
    assert (tmp_path / "other" / "file").exists()
