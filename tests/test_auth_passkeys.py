"""Passkeys: to sign in with and as a second factor, and what attackers try at them.

`test_auth_passkeys_browser` has them in a real browser; here an authenticator in software says what no browser would.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hedgerow import Code, SetupError
from hedgerow.resolvers.auth.passkeys import MOST
from hedgerow.resolvers.auth.recovery import COUNT
from hedgerow.resolvers.auth.tables import CHALLENGE, CREDENTIAL, PASSKEY, RECOVERY, SESSION

from .authenticator import PRESENT, VERIFIED, Authenticator
from .conftest import ADMINISTRATOR, settings
from .post import Post, token
from .second_factors import FACTORS, REMOVE, add_app, challenge, complete, half, protected, verified
from .signing_in import PASSWORD, Place, User, mailing, served
from .test_auth_factors import ME
from .test_auth_mail import ASK_CODE, BY_CODE, RESET

ORIGIN = "http://localhost:8000"
BEGIN = """mutation ($password: String, $code: String, $second: Boolean! = false) {
  beginPasskeyRegistration(password: $password, code: $code, secondFactor: $second)
}"""
REGISTER = """mutation ($credential: JSON!, $name: String!) {
  registerPasskey(credential: $credential, name: $name) { passkey { id name secondFactor synced } recoveryCodes }
}"""
ASK = "mutation { beginPasskeySignIn }"
IN = """mutation ($credential: JSON!) {
  signInWithPasskey(credential: $credential) { accessToken user { id email } }
}"""
ASK_SECOND = "mutation ($challenge: String!) { beginSecondFactorPasskey(challenge: $challenge) }"
SECOND = """mutation ($challenge: String!, $credential: JSON!) {
  completeSignInWithPasskey(challenge: $challenge, credential: $credential) { accessToken user { id email } }
}"""
MINE = "{ passkeys { id name secondFactor createdAt usedAt } }"
RENAME = "mutation ($id: UUID!, $name: String!) { renamePasskey(id: $id, name: $name) }"
DROP = """mutation ($id: UUID!, $password: String, $code: String) {
  removePasskey(id: $id, password: $password, code: $code)
}"""


@pytest.fixture
async def place(fresh_url: str) -> AsyncIterator[Place]:
    backend, clock = served(fresh_url, app="Meadow")
    backend.settings = settings(fresh_url, public_url=ORIGIN, allowed_origins="https://app.example.com http://evil.com")
    async with backend.lifespan():
        yield Place(backend, clock)


@pytest.fixture
async def mailed(fresh_url: str, post: Post) -> AsyncIterator[Place]:
    backend, clock = mailing(fresh_url, post)
    backend.settings = backend.settings.model_copy(update={"public_url": ORIGIN})
    async with backend.lifespan():
        yield Place(backend, clock)


async def options(place: Place, token: str, **given: Any) -> dict[str, Any]:
    given = {"password": PASSWORD} | given
    return (await place.ask(BEGIN, token, **given))["beginPasskeyRegistration"]


async def register(place: Place, token: str, key: Authenticator | None = None, **given: Any) -> Authenticator:
    key = key or Authenticator()
    made = key.create(await options(place, token, **given))
    await place.ask(REGISTER, token, credential=made, name="Key")
    return key


async def asked(place: Place) -> dict[str, Any]:
    return (await place.ask(ASK))["beginPasskeySignIn"]


async def enter(place: Place, key: Authenticator) -> dict[str, Any]:
    return (await place.ask(IN, credential=key.get(await asked(place))))["signInWithPasskey"]


async def asked_second(place: Place, begun: str) -> dict[str, Any]:
    return (await place.ask(ASK_SECOND, challenge=begun))["beginSecondFactorPasskey"]


async def refused(place: Place, asking: Any) -> None:
    assert (await place.refused(asking)).code is Code.UNAUTHENTICATED


async def test_from_registration_to_a_sign_in(place):
    up = await place.up()
    given = await options(place, up["accessToken"])
    assert given["rp"] == {"name": "Meadow", "id": "localhost"}
    assert given["attestation"] == "none"
    assert given["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert given["user"]["name"] == "ann@example.com"
    key = Authenticator()
    told = await place.ask(REGISTER, up["accessToken"], credential=key.create(given), name="  My   phone ")
    passkey = told["registerPasskey"]["passkey"]
    assert passkey == {"id": passkey["id"], "name": "My phone", "secondFactor": False, "synced": False}
    assert told["registerPasskey"]["recoveryCodes"] == []
    assert key.handle not in (UUID(up["user"]["id"]).bytes, b"ann@example.com")
    found = await enter(place, key)
    assert found["user"] == {"id": up["user"]["id"], "email": "ann@example.com"}
    assert (await place.ask(ME, found["accessToken"]))["me"]
    (mine,) = (await place.ask(MINE, found["accessToken"]))["passkeys"]
    assert mine["usedAt"] is not None
    assert await place.sign_in()  # it asks for nothing by itself
    assert await place.events() == ["signed_up", "passkey_added", "signed_in", "signed_in"]


async def test_a_passkey_is_two_factors(place):
    up, _ = await protected(place)
    key = await register(place, up["accessToken"])
    assert (await enter(place, key))["user"]["email"] == "ann@example.com"


async def test_a_passkey_as_the_second_factor(place):
    up = await verified(place)
    other = await place.sign_in()
    given = await options(place, up["accessToken"], second=True)
    assert given["authenticatorSelection"]["userVerification"] == "preferred"
    key = Authenticator(flags=PRESENT)  # a plain security key, that knows nobody
    made = await place.ask(REGISTER, up["accessToken"], credential=key.create(given), name="Key")
    codes = made["registerPasskey"]["recoveryCodes"]
    assert len(codes) == COUNT
    await refused(place, place.ask(ME, other["accessToken"]))
    refusal = await place.refused(place.sign_in())
    assert refusal.complaints[0].extensions["secondFactor"]["factors"] == ["PASSKEY", "RECOVERY_CODE"]
    begun = challenge(refusal)
    wanted = await asked_second(place, begun)
    assert [each["transports"] for each in wanted["allowCredentials"]] == [["usb"]]
    done = await place.ask(SECOND, challenge=begun, credential=key.get(wanted))
    assert (await place.ask(ME, done["completeSignInWithPasskey"]["accessToken"]))["me"]
    await refused(place, place.ask(SECOND, challenge=begun, credential=key.get(wanted)))
    assert await complete(place, await half(place), codes[0])
    await refused(place, enter(place, key))  # alone, it is one factor


async def test_a_second_one_asks_for_no_more_recovery_codes_and_the_last_takes_them_away(place):
    up, app = await protected(place)
    await register(place, up["accessToken"], second=True)
    assert len((await place.sql(sa.select(RECOVERY))).all()) == COUNT
    assert await complete(place, await half(place), app.recovery[0])
    await place.ask(REMOVE, up["accessToken"], password=PASSWORD)
    assert (await place.ask(FACTORS, up["accessToken"]))["secondFactors"] == {
        "on": True,
        "totp": False,
        "recoveryCodesLeft": COUNT - 1,
    }
    (mine,) = (await place.ask(MINE, up["accessToken"]))["passkeys"]
    assert await place.ask(DROP, up["accessToken"], id=mine["id"], password=PASSWORD) == {"removePasskey": True}
    assert (await place.sql(sa.select(RECOVERY))).all() == []
    assert await place.sign_in()


async def test_those_of_a_user_have_one_handle_and_are_made_once(place):
    up = await place.up()
    first = await register(place, up["accessToken"])
    given = await options(place, up["accessToken"])
    assert [each["transports"] for each in given["excludeCredentials"]] == [["usb"]]
    second = Authenticator()
    await place.ask(REGISTER, up["accessToken"], credential=second.create(given), name="Other")
    assert first.handle == second.handle
    again = first.create(await options(place, up["accessToken"]))
    refusal = await place.refused(place.ask(REGISTER, up["accessToken"], credential=again, name="Again"))
    assert refusal.code is Code.CONFLICT
    bob = await place.up("bob@example.com", "Bob")
    stolen = first.create(await options(place, bob["accessToken"]))
    refusal = await place.refused(place.ask(REGISTER, bob["accessToken"], credential=stolen, name="Ann's"))
    assert refusal.code is Code.CONFLICT
    assert (await enter(place, second))["user"]["email"] == "ann@example.com"


async def test_ones_own_are_renamed_and_removed(place):
    ann, bob = await place.up(), await place.up("bob@example.com", "Bob")
    key = await register(place, ann["accessToken"])
    (mine,) = (await place.ask(MINE, ann["accessToken"]))["passkeys"]
    assert await place.ask(RENAME, ann["accessToken"], id=mine["id"], name="Phone") == {"renamePasskey": True}
    assert await place.ask(RENAME, bob["accessToken"], id=mine["id"], name="Mine") == {"renamePasskey": False}
    removing = {"id": mine["id"], "password": PASSWORD}
    assert await place.ask(DROP, bob["accessToken"], **removing) == {"removePasskey": False}
    (mine,) = (await place.ask(MINE, ann["accessToken"]))["passkeys"]
    assert mine["name"] == "Phone"
    for name in ("", " ", "x" * 101):
        refusal = await place.refused(place.ask(RENAME, ann["accessToken"], id=mine["id"], name=name))
        assert refusal.code is Code.BAD_USER_INPUT
    assert await place.ask(DROP, ann["accessToken"], **removing) == {"removePasskey": True}
    await refused(place, enter(place, key))


async def test_the_last_way_to_sign_in_stays(place):
    up = await place.up()
    await register(place, up["accessToken"])
    await register(place, up["accessToken"])
    await place.sql(sa.delete(CREDENTIAL))  # no password, and no mail is sent here
    mine = [each["id"] for each in (await place.ask(MINE, up["accessToken"]))["passkeys"]]
    found = await asyncio.gather(
        *(place.ask(DROP, up["accessToken"], id=each) for each in mine), return_exceptions=True
    )
    assert sum(isinstance(each, dict) for each in found) == 1  # at once, too
    assert any("last way to sign in" in str(each) for each in found)
    assert len((await place.ask(MINE, up["accessToken"]))["passkeys"]) == 1


async def test_a_user_has_so_many(place):
    up = await place.up()
    key = await register(place, up["accessToken"])
    (row,) = (await place.sql(sa.select(PASSKEY))).mappings().all()
    rows = [{**row, "id": uuid4(), "credential": f"key {number}".encode()} for number in range(MOST - 1)]
    for each in rows:
        await place.sql(sa.insert(PASSKEY).values(each))
    refusal = await place.refused(options(place, up["accessToken"]))
    assert refusal.code is Code.BAD_USER_INPUT
    assert await enter(place, key)


async def test_without_an_address_there_are_no_passkeys(fresh_url):
    backend, clock = served(fresh_url)
    for public_url in ("", "http://127.0.0.1:8000"):
        backend.settings = settings(fresh_url, public_url=public_url)
        async with backend.lifespan():
            refusal = await Place(backend, clock).refused(Place(backend, clock).ask(ASK))
            assert "HEDGEROW_PUBLIC_URL" in str(refusal)


async def test_they_are_for_a_domain_above_too(fresh_url):
    backend, clock = served(fresh_url, rp_id="example.com")
    backend.settings = settings(fresh_url, public_url="https://api.example.com", allowed_origins="https://example.com")
    async with backend.lifespan():
        place = Place(backend, clock)
        up = await place.up()
        key = await register(place, up["accessToken"], Authenticator("https://example.com", "example.com"))
        assert await enter(place, key)


async def test_what_is_no_host_does_not_start(fresh_url):
    for rp_id in ("https://example.com", "example.com:443", "", "EXAMPLE.com"):
        backend, _ = served(fresh_url, rp_id=rp_id)
        with pytest.raises(SetupError, match="rp_id"):
            async with backend.lifespan():
                pass


# Attackers


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://evil.com"},  # listed, but no place that browsers would have passkeys at
        {"origin": "http://localhost:8001"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"cross": True},
        {"handle": b"somebody else's"},
        {"handle": b""},
        {"id": b"no such passkey!"},
        {"key": Authenticator().key},
    ],
    ids=lambda change: "-".join(f"{name}" for name in change),
)
async def test_an_answer_that_is_not_so_lets_nobody_in(place, change):
    up = await place.up()
    key = await register(place, up["accessToken"])
    assert await enter(place, key)
    await refused(place, enter(place, replace(key, **change)))


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"cross": True},
    ],
    ids=lambda change: "-".join(change),
)
async def test_an_answer_that_is_not_so_registers_nothing(place, change):
    up = await place.up()
    await refused(place, register(place, up["accessToken"], Authenticator(**change)))
    assert (await place.sql(sa.select(PASSKEY))).all() == []


@pytest.mark.parametrize("given", [{}, [], {"id": 1}, {"response": {}}, {"response": {"attestationObject": "x"}}])
async def test_what_is_no_answer_is_refused(place, given):
    up = await place.up()
    await refused(place, place.ask(IN, credential=given))
    await refused(place, place.ask(REGISTER, up["accessToken"], credential=given, name="Key"))


async def test_broken_answers_are_refused(place):
    up = await place.up()
    key = await register(place, up["accessToken"])
    for part in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for broken in ("", "x", "AAAA", "%%%", "é", "A" * 5000):
            answer = key.get(await asked(place))
            answer["response"][part] = broken
            await refused(place, place.ask(IN, credential=answer))
    for broken in ("", "x", "AAAA", "oWNmbXRkbm9uZQ", "A" * 5000):
        made = Authenticator().create(await options(place, up["accessToken"]))
        made["response"]["attestationObject"] = broken
        await refused(place, place.ask(REGISTER, up["accessToken"], credential=made, name="Key"))
    assert await enter(place, key)


async def test_an_answer_is_good_once(place):
    up = await place.up()
    key = await register(place, up["accessToken"])
    answer = key.get(await asked(place))
    found = await asyncio.gather(*(place.ask(IN, credential=answer) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(each, dict) for each in found) == 1
    await refused(place, place.ask(IN, credential=answer))


async def test_what_was_refused_is_over_too(place):
    """Though the mutation that would have ended it was undone."""
    up = await place.up()
    key = await register(place, up["accessToken"])
    given = await asked(place)
    await refused(place, place.ask(IN, credential=replace(key, flags=PRESENT).get(given)))
    await refused(place, place.ask(IN, credential=key.get(given)))
    given = await options(place, up["accessToken"])
    bad = Authenticator(origin="https://evil.example").create(given)
    await refused(place, place.ask(REGISTER, up["accessToken"], credential=bad, name="Key"))
    good = Authenticator().create(given)
    await refused(place, place.ask(REGISTER, up["accessToken"], credential=good, name="Key"))
    assert (await place.sql(sa.select(CHALLENGE))).all() == []


async def test_what_was_begun_ends(place):
    up = await place.up()
    key = await register(place, up["accessToken"])
    given, made = await asked(place), Authenticator().create(await options(place, up["accessToken"]))
    place.later(minutes=5)
    await refused(place, place.ask(IN, credential=key.get(given)))
    await refused(place, place.ask(REGISTER, up["accessToken"], credential=made, name="Key"))


async def test_one_ceremony_is_not_another(place):
    """What was begun to register signs nobody in, and the other way round; nor does it complete a sign-in."""
    up = await verified(place)
    key = await register(place, up["accessToken"])
    for_registering = await options(place, up["accessToken"])
    await refused(place, place.ask(IN, credential=key.get(for_registering)))
    for_signing_in = await asked(place)
    made = Authenticator().create({**for_registering, "challenge": for_signing_in["challenge"]})
    await refused(place, place.ask(REGISTER, up["accessToken"], credential=made, name="Key"))
    # The kind that the browser itself says is looked at as well.
    given = await options(place, up["accessToken"])
    answer = Authenticator().create(given)
    answer["response"]["clientDataJSON"] = key.get(given)["response"]["clientDataJSON"]
    await refused(place, place.ask(REGISTER, up["accessToken"], credential=answer, name="Key"))
    await add_app(place, up["accessToken"])
    begun, alone = await half(place), await asked(place)
    await refused(place, place.ask(SECOND, challenge=begun, credential=key.get(alone)))
    await refused(place, place.ask(IN, credential=key.get(await asked_second(place, begun))))
    wanted = await asked_second(place, begun)
    assert await place.ask(SECOND, challenge=begun, credential=key.get(wanted))


async def test_a_passkey_completes_the_sign_in_that_it_answered_alone(place):
    """An answer for one sign-in, of which somebody got hold, is of no use for another of the same user."""
    up, _ = await protected(place)
    key = await register(place, up["accessToken"])
    begun, other = await half(place), await half(place)
    answer = key.get(await asked_second(place, begun))
    await refused(place, place.ask(SECOND, challenge=other, credential=answer))
    assert await place.ask(SECOND, challenge=begun, credential=answer)


async def test_anothers_passkey_proves_nothing(place):
    up, _ = await protected(place)
    await register(place, up["accessToken"])
    mallory = await place.up("mallory@example.com", "Mallory")
    key = await register(place, mallory["accessToken"])
    begun = await half(place)
    wanted = await asked_second(place, begun)
    await refused(place, place.ask(SECOND, challenge=begun, credential=key.get(wanted)))
    (anns,) = (await place.sql(sa.select(PASSKEY).where(PASSKEY.c.user_id == UUID(up["user"]["id"])))).all()
    posing = replace(key, id=anns.credential, handle=anns.handle)
    await refused(place, place.ask(SECOND, challenge=begun, credential=posing.get(wanted)))
    await refused(place, enter(place, posing))
    await refused(place, enter(place, replace(key, handle=anns.handle)))


async def test_what_one_began_another_does_not_finish(place):
    """Else somebody is made to register a passkey of an attacker's."""
    ann, mallory = await place.up(), await place.up("mallory@example.com", "Mallory")
    made = Authenticator().create(await options(place, mallory["accessToken"]))
    await refused(place, place.ask(REGISTER, ann["accessToken"], credential=made, name="Key"))
    assert (await place.sql(sa.select(PASSKEY))).all() == []


async def test_a_copied_passkey_is_found_out(place):
    up = await place.up()
    key = await register(place, up["accessToken"], Authenticator(count=7))
    key.count = 9
    assert await enter(place, key)
    for count in (9, 8, 0):
        await refused(place, enter(place, replace(key, count=count)))
    assert (await place.events())[-3:] == ["passkey_cloned"] * 3
    assert await enter(place, replace(key, count=10))


async def test_of_two_at_once_with_one_count_one_comes_in(place):
    up = await place.up()
    key = await register(place, up["accessToken"], Authenticator(count=1))
    key.count = 2
    answers = [key.get(await asked(place)) for _ in range(4)]
    found = await asyncio.gather(*(place.ask(IN, credential=each) for each in answers), return_exceptions=True)
    assert sum(isinstance(each, dict) for each in found) == 1


async def test_passkeys_that_do_not_count_work(place):
    up = await place.up()
    key = await register(place, up["accessToken"])
    for _ in range(3):
        assert await enter(place, key)


async def test_who_is_disabled_has_no_passkey(place):
    up = await place.up()
    key = await register(place, up["accessToken"])
    await place.sql(sa.update(User).values(disabled=True))
    await refused(place, enter(place, key))
    assert (await place.events())[-1] == "passkey_refused"


async def test_an_access_token_alone_adds_and_removes_no_passkey(place):
    up, app = await protected(place)
    await register(place, up["accessToken"])
    (mine,) = (await place.ask(MINE, up["accessToken"]))["passkeys"]
    for given in ({"password": None}, {"password": "wrong"}, {"password": None, "code": app.wrong()}):
        await refused(place, options(place, up["accessToken"], **given))
        await refused(place, place.ask(DROP, up["accessToken"], id=mine["id"], **given))
    for document in (MINE, BEGIN):
        await refused(place, place.ask(document))


async def test_who_has_no_password_signed_in_a_moment_ago(place):
    up = await place.up()
    await register(place, up["accessToken"])
    await place.sql(sa.delete(CREDENTIAL))
    assert await options(place, up["accessToken"], password=None)
    place.later(minutes=5)
    await refused(place, options(place, up["accessToken"], password=None))


async def test_who_exists_is_not_told(place):
    """It is asked without a name, and the answer is the same for all."""
    before = await asked(place)
    up, _ = await protected(place)
    await register(place, up["accessToken"])
    after = await asked(place)
    assert before["allowCredentials"] == after["allowCredentials"] == []
    assert {**before, "challenge": ""} == {**after, "challenge": ""}
    assert after["userVerification"] == "required"
    unknown = await place.refused(enter(place, Authenticator(handle=b"x")))
    known = await place.refused(enter(place, replace(await register(place, up["accessToken"]), flags=PRESENT)))
    assert (unknown.code, str(unknown)) == (known.code, str(known))
    await refused(place, place.ask(ASK_SECOND, challenge="no such challenge"))


@pytest.mark.parametrize("by", ["code", "reset"])
async def test_whoever_made_an_account_of_anothers_address_keeps_no_passkey_of_it(mailed, post, by):
    place = mailed
    attacker = await place.up("victim@example.com", "Mallory")
    key = await register(place, attacker["accessToken"])
    second = place.ask(BEGIN, attacker["accessToken"], password=PASSWORD, second=True)
    assert "Confirm your e-mail address" in str(await place.refused(second))
    if by == "code":
        await place.ask(ASK_CODE, email="victim@example.com")
        await place.ask(BY_CODE, link=token(await post.next()))
    else:
        await place.ask('mutation { requestPasswordReset(email: "victim@example.com") }')
        await place.ask(RESET, link=token(await post.next()), new="another good one")
    await refused(place, enter(place, key))
    assert (await place.sql(sa.select(PASSKEY))).all() == []


@pytest.mark.parametrize("by", ["code", "reset"])
async def test_an_address_that_is_proved_anew_is_no_second_factor(mailed, post, by):
    """The admin gave somebody another address, say: what the factor is made of stays, and is asked for."""
    place = mailed
    up = await verified(place)
    key = await register(place, up["accessToken"], second=True)
    await place.sql(sa.update(User).values(email_verified=False))
    if by == "code":
        await place.ask(ASK_CODE, email="ann@example.com")
        begun = challenge(await place.refused(place.ask(BY_CODE, link=token(await post.next()))))
    else:
        await place.ask('mutation { requestPasswordReset(email: "ann@example.com") }')
        await place.ask(RESET, link=token(await post.next()), new="another good one")
        begun = await half(place, password="another good one")
    wanted = await asked_second(place, begun)
    assert await place.ask(SECOND, challenge=begun, credential=key.get(wanted))


async def test_a_new_password_by_mail_keeps_ones_own_passkeys(mailed, post):
    place = mailed
    up = await verified(place)
    key = await register(place, up["accessToken"], second=True)
    await place.ask('mutation { requestPasswordReset(email: "ann@example.com") }')
    await place.ask(RESET, link=token(await post.next()), new="another good one")
    assert (await place.sql(sa.select(SESSION))).all() == []
    assert await half(place, password="another good one")
    assert await enter(place, key)


async def test_the_tables_are_in_no_schema(place):
    up = await place.up()
    await register(place, up["accessToken"])
    printed = await place.backend.session(ADMINISTRATOR).query("{ __schema { types { name fields { name } } } }")
    names = json.dumps(printed).lower()
    assert "authpasskey" in names
    for word in ("hedgerow_auth", "publickey", "signcount", '"handle"', "credential"):
        assert word not in names
    changes = await place.sql(sa.text('SELECT DISTINCT "table" AS what FROM hedgerow_change').columns(what=sa.String))
    assert "passkey" not in repr(changes.all())
