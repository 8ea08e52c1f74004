"""Passwords: what is taken for one, and how it is kept and checked.

In: what users type, and hashes. Out: argon2id hashes with OWASP's parameters, and whether a password fits one. Hashing
runs in threads of its own that stand back behind the event loop, so many at once and no more, with a bound on how many
wait: a flood of sign-ins costs whoever sends it, not those who read. Hashes of other systems (bcrypt, scrypt,
Firebase's scrypt) are checked where they are imported, and made anew at the first sign-in. Refused here: passwords that
are short, endless or known to everybody, and more at once than can be worked on (RATE_LIMITED).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import functools
import hashlib
import hmac
import os
import sys
import threading
import unicodedata
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from ...schema.errors import Code, Refusal

T = TypeVar("T")

SHORTEST = 8
NICENESS = 10
LONGEST = 256
"""Characters of a password."""
COMMON = frozenset(FREQUENCY_LISTS["passwords"])
AHEAD = 3
"""How many more than can be hashed at once have a turn, so that there is always one to hash."""
BUSY = "Too many are signing in right now. Try again in a moment."
_SCRYPT_MEMORY = 256 * 1024 * 1024


class Passwords:
    """Hashes and checks; `at_once` of them in parallel, while `waiting` may wait at most.

    `memory` is in KiB. OWASP's parameters are 19 MiB, 2 passes and 1 lane.
    """

    def __init__(
        self, *, at_once: int = 1, waiting: int = 100, memory: int = 19_456, passes: int = 2, lanes: int = 1
    ) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
        self._threads = ThreadPoolExecutor(at_once, "hedgerow-password", _stand_back)
        self._most = at_once + waiting
        self._ready = asyncio.Semaphore(at_once + AHEAD)
        self._working = self._turns = 0
        self._nobodys: str | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Whoever signs in waits here for a turn, before anything is asked of the database. Raises RATE_LIMITED where
        as many wait as may.
        """
        if self._turns >= self._most:
            raise Refusal.of(Code.RATE_LIMITED, BUSY)
        self._turns += 1
        try:
            async with self._ready:
                yield
        finally:
            self._turns -= 1

    def stop(self) -> None:
        """Ends the threads, after what they work on."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """What is kept of a password. Raises Refusal RATE_LIMITED."""
        return await self._work(functools.partial(self._hasher.hash, _bytes(password)))

    async def fits(self, password: str, kept: str | None) -> bool:
        """Whether a password is the one that is kept; never where nothing is, in the same time. Raises RATE_LIMITED."""
        return await self._work(functools.partial(self._fits, password, kept))

    def outdated(self, kept: str) -> bool:
        """Whether what is kept was made by another system, or with other parameters than now."""
        try:
            return self._hasher.check_needs_rehash(kept)
        except InvalidHashError:
            return True

    def _fits(self, password: str, kept: str | None) -> bool:
        if kept is None:
            if self._nobodys is None:
                self._nobodys = self._hasher.hash(b"nobody's")
            self._verified(self._nobodys, password)
            return False
        scheme = kept.split("$")[1] if kept.startswith("$") else ""
        try:
            if scheme.startswith("argon2"):
                return self._verified(kept, password)
            if scheme in ("2a", "2b", "2y"):
                return bcrypt.checkpw(_bytes(password)[:72], kept.encode())
            if scheme == "scrypt":
                return _scrypt(password, kept)
            if scheme == "fbscrypt":
                return _firebase(password, kept)
        except (ValueError, KeyError, IndexError, binascii.Error):  # a hash that was imported broken fits nothing
            pass
        return False

    def _verified(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _work(self, work: Callable[[], T]) -> T:
        if self._working >= 2 * self._most:  # those that have a turn, and as many others
            raise Refusal.of(Code.RATE_LIMITED, BUSY)
        self._working += 1
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(self._done)
        return await asyncio.shield(running)

    def _done(self, running: asyncio.Future[Any]) -> None:
        self._working -= 1
        if not running.cancelled():
            running.exception()


def _stand_back() -> None:
    """Lets the event loop go first where both want a core, where the system has priorities of threads."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def fault(password: str, *known: str | None) -> str | None:
    """Why a password is not taken; None where it is. `known` is what is known of its owner, such as their address."""
    if len(password) < SHORTEST:
        return f"The password is shorter than {SHORTEST} characters. Use a longer one."
    if len(password) > LONGEST:
        return f"The password is longer than {LONGEST} characters. Use a shorter one."
    lower = password.lower()
    if lower in COMMON or len(set(lower)) < 3:
        return "The password is among those that everybody tries first. Use another one."
    if any(lower in (each, each.partition("@")[0]) for each in (text.lower() for text in known if text)):
        return "The password is the e-mail address. Use another one."
    return None


def importable(kept: str) -> bool:
    """Whether a hash of another system is of a form that is checked here."""
    return kept.split("$")[1] in ("argon2id", "2a", "2b", "2y", "scrypt", "fbscrypt") if kept.startswith("$") else False


def _bytes(password: str) -> bytes:
    """One spelling for all that look the same, since keyboards differ."""
    return unicodedata.normalize("NFKC", password).encode()


def _scrypt(password: str, kept: str) -> bool:
    """`$scrypt$ln=14,r=8,p=1$salt$hash`, as passlib and others write it."""
    _, _, options, salt, wanted = kept.split("$")
    given = dict(each.split("=") for each in options.split(","))
    wanted_bytes = _base64(wanted)
    found = hashlib.scrypt(
        _bytes(password),
        salt=_base64(salt),
        n=2 ** min(int(given["ln"]), 20),
        r=int(given["r"]),
        p=int(given["p"]),
        maxmem=_SCRYPT_MEMORY,
        dklen=len(wanted_bytes),
    )
    return hmac.compare_digest(found, wanted_bytes)


def _firebase(password: str, kept: str) -> bool:
    """`$fbscrypt$v=1,n=14,r=8,p=1,ss=<salt separator>,sk=<signer key>$salt$hash`: Firebase's own, as GoTrue writes it.

    The key that scrypt derives encrypts the project's signer key; the outcome is what Firebase exports as the hash.
    """
    _, _, options, salt, wanted = kept.split("$")
    given = dict(each.split("=", 1) for each in options.split(","))
    derived = hashlib.scrypt(
        password.encode(),
        salt=_base64(salt) + _base64(given["ss"]),
        n=2 ** min(int(given["n"]), 20),
        r=int(given["r"]),
        p=int(given["p"]),
        maxmem=_SCRYPT_MEMORY,
        dklen=64,
    )
    encryptor = Cipher(algorithms.AES(derived[:32]), modes.CTR(bytes(16))).encryptor()
    found = encryptor.update(_base64(given["sk"])) + encryptor.finalize()
    return hmac.compare_digest(found, _base64(wanted))


def _base64(text: str) -> bytes:
    """Either alphabet, padded or not."""
    text = text.replace("-", "+").replace("_", "/").replace(".", "+").rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
