"""Blobs that are made in parts on S3, which can't add to an object: an upload in parts, and a record of it beside.

All parts but the last are PART bytes, so a part's number says where it is. The record is an object `key.parts` (no key
has a dot): a line of JSON with the upload's id and the ETag of each part, then the bytes that fill no part yet.

What holds where S3 honours If-Match and If-None-Match in PUT (AWS, Ceph, MinIO do): who adds to a blob replaces the
very record that they read, or is told that another was first, so that two never both succeed. Both may have stored a
part of the same number, though. That harms only where its bytes differ: `complete` then finds another ETag than was
recorded, drops the upload and raises Missing, and so never makes a blob of mixed parts. Where S3 ignores conditions,
two may both succeed, and the later one wins. Who completes while another adds may lose what is added. So let callers
hold a lock of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

import orjson
from minio.error import S3Error

from ...resolvers.storage.blobs import Misplaced, Missing
from .s3_client import Client

PART = 8 * 1024 * 1024
"""Bytes; S3 wants 5 MiB at least, and takes 10,000 parts: 78 GiB."""
RECORDED = 8
"""Parts after which they are recorded, so that no more is lost when the process dies."""
LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
MADE = "x-amz-meta-made"
"""On the blob and in the record: by it a blob is known to be of these very parts."""
OFFSET = "x-amz-meta-offset"
UPLOAD = "x-amz-meta-upload"


def record_of(key: str) -> str:
    """The key of a blob's record, which is no blob's."""
    return f"{key}.parts"


def recorded(client: Client, key: str) -> tuple[int, str] | None:
    """How many bytes a blob in parts has, and the id of its upload, or ""; None where there is none such."""
    found = client.look(record_of(key))
    if found is None or not found.metadata:
        return None
    return int(found.metadata[OFFSET]), found.metadata.get(UPLOAD, "")


@dataclass
class Parts:
    """A blob's parts, as one who adds to them sees them: `tail` are the bytes that fill no part yet, `version` is the
    ETag of the record, None where there is none, which has `known` parts and was written by a request named `write`.
    """

    client: Client
    key: str
    made: str = field(default_factory=lambda: uuid4().hex)
    upload: str = ""
    etags: list[str] = field(default_factory=list[str])
    tail: bytearray = field(default_factory=bytearray)
    version: str | None = None
    write: str = ""
    known: int = 0

    @classmethod
    def read(cls, client: Client, key: str) -> Parts | None:
        """Those that are recorded; None where there are none."""
        try:
            answer = client.open(record_of(key), 0, None)
        except S3Error as error:
            if error.code == "NoSuchKey":
                return None
            raise
        try:
            body = answer.read()
        finally:
            answer.close()
            answer.release_conn()
        line, _, tail = body.partition(b"\n")
        version = answer.headers["etag"].strip('"')
        found = cls(client, key, **orjson.loads(line), tail=bytearray(tail), version=version)
        found.known = len(found.etags)
        return found

    @classmethod
    def to_add(cls, client: Client, key: str, offset: int) -> Parts:
        """Those that are recorded, or none yet. Raises Misplaced where there are not `offset` bytes."""
        found = cls.read(client, key) or cls(client, key)
        if found.offset != offset:
            raise Misplaced(found.offset)
        return found

    @property
    def offset(self) -> int:
        """How many bytes there are."""
        return len(self.etags) * PART + len(self.tail)

    def fill(self) -> None:
        """Stores the parts that the tail fills."""
        while len(self.tail) >= PART:
            if not self.upload:
                self.upload = self.client.begin(self.key, {MADE: self.made})
            with memoryview(self.tail) as tail:
                piece = bytes(tail[:PART])
            self.etags.append(self._add(piece))
            del self.tail[:PART]

    def store(self) -> None:
        """The same, and records now and then which there are."""
        self.fill()
        if len(self.etags) >= self.known + RECORDED:
            self.record()

    def record(self) -> None:
        """Replaces the record that was read. Raises Misplaced where another has done so."""
        self.write = uuid4().hex
        line = {"made": self.made, "upload": self.upload, "etags": self.etags, "write": self.write}
        headers = {OFFSET: str(self.offset)} | ({UPLOAD: self.upload} if self.upload else {})
        # Without its quotes, which Ceph 16 would compare too; S3 takes it with and without.
        headers |= {"If-Match": self.version} if self.version else {"If-None-Match": "*"}
        body = b"\n".join((orjson.dumps(line), self.tail))
        try:
            self.version = self.client.store(record_of(self.key), body, headers)
        except S3Error as error:
            if error.code not in LOST:
                raise
            self._lost()
        self.known = len(self.etags)

    def make(self) -> int:
        """Makes the blob of them, unless it is; its size. Raises Missing where parts are not those that were stored."""
        if not self.upload:
            self.client.store(self.key, bytes(self.tail), {MADE: self.made})
        elif not self._is_made():
            try:
                number = len(self.etags) + 1
                last = [self.client.add(self.key, self.upload, number, bytes(self.tail))] if self.tail else []
                self.client.finish(self.key, self.upload, self.etags + last)
            except S3Error as error:
                # Another may have completed it just now, and so may we, where the answer was lost.
                if error.code not in {"NoSuchUpload", "InvalidPart"}:
                    raise
                if not self._is_made():
                    drop(self.client, self.key)
                    raise Missing(self.key) from error
        return self.offset

    def _add(self, piece: bytes) -> str:
        try:
            return self.client.add(self.key, self.upload, len(self.etags) + 1, piece)
        except S3Error as error:
            if error.code != "NoSuchUpload":  # dropped, or completed, since the record was read
                raise
            raise Misplaced(self._now()) from error

    def _is_made(self) -> bool:
        found = self.client.look(self.key)
        return bool(found and found.metadata and found.metadata.get(MADE) == self.made and found.size == self.offset)

    def _lost(self) -> None:
        found = Parts.read(self.client, self.key)
        if found and found.write == self.write:  # ours: it was stored, and its answer lost, before it was tried again
            self.version = found.version
            return
        if self.upload and not (found and found.upload == self.upload):
            self.client.abandon(self.key, self.upload)
        raise Misplaced(found.offset if found else 0)

    def _now(self) -> int:
        found = recorded(self.client, self.key)
        return found[0] if found else 0


def complete(client: Client, key: str) -> int:
    """Makes a blob of the parts that are recorded, unless it is; its size. Raises Missing."""
    parts = Parts.read(client, key)
    if parts is None:
        found = client.look(key)
        if found is None:
            raise Missing(key)
        return found.size or 0
    size = parts.make()
    client.drop(record_of(key))
    return size


def drop(client: Client, key: str) -> None:
    """Drops the parts of a blob, recorded or not."""
    for name, upload in client.uploads(key):
        if name == key:
            client.abandon(key, str(upload.upload_id))
    client.drop(record_of(key))
