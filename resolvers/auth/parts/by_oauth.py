"""The fields of sign-in at providers, by OAuth 2 and OpenID Connect.

In: where to come back to, and what a browser came back with. Out: sessions, and identities of users. A provider is
asked before anything is written, or between two transactions. Who somebody is, is the provider's subject; an e-mail
address leads to an account only where the provider gives out such addresses and the account's own is confirmed. Refused
here: who did not begin what they finish, and addresses of accounts that are somebody else's to prove.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ....schema.errors import Code, Refusal
from ....schema.expr import Actor
from ...context import Info
from ...database import Broken
from ...exchange import Exchange
from ...session import Session
from .. import challenges, flows, identities, proving, ways
from ..asked import Asked, user_of
from ..attempts import begin_keys
from ..desk import OVER
from ..fields import AuthIdentity, SignedIn
from ..flows import Handed, Kept
from ..host_cookie import HostCookie
from ..part import Part
from ..providers import Answer, Failed, Person, Provider, Trouble
from ..redirects import checked, of_web, with_parameters
from ..tables import IDENTITY
from ..users import address

GONE = "This sign-in does not hold any more, or was begun elsewhere. Begin it again."
TAKEN = "There is an account with this e-mail address already. Sign in to it, and link this identity there."
FIRST = "oauthUrl asks a provider: put it before what writes in the same mutation, and send no Idempotency-Key."
OTHERS = "Another account signs in with this identity already."
CALLBACK = "/auth/callback/"


@dataclass(frozen=True, slots=True)
class Returned:
    """Where a browser that came back goes on to; `failure` says why nobody came with it."""

    url: str
    failure: Failed | None = None


class ByOAuth(Part):
    """The fields of a running backend. `providers`, `origins` and `public_url` are there while it runs."""

    asking = ("identities",)
    doing = (
        "oauth_url",
        "sign_in_with_o_auth",
        "link_identity",
        "unlink_identity",
    )  # which GraphQL spells signInWithOAuth
    providers: Mapping[str, Provider]
    origins: Collection[str]
    public_url: str

    async def sweep(self, system: Session, now: datetime) -> None:
        """See `Part`."""
        await identities.sweep(self.desk.users.column("id"), system)

    async def oauth_url(self, info: Info, provider: str, redirect_to: str, challenge: str | None = None) -> str:
        """Where to send the browser, to sign in at a provider. It comes back to `redirectTo`, with `code` and `state`,
        or with `error`. A cookie of the browser says who began it; where there is none, `challenge` is the SHA-256
        (base64url) of a random verifier that you keep and send with them.
        """
        asked, exchange = self.asked(info), info.context.exchange
        if asked.kept or asked.session.writes:  # a transaction would wait for the provider
            raise Refusal.of(Code.BAD_USER_INPUT, FIRST)
        other = self.providers.get(provider)
        if other is None:
            raise Refusal.of(Code.BAD_USER_INPUT, f"There is no such provider, but {', '.join(self.providers)}.")
        back = checked(redirect_to, self.origins)
        await self.desk.count(asked, begin_keys("oauth", asked.address))
        if challenge is not None:
            binding = flows.bound(challenge)
        elif of_web(back):
            binding = flows.bound_by_cookie(self._keep_secret(exchange))
        else:
            message = "An app is no browser with cookies: keep a random verifier, and give its challenge."
            raise Refusal.of(Code.BAD_USER_INPUT, message)
        state = challenges.token()
        nonce, verifier = flows.new_secret(), flows.new_secret()
        kept = Kept(provider, back, nonce, verifier, binding.challenge, binding.by_cookie)
        try:
            url = await other.url(kept.flow(self.redirect_uri(provider), state))
        except Failed as failure:
            raise Refusal.of(Code.UNAVAILABLE, f"{provider} can't be reached right now. Try again.") from failure
        user = user_of(asked.session.actor.claims)

        async def begin() -> None:
            await flows.begin(kept, user, self.desk.sealing, asked.apart, asked.now, state)

        await asked.session.after_commit(begin)
        return url

    async def sign_in_with_o_auth(self, info: Info, code: str, state: str, verifier: str | None = None) -> SignedIn:
        """A new session, by the code and state with which the browser came back. A new identity has a new account."""
        asked, desk = self.asked(info), self.desk
        handed, _ = await self._taken(info, asked, code, state, verifier)
        user = await self._user(asked, handed.provider, handed.who)
        return await desk.open(user, asked)

    async def link_identity(
        self,
        info: Info,
        code: str,
        state: str,
        verifier: str | None = None,
        password: str | None = None,
        app_code: str | None = None,
    ) -> AuthIdentity:
        """Makes an identity yours, to sign in with, by the code and state of what you began while signed in. Prove that
        it is you: by your password, or a code of your app.
        """
        asked, users = self.asked(info), self.desk.users
        id = (await proving.again(self.desk, asked, password, app_code))["id"]
        handed, began = await self._taken(info, asked, code, state, verifier)
        if began != id:
            raise Refusal.of(Code.FORBIDDEN, "You did not begin this signed in as you are now. Begin it again.")
        provider, person = handed.provider, handed.who
        user = await users.by_id(id, asked.system)
        if user is None:
            raise Refusal.of(Code.UNAUTHENTICATED, GONE)
        found = await self._identity(asked, provider, person)
        if found is not None and found["user_id"] != id:
            raise Refusal.of(Code.CONFLICT, OTHERS)
        if found is not None:
            await identities.used(found["id"], person, asked.system, asked.now)
        else:
            await self._add(asked, id, provider, person)
        if user["anonymous"]:
            email = _email(person)
            free = email if email and not await users.by_email(email, asked.system) else None
            proved = {"email": free, "email_verified": True} if free and user["email"] is None else {}
            await users.change(id, asked.system, anonymous=False, **proved)
            await asked.session.after_commit(self.desk.forget)
        row = await identities.find(provider, person.subject, asked.system)
        assert row, "it was written in this transaction"
        return _shown(row)

    async def unlink_identity(self, info: Info, id: UUID) -> bool:
        """An identity is yours no more; false where you have no such one."""
        asked = self.asked(info)
        user, _ = asked.signed_in()
        mine = await identities.of(user, asked.system, held=True)
        if id not in [row["id"] for row in mine]:
            return False
        account = await self.desk.users.by_id(user, asked.system)
        if account is None:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        await identities.remove(asked.system, IDENTITY.c.id == id)
        await ways.keep_one(self.desk, asked, account)
        await asked.tell("identity_unlinked", user, next(row["provider"] for row in mine if row["id"] == id))
        return True

    async def identities(self, info: Info) -> list[AuthIdentity]:
        """Who you are at providers."""
        asked = self.asked(info)
        user, _ = asked.signed_in()
        return [_shown(row) for row in await identities.of(user, asked.system)]

    # The browser comes back

    def redirect_uri(self, provider: str) -> str:
        """Where providers send browsers back to: to each its own, so that none answers for another."""
        return f"{self.public_url}{CALLBACK}{provider}"

    async def returned(self, provider: str, state: str, answer: Answer, cookies: str) -> Returned | None:
        """Takes a provider's answer from a browser, once. None where nobody, or another browser, began it."""
        system, now, sealing = self.desk.host.session(Actor(superuser=True)), self.desk.clock(), self.desk.sealing
        kept = await flows.look(state, sealing, system, now)
        other = self.providers.get(provider)
        if kept is None or other is None or kept.provider != provider:
            return None
        if kept.by_cookie and not kept.binding.fits(flows.secret_in(cookies, self._cookie())):
            return None
        begun = await flows.back(state, system, now)
        if begun is None:
            return None
        try:
            person = await other.person(kept.flow(self.redirect_uri(provider), state), answer)
            code = await flows.hand(kept, person, state, begun.user, sealing, system, now)
        except Failed as failure:
            told = {"error": failure.trouble.value, "state": state}
            failure = None if failure.trouble is Trouble.DENIED else failure
            return Returned(with_parameters(kept.redirect_to, told), failure)
        return Returned(with_parameters(kept.redirect_to, {"code": code, "state": state}))

    # What they are made of

    def _keep_secret(self, exchange: Exchange) -> str:
        """The secret of the browser that asks: one that it has, also of an alias before, else a new one."""
        cookie = self._cookie()
        here = [value.partition(";")[0] for key, value in exchange.reply or () if key == "set-cookie"]
        cookies = next((each for each in here if cookie.values(each)), exchange.headers.get("cookie", ""))
        secret = flows.secret_in(cookies, cookie) or flows.new_secret()
        exchange.answer_with("set-cookie", flows.keeping(secret, cookie))
        return secret

    def _cookie(self) -> HostCookie:
        """What keeps the secret of a browser."""
        return flows.cookie(self.public_url)

    async def _taken(
        self, info: Info, asked: Asked, code: str, state: str, verifier: str | None
    ) -> tuple[Handed, UUID | None]:
        """What a code and a state stand for, for whoever began it."""
        taken = await flows.take(code, state, self.desk.sealing, asked.system, asked.now)
        if taken is None or taken[0].provider not in self.providers:
            raise Refusal.of(Code.UNAUTHENTICATED, GONE)
        cookies = info.context.exchange.headers.get("cookie", "")
        binding = taken[0].binding
        if not binding.fits(flows.secret_in(cookies, self._cookie()) if binding.by_cookie else verifier):
            await self._refused(asked, None, f"{taken[0].provider}: begun elsewhere")
            raise Refusal.of(Code.UNAUTHENTICATED, GONE)
        return taken

    async def _identity(self, asked: Asked, provider: str, person: Person) -> Mapping[str, Any] | None:
        """A person's identity here; what belonged to a user who is gone is nobody's."""
        found = await identities.find(provider, person.subject, asked.system)
        if found is not None and await self.desk.users.by_id(found["user_id"], asked.system) is None:
            await identities.remove(asked.system, IDENTITY.c.id == found["id"])
            return None
        return None if found is None else {str(name): value for name, value in found.items()}

    async def _user(self, asked: Asked, provider: str, person: Person) -> Mapping[str, Any]:
        """The user who signs in as a person: theirs by the identity, or else one that it is made theirs."""
        users = self.desk.users
        found = await self._identity(asked, provider, person)
        if found is not None:
            user = await users.by_id(found["user_id"], asked.system)
            await identities.used(found["id"], person, asked.system, asked.now)
            await self._let_in(asked, user, provider)
        else:
            email = _email(person)
            user = await users.by_email(email, asked.system) if email else None
            if user is not None and not (person.authoritative and user["email_verified"]):
                # Unconfirmed, the account may be of somebody who waits for the address' owner to move in; and a
                # provider that gives out no such addresses may have seen it long ago, when it was another's.
                await self._refused(asked, user["id"], f"{provider}: the address is an account's")
                raise Refusal.of(Code.CONFLICT, TAKEN)
            if user is not None:
                await self._let_in(asked, user, provider)
            else:
                user = await self._new(asked, provider, person, email)
            await self._add(asked, user["id"], provider, person)
        assert user, "found, or made"
        return user

    async def _let_in(self, asked: Asked, user: Mapping[str, Any] | None, provider: str) -> None:
        if user is None or user["disabled"]:
            await self._refused(asked, user["id"] if user else None, f"{provider}: disabled")
            raise Refusal.of(Code.UNAUTHENTICATED, "This account may not sign in.")
        await asked.tell("signed_in", user["id"], f"by {provider}")

    async def _new(self, asked: Asked, provider: str, person: Person, email: str | None) -> Mapping[str, Any]:
        """A new user."""
        if self.desk.sign_up == "invited":
            raise Refusal.of(Code.FORBIDDEN, "Accounts are by invitation here: accept one, then link this identity.")
        said = {**self.providers[provider].columns(person.claims), "email": email, "email_verified": email is not None}
        try:
            user = await self.desk.users.create(said, asked.system)
        except Refusal as refusal:
            if refusal.code is not Code.BAD_USER_INPUT:
                raise
            message = f"{refusal} What {provider} says of a new user becomes columns by the provider's profile=."
            raise Refusal.of(Code.BAD_USER_INPUT, message) from None
        await asked.tell("signed_up", user["id"], f"by {provider}")
        return user

    async def _add(self, asked: Asked, user: UUID, provider: str, person: Person) -> None:
        try:
            await identities.add(user, provider, person, asked.system, asked.now)
        except Broken:  # at the same moment, by another request
            raise Refusal.of(Code.CONFLICT, OTHERS) from None
        await asked.tell("identity_linked", user, provider)

    async def _refused(self, asked: Asked, user: UUID | None, about: str) -> None:
        await asked.session.after_end(lambda: asked.tell_apart("sign_in_refused", user, about))


def _email(person: Person) -> str | None:
    """A person's address, where it is proved to be theirs. Letters beyond ASCII can be made others' small ones."""
    if not (person.verified and person.email and person.email.isascii() and person.email.isprintable()):
        return None
    try:
        return address(person.email)
    except Refusal:
        return None


def _shown(row: Mapping[Any, Any]) -> AuthIdentity:
    return AuthIdentity(
        id=row["id"],
        provider=row["provider"],
        email=row["email"],
        created_at=row["created_at"],
        used_at=row["used_at"],
    )
