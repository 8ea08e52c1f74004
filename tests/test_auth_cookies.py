"""Sessions in cookies: no script reads them, and no page elsewhere makes use of them."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.responses import HTMLResponse
from starlette.routing import Route

from hedgerow import Code, Module
from hedgerow.resolvers.auth.cookies import Cookies
from hedgerow.resolvers.auth.options import Lifetimes
from hedgerow.resolvers.auth.tables import REFRESH, SESSION
from hedgerow.resolvers.exchange import Exchange

from .conftest import missing, settings
from .serving import serving
from .signing_in import AGAIN, IN, PASSWORD, Place, served
from .talking import socket
from .test_browser import ARGUMENTS, CHROMIUM, async_playwright, what_is_missing

OWN = {"origin": "https://app.example.com", "host": "api.example.com"}
COOKIE = {"x-hedgerow-session": "cookie"}
NAME = "__Host-hedgerow-session"
SIGN_IN = {"email": "ann@example.com", "password": PASSWORD}
REFRESH_BY_COOKIE = "mutation { refreshSession { accessToken refreshToken user { email } } }"


@asynccontextmanager
async def serves(fresh_url: str, public_url: str = "https://api.example.com", **given: Any) -> AsyncIterator[Place]:
    backend, clock = served(fresh_url, **given)
    backend.settings = settings(fresh_url, public_url=public_url, allowed_origins="https://app.example.com")
    async with backend.lifespan():
        yield Place(backend, clock)


@pytest.fixture
async def place(fresh_url: str) -> AsyncIterator[Place]:
    async with serves(fresh_url) as made:
        yield made


async def in_browser(place: Place, **headers: str) -> tuple[str, dict[str, Any]]:
    """Signs in; gives the cookie, as a browser sends it, and what was answered."""
    exchange = Exchange({**OWN, **COOKIE, **headers}, "192.0.2.1", [])
    found = await place.ask(IN, exchange=exchange, **SIGN_IN)
    assert exchange.reply
    ((name, text),) = exchange.reply
    assert name == "set-cookie"
    return text.partition(";")[0], {**found["signIn"], "attributes": text.partition("; ")[2]}


def by(cookie: str, **headers: str) -> Exchange:
    return Exchange({**OWN, "cookie": cookie, **headers}, "192.0.2.1", [])


async def test_a_session_rides_in_a_cookie(place):
    await place.up()
    cookie, told = await in_browser(place)
    assert cookie.startswith(f"{NAME}=")
    assert told["attributes"] == f"Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age={365 * 86_400}"
    assert told["refreshToken"] is None
    assert (await place.ask("{ me { name } }", exchange=by(f"theme=dark; {cookie}; x=y")))["me"] == {"name": "Ann"}
    assert (await place.ask("{ me { name } }", told["accessToken"]))["me"] == {"name": "Ann"}
    found = (await place.ask("{ sessions { current } }", exchange=by(cookie)))["sessions"]
    assert sorted(each["current"] for each in found) == [False, True]


async def test_signing_out_takes_the_cookie_away(place):
    await place.up()
    cookie, _ = await in_browser(place)
    exchange = by(cookie)
    assert await place.ask("mutation { signOut }", exchange=exchange) == {"signOut": True}
    ((_, text),) = exchange.reply or []
    assert text == f"{NAME}=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
    # One that is over comes along unasked, also with what signs in anew: who has it is a stranger.
    refusal = await place.refused(place.ask("{ sessions { id } }", exchange=by(cookie)))
    assert refusal.code is Code.UNAUTHENTICATED
    assert await place.ask(IN, exchange=by(cookie), **SIGN_IN)


async def test_a_deleted_account_leaves_no_cookie(place):
    await place.up()
    cookie, _ = await in_browser(place)
    exchange = by(cookie)
    deleting = "mutation ($password: String) { deleteAccount(password: $password) }"
    assert await place.ask(deleting, exchange=exchange, password=PASSWORD) == {"deleteAccount": True}
    ((_, text),) = exchange.reply or []
    assert text.endswith("Max-Age=0")


async def test_signing_in_anew_ends_what_the_cookie_had(place):
    """Session fixation: what somebody else put into a browser is not what its user signs in with."""
    await place.up()
    planted, _ = await in_browser(place)
    cookie, _ = await in_browser(place, cookie=planted)
    assert cookie != planted
    refusal = await place.refused(place.ask("{ sessions { id } }", exchange=by(planted)))
    assert refusal.code is Code.UNAUTHENTICATED
    assert len((await place.ask("{ sessions { id } }", exchange=by(cookie)))["sessions"]) == 2  # signUp's, and this
    made_up = f"{NAME}={'x' * 43}"
    cookie, _ = await in_browser(place, cookie=made_up)
    assert cookie != made_up


FOREIGN = {
    "another origin": {"origin": "https://evil.example"},
    "no origin to tell": {"origin": "null"},
    "our name in another's": {"origin": "https://app.example.com.evil.example"},
    "another port": {"origin": "https://app.example.com:8443"},
    "without TLS": {"origin": "http://api.example.com"},
    "cross-site": {"sec-fetch-site": "cross-site"},
    "another host of the site": {"sec-fetch-site": "same-site"},
    "an old browser's": {},
}
HOME = {
    "the app": {"origin": "https://app.example.com"},
    "the server's own page": {"origin": "https://api.example.com"},
    "the server's own page, which reads": {"sec-fetch-site": "same-origin"},
    "what was typed": {"sec-fetch-site": "none"},
    "no browser": {"x-hedgerow-session": "cookie"},
}


@pytest.mark.parametrize("which", FOREIGN)
async def test_pages_elsewhere_make_no_use_of_a_cookie(place, which):
    await place.up()
    cookie, _ = await in_browser(place)
    headers = {"host": "api.example.com", "cookie": cookie, **FOREIGN[which]}
    for document in ("{ me { id } }", "mutation { signOut(everywhere: true) }"):
        refusal = await place.refused(place.ask(document, exchange=Exchange(headers, "", [])))
        assert refusal.code is Code.FORBIDDEN
    assert (await place.ask("{ me { id } }", exchange=by(cookie)))["me"]
    # Nor do they sign a visitor in as somebody else.
    if FOREIGN[which]:
        exchange = Exchange({**FOREIGN[which], **COOKIE, "host": "api.example.com"}, "", [])
        assert (await place.refused(place.ask(IN, exchange=exchange, **SIGN_IN))).code is Code.FORBIDDEN
        assert exchange.reply == []


@pytest.mark.parametrize("which", HOME)
async def test_our_own_pages_do(place, which):
    await place.up()
    cookie, _ = await in_browser(place)
    headers = {"host": "api.example.com", "cookie": cookie, **HOME[which]}
    assert (await place.ask("{ me { id } }", exchange=Exchange(headers, "", [])))["me"]


async def test_a_session_in_a_cookie_goes_on_while_it_is_used(fresh_url):
    async with serves(fresh_url, lifetimes=Lifetimes(longest=timedelta(days=80))) as place:
        await place.up()
        cookie, _ = await in_browser(place)
        for _ in range(3):
            place.later(days=25)
            assert (await place.ask("{ me { id } }", exchange=by(cookie)))["me"]
        place.later(days=6)  # the longest that one lasts
        assert (await place.refused(place.ask("{ me { id } }", exchange=by(cookie)))) is not None
        cookie, _ = await in_browser(place)
        place.later(days=31)
        refusal = await place.refused(place.ask("{ sessions { id } }", exchange=by(cookie)))
        assert refusal.code is Code.UNAUTHENTICATED


async def test_a_cookie_gives_access_tokens(place):
    await place.up()
    cookie, told = await in_browser(place)
    found = (await place.ask(REFRESH_BY_COOKIE, exchange=by(cookie)))["refreshSession"]
    assert found["refreshToken"] is None
    assert found["user"] == {"email": "ann@example.com"}
    assert (await place.ask("{ me { id } }", found["accessToken"]))["me"]
    # An access token alone does not make its own time longer.
    for token, headers in ((told["accessToken"], {}), (told["accessToken"], {"cookie": f"{NAME}=nothing"})):
        exchange = Exchange({**OWN, "authorization": f"Bearer {token}", **headers}, "", [])
        assert (await place.refused(place.ask(REFRESH_BY_COOKIE, exchange=exchange))).code is Code.BAD_USER_INPUT
    assert (await place.refused(place.ask(REFRESH_BY_COOKIE))).code is Code.UNAUTHENTICATED


async def test_a_cookie_is_no_refresh_token_and_kept_as_a_hash(place):
    await place.up()
    cookie, _ = await in_browser(place)
    value = cookie.partition("=")[2]
    assert (await place.refused(place.ask(AGAIN, **{"with": value}))).code is Code.UNAUTHENTICATED
    dumped = repr([(await place.sql(sa.select(table))).all() for table in (SESSION, REFRESH)])
    assert value not in dumped


async def test_who_asks_for_no_cookie_is_given_none(place):
    await place.up()
    exchange = Exchange(OWN, "", [])
    assert (await place.ask(IN, exchange=exchange, **SIGN_IN))["signIn"]["refreshToken"]
    assert exchange.reply == []


async def test_an_answer_that_has_no_headers_opens_no_session(place):
    await place.up()
    before = len((await place.sql(sa.select(SESSION))).all())
    refusal = await place.refused(place.ask(IN, exchange=Exchange({**OWN, **COOKIE}, "", None), **SIGN_IN))
    assert refusal.code is Code.BAD_USER_INPUT
    assert len((await place.sql(sa.select(SESSION))).all()) == before


async def test_a_refused_mutation_sets_no_cookie(place):
    await place.up()
    exchange = Exchange({**OWN, **COOKIE}, "192.0.2.1", [])
    document = IN.replace("}\n}", '}\n  other: signIn(email: "ann@example.com", password: "wrong") { accessToken } }')
    await place.refused(place.ask(document, exchange=exchange, **SIGN_IN))
    assert exchange.reply == []


async def test_the_end_of_a_cookies_session_reaches_open_subscriptions(place):
    await place.up()
    cookie, _ = await in_browser(place)
    async with socket(place.backend, {**OWN, "cookie": cookie}) as talk:
        await talk.init()
        await talk.subscribe("a", "subscription { notes { text } }")
        assert await talk.data("a") == {"notes": []}
        await place.ask("mutation { signOut(everywhere: true) }", exchange=by(cookie))
        assert await talk.error("a") == "GRAPHQL_VALIDATION_FAILED"  # a stranger has no notes to ask for


def test_without_tls_the_cookie_has_another_name():
    """A name that begins with __Host- is for cookies that came by TLS."""
    reply: list[tuple[str, str]] = []
    Cookies((), "strict", secure=False).give(Exchange({}, "", reply), "x", timedelta(seconds=9))
    assert reply == [("set-cookie", "hedgerow-session=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=9")]


# In a browser

PAGE = "<!doctype html><title>A page</title><h1>A page</h1>"
UP = 'mutation ($p: String!) { signUp(email: "a@b.cd", password: $p, profile: {name: "Ann"}) { refreshToken } }'
ASK = """async ([url, query, variables, headers]) => {
  try {
    const answer = await fetch(url, {method: "POST", credentials: "include", body: JSON.stringify({query, variables}),
      headers: {"content-type": "application/json", ...headers}});
    return await answer.json();
  } catch (error) { return String(error); }
}"""
POST = """([url, query]) => {
  const form = document.createElement("form");
  form.method = "POST"; form.enctype = "text/plain"; form.action = url; form.target = "out";
  const input = document.createElement("input");
  input.name = JSON.stringify({query}).slice(0, -1) + ', "x": "'; input.value = '"}';
  const frame = document.createElement("iframe"); frame.name = "out";
  document.body.append(frame, form); form.append(input);
  return new Promise(done => { frame.onload = () => done(true); form.submit(); });
}"""
SOCKET = """url => new Promise(done => {
  const socket = new WebSocket(url, "graphql-transport-ws");
  socket.onopen = () => socket.send('{"type":"connection_init"}');
  socket.onmessage = event => {
    const message = JSON.parse(event.data);
    if (message.type === "connection_ack")
      socket.send(JSON.stringify({id: "1", type: "subscribe", payload: {query: "{ me { name } }"}}));
    else { done(message.payload); socket.close(); }
  };
  socket.onclose = event => done("closed");
})"""


class Pages(Module):
    """A page of the app's own, served by the backend."""

    name = "pages"

    def routes(self) -> list[Any]:
        return [Route("/app", lambda request: HTMLResponse(PAGE))]


@pytest.mark.browser
@pytest.mark.timeout(120)
async def test_in_a_browser_a_page_signs_in_and_another_can_not_use_it(fresh_url):
    if lacking := what_is_missing():
        missing(lacking)
    evil, _ = served(fresh_url, more=[Pages()])
    friend, _ = served(fresh_url, more=[Pages()])
    backend, _ = served(fresh_url, more=[Pages()])
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        with ExitStack() as stack:
            elsewhere, listed = stack.enter_context(serving(evil)), stack.enter_context(serving(friend))
            own = {"public_url": "http://localhost:1", "allowed_origins": f"http://localhost:{listed}"}
            backend.settings = settings(fresh_url, **own)
            port = stack.enter_context(serving(backend))
            home, graphql = f"http://localhost:{port}/app", f"http://localhost:{port}/graphql"
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(home)
            told = await page.evaluate(ASK, [graphql, UP, {"p": PASSWORD}, COOKIE])
            assert told == {"data": {"signUp": {"refreshToken": None}}}
            assert await page.evaluate("document.cookie") == ""  # no script reads it
            mine = "{ me { name } }"
            assert await page.evaluate(ASK, [graphql, mine, {}, {}]) == {"data": {"me": {"name": "Ann"}}}
            ws = graphql.replace("http", "ws")
            assert await page.evaluate(SOCKET, ws) == {"data": {"me": {"name": "Ann"}}}
            # A page of the same site (so SameSite is no help), but of another origin.
            attacker = await context.new_page()
            await attacker.goto(f"http://localhost:{elsewhere}/app")
            assert "Failed to fetch" in str(await attacker.evaluate(ASK, [graphql, mine, {}, {}]))
            assert await attacker.evaluate(SOCKET, ws) == "closed"
            await attacker.evaluate(POST, [graphql, "mutation { signOut(everywhere: true) }"])
            assert await page.evaluate(ASK, [graphql, mine, {}, {}]) == {"data": {"me": {"name": "Ann"}}}
            # One of an origin that is listed.
            other = await context.new_page()
            await other.goto(f"http://localhost:{listed}/app")
            assert await other.evaluate(ASK, [graphql, mine, {}, {}]) == {"data": {"me": {"name": "Ann"}}}
            assert await other.evaluate(SOCKET, ws) == {"data": {"me": {"name": "Ann"}}}
            out = await page.evaluate(ASK, [graphql, "mutation { signOut }", {}, {}])
            assert out == {"data": {"signOut": True}}
            assert await context.cookies() == []
        await browser.close()
