"""The address of a bucket: `s3://key:secret@host:port/bucket/prefix?region=us-east-1&public=https://files.example.com`.

In: an address; key and secret percent-encoded, `secure=0` for HTTP, `create=1` to make a bucket that is not there, and
as `public` the origin at which browsers reach the same host. Out: its parts. Refused here: what is none (SetupError,
which never repeats it: it has a secret).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from ...schema.errors import SetupError
from .keys import KEY

FORM = (
    "Write it as s3://key:secret@host:port/bucket, with key and secret percent-encoded;"
    " ?secure=0, region=, public= and create=1 may follow."
)
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
HOST = re.compile(r"(?:[a-z0-9][a-z0-9.-]*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
FLAGS = {"0": False, "1": True}
OPTIONS = frozenset({"secure", "region", "public", "create"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a bucket is, and who we are there. `public` is the scheme and host that browsers reach; `prefix` is "", or
    ends with a slash.
    """

    host: str
    bucket: str
    key: str
    secret: str = field(repr=False)
    prefix: str = ""
    secure: bool = True
    region: str = "us-east-1"
    public: tuple[bool, str] | None = None
    create: bool = False

    @classmethod
    def of(cls, url: str) -> Address:
        """The parts of an address. Raises SetupError."""
        try:
            parts = urlsplit(url)
            options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise _refused("can't be read") from None
        who, _, host = parts.netloc.rpartition("@")
        key, _, secret = who.partition(":")
        bucket, _, prefix = parts.path.strip("/").partition("/")
        given = dict(options)
        if not key or not secret:
            raise _refused("has no key or no secret")
        if not HOST.fullmatch(host):
            raise _refused("has no host, or one that is none")
        if not BUCKET.fullmatch(bucket):
            raise _refused("has no bucket, or one that is none")
        if prefix and not KEY.fullmatch(prefix):
            raise _refused("has a prefix of other than a-z, 0-9, - and /")
        if parts.fragment or len(given) < len(options) or not OPTIONS.issuperset(given):
            raise _refused(f"has other options than {', '.join(sorted(OPTIONS))}, or one twice")
        region = given.get("region", "us-east-1")
        if not REGION.fullmatch(region):
            raise _refused("has a region that is none")
        return cls(
            host,
            bucket,
            unquote(key),
            unquote(secret),
            prefix and f"{prefix}/",
            _flag(given, "secure", "1"),
            region,
            _public(given["public"]) if "public" in given else None,
            _flag(given, "create", "0"),
        )


def _flag(given: dict[str, str], name: str, default: str) -> bool:
    found = FLAGS.get(given.get(name, default))
    if found is None:
        raise _refused(f"has a {name} that is neither 0 nor 1")
    return found


def _public(given: str) -> tuple[bool, str]:
    scheme, _, host = given.removesuffix("/").partition("://")
    if scheme not in ("http", "https") or not HOST.fullmatch(host):
        raise _refused("has a public that is no origin, such as https://files.example.com")
    return scheme == "https", host


def _refused(what: str) -> SetupError:
    return SetupError(f"The address of storage {what}. {FORM}")
