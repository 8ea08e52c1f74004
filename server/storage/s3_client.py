"""What we ask of S3, by the minio client; each of these is one request, or a few, and blocks.

In: keys of blobs, below the address's prefix. Out: what S3 says. `telling` says what its errors mean: Missing, or
Unreachable. Requests are tried a few times where S3 breaks off or is overloaded. Never in an error: the secret.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import quote, urlunsplit
from xml.etree.ElementTree import ParseError

from minio import Minio
from minio.commonconfig import CopySource
from minio.datatypes import Object, Part, PostPolicy, Upload
from minio.error import MinioException, S3Error
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from ...resolvers.storage.blobs import Missing, Unreachable
from .s3_address import Address

PATIENCE = Timeout(connect=5, read=60)
"""Seconds for a connection, and for each wait for bytes of an answer."""
TRIES = 4
BACKOFF = 0.2
"""Seconds before the third try; twice as many before each after it."""
MOST_PARTS = 10_000
"""Of one blob, as S3 has it."""


@contextmanager
def telling() -> Generator[None]:
    """Says what errors of S3 mean."""
    try:
        yield
    except S3Error as error:
        if error.code == "NoSuchKey":
            raise Missing(error.object_name) from error
        raise Unreachable(f"S3 refused: {error.code}: {error.message}") from error
    except (MinioException, HTTPError, OSError, ParseError, ValueError) as error:
        raise Unreachable(f"S3 can't be asked: {type(error).__name__}: {str(error)[:300]}") from error


class Client(Minio):
    """One bucket, below a prefix."""

    def __init__(self, address: Address, connections: int) -> None:
        retry = Retry(
            TRIES - 1,
            redirect=0,
            backoff_factor=BACKOFF,
            status_forcelist=[500, 502, 503, 504],
            allowed_methods=None,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        super().__init__(
            address.host,
            address.key,
            address.secret,
            secure=address.secure,
            region=address.region,
            http_client=PoolManager(timeout=PATIENCE, maxsize=connections, retries=retry),
        )
        self._address = address
        self._bucket = address.bucket

    def close(self) -> None:
        """Closes its connections."""
        self._http.clear()

    def is_there(self) -> bool:
        """Whether there is the bucket; it is made where the address says so."""
        if not self.bucket_exists(self._bucket):
            if not self._address.create:
                return False
            try:
                self.make_bucket(self._bucket)
            except S3Error as error:
                if error.code != "BucketAlreadyOwnedByYou":  # another process was first
                    raise
        return True

    def reach(self) -> None:
        """Asks whether there is the bucket, and no more."""
        if not self.bucket_exists(self._bucket):
            raise Unreachable("the bucket is not there")

    def look(self, key: str) -> Object | None:
        """What S3 knows of an object; `metadata` are its headers."""
        try:
            return self.stat_object(self._bucket, self._name(key))
        except S3Error as error:
            if error.code == "NoSuchKey":
                return None
            raise

    def store(self, key: str, data: bytes, headers: Mapping[str, str]) -> str:
        """Stores an object by one request; its ETag."""
        given = {"Content-Type": "application/octet-stream", **headers}
        return str(self._put_object(self._bucket, self._name(key), data, {**given}).etag)

    def open(self, key: str, start: int, stop: int | None) -> BaseHTTPResponse:
        """An object's bytes, yet to be read."""
        return self.get_object(self._bucket, self._name(key), start, 0 if stop is None else stop - start)

    def drop(self, key: str) -> None:
        """Drops an object, if it is there."""
        self.remove_object(self._bucket, self._name(key))

    def page(self, prefix: str, after: str) -> Iterator[tuple[str, Object]]:
        """The objects whose keys begin so and come after one, in their order, with their keys."""
        begin = self._name(prefix)
        for each in self._list_objects(self._bucket, prefix=begin, start_after=after and self._name(after)):
            yield str(each.object_name)[len(self._address.prefix) :], each

    def copy(self, source: str, target: str) -> None:
        """Stores an object of at most 5 GiB under another key."""
        self.copy_object(self._bucket, self._name(target), CopySource(self._bucket, self._name(source)))

    def begin(self, key: str, headers: Mapping[str, str]) -> str:
        """Begins an upload in parts; its id."""
        return self._create_multipart_upload(self._bucket, self._name(key), dict(headers))

    def add(self, key: str, upload: str, number: int, data: bytes) -> str:
        """Stores a part, instead of what had its number; its ETag."""
        _bounded(number)
        return self._upload_part(self._bucket, self._name(key), data, None, upload, number)

    def add_copy(self, key: str, upload: str, number: int, source: str, etag: str, start: int, stop: int) -> str:
        """Stores a part that is a range of an object that is there, while it has that ETag; the part's ETag."""
        _bounded(number)
        headers = {
            "x-amz-copy-source": quote(f"/{self._bucket}/{self._name(source)}"),
            "x-amz-copy-source-range": f"bytes={start}-{stop - 1}",
            "x-amz-copy-source-if-match": f'"{etag}"',
        }
        return self._upload_part_copy(self._bucket, self._name(key), upload, number, {**headers})[0]

    def finish(self, key: str, upload: str, etags: list[str]) -> None:
        """Makes an object of parts, in the order of their numbers, where each has its ETag."""
        parts = [Part(number, etag) for number, etag in enumerate(etags, 1)]
        done = self._complete_multipart_upload(self._bucket, self._name(key), upload, parts)
        if not done.bucket_name:  # an error: S3 may find out that it fails after it has begun to answer 200
            raise Unreachable("S3 didn't make one object of the parts")

    def abandon(self, key: str, upload: str) -> None:
        """Drops an upload and its parts, if it is there."""
        try:
            self._abort_multipart_upload(self._bucket, self._name(key), upload)
        except S3Error as error:
            if error.code != "NoSuchUpload":
                raise

    def uploads(self, prefix: str) -> Iterator[tuple[str, Upload]]:
        """The uploads in parts that are begun and not finished, of keys that begin so, with the keys."""
        marker: str | None = None
        while True:
            found = self._list_multipart_uploads(self._bucket, prefix=self._name(prefix), key_marker=marker)
            for each in found.uploads:
                yield each.object_name[len(self._address.prefix) :], each
            if not found.is_truncated or found.next_key_marker == marker:
                return
            marker = found.next_key_marker

    def presigned_get(self, key: str, seconds: int, headers: Mapping[str, str], at: datetime) -> str:
        """A URL at which an object can be had; no request is made."""
        return self.get_presigned_url(
            "GET",
            self._bucket,
            self._name(key),
            timedelta(seconds=seconds),
            response_headers={**headers},
            request_date=at,
        )

    def presigned_post(self, key: str, until: datetime, size: int, content_type: str) -> tuple[str, dict[str, str]]:
        """Where a form may be posted to that stores an object, and its fields; no request is made."""
        policy = PostPolicy(self._bucket, until)
        fields = {"key": self._name(key), "Content-Type": content_type}
        for name, value in fields.items():
            policy.add_equals_condition(name, value)
        policy.add_content_length_range_condition(size, size)
        url = self._base_url.build(method="POST", region=self._address.region, bucket_name=self._bucket)
        return urlunsplit(url), {**fields, **self.presigned_post_policy(policy)}

    def _name(self, key: str) -> str:
        return self._address.prefix + key


def _bounded(number: int) -> None:
    if number > MOST_PARTS:
        raise Unreachable(f"a blob on S3 has at most {MOST_PARTS} parts, and this one has no room for more")
