"""A mutation that is sent again is run once: its first answer is stored in its own transaction, and given again.

In: the `Idempotency-Key` of a request, its caller, and a script. Out: a script that runs the first one only where no
answer is stored. Two at once wait for each other in the database, on the key. Refused here, as BAD_USER_INPUT: keys of
another form, and a key that comes again with another operation. Keys are per caller: an `id`, or else all that is
known of the caller; what is stored are digests of both.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from ...schema.errors import Code, Refusal
from ...schema.expr import Actor
from ...schema.types import BIGINT, INT, TEXT
from ..database import Command, Contended, Script
from ..dialect import Dialect, quote

HEADER = "idempotency-key"
TABLE = "hedgerow_idempotency"
"""Columns: key (the primary key), request and answer (texts), created_at (seconds since 1970)."""
PRUNED_AT_ONCE = 100
_FORM = re.compile(r"[\x21-\x7e]{1,255}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Once:
    """One request that may come again: digests of its key and of what it asks."""

    key: str
    request: str
    seconds: float
    """How long the answer is kept."""

    @classmethod
    def of(
        cls, given: str, actor: Actor, document: str, name: str | None, variables: Mapping[str, Any], seconds: float
    ) -> Once:
        """The Once of a request with this header; Refusal where the header is malformed."""
        if not _FORM.match(given):
            message = "Idempotency-Key must be 1 to 255 visible ASCII characters, best a UUID."
            raise Refusal.of(Code.BAD_USER_INPUT, message)
        caller: Any = ["superuser"] if actor.superuser else ["id", str(actor.id)] if actor.id is not None else None
        if caller is None:
            caller = ["claims", sorted(actor.roles), {name: str(value) for name, value in actor.claims.items()}]
        return cls(_digest([caller, given]), _digest([document, name, variables]), seconds)

    def script(self, script: Script[bytes], dialect: Dialect, now: datetime) -> Script[bytes]:
        """What `script` gives, or gave when it was run for this key."""
        pending = Pending(self, dialect, now)
        stored = yield from pending.begin()
        if stored is not None:
            return stored
        answer = yield from script
        yield from pending.finish(answer)
        return answer

    def again(self, request: str, answer: str) -> bytes:
        """A stored answer, if it is to the same request."""
        if request != self.request:
            message = "This Idempotency-Key was used for another operation. Use a new one for each."
            raise Refusal.of(Code.BAD_USER_INPUT, message)
        return answer.encode()


@dataclass(frozen=True, slots=True)
class Pending:
    """One run of a request that may come again, by two scripts of one transaction."""

    once: Once
    dialect: Dialect
    now: datetime

    def begin(self) -> Script[bytes | None]:
        """The stored answer; None where there is none, and the request is to be carried out."""
        table, moment = quote(TABLE), self._moment()
        text, whole = self._text, self.dialect.parameter(3, BIGINT)
        made = yield Command(
            f"INSERT INTO {table} (key, request, answer, created_at) VALUES ({text(1)}, {text(2)}, '', {whole})"
            " ON CONFLICT (key) DO NOTHING RETURNING created_at",
            [self.once.key, self.once.request, moment],
        )
        if made:
            return None
        kept = f"SELECT request, answer, created_at FROM {table} WHERE key = {text(1)}"
        stored = yield Command(kept + self.dialect.locked(table, key=False), [self.once.key])
        if not stored:  # it was pruned between the two
            raise Contended
        ((request, answer, created_at),) = stored
        return self.once.again(request, answer) if created_at >= moment - self.once.seconds else None

    def finish(self, answer: bytes) -> Script[None]:
        """Stores the answer, and drops some that are too old."""
        table, moment, once = quote(TABLE), self._moment(), self.once
        whole = self.dialect.parameter(3, BIGINT)
        yield Command(
            f"UPDATE {table} SET request = {self._text(1)}, answer = {self._text(2)}, created_at = {whole}"
            f" WHERE key = {self._text(4)}",
            [once.request, answer.decode(), moment, once.key],
        )
        dialect = self.dialect
        old = f"SELECT key FROM {table} WHERE created_at < {dialect.parameter(1, BIGINT)}"
        yield Command(
            f"DELETE FROM {table} WHERE key IN ({old} LIMIT {dialect.parameter(2, INT)}{dialect.skip_locked})",
            [moment - int(once.seconds), PRUNED_AT_ONCE],
        )

    def _moment(self) -> int:
        return int(self.now.astimezone(UTC).timestamp())

    def _text(self, number: int) -> str:
        return self.dialect.parameter(number, TEXT)


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
