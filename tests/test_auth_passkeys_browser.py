"""Passkeys in Chromium, with its virtual authenticator, at the served process: the page's code is docs/accounts.md's.

Needs playwright and Debian's chromium; without them it skips and says so, and with CI=true it fails.
"""

import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from .signing_in import PASSWORD
from .test_browser import ARGUMENTS, CHROMIUM, secret_of, what_is_missing
from .test_cli import running
from .test_docs import snippets

try:
    from playwright.async_api import CDPSession, Page, async_playwright
except ImportError:
    async_playwright = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

APP = """
from hedgerow import Backend, auth

backend = Backend(models=[], modules=[auth(app="Meadow")])
"""
UP = """mutation ($email: String!, $password: String!) {
  signUp(email: $email, password: $password) { accessToken user { id } }
}"""
IN = "mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { accessToken } }"

SIGN_IN = "mutation ($credential: JSON!) { signInWithPasskey(credential: $credential) { accessToken } }"
GET = """async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({publicKey})).toJSON();
}"""


@dataclass
class Device:
    """A page, and the authenticator that it finds."""

    tab: "Page"
    talk: "CDPSession"
    url: str
    secret: str
    authenticator: str = ""

    async def plug(self, **given: Any) -> None:
        """Another authenticator."""
        if self.authenticator:
            await self.talk.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.authenticator})
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
            **given,
        }
        made = await self.talk.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.authenticator = made["authenticatorId"]

    async def keys(self) -> list[dict[str, Any]]:
        found = await self.talk.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        return found["credentials"]

    async def put_back(self, key: dict[str, Any]) -> None:
        """A passkey as it was."""
        named = {"authenticatorId": self.authenticator, "credentialId": key["credentialId"]}
        await self.talk.send("WebAuthn.removeCredential", named)
        await self.talk.send("WebAuthn.addCredential", {"authenticatorId": self.authenticator, "credential": key})

    async def do(self, call: str, *given: Any) -> Any:
        """What a function of the page gives, or `{error, secondFactor}`."""
        script = """([call, given]) => globalThis[call](...given).then(
            (told) => told, (error) => ({error: error.message, secondFactor: error.secondFactor}))"""
        return await self.tab.evaluate(script, [call, list(given)])

    async def up(self) -> dict[str, Any]:
        """A new account whose address is confirmed."""
        made = (await self.do("ask", UP, {"email": "ann@example.com", "password": PASSWORD}))["signUp"]
        confirm = "mutation ($id: UUID!) { updateUser(id: $id, set: {emailVerified: true}) { id } }"
        await self.administer(confirm, id=made["user"]["id"])
        return made

    async def administer(self, query: str, **variables: Any) -> Any:
        async with httpx2.AsyncClient() as http:
            headers = {"x-hedgerow-admin-secret": self.secret}
            body = {"query": query, "variables": variables}
            answer = (await http.post(f"{self.url}/graphql", json=body, headers=headers)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def events(self) -> list[str]:
        found = await self.administer("{ authEvents(orderBy: {id: ASC}) { kind } }")
        return [each["kind"] for each in found["authEvents"]]


@asynccontextmanager
async def chromium() -> AsyncIterator["Page"]:
    if missing := what_is_missing():
        if os.environ.get("CI") == "true":
            pytest.fail(f"browser test cannot run: {missing}")
        pytest.skip(f"BROWSER TEST NOT RUN: {missing}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield await (await browser.new_context()).new_page()
        finally:
            await browser.close()


@pytest.fixture
async def device(fresh_url: str, tmp_path: Path) -> AsyncIterator[Device]:
    app = tmp_path / "meadow.py"
    app.write_text(APP)
    given = {"HEDGEROW_DATABASE_URL": fresh_url}
    async with chromium() as tab:
        with running("dev", str(app), "--no-reload", **given) as (url, _):
            home = url.replace("127.0.0.1", "localhost")
            await tab.goto(f"{home}/healthz")
            ((_, code),) = snippets("javascript", "accounts.md")
            names = ("ask", "addPasskey", "signInWithPasskey", "completeSignIn")
            await tab.evaluate(f"() => {{ {code}; Object.assign(globalThis, {{{', '.join(names)}}}); }}")
            talk = await tab.context.new_cdp_session(tab)
            await talk.send("WebAuthn.enable")
            made = Device(tab, talk, url, secret_of(tmp_path))
            await made.plug()
            yield made


async def test_a_passkey_signs_in_and_its_copy_does_not(device):
    up = await device.up()
    assert "error" not in await device.do("addPasskey", up["accessToken"], "Laptop", PASSWORD)
    (key,) = await device.keys()
    assert (key["isResidentCredential"], key["rpId"]) == (True, "localhost")
    again = await device.do("addPasskey", up["accessToken"], "Laptop", PASSWORD)
    assert "error" in again  # the authenticator has one of this account already
    found = await device.do("signInWithPasskey")
    assert found["user"] == {"email": "ann@example.com"}
    me = await device.do("ask", "{ passkeys { name usedAt } }", {}, found["accessToken"])
    assert me["passkeys"][0]["name"] == "Laptop"
    assert "accessToken" in await device.do("signInWithPasskey")
    await device.put_back(key)  # as somebody has it who copied it then
    assert "does not let you in" in (await device.do("signInWithPasskey"))["error"]
    assert (await device.events())[-1] == "passkey_cloned"


async def test_a_security_key_is_a_second_factor(device):
    """One that verifies nobody and keeps nothing."""
    up = await device.up()
    await device.plug(transport="usb", hasResidentKey=False, hasUserVerification=False, isUserVerified=False)
    refused = await device.do("addPasskey", up["accessToken"], "Key", PASSWORD)
    assert "error" in refused  # to sign in with alone it is too little, says the browser
    made = await device.do("addPasskey", up["accessToken"], "Key", PASSWORD, True)
    assert len(made["recoveryCodes"]) == 10
    told = await device.do("ask", IN, {"email": "ann@example.com", "password": PASSWORD})
    assert told["secondFactor"]["factors"] == ["PASSKEY", "RECOVERY_CODE"]
    found = await device.do("completeSignIn", told["secondFactor"]["challenge"])
    assert found["user"] == {"email": "ann@example.com"}
    over = await device.do("completeSignIn", told["secondFactor"]["challenge"])
    assert "Begin again" in over["error"]


async def test_a_passkey_is_both_factors_and_the_second_of_other_ways(device):
    up = await device.up()
    await device.do("addPasskey", up["accessToken"], "Laptop", PASSWORD, True)
    assert "accessToken" in await device.do("signInWithPasskey")
    told = await device.do("ask", IN, {"email": "ann@example.com", "password": PASSWORD})
    assert "accessToken" in await device.do("completeSignIn", told["secondFactor"]["challenge"])
    unverified = {"authenticatorId": device.authenticator, "isUserVerified": False}
    await device.talk.send("WebAuthn.setUserVerified", unverified)
    assert "error" in await device.do("signInWithPasskey")  # to the browser already: the finger was another's


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Another's page, at the same host."""
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


async def test_a_page_elsewhere_gets_no_session(device, elsewhere):
    """The same host at another port is another origin, which the authenticator tells, and the server does not list."""
    up = await device.up()
    await device.do("addPasskey", up["accessToken"], "Laptop", PASSWORD)
    for place, let_in in ((elsewhere, False), (device.tab.url, True)):
        await device.tab.goto(place)
        async with httpx2.AsyncClient(base_url=device.url) as http:
            begun = (await http.post("/graphql", json={"query": "mutation { beginPasskeySignIn }"})).json()
            credential = await device.tab.evaluate(GET, begun["data"]["beginPasskeySignIn"])
            body = {"query": SIGN_IN, "variables": {"credential": credential}}
            answer = (await http.post("/graphql", json=body)).json()
        assert ("errors" not in answer) == let_in, answer
