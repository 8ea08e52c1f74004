"""Sign-in at providers, over real HTTP: what each says of somebody, whose account that is, and what attackers try."""

import asyncio
import base64
import gzip
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr
from starlette.responses import Response

from hedgerow import Actor, Backend, Code, Refusal, SetupError, auth
from hedgerow.providers import OIDC, Apple, Facebook, GitHub, Google, Microsoft, X
from hedgerow.resolvers.auth.attempts import Bound
from hedgerow.resolvers.auth.flows import COOKIE
from hedgerow.resolvers.auth.providers import Failed
from hedgerow.resolvers.auth.redirects import checked, with_parameters
from hedgerow.resolvers.auth.tables import CHALLENGE, CREDENTIAL, IDENTITY, SESSION
from hedgerow.server.oauth.apple import apple_person
from hedgerow.server.oauth.facebook import facebook_person
from hedgerow.server.oauth.github import github_person
from hedgerow.server.oauth.google import google_person
from hedgerow.server.oauth.microsoft import microsoft_person
from hedgerow.server.oauth.oidc import oidc_person
from hedgerow.server.oauth.outside import MOST_BYTES, safe
from hedgerow.server.oauth.x import x_person
from hedgerow.server.settings import OAuthClient, Settings

from .conftest import settings
from .providing import (
    APP,
    APPLE_KEY,
    BACK,
    CLIENT,
    HERE,
    IN,
    KEY,
    LINK,
    SECRET,
    SHAPES,
    URL,
    Browser,
    Refused,
    browser,
    challenge,
    told,
)
from .signing_in import PASSWORD, UP, User, fast

OWN = {"client_id": CLIENT, "client_secret": SECRET}
PEM = APPLE_KEY.as_pem(private=True).decode()
CORP = "https://corp.example.com/realms/staff"
VERIFIER = "a-verifier-that-the-app-keeps-to-itself-0123456789"


def named(claims: Any) -> dict[str, Any]:
    """Columns of a new user."""
    return {"name": claims.get("name") or "Somebody"}


PROVIDERS = [
    Google(**OWN, profile=named),
    GitHub(**OWN, profile=named),
    Apple(
        client_id=CLIENT,
        client_secret=PEM,
        team_id="TEAM",
        key_id="KEY",
        profile=lambda claims: {"name": claims["user"].get("name", {}).get("firstName", "Somebody")},
    ),
    Facebook(**OWN, profile=named),
    Microsoft(**OWN, profile=named),
    X(**OWN, profile=named),
    OIDC(**OWN, name="corp", issuer=CORP, gives_out=["example.com"], profile=named),
]
DISCOVERY = {
    "issuer": CORP,
    "authorization_endpoint": f"{CORP}/authorize",
    "token_endpoint": f"{CORP}/token",
    "userinfo_endpoint": f"{CORP}/userinfo",
    "jwks_uri": f"{CORP}/keys",
    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    "authorization_response_iss_parameter_supported": True,
}
WELL_KNOWN = "corp.example.com/realms/staff/.well-known/openid-configuration"
NAMES = [provider.name for provider in PROVIDERS]


@pytest.fixture
async def ann(fresh_url: str) -> AsyncIterator[Browser]:
    async with browser(fresh_url, PROVIDERS, graphiql=True) as made:
        made.world.answers[WELL_KNOWN] = DISCOVERY
        made.world.answers["corp.example.com/realms/staff/keys"] = {"keys": [KEY.as_dict(private=False)]}
        yield made


async def refused(asking: Any, code: Code = Code.UNAUTHENTICATED) -> str:
    with pytest.raises(Refused) as caught:
        await asking
    assert caught.value.code is code, caught.value
    return str(caught.value)


async def count(ann: Browser, table: Any) -> int:
    return len((await ann.sql(sa.select(table))).all())


async def up(ann: Browser, email: str, *, verified: bool) -> dict[str, Any]:
    """An account with a password."""
    made = await ann.ask(UP, email=email, password=PASSWORD, profile={"name": "Ann"})
    if verified:
        await ann.sql(sa.update(User.__table__).where(User.email == email).values(email_verified=True))
    return made


# The way of a browser, and what each provider says


@pytest.mark.parametrize(
    ("provider", "email"),
    [
        ("google", "ann@example.com"),
        ("github", "octocat@example.com"),
        ("apple", "8kx4hxm2xq@privaterelay.appleid.com"),
        ("facebook", None),
        ("microsoft", None),
        ("x", None),
    ],
)
async def test_somebody_signs_in_and_again(ann: Browser, provider: str, email: str | None) -> None:
    signed = await ann.sign_in(provider)
    assert signed["user"]["email"] == email
    assert signed["user"]["emailVerified"] is (email is not None)
    assert (await ann.ask("{ me { id } }", signed["accessToken"]))["id"] == signed["user"]["id"]
    ann.later(minutes=1)
    again = await ann.sign_in(provider)
    assert again["user"] == signed["user"]
    assert await ann.events() == [
        ("signed_up", f"by {provider}"),
        ("identity_linked", provider),
        ("signed_in", f"by {provider}"),
    ]
    (kept,) = (await ann.sql(sa.select(IDENTITY))).all()
    assert kept.used_at > kept.created_at
    assert await count(ann, CHALLENGE) == 0


async def test_what_the_profile_makes_of_what_a_provider_says(ann: Browser) -> None:
    url = await ann.begin("apple")
    assert parse_qs(urlsplit(url).query)["response_mode"] == ["form_post"]
    form = ann.world.consents(url, user=json.dumps(SHAPES["apple"]["user"]))
    posted = await ann.client.post("/auth/callback/apple", data=form)
    assert posted.status_code == 303
    came = await ann.client.get(posted.headers["location"])
    signed = await ann.ask(IN, **told(came))
    assert (await ann.ask("{ me { name } }", signed["accessToken"])) == {"name": "Ann"}


async def test_apple_is_shown_a_token_of_our_key(ann: Browser) -> None:
    await ann.sign_in("apple")
    place, form, _ = ann.world.asked[-2]
    assert place == "appleid.apple.com/auth/token"
    claims = jwt.decode(form["client_secret"], APPLE_KEY, algorithms=["ES256"])
    now = int(ann.world.clock[0].timestamp())
    assert claims.header == {"typ": "JWT", "alg": "ES256", "kid": "KEY"}
    assert claims.claims == {
        "iss": "TEAM",
        "iat": now,
        "exp": now + 300,
        "aud": "https://appleid.apple.com",
        "sub": CLIENT,
    }


async def test_who_we_are_is_told_as_each_wants_it(ann: Browser) -> None:
    for provider in ("github", "x", "facebook"):
        await ann.sign_in(provider)
    asked = {place: (given, headers) for place, given, headers in ann.world.asked}
    assert asked["github.com/login/oauth/access_token"][0]["client_secret"] == SECRET
    _, basic = asked["api.x.com/2/oauth2/token"][1]["authorization"].split()
    assert base64.b64decode(basic) == b"the-client:the%2Fsecret%2Bof%3Dthe%20client"
    assert len(asked["graph.facebook.com/v25.0/me"][0]["appsecret_proof"]) == 64
    assert asked["api.github.com/user"][1]["authorization"].startswith("Bearer gho_")


def test_google_people() -> None:
    said = SHAPES["google"]["id_token"]
    person = google_person(said)
    assert (person.subject, person.verified, person.authoritative) == (said["sub"], True, True)
    assert google_person({**said, "email": "a@gmail.com", "hd": None}).authoritative
    assert not google_person({**said, "hd": None}).authoritative  # an address that Google does not give out
    assert not google_person({**said, "email_verified": False}).verified
    assert not google_person({**said, "email_verified": False}).authoritative


def test_apple_people() -> None:
    said = SHAPES["apple"]["id_token"]
    assert (apple_person(said).verified, apple_person(said).authoritative) == (True, True)
    assert not apple_person({**said, "email": "ann@example.com"}).authoritative
    assert not apple_person({**said, "email_verified": "false"}).verified


def test_microsoft_people_have_no_address_but_of_their_organisations_domain() -> None:
    said = SHAPES["microsoft"]["id_token"]
    person = microsoft_person(said)
    assert person.subject == f"{said['tid']}:{said['sub']}"
    assert not person.verified and not person.authoritative
    assert not microsoft_person({**said, "email_verified": True}).verified  # anybody's administrator says so
    for owned in (True, "true", 1, "1"):
        assert microsoft_person({**said, "xms_edov": owned}).authoritative
    for not_owned in (False, "false", 0, "0", None):
        assert not microsoft_person({**said, "xms_edov": not_owned}).verified
    with pytest.raises(Failed):
        microsoft_person({**said, "tid": None})


def test_github_people() -> None:
    user, emails = SHAPES["github"]["user"], SHAPES["github"]["emails"]
    person = github_person(user, emails)
    assert (person.subject, person.email, person.verified) == ("583231", "octocat@example.com", True)
    assert not person.authoritative
    unproved = [{**each, "verified": False} if each["primary"] else each for each in emails]
    assert not github_person(user, unproved).verified  # whatever else is verified
    assert github_person({**user, "email": "shown@example.com"}, []).email is None
    for broken in ({"id": None}, {"id": ""}, {"id": True}, {}, []):
        with pytest.raises(Failed):
            github_person(broken, emails)


def test_facebook_and_x_people_prove_no_address() -> None:
    person = facebook_person(SHAPES["facebook"]["user"])
    assert (person.email, person.verified) == ("ann@example.com", False)
    assert x_person(SHAPES["x"]["user"]).email is None
    for broken in ({}, [], {"data": []}):
        with pytest.raises(Failed):
            x_person(broken)


def test_people_of_other_issuers() -> None:
    said = {"sub": "ann", "email": "ann@Example.com", "email_verified": True}
    assert oidc_person(said, []).verified
    assert not oidc_person(said, []).authoritative
    assert oidc_person(said, ["example.COM"]).authoritative
    assert not oidc_person({**said, "email": "ann@evil.com"}, ["example.com"]).authoritative
    assert not oidc_person({**said, "email_verified": "true"}, ["example.com"]).verified
    for subject in (None, "", "x" * 256, "a\x00b", [], {}):
        with pytest.raises(Failed):
            oidc_person({**said, "sub": subject}, [])


async def test_a_page_without_cookies_keeps_a_verifier(ann: Browser) -> None:
    url = await ann.begin(challenge=challenge(VERIFIER))
    assert not ann.client.cookies
    came = await ann.come_back(**ann.world.consents(url))
    assert await refused(ann.ask(IN, **came))
    assert await refused(ann.ask(IN, **came, verifier="another-verifier-that-is-as-long-as-it-must-be"))
    assert (await ann.ask(IN, **came, verifier=VERIFIER))["user"]["email"] == "ann@example.com"


async def test_an_app_comes_back_to_its_own_scheme(ann: Browser) -> None:
    assert "verifier" in await refused(ann.begin(to="myapp://callback"), Code.BAD_USER_INPUT)
    url = await ann.begin(to="myapp://callback/in?then=home", challenge=challenge(VERIFIER))
    answer = await ann.another().back(**ann.world.consents(url))  # the system's browser
    assert answer.headers["location"].startswith("myapp://callback/in?then=home&code=")
    came = told(answer)
    assert (await ann.ask(IN, code=came["code"], state=came["state"], verifier=VERIFIER))["accessToken"]


@pytest.mark.parametrize("given", ["", "x", "x" * 44, challenge(VERIFIER) + "=", "é" * 43])
async def test_a_challenge_is_a_hash(ann: Browser, given: str) -> None:
    await refused(ann.begin(challenge=given), Code.BAD_USER_INPUT)


async def test_several_addresses_are_asked_for_at_once(ann: Browser) -> None:
    document = "mutation ($to: String!) { %s }"
    fields = " ".join(f'{name}: oauthUrl(provider: "{name}", redirectTo: $to)' for name in ("google", "github"))
    answer = await ann.client.post("/graphql", json={"query": document % fields, "variables": {"to": BACK}})
    urls = answer.json()["data"]
    for name, url in urls.items():
        assert await ann.ask(IN, **await ann.come_back(name, **ann.world.consents(url)))


async def test_no_transaction_waits_for_a_provider(ann: Browser) -> None:
    """SQLite has one writer: were it held meanwhile, the others would wait."""
    asking = URL.replace("{\n", '{\n a: requestEmailCode(email: "ann@example.com")\n', 1)
    await refused(ann.ask(asking, provider="google", redirectTo=BACK), Code.BAD_USER_INPUT)
    given = {"query": URL, "variables": {"provider": "google", "redirectTo": BACK}}
    answer = await ann.client.post("/graphql", json=given, headers={"idempotency-key": "x" * 20})
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert ann.world.asked == []


async def test_the_cookie_is_the_browsers_alone(ann: Browser) -> None:
    answer = await ann.client.post(
        "/graphql", json={"query": URL, "variables": {"provider": "google", "redirectTo": BACK}}
    )
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith(f"__Host-{COOKIE}=")
    assert attributes == ["Path=/", "Max-Age=1200", "HttpOnly", "SameSite=Lax", "Secure"]


async def test_userinfo_is_asked_where_the_token_has_no_address(ann: Browser) -> None:
    ann.world.more = {"iss": CORP}
    ann.world.claims = {"iss": CORP, "aud": CLIENT, "sub": "ann"}
    info = "corp.example.com/realms/staff/userinfo"
    ann.world.answers[info] = {"sub": "ann", "email": "ann@example.com", "email_verified": True, "name": "Ann"}
    assert (await ann.sign_in("corp"))["user"]["email"] == "ann@example.com"
    ann.world.answers[info] = {"sub": "bob", "email": "bob@example.com", "email_verified": True}
    assert (await ann.through("corp"))["error"] == "invalid_answer"


async def test_errors_of_the_provider_come_back_as_codes(ann: Browser) -> None:
    for error, code in [
        ("access_denied", "access_denied"),
        ("temporarily_unavailable", "provider_unavailable"),
        ("<script>", "provider_error"),
    ]:
        state = parse_qs(urlsplit(await ann.begin()).query)["state"][0]
        answer = await ann.back(error=error, error_description="<b>", state=state)
        assert answer.headers["location"] == f"{BACK}?{urlencode({'error': code, 'state': state})}"
        assert (await ann.back(error=error, state=state)).status_code == 400  # it was over then


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(b"no json"), "provider_error"),
        (Response(b"[" * 100_000), "provider_error"),
        (Response(b"[]"), "provider_error"),
        (Response(b'{"access_token": "x"}'), "invalid_answer"),
        (Response(b"{}", status_code=500), "provider_error"),
    ],
)
async def test_whatever_a_provider_answers_makes_sense(ann: Browser, answer: Response, error: str) -> None:
    ann.world.answers["oauth2.googleapis.com/token"] = answer
    assert (await ann.through())["error"] == error


@pytest.mark.parametrize(
    "packed",
    [
        lambda body: Response(body + b" " * MOST_BYTES),
        lambda body: Response(body, 307, {"location": "https://accounts.google.com/elsewhere"}),
        lambda body: Response(gzip.compress(body), headers={"content-encoding": "gzip"}),
    ],
)
async def test_whatever_a_provider_answers_is_bounded(ann: Browser, packed: Any) -> None:
    ann.world.packed = packed
    assert (await ann.through())["error"] == "provider_error"
    ann.world.packed = Response
    assert "code" in await ann.through()
    assert "accounts.google.com/elsewhere" not in ann.world.hosts


async def test_a_provider_that_is_gone(ann: Browser) -> None:
    del ann.world.answers[WELL_KNOWN]
    await refused(ann.begin("corp"), Code.UNAVAILABLE)
    asked = len(ann.world.asked)
    await refused(ann.begin("corp"), Code.UNAVAILABLE)
    assert len(ann.world.asked) == asked  # it is not asked again at once
    ann.later(seconds=11)
    ann.world.answers[WELL_KNOWN] = DISCOVERY
    await ann.begin("corp")


async def test_a_discovery_document_is_kept_and_outlives_its_provider(ann: Browser) -> None:
    await ann.begin()
    await ann.begin()
    place = "accounts.google.com/.well-known/openid-configuration"
    assert ann.world.hosts.count(place) == 1
    ann.later(hours=2)
    ann.world.answers[place] = Response(status_code=500)
    await ann.begin()
    assert ann.world.hosts.count(place) == 2


# Whose account it is


@pytest.mark.parametrize("verified", [True, False])
async def test_an_unverified_address_leads_to_no_account(ann: Browser, verified: bool) -> None:
    """A provider that does not say that the address is somebody's."""
    theirs = await up(ann, "ann@example.com", verified=verified)
    signed = await ann.sign_in("facebook")
    assert signed["user"]["id"] != theirs["user"]["id"]
    assert signed["user"]["email"] is None
    ann.world.claims = {"email_verified": False}
    assert (await ann.sign_in())["user"]["email"] is None


async def test_an_organisation_of_microsofts_owns_no_address_by_writing_it_down(ann: Browser) -> None:
    """nOAuth: the administrator of any tenant sets `email` to somebody else's."""
    theirs = await up(ann, "ann@example.com", verified=True)
    ann.world.claims = {"email": "ann@example.com", "email_verified": True}
    signed = await ann.sign_in("microsoft")
    assert signed["user"]["id"] != theirs["user"]["id"]
    assert signed["user"]["email"] is None


async def test_tenants_do_not_share_subjects(ann: Browser) -> None:
    one = await ann.sign_in("microsoft")
    other = str(uuid4())
    ann.world.claims = {"tid": other, "iss": f"https://login.microsoftonline.com/{other}/v2.0"}
    assert (await ann.sign_in("microsoft"))["user"]["id"] != one["user"]["id"]
    ann.world.claims = {"tid": str(uuid4()), "iss": f"https://login.microsoftonline.com/{other}/v2.0"}
    assert (await ann.through("microsoft"))["error"] == "invalid_answer"
    ann.world.claims = {"tid": "x/../y", "iss": "https://login.microsoftonline.com/x/../y/v2.0"}
    assert (await ann.through("microsoft"))["error"] == "invalid_answer"


async def test_who_gives_out_an_address_leads_to_its_account(ann: Browser) -> None:
    theirs = await up(ann, "ann@example.com", verified=True)
    signed = await ann.sign_in()  # an organisation's at Google, `hd`
    assert signed["user"]["id"] == theirs["user"]["id"]
    assert (await ann.events())[-2:] == [("signed_in", "by google"), ("identity_linked", "google")]


async def test_who_once_saw_an_address_does_not(ann: Browser) -> None:
    await up(ann, "octocat@example.com", verified=True)
    assert "link" in await refused(ann.sign_in("github"), Code.CONFLICT)
    assert await count(ann, IDENTITY) == 0
    assert (await ann.events())[-1] == ("sign_in_refused", "github: the address is an account's")


async def test_an_account_that_waits_for_the_addresss_owner_gets_nobody(ann: Browser) -> None:
    """Somebody signed up with another's address, and waits."""
    await up(ann, "ann@example.com", verified=False)
    await refused(ann.sign_in(), Code.CONFLICT)
    assert await count(ann, IDENTITY) == 0


BY_CODE = (
    'mutation { requestEmailCode(email: "ann@example.com") }',
    'mutation ($code: String!) { signInWithCode(email: "ann@example.com", code: $code) { expiresAt } }',
    lambda mail: mail.subject.split()[0],
)
BY_RESET = (
    'mutation { requestPasswordReset(email: "ann@example.com") }',
    'mutation ($code: String!) { resetPassword(token: $code, newPassword: "quite another one") }',
    lambda mail: mail.text.split("\n\n")[1],
)


@pytest.mark.parametrize("way", [BY_CODE, BY_RESET], ids=["a code", "a reset"])
async def test_what_was_linked_before_an_address_was_proved_is_gone_then(ann: Browser, way: Any) -> None:
    """Somebody signed up with another's address, linked an identity of their own, and waits."""
    request, prove, read = way
    mallory = await up(ann, "ann@example.com", verified=False)
    await ann.link(mallory["accessToken"], "github")
    sent: asyncio.Queue[Any] = asyncio.Queue()

    async def send(mail: Any) -> None:
        await sent.put(mail)

    served: Any = ann.backend._running.graphql._modules
    next(each for each in served if each.name == "auth")._mailer = type("Mailer", (), {"send": staticmethod(send)})()
    assert await ann.ask(request)
    async with asyncio.timeout(10):
        code = read(await sent.get())
    assert await ann.ask(prove, code=code)
    assert await count(ann, IDENTITY) == 0
    await refused(ann.ask("mutation { signOut }", mallory["accessToken"]))


@pytest.mark.parametrize("email", ["\u212aen@example.com", "ken@e\u00e4mple.com", "a b@c.de", "no"])
async def test_an_address_that_only_looks_like_anothers_is_none(ann: Browser, email: str) -> None:
    """The sign for Kelvin is a k in small letters."""
    await up(ann, "ken@example.com", verified=True)
    ann.world.claims = {"email": email}
    assert (await ann.sign_in())["user"]["email"] is None


async def test_the_subject_says_who_it_is_whatever_becomes_of_the_address(ann: Browser) -> None:
    signed = await ann.sign_in()
    ann.world.claims = {"email": "another@example.com"}
    again = await ann.sign_in()
    assert again["user"] == signed["user"]
    assert (await ann.sql(sa.select(IDENTITY.c.email))).scalar() == "another@example.com"


async def test_who_is_disabled_is_refused(ann: Browser) -> None:
    await ann.sign_in()
    await ann.sql(sa.update(User.__table__).values(disabled=True))
    await refused(ann.sign_in())
    await ann.sql(sa.delete(IDENTITY))
    await refused(ann.sign_in())
    assert await count(ann, SESSION) == 1


async def test_an_identity_of_a_user_who_is_gone_is_nobodys(ann: Browser) -> None:
    signed = await ann.sign_in()
    await ann.sql(sa.delete(User.__table__))
    again = await ann.sign_in()
    assert again["user"]["id"] != signed["user"]["id"]
    await ann.sql(sa.delete(User.__table__))
    served: Any = ann.backend._running.graphql._modules
    module = next(each for each in served if each.name == "auth")
    await module._parts[-1].sweep(ann.backend.session(Actor(superuser=True)), ann.world.clock[0])
    assert await count(ann, IDENTITY) == 0


async def test_one_subject_is_one_user_also_at_the_same_moment(ann: Browser) -> None:
    came = [await ann.through() for _ in range(4)]
    signed = await asyncio.gather(*(ann.ask(IN, **each) for each in came), return_exceptions=True)
    assert {each.code for each in signed if isinstance(each, Refused)} <= {Code.CONFLICT}
    assert len({each["user"]["id"] for each in signed if not isinstance(each, BaseException)}) == 1
    assert await count(ann, User.__table__) == 1
    assert await count(ann, IDENTITY) == 1


async def test_a_user_that_the_model_does_not_take_is_told_with_the_mend(fresh_url: str) -> None:
    async with browser(fresh_url, [Google(**OWN)]) as ann:
        message = await refused(ann.sign_in(), Code.BAD_USER_INPUT)
        assert "name: Field required" in message and "profile=" in message
        assert await count(ann, User.__table__) == 0


# Linking and unlinking

MINE = "{ identities { id provider email } }"
UNLINK = "mutation ($id: UUID!) { unlinkIdentity(id: $id) }"


async def test_identities_are_linked_and_unlinked(ann: Browser) -> None:
    mine = await up(ann, "me@example.com", verified=False)
    linked = await ann.link(mine["accessToken"], "github")
    assert linked["email"] == "octocat@example.com"
    assert (await ann.link(mine["accessToken"], "github"))["id"] == linked["id"]  # it was mine already
    assert await ann.ask(MINE, mine["accessToken"]) == [linked]
    assert (await ann.sign_in("github"))["user"]["id"] == mine["user"]["id"]
    assert await ann.ask(UNLINK, mine["accessToken"], id=linked["id"]) is True
    assert await ann.ask(UNLINK, mine["accessToken"], id=linked["id"]) is False
    assert (await ann.sign_in("github"))["user"]["id"] != mine["user"]["id"]
    kinds = [kind for kind, _ in await ann.events()]
    assert kinds == [
        "signed_up",
        "identity_linked",
        "signed_in",
        "identity_unlinked",
        "signed_up",
        "identity_linked",
    ]


async def test_an_identity_is_one_users(ann: Browser) -> None:
    await ann.sign_in("github")
    mine = await up(ann, "me@example.com", verified=False)
    await refused(ann.link(mine["accessToken"], "github"), Code.CONFLICT)


@pytest.mark.parametrize("password", [None, "wrong"])
async def test_an_access_token_alone_links_nothing(ann: Browser, password: str | None) -> None:
    """An identity outlasts the session that links it."""
    mine = await up(ann, "me@example.com", verified=True)
    await refused(ann.link(mine["accessToken"], "github", password))
    assert await count(ann, IDENTITY) == 0


async def test_where_accounts_are_by_invitation_no_provider_makes_one(fresh_url: str) -> None:
    async with browser(fresh_url, PROVIDERS, sign_up="invited") as ann:
        await refused(ann.sign_in("github"), Code.FORBIDDEN)
        assert await count(ann, IDENTITY) == 0


async def test_not_everything_is_begun_from_one_place(ann: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time is written down, for whoever may never come back."""
    monkeypatch.setattr("hedgerow.resolvers.auth.attempts.BEGUN", Bound(3, timedelta(minutes=1)))
    for _ in range(3):
        await ann.begin("github")
    await refused(ann.begin("github"), Code.RATE_LIMITED)
    for _ in range(3):
        await ann.ask("mutation { beginPasskeySignIn }")
    await refused(ann.ask("mutation { beginPasskeySignIn }"), Code.RATE_LIMITED)


async def test_others_identities_are_not_to_be_unlinked(ann: Browser) -> None:
    signed = await ann.sign_in("github")
    (identity,) = await ann.ask(MINE, signed["accessToken"])
    mine = await up(ann, "me@example.com", verified=False)
    assert await ann.ask(UNLINK, mine["accessToken"], id=identity["id"]) is False
    assert await count(ann, IDENTITY) == 1
    for document in (MINE, UNLINK.replace("$id)", f'"{identity["id"]}")').replace("($id: UUID!)", "")):
        await refused(ann.ask(document))


async def test_the_last_way_in_stays(ann: Browser) -> None:
    signed = await ann.sign_in("x")
    token = signed["accessToken"]
    (one,) = await ann.ask(MINE, token)
    await refused(ann.ask(UNLINK, token, id=one["id"]), Code.CONFLICT)
    await ann.link(token, "facebook", None)
    first, second = await ann.ask(MINE, token)
    ways = [ann.ask(UNLINK, token, id=each["id"]) for each in (first, second)]
    done = await asyncio.gather(*ways, return_exceptions=True)
    assert sorted(isinstance(each, Refused) for each in done) == [False, True]
    assert await count(ann, IDENTITY) == 1
    verified = {"email": "ann@example.com", "email_verified": True}
    await ann.sql(sa.update(User.__table__).values(**verified))
    (left,) = await ann.ask(MINE, token)
    assert await ann.ask(UNLINK, token, id=left["id"]) is True  # a code by mail lets in


async def test_an_anonymous_user_who_links_is_one_no_more(ann: Browser) -> None:
    mine = await up(ann, "x@example.com", verified=False)
    await ann.sql(sa.delete(CREDENTIAL))
    await ann.sql(sa.update(User.__table__).values(email=None, anonymous=True))
    await ann.link(mine["accessToken"], "google", None)
    row = (await ann.sql(sa.select(User.__table__))).mappings().one()
    assert (str(row["id"]), row["anonymous"]) == (mine["user"]["id"], False)
    assert (row["email"], row["email_verified"]) == ("ann@example.com", True)


async def test_an_anonymous_user_gets_no_address_that_another_has(ann: Browser) -> None:
    await up(ann, "ann@example.com", verified=True)
    mine = await up(ann, "x@example.com", verified=False)
    await ann.sql(sa.delete(CREDENTIAL))
    await ann.sql(sa.update(User.__table__).where(User.email == "x@example.com").values(email=None, anonymous=True))
    await ann.link(mine["accessToken"], "google", None)
    row = (await ann.sql(sa.select(User.__table__).where(User.email.is_(None)))).mappings().one()
    assert (row["anonymous"], row["email_verified"]) == (False, False)


async def test_what_another_began_is_not_linked(ann: Browser) -> None:
    """An attacker's identity in a victim's account lets the attacker in."""
    victim = await up(ann, "victim@example.com", verified=True)
    mallory = await up(ann, "mallory@example.com", verified=True)
    came = await ann.through("github", token=mallory["accessToken"])
    await refused(ann.ask(LINK, victim["accessToken"], password=PASSWORD, **came), Code.FORBIDDEN)
    came = await ann.through("github")  # begun as a stranger
    await refused(ann.ask(LINK, victim["accessToken"], password=PASSWORD, **came), Code.FORBIDDEN)
    await refused(ann.ask(LINK, **came))
    assert await count(ann, IDENTITY) == 0


# What attackers try: whose flow it is


async def test_the_code_of_an_attacker_signs_nobody_in_as_them(ann: Browser) -> None:
    """Login CSRF: a victim follows a link with the attacker's code and state."""
    mallory = ann.another()
    came = await mallory.through("github")
    await refused(ann.ask(IN, **came))
    await ann.begin("github")  # also one who is about to sign in, and has a cookie of their own
    await refused(ann.ask(IN, **came))
    assert await mallory.ask(IN, **came)


async def test_the_providers_code_of_an_attacker_is_not_even_taken(ann: Browser) -> None:
    """The same, with the link that the provider gave the attacker."""
    mallory = ann.another()
    answer = mallory.world.consents(await mallory.begin("github"))
    await ann.begin("github")
    back = await ann.back("github", **answer)
    assert back.status_code == 400
    assert "location" not in back.headers
    assert await mallory.come_back("github", **answer)  # it is not used up by that


async def test_a_victim_who_signs_in_by_an_attackers_link_signs_nobody_in(ann: Browser) -> None:
    """The attacker began it, and holds its cookie; the victim signs in at the provider, perhaps without noticing."""
    mallory = ann.another()
    url = await mallory.begin("github")
    assert (await ann.back("github", **ann.world.consents(url))).status_code == 400
    assert await count(ann, SESSION) == 0


async def test_a_stolen_code_is_worth_nothing_without_what_the_beginner_has(ann: Browser) -> None:
    came = await ann.through()
    thief = ann.another()
    await refused(thief.ask(IN, **came))
    await thief.begin()
    await refused(thief.ask(IN, **came))
    await refused(thief.ask(IN, **came, verifier=VERIFIER))
    assert ("sign_in_refused", "google: begun elsewhere") in await ann.events()
    assert await ann.ask(IN, **came)  # and the beginner is not kept from it


async def test_a_code_is_of_its_state(ann: Browser) -> None:
    one, other = await ann.through(), await ann.through()
    await refused(ann.ask(IN, code=one["code"], state=other["state"]))
    await refused(ann.ask(IN, code=other["code"], state=one["state"]))


async def test_a_code_of_the_providers_injected_into_a_flow_is_refused(ann: Browser) -> None:
    """Code injection: the attacker puts a stolen code into a flow of their own; PKCE binds it to the victim's."""
    stolen = ann.world.consents(await ann.begin("google"))
    mallory = ann.another()
    own = mallory.world.consents(await mallory.begin("google"))
    assert (await mallory.come_back("google", code=stolen["code"], state=own["state"]))["error"] == "provider_error"


async def test_without_pkce_the_nonce_holds(ann: Browser) -> None:
    """PKCE downgrade: the attacker takes the challenge out of the victim's address, and injects the code."""
    url = await ann.begin("google")
    stolen = ann.world.consents(url)
    ann.world.codes[stolen["code"]]["unbound"] = "yes"
    mallory = ann.another()
    own = mallory.world.consents(await mallory.begin("google"))
    assert (await mallory.come_back("google", code=stolen["code"], state=own["state"]))["error"] == "invalid_answer"


@pytest.mark.parametrize("provider", NAMES)
async def test_pkce_is_always_s256(ann: Browser, provider: str) -> None:
    url = await ann.begin(provider)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["redirect_uri"] == f"{HERE}/auth/callback/{provider}"
    assert asked["response_type"] == "code"
    other = parse_qs(urlsplit(await ann.begin(provider)).query)
    assert other["state"][0] != asked["state"]
    assert other["code_challenge"][0] != asked["code_challenge"]
    assert other.get("nonce") != [asked.get("nonce")] or provider in ("github", "facebook", "x")


async def test_an_issuer_that_knows_no_s256_is_not_asked(ann: Browser) -> None:
    ann.world.answers[WELL_KNOWN] = {**DISCOVERY, "code_challenge_methods_supported": ["plain"]}
    await refused(ann.begin("corp"), Code.UNAVAILABLE)


async def test_a_verifier_is_not_to_be_left_out(ann: Browser) -> None:
    """Our own downgrade: begun with a challenge, finished by the cookie of another flow."""
    url = await ann.begin(challenge=challenge(VERIFIER))
    await ann.begin()
    came = await ann.come_back(**ann.world.consents(url))
    await refused(ann.ask(IN, **came))
    cookie = next(value for name, value in ann.client.cookies.items() if COOKIE in name)
    await refused(ann.ask(IN, **came, verifier=cookie))


async def test_what_came_once_comes_no_second_time(ann: Browser) -> None:
    answer = ann.world.consents(await ann.begin())
    came = await ann.come_back(**answer)
    assert (await ann.back(**answer)).status_code == 400
    await ann.ask(IN, **came)
    await refused(ann.ask(IN, **came))
    assert await count(ann, SESSION) == 1


async def test_who_only_looks_uses_nothing_up(ann: Browser) -> None:
    answer = ann.world.consents(await ann.begin())
    looked = await ann.client.head("/auth/callback/google", params=answer)
    assert looked.status_code == 405
    assert await ann.ask(IN, **await ann.come_back(**answer))


async def test_what_comes_twice_at_once_opens_one_session(ann: Browser) -> None:
    answer = ann.world.consents(await ann.begin())
    backs = await asyncio.gather(*(ann.back(**answer) for _ in range(5)))
    assert sorted(each.status_code for each in backs) == [303, 400, 400, 400, 400]
    came = next(told(each) for each in backs if each.status_code == 303)
    await asyncio.gather(*(ann.ask(IN, **came) for _ in range(5)), return_exceptions=True)
    assert await count(ann, SESSION) == 1


async def test_it_holds_for_a_short_time(ann: Browser) -> None:
    answer = ann.world.consents(await ann.begin())
    ann.later(minutes=16)
    assert (await ann.back(**answer)).status_code == 400
    came = await ann.through()
    ann.later(minutes=6)
    await refused(ann.ask(IN, **came))


@pytest.mark.parametrize(
    "query",
    ["", "state=", "state=x&code=y", "code=y", "error=access_denied", "state=x&state=y", f"state={'x' * 5000}"],
)
async def test_what_nobody_began_leads_nowhere(ann: Browser, query: str) -> None:
    for provider in ("google", "nobody"):
        answer = await ann.client.get(f"/auth/callback/{provider}?{query}")
        assert answer.status_code in (400, 404)
        assert "location" not in answer.headers
    assert (await ann.client.post("/auth/callback/apple", content=b"x" * 20_000)).status_code == 413


async def test_a_form_that_never_ends_is_not_waited_for(ann: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.server.oauth.callback.READ_SECONDS", 0.2)

    async def form() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    assert (await ann.client.post("/auth/callback/apple", content=form())).status_code == 408


async def test_a_parameter_that_comes_twice_is_refused(ann: Browser) -> None:
    answer = ann.world.consents(await ann.begin())
    given = urlencode([("code", "another"), *answer.items()])
    assert (await ann.client.get(f"/auth/callback/google?{given}")).status_code == 400
    posted = await ann.client.post(
        "/auth/callback/google",
        content=given,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert posted.status_code == 400


async def test_what_was_begun_says_nothing_in_the_database(ann: Browser) -> None:
    url = await ann.begin()
    (row,) = (await ann.sql(sa.select(CHALLENGE))).all()
    assert set(row.data) == {"sealed"}
    state = parse_qs(urlsplit(url).query)["state"][0]
    assert state.encode() not in row.hash
    with pytest.raises(Refused):
        await ann.ask(IN, code=row.hash.hex(), state=state)


async def test_a_cookie_that_another_host_set_is_none(ann: Browser) -> None:
    """Two of one name: the one that is ours can't be told."""
    came = await ann.through()
    name, value = next((n, v) for n, v in ann.client.cookies.items())
    ann.client.cookies.clear()
    document = {"query": IN, "variables": came}
    twice = await ann.client.post("/graphql", json=document, headers={"cookie": f"{name}={'x' * 43}; {name}={value}"})
    assert twice.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    once = await ann.client.post("/graphql", json=document, headers={"cookie": f"other=1; {name}={value}"})
    assert "errors" not in once.json()


# What attackers try: who answers


async def test_one_providers_answer_is_not_taken_for_anothers(ann: Browser) -> None:
    """Mix-up: the state of one provider comes back at the address of another."""
    answer = ann.world.consents(await ann.begin("google"))
    for other in ("github", "corp", "microsoft"):
        assert (await ann.back(other, **answer)).status_code == 400
    assert "oauth2.googleapis.com/token" not in ann.world.hosts
    assert not [place for place in ann.world.hosts if "token" in place]
    assert await ann.come_back("google", **answer)


@pytest.mark.parametrize("issuer", [None, "", "https://accounts.google.com", f"{CORP}/", CORP.upper()])
async def test_the_issuer_of_an_answer_is_the_one_that_was_asked(ann: Browser, issuer: str | None) -> None:
    """RFC 9207: this one always says who it is."""
    ann.world.more = {} if issuer is None else {"iss": issuer}
    assert (await ann.through("corp"))["error"] == "invalid_answer"
    assert not [place for place in ann.world.hosts if place.endswith("/token")]  # its code was not given away


async def test_an_issuer_that_need_not_say_who_it_is_must_not_say_another(ann: Browser) -> None:
    ann.world.more = {"iss": CORP}
    assert (await ann.through("google"))["error"] == "invalid_answer"
    assert (await ann.through("microsoft"))["error"] == "invalid_answer"
    ann.world.more = {"iss": "https://accounts.google.com"}
    assert "code" in await ann.through("google")
    ann.world.more = {"iss": f"https://login.microsoftonline.com/{uuid4()}/v2.0"}
    assert "code" in await ann.through("microsoft")


@pytest.mark.parametrize("issuer", ["https://evil.example.com", f"{CORP}/", None])
async def test_a_discovery_document_is_its_issuers(ann: Browser, issuer: str | None) -> None:
    ann.world.answers[WELL_KNOWN] = {**DISCOVERY, "issuer": issuer}
    await refused(ann.begin("corp"), Code.UNAVAILABLE)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
async def test_a_discovery_document_leads_to_https_alone(ann: Browser, name: str) -> None:
    for place in ("http://corp.example.com/x", "javascript:alert(1)", "file:///etc/passwd", None, 7, "https://"):
        ann.later(minutes=1)
        ann.world.answers[WELL_KNOWN] = {**DISCOVERY, name: place}
        await refused(ann.begin("corp"), Code.UNAVAILABLE)


PUBLIC = KEY.as_pem(private=False)
ANOTHER = RSAKey.generate_key(2048, {"kid": "one"})


def unsigned(claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def by_public_key(claims: dict[str, Any]) -> str:
    """HS256, with the public key for a secret."""
    text = f"{_part({'alg': 'HS256', 'kid': 'one'})}.{_part(claims)}"
    signature = base64.urlsafe_b64encode(hmac.new(PUBLIC, text.encode(), sha256).digest())
    return f"{text}.{signature.rstrip(b'=').decode()}"


def tampered(claims: dict[str, Any]) -> str:
    head, _, signature = jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY).split(".")
    return f"{head}.{_part({**claims, 'sub': 'somebody-else'})}.{signature}"


SIGNS = {
    "of no key": unsigned,
    "by the public key": by_public_key,
    "by our secret": lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET)),
    "by another's key": lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, ANOTHER),
    "of an unknown key": lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, ANOTHER),
    "with a key of its own": lambda claims: jwt.encode(
        {"alg": "RS256", "jwk": ANOTHER.as_dict(private=False)}, claims, ANOTHER
    ),
    "changed": tampered,
    "no token": lambda claims: "x.y.z",
    "too long": lambda claims: "x" * 20_000,
}


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
async def test_a_forged_id_token_is_refused(ann: Browser, sign: Any) -> None:
    ann.world.sign = sign
    assert (await ann.through())["error"] == "invalid_answer"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.com"},
        {"iss": "accounts.google.com.evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": [CLIENT, "another-client"], "azp": None},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1780310000},
        {"exp": None},
        {"exp": "never"},
        {"iat": 4102444800},
        {"nbf": 4102444800},
        {"sub": None},
        {"sub": ""},
        {"sub": ["ann"]},
    ],
    ids=str,
)
async def test_an_id_token_of_another_is_refused(ann: Browser, claims: dict[str, Any]) -> None:
    ann.world.claims = claims
    sign = ann.world.sign
    ann.world.sign = lambda made: sign({key: value for key, value in made.items() if value is not None})
    assert (await ann.through())["error"] == "invalid_answer"


async def test_keys_are_fetched_anew_for_a_key_that_is_not_known(ann: Browser) -> None:
    await ann.sign_in()
    place = "www.googleapis.com/oauth2/v3/certs"
    new = RSAKey.generate_key(2048, {"kid": "two"})
    ann.world.answers[place] = {"keys": [new.as_dict(private=False)]}
    ann.world.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, new)
    ann.later(seconds=11)
    await ann.sign_in()
    assert ann.world.hosts.count(place) == 2


# What attackers try: where it leads

OPEN = [
    "",
    "/",
    "//evil.com",
    "https://evil.com",
    "https://evil.com/signed-in",
    "https://app.example.com.evil.com",
    "https://app.example.com@evil.com",
    "https://app.example.com:pass@evil.com/",
    "https://evil.com@app.example.com/",
    "https://app.example.com:443/",
    "https://app.example.com:8443/",
    "http://app.example.com/",
    "HTTPS://app.example.com/",
    "https://APP.example.com/",
    "https://app.example.com./",
    "https://app.example.com\\@evil.com",
    "https://app.example.com\\.evil.com",
    "https:\\\\app.example.com",
    "https:/app.example.com",
    "https:app.example.com",
    "https:///app.example.com",
    "https://app.example.com//evil.com",
    "https://app.example.com/a//b",
    "https://app.example.com/#/in",
    "https://app.example.com#@evil.com",
    "https://app.example.com?@evil.com\n",
    "https://app.example.com/\r\nset-cookie: a=b",
    "https://app.example.com/\t",
    " https://app.example.com/",
    "https://app.example.com/ x",
    "https://app.example.com\u3002evil.com",
    "https://app.example.com\uff0fevil.com",
    "https://app.example.com%2eevil.com",
    "https://app.example.com%00.evil.com",
    "https://xn--app-example.com",
    "https://example.com",
    "https://other.example.com",
    "https://[::1]/",
    "https://app.example.com/\x00",
    "javascript://app.example.com/%0aalert(1)",
    "data:text/html,x",
    "myapp://evil",
    "myapp://callback.evil",
    "myapp:callback",
    "myapp:///callback",
    "other://callback",
    "null",
    "*",
    "https://app.example.com/?code=x",
    "https://app.example.com/?a=b&state=x",
    "https://app.example.com/?%63ode=x",
    "https://app.example.com/?error",
    f"https://app.example.com/{'x' * 2_000}",
]


@pytest.mark.parametrize("to", OPEN)
def test_no_redirect_leads_elsewhere(to: str) -> None:
    origins = {APP, "myapp://callback"}
    with pytest.raises(Refusal) as caught:
        checked(to, origins)
    assert caught.value.code is Code.BAD_USER_INPUT


def test_no_redirect_is_a_script_even_where_it_is_listed() -> None:
    with pytest.raises(Refusal):
        checked("javascript://x/%0aalert(1)", {"javascript://x"})


@pytest.mark.parametrize(
    ("to", "with_code"),
    [
        (APP, f"{APP}?code=a+b"),
        (f"{APP}/", f"{APP}/?code=a+b"),
        (f"{APP}/in/now/", f"{APP}/in/now/?code=a+b"),
        (f"{APP}/in?", f"{APP}/in?code=a+b"),
        (f"{APP}/in?then=%2F%2Fx&y=https://evil.com", f"{APP}/in?then=%2F%2Fx&y=https://evil.com&code=a+b"),
        ("myapp://callback", "myapp://callback?code=a+b"),
    ],
)
def test_where_redirects_lead(to: str, with_code: str) -> None:
    assert checked(to, {APP, "myapp://callback"}) == to
    assert with_parameters(to, {"code": "a b"}) == with_code


async def test_an_open_redirect_is_refused_by_the_field(ann: Browser) -> None:
    for to in OPEN[:20]:
        await refused(ann.begin(to=to), Code.BAD_USER_INPUT)
    await refused(ann.begin("nobody"), Code.BAD_USER_INPUT)
    assert await count(ann, CHALLENGE) == 0


@pytest.mark.parametrize(
    "url", ["http://evil.com", "ftp://x", "//x", "", None, "https://", "http://[", "http://localhost.evil.com"]
)
def test_what_is_asked_is_https(url: Any) -> None:
    with pytest.raises(Failed):
        safe(url)


def test_what_is_on_this_machine_may_be_asked() -> None:
    for url in ("https://x.com", "http://localhost:3000/x", "http://127.0.0.1:1", "http://[::1]:1/"):
        assert safe(url) == url


# Declaring


async def test_clients_are_of_settings_too(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_OAUTH__GOOGLE__CLIENT_ID", CLIENT)
    monkeypatch.setenv("HEDGEROW_OAUTH__GOOGLE__CLIENT_SECRET", SECRET)
    read = Settings.read().oauth
    assert read == {"google": OAuthClient(client_id=CLIENT, client_secret=SecretStr(SECRET))}
    async with browser(fresh_url, [Google(profile=named)], oauth=read) as ann:
        assert await ann.sign_in()
        form = next(form for place, form, _ in ann.world.asked if place.endswith("/token"))
        assert form["client_secret"] == SECRET


def test_no_secret_is_shown() -> None:
    assert SECRET not in repr(Google(**OWN))
    assert SECRET not in repr(OAuthClient.of(CLIENT, SECRET))


@pytest.mark.parametrize(
    ("providers", "given", "why"),
    [
        ([Google()], {}, "HEDGEROW_OAUTH__GOOGLE__CLIENT_ID"),
        ([Google(client_id="x")], {}, "client_secret"),
        ([Google(**OWN)], {"public_url": ""}, "HEDGEROW_PUBLIC_URL"),
        ([Google(**OWN)], {"public_url": "http://api.example.com"}, "https"),
        ([Apple(**OWN, team_id="x", key_id="y")], {}, "p8"),
    ],
)
async def test_a_server_that_lacks_something_says_what(fresh_url: str, providers: Any, given: Any, why: str) -> None:
    with pytest.raises(SetupError, match=why):
        async with browser(fresh_url, providers, **given):
            pass


@pytest.mark.parametrize(
    "declare",
    [
        lambda: auth(providers=[Google(**OWN), Google(**OWN)]),
        lambda: OIDC(**OWN, name="Corp/../x", issuer=CORP),
        lambda: OIDC(**OWN, name="", issuer=CORP),
        lambda: Microsoft(**OWN, tenant="evil.com/x"),
    ],
)
def test_what_is_declared_wrongly_is_refused(declare: Any) -> None:
    with pytest.raises(SetupError):
        declare()


def test_an_issuer_is_reached_by_https() -> None:
    with pytest.raises((SetupError, Failed)):
        OIDC(**OWN, name="corp", issuer="http://corp.example.com")


async def test_without_providers_there_are_no_such_fields(fresh_url: str) -> None:
    backend = Backend([], modules=[auth(passwords=fast)], settings=settings(fresh_url))
    async with backend.lifespan():
        with pytest.raises(Refusal, match="oauthUrl"):
            await backend.session(Actor()).query('mutation { oauthUrl(provider: "x", redirectTo: "y") }')
