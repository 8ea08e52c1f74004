"""Trusted documents: those that clients were built with, by their ids, and whether others may be sent.

In: a manifest, as `hedgerow documents` writes it, or Apollo's and Relay's own tools. Out: the document that a request
names or brings. Refused here: ids that nobody knows (PERSISTED_QUERY_NOT_FOUND), documents that are not those that they
are said to be (BAD_USER_INPUT), and, where only trusted ones are answered, all others (FORBIDDEN). Nothing that a
request brings is ever kept, so that a stranger can neither fill memory nor make a document trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import orjson

from ..schema.errors import Code, Refusal, SetupError
from ..schema.expr import Actor
from .request import Asked

SHA256 = "sha256:"
"""What stands before the hash in a `documentId` that is one."""
APOLLO = "apollo-persisted-query-manifest"
UNKNOWN_HASH = "PersistedQueryNotFound"
"""Apollo's clients for Kotlin and Swift know by this text, and no other, that they are to send the document itself."""
UNTRUSTED = (
    "This server answers trusted documents only, and this is none of them. Collect it with `hedgerow documents` and"
    " serve the new manifest."
)


def digest(document: str) -> str:
    """A document's SHA-256, in hexadecimal."""
    return sha256(document.encode()).hexdigest()


def read_manifest(content: bytes) -> dict[str, str]:
    """Documents by their ids: `{id: document}`, as Relay's compiler, GraphQL Code Generator and Hedgerow write it, or
    the manifest that Apollo's tool writes. SetupError for anything else.
    """
    try:
        given: Any = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise SetupError(f"it is no JSON: {error}") from None
    if isinstance(given, dict) and "operations" in given:
        return _of_apollo(cast("dict[str, Any]", given))
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):  # pyright: ignore[reportUnknownVariableType]
        raise SetupError('it is no object of documents by their ids, {"id": "query …"}, and no manifest of Apollo\'s')
    return cast("dict[str, str]", given)


def _of_apollo(given: dict[str, Any]) -> dict[str, str]:
    if given.get("format") != APOLLO or given.get("version") != 1 or not isinstance(given["operations"], list):
        raise SetupError(f'it is no manifest of the format "{APOLLO}", version 1')
    found: dict[str, str] = {}
    for each in cast("list[Any]", given["operations"]):
        each = cast("dict[str, Any]", each if isinstance(each, dict) else {})
        id, body = each.get("id"), each.get("body")
        if not isinstance(id, str) or not isinstance(body, str):
            raise SetupError("one of its operations has no id or no body")
        if found.setdefault(id, body) != body:
            raise SetupError(f"it has two documents of the id {id}")
    return found


class Trusted:
    """Documents by their ids; `only` where no others are answered."""

    def __init__(self, documents: Mapping[str, str], *, only: bool = False) -> None:
        self._by_id = dict(documents)
        self._by_hash = {digest(document): document for document in documents.values()}
        self._texts = frozenset(documents.values())
        self._only = only

    @property
    def texts(self) -> frozenset[str]:
        """The documents."""
        return self._texts

    @classmethod
    def read(cls, path: str, *, only: bool) -> Trusted:
        """Those of a manifest; none where there is no path. Raises SetupError."""
        if not path:
            if only:
                raise SetupError("HEDGEROW_DOCUMENTS_ONLY is set, and HEDGEROW_DOCUMENTS names no documents.")
            return cls({})
        try:
            return cls(read_manifest(Path(path).read_bytes()), only=only)
        except OSError as error:
            raise SetupError(f"HEDGEROW_DOCUMENTS: {path} can't be read: {error.strerror}.") from None
        except SetupError as error:
            raise SetupError(f"HEDGEROW_DOCUMENTS: {path} can't be used: {error}.") from None

    def asked(self, asked: Asked, actor: Actor) -> Asked:
        """A request with the document that it names. What comes out may go in again, for another actor. Raises
        Refusal.
        """
        if asked.id is None and asked.hash is None:
            self._check(asked.document, actor)
            return asked
        document = self._found(asked)
        if not asked.document:
            if document is None:
                raise _unknown(asked)
        elif document is None:
            self._check(asked.document, actor)
            self._check_hash(asked)
            document = asked.document
        elif document != asked.document:
            message = "query is not the document that the request names. Send one of the two, or the same document."
            raise Refusal.of(Code.BAD_USER_INPUT, message)
        return replace(asked, document=document, id=None, hash=None)

    def _found(self, asked: Asked) -> str | None:
        """The trusted document that a request names. Apollo's clients send what a manifest says in the hash's place."""
        if asked.hash is not None:
            return self._by_id.get(asked.hash) or self._by_hash.get(asked.hash.lower())
        assert asked.id is not None
        found = self._by_id.get(asked.id)
        if found is None and asked.id.startswith(SHA256):
            found = self._by_hash.get(asked.id.removeprefix(SHA256).lower())
        return found

    def _check(self, document: str, actor: Actor) -> None:
        if self._only and document not in self._texts and not actor.superuser:
            raise Refusal.of(Code.FORBIDDEN, UNTRUSTED)

    def _check_hash(self, asked: Asked) -> None:
        """A document that is sent with its hash, as clients do when that was unknown: answered, and not kept."""
        hash = asked.hash
        if asked.id is not None and asked.id.startswith(SHA256):
            hash = asked.id.removeprefix(SHA256)
        if hash is None:
            raise _unknown(asked)
        if digest(asked.document) != hash.lower():
            message = "The SHA-256 that the request names is not that of its query. Hash the query as it is sent."
            raise Refusal.of(Code.BAD_USER_INPUT, message)


def _unknown(asked: Asked) -> Refusal:
    if asked.hash is not None:
        return Refusal.of(Code.PERSISTED_QUERY_NOT_FOUND, UNKNOWN_HASH)
    message = (
        "No document of this id is known here. Send the document itself, or serve a manifest that has it: collect it"
        " with `hedgerow documents`."
    )
    return Refusal.of(Code.PERSISTED_QUERY_NOT_FOUND, message)
