"""Sign-in: accounts, passwords and sessions, through the schema, and what attackers try at them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import bcrypt
import httpx2
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey
from pydantic import SecretStr
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hedgerow import Account, Actor, Backend, Code, DeclarationError, Refusal, SetupError, auth
from hedgerow.resolvers.auth.attempts import ACCOUNT, HERE
from hedgerow.resolvers.auth.options import Lifetimes
from hedgerow.resolvers.auth.passwords import Passwords, fault
from hedgerow.resolvers.auth.tables import CREDENTIAL, REFRESH, SESSION
from hedgerow.resolvers.exchange import Exchange
from hedgerow.resolvers.sql import Compiled
from hedgerow.server.callers import make_token

from .conftest import ADMINISTRATOR, SECRET, settings
from .serving import serving
from .signing_in import IN, PASSWORD, UP, Membership, Note, Place, User, fast, served, until
from .talking import socket


@pytest.fixture
async def place(fresh_url: str) -> AsyncIterator[Place]:
    backend, clock = served(fresh_url)
    async with backend.lifespan():
        yield Place(backend, clock)


async def test_from_sign_up_to_sign_out(place):
    up = await place.up(city="Bonn")
    me = await place.ask("{ me { id email name city emailVerified roles } }", up["accessToken"])
    wanted = {"id": up["user"]["id"], "email": "ann@example.com", "name": "Ann", "city": "Bonn"}
    assert me["me"] == {**wanted, "emailVerified": False, "roles": []}
    here = await place.sign_in(" Ann@Example.COM ")
    sessions = (await place.ask("{ sessions { current agent address } }", here["accessToken"]))["sessions"]
    assert sorted(each["current"] for each in sessions) == [False, True]
    assert sessions[0]["agent"] == "tests"
    assert sessions[0]["address"] == "192.0.2.1"
    assert await place.ask("mutation { signOut }", here["accessToken"]) == {"signOut": True}
    refusal = await place.refused(place.ask("{ me { id } }", here["accessToken"]))
    assert refusal.code is Code.UNAUTHENTICATED
    assert (await place.ask("{ me { id } }", up["accessToken"]))["me"] is not None  # the other goes on
    assert await place.events() == ["signed_up", "signed_in", "signed_out"]


async def test_a_stranger_is_nobody(place):
    assert await place.refused(place.ask("{ me { id } }")) is not None  # a stranger has no such field to ask of
    for document in ("{ sessions { id } }", "mutation { signOut }"):
        assert (await place.refused(place.ask(document))).code is Code.UNAUTHENTICATED


async def test_one_address_is_one_account(place):
    await place.up()
    refusal = await place.refused(place.up("ANN@example.com"))
    assert refusal.code is Code.CONFLICT
    assert len((await place.sql(sa.select(User.__table__))).all()) == 1


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "@example.com", "ann@example", "a b@example.com", "a@b." + "c" * 300]
)
async def test_what_is_no_address_is_refused(place, email):
    assert (await place.refused(place.up(email))).code is Code.BAD_USER_INPUT
    assert (await place.refused(place.sign_in(email))).code is Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "shorter"),
        ("x" * 257, "longer"),
        ("password1", "everybody"),
        ("aaaaaaaaaaaa", "everybody"),
        ("ann@example.com", "address"),
    ],
)
async def test_weak_passwords_are_refused(place, password, why):
    asking = place.ask(UP, email="ann@example.com", password=password, profile={"name": "Ann"})
    refusal = await place.refused(asking)
    assert refusal.code is Code.BAD_USER_INPUT
    assert why in str(refusal)


async def test_what_the_model_does_not_take_is_refused(fresh_url):
    class Base(SQLModel, registry=registry()):
        pass

    class Picky(Account, Base, table=True):
        __tablename__ = "picky"
        nick: str = Field(max_length=3)

    backend = Backend([Picky], modules=[auth(profile=["nick"], passwords=fast)], settings=settings(fresh_url))
    async with backend.lifespan():
        asking = (
            'mutation { signUp(email: "a@b.cd", password: "good enough", profile: {nick: "long"}) { accessToken } }'
        )
        with pytest.raises(Refusal, match="nick") as caught:
            await backend.session(Actor()).query(asking)
        assert caught.value.code is Code.BAD_USER_INPUT
        assert (await backend.session(ADMINISTRATOR).sql(sa.select(Picky.__table__))).all() == []


async def test_what_the_models_constraints_do_not_take_is_told_as_what_it_is(fresh_url):
    class Base(SQLModel, registry=registry()):
        pass

    class Team(Base, table=True):
        id: int | None = Field(default=None, primary_key=True)

    class Player(Account, Base, table=True):
        nick: str = Field(unique=True)
        team_id: int | None = Field(default=None, foreign_key="team.id")

    module = auth(profile=["nick", "team_id"], passwords=fast)
    backend = Backend([Team, Player], modules=[module], settings=settings(fresh_url))
    up = """mutation ($email: String!, $profile: PlayerProfile!) {
      signUp(email: $email, password: "good enough", profile: $profile) { user { id } } }"""
    async with backend.lifespan():
        session = backend.session(Actor())
        await session.query(up, {"email": "a@b.cd", "profile": {"nick": "ann"}})
        for profile, code in (
            ({"nick": "ann"}, Code.CONFLICT),
            ({"nick": "bob", "teamId": 7}, Code.CONSTRAINT_VIOLATION),
        ):
            with pytest.raises(Refusal) as caught:
                await session.query(up, {"email": "b@b.cd", "profile": profile})
            assert caught.value.code is code
        assert len((await backend.session(ADMINISTRATOR).sql(sa.select(CREDENTIAL))).all()) == 1


async def test_without_a_model_of_users_there_is_a_plain_one(fresh_url):
    backend = Backend([], modules=[auth(passwords=fast)], settings=settings(fresh_url))
    async with backend.lifespan():
        asking = 'mutation { signUp(email: "a@b.cd", password: "good enough") { user { email } } }'
        assert (await backend.session(Actor()).query(asking))["signUp"] == {"user": {"email": "a@b.cd"}}


def test_two_models_of_users_are_refused():
    class Other(Account, SQLModel, registry=registry(), table=True):
        pass

    with pytest.raises(DeclarationError, match="several models are an Account: User, Other"):
        Backend([User, Other], modules=[auth()])


@pytest.mark.parametrize("name", ["roles", "email_verified", "id", "nothing"])
def test_a_profile_has_columns_of_the_user_alone(name):
    with pytest.raises(DeclarationError, match=f"profile= names {name}"):
        Backend([User, Membership, Note], modules=[auth(profile=[name])])


# Sessions


async def test_a_session_goes_on_by_its_refresh_token(place):
    token = (await place.up())["refreshToken"]
    for _ in range(3):
        place.later(days=20)
        found = (await place.again(token))["refreshSession"]
        assert (await place.ask("{ me { name } }", found["accessToken"]))["me"] == {"name": "Ann"}
        token = found["refreshToken"]
    place.later(days=31)
    assert (await place.refused(place.again(token))).code is Code.UNAUTHENTICATED


async def test_no_session_outlasts_its_longest_time(fresh_url):
    backend, clock = served(fresh_url, lifetimes=Lifetimes(longest=timedelta(days=45)))
    async with backend.lifespan():
        place = Place(backend, clock)
        token = (await place.up())["refreshToken"]
        place.later(days=29)
        token = (await place.again(token))["refreshSession"]["refreshToken"]
        place.later(days=17)
        assert (await place.refused(place.again(token))).code is Code.UNAUTHENTICATED


async def test_a_refresh_token_that_comes_twice_ends_its_session(place):
    stolen = (await place.up())["refreshToken"]
    rightful = (await place.again(stolen))["refreshSession"]
    await place.ask("{ me { id } }", rightful["accessToken"])
    assert (await place.refused(place.again(stolen))).code is Code.UNAUTHENTICATED
    # Though the thief was refused, and what their mutation wrote was undone, the session is over for both.
    assert (await place.refused(place.ask("{ me { id } }", rightful["accessToken"]))).code is Code.UNAUTHENTICATED
    again = place.again(rightful["refreshToken"])
    assert (await place.refused(again)).code is Code.UNAUTHENTICATED
    assert (await place.events())[-1] == "refresh_token_reused"


async def test_of_two_at_once_with_one_refresh_token_one_goes_on_at_most(place):
    token = (await place.up())["refreshToken"]
    found = await asyncio.gather(*(place.again(token) for _ in range(8)), return_exceptions=True)
    went_on = [each["refreshSession"] for each in found if isinstance(each, dict)]
    assert len(went_on) <= 1
    assert (await place.sql(sa.select(SESSION))).all() == []
    for each in went_on:
        assert (await place.refused(place.ask("{ me { id } }", each["accessToken"]))).code is Code.UNAUTHENTICATED


async def test_tokens_are_not_kept_to_be_given_again(place):
    await place.up()
    exchange = Exchange({"idempotency-key": "a-key-of-mine"}, "192.0.2.1", [])
    given = {"email": "ann@example.com", "password": PASSWORD}
    answer = await place.backend.engine.answer(IN, None, given, place.backend.session(Actor()), exchange)
    assert [each.code for each in answer.complaints] == [Code.BAD_USER_INPUT]
    kept = sa.text("SELECT answer FROM hedgerow_idempotency").columns(answer=sa.String)
    assert (await place.sql(kept)).all() == []


async def test_what_is_over_is_swept(place):
    first = await place.up()
    second = (await place.again(first["refreshToken"]))["refreshSession"]
    place.later(days=29)
    third = (await place.again(second["refreshToken"]))["refreshSession"]
    place.later(days=2)
    await place.auth.sweep()
    assert len((await place.sql(sa.select(REFRESH))).all()) == 2  # the first is forgotten, and is refused all the same
    assert (await place.refused(place.again(first["refreshToken"]))).code is Code.UNAUTHENTICATED
    assert (await place.again(third["refreshToken"]))["refreshSession"]
    place.later(days=31)
    await place.auth.sweep()
    assert (await place.sql(sa.select(SESSION))).all() == []
    assert (await place.sql(sa.select(REFRESH))).all() == []


async def test_an_undone_mutation_opens_no_session(place):
    await place.up()
    before = len((await place.sql(sa.select(SESSION))).all())
    document = IN.replace("}\n}", '}\n  other: signIn(email: "ann@example.com", password: "wrong") { accessToken } }')
    await place.refused(place.ask(document, email="ann@example.com", password=PASSWORD))
    assert len((await place.sql(sa.select(SESSION))).all()) == before


async def test_one_revokes_ones_own_sessions_alone(place):
    ann = await place.up()
    bob = await place.up("bob@example.com", "Bob")
    (anns,) = (await place.ask("{ sessions { id } }", ann["accessToken"]))["sessions"]
    revoke = "mutation ($id: UUID!) { revokeSession(id: $id) }"
    assert await place.ask(revoke, bob["accessToken"], id=anns["id"]) == {"revokeSession": False}
    assert (await place.ask("{ me { id } }", ann["accessToken"]))["me"]
    second = await place.sign_in()
    assert await place.ask(revoke, second["accessToken"], id=anns["id"]) == {"revokeSession": True}
    assert (await place.refused(place.ask("{ me { id } }", ann["accessToken"]))).code is Code.UNAUTHENTICATED


async def test_signing_out_everywhere(place):
    first, second = await place.up(), await place.sign_in()
    other = await place.up("bob@example.com", "Bob")
    await place.ask("mutation { signOut(everywhere: true) }", second["accessToken"])
    for each in (first, second):
        assert (await place.refused(place.ask("{ me { id } }", each["accessToken"]))).code is Code.UNAUTHENTICATED
    assert (await place.ask("{ me { id } }", other["accessToken"]))["me"]


async def test_a_change_of_password_ends_the_other_sessions(place):
    first, second = await place.up(), await place.sign_in()
    change = "mutation ($old: String!, $new: String!) { changePassword(oldPassword: $old, newPassword: $new) }"
    wrong = place.ask(change, second["accessToken"], old="not it at all", new="another good one")
    assert (await place.refused(wrong)).code is Code.UNAUTHENTICATED
    weak = place.ask(change, second["accessToken"], old=PASSWORD, new="12345678")
    assert (await place.refused(weak)).code is Code.BAD_USER_INPUT
    assert await place.ask(change, second["accessToken"], old=PASSWORD, new="another good one")
    assert (await place.ask("{ me { id } }", second["accessToken"]))["me"]
    assert (await place.refused(place.ask("{ me { id } }", first["accessToken"]))).code is Code.UNAUTHENTICATED
    assert (await place.refused(place.sign_in())).code is Code.UNAUTHENTICATED
    assert await place.sign_in(password="another good one")


# What a caller may


async def test_roles_and_claims_come_from_the_database_within_seconds(place):
    up = await place.up()
    id = UUID(up["user"]["id"])
    await place.sql(sa.insert(Note).values([{"team": 1, "text": "one"}, {"team": 2, "text": "two"}]))
    await place.sql(sa.insert(Membership).values(team=2, user_id=id))
    place.later(seconds=11)
    notes = "{ notes { text } }"
    assert await place.ask(notes, up["accessToken"]) == {"notes": [{"text": "two"}]}
    await place.sql(sa.update(User).where(User.id == id).values(roles=["editor"]))
    place.later(seconds=11)
    assert len((await place.ask(notes, up["accessToken"]))["notes"]) == 2
    await place.sql(sa.update(User).where(User.id == id).values(disabled=True))
    place.later(seconds=11)
    assert (await place.refused(place.ask(notes, up["accessToken"]))).code is Code.UNAUTHENTICATED
    assert (await place.refused(place.sign_in())).code is Code.UNAUTHENTICATED
    assert (await place.refused(place.again(up["refreshToken"]))).code is Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    "given",
    ['roles: ["editor"]', 'email: "bob@example.com"', "emailVerified: true", "disabled: false", "anonymous: true"],
)
async def test_nobody_makes_themselves_another_by_updating_their_row(place, given):
    """Though the rules let users update all of their own row, and create it."""
    up = await place.up()
    for document in (
        f"mutation ($id: UUID!) {{ updateUser(id: $id, set: {{{given}}}) {{ id }} }}",
        f'mutation ($id: UUID!) {{ createUser(object: {{id: $id, name: "x", {given}}}) {{ id }} }}',
    ):
        refusal = await place.refused(place.ask(document, up["accessToken"], id=up["user"]["id"]))
        assert refusal.code is Code.GRAPHQL_VALIDATION_FAILED
    document = 'mutation ($id: UUID!) { updateUser(id: $id, set: {name: "Anna"}) { name } }'
    assert (await place.ask(document, up["accessToken"], id=up["user"]["id"]))["updateUser"] == {"name": "Anna"}


async def test_the_admin_sets_what_is_sealed(place):
    id = (await place.up())["user"]["id"]
    document = 'mutation ($id: UUID!) { updateUser(id: $id, set: {roles: ["editor"]}) { roles } }'
    found = await place.backend.session(ADMINISTRATOR).query(document, {"id": id})
    assert found["updateUser"] == {"roles": ["editor"]}


async def test_the_tables_of_credentials_are_in_no_schema_and_no_change(place):
    await place.up()
    printed = await place.backend.session(ADMINISTRATOR).query("{ __schema { types { name fields { name } } } }")
    text = json.dumps(printed).lower()
    assert "authevents" in text
    for word in ("credential", "refresh_", "hedgerow_auth_session", "attempt"):
        assert word not in text.replace("refreshsession", "").replace("refreshtoken", "")
    changes = await place.sql(sa.text('SELECT DISTINCT "table" AS what FROM hedgerow_change').columns(what=sa.String))
    assert [row.what.strip('"') for row in changes] == ["user"]


async def test_what_is_kept_is_of_no_use_to_a_thief(place):
    up = await place.up()
    dumped = ""
    for table in (CREDENTIAL, SESSION, REFRESH, User.__table__):
        dumped += repr((await place.sql(sa.select(table))).all())
    assert PASSWORD not in dumped
    assert up["refreshToken"] not in dumped
    assert "$argon2id$" in dumped


# Attackers


async def test_forged_tokens_are_refused(place):
    up = await place.up()
    header, payload, signature = up["accessToken"].split(".")
    said = json.loads(base64.urlsafe_b64decode(header + "=="))
    public = place.auth.public_keys()["keys"][0]

    def text(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    raw = base64.urlsafe_b64decode(public["x"] + "==")
    foreign = OKPKey.generate_key("Ed25519")
    forged = {
        "none": f"{text({**said, 'alg': 'none'})}.{payload}.",
        "none, kept signature": f"{text({**said, 'alg': 'none'})}.{payload}.{signature}",
        "another payload": f"{header}.{text({**claims, 'roles': ['admin']})}.{signature}",
        "public key as a secret": jwt.encode({**said, "alg": "HS256"}, claims, OctKey.import_key(raw), ["HS256"]),
        "another key under our name": jwt.encode(said, claims, foreign, ["Ed25519"]),
        "a key that it brings": jwt.encode(
            {**said, "jwk": foreign.as_dict(private=False)}, claims, foreign, ["Ed25519"]
        ),
        "no type": jwt.encode({"alg": "Ed25519", "kid": said["kid"]}, claims, foreign, ["Ed25519"]),
        "broken": up["accessToken"][:-4] + "AAAA",
        "half": f"{header}.{payload}",
    }
    for name, token in forged.items():
        refusal = await place.refused(place.ask("{ me { id } }", token))
        assert refusal.code is Code.UNAUTHENTICATED, name


async def test_tokens_of_others_and_for_others_are_refused(fresh_url):
    backend, clock = served(fresh_url)
    other, _ = served(fresh_url, issuer="https://other.example")
    async with backend.lifespan(), other.lifespan():
        here, there = Place(backend, clock), Place(other, clock)
        token = (await here.up())["accessToken"]
        assert (await there.refused(there.ask("{ me { id } }", token))).code is Code.UNAUTHENTICATED
        # One that the tokens' own secret signed is another module's, and says what that lets it say.
        foreign = make_token(SECRET, ["editor"], {"id": "7"}, datetime.now(UTC) + timedelta(days=9999))
        assert (await here.ask("{ notes { id } }", foreign)) == {"notes": []}
        assert (await here.refused(here.ask("{ sessions { id } }", foreign))).code is Code.UNAUTHENTICATED


async def test_an_access_token_ends(place):
    token = (await place.up())["accessToken"]
    place.later(minutes=10, seconds=31)
    assert (await place.refused(place.ask("{ me { id } }", token))).code is Code.UNAUTHENTICATED


async def test_others_verify_our_tokens_by_the_public_keys(place):
    up = await place.up()
    keys = KeySet.import_key_set(place.auth.public_keys())
    claims = jwt.decode(up["accessToken"], keys, algorithms=["Ed25519"]).claims
    assert claims["sub"] == up["user"]["id"]
    assert claims["roles"] == ["anyone", "user"]
    assert all("d" not in key for key in place.auth.public_keys()["keys"])


async def test_secrets_are_replaced_one_after_the_other(fresh_url):
    old, new = "an_old_secret_of_at_least_32_bytes", "a_new_secret_of_at_least_32_bytes!"
    tokens: list[str] = []
    for given, works in ((old, True), (f"{new} {old}", True), (new, False)):
        backend, clock = served(fresh_url)
        backend.settings = settings(fresh_url, auth_secret=given)
        async with backend.lifespan():
            place = Place(backend, clock)
            if not tokens:
                tokens.append((await place.up())["accessToken"])
            if works:
                assert (await place.ask("{ me { id } }", tokens[0]))["me"]
            else:
                assert (await place.refused(place.ask("{ me { id } }", tokens[0]))).code is Code.UNAUTHENTICATED


@pytest.mark.parametrize("given", [{"jwt_secret": None}, {"auth_secret": SecretStr("short")}])
async def test_without_a_secret_worth_the_name_it_does_not_start(fresh_url, given):
    backend = Backend([], modules=[auth()], settings=settings(fresh_url).model_copy(update=given))
    with pytest.raises(SetupError, match="HEDGEROW_AUTH_SECRET"):
        async with backend.lifespan():
            pass


async def test_guessing_is_slowed_down_and_nobody_is_locked_out(place):
    await place.up()
    for _ in range(HERE.free):
        assert (await place.refused(place.sign_in(password="wrong"))).code is Code.UNAUTHENTICATED
    refusal = await place.refused(place.sign_in())
    assert refusal.code is Code.RATE_LIMITED  # the right one too: else it would be told by that
    place.later(seconds=2)
    assert (await place.refused(place.sign_in(password="wrong"))).code is Code.UNAUTHENTICATED
    place.later(seconds=1)
    assert (await place.refused(place.sign_in())).code is Code.RATE_LIMITED  # twice as long now
    assert await place.sign_in(address="198.51.100.7")  # elsewhere they are not kept waiting
    place.later(seconds=3)
    assert await place.sign_in()
    assert (await place.refused(place.sign_in(password="wrong"))).code is Code.UNAUTHENTICATED  # and it begins anew


async def test_many_addresses_slow_an_account_down_but_not_where_it_is_signed_in(place):
    await place.up()  # from 192.0.2.1
    for number in range(ACCOUNT.free):
        refusal = await place.refused(place.sign_in(password="wrong", address=f"203.0.113.{number}"))
        assert refusal.code is Code.UNAUTHENTICATED
    refusal = await place.refused(place.sign_in(password="wrong", address="203.0.113.99"))
    assert refusal.code is Code.RATE_LIMITED
    assert await place.sign_in()
    place.later(seconds=ACCOUNT.longest.total_seconds() + 1)
    assert await place.sign_in(address="203.0.113.99")


async def test_one_address_does_not_try_all_accounts(place):
    for number in range(50):
        refusal = await place.refused(place.sign_in(f"user{number}@example.com"))
        assert refusal.code is Code.UNAUTHENTICATED
    assert (await place.refused(place.sign_in("user51@example.com"))).code is Code.RATE_LIMITED
    assert (
        await place.refused(place.sign_in("user51@example.com", address="198.51.100.7"))
    ).code is Code.UNAUTHENTICATED


async def test_many_guesses_at_once_are_no_more_than_one_after_the_other(place):
    await place.up()
    asked = [place.sign_in(password=f"wrong {number}") for number in range(20)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    codes = [each.code for each in found if isinstance(each, Refusal)]
    assert codes.count(Code.UNAUTHENTICATED) <= HERE.free + 1
    assert codes.count(Code.RATE_LIMITED) >= 20 - HERE.free - 1


async def test_whoever_goes_away_has_tried_all_the_same(place):
    await place.up()
    for _ in range(HERE.free):
        asking = asyncio.ensure_future(place.sign_in(password="wrong"))
        await until(lambda: place.auth._desk.passwords._working)
        asking.cancel()
        await asyncio.wait([asking])
    assert (await place.refused(place.sign_in())).code is Code.RATE_LIMITED


async def test_who_exists_is_not_told(place):
    await place.up()
    known = await place.refused(place.sign_in(password="wrong"))
    unknown = await place.refused(place.sign_in("nobody@example.com", password="wrong"))
    assert (known.code, str(known)) == (unknown.code, str(unknown))


async def test_it_takes_as_long_where_nobody_is(place, monkeypatch):
    """No test can time it well; what is asked and hashed is the same."""
    await place.up()
    asked: list[str] = []
    original = Compiled.command

    def counted(self: Any, **given: Any) -> Any:
        found = original(self, **given)
        if not found.sql.startswith("DELETE") and "expires_at <=" not in found.sql:  # the sweep's
            asked.append(found.sql)
        return found

    monkeypatch.setattr(Compiled, "command", counted)
    verified: list[str] = []
    hasher = place.auth._desk.passwords
    monkeypatch.setattr(hasher, "_verified", lambda kept, password: bool(verified.append(kept.split("$")[3])))
    found = []
    for number, email in enumerate(("nobody@example.com", "ann@example.com")):
        asked.clear()
        verified.clear()
        await place.refused(place.sign_in(email, password="wrong", address=f"203.0.113.{number}"))
        found.append((list(asked), list(verified)))
    assert found[0] == found[1]
    assert found[0][1] == ["m=64,t=1,p=1"]


async def test_the_end_of_a_session_reaches_open_subscriptions(place):
    here = await place.up()
    async with socket(place.backend) as talk:
        await talk.init(Authorization=f"Bearer {here['accessToken']}")
        await talk.subscribe("a", "subscription { notes { text } }")
        assert await talk.data("a") == {"notes": []}
        await place.ask("mutation { signOut }", here["accessToken"])
        assert (await talk.closed())[0] == 4403


async def test_the_end_of_a_session_reaches_other_processes(postgres_url):
    one, clock = served(postgres_url)
    other, _ = served(postgres_url)
    async with one.lifespan(), other.lifespan():
        here, there = Place(one, clock), Place(other, clock)
        token = (await here.up())["accessToken"]
        assert (await there.ask("{ me { id } }", token))["me"]  # known there for ten seconds from now
        await here.ask("mutation { signOut }", token)

        async def gone() -> None:
            while True:
                try:
                    await there.ask("{ me { id } }", token)
                except Refusal as refusal:
                    assert refusal.code is Code.UNAUTHENTICATED
                    return
                await asyncio.sleep(0.01)

        await asyncio.wait_for(gone(), 10)


async def test_over_http_a_session_knows_whence_it_came(fresh_url):
    backend, _ = served(fresh_url)
    with serving(backend) as port:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            body = {"query": UP, "variables": {"email": "a@b.cd", "password": PASSWORD, "profile": {"name": "A"}}}
            told = (await client.post("/graphql", json=body, headers={"user-agent": "phone"})).json()
            token = told["data"]["signUp"]["accessToken"]
            headers = {"authorization": f"Bearer {token}"}
            asked = {"query": "{ sessions { agent address } }"}
            found = (await client.post("/graphql", json=asked, headers=headers)).json()
            assert found["data"]["sessions"] == [{"agent": "phone", "address": "127.0.0.1"}]
            keys = (await client.get("/.well-known/jwks.json")).json()["keys"]
            assert [(key["kty"], key["crv"], key["use"]) for key in keys] == [("OKP", "Ed25519", "sig")]


# Passwords


async def test_a_hash_of_other_parameters_is_made_anew(place):
    await place.up()
    costly = await Passwords(memory=128, passes=1).hash(PASSWORD)
    await place.sql(sa.update(CREDENTIAL).values(password=costly))
    assert await place.sign_in()
    (kept,) = (await place.sql(sa.select(CREDENTIAL.c.password))).scalars()
    assert "m=64," in kept


FIREBASE = (
    "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZv"
    "pjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
)
"""The example of Firebase's own documentation, in the form that GoTrue takes."""
IMPORTED = {
    "bcrypt": (bcrypt.hashpw(b"user1password", bcrypt.gensalt(4)).decode(), "user1password"),
    "passlib": (
        "$scrypt$ln=8,r=8,p=1$WKs1xljLudd6z9kbY0wpJQ$yCR4iDZYDKv+iEJj6yHY0lv/epnfB6f/w1EbXrsJOuQ",
        "password",
    ),
    "firebase": (FIREBASE, "user1password"),
}


@pytest.mark.parametrize("kind", IMPORTED)
async def test_users_move_in_with_their_passwords(place, kind):
    """They sign in with what they had; it is kept as argon2id from then on."""
    kept, password = IMPORTED[kind]
    id = uuid4()
    at = place.clock[0]
    await place.sql(sa.insert(User).values(id=id, email="old@example.com", name="Old", roles=[], created_at=at))
    await place.sql(sa.insert(CREDENTIAL).values(user_id=id, password=kept, changed_at=at))
    assert (await place.refused(place.sign_in("old@example.com", password + "x"))).code is Code.UNAUTHENTICATED
    assert await place.sign_in("old@example.com", password)
    (now,) = (await place.sql(sa.select(CREDENTIAL.c.password))).scalars()
    assert now.startswith("$argon2id$")
    assert await place.sign_in("old@example.com", password)


@pytest.mark.parametrize("kept", ["", "x", "$", "$2b$", "$scrypt$ln=8$a$b", "$fbscrypt$$$", "$argon2id$x", "$md5$x$y"])
async def test_a_hash_that_was_imported_broken_fits_nothing(kept):
    passwords = fast()
    assert not await passwords.fits(PASSWORD, kept)
    passwords.stop()


def test_long_and_strange_passwords_are_told_apart():
    assert fault("grün über alles") is None
    assert fault("пароль подлиннее") is None
    assert fault("12345678") is not None


async def test_a_flood_of_hashing_is_refused_and_starves_nobody():
    passwords = Passwords(at_once=1, waiting=3, memory=1024, passes=1)
    found = await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(each, str) for each in found) == 8
    assert {each.code for each in found if isinstance(each, Refusal)} == {Code.RATE_LIMITED}
    assert isinstance(await passwords.hash(PASSWORD), str)
    passwords.stop()


async def test_of_a_flood_of_sign_ins_most_are_refused_before_the_database_is_asked(fresh_url, monkeypatch):
    slow = Passwords(at_once=1, waiting=3, memory=1024, passes=1)
    backend, clock = served(fresh_url, passwords=lambda: slow)
    async with backend.lifespan():
        place = Place(backend, clock)
        users: list[str] = []
        original = place.auth._users.by_email

        async def counted(email: str, session: Any) -> Any:
            users.append(email)
            return await original(email, session)

        monkeypatch.setattr(place.auth._users, "by_email", counted)
        asked = [place.sign_in(f"user{number}@example.com", address=f"192.0.2.{number}") for number in range(20)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        codes = [each.code for each in found if isinstance(each, Refusal)]
        assert codes.count(Code.RATE_LIMITED) == 16
        assert codes.count(Code.UNAUTHENTICATED) == len(users) == 4
        assert len(await place.events()) == 4  # who was refused so has tried nothing


@pytest.mark.parametrize("what", ["sign_up", "sign_in", "change_password"])
async def test_hashing_holds_up_no_writer(place, monkeypatch, what):
    """SQLite has one writer: were it held meanwhile, another's write would wait for it."""
    up = await place.up()
    passwords = place.auth._desk.passwords
    hash, others = passwords.hash, []

    async def slow(password: str) -> str:
        async with asyncio.timeout(3):
            await place.sql(sa.insert(Note).values(team=1, text="another's"))
        others.append(password)
        return await hash(password)

    monkeypatch.setattr(passwords, "hash", slow)
    if what == "sign_up":
        await place.up("bob@example.com", "Bob")
    elif what == "sign_in":
        await place.sql(sa.update(CREDENTIAL).values(password=await Passwords(memory=128, passes=1).hash(PASSWORD)))
        await place.sign_in()
    else:
        change = "mutation ($old: String!, $new: String!) { changePassword(oldPassword: $old, newPassword: $new) }"
        await place.ask(change, up["accessToken"], old=PASSWORD, new="another good one")
    assert len(others) == 1


async def test_two_spellings_of_one_password_are_the_same():
    passwords = fast()
    kept = await passwords.hash("caf\u00e9 de la gare")
    assert await passwords.fits("cafe\u0301 de la gare", kept)
    assert not await passwords.fits("cafe de la gare", kept)
    passwords.stop()
