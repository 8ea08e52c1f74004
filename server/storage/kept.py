"""An address → where bytes are kept: a folder, or a bucket, whose library is imported where there is one."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from ...resolvers.storage.blobs import Blobs
from ...schema.errors import SetupError
from .disk import DiskBlobs

EITHER = "Write file:///absolute/path, or s3://key:secret@host:port/bucket."


def blobs_of(url: str) -> Blobs:
    """What keeps bytes at an address. Raises SetupError, which never repeats it: it may have a secret.

    Nothing is opened yet.
    """
    scheme = url.partition(":")[0]
    match scheme:
        case "s3":
            from .s3 import S3Blobs  # noqa: PLC0415
            from .s3_address import Address  # noqa: PLC0415

            return S3Blobs(Address.of(url))
        case "file":
            return DiskBlobs(_path(url))
        case _:
            raise SetupError(f"The address of storage is neither a folder's nor a bucket's. {EITHER}")


def _path(url: str) -> Path:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SetupError(f"The address of storage can't be read. {EITHER}") from None
    path = Path(unquote(parts.path))
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment or not path.is_absolute():
        raise SetupError(f"The address of storage is not that of a folder on this machine. {EITHER}")
    return path
