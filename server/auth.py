"""Sign-in as it is served: the Module, with the routes beside /graphql that others than GraphQL clients ask.

In: what a developer decides. Out: the Module. The logic is `resolvers/auth`; here is what reaches the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ..resolvers.auth.host_cookie import SameSite
from ..resolvers.auth.mails import Mailer, Write
from ..resolvers.auth.module import Auth
from ..resolvers.auth.options import Lifetimes, Options, SigningUp, now
from ..resolvers.auth.passwords import Passwords
from ..resolvers.auth.users import Query
from ..schema.module import Host
from .mail import SMTP, Printed, Unsent
from .oauth.all import Providers
from .oauth.provider import Declared

KEYS_SECONDS = 300
"""For how long others may keep our public keys."""


class ServedAuth(Auth):
    """See `auth`."""

    _mailer: SMTP | Printed | Unsent | None = None
    providers: Providers | None = None

    def routes(self) -> Sequence[Any]:
        """See `Module`."""
        own = [Route("/.well-known/jwks.json", self._jwks), Route("/auth/mails", self._mails)]
        return own + ([self.providers.route()] if self.providers else [])

    def lifespan(self, host: Host) -> AbstractAsyncContextManager[None]:
        """See `Module`. SetupError where mail can't be sent, or providers be asked, as the settings say."""
        settings = host.settings
        if self.providers:
            self.providers.start(settings)
        if settings.smtp_url:
            self._mailer = SMTP(settings.smtp_url.get_secret_value(), settings.mail_from)
        else:
            self._mailer = Printed() if settings.graphiql else Unsent()
        return super().lifespan(host)

    def mailer(self) -> Mailer:
        """See `Auth`."""
        assert self._mailer, "the backend is started"
        return self._mailer

    async def _mails(self, request: Request) -> Response:
        """What was mailed, while developing."""
        if not isinstance(self._mailer, Printed):
            return Response(status_code=404)
        policy = {"content-security-policy": "default-src 'none'", "cache-control": "no-store"}
        return HTMLResponse(self._mailer.page(), headers=policy)

    async def _jwks(self, request: Request) -> Response:
        return JSONResponse(self.public_keys(), headers={"cache-control": f"public, max-age={KEYS_SECONDS}"})


def auth(
    *,
    profile: Sequence[str] = (),
    claims: Mapping[str, Query] | None = None,
    lifetimes: Lifetimes | None = None,
    issuer: str = "hedgerow",
    sign_up: SigningUp = "open",
    anonymous: bool = False,
    admins: str | None = None,
    passwords: Callable[[], Passwords] = Passwords,
    links: Mapping[str, str] | None = None,
    mails: Write | None = None,
    same_site: SameSite = "lax",
    app: str = "Hedgerow",
    rp_id: str | None = None,
    providers: Sequence[Declared] = (),
    clock: Callable[[], datetime] = now,
) -> Auth:
    """Sign-in as fields of the same schema: `Backend(models=[User, ...], modules=[auth()])`.

    Users are rows of the one model that is an `Account`; of a plain one where there is none. `profile` are columns of
    it that new users say themselves. `claims` are more that rules may read of `me`, each by a query for a user's id:
    `claims={"teams": lambda user: select(Membership.team_id).where(Membership.user_id == user)}`; they are lists.

    `sign_up` says how accounts come to be: "open", at once; "confirmed", when a link that is mailed was followed, so
    that nobody learns whether an address has an account; "invited", by an admin's invitation alone. `anonymous` lets
    people in who give nothing yet to sign in with. `admins` is the role of users who administer accounts, beside the
    holder of the admin secret.

    `links` are pages of your app that take the tokens of mails, by what a mail is for ("verify_email",
    "reset_password", "sign_in", "change_email", "sign_up", "invitation"):
    `{"verify_email": "https://app.example.com/verify?token={token}"}`. `mails` gives other words, by purpose and
    locale.

    `issuer` is what access tokens say of who made them. `passwords` makes what hashes, with other parameters, say.
    `same_site` is that of cookies: "none" where your pages are of another site than the server. `app` is what
    authenticator apps and passkeys call yours; `rp_id` is the host, or a domain above it, that passkeys are for, else
    that of HEDGEROW_PUBLIC_URL. `providers` are others who sign people in, of `hedgerow.providers`:
    `[Google(), GitHub(client_id="…", client_secret="…")]`; what is not given here is in settings.
    """
    others = Providers(providers, clock) if providers else None
    served = ServedAuth(
        Options(
            profile=profile,
            claims=claims or {},
            lifetimes=lifetimes or Lifetimes(),
            issuer=issuer,
            sign_up=sign_up,
            anonymous=anonymous,
            admins=admins,
            passwords=passwords,
            links=links or {},
            mails=mails,
            same_site=same_site,
            app=app,
            rp_id=rp_id,
            providers=[each.name for each in providers],
            clock=clock,
        ),
        [others.part] if others else [],
    )
    served.providers = others
    return served
