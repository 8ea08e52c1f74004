"""The fields of passkeys: to sign in with, without a password or a name, and as a second factor.

In: what `navigator.credentials` gives, and users who prove once more who they are. Out: options for it, and sessions. A
passkey to sign in with is two factors: somebody has its device, and the device knows them. One to be the second factor
need not know anybody. What was begun is finished once, whatever comes of it, and for what it was begun. Refused here,
in the same words whatever is wrong: what proves nothing.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from strawberry.scalars import JSON
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from ....schema.errors import Code, Refusal, SetupError
from ...context import Info
from .. import challenges, factors, passkeys, proving, recovery, ways
from ..asked import Asked
from ..attempts import begin_keys
from ..ceremonies import Ceremonies, Said, host_of, said
from ..challenges import Begun
from ..desk import OVER
from ..fields import AuthPasskey, RegisteredPasskey, SignedIn
from ..part import Part

REGISTER = "register a passkey"
SIGN_IN = "sign in with a passkey"
HOLDS = timedelta(minutes=5)
REFUSED = "This passkey does not let you in. Begin again."


class ByPasskey(Part):
    """The fields of a running backend. `app` is what the developer's is called, `host` what passkeys are for where that
    is not the host that browsers reach the server at.
    """

    asking = ("passkeys",)
    doing = (
        "begin_passkey_registration",
        "register_passkey",
        "begin_passkey_sign_in",
        "sign_in_with_passkey",
        "begin_second_factor_passkey",
        "complete_sign_in_with_passkey",
        "rename_passkey",
        "remove_passkey",
    )

    def __init__(self, app: str, host: str | None) -> None:
        self._app = app
        self._host = host
        self._made: Ceremonies | None = None

    @asynccontextmanager
    async def live(self) -> AsyncGenerator[None]:
        """See `Part`. SetupError where what passkeys are for is no host."""
        if self._host is not None and host_of(f"https://{self._host}") != self._host:
            raise SetupError(f"auth(rp_id={self._host!r}) is no host in small letters, such as example.com.")
        settings = self.desk.host.settings
        host = self._host or host_of(settings.public_url)
        self._made = Ceremonies(host, self._app, sorted(settings.web_origins)) if host else None
        yield

    @property
    def _ceremonies(self) -> Ceremonies:
        if self._made is None:
            raise Refusal.of(Code.UNAVAILABLE, "Passkeys are not set up here: they need HEDGEROW_PUBLIC_URL, a host.")
        return self._made

    # Having them

    async def passkeys(self, info: Info) -> list[AuthPasskey]:
        """Your passkeys."""
        asked = self.asked(info)
        user, _ = asked.signed_in()
        return [_told(row) for row in await passkeys.of(user, asked.system)]

    async def begin_passkey_registration(
        self, info: Info, password: str | None = None, code: str | None = None, second_factor: bool = False
    ) -> JSON:
        """Options for `navigator.credentials.create`; `registerPasskey` follows within five minutes. Prove once more
        who you are. With `secondFactor`, sign-in asks for a second factor from then on, which the passkey is.
        """
        asked = self.asked(info)
        user = await proving.again(self.desk, asked, password, code)
        if second_factor:
            proving.may_have(user)
        rows = await passkeys.of(user["id"], asked.system)
        if len(rows) >= passkeys.MOST:
            raise Refusal.of(Code.BAD_USER_INPUT, f"You have {passkeys.MOST} passkeys already. Remove one first.")
        token, handle = challenges.token(), passkeys.handle(rows)
        name = user["email"] or str(user["id"])
        options = self._ceremonies.creation(token, handle, name, passkeys.known(rows), second_factor=second_factor)
        data = {"handle": bytes_to_base64url(handle), "second_factor": second_factor}
        await challenges.begin(token, REGISTER, data, HOLDS, asked.system, asked.now, user["id"])
        return JSON(options)

    async def register_passkey(self, info: Info, credential: JSON, name: str) -> RegisteredPasskey:
        """A new passkey: what `navigator.credentials.create` gave, as its `toJSON` says it. One that is to be a second
        factor comes with recovery codes, where you have none, and ends all your other sessions.
        """
        asked, desk = self.asked(info), self.desk
        asked.unkept()
        id, _ = asked.signed_in()
        text = _name(name)
        found, begun = await self._begun(asked, credential, REGISTER)
        user = await desk.users.by_id(id, asked.system)
        if user is None:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        second = bool(begun and begun.data["second_factor"])
        made = self._ceremonies.made(credential, found.challenge, verified=not second) if found else None
        if begun is None or begun.user != id or made is None:
            raise Refusal.of(Code.UNAUTHENTICATED, "This is not the passkey that was asked for. Begin again.")
        handle = base64url_to_bytes(begun.data["handle"])
        row = await passkeys.add(id, made, handle, text, asked.system, asked.now, second_factor=second)
        if row is None:
            raise Refusal.of(Code.CONFLICT, "This passkey is somebody's already.")
        await asked.tell("passkey_added", id, text)
        if not second:
            if user["anonymous"]:
                await desk.users.change(id, asked.system, anonymous=False)
            return RegisteredPasskey(passkey=_told(row), recovery_codes=[])
        await proving.end_others(desk, asked)
        there = await recovery.left(id, asked.system)
        codes = [] if there else await recovery.make(id, asked.system)
        return RegisteredPasskey(passkey=_told(row), recovery_codes=codes)

    async def rename_passkey(self, info: Info, id: UUID, name: str) -> bool:
        """Another name for one of your passkeys; false where you have no such passkey."""
        asked = self.asked(info)
        user, _ = asked.signed_in()
        return await passkeys.rename(id, user, _name(name), asked.system)

    async def remove_passkey(self, info: Info, id: UUID, password: str | None = None, code: str | None = None) -> bool:
        """Takes one of your passkeys away; false where you have no such passkey. Prove once more who you are. The last
        way to sign in stays.
        """
        asked = self.asked(info)
        user = await proving.again(self.desk, asked, password, code)
        if not await passkeys.remove(id, user["id"], asked.system):
            return False
        await ways.keep_one(self.desk, asked, user)
        await factors.settle(user["id"], asked.system)
        await asked.tell("passkey_removed", user["id"])
        return True

    # Signing in

    async def begin_passkey_sign_in(self, info: Info) -> JSON:
        """Options for `navigator.credentials.get`; `signInWithPasskey` follows within five minutes."""
        asked, token = self.asked(info), challenges.token()
        await self.desk.count(asked, begin_keys("passkey", asked.address))
        options = self._ceremonies.request(token, [], verified=True)
        await challenges.begin(token, SIGN_IN, {}, HOLDS, asked.system, asked.now)
        return JSON(options)

    async def sign_in_with_passkey(self, info: Info, credential: JSON) -> SignedIn:
        """A new session: by what `navigator.credentials.get` gave, as its `toJSON` says it."""
        asked, desk = self.asked(info), self.desk
        found, begun = await self._begun(asked, credential, SIGN_IN)
        if found is None or begun is None:
            raise Refusal.of(Code.UNAUTHENTICATED, REFUSED)
        row = await passkeys.by_credential(found.credential, asked.system)
        if row is None or found.handle != row["handle"]:
            raise Refusal.of(Code.UNAUTHENTICATED, REFUSED)
        user = await self._by(asked, row, credential, found.challenge, verified=True)
        await asked.tell("signed_in", user["id"], "with a passkey")
        return await desk.open(user, asked, whole=True)

    async def begin_second_factor_passkey(self, info: Info, challenge: str) -> JSON:
        """Options for `navigator.credentials.get`, by the challenge that a sign-in was refused with;
        `completeSignInWithPasskey` follows.
        """
        asked = self.asked(info)
        begun = await challenges.look(challenge, factors.SIGN_IN, asked.apart, asked.now)
        rows = await passkeys.of(begun.user, asked.apart) if begun and begun.user else []
        if not rows:
            raise Refusal.of(Code.UNAUTHENTICATED, "This sign-in is over, or no passkey completes it. Begin again.")
        return JSON(self._ceremonies.request(_of_sign_in(challenge), passkeys.known(rows), verified=False))

    async def complete_sign_in_with_passkey(self, info: Info, challenge: str, credential: JSON) -> SignedIn:
        """A new session, by the challenge that a sign-in was refused with, and what `navigator.credentials.get` gave
        for the options of `beginSecondFactorPasskey`.
        """
        asked, desk = self.asked(info), self.desk
        begun = await challenges.look(challenge, factors.SIGN_IN, asked.apart, asked.now)
        found = said(credential)
        row = await passkeys.by_credential(found.credential, asked.apart) if found else None
        if begun is None or row is None or row["user_id"] != begun.user:
            raise Refusal.of(Code.UNAUTHENTICATED, REFUSED)
        user = await self._by(asked, row, credential, _of_sign_in(challenge), verified=False)
        if await challenges.finish(challenge, factors.SIGN_IN, asked.system, asked.now) is None:
            raise Refusal.of(Code.UNAUTHENTICATED, REFUSED)  # another finished it at the same time
        await asked.tell("signed_in", user["id"], "with a passkey as the second factor")
        return await desk.open(user, asked, whole=True)

    # What they are made of

    async def _begun(self, asked: Asked, answer: Any, purpose: str) -> tuple[Said | None, Begun | None]:
        """What an answer says, and what it answers, which holds no more then."""
        found = said(answer)
        if found is None:
            return None, None

        async def end() -> None:
            await challenges.finish(found.challenge, purpose, asked.apart, asked.now)

        await asked.session.after_end(end)
        return found, await challenges.finish(found.challenge, purpose, asked.system, asked.now)

    async def _by(self, asked: Asked, row: sa.RowMapping, answer: Any, challenge: str, *, verified: bool) -> Any:
        """The user whose passkey answered a challenge. Raises UNAUTHENTICATED."""
        user = await self.desk.users.by_id(row["user_id"], asked.system)
        count = self._ceremonies.used(answer, challenge, row["public_key"], verified=verified)
        if user is None or user["disabled"] or count is None:
            refused = "passkey_refused"
        elif not await passkeys.use(row["id"], count, asked.system, asked.now):
            refused = "passkey_cloned"
        else:
            return user
        await asked.session.after_end(lambda: asked.tell_apart(refused, row["user_id"], row["name"]))
        raise Refusal.of(Code.UNAUTHENTICATED, REFUSED)


def _of_sign_in(challenge: str) -> str:
    """What a passkey answers that completes a sign-in: made of that one's challenge, so it is good for no other."""
    return bytes_to_base64url(sha256(f"second factor\0{challenge}".encode()).digest())


def _name(text: str) -> str:
    """A passkey's name. Raises BAD_USER_INPUT."""
    kept = " ".join(text.split())
    if not kept or len(kept) > passkeys.LONGEST_NAME:
        raise Refusal.of(Code.BAD_USER_INPUT, f"A passkey's name has 1 to {passkeys.LONGEST_NAME} characters.")
    return kept


def _told(row: Any) -> AuthPasskey:
    names = ("id", "name", "second_factor", "synced", "created_at", "used_at")
    return AuthPasskey(**{name: row[name] for name in names})
