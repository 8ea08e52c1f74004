"""Providers of sign-in as they document their answers (tests/providers), by real HTTP, and a browser."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hedgerow import Backend, Code, Settings, auth
from hedgerow.server.auth import ServedAuth
from hedgerow.server.oauth.outside import Outside

from .conftest import ADMINISTRATOR, settings
from .serving import serving
from .signing_in import PASSWORD, Membership, Note, User, fast

SHAPES: Mapping[str, Any] = {
    path.stem: json.loads(path.read_text()) for path in Path(__file__).parent.glob("providers/*.json")
}
HERE = "https://api.example.com"
APP = "https://app.example.com"
BACK = f"{APP}/signed-in"
CLIENT, SECRET = "the-client", "the/secret+of=the client"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
APPLE_KEY = ECKey.generate_key("P-256")
TOKENS = {
    "www.googleapis.com/oauth2/v3/certs": "accounts.google.com",
    "appleid.apple.com/auth/keys": "appleid.apple.com",
    "login.microsoftonline.com/common/discovery/v2.0/keys": "login.microsoftonline.com",
}
URL = """mutation ($provider: String!, $redirectTo: String!, $challenge: String) {
  oauthUrl(provider: $provider, redirectTo: $redirectTo, challenge: $challenge)
}"""
IN = """mutation ($code: String!, $state: String!, $verifier: String) {
  signInWithOAuth(code: $code, state: $state, verifier: $verifier) {
    accessToken refreshToken user { id email emailVerified anonymous }
  }
}"""
LINK = """mutation ($code: String!, $state: String!, $verifier: String, $password: String) {
  linkIdentity(code: $code, state: $state, verifier: $verifier, password: $password) { id provider email }
}"""


class Refused(Exception):
    """What GraphQL answered instead of data."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = Code(error["extensions"]["code"])


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Elsewhere(httpx2.AsyncHTTPTransport):
    """Every host is one on this machine; who is asked stands first in the path."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = f"/{request.url.host}".encode() + request.url.raw_path
        request.url = httpx2.URL(scheme="http", host="127.0.0.1", port=self.port, raw_path=path)
        return await super().handle_async_request(request)


@dataclass
class World:
    """All providers. A test changes what they say: `claims` of the id_token, `sign`, `answers` by
    address, and how a token is `packed`.
    """

    clock: list[datetime]
    claims: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = field(default_factory=list)
    sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
    more: dict[str, str] = field(default_factory=dict)
    packed: Callable[[bytes], Response] = Response

    def __post_init__(self) -> None:
        keys = {"keys": [KEY.as_dict(private=False)]}
        self.answers |= dict.fromkeys(TOKENS, keys)
        self.answers |= {
            "accounts.google.com/.well-known/openid-configuration": SHAPES["google"]["discovery"],
            "appleid.apple.com/.well-known/openid-configuration": SHAPES["apple"]["discovery"],
            "login.microsoftonline.com/common/v2.0/.well-known/openid-configuration": SHAPES["microsoft"]["discovery"],
            "api.github.com/user": SHAPES["github"]["user"],
            "api.github.com/user/emails": SHAPES["github"]["emails"],
            "graph.facebook.com/v25.0/me": SHAPES["facebook"]["user"],
            "api.x.com/2/users/me": SHAPES["x"]["user"],
        }

    @property
    def hosts(self) -> list[str]:
        return [place for place, _, _ in self.asked]

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{host}/{path:path}", self._answer, methods=["GET", "POST"])])

    async def _answer(self, request: Request) -> Response:
        place = f"{request.path_params['host']}/{request.path_params['path']}"
        form = dict(parse_qsl((await request.body()).decode()))
        self.asked.append((place, {**dict(request.query_params), **form}, dict(request.headers)))
        found = self.answers.get(place)
        if isinstance(found, Response):
            return found
        if found is not None:
            return JSONResponse(found)
        return self._token(place, form, request.headers) if request.method == "POST" else Response(status_code=404)

    def _token(self, place: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Response:
        begun = self.codes.pop(form.get("code", ""), None)
        if begun is None or form["redirect_uri"] != begun["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant", "error_description": "Bad code"}, 400)
        if challenge(form.get("code_verifier", "")) != begun.get("code_challenge") and "unbound" not in begun:
            return JSONResponse({"error": "invalid_grant", "error_description": "Bad verifier"}, 400)
        name = begun["provider"]
        if "id_token" not in SHAPES.get(name, {"id_token": {}}):
            return JSONResponse(SHAPES[name]["token"])
        now = int(self.clock[0].timestamp())
        claims = {
            **SHAPES.get(name, {}).get("id_token", {}),
            "iat": now,
            "exp": now + 3600,
            "nonce": begun.get("nonce"),
        }
        claims = {
            key: value for key, value in {**claims, **self.claims}.items() if value is not None and key != "at_hash"
        }
        token = {"access_token": "an-access-token", "token_type": "Bearer", "expires_in": 3599, "scope": "openid"}
        return self.packed(JSONResponse({**token, "id_token": self.sign(claims)}).body)

    def consents(self, url: str, **more: str) -> dict[str, str]:
        """Somebody signs in at the address: what their browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "provider": asked["redirect_uri"].rpartition("/")[2]}
        return {"code": code, "state": asked["state"], **self.more, **more}


@dataclass
class Browser:
    """One that keeps cookies."""

    world: World
    backend: Backend
    client: httpx2.AsyncClient

    async def ask(self, document: str, token: str | None = None, **variables: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await self.client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        found = answer.json()
        if "errors" in found:
            raise Refused(found["errors"][0])
        return next(iter(found["data"].values()))

    async def begin(self, provider: str = "google", to: str = BACK, token: str | None = None, **given: Any) -> str:
        return await self.ask(URL, token, provider=provider, redirectTo=to, **given)

    async def back(self, provider: str = "google", **given: str) -> httpx2.Response:
        return await self.client.get(f"/auth/callback/{provider}", params=given)

    async def come_back(self, provider: str = "google", **given: str) -> dict[str, str]:
        """What the page is told to which the browser comes back."""
        answer = await self.back(provider, **given)
        assert answer.status_code == 303, answer.text
        return told(answer)

    async def through(self, provider: str = "google", token: str | None = None, **given: Any) -> dict[str, str]:
        """From the page to the provider, and back."""
        url = await self.begin(provider, token=token, **given)
        return await self.come_back(provider, **self.world.consents(url))

    async def sign_in(self, provider: str = "google", **given: Any) -> Any:
        return await self.ask(IN, **await self.through(provider, **given))

    async def link(self, token: str, provider: str = "google", password: str | None = PASSWORD) -> Any:
        return await self.ask(LINK, token, password=password, **await self.through(provider, token=token))

    async def sql(self, statement: Any) -> Any:
        return await self.backend.session(ADMINISTRATOR).sql(statement)

    async def events(self) -> list[tuple[str, str]]:
        asking = "{ authEvents(orderBy: {id: ASC}) { kind about } }"
        found = await self.backend.session(ADMINISTRATOR).query(asking)
        return [(event["kind"], event["about"]) for event in found["authEvents"]]

    def another(self) -> Browser:
        """Somebody else's."""
        transport = httpx2.ASGITransport(app=self.backend)
        return Browser(self.world, self.backend, httpx2.AsyncClient(transport=transport, base_url=HERE))

    def later(self, **given: float) -> None:
        self.world.clock[0] += timedelta(**given)


def told(answer: httpx2.Response) -> dict[str, str]:
    """The parameters that a redirect brings to a page."""
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


@contextlib.contextmanager
def world() -> Iterator[tuple[World, Elsewhere]]:
    made = World([datetime(2026, 6, 1, 12, tzinfo=UTC)])
    with serving(made.app()) as port:
        yield made, Elsewhere(port)


def backend(url: str, providers: Any, made: World, way: Any, sign_up: Any = "open", **given: Any) -> Backend:
    own: dict[str, Any] = {"profile": ["name", "city"], "clock": lambda: made.clock[0], "passwords": fast}
    module = auth(providers=providers, sign_up=sign_up, **own)
    assert isinstance(module, ServedAuth)
    if module.providers:
        module.providers.outside = Outside(way)
    chosen: Settings = settings(url, **{"public_url": HERE, "allowed_origins": f"{APP} myapp://callback", **given})
    return Backend([User, Membership, Note], modules=[module], settings=chosen, clock=lambda: made.clock[0])


@contextlib.asynccontextmanager
async def browser(url: str, providers: Any, **given: Any) -> AsyncIterator[Browser]:
    """One, at a backend with those providers; `given` are settings, and who may sign up."""
    with world() as (made, way):
        served = backend(url, providers, made, way, **given)
        async with served.lifespan():
            transport = httpx2.ASGITransport(app=served)
            async with httpx2.AsyncClient(transport=transport, base_url=HERE) as client:
                yield Browser(made, served, client)
