"""One file that holds a backup: a zip of tables, files, and a manifest that says of each what it has to be.

In: bytes. Out: the file, with mode 0600, whole or not there at all; and of one, its parts, once they are checked.
`manifest.json` names every other member, with size and SHA-256; a table is lines of JSON, each a list of values, and a
file its bytes. Members have numbers and ids for names, and are never extracted to a place that they name. Refused here,
as SetupError: archives that hold anything else, less or more than they say, and such as would grow beyond a bound.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import zipfile
import zlib
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson

from ...schema.errors import SetupError

FORMAT = "hedgerow-backup"
VERSION = 1
MANIFEST = "manifest.json"
FILES = "files.jsonl"
LARGEST_MANIFEST = 32 * 1024 * 1024
LONGEST_LINE = 256 * 1024 * 1024
"""Bytes of a row."""
GROWTH = 200
"""How many times larger an archive may be when it is unpacked, beyond the first ROOM bytes."""
ROOM = 256 * 1024 * 1024
CHUNK = 256 * 1024
_TABLE = re.compile(r"tables/[0-9]{4,6}\.jsonl", re.ASCII)
_FILE = re.compile(r"files/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class _Out(Protocol):
    def write(self, data: bytes, /) -> int: ...


class Member:
    """A member that is written, and what becomes of it."""

    def __init__(self, out: _Out) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Adds bytes."""
        self._digest.update(data)
        self.size += len(data)
        self._out.write(data)

    @property
    def checksum(self) -> str:
        """SHA-256 of what was written, in hex."""
        return self._digest.hexdigest()


class Writer:
    """An archive that is being made."""

    def __init__(self, zip: zipfile.ZipFile) -> None:
        self._zip = zip

    @contextlib.contextmanager
    def member(self, name: str, *, packed: bool = True) -> Generator[Member]:
        """A member; `packed` where it is worth it."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as out:
            yield Member(out)

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Says what is in it."""
        with self.member(MANIFEST) as member:
            member.write(orjson.dumps({"format": FORMAT, "version": VERSION, **manifest}, option=orjson.OPT_INDENT_2))


@contextlib.contextmanager
def writing(path: Path) -> Generator[Writer]:
    """An archive that is there once all of it is on the disk; SetupError where something is there already."""
    if path.exists():
        raise SetupError(f"{path} is there already. Name another file.")
    part = path.with_name(f"{path.name}.part")
    try:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except OSError as error:
        raise SetupError(f"{part} can't be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=3) as zip:
                yield Writer(zip)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)  # fails where another came meanwhile
    except FileExistsError:
        raise SetupError(f"{path} is there already. Name another file.") from None
    except OSError as error:
        raise SetupError(f"{path} can't be written: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


class Reader:
    """An archive that is there."""

    def __init__(self, zip: zipfile.ZipFile, path: Path) -> None:
        self._zip = zip
        self._path = path
        self._infos = {info.filename: info for info in zip.infolist()}
        if len(self._infos) != len(zip.infolist()):
            raise self.damaged("it has two members of one name")
        self.manifest: dict[str, Any] = self._read_manifest()

    def damaged(self, why: str) -> SetupError:
        """What is wrong with it."""
        return SetupError(f"{self._path} is no whole backup: {why}. Nothing was restored.")

    def _read_manifest(self) -> dict[str, Any]:
        info = self._infos.get(MANIFEST)
        if info is None or info.file_size > LARGEST_MANIFEST:
            raise self.damaged("it has no manifest")
        try:
            with self._zip.open(info) as member:
                found: Any = orjson.loads(member.read(LARGEST_MANIFEST))
        except (orjson.JSONDecodeError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            raise self.damaged("its manifest can't be read") from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise self.damaged("its manifest is another's")
        if found.get("version") != VERSION:
            raise SetupError(
                f"{self._path} is of the format {found.get('version')!r}, and this Hedgerow reads {VERSION}. Restore it"
                f" by the Hedgerow that made it: {found.get('hedgerow')!r}."
            )
        return found  # pyright: ignore[reportUnknownVariableType]

    def check(self, *, most: int | None = None) -> tuple[int, int]:
        """Reads all of it; how many rows and files it has. Raises SetupError for the first that is wrong."""
        self._check_names()
        packed = sum(info.compress_size for info in self._infos.values())
        bound = most if most is not None else GROWTH * packed + ROOM
        if sum(info.file_size for info in self._infos.values()) > bound:
            raise SetupError(
                f"{self._path} would be larger than {bound:,} bytes when it is unpacked. Where it is to be trusted, say"
                " --most-bytes."
            )
        total = 0
        for table in self.tables:
            total += self._check_lines(table["member"], table, table["rows"])
        if not self.manifest.get("files"):
            return total, 0
        files: Any = self.manifest["files"]
        self._check_lines(FILES, files, files["count"])
        listed: set[str] = set()
        for file in self.files():
            listed.add(f"files/{file['id']}")
            self._check_bytes(f"files/{file['id']}", file)
        if listed != {name for name in self._infos if _FILE.fullmatch(name)}:
            raise self.damaged("it holds files that it does not list")
        return total, len(listed)

    def _check_names(self) -> None:
        try:
            known = {MANIFEST, *(str(table["member"]) for table in self.tables)}
            named = [str(table["name"]) for table in self.tables]
            if not all(isinstance(table["rows"], int) and isinstance(table["columns"], list) for table in self.tables):
                raise self.damaged("its manifest says too little of its tables")
        except (KeyError, TypeError):
            raise self.damaged("its manifest says too little of its tables") from None
        if len({*named}) != len(named) or len(known) != len(named) + 1:
            raise self.damaged("its manifest names a table twice")
        if self.manifest.get("files"):
            known.add(FILES)
        for name in self._infos:
            if name not in known and not _FILE.fullmatch(name):
                raise self.damaged(f"it holds {name!r}, which is none of ours")
        if missing := [name for name in known - {MANIFEST, FILES} if not _TABLE.fullmatch(name)]:
            raise self.damaged(f"its manifest names {missing[0]!r}, which is no table's")

    @property
    def tables(self) -> list[dict[str, Any]]:
        """What the manifest says of each table."""
        found: Any = self.manifest.get("tables")
        if not isinstance(found, list):
            raise self.damaged("its manifest names no tables")
        return found  # pyright: ignore[reportUnknownVariableType]

    def _check_lines(self, name: str, said: Mapping[str, Any], count: int) -> int:
        lines = 0
        digest, size = hashlib.sha256(), 0
        for line in self._lines(name):
            digest.update(line)
            size += len(line)
            lines += 1
        self._compare(name, said, digest.hexdigest(), size)
        if lines != count:
            raise self.damaged(f"{name} has {lines:,} rows, not {count:,}")
        return lines

    def _check_bytes(self, name: str, said: Mapping[str, Any]) -> None:
        digest, size = hashlib.sha256(), 0
        for chunk in self.chunks(name):
            digest.update(chunk)
            size += len(chunk)
        self._compare(name, said, digest.hexdigest(), size)

    def _compare(self, name: str, said: Mapping[str, Any], checksum: str, size: int) -> None:
        if said.get("sha256") != checksum or said.get("size") != size:
            raise self.damaged(f"{name} is not what the manifest says of it")

    def rows(self, name: str) -> Generator[Any]:
        """The lines of a member, as JSON."""
        for line in self._lines(name):
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                raise self.damaged(f"{name} has a line that is no JSON") from None

    def files(self) -> Iterator[dict[str, Any]]:
        """What it says of each file."""
        if not self.manifest.get("files"):
            return
        for file in self.rows(FILES):
            if not isinstance(file, dict) or not _FILE.fullmatch(f"files/{file.get('id')}"):  # pyright: ignore
                raise self.damaged("it lists a file that is none")
            yield file  # pyright: ignore[reportUnknownVariableType]

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member."""
        with self._opened(name) as member:
            while chunk := member.read(CHUNK):
                yield chunk

    def _lines(self, name: str) -> Iterator[bytes]:
        with self._opened(name) as member:
            while line := member.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise self.damaged(f"{name} has a line of more than {LONGEST_LINE:,} bytes")
                yield line

    @contextlib.contextmanager
    def _opened(self, name: str) -> Generator[Any]:
        info = self._infos.get(name)
        if info is None:
            raise self.damaged(f"{name} is not in it")
        try:
            with self._zip.open(info) as member:
                yield member
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise self.damaged(f"{name} can't be read ({error})") from None


@contextlib.contextmanager
def reading(path: Path) -> Generator[Reader]:
    """An archive; SetupError where there is none."""
    try:
        zip = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise SetupError(f"{path} can't be read as a backup: {told}.") from None
    with zip:
        yield Reader(zip, path)
