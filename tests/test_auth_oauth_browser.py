"""Sign-in at a real OpenID Connect issuer (npm's oidc-provider) in a real browser, on both databases.

Needs Node, npm, playwright and Debian's chromium; without them it skips and says so, and with CI=true it fails.
"""

import json
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from hedgerow import Backend, Module, auth
from hedgerow.providers import OIDC

from .conftest import missing, settings
from .serving import serving
from .signing_in import Membership, Note, User, fast
from .test_browser import ARGUMENTS, CHROMIUM, what_is_missing
from .test_clients import CLIENTS, installed

try:
    from playwright.async_api import BrowserContext, Page, async_playwright, expect
except ImportError:
    async_playwright = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.usefixtures("installed")]
__all__ = ["installed"]  # a fixture, which pytest finds here
CLIENT, SECRET = "hedgerow", "a secret: of/the+client"
PAGE = """<!doctype html><title>App</title><button>Sign in</button><output></output><script>
const ask = async (query, variables, token) => {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await answer.json();
  if (errors) throw new Error(errors[0].extensions.code);
  return data;
};
const show = (text) => { document.querySelector("output").textContent = text; };
document.querySelector("button").onclick = async () => {
  const asking = "mutation ($to: String!) { oauthUrl(provider: \\"corp\\", redirectTo: $to) }";
  location = (await ask(asking, { to: `${location.origin}/in` })).oauthUrl;
};
const came = Object.fromEntries(new URLSearchParams(location.search));
if (came.error) show(came.error);
if (came.code) {
  const asking = `mutation ($code: String!, $state: String!) {
    signInWithOAuth(code: $code, state: $state) { accessToken user { email emailVerified } }
  }`;
  ask(asking, { code: came.code, state: came.state })
    .then(async ({ signInWithOAuth: { accessToken, user } }) => {
      const { me } = await ask("{ me { name } }", {}, accessToken);
      show(`${me.name} ${user.email} ${user.emailVerified}`);
    })
    .catch((error) => show(error.message));
}
</script>"""


class App(Module):
    """The pages of the app, at the server's own origin."""

    name = "app"

    def routes(self) -> list[Any]:
        async def page(request: Request) -> Response:
            return HTMLResponse(PAGE)

        return [Route("/", page), Route("/in", page)]


@dataclass(frozen=True, kw_only=True)
class Posting(OIDC):
    """One that answers by a form, as Apple does: the browser's cookie is not sent with it."""

    def parameters(self) -> Mapping[str, str]:
        return {"response_mode": "form_post"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def issuing(redirect: str) -> Iterator[str]:
    """An issuer; another site than the server's, which is at `localhost`."""
    port = free_port()
    given = json.dumps({"port": port, "client": CLIENT, "secret": SECRET, "redirect": redirect})
    command = ["node", "issuer.mjs", given]
    process = subprocess.Popen(
        command, cwd=CLIENTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout and process.stderr
        for line in process.stdout:
            if line.strip() == "ready":
                break
        else:
            raise AssertionError(process.stderr.read())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


@contextmanager
def site(url: str, kind: type[OIDC] = OIDC) -> Iterator[str]:
    """The app, and the issuer that it signs in at."""
    port = free_port()
    here = f"http://localhost:{port}"
    with issuing(f"{here}/auth/callback/corp") as issuer:
        corp = kind(
            name="corp",
            issuer=issuer,
            client_id=CLIENT,
            client_secret=SECRET,
            profile=lambda said: {"name": said["name"]},
        )
        module = auth(passwords=fast, providers=[corp])
        backend = Backend([User, Membership, Note], modules=[module, App()], settings=settings(url, public_url=here))
        with serving(backend, port):
            yield here


@asynccontextmanager
async def browsers() -> AsyncIterator[Any]:
    if lacking := what_is_missing():
        missing(lacking)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def at_issuer(tab: "Page", here: str, name: str) -> None:
    """From the app to the issuer's page, where somebody signs in and consents."""
    await tab.goto(here)
    await tab.get_by_role("button", name="Sign in").click()
    await tab.locator("input[name=login]").fill(name)
    await tab.locator("input[name=password]").fill("any")
    await tab.locator("button[type=submit]").click()
    await expect(tab.locator("button[type=submit]")).to_have_text("Continue")


@pytest.mark.parametrize("kind", [OIDC, Posting])
async def test_somebody_signs_in_with_a_browser(fresh_url: str, kind: type[OIDC]) -> None:
    with site(fresh_url, kind) as here:
        async with browsers() as browser:
            context: BrowserContext = await browser.new_context()
            tab = await context.new_page()
            await at_issuer(tab, here, "ann")
            await tab.locator("button[type=submit]").click()
            await expect(tab.locator("output")).to_have_text("ann of Corp ann@example.com true")
            (cookie,) = [each for each in await context.cookies(here) if each["name"] == "hedgerow-oauth"]
            assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
            assert re.fullmatch(rf"{here}/in\?code=[\w-]+&state=[\w-]+", tab.url)
            await tab.reload()  # what was used once is used up
            await expect(tab.locator("output")).to_have_text("UNAUTHENTICATED")
            await tab.goto(here)
            await tab.get_by_role("button", name="Sign in").click()  # signed in there already
            await expect(tab.locator("output")).to_have_text("ann of Corp ann@example.com true")


async def test_who_is_not_sure_and_who_has_no_proof(fresh_url: str) -> None:
    with site(fresh_url) as here:
        async with browsers() as browser:
            tab = await browser.new_page()
            await at_issuer(tab, here, "unproved")
            await tab.get_by_text("[ Cancel ]").click()
            await expect(tab.locator("output")).to_have_text("access_denied")
            await tab.context.clear_cookies()
            await at_issuer(tab, here, "unproved")
            await tab.locator("button[type=submit]").click()
            await expect(tab.locator("output")).to_have_text("unproved of Corp null false")


async def test_a_victim_is_not_signed_in_as_an_attacker(fresh_url: str) -> None:
    """The attacker stops before the code is used, at either of its two stations, and sends the victim the address."""
    with site(fresh_url) as here:
        async with browsers() as browser:
            mallory, victim = [await (await browser.new_context()).new_page() for _ in range(2)]
            await victim.goto(here)
            await at_issuer(mallory, here, "mallory")
            (cookie,) = await mallory.context.cookies(here)
            await mallory.context.clear_cookies(name="hedgerow-oauth")
            await mallory.locator("button[type=submit]").click()
            await expect(mallory.locator("body")).to_contain_text("not begun in this browser")
            assert mallory.url.startswith(f"{here}/auth/callback/corp?code=")
            await victim.goto(mallory.url)
            await expect(victim.locator("body")).to_contain_text("not begun in this browser")
            await mallory.context.add_cookies([cookie])
            await mallory.route("**/graphql", lambda route: route.abort())
            await mallory.reload()
            await expect(mallory.locator("output")).not_to_be_empty()
            assert mallory.url.startswith(f"{here}/in?code=")
            await victim.goto(mallory.url)
            await expect(victim.locator("output")).to_have_text("UNAUTHENTICATED")
            await mallory.unroute_all()
            await mallory.reload()
            await expect(mallory.locator("output")).to_have_text("mallory of Corp mallory@example.com true")
