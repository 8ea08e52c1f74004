"""Sign-in by mail: a real SMTP server takes the mails, and what is in them proves whose an address is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from hedgerow import Code, SetupError
from hedgerow.resolvers.auth.codes import TRIES
from hedgerow.resolvers.auth.mails import written
from hedgerow.resolvers.auth.tables import CODE, CREDENTIAL
from hedgerow.resolvers.auth.words import Purpose, Words

from .conftest import settings
from .post import Post, code, free_port, token
from .serving import serving
from .signing_in import PASSWORD, Place, User, mailing, served

LINKS = {
    "verify_email": "https://app.example.com/verify?token={token}",
    "sign_in": "https://app.example.com/in#{token}",
}
ASK_CODE = "mutation ($email: String!) { requestEmailCode(email: $email) }"
BY_CODE = """mutation ($email: String, $code: String, $link: String) {
  signInWithCode(email: $email, code: $code, token: $link) { accessToken user { email emailVerified } }
}"""
RESET = "mutation ($link: String!, $new: String!) { resetPassword(token: $link, newPassword: $new) }"
VERIFY = "mutation ($link: String!) { verifyEmail(token: $link) }"


@pytest.fixture
async def place(fresh_url: str, post: Post) -> AsyncIterator[Place]:
    backend, clock = mailing(fresh_url, post, links=LINKS)
    async with backend.lifespan():
        yield Place(backend, clock)


async def test_an_address_is_confirmed_by_its_link(place, post):
    up = await place.up()
    await place.ask("mutation { requestEmailVerification }", up["accessToken"])
    mail = await post.next()
    assert (mail["to"], mail["from"], mail["subject"]) == (
        "ann@example.com",
        "App <app@example.com>",
        "Confirm your e-mail address",
    )
    html = mail.get_body(("html",))
    assert html and f'href="https://app.example.com/verify?token={token(mail)}"' in html.get_content()
    assert (await place.refused(place.ask(VERIFY, link=token(mail)[:-1] + "x"))).code is Code.UNAUTHENTICATED
    assert await place.ask(VERIFY, link=token(mail)) == {"verifyEmail": True}
    assert (await place.ask("{ me { emailVerified } }", up["accessToken"]))["me"] == {"emailVerified": True}
    assert (await place.refused(place.ask(VERIFY, link=token(mail)))).code is Code.UNAUTHENTICATED


async def test_links_end_and_only_the_newest_holds(place, post):
    up = await place.up()
    mails = []
    for _ in range(2):
        await place.ask("mutation { requestEmailVerification }", up["accessToken"])
        mails.append(await post.next())
    assert (await place.refused(place.ask(VERIFY, link=token(mails[0])))).code is Code.UNAUTHENTICATED
    place.later(days=1)
    assert (await place.refused(place.ask(VERIFY, link=token(mails[1])))).code is Code.UNAUTHENTICATED


async def test_a_link_is_for_one_purpose(place, post):
    await place.up()
    await place.ask(ASK_CODE, email="ann@example.com")
    link = token(await post.next())
    assert (await place.refused(place.ask(VERIFY, link=link))).code is Code.UNAUTHENTICATED
    assert (await place.refused(place.ask(RESET, link=link, new="another good one"))).code is Code.UNAUTHENTICATED
    assert (await place.ask(BY_CODE, link=link))["signInWithCode"]


async def test_a_new_password_ends_all_sessions(place, post):
    up = await place.up()
    assert await place.ask('mutation { requestPasswordReset(email: "Ann@example.com") }') == {
        "requestPasswordReset": True
    }
    link = token(await post.next())
    weak = place.ask(RESET, link=link, new="12345678")
    assert (await place.refused(weak)).code is Code.BAD_USER_INPUT
    assert await place.ask(RESET, link=link, new="another good one") == {"resetPassword": True}
    assert (await place.refused(place.ask("{ me { id } }", up["accessToken"]))).code is Code.UNAUTHENTICATED
    assert (await place.refused(place.sign_in())).code is Code.UNAUTHENTICATED
    assert await place.sign_in(password="another good one")
    assert (await place.refused(place.ask(RESET, link=link, new="yet another one"))).code is Code.UNAUTHENTICATED


async def test_a_code_lets_in_once(place, post):
    await place.up()
    await place.ask(ASK_CODE, email="ann@example.com")
    digits = code(await post.next())
    found = (await place.ask(BY_CODE, email="ANN@example.com", code=f" {digits} "))["signInWithCode"]
    assert found["user"] == {"email": "ann@example.com", "emailVerified": True}
    again = place.ask(BY_CODE, email="ann@example.com", code=digits)
    assert (await place.refused(again)).code is Code.UNAUTHENTICATED


async def test_of_two_at_once_with_one_code_one_comes_in(place, post):
    await place.up()
    await place.ask(ASK_CODE, email="ann@example.com")
    digits = code(await post.next())
    asked = [place.ask(BY_CODE, email="ann@example.com", code=digits) for _ in range(4)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, dict) for each in found) == 1


async def test_codes_are_not_guessed(place, post):
    await place.up()
    await place.ask(ASK_CODE, email="ann@example.com")
    digits = code(await post.next())
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    for number in range(TRIES + 1):  # from ever other addresses, so that the wait of one does not hide it
        asking = place.ask(BY_CODE, address=f"203.0.113.{number}", email="ann@example.com", code=wrong)
        assert (await place.refused(asking)).code is Code.UNAUTHENTICATED
    right = place.ask(BY_CODE, address="203.0.113.99", email="ann@example.com", code=digits)
    assert (await place.refused(right)).code is Code.UNAUTHENTICATED


async def test_codes_end(place, post):
    await place.up()
    await place.ask(ASK_CODE, email="ann@example.com")
    digits = code(await post.next())
    place.later(minutes=10)
    asking = place.ask(BY_CODE, email="ann@example.com", code=digits)
    assert (await place.refused(asking)).code is Code.UNAUTHENTICATED


@pytest.mark.parametrize("asking", ["requestEmailCode", "requestPasswordReset"])
async def test_who_exists_is_not_told(place, post, asking):
    await place.up()
    document = f"mutation ($email: String!) {{ {asking}(email: $email) }}"
    assert await place.ask(document, email="nobody@example.com") == {asking: True}
    assert await place.ask(document, email="ann@example.com") == {asking: True}
    assert (await post.next())["to"] == "ann@example.com"
    assert post.mails == []
    assert len((await place.sql(sa.select(CODE))).all()) == 2  # as much is written for either


@pytest.mark.parametrize(
    "document",
    [
        'mutation ($password: String!) { changeEmail(email: "victim@example.com", password: $password) }',
        "mutation { requestEmailVerification }",
    ],
)
async def test_nobody_floods_an_address_with_mail_as_a_user_either(place, post, document):
    up = await place.up()
    given = {"password": PASSWORD} if "$password" in document else {}
    for _ in range(5):
        await place.ask(document, up["accessToken"], **given)
    assert (await place.refused(place.ask(document, up["accessToken"], **given))).code is Code.RATE_LIMITED


async def test_nobody_floods_an_address_with_mail(place, post):
    await place.up()
    for _ in range(5):
        await place.ask(ASK_CODE, email="ann@example.com")
    assert (await place.refused(place.ask(ASK_CODE, email="ann@example.com"))).code is Code.RATE_LIMITED


async def test_another_address_is_ones_own_when_it_is_confirmed(place, post):
    up = await place.up()
    await place.up("bob@example.com", "Bob")
    change = "mutation ($email: String!, $password: String!) { changeEmail(email: $email, password: $password) }"
    wrong = place.ask(change, up["accessToken"], email="new@example.com", password="wrong")
    assert (await place.refused(wrong)).code is Code.UNAUTHENTICATED
    await place.ask(change, up["accessToken"], email="New@example.com", password=PASSWORD)
    mail = await post.next()
    assert mail["to"] == "new@example.com"
    assert await place.sign_in()  # until it is confirmed, the old one holds
    await place.ask(VERIFY, link=token(mail))
    assert (await place.refused(place.sign_in())).code is Code.UNAUTHENTICATED
    assert (await place.sign_in("new@example.com"))["user"]["email"] == "new@example.com"
    await place.ask(change, up["accessToken"], email="bob@example.com", password=PASSWORD)
    taken = place.ask(VERIFY, link=token(await post.next()))
    assert (await place.refused(taken)).code is Code.CONFLICT


async def test_whoever_made_an_account_of_anothers_address_is_out_when_its_owner_comes(place, post):
    """An attacker signs up with the address of somebody who is yet to come, and waits."""
    attacker = await place.up("victim@example.com", "Mallory")
    await place.ask(ASK_CODE, email="victim@example.com")
    await place.ask(BY_CODE, email="victim@example.com", code=code(await post.next()))
    assert (await place.refused(place.ask("{ me { id } }", attacker["accessToken"]))).code is Code.UNAUTHENTICATED
    assert (await place.refused(place.sign_in("victim@example.com"))).code is Code.UNAUTHENTICATED
    assert (await place.sql(sa.select(CREDENTIAL))).all() == []


async def test_an_undone_mutation_mails_nothing(place, post):
    await place.up()
    document = (
        'mutation { requestEmailCode(email: "ann@example.com") signIn(email: "x@y.zz", password: "x") { expiresAt } }'
    )
    await place.refused(place.ask(document))
    await place.ask(ASK_CODE, email="ann@example.com")
    await post.next()
    assert post.mails == []


async def test_mail_is_in_the_users_language_and_values_are_no_markup(fresh_url, post):
    def words(purpose: str, language: str | None) -> Words | None:
        return Words("Dein Code", "Hallo {email},\n\n{code}\n\n{link}") if language == "de" else None

    backend, clock = mailing(fresh_url, post, mails=words)
    async with backend.lifespan():
        place = Place(backend, clock)
        id = (await place.up("a&b<i>@example.com"))["user"]["id"]
        await place.sql(sa.update(User).where(User.id == UUID(id)).values(locale="de"))
        await place.ask(ASK_CODE, email="a&b<i>@example.com")
        mail = await post.next()
        assert mail["subject"] == "Dein Code"
        html = mail.get_body(("html",))
        assert html
        assert 'lang="de"' in html.get_content()
        assert "a&amp;b&lt;i&gt;@example.com" in html.get_content()


async def test_a_mail_that_cannot_be_sent_harms_nobody(fresh_url, caplog):
    backend, clock = served(fresh_url)
    backend.settings = settings(fresh_url, smtp_url=f"smtp://127.0.0.1:{free_port()}", mail_from="app@example.com")
    async with backend.lifespan():
        place = Place(backend, clock)
        await place.up()
        assert await place.ask(ASK_CODE, email="ann@example.com") == {"requestEmailCode": True}
        async with asyncio.timeout(20):
            while "a mail could not be sent" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_password_is_never_sent_in_the_clear(fresh_url, caplog):
    """The server offers no TLS: so nothing is sent to it, and no password."""
    given: list[Any] = []

    def take(server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
        given.append(data)
        return AuthResult(success=True)

    controller = Controller(
        object(), hostname="127.0.0.1", port=free_port(), authenticator=take, auth_require_tls=False
    )
    controller.start()
    try:
        backend, clock = served(fresh_url)
        smtp = f"smtp://me:secret@127.0.0.1:{controller.port}"
        backend.settings = settings(fresh_url, smtp_url=smtp, mail_from="app@example.com")
        async with backend.lifespan():
            place = Place(backend, clock)
            await place.up()
            await place.ask(ASK_CODE, email="ann@example.com")
            async with asyncio.timeout(20):
                while "a mail could not be sent" not in caplog.text:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        assert given == []
        assert "secret" not in caplog.text
    finally:
        controller.stop()


@pytest.mark.parametrize(
    "given", [{"smtp_url": SecretStr("http://x"), "mail_from": "a@b.cd"}, {"smtp_url": SecretStr("smtp://localhost")}]
)
async def test_settings_that_can_mail_nothing_are_refused(fresh_url, given):
    backend, _ = served(fresh_url)
    backend.settings = settings(fresh_url).model_copy(update=given)
    with pytest.raises(SetupError, match=r"HEDGEROW_SMTP_URL|HEDGEROW_MAIL_FROM"):
        async with backend.lifespan():
            pass


@pytest.mark.parametrize("locale", ["de-AT", "DE", "fr_CA", "es", "en", "tlh", None])
@pytest.mark.parametrize("purpose", Purpose)
def test_mail_has_words_of_some_languages(purpose, locale):
    """Each language says all that English says, and what it is in is what the page says it is."""
    values = {"email": "a@b.cd", "link": "https://app/x", "code": "123456", "minutes": "10", "days": "7"}
    mail = written(purpose, "a@b.cd", locale, values, None)
    english = written(purpose, "a@b.cd", "en", values, None)
    language = {"de-AT": "de", "DE": "de", "fr_CA": "fr", "es": "es"}.get(locale or "", "en")
    assert f'<html lang="{language}">' in mail.html
    assert (mail.text == english.text) == (language == "en")
    for value in values.values():
        assert (value in mail.text + mail.subject) == (value in english.text + english.subject)
    assert ('href="https://app/x"' in mail.html) == ('href="https://app/x"' in english.html)


@pytest.mark.parametrize("shown", [True, False])
async def test_while_developing_mails_are_shown_at_a_page(fresh_url, shown, caplog):
    backend, _ = served(fresh_url)
    backend.settings = settings(fresh_url, graphiql=shown)
    with serving(backend) as port:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            up = 'mutation { signUp(email: "a<b@c.de", password: "good enough", profile: {name: "A"}) { expiresAt } }'
            await client.post("/graphql", json={"query": up})
            asking = 'mutation { requestEmailCode(email: "a<b@c.de") }'
            assert (await client.post("/graphql", json={"query": asking})).json()["data"] == {"requestEmailCode": True}
            for _ in range(1000 if shown else 0):
                if "mail to a<b@c.de" in caplog.text:
                    break
                await asyncio.sleep(0.02)  # it is sent when the answer is out
            page = await client.get("/auth/mails")
            assert page.status_code == (200 if shown else 404)
            assert ("a&lt;b@c.de" in page.text) == shown
