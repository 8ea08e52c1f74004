"""The fields of sessions: how one goes on, where somebody is signed in, and how one ends.

In: refresh tokens and cookies, and callers who are signed in. Out: next tokens, and one's own sessions. A session that
ends because its token was stolen is ended once the mutation is over, though the caller is refused.
"""

from uuid import UUID

import sqlalchemy as sa

from ....schema.errors import Code, Refusal
from ...context import Info
from ..asked import Asked
from ..desk import OVER
from ..fields import AuthSession, SignedIn
from ..part import Part
from ..sessions import Opened, Stolen, hashed
from ..tables import SESSION


class OwnSessions(Part):
    """The fields of a running backend."""

    asking = ("sessions",)
    doing = ("refresh_session", "sign_out", "revoke_session")

    async def refresh_session(self, info: Info, refresh_token: str | None = None) -> SignedIn:
        """The session's next tokens. A refresh token that comes twice ends its session. Where a cookie has the session,
        it is asked without one.
        """
        asked, desk = self.asked(info), self.desk
        if refresh_token is None:
            return await self._by_cookie(asked)
        try:
            found = await desk.sessions.refresh(refresh_token, asked.system, asked.now)
        except Stolen as stolen:
            session, owner = stolen.session, stolen.user

            async def end() -> None:
                await desk.end(asked.apart, SESSION.c.id == session)
                await asked.tell_apart("refresh_token_reused", owner)

            await asked.session.after_end(end)
            raise Refusal.of(Code.UNAUTHENTICATED, OVER) from None
        user = await desk.users.by_id(found[0], asked.system) if found else None
        if found is None or user is None or user["disabled"]:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        return await desk.told(user, found[1], asked)

    async def _by_cookie(self, asked: Asked) -> SignedIn:
        desk = self.desk
        user_id, session = asked.signed_in()
        kept = hashed(desk.cookies.value(asked.exchange.headers) or "")
        by_cookie = sa.and_(SESSION.c.id == session, SESSION.c.cookie == kept)
        if (
            "authorization" in asked.exchange.headers
            or await desk.sessions.use(by_cookie, asked.system, asked.now) is None
        ):
            raise Refusal.of(Code.BAD_USER_INPUT, "Send the refresh token: no cookie has this session.")
        user = await desk.users.by_id(user_id, asked.system)
        if user is None or user["disabled"]:
            raise Refusal.of(Code.UNAUTHENTICATED, OVER)
        return await desk.told(user, Opened(session, None), asked)

    async def sign_out(self, info: Info, everywhere: bool = False) -> bool:
        """Ends this session, or all of yours."""
        asked = self.asked(info)
        user, session = asked.signed_in()
        condition = SESSION.c.user_id == user if everywhere else SESSION.c.id == session
        ended = await self.desk.end(asked.system, condition, asked.session)
        await self.desk.drop_cookie(asked)
        await asked.tell("signed_out", user, "everywhere" if everywhere else "")
        return bool(ended)

    async def revoke_session(self, info: Info, id: UUID) -> bool:
        """Ends one of your sessions; false where you have no such session."""
        asked = self.asked(info)
        user, _ = asked.signed_in()
        condition = sa.and_(SESSION.c.id == id, SESSION.c.user_id == user)
        ended = await self.desk.end(asked.system, condition, asked.session)
        if ended:
            await asked.tell("session_revoked", user)
        return bool(ended)

    async def sessions(self, info: Info) -> list[AuthSession]:
        """Where you are signed in."""
        asked = self.asked(info)
        user, session = asked.signed_in()
        found = await self.desk.sessions.of(user, asked.system, asked.now)
        return [
            AuthSession(
                id=row["id"],
                current=row["id"] == session,
                created_at=row["created_at"],
                used_at=row["used_at"],
                expires_at=row["expires_at"],
                address=row["address"],
                agent=row["agent"],
            )
            for row in found
        ]
