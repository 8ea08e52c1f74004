"""Who is asking: the admin secret, tokens of ours and of others, Modules; nothing bad is ever taken for a
stranger.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from hedgerow import Actor, Backend, Module, Refusal
from hedgerow.schema.errors import Code
from hedgerow.server.callers import Tokens, make_token

from . import world
from .conftest import ADMIN, CLOCK, SECRET, settings
from .test_http import client, code, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = int(CLOCK.timestamp())
PEOPLE = "{ people(orderBy: {id: ASC}) { id email } }"
GOOD: dict[str, Any] = {"sub": "1", "exp": NOW + 60}


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = CLOCK

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@contextlib.asynccontextmanager
async def serving(
    url: str, clock: Any = lambda: CLOCK, modules: Any = (), naming: Any = "camel", **given: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the world's backend."""
    made = settings(url).model_copy(update=given)
    backend = Backend(world.MODELS, modules=modules, naming=naming, settings=made, clock=clock)
    async with backend.lifespan(), client(backend) as http:
        yield http


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def world_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_world")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(world_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(world_url) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasura(world_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(world_url, naming="hasura") as made:
        yield made


def b64(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(claims: Any, header: Any = None, secret: str | bytes = SECRET) -> str:
    """A token signed by HMAC with SHA-256, whatever its header and its claims are."""
    message = f"{b64({'alg': 'HS256'} if header is None else header)}.{b64(claims)}"
    key = secret if isinstance(secret, bytes) else secret.encode()
    return f"{message}.{b64(hmac.new(key, message.encode(), hashlib.sha256).digest())}"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def seen(http: httpx2.AsyncClient, headers: Mapping[str, Any], document: str = PEOPLE) -> str:
    """Whose eyes these headers give: stranger, user, admin (or an auditor, who sees as much), or an error's code.

    `user 1` is one who sees its own e-mail address: Ada's.
    """
    answer = await post(http, document, headers)
    found = answer.json()
    if "errors" in found:
        (error, *_) = found["errors"]
        if "Cannot query field" in error["message"]:
            return "stranger"
        assert "data" not in found
        return error["extensions"]["code"]
    (people,) = found["data"].values()
    emails = [each["id"] for each in people if each["email"]]
    return {(): "user", (1, 2, 3, 5): "all"}.get(tuple(emails), f"user {emails[0] if emails else ''}")


# The admin secret

SECRET_HEADERS = [
    ({}, "stranger"),
    ({"x-hedgerow-admin-secret": ADMIN}, "all"),
    ({"X-HEDGEROW-ADMIN-SECRET": ADMIN}, "all"),
    ({"x-hedgerow-admin-secret": "wrong"}, "UNAUTHENTICATED"),
    ({"x-hedgerow-admin-secret": ADMIN[:-1]}, "UNAUTHENTICATED"),
    ({"x-hedgerow-admin-secret": ADMIN + "x"}, "UNAUTHENTICATED"),
    ({"x-hedgerow-admin-secret": ADMIN.upper()}, "UNAUTHENTICATED"),
    ({"x-hedgerow-admin-secret": ""}, "UNAUTHENTICATED"),
    ({"x-hedgerow-admin-secret": "é"}, "UNAUTHENTICATED"),
    ({"x-hedgerow-admin-secret": b"\xff\xfe"}, "UNAUTHENTICATED"),
    ({"x-hedgerow-admin-secret": "x" * 8000}, "UNAUTHENTICATED"),
    ({"x-hedgerow-admin-secret": "wrong", **bearer(signed(GOOD))}, "UNAUTHENTICATED"),
    ({"x-hedgerow-admin-secret": "", **bearer(signed(GOOD))}, "UNAUTHENTICATED"),
]


@pytest.mark.parametrize(("headers", "expected"), SECRET_HEADERS)
async def test_the_admin_secret(http: httpx2.AsyncClient, headers: Any, expected: str) -> None:
    assert await seen(http, headers) == expected


@pytest.mark.parametrize("name", ["x-hedgerow-admin-secret", "x-hasura-admin-secret"])
@pytest.mark.parametrize(("given", "expected"), [(ADMIN, "all"), ("wrong", "UNAUTHENTICATED"), ("", "UNAUTHENTICATED")])
async def test_the_admin_secret_by_either_name(
    hasura: httpx2.AsyncClient, name: str, given: str, expected: str
) -> None:
    assert await seen(hasura, {name: given}, "{ person(order_by: {id: asc}) { id email } }") == expected


async def test_a_secret_that_is_not_ascii(sqlite_world: str) -> None:
    from pydantic import SecretStr

    secret = "ein geheimes Wort für Prüfungen, länger als 32 Bytes"
    async with serving(sqlite_world, admin_secret=SecretStr(secret)) as http:
        assert await seen(http, {"x-hedgerow-admin-secret": secret.encode()}) == "all"
        assert await seen(http, {"x-hedgerow-admin-secret": secret.replace("ü", "u")}) == "UNAUTHENTICATED"


@pytest.mark.parametrize("given", ["", "anything"])
async def test_a_secret_where_none_is_set_is_refused(sqlite_world: str, given: str) -> None:
    async with serving(sqlite_world, admin_secret=None) as http:
        assert await seen(http, {"x-hedgerow-admin-secret": given}) == "UNAUTHENTICATED"


ACTING = [
    ({"role": "anyone"}, "stranger"),
    ({"role": "user"}, "user"),
    ({"role": "user", "claims": '{"id": 1}'}, "user 1"),
    ({"role": "user", "claims": '{"id": "1"}'}, "user 1"),
    ({"role": "user", "claims": '{"id": null}'}, "user"),
    ({"role": "user", "claims": "{}"}, "user"),
    ({"role": "user", "claims": '{"id": 1, "id": 2}'}, "user 2"),
    ({"role": "auditor"}, "all"),
    ({"role": "reviewer auditor"}, "all"),
    ({"role": "reviewer,auditor"}, "all"),
    ({"role": "nobody-knows-it"}, "user"),
    ({"role": "auditor'; DROP TABLE person; --"}, "user"),
    ({"role": "__class__"}, "user"),
    ({"claims": '{"id": 1}'}, "stranger"),
    ({"role": "user", "claims": "{"}, "BAD_USER_INPUT"),
    ({"role": "user", "claims": "[]"}, "BAD_USER_INPUT"),
    ({"role": "user", "claims": "null"}, "BAD_USER_INPUT"),
    ({"role": "user", "claims": '"id"'}, "BAD_USER_INPUT"),
    ({"role": "user", "claims": '{"id": NaN}'}, "BAD_USER_INPUT"),
    ({"role": "user", "claims": '{"id": 1}x'}, "BAD_USER_INPUT"),
    ({"role": "user", "claims": b'{"id": "\xff"}'}, "BAD_USER_INPUT"),
    ({"role": "user", "claims": '{"id": ' + "[" * 2000 + "]" * 2000 + "}"}, "BAD_USER_INPUT"),
    ({"role": "user", "claims": '{"id": "one"}'}, "UNAUTHENTICATED"),
    ({"role": "user", "claims": '{"id": 1.5}'}, "UNAUTHENTICATED"),
    ({"role": "user", "claims": '{"id": true}'}, "UNAUTHENTICATED"),
    ({"role": "user", "claims": '{"id": [1]}'}, "UNAUTHENTICATED"),
    ({"role": "user", "claims": '{"id": {"id": 1}}'}, "UNAUTHENTICATED"),
    ({"role": "user", "claims": '{"id": "1 OR 1=1"}'}, "UNAUTHENTICATED"),
    ({"role": "user", "claims": '{"id": "1\\u0000"}'}, "UNAUTHENTICATED"),
    ({"role": "user", "claims": '{"id": 99999999999999999999}'}, "UNAUTHENTICATED"),
    ({"role": "user", "claims": '{"id": ""}'}, "UNAUTHENTICATED"),
]


@pytest.mark.parametrize(("headers", "expected"), ACTING)
async def test_acting_as_somebody(http: httpx2.AsyncClient, headers: Any, expected: str) -> None:
    acting = {f"x-hedgerow-{name}": value for name, value in headers.items()}
    assert await seen(http, {"x-hedgerow-admin-secret": ADMIN, **acting}) == expected
    assert await seen(http, acting) == "stranger", "without the secret these headers say nothing"
    assert await seen(http, {"x-hedgerow-admin-secret": "wrong", **acting}) == "UNAUTHENTICATED"


HASURA = [
    ({}, "all"),
    ({"x-hasura-role": "user", "x-hasura-user-id": "1"}, "user 1"),
    ({"x-hasura-role": "user", "x-hasura-id": "1"}, "user 1"),
    ({"X-Hasura-Role": "user", "X-Hasura-User-Id": "1"}, "user 1"),
    ({"x-hasura-role": "user", "x-hasura-user-id": "one"}, "UNAUTHENTICATED"),
    ({"x-hasura-role": "user", "x-hasura-user-id": "1; DROP TABLE person"}, "UNAUTHENTICATED"),
    ({"x-hasura-role": "user", "x-hasura-user-id": "9" * 30}, "UNAUTHENTICATED"),
    ({"x-hasura-role": "auditor"}, "all"),
    ({"x-hasura-role": "anyone"}, "stranger"),
    ({"x-hasura-user-id": "1"}, "stranger"),
    ({"x-hasura-role": "admin"}, "all"),
    ({"x-hedgerow-role": "user", "x-hedgerow-claims": '{"id": 1}'}, "user 1"),
]


@pytest.mark.parametrize(("headers", "expected"), HASURA)
async def test_acting_as_somebody_in_hasuras_words(hasura: httpx2.AsyncClient, headers: Any, expected: str) -> None:
    document = "{ person(order_by: {id: asc}) { id email } }"
    assert await seen(hasura, {"x-hasura-admin-secret": ADMIN, **headers}, document) == expected
    assert await seen(hasura, headers, document) == "stranger"


async def test_hasuras_headers_are_nothing_in_the_other_naming(http: httpx2.AsyncClient) -> None:
    headers = {"x-hedgerow-admin-secret": ADMIN, "x-hedgerow-role": "user", "x-hasura-user-id": "1"}
    assert await seen(http, headers) == "user"


@pytest.mark.parametrize(
    ("naming", "headers", "expected"),
    [
        ("camel", {"x-hedgerow-claims": '{"name": "Åsa"}'}, {"name": "Åsa"}),
        ("hasura", {"x-hasura-name": "Åsa", "x-hasura-user-id": "7"}, {"name": "Åsa", "id": 7}),
    ],
)
async def test_claims_in_headers_are_utf8(sqlite_world: str, naming: Any, headers: Any, expected: Any) -> None:
    actors: list[Actor] = []
    backend = Backend(world.MODELS, naming=naming, settings=settings(sqlite_world), clock=lambda: CLOCK)
    async with backend.lifespan(), client(backend) as http:
        graphql = backend._started().graphql  # pyright: ignore[reportPrivateUsage]

        class Watched:
            answer = backend.engine.answer

            def session(self, actor: Actor) -> Any:
                actors.append(actor)
                return backend.engine.session(actor)

        graphql._engine = Watched()  # type: ignore[assignment]
        headers = {"x-hedgerow-admin-secret": ADMIN, "x-hedgerow-role": "user", **headers}
        root = {"camel": "Query", "hasura": "query_root"}[naming]
        assert (await post(http, "{ __typename }", headers)).json() == {"data": {"__typename": root}}
    assert [{**actor.claims} for actor in actors] == [expected]


# Tokens of ours

TOKENS = [
    (GOOD, "user 1"),
    ({**GOOD, "roles": ["auditor"]}, "all"),
    ({**GOOD, "roles": "auditor"}, "all"),
    ({**GOOD, "roles": "reviewer,auditor"}, "all"),
    ({**GOOD, "roles": []}, "user 1"),
    ({**GOOD, "roles": None}, "user 1"),
    ({**GOOD, "roles": ["nobody knows it", "", "'; --", "__class__", "Auditor", "auditor\n"]}, "user 1"),
    ({**GOOD, "roles": ["anyone", "user"]}, "user 1"),
    ({**GOOD, "superuser": True, "admin": True, "role": "auditor"}, "user 1"),
    ({**GOOD, "claims": {"id": 2, "sub": 2}}, "user 1"),
    ({"exp": NOW + 60, "claims": {"id": 1}}, "user"),
    ({**GOOD, "nbf": NOW - 1, "iat": NOW - 1}, "user 1"),
    ({**GOOD, "exp": NOW + 0.5}, "user 1"),
    ({**GOOD, "exp": NOW - 29}, "user 1"),
    ({**GOOD, "exp": NOW - 31}, "UNAUTHENTICATED"),
    ({**GOOD, "exp": 0}, "UNAUTHENTICATED"),
    ({**GOOD, "exp": -1}, "UNAUTHENTICATED"),
    ({**GOOD, "exp": None}, "UNAUTHENTICATED"),
    ({**GOOD, "exp": True}, "UNAUTHENTICATED"),
    ({**GOOD, "exp": str(NOW + 60)}, "UNAUTHENTICATED"),
    ({**GOOD, "exp": [NOW + 60]}, "UNAUTHENTICATED"),
    ({**GOOD, "exp": float("inf")}, "UNAUTHENTICATED"),
    ({**GOOD, "exp": float("nan")}, "UNAUTHENTICATED"),
    ({**GOOD, "exp": 10**400}, "UNAUTHENTICATED"),
    ({"sub": "1"}, "UNAUTHENTICATED"),
    ({**GOOD, "nbf": NOW + 31}, "UNAUTHENTICATED"),
    ({**GOOD, "nbf": "later"}, "UNAUTHENTICATED"),
    ({**GOOD, "iat": NOW + 31}, "UNAUTHENTICATED"),
    ({**GOOD, "roles": 5}, "UNAUTHENTICATED"),
    ({**GOOD, "roles": True}, "UNAUTHENTICATED"),
    ({**GOOD, "roles": {"auditor": True}}, "UNAUTHENTICATED"),
    ({**GOOD, "roles": ["auditor", 1]}, "UNAUTHENTICATED"),
    ({**GOOD, "roles": [["auditor"]]}, "UNAUTHENTICATED"),
    ({**GOOD, "claims": "id"}, "UNAUTHENTICATED"),
    ({**GOOD, "claims": [1]}, "UNAUTHENTICATED"),
    ({**GOOD, "sub": 1}, "UNAUTHENTICATED"),
    ({**GOOD, "sub": True}, "UNAUTHENTICATED"),
    ({**GOOD, "sub": ["1"]}, "UNAUTHENTICATED"),
    ({**GOOD, "sub": "one"}, "UNAUTHENTICATED"),
    ({**GOOD, "sub": ""}, "UNAUTHENTICATED"),
    ({**GOOD, "sub": "1 OR 1=1"}, "UNAUTHENTICATED"),
    ({**GOOD, "sub": "1\0"}, "UNAUTHENTICATED"),
    ({**GOOD, "sub": "٣"}, "UNAUTHENTICATED"),
    ({**GOOD, "sub": "9" * 40}, "UNAUTHENTICATED"),
    ([], "UNAUTHENTICATED"),
    ("claims", "UNAUTHENTICATED"),
    (None, "UNAUTHENTICATED"),
    (b"", "UNAUTHENTICATED"),
    (b"\xff\xfe", "UNAUTHENTICATED"),
    (b"{", "UNAUTHENTICATED"),
    (b"[" * 11_000, "UNAUTHENTICATED"),
    (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "UNAUTHENTICATED"),
]


@pytest.mark.parametrize(("claims", "expected"), TOKENS, ids=[str(claims)[:60] for claims, _ in TOKENS])
async def test_tokens_that_we_signed(http: httpx2.AsyncClient, claims: Any, expected: str) -> None:
    token = signed(claims)
    for _ in range(2):
        assert await seen(http, bearer(token)) == expected
    if isinstance(claims, dict):
        assert await seen(http, bearer(signed(claims, secret="another secret, of 32 bytes or more"))) == (
            "UNAUTHENTICATED"
        )


HEADERS: list[Any] = [
    {"alg": "none"},
    {"alg": "None"},
    {"alg": "hs256"},
    {"alg": "HS384"},
    {"alg": "RS256"},
    {"alg": "ES256"},
    {"alg": "EdDSA"},
    {"alg": None},
    {"alg": 1},
    {"alg": ["HS256"]},
    {"alg": {"HS256": 1}},
    {},
    [],
    "HS256",
    1,
    b"null",
    b"[" * 11_000,
    {"alg": "HS256", "crit": ["exp"], "exp": 1},
    {"alg": "HS256", "crit": ["b64"], "b64": False},
    {"alg": "dir", "enc": "A128CBC-HS256"},
]


@pytest.mark.parametrize("header", HEADERS, ids=[str(header)[:40] for header in HEADERS])
async def test_tokens_with_a_hostile_header(http: httpx2.AsyncClient, header: Any) -> None:
    assert await seen(http, bearer(signed(GOOD, header))) == "UNAUTHENTICATED"
    unsigned = signed(GOOD, header).rpartition(".")[0] + "."
    assert await seen(http, bearer(unsigned)) == "UNAUTHENTICATED"


async def test_a_key_that_a_token_brings_along_counts_for_nothing(http: httpx2.AsyncClient) -> None:
    mine = "a secret of the attacker's, of 32 bytes"
    jwk = {"kty": "oct", "k": b64(mine.encode())}
    for more in ({"jwk": jwk}, {"kid": "../../dev/null"}, {"jku": "http://127.0.0.1:1/"}, {"x5u": "http://127.0.0.1/"}):
        assert await seen(http, bearer(signed(GOOD, {"alg": "HS256", **more}, mine))) == "UNAUTHENTICATED"
        assert await seen(http, bearer(signed(GOOD, {"alg": "HS256", **more}, ""))) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer null",
        "Bearer undefined",
        "Bearer x",
        "Bearer ..",
        "Bearer ...",
        "Bearer a.b.c",
        "Bearer a.b.c.d.e",
        "Bearer é.é.é",
        b"Bearer \xff\xfe",
        "Bearer " + "a" * 20_000,
        "Bearer " + "a." * 4_000,
        "Basic YTpi",
        "Negotiate",
        "Token x",
        "Digest username=x",
        f"Basic {signed(GOOD)}",
        f"{signed(GOOD)}",
        f"Bearer{signed(GOOD)}",
        f"Bearer {signed(GOOD)} x",
        f"Bearer {signed(GOOD)},{signed(GOOD)}",
        f"Bearer {signed(GOOD)[:-1]}",
        f"Bearer {signed(GOOD)}A",
        f"Bearer {signed(GOOD)}=",
        f'Bearer "{signed(GOOD)}"',
        f"Bearer {signed(GOOD).replace('.', '..', 1)}",
    ],
    ids=range(30),
)
async def test_an_authorization_that_is_no_token_of_ours(http: httpx2.AsyncClient, authorization: Any) -> None:
    for document in (PEOPLE, "{ things { id } }", "{ __typename }"):
        answer = await post(http, document, {"authorization": authorization})
        assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert signed(GOOD)[:40] not in answer.text


async def test_the_scheme_may_be_in_small_letters(http: httpx2.AsyncClient) -> None:
    assert await seen(http, {"authorization": f"bearer {signed(GOOD)}"}) == "user 1"


async def test_every_flipped_byte_spoils_a_token(http: httpx2.AsyncClient) -> None:
    token = signed({**GOOD, "roles": ["auditor"]})
    for place in range(0, len(token) - 2, 7):
        other = "A" if token[place] != "A" else "B"
        spoilt = token[:place] + other + token[place + 1 :]
        assert await seen(http, bearer(spoilt)) == "UNAUTHENTICATED"


async def test_a_real_public_key_token_means_nothing_to_a_secret(http: httpx2.AsyncClient) -> None:
    token = jwt.encode({"alg": "ES256"}, GOOD, ECKey.generate_key("P-256"))
    assert await seen(http, bearer(token)) == "UNAUTHENTICATED"


async def test_without_a_key_every_token_is_refused(sqlite_world: str) -> None:
    async with serving(sqlite_world, jwt_secret=None) as http:
        assert await seen(http, bearer(signed(GOOD))) == "UNAUTHENTICATED"
        assert await seen(http, bearer(signed(GOOD, {"alg": "none"}))) == "UNAUTHENTICATED"
        assert await seen(http, {}) == "stranger"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"iss": "https://us.example", "aud": "app"}, "user 1"),
        ({"iss": "https://us.example", "aud": ["other", "app"]}, "user 1"),
        ({"iss": "https://us.example"}, "UNAUTHENTICATED"),
        ({"aud": "app"}, "UNAUTHENTICATED"),
        ({"iss": "https://us.example/", "aud": "app"}, "UNAUTHENTICATED"),
        ({"iss": "https://them.example", "aud": "app"}, "UNAUTHENTICATED"),
        ({"iss": ["https://us.example"], "aud": "app"}, "UNAUTHENTICATED"),
        ({"iss": None, "aud": "app"}, "UNAUTHENTICATED"),
        ({"iss": "https://us.example", "aud": "application"}, "UNAUTHENTICATED"),
        ({"iss": "https://us.example", "aud": []}, "UNAUTHENTICATED"),
        ({"iss": "https://us.example", "aud": {"app": 1}}, "UNAUTHENTICATED"),
        ({"iss": "https://us.example", "aud": 1}, "UNAUTHENTICATED"),
    ],
)
async def test_issuer_and_audience(sqlite_world: str, claims: Any, expected: str) -> None:
    async with serving(sqlite_world, jwt_issuer="https://us.example", jwt_audience="app") as http:
        assert await seen(http, bearer(signed({**GOOD, **claims}))) == expected


NAMESPACE = "https://example.com/jwt/claims"


@pytest.mark.parametrize(
    ("given", "claims", "expected"),
    [
        ({"jwt_id_claim": "user.id"}, {"user": {"id": 1}}, "user 1"),
        ({"jwt_id_claim": "user.id"}, {"user": {"id": "1"}, "user.id": "2"}, "user 2"),
        ({"jwt_id_claim": "user.id"}, {"user": [1]}, "user"),
        ({"jwt_id_claim": "user.id"}, {"user": "x"}, "user"),
        ({"jwt_id_claim": "user.id"}, {"user": {"id": {}}}, "UNAUTHENTICATED"),
        ({"jwt_id_claim": NAMESPACE}, {NAMESPACE: 1}, "user 1"),
        ({"jwt_roles_claim": "realm_access.roles"}, {"realm_access": {"roles": ["auditor"]}}, "all"),
        ({"jwt_roles_claim": "realm_access.roles"}, {"roles": ["auditor"]}, "user 1"),
        ({"jwt_roles_claim": "realm_access.roles"}, {"realm_access": {"roles": {"x": 1}}}, "UNAUTHENTICATED"),
        ({"jwt_roles_claim": NAMESPACE}, {NAMESPACE: ["auditor"]}, "all"),
        ({"jwt_roles_claim": "scope"}, {"scope": "openid auditor"}, "all"),
        ({"jwt_claims_claim": NAMESPACE}, {NAMESPACE: {"team_ids": [1]}}, "user 1"),
        ({"jwt_claims_claim": NAMESPACE}, {NAMESPACE: "x"}, "UNAUTHENTICATED"),
        ({"jwt_leeway": 0}, {"exp": NOW - 1}, "UNAUTHENTICATED"),
        ({"jwt_leeway": 0}, {"exp": NOW + 1}, "user 1"),
    ],
)
async def test_where_claims_stand_is_a_setting(sqlite_world: str, given: Any, claims: Any, expected: str) -> None:
    async with serving(sqlite_world, **given) as http:
        assert await seen(http, bearer(signed({**GOOD, **claims}))) == expected


@pytest.mark.parametrize(
    ("ids", "expected"), [([1], 1), ([1, 2], 2), ([], 0), (None, 0), ([True], None), ("1", None), ([[1]], None)]
)
async def test_other_claims_reach_the_rules(http: httpx2.AsyncClient, ids: Any, expected: int | None) -> None:
    token = signed({"sub": "99", "exp": NOW + 60, "roles": ["planner"], "claims": {"team_ids": ids}})
    answer = await post(http, "{ teams { id } }", bearer(token))
    if expected is None:
        assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
    else:
        assert len(answer.json()["data"]["teams"]) == expected


async def test_a_namespace_object_named_by_a_url(sqlite_world: str) -> None:
    given = {"jwt_roles_claim": "roles", "jwt_claims_claim": NAMESPACE}
    async with serving(sqlite_world, **given) as http:
        token = signed({**GOOD, "sub": "99", "roles": ["planner"], NAMESPACE: {"team_ids": [1, 3]}})
        found = (await post(http, "{ teams { id } }", bearer(token))).json()
        assert [each["id"] for each in found["data"]["teams"]] == [1, 3]


async def test_the_tokens_that_dev_prints(http: httpx2.AsyncClient) -> None:
    token = make_token(SECRET, ["auditor"], {"id": "1", "team_ids": [1]}, datetime.fromtimestamp(NOW + 9, UTC))
    assert await seen(http, bearer(token)) == "all"


async def test_a_token_ends_although_it_was_seen_before(sqlite_world: str) -> None:
    clock = Clock()
    async with serving(sqlite_world, clock=clock) as http:
        headers = bearer(signed({"sub": "1", "exp": NOW + 100}))
        for seconds in (0, 100, 29):
            clock.move(seconds)
            assert await seen(http, headers) == "user 1"
        clock.move(2)
        for _ in range(2):
            assert await seen(http, headers) == "UNAUTHENTICATED"


async def test_a_token_begins(sqlite_world: str) -> None:
    clock = Clock()
    async with serving(sqlite_world, clock=clock) as http:
        headers = bearer(signed({"sub": "1", "exp": NOW + 1000, "nbf": NOW + 100}))
        assert await seen(http, headers) == "UNAUTHENTICATED"
        clock.move(100)
        assert await seen(http, headers) == "user 1"


async def test_tokens_are_not_mixed_up(http: httpx2.AsyncClient) -> None:
    tokens = [signed({"sub": str(number % 3 + 1), "exp": NOW + 60, "jti": str(number)}) for number in range(30)]
    found = await asyncio.gather(*(seen(http, bearer(token)) for token in tokens * 2))
    assert found == [f"user {number % 3 + 1}" for number in range(30)] * 2


# Tokens of others


class Keys:
    """A key server on loopback, which can be told what to say."""

    def __init__(self) -> None:
        self.body: bytes = b""
        self.status = 200
        self.asked = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:
                self.asked += 1
                handler.send_response(self.status)
                if self.status == 302:
                    handler.send_header("location", handler.path)
                handler.send_header("content-length", str(len(self.body)))
                handler.end_headers()
                handler.wfile.write(self.body)

            def log_message(handler, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def tell(self, *keys: Any, more: Any = ()) -> None:
        told = [key.as_dict(private=False) for key in keys]
        self.status, self.body = 200, json.dumps({"keys": [*told, *more]}).encode()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def keys() -> Iterator[Keys]:
    made = Keys()
    try:
        yield made
    finally:
        made.stop()


RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "alg": "ES256"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa"})


def foreign(key: Any, alg: str, claims: Any = GOOD, **header: Any) -> str:
    if "kid" not in header and key.kid:
        header["kid"] = key.kid
    return jwt.encode({"alg": alg, **header}, claims, key, algorithms=[alg])


@pytest.mark.parametrize(
    ("key", "alg"),
    [(RSA, "RS256"), (RSA, "RS512"), (RSA, "PS256"), (EC, "ES256"), (ED, "Ed25519")],
    ids=["RS256", "RS512", "PS256", "ES256", "Ed25519"],
)
async def test_foreign_tokens(sqlite_world: str, keys: Keys, key: Any, alg: str) -> None:
    keys.tell(RSA, EC, ED)
    async with serving(sqlite_world, jwks_url=keys.url) as http:
        token = foreign(key, alg)
        assert await seen(http, bearer(token)) == "user 1"
        assert await seen(http, bearer(foreign(key, alg, {**GOOD, "roles": ["auditor"]}))) == "all"
        assert await seen(http, bearer(foreign(key, alg, {**GOOD, "exp": NOW - 60}))) == "UNAUTHENTICATED"
        assert await seen(http, bearer(token[:-6] + "AAAAAA")) == "UNAUTHENTICATED"
        assert keys.asked == 1


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
async def test_the_older_name_of_ed25519_too(sqlite_world: str, keys: Keys) -> None:
    message = f"{b64({'alg': 'EdDSA', 'kid': 'ed'})}.{b64(GOOD)}"
    token = f"{message}.{b64(ED.private_key.sign(message.encode()))}"
    keys.tell(ED)
    async with serving(sqlite_world, jwks_url=keys.url) as http:
        assert await seen(http, bearer(token)) == "user 1"


async def test_forged_foreign_tokens(sqlite_world: str, keys: Keys) -> None:
    shared = OctKey.import_key({"kty": "oct", "k": b64(SECRET.encode()), "kid": "oct"})
    keys.tell(RSA, EC, ED, more=[{"kty": "oct", "k": b64(SECRET.encode()), "kid": "oct"}])
    pem = RSA.as_pem(private=False)
    async with serving(sqlite_world, jwks_url=keys.url) as http:
        hostile = [
            foreign(OTHER, "RS256"),
            foreign(shared, "HS256"),
            signed(GOOD),
            signed(GOOD, {"alg": "HS256", "kid": "oct"}),
            signed(GOOD, {"alg": "none", "kid": "rsa"}),
            signed(GOOD, {"alg": "none", "kid": "rsa"}).rpartition(".")[0] + ".",
            *(signed(GOOD, {"alg": "HS256", "kid": kid}, key) for kid in ("rsa", "ec") for key in (pem, pem.strip())),
            signed(GOOD, {"alg": "HS256", "kid": "rsa"}, json.dumps(RSA.as_dict(private=False))),
            signed(GOOD, {"alg": "RS256", "kid": "rsa"}, pem),
            signed(GOOD, {"alg": "ES256", "kid": "rsa"}, pem),
            foreign(RSA, "RS256", kid="ec"),
            foreign(RSA, "RS256", kid="ed"),
            foreign(RSA, "RS256", kid="unknown"),
            foreign(OTHER, "RS256", jwk=OTHER.as_dict(private=False)),
            foreign(OTHER, "RS256", jku="http://127.0.0.1:1/"),
            f"{b64({'alg': 'ES256', 'kid': 'ec'})}.{b64(GOOD)}.{b64(bytes(64))}",
            f"{b64({'alg': 'Ed25519', 'kid': 'ed'})}.{b64(GOOD)}.{b64(bytes(64))}",
        ]
        for token in hostile:
            assert await seen(http, bearer(token)) == "UNAUTHENTICATED", token
        assert await seen(http, bearer(foreign(RSA, "RS256"))) == "user 1"


async def test_the_only_key_needs_no_name(sqlite_world: str, keys: Keys) -> None:
    nameless = ECKey.generate_key("P-256")
    keys.tell(nameless)
    async with serving(sqlite_world, jwks_url=keys.url) as http:
        assert await seen(http, bearer(jwt.encode({"alg": "ES256"}, GOOD, nameless))) == "user 1"


async def test_keys_that_we_cannot_read_spoil_no_others(sqlite_world: str, keys: Keys) -> None:
    curve = {"kty": "EC", "crv": "P-1", "x": "AA", "y": "AA", "kid": "curve"}
    strange = [{"kty": "AKP", "kid": "a", "pub": "x"}, {"kid": "none"}, curve, {"kty": "RSA", "kid": "short"}]
    for key in strange:
        keys.tell(RSA, more=[key])
        async with serving(sqlite_world, jwks_url=keys.url) as http:
            assert await seen(http, bearer(foreign(RSA, "RS256"))) == "user 1", key


async def test_a_new_key_is_picked_up(sqlite_world: str, keys: Keys) -> None:
    clock = Clock()
    new = ECKey.generate_key("P-256", {"kid": "new"})
    far = {"sub": "1", "exp": NOW + 100_000}
    keys.tell(EC)
    async with serving(sqlite_world, clock=clock, jwks_url=keys.url) as http:
        assert await seen(http, bearer(foreign(EC, "ES256", far))) == "user 1"
        keys.tell(EC, new)
        clock.move(11)
        assert await seen(http, bearer(foreign(new, "ES256", far))) == "user 1"
        assert keys.asked == 2
        for number in range(20):
            token = foreign(ECKey.generate_key("P-256"), "ES256", kid=f"unknown {number}")
            assert await seen(http, bearer(token)) == "UNAUTHENTICATED"
        assert keys.asked == 2, "unknown names do not make us ask all the time"
        assert await seen(http, bearer(foreign(EC, "ES256", {**far, "jti": "2"}))) == "user 1"


async def test_a_withdrawn_key_ends_its_tokens(sqlite_world: str, keys: Keys) -> None:
    clock = Clock()
    far = {"sub": "1", "exp": NOW + 100_000}
    keys.tell(RSA, EC)
    async with serving(sqlite_world, clock=clock, jwks_url=keys.url) as http:
        known, fresh = foreign(EC, "ES256", far), foreign(EC, "ES256", {**far, "jti": "2"})
        assert await seen(http, bearer(known)) == "user 1"
        keys.tell(RSA)
        clock.move(601)
        assert await seen(http, bearer(fresh)) == "UNAUTHENTICATED"
        assert await seen(http, bearer(known)) == "UNAUTHENTICATED", "seen before, but its key is withdrawn"


NONSENSE = [
    (500, b""),
    (404, b'{"keys": []}'),
    (302, b""),
    (200, b""),
    (200, b"<html>"),
    (200, b"\xff\xfe"),
    (200, b"null"),
    (200, b"[]"),
    (200, b"{}"),
    (200, b'"keys"'),
    (200, b'{"keys": null}'),
    (200, b'{"keys": {}}'),
    (200, b'{"keys": []}'),
    (200, b'{"keys": [1]}'),
    (200, b'{"keys": ["x"]}'),
    (200, b'{"keys": [{}]}'),
    (200, b'{"keys": [{"kty": "RSA"}]}'),
    (200, b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "ec"}]}'),
    (200, b"[" * 100_000),
]


@pytest.mark.parametrize(("status", "body"), NONSENSE, ids=[f"{status} {body[:40]!r}" for status, body in NONSENSE])
async def test_a_key_server_that_talks_nonsense(sqlite_world: str, keys: Keys, status: int, body: bytes) -> None:
    keys.status, keys.body = status, body
    async with serving(sqlite_world, jwks_url=keys.url) as http:
        answer = await post(http, PEOPLE, bearer(foreign(EC, "ES256")))
        assert (answer.status_code, code(answer)) == (503, "UNAVAILABLE")
        keys.tell(EC)
        assert await seen(http, bearer(foreign(EC, "ES256"))) == "user 1"


async def test_a_key_server_that_is_down(sqlite_world: str) -> None:
    clock = Clock()
    keys = Keys()
    try:
        keys.tell(EC)
        far = {"sub": "1", "exp": NOW + 100_000}
        async with serving(sqlite_world, clock=clock, jwks_url=keys.url) as http:
            assert await seen(http, bearer(foreign(EC, "ES256", far))) == "user 1"
            keys.stop()
            clock.move(700)
            assert await seen(http, bearer(foreign(EC, "ES256", {**far, "jti": "2"}))) == "user 1"
        async with serving(sqlite_world, jwks_url=keys.url) as http:
            answer = await post(http, PEOPLE, bearer(foreign(EC, "ES256")))
            assert (answer.status_code, code(answer)) == (503, "UNAVAILABLE")
            assert await seen(http, {}) == "stranger"
            assert await seen(http, {"x-hedgerow-admin-secret": ADMIN}) == "all"
    finally:
        if keys.thread.is_alive():
            keys.stop()


async def test_a_key_server_that_hangs_does_not_queue_callers_up() -> None:
    asked = 0

    async def hang(url: str) -> Any:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.2)
        raise httpx2.ConnectTimeout("no answer")

    tokens = Tokens(settings("sqlite://", jwks_url="http://127.0.0.1:1/"), lambda: CLOCK, fetch=hang)
    calls = (tokens.identify(bearer(foreign(EC, "ES256", {**GOOD, "jti": str(n)}))) for n in range(10))
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(each, Refusal) and each.code is Code.UNAVAILABLE for each in found)
    assert asked == 1, "ten callers asked one after another"


async def test_many_callers_fetch_the_keys_once() -> None:
    asked = 0

    async def fetch(url: str) -> Any:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.02)
        return KeySet([EC]).as_dict(private=False)

    tokens = Tokens(settings("sqlite://", jwks_url="http://127.0.0.1:1/"), lambda: CLOCK, fetch=fetch)
    calls = (tokens.identify(bearer(foreign(EC, "ES256", {**GOOD, "jti": str(n)}))) for n in range(10))
    found = await asyncio.gather(*calls)
    assert asked == 1
    assert all(caller and caller.actor.claims["id"] == "1" for caller in found)


# Modules


class ByKey(Module):
    """A user's own way to say who is asking."""

    name = "by-key"

    async def identify(self, headers: Mapping[str, str]) -> Actor | None:
        match headers.get("x-api-key"):
            case None:
                return None
            case "ada":
                return Actor(frozenset({"anyone", "user"}), {"id": 1})
            case "bare":
                return Actor(frozenset({"user"}), {"id": 1})
            case "unknown role":
                return Actor(frozenset({"user", "nobody-knows-it"}), {"id": 1})
            case "auditor":
                return Actor(frozenset({"user", "auditor"}), {})
            case "fault":
                raise RuntimeError("a secret cause")
            case _:
                raise Refusal.of(Code.UNAUTHENTICATED, "The key is wrong.")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "stranger"),
        ({"x-api-key": "ada"}, "user 1"),
        ({"X-API-Key": "ada"}, "user 1"),
        ({"x-api-key": "bare"}, "user 1"),
        ({"x-api-key": "unknown role"}, "user 1"),
        ({"x-api-key": "auditor"}, "all"),
        ({"x-api-key": "wrong"}, "UNAUTHENTICATED"),
        ({"x-api-key": ""}, "UNAUTHENTICATED"),
        ({"x-api-key": "fault"}, "INTERNAL"),
        ({"x-api-key": "ada", "authorization": "Bearer x"}, "UNAUTHENTICATED"),
        ({"x-api-key": "ada", **bearer(signed({**GOOD, "sub": "2"}))}, "user 2"),
        ({"x-api-key": "wrong", "x-hedgerow-admin-secret": ADMIN}, "all"),
    ],
)
async def test_a_module_is_asked(world_url: str, headers: Any, expected: str) -> None:
    async with serving(world_url, modules=[Module(), ByKey()]) as http:
        answer = await post(http, PEOPLE, headers)
        assert "secret cause" not in answer.text
        assert await seen(http, headers) == expected
