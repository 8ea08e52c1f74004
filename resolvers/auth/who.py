"""Who is asking: whoever shows an access token, an API key or a session's cookie.

In: headers. Out: Actors, and until when that is known. Refused here (UNAUTHENTICATED): what does not hold. A cookie is
the exception: it comes along unasked, with what signs in anew too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from ...schema.errors import Code, Refusal
from ...schema.expr import Actor
from ...schema.module import Caller
from . import api_keys
from .asked import SESSION_CLAIM
from .desk import OVER, Desk
from .known import ByCookie, ByKey, ByToken, Shown
from .options import Lifetimes
from .sessions import hashed
from .tables import SESSION

KEY = "x-api-key"
USED_SELDOM = 30
"""A cookie's session is said to be used when this part of the time that it may rest has gone by."""


class Who:
    """Of a running backend; `leeway` is by how much clocks may differ."""

    def __init__(self, desk: Desk, times: Lifetimes, leeway: timedelta) -> None:
        self._desk = desk
        self._times = times
        self._leeway = leeway

    async def identify(self, headers: Mapping[str, str]) -> Caller | None:
        """See `Module`."""
        if "authorization" in headers:
            return await self._by_token(headers["authorization"])
        return await self._by_key(headers[KEY]) if KEY in headers else await self._by_cookie(headers)

    async def _by_token(self, authorization: str) -> Caller | None:
        scheme, _, token = authorization.partition(" ")
        token, now = token.strip(), self._desk.clock()
        if scheme.lower() != "bearer" or not self._desk.keys.ours(token):
            return None
        access = self._desk.keys.read(token, now, self._leeway)
        if access is None:
            raise Refusal.of(Code.UNAUTHENTICATED, "The access token is not valid now. Refresh the session.")
        actor = await self._desk.known.actor(ByToken(access.session, access.user), now)
        if actor is None:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        return Caller(actor, access.until + self._leeway)

    async def _by_key(self, key: str) -> Caller:
        now = self._desk.clock()
        actor = await self._desk.known.actor(ByKey(hashed(key)), now)
        if actor is None:
            raise Refusal.of(Code.UNAUTHENTICATED, "This API key does not hold, or no more.")
        return Caller(actor, now + self._times.access)

    async def _by_cookie(self, headers: Mapping[str, str]) -> Caller | None:
        cookie, now = self._desk.cookies.value(headers), self._desk.clock()
        actor = await self._desk.known.actor(ByCookie(hashed(cookie)), now) if cookie else None
        if actor is None:  # a cookie that is over comes along unasked, with what signs in anew too
            return None
        self._desk.cookies.check(headers)
        return Caller(actor, now + self._times.access)

    async def facts(self, shown: Shown) -> Actor | None:
        """Who shows something; a cookie's session goes on by being used."""
        system, now = self._desk.host.session(Actor(superuser=True)), self._desk.clock()
        match shown:
            case ByKey(hash):
                return await api_keys.actor(hash, self._desk.users, system, now)
            case ByCookie(hash):
                session = SESSION.c.cookie == hash
            case ByToken(id, user):
                session = sa.and_(SESSION.c.id == id, SESSION.c.user_id == user)
        found = await self._desk.users.in_session(session, system, now)
        if found is None:
            return None
        user, id, used_at = found
        if isinstance(shown, ByCookie) and now - used_at > self._times.idle / USED_SELDOM:
            await self._desk.sessions.use(session, system, now)
        actor = await self._desk.users.actor(user, system)
        return Actor(actor.roles, {**actor.claims, SESSION_CLAIM: str(id)})
