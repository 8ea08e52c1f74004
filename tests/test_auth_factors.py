"""The second factor: authenticator apps and recovery codes, and what attackers try at them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from hedgerow import Code, Refusal
from hedgerow.resolvers.auth import challenges, totp
from hedgerow.resolvers.auth.attempts import CHALLENGE as OF_A_CHALLENGE
from hedgerow.resolvers.auth.attempts import FACTOR, FACTOR_HERE, HERE
from hedgerow.resolvers.auth.passwords import Passwords
from hedgerow.resolvers.auth.recovery import COUNT
from hedgerow.resolvers.auth.tables import CHALLENGE, CODE, CREDENTIAL, RECOVERY, SESSION, TABLES, TOTP
from hedgerow.resolvers.exchange import Exchange

from .conftest import ADMINISTRATOR, settings
from .post import Post, code, token
from .second_factors import (
    BEGIN,
    COMPLETE,
    CONFIRM,
    FACTORS,
    REMOVE,
    RENEW,
    App,
    add_app,
    challenge,
    complete,
    half,
    protected,
    verified,
)
from .serving import serving
from .signing_in import IN, PASSWORD, Place, User, mailing, served
from .test_auth_mail import ASK_CODE, BY_CODE, RESET

ME = "{ me { id } }"


@pytest.fixture
async def place(fresh_url: str) -> AsyncIterator[Place]:
    backend, clock = served(fresh_url, app="Meadow & Co")
    async with backend.lifespan():
        yield Place(backend, clock)


@pytest.fixture
async def mailed(fresh_url: str, post: Post) -> AsyncIterator[Place]:
    backend, clock = mailing(fresh_url, post)
    async with backend.lifespan():
        yield Place(backend, clock)


async def test_from_an_app_to_a_sign_in_with_it(place):
    up = await verified(place)
    begun = (await place.ask(BEGIN, up["accessToken"], password=PASSWORD))["beginTotp"]
    uri = urlsplit(begun["uri"])
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/Meadow & Co:ann@example.com")
    assert parse_qs(uri.query) == {"secret": [begun["secret"]], "issuer": ["Meadow & Co"]}
    assert begun["qr"].startswith("data:image/svg+xml")
    assert await place.sign_in()  # until it is confirmed, nothing is asked for
    assert (await place.ask(FACTORS, up["accessToken"]))["secondFactors"] == {
        "on": False,
        "totp": False,
        "recoveryCodesLeft": 0,
    }
    app = App(place, begun["secret"])
    assert (await place.refused(place.ask(CONFIRM, up["accessToken"], code=app.wrong()))).code is Code.UNAUTHENTICATED
    codes = (await place.ask(CONFIRM, up["accessToken"], code=app.code()))["confirmTotp"]
    assert len(set(codes)) == COUNT
    assert (await place.ask(FACTORS, up["accessToken"]))["secondFactors"] == {
        "on": True,
        "totp": True,
        "recoveryCodesLeft": COUNT,
    }
    refusal = await place.refused(place.sign_in())
    assert refusal.code is Code.UNAUTHENTICATED
    assert refusal.complaints[0].extensions["secondFactor"]["factors"] == ["TOTP", "RECOVERY_CODE"]
    found = await complete(place, challenge(refusal), app.next())
    assert (await place.ask(ME, found["accessToken"]))["me"] == {"id": up["user"]["id"]}
    assert (await place.again(found["refreshToken"]))["refreshSession"]
    assert await place.events() == [
        "signed_up",
        "signed_in",
        "second_factor_refused",
        "totp_added",
        "second_factor_asked",
        "signed_in",
    ]


async def test_over_http_the_challenge_is_in_the_extensions(fresh_url):
    backend, clock = served(fresh_url)
    with serving(backend) as port:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def ask(query: str, token: str | None = None, **variables: Any) -> Any:
                headers = {"authorization": f"Bearer {token}"} if token else {}
                body = {"query": query, "variables": variables}
                return (await client.post("/graphql", json=body, headers=headers)).json()

            signed = await ask(
                "mutation ($p: String!) {"
                ' signUp(email: "ann@example.com", password: $p, profile: {name: "Ann"}) { accessToken user { id } } }',
                p=PASSWORD,
            )
            me = signed["data"]["signUp"]
            admin = {"x-hedgerow-admin-secret": "an admin secret for tests, at least 32 bytes"}
            confirm = "mutation ($id: UUID!) { updateUser(id: $id, set: {emailVerified: true}) { id } }"
            body = {"query": confirm, "variables": {"id": me["user"]["id"]}}
            assert "errors" not in (await client.post("/graphql", json=body, headers=admin)).json()
            begun = await ask(BEGIN, me["accessToken"], password=PASSWORD)
            app = App(Place(backend, clock), begun["data"]["beginTotp"]["secret"])
            assert len((await ask(CONFIRM, me["accessToken"], code=app.code()))["data"]["confirmTotp"]) == COUNT
            (error,) = (await ask(IN, email="ann@example.com", password=PASSWORD))["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
            wanted = error["extensions"]["secondFactor"]
            assert wanted["factors"] == ["TOTP", "RECOVERY_CODE"]
            done = await ask(COMPLETE, challenge=wanted["challenge"], code=app.next())
            assert done["data"]["completeSignIn"]["user"]["email"] == "ann@example.com"


async def test_a_recovery_code_lets_in_once(place):
    _, app = await protected(place)
    written = f" {app.recovery[0].lower().replace('-', ' ')} "  # as people type
    found = await complete(place, await half(place), written)
    assert (await place.ask(FACTORS, found["accessToken"]))["secondFactors"]["recoveryCodesLeft"] == COUNT - 1
    again = complete(place, await half(place), app.recovery[0])
    assert (await place.refused(again)).code is Code.UNAUTHENTICATED
    fresh = (await place.ask(RENEW, found["accessToken"], password=PASSWORD))["newRecoveryCodes"]
    old = complete(place, await half(place), app.recovery[1])
    assert (await place.refused(old)).code is Code.UNAUTHENTICATED
    assert await complete(place, await half(place), fresh[1])


async def test_anothers_recovery_code_is_of_no_use(place):
    _, app = await protected(place)
    await protected(place, "bob@example.com", "Bob")
    theirs = complete(place, await half(place, "bob@example.com"), app.recovery[0])
    assert (await place.refused(theirs)).code is Code.UNAUTHENTICATED
    assert await complete(place, await half(place), app.recovery[0])


async def test_without_the_app_nothing_is_asked_for_any_more(place):
    up, app = await protected(place)
    assert (await place.ask(REMOVE, up["accessToken"], code=app.next())) == {"removeTotp": True}
    assert await place.sign_in()
    assert (await place.sql(sa.select(RECOVERY))).all() == []
    assert (await place.ask(REMOVE, up["accessToken"], password=PASSWORD)) == {"removeTotp": False}


async def test_another_app_takes_the_place_of_one(place):
    up, old = await protected(place)
    place.later(seconds=60)
    begun = (await place.ask(BEGIN, up["accessToken"], code=old.code()))["beginTotp"]
    new = App(place, begun["secret"])
    assert await complete(place, await half(place), old.next())  # until the new one is confirmed
    await place.ask(CONFIRM, up["accessToken"], code=new.next())
    assert (await place.refused(complete(place, await half(place), old.next()))).code is Code.UNAUTHENTICATED
    assert await complete(place, await half(place), new.next())


async def test_a_new_factor_ends_the_other_sessions(place):
    """Somebody may have signed in with the stolen password."""
    up = await verified(place)
    other = await place.sign_in()
    await add_app(place, up["accessToken"])
    assert (await place.ask(ME, up["accessToken"]))["me"]
    assert (await place.refused(place.ask(ME, other["accessToken"]))).code is Code.UNAUTHENTICATED


async def test_a_secret_waits_for_its_first_code_for_a_quarter_of_an_hour(place):
    up = await verified(place)
    begun = (await place.ask(BEGIN, up["accessToken"], password=PASSWORD))["beginTotp"]
    place.later(minutes=15)
    up = await place.sign_in()
    late = place.ask(CONFIRM, up["accessToken"], code=App(place, begun["secret"]).code())
    assert (await place.refused(late)).code is Code.UNAUTHENTICATED
    await totp.sweep(place.backend.session(ADMINISTRATOR), place.clock[0])
    assert (await place.sql(sa.select(TOTP))).all() == []


async def test_a_factor_is_for_who_has_confirmed_their_address(place):
    """Else whoever signs up with another's address could keep its owner out for good."""
    up = await place.up()
    asking = place.ask(BEGIN, up["accessToken"], password=PASSWORD)
    assert "Confirm your e-mail address" in str(await place.refused(asking))


async def test_who_has_no_password_has_signed_in_a_moment_ago(place):
    up = await verified(place)
    await place.sql(sa.delete(CREDENTIAL))
    assert await place.ask(BEGIN, up["accessToken"])
    place.later(minutes=5)
    assert "sign in again" in str(await place.refused(place.ask(BEGIN, up["accessToken"])))


async def test_a_clock_may_be_half_a_minute_wrong(place):
    _, app = await protected(place)
    place.later(minutes=10)
    assert await complete(place, await half(place), app.code(-1))
    place.later(minutes=10)
    assert await complete(place, await half(place), app.code(1))
    place.later(minutes=10)
    for steps in (-2, 2):
        refusal = await place.refused(complete(place, await half(place), app.code(steps)))
        assert refusal.code is Code.UNAUTHENTICATED


@pytest.mark.parametrize("given", ["", "abc", "\uff11\uff12\uff13\uff14\uff15\uff16", "0" * 4000, "é" * 16])
async def test_what_is_no_code_is_wrong(place, given):
    await protected(place)
    assert (await place.refused(complete(place, await half(place), given))).code is Code.UNAUTHENTICATED


# Attackers


async def test_a_code_is_taken_once(place):
    _, app = await protected(place)
    used = app.next()
    assert await complete(place, await half(place), used)
    for again in (used, app.code(-1)):  # nor one from before it
        assert (await place.refused(complete(place, await half(place), again))).code is Code.UNAUTHENTICATED
    assert await complete(place, await half(place), app.next())


async def test_the_code_that_confirmed_an_app_signs_nobody_in(place):
    _, app = await protected(place)
    assert (await place.refused(complete(place, await half(place), app.code()))).code is Code.UNAUTHENTICATED


@pytest.mark.parametrize("which", ["totp", "recovery"])
async def test_of_many_at_once_with_one_code_one_comes_in(place, which):
    _, app = await protected(place)
    begun = [await half(place) for _ in range(4)]
    given = app.next() if which == "totp" else app.recovery[0]
    found = await asyncio.gather(*(complete(place, each, given) for each in begun), return_exceptions=True)
    assert sum(isinstance(each, dict) for each in found) == 1
    assert len((await place.sql(sa.select(SESSION))).all()) == 2  # and the one that added the app


async def test_a_challenge_is_good_for_one_sign_in(place):
    _, app = await protected(place)
    begun = await half(place)
    assert await complete(place, begun, app.next())
    assert (await place.refused(complete(place, begun, app.next()))).code is Code.UNAUTHENTICATED


async def test_of_two_at_once_with_one_challenge_one_comes_in(place):
    _, app = await protected(place)
    begun = await half(place)
    asked = [complete(place, begun, given) for given in (app.next(), *app.recovery[:3])]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, dict) for each in found) == 1


async def test_a_challenge_ends(place):
    _, app = await protected(place)
    begun = await half(place)
    place.later(minutes=5)
    refusal = await place.refused(complete(place, begun, app.code()))
    assert "Begin again" in str(refusal)
    await challenges.sweep(place.backend.session(ADMINISTRATOR), place.clock[0])
    assert (await place.sql(sa.select(CHALLENGE))).all() == []


async def test_a_challenge_of_another_is_of_no_use(place):
    """Who has a factor of their own does not prove another's with it."""
    _, anns = await protected(place)
    _, mallorys = await protected(place, "mallory@example.com", "Mallory")
    begun = await half(place)
    for given in (mallorys.next(), mallorys.recovery[0]):
        assert (await place.refused(complete(place, begun, given))).code is Code.UNAUTHENTICATED
    mine = await half(place, "mallory@example.com")
    assert (await complete(place, mine, mallorys.next()))["user"]["email"] == "mallory@example.com"
    assert anns.secret != mallorys.secret


async def test_another_password_ends_the_sign_ins_that_were_begun(place):
    up, app = await protected(place)
    begun = await half(place)
    change = "mutation ($old: String!, $new: String!) { changePassword(oldPassword: $old, newPassword: $new) }"
    await place.ask(change, up["accessToken"], old=PASSWORD, new="another good one")
    assert "Begin again" in str(await place.refused(complete(place, begun, app.next())))


async def test_who_is_disabled_does_not_complete_a_sign_in(place):
    up, app = await protected(place)
    begun = await half(place)
    await place.sql(sa.update(User).where(User.id == UUID(up["user"]["id"])).values(disabled=True))
    assert (await place.refused(complete(place, begun, app.next()))).code is Code.UNAUTHENTICATED


async def test_codes_are_not_guessed_across_challenges_and_addresses(place):
    """Whoever has the password begins as many sign-ins as they like, from wherever: codes are counted all the same."""
    _, app = await protected(place)
    tried = 0
    for number in range(3 * FACTOR.free):
        address = f"203.0.113.{number}"
        begun = await half(place, address=address)
        refusal = await place.refused(complete(place, begun, app.wrong(number), address=address))
        tried += refusal.code is Code.UNAUTHENTICATED
    assert tried == FACTOR.free
    right = complete(place, await half(place, address="203.0.113.99"), app.code(1), address="203.0.113.99")
    assert (await place.refused(right)).code is Code.RATE_LIMITED  # else it would be told by that
    for _ in range(24):  # a day of patience
        place.later(hours=1, seconds=1)
        begun = await half(place, address="203.0.113.99")
        for _ in range(3):
            await place.refused(complete(place, begun, "x", address="203.0.113.99"))
    failures = sum(event == "second_factor_refused" for event in await place.events())
    assert failures <= FACTOR.free + 24


async def test_who_guesses_keeps_nobody_out(place):
    """Where somebody is signed in they still are let in by their app, and everywhere by a recovery code."""
    _, app = await protected(place)  # from 192.0.2.1
    for number in range(FACTOR.free):
        address = f"203.0.113.{number}"
        await place.refused(complete(place, await half(place, address=address), app.wrong(number), address=address))
    elsewhere = complete(place, await half(place, address="198.51.100.7"), app.code(1), address="198.51.100.7")
    assert (await place.refused(elsewhere)).code is Code.RATE_LIMITED
    begun = await half(place, address="198.51.100.7")
    assert await complete(place, begun, app.recovery[0], address="198.51.100.7")
    assert await complete(place, await half(place), app.code(1))


async def test_one_challenge_has_few_tries(place):
    _, app = await protected(place)
    await place.sql(sa.delete(SESSION))
    begun, codes = await half(place), []
    for number in range(OF_A_CHALLENGE.free + 2):
        refusal = await place.refused(complete(place, begun, app.wrong(number), address=f"203.0.113.{number}"))
        codes.append(refusal.code)
    assert codes == [Code.UNAUTHENTICATED] * OF_A_CHALLENGE.free + [Code.RATE_LIMITED] * 2


async def test_many_codes_at_once_are_no_more_than_one_after_the_other(place):
    _, app = await protected(place)
    begun = [await half(place) for _ in range(20)]
    asked = [complete(place, each, app.wrong(number)) for number, each in enumerate(begun)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    codes = [each.code for each in found if isinstance(each, Refusal)]
    assert codes.count(Code.UNAUTHENTICATED) <= FACTOR_HERE.free + 1


async def test_good_passwords_keep_nobody_waiting_and_forget_what_failed(place):
    """Though the mutation is refused for the second factor each time."""
    _, app = await protected(place)
    for _ in range(3 * HERE.free):
        assert await half(place)
    for _ in range(HERE.free - 1):
        await place.refused(place.sign_in(password="wrong"))
    assert await half(place)
    for _ in range(HERE.free - 1):
        assert "wrong" in str(await place.refused(place.sign_in(password="wrong")))
    assert await half(place)
    assert await complete(place, await half(place), app.next())


async def test_neither_passwords_nor_resets_forget_the_codes_that_failed(mailed, post):
    place = mailed
    _, app = await protected(place)
    await place.sql(sa.delete(SESSION))
    for number in range(FACTOR_HERE.free):
        await place.refused(complete(place, await half(place), app.wrong(number)))
    await place.ask('mutation { requestPasswordReset(email: "ann@example.com") }')
    await place.ask(RESET, link=token(await post.next()), new="another good one")
    begun = await half(place, password="another good one")
    assert (await place.refused(complete(place, begun, app.code(1)))).code is Code.RATE_LIMITED


@pytest.mark.parametrize("document", [BEGIN, REMOVE, RENEW])
async def test_an_access_token_alone_changes_no_factor(place, document):
    """It may be stolen, and be a minute old."""
    up, app = await protected(place)
    used = app.code()
    guesses: list[dict[str, str]] = [{}, {"password": "wrong"}, {"code": app.wrong()}, {"code": used}, {"code": ""}]
    for given in guesses:
        refusal = await place.refused(place.ask(document, up["accessToken"], **given))
        assert refusal.code is Code.UNAUTHENTICATED
    assert await complete(place, await half(place), app.next())
    assert (await place.ask(FACTORS, up["accessToken"]))["secondFactors"]["recoveryCodesLeft"] == COUNT


async def test_an_access_token_alone_adds_no_factor(place):
    up = await verified(place)
    assert (await place.refused(place.ask(BEGIN, up["accessToken"]))).code is Code.UNAUTHENTICATED
    assert (await place.refused(place.ask(CONFIRM, up["accessToken"], code="000000"))).code is Code.UNAUTHENTICATED
    await place.ask(BEGIN, up["accessToken"], password=PASSWORD)  # its owner begins, and a thief guesses the first code
    codes = []
    for number in range(FACTOR_HERE.free + 1):
        asking = place.ask(CONFIRM, up["accessToken"], code=f"{number:06}")
        codes.append((await place.refused(asking)).code)
    assert codes[-1] is Code.RATE_LIMITED


async def test_strangers_have_no_factors(place):
    for document in (FACTORS, BEGIN, REMOVE, RENEW):
        assert (await place.refused(place.ask(document))).code is Code.UNAUTHENTICATED


async def test_a_mailed_code_is_no_second_factor_and_is_used_up(mailed, post):
    place = mailed
    _, app = await protected(place)
    await place.ask(ASK_CODE, email="ann@example.com")
    digits = code(await post.next())
    refusal = await place.refused(place.ask(BY_CODE, email="ann@example.com", code=digits))
    assert await complete(place, challenge(refusal), app.next())
    again = await place.refused(place.ask(BY_CODE, email="ann@example.com", code=digits))
    assert "secondFactor" not in again.complaints[0].extensions
    await place.ask(ASK_CODE, email="ann@example.com")
    link = token(await post.next())
    assert challenge(await place.refused(place.ask(BY_CODE, link=link)))
    again = await place.refused(place.ask(BY_CODE, link=link))
    assert "secondFactor" not in again.complaints[0].extensions
    assert (await place.sql(sa.select(CODE))).all() == []


async def test_a_new_password_by_mail_is_no_second_factor(mailed, post):
    place = mailed
    up, app = await protected(place)
    await place.ask('mutation { requestPasswordReset(email: "ann@example.com") }')
    assert await place.ask(RESET, link=token(await post.next()), new="another good one") == {"resetPassword": True}
    assert (await place.refused(place.ask(ME, up["accessToken"]))).code is Code.UNAUTHENTICATED
    assert (await place.sql(sa.select(SESSION))).all() == []
    begun = await half(place, password="another good one")
    assert await complete(place, begun, app.next())


async def test_an_address_that_is_proved_anew_is_no_second_factor(mailed, post):
    """The admin gave somebody another address, say: who proves it is asked for the factor all the same."""
    place = mailed
    up, app = await protected(place)
    await place.sql(sa.update(User).where(User.id == UUID(up["user"]["id"])).values(email_verified=False))
    await place.ask(ASK_CODE, email="ann@example.com")
    refusal = await place.refused(place.ask(BY_CODE, link=token(await post.next())))
    assert await complete(place, challenge(refusal), app.next())
    assert await half(place)  # and the password is as it was


async def test_a_session_goes_on_without_a_factor_but_a_token_of_none_does_not(place):
    up, _ = await protected(place)
    assert (await place.again(up["refreshToken"]))["refreshSession"]
    begun = await half(place)
    assert (await place.refused(place.again(begun))).code is Code.UNAUTHENTICATED
    assert (await place.refused(place.ask(ME, begun))).code is Code.UNAUTHENTICATED


async def test_a_sign_in_that_lacks_its_factor_leaves_nothing_but_its_challenge(place):
    up, _ = await protected(place)
    before = len((await place.sql(sa.select(SESSION))).all())
    document = IN.replace("signIn", f"""updateUser(id: "{up["user"]["id"]}", set: {{name: "Y"}}) {{ id }} signIn""")
    await place.refused(place.ask(document, up["accessToken"], email="ann@example.com", password=PASSWORD))
    assert len((await place.sql(sa.select(SESSION))).all()) == before
    assert (await place.ask("{ me { name } }", up["accessToken"]))["me"] == {"name": "Ann"}


async def test_a_password_of_other_parameters_is_made_anew_though_a_factor_is_missing(place):
    await protected(place)
    await place.sql(sa.update(CREDENTIAL).values(password=await Passwords(memory=128, passes=1).hash(PASSWORD)))
    assert await half(place)
    (kept,) = (await place.sql(sa.select(CREDENTIAL.c.password))).scalars()
    assert "m=64," in kept


async def test_secrets_are_not_kept_in_the_clear(place):
    up, app = await protected(place)
    await place.ask(BEGIN, up["accessToken"], password=PASSWORD)
    begun = await half(place)
    dumped = ""
    for table in TABLES:
        dumped += repr((await place.sql(sa.select(table))).all())
    dumped += repr((await place.sql(sa.text("SELECT about FROM hedgerow_auth_event").columns(about=sa.String))).all())
    for secret in (app.secret, begun, *app.recovery, *(each.replace("-", "") for each in app.recovery)):
        assert secret not in dumped


async def test_a_sealed_secret_is_nobody_elses(place):
    """Who can write to the database does not make another's app their own by copying a row."""
    up, app = await protected(place)
    other, _ = await protected(place, "bob@example.com", "Bob")
    rows = {row.user_id: row for row in await place.sql(sa.select(TOTP))}
    mine, theirs = UUID(up["user"]["id"]), UUID(other["user"]["id"])
    await place.sql(sa.update(TOTP).where(TOTP.c.user_id == theirs).values(secret=rows[mine].secret, last_step=0))
    copied = complete(place, await half(place, "bob@example.com"), app.next())
    assert (await place.refused(copied)).code is Code.UNAUTHENTICATED


async def test_an_app_goes_on_when_the_servers_secret_is_replaced(fresh_url, monkeypatch):
    """What an old secret sealed is sealed anew while both are there."""
    monkeypatch.setattr(totp, "BATCH", 2)
    old, new = "an_old_secret_of_at_least_32_bytes", "a_new_secret_of_at_least_32_bytes!"
    apps: list[App] = []
    for day, (given, swept) in enumerate(((old, True), (f"{new} {old}", True), (new, False))):
        backend, clock = served(fresh_url)
        backend.settings = settings(fresh_url, auth_secret=given)
        async with backend.lifespan():
            place = Place(backend, clock)
            place.later(days=day)
            if not apps:
                apps = [(await protected(place, f"user{number}@example.com"))[1] for number in range(5)]
            if swept:
                await place.auth.sweep()
            for number, app in enumerate(apps):
                app.place = place
                begun = await half(place, f"user{number}@example.com")
                assert await complete(place, begun, app.next())
            assert len({row.secret[:4] for row in await place.sql(sa.select(TOTP))}) == 1


@pytest.mark.parametrize("document", [BEGIN, CONFIRM, RENEW])
async def test_secrets_are_not_kept_to_be_given_again(place, document):
    up, app = await protected(place)
    caller = await place.auth.identify({"authorization": f"Bearer {up['accessToken']}"})
    exchange = Exchange({"idempotency-key": "a-key-of-mine"}, "192.0.2.1", [])
    given = {"code": app.next()} if document is CONFIRM else {"password": PASSWORD}
    session = place.backend.session(caller.actor)
    answer = await place.backend.engine.answer(document, None, given, session, exchange)
    assert [each.code for each in answer.complaints] == [Code.BAD_USER_INPUT]


async def test_the_tables_are_in_no_schema(place):
    printed = await place.backend.session(ADMINISTRATOR).query("{ __schema { types { name fields { name } } } }")
    names = json.dumps(printed).lower()
    assert "secondfactors" in names
    for word in ("hedgerow_auth", "last_step", "laststep", "pending"):
        assert word not in names
    changes = await place.sql(sa.text('SELECT DISTINCT "table" AS what FROM hedgerow_change').columns(what=sa.String))
    assert "totp" not in repr(changes.all())


async def test_who_has_a_factor_is_not_told_to_who_does_not_know_the_password(place):
    await protected(place)
    await place.up("bob@example.com", "Bob")
    found = []
    for email in ("ann@example.com", "bob@example.com", "nobody@example.com"):
        refusal = await place.refused(place.sign_in(email, password="wrong"))
        found.append((refusal.code, str(refusal), dict(refusal.complaints[0].extensions)))
    assert found[0] == found[1] == found[2]
