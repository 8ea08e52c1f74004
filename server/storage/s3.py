"""Bytes in a bucket of S3, or of what speaks its protocol: Ceph, MinIO, R2 and others.

In: keys and streams. Out: the same, and presigned requests, by which browsers reach the bucket themselves. What of a
blob is in memory is a part of 8 MiB. Refused here: keys that are none (ValueError). See `s3_parts` for what holds where
two add to one blob. What a process that died has left is an upload in parts, which `start` drops when it is a day old.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import uuid4

from minio.datatypes import Object
from minio.error import S3Error
from urllib3 import BaseHTTPResponse

from ...resolvers.storage.blobs import CHUNK, Blob, Missing, Presigned, Unreachable
from ...schema.errors import SetupError
from .keys import KEY, checked
from .s3_address import Address
from .s3_client import Client, telling
from .s3_parts import PART, Parts, complete, drop, recorded
from .workers import Source, Workers

THREADS = 16
LISTED = 1000
COPIED = 1024 * 1024 * 1024
"""Bytes that S3 copies by one request, so that it answers before our patience ends; it would take 5 GiB."""
LEFTOVER = timedelta(days=1)
"""An upload that was begun so long ago, and is in no record, is of a process that died."""


def _now() -> datetime:
    return datetime.now(UTC)


class S3Blobs:
    """Blobs in a bucket. Presigned requests may live 1 to 604,800 seconds. Whoever is cancelled in the very moment in
    which S3 stores a blob finds it there.
    """

    def __init__(self, address: Address, *, clock: Callable[[], datetime] = _now) -> None:
        self._address = address
        self._client = Client(address, 2 * THREADS)
        secure, host = address.public or (address.secure, address.host)
        self._outside = Client(replace(address, secure=secure, host=host), 1)  # it only signs
        self._clock = clock
        self._workers = Workers(THREADS, "hedgerow-s3", telling)

    async def start(self) -> None:
        """See Blobs. What processes that died have left is dropped."""
        try:
            await self._workers.run(self._start)
        except (Missing, Unreachable) as error:
            raise SetupError(
                f"Files can't be kept in the bucket {self._address.bucket} at {self._address.host}: {error}. Look at"
                " the address of storage, and whether its key may read, write, list and delete there."
            ) from error

    async def stop(self) -> None:
        """See Blobs."""
        await self._workers.stop()
        self._client.close()

    async def probe(self) -> None:
        """See Blobs."""
        await self._workers.run(self._client.reach)

    async def put(self, key: str, data: AsyncIterable[bytes]) -> int:
        """See Blobs."""
        parts = Parts(self._client, checked(key))
        try:
            async for chunk in data:
                parts.tail += chunk
                if len(parts.tail) >= PART:
                    await self._workers.run(parts.fill)
            return await self._workers.run(parts.make)
        except BaseException:
            if parts.upload:
                with suppress(Unreachable):  # it is dropped when it is a day old
                    await self._workers.surely(self._client.abandon, key, parts.upload)
            raise

    async def append(self, key: str, offset: int, data: AsyncIterable[bytes]) -> int:
        """See Blobs, and `s3_parts` for what holds where two add at once."""
        parts = await self._workers.run(Parts.to_add, self._client, checked(key), offset)
        source = Source(data)
        async for chunk in source:
            parts.tail += chunk
            if len(parts.tail) >= PART:
                await source.storing(self._workers.surely(parts.store))
        if parts.version is None or parts.offset != offset:
            await source.storing(self._workers.surely(parts.record))
        if source.broke is not None:
            raise source.broke
        return parts.offset

    async def appended(self, key: str) -> int | None:
        """See Blobs."""
        found = await self._workers.run(recorded, self._client, checked(key))
        return found[0] if found else None

    async def complete(self, key: str) -> int:
        """See Blobs."""
        return await self._workers.run(complete, self._client, checked(key))

    async def get(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes]:
        """See Blobs."""
        answer = _Answer(self._client, checked(key), start, stop)
        try:
            await self._workers.run(answer.open)
            while chunk := await self._workers.run(answer.read):
                yield chunk
        finally:
            answer.close()

    async def stat(self, key: str) -> Blob | None:
        """See Blobs."""
        found = await self._workers.run(self._client.look, checked(key))
        return _blob(key, found) if found else None

    async def delete(self, key: str) -> None:
        """See Blobs."""
        await self._workers.surely(self._delete, checked(key))

    async def copy(self, source: str, target: str) -> int:
        """See Blobs. The bytes don't leave S3."""
        return await self._workers.run(self._copy, checked(source), checked(target))

    async def list(self, prefix: str = "", after: str = "") -> AsyncGenerator[Blob]:
        """See Blobs."""
        objects = self._client.page(prefix, after)
        while page := await self._workers.run(lambda: [*islice(objects, LISTED)]):
            for key, found in page:
                if KEY.fullmatch(key):
                    yield _blob(key, found)

    async def presign_get(self, key: str, seconds: int, *, content_type: str, disposition: str) -> str | None:
        """See Blobs."""
        headers = {"response-content-type": content_type, "response-content-disposition": disposition}
        return self._outside.presigned_get(checked(key), seconds, headers, self._clock())

    async def presign_put(self, key: str, seconds: int, *, size: int, content_type: str) -> Presigned | None:
        """See Blobs. A form: no other request to S3 is held to a size."""
        until = self._clock() + timedelta(seconds=seconds)
        url, fields = self._outside.presigned_post(checked(key), until, size, content_type)
        return Presigned("POST", url, fields=fields)

    def _start(self) -> None:
        if not self._client.is_there():
            raise SetupError(
                f"There is no bucket {self._address.bucket} at {self._address.host}. Make it, or add create=1 to the"
                " address of storage."
            )
        probe = f"{uuid4().hex}.probe"
        self._client.store(probe, b"may be written", {})
        self._client.drop(probe)
        before = self._clock() - LEFTOVER
        for key, upload in self._client.uploads(""):
            if upload.initiated_time and upload.initiated_time < before:
                found = recorded(self._client, key)
                if found is None or found[1] != upload.upload_id:
                    self._client.abandon(key, str(upload.upload_id))

    def _delete(self, key: str) -> None:
        drop(self._client, key)
        self._client.drop(key)

    def _copy(self, source: str, target: str) -> int:
        found = self._client.look(source)
        if found is None:
            raise Missing(source)
        size, etag = found.size or 0, found.etag or ""
        if source == target:
            return size
        if size <= COPIED:
            self._client.copy(source, target)
            return size
        upload = self._client.begin(target, {})
        try:
            ranges = enumerate(range(0, size, COPIED), 1)
            etags = [
                self._client.add_copy(target, upload, number, source, etag, start, min(start + COPIED, size))
                for number, start in ranges
            ]
            self._client.finish(target, upload, etags)
        except BaseException:
            with telling(), suppress(S3Error):
                self._client.abandon(target, upload)
            raise
        return size


class _Answer:
    """An object that is read from S3, from `start` to before `stop`. Closed before its end, it ends its connection."""

    def __init__(self, client: Client, key: str, start: int, stop: int | None) -> None:
        self._client = client
        self._key = key
        self._start = start
        self._stop = stop
        self._response: BaseHTTPResponse | None = None

    def open(self) -> None:
        if self._stop is not None and self._stop <= self._start:
            if self._client.look(self._key) is None:
                raise Missing(self._key)
            return
        try:
            self._response = self._client.open(self._key, self._start, self._stop)
        except S3Error as error:
            if error.code != "InvalidRange":  # there are no bytes from there on
                raise

    def read(self) -> bytes:
        """The next bytes; none where there are no more."""
        return self._response.read(CHUNK) if self._response else b""

    def close(self) -> None:
        if self._response:
            self._response.close()
            self._response.release_conn()


def _blob(key: str, found: Object) -> Blob:
    modified = found.last_modified or datetime.fromtimestamp(0, UTC)
    return Blob(key, found.size or 0, modified.replace(microsecond=0))  # a list tells them, and a HEAD doesn't
