"""GraphiQL in a real browser: it answers, asks no other host, breaks no policy, and keeps what was typed.

Needs playwright and Debian's chromium; without them it skips and says so, and with CI=true it fails.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from graphql import build_schema, graphql
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from hedgerow.server.graphiql import CONTENT_SECURITY_POLICY, Example, assets, page

from .test_cli import running

try:
    from playwright.async_api import ConsoleMessage, Locator, Page, async_playwright, expect
    from playwright.async_api import Request as PlaywrightRequest
except ImportError:
    async_playwright = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

if async_playwright:  # a browser on a machine under load takes its time
    expect.set_options(timeout=30_000)

SCHEMA = build_schema("""
    "A description with an image: ![x](https://evil.example/x.png) and a [link](https://evil.example/)"
    type Query { hello(name: String = "world"): String!  whoami: String! }
    type Subscription { ticks: Int! }
""")

EXAMPLES = [
    Example("Greet by name", "query Hello($name: String) {\n  hello(name: $name)\n}", '{"name": "hedge"}'),
    Example("As Alice", "{\n  whoami\n}", headers='{"X-Actor": "alice"}'),
    Example("Live", "subscription Live {\n  ticks\n}"),
    Example("</script><script>window.broken = true</script><!--", "{ hello }"),
]


class Site:
    """What the server was asked to show, and what it saw."""

    def __init__(self) -> None:
        self.examples = EXAMPLES
        self.origin = ""
        self.requests: list[str] = []
        self.refused: list[str] = []
        self.trouble: list[str] = []

    def app(self) -> Starlette:
        async def show(_: Request) -> Response:
            headers = {"content-security-policy": CONTENT_SECURITY_POLICY}
            return Response(page(self.examples), media_type="text/html", headers=headers)

        async def answer(request: Request) -> Response:
            body = await request.json()
            root = {
                "hello": lambda _info, name: f"Hello, {name}!",
                "whoami": lambda _info: request.headers.get("x-actor", "nobody"),
            }
            result = await graphql(
                SCHEMA, body["query"], root, variable_values=body.get("variables"), operation_name=None
            )
            return JSONResponse(result.formatted)

        async def socket(ws: WebSocket) -> None:
            await ws.accept("graphql-transport-ws")
            with suppress(WebSocketDisconnect):
                while True:
                    message = await ws.receive_json()
                    if message["type"] == "connection_init":
                        await ws.send_json({"type": "connection_ack"})
                    elif message["type"] == "subscribe":
                        data = {"data": {"ticks": 42}}
                        await ws.send_json({"id": message["id"], "type": "next", "payload": data})
                        await ws.send_json({"id": message["id"], "type": "complete"})

        return Starlette(
            routes=[
                Route("/", show),
                Route("/graphql", answer, methods=["POST"]),
                WebSocketRoute("/graphql", socket),
                Mount("/graphiql", assets()),
            ]
        )

    def read_console(self, message: "ConsoleMessage") -> None:
        if message.type == "error":
            self.trouble.append(message.text)

    def read_failure(self, request: "PlaywrightRequest") -> None:
        (self.refused if request.failure == "csp" else self.trouble).append(request.url)

    def watch(self, tab: "Page") -> None:
        tab.on("request", lambda request: self.requests.append(request.url))
        tab.on("requestfailed", self.read_failure)
        tab.on("websocket", lambda ws: self.requests.append(ws.url.replace("ws://", "http://", 1)))
        tab.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        tab.on("console", self.read_console)
        tab.on("response", lambda r: self.trouble.append(f"{r.status} {r.url}") if r.status >= 400 else None)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    config = uvicorn.Config(site.app(), host="127.0.0.1", port=0, log_level="warning", ws="websockets-sansio")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), "uvicorn did not start"
        await asyncio.sleep(0.01)
    site.origin = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield site
    server.should_exit = True
    await task


def what_is_missing() -> str:
    if async_playwright is None:
        return "playwright is not installed"
    return "" if CHROMIUM.exists() else f"there is no {CHROMIUM}"


@asynccontextmanager
async def browser_page(site: Site) -> AsyncIterator["Page"]:
    if missing := what_is_missing():
        if os.environ.get("CI") == "true":
            pytest.fail(f"browser test cannot run: {missing}")
        pytest.skip(f"BROWSER TEST NOT RUN: {missing}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            context = await browser.new_context(viewport={"width": 1400, "height": 850})
            tab = await context.new_page()
            site.watch(tab)
            # Violations reach the console too, but not those of a policy in report-only mode or in a worker.
            await context.add_init_script("""
                document.addEventListener("securitypolicyviolation", (event) =>
                  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
            """)
            yield tab
        finally:
            await browser.close()


def tabs(tab: "Page") -> "Locator":
    return tab.locator(".graphiql-tab-button")


def editor(tab: "Page", name: str) -> "Locator":
    return tab.locator(".graphiql-editor .CodeMirror").nth(["query", "variables", "headers"].index(name))


async def text_of(box: "Locator") -> str:
    return await box.evaluate("box => box.CodeMirror.getValue()")


async def write(box: "Locator", text: str) -> None:
    await box.evaluate("(box, text) => box.CodeMirror.focus() || box.CodeMirror.execCommand('selectAll')", text)
    await box.page.keyboard.insert_text(text)


async def run(tab: "Page") -> None:
    # GraphiQL reads the operation's name 0.1 s after a change of its editor, be it by a change of tab.
    await asyncio.sleep(0.3)
    await tab.locator(".graphiql-execute-button").click()


async def answer_of(tab: "Page", expected: str) -> None:
    await expect(tab.locator(".result-window")).to_contain_text(expected)


def assert_quiet(site: Site, *, refused: Sequence[str] = ()) -> None:
    """`refused` are addresses that the policy must have stopped before any request."""
    assert [line for line in site.trouble if not any(url in line for url in refused)] == []
    assert set(site.refused) == set(refused)
    asked = [url for url in site.requests if url not in refused]
    assert asked
    assert [url for url in asked if not url.startswith((f"{site.origin}/", "data:"))] == []


async def test_examples_run_and_nothing_leaves_the_origin(site: Site) -> None:
    async with browser_page(site) as tab:
        await tab.goto(site.origin)
        await expect(tabs(tab)).to_have_text([example.title for example in EXAMPLES])
        assert await tab.title() == "Hedgerow"

        await run(tab)
        await answer_of(tab, '"hello": "Hello, hedge!"')
        if shot := os.environ.get("GRAPHIQL_SCREENSHOT"):
            await tab.screenshot(path=shot)

        await tabs(tab).nth(1).click()
        await run(tab)
        await answer_of(tab, '"whoami": "alice"')

        await tabs(tab).nth(2).click()
        await run(tab)
        await answer_of(tab, '"ticks": 42')

        await expect(tabs(tab)).to_have_text([example.title for example in EXAMPLES])
        assert await tab.evaluate("window.broken") is None
        assert_quiet(site)


async def test_panels_and_dialogs_break_no_policy(site: Site) -> None:
    async with browser_page(site) as tab:
        await tab.goto(site.origin)
        await tab.get_by_label("Show Documentation Explorer").click()
        await tab.locator(".graphiql-doc-explorer").get_by_text("Query", exact=True).click()
        await expect(tab.locator(".graphiql-doc-explorer")).to_contain_text("A description with an image")
        await tab.get_by_label("Show History").click()
        await tab.get_by_label("Open settings dialog").click()
        await expect(tab.get_by_role("dialog")).to_be_visible()
        await tab.get_by_role("dialog").get_by_text("Dark", exact=True).click()
        await expect(tab.locator("body.graphiql-dark")).to_have_count(1)
        await expect(tab.get_by_text("Persist headers")).to_have_count(0)
        await tab.keyboard.press("Escape")
        await tab.get_by_label("Open short keys dialog").click()
        await expect(tab.get_by_role("dialog")).to_be_visible()
        assert_quiet(site, refused=["https://evil.example/x.png"])


async def test_a_reload_keeps_what_was_typed_and_new_examples_are_shown(site: Site) -> None:
    async with browser_page(site) as tab:
        await tab.goto(site.origin)
        await expect(tabs(tab)).to_have_count(len(EXAMPLES))
        await tab.reload()
        await expect(tabs(tab)).to_have_text([example.title for example in EXAMPLES])
        assert await text_of(editor(tab, "variables")) == EXAMPLES[0].variables

        await tabs(tab).nth(1).click()
        typed = "{ hello whoami } # typed"
        await write(editor(tab, "query"), typed)
        await tab.get_by_role("button", name="Headers").click()
        await write(editor(tab, "headers"), '{"X-Actor": "s3cret"}')

        for part in ("# typed", "s3cret"):
            await tab.wait_for_function("part => JSON.stringify({...sessionStorage}).includes(part)", arg=part)
        await run(tab)
        await answer_of(tab, '"whoami": "s3cret"')
        await tab.reload()
        await expect(tabs(tab)).to_have_text([example.title for example in EXAMPLES])
        await expect(tab.get_by_role("tab", selected=True)).to_contain_text("As Alice")
        assert await text_of(editor(tab, "query")) == typed
        await run(tab)
        await answer_of(tab, '"whoami": "s3cret"')

        # Later, in a new browser tab: the query is still there, the typed header is not.
        stored: dict[str, Any] = await tab.evaluate("({...localStorage})")
        assert "s3cret" not in json.dumps(stored)
        await tab.evaluate("sessionStorage.clear()")
        await tab.goto("about:blank")
        second = await tab.context.new_page()
        site.watch(second)
        await second.goto(site.origin)
        await expect(tabs(second)).to_have_text([example.title for example in EXAMPLES])
        assert await text_of(editor(second, "query")) == typed
        await run(second)
        await answer_of(second, '"whoami": "alice"')

        before = site.examples
        site.examples = [Example("Changed", "{ hello }")]
        await second.reload()
        await expect(tabs(second)).to_have_text(["Changed"])
        assert await text_of(editor(second, "query")) == "{ hello }"
        site.examples = before
        await second.reload()
        assert await text_of(editor(second, "query")) == typed
        assert_quiet(site)


async def test_the_demo_answers_each_caller_by_its_own_schema(tmp_path: Path) -> None:
    """`hedgerow dev` itself: each tab is a caller, whose schema the editor then checks against."""
    example = tmp_path / "notes.py"
    example.write_text((Path(__file__).parents[1] / "examples" / "notes.py").read_text())
    site = Site()
    with running("dev", str(example), "--no-reload") as (url, _):
        site.origin = url
        async with browser_page(site) as tab:
            await tab.goto(f"{url}/graphql")
            names = [
                "anyone: notes",
                "anyone: notesAggregate",
                "user: users",
                "user: usersAggregate",
                "user: teams",
                "user: createNote",
            ]
            await expect(tabs(tab)).to_have_text(names)
            await run(tab)
            await answer_of(tab, '"title": "A moth in relay 70"')
            await tabs(tab).nth(1).click()
            await run(tab)
            await answer_of(tab, '"count": 2')
            await tabs(tab).nth(2).click()
            await run(tab)
            await answer_of(tab, '"email": "ada@example.com"')
            await expect(tab.locator(".CodeMirror-lint-mark-error")).to_have_count(0)
            await write(editor(tab, "query"), "{ notes { titel } }")
            await expect(tab.locator(".CodeMirror-lint-mark-error")).not_to_have_count(0)
        assert_quiet(site)


async def test_the_demo_follows_what_others_write(tmp_path: Path) -> None:
    """A subscription in GraphiQL, as a tab's caller, hears of a mutation that another client sends."""
    example = tmp_path / "notes.py"
    example.write_text((Path(__file__).parents[1] / "examples" / "notes.py").read_text())
    site = Site()
    with running("dev", str(example), "--no-reload") as (url, _):
        site.origin = url
        async with browser_page(site) as tab:
            await tab.goto(f"{url}/graphql")
            given = json.loads(await tab.locator("#hedgerow-graphiql").inner_text())
            headers = json.loads(next(each["headers"] for each in given["examples"] if each["title"] == "user: teams"))
            await tabs(tab).nth(4).click()
            await expect(editor(tab, "query")).to_contain_text("teams")
            await write(editor(tab, "query"), "subscription { teams { name } }")
            await run(tab)
            await answer_of(tab, '"teams": [')
            async with httpx2.AsyncClient() as http:
                [team] = (await post(http, url, "{ teams(limit: 1) { id } }", headers))["teams"]
                changed = f'mutation {{ updateTeam(id: {team["id"]}, set: {{name: "Told at once"}}) {{ id }} }}'
                await post(http, url, changed, {"X-Hedgerow-Admin-Secret": secret_of(tmp_path)})
            await answer_of(tab, '"name": "Told at once"')
        assert_quiet(site)


async def post(http: httpx2.AsyncClient, url: str, query: str, headers: dict[str, str]) -> Any:
    answer = (await http.post(f"{url}/graphql", json={"query": query}, headers=headers)).json()
    assert "errors" not in answer, answer
    return answer["data"]


def secret_of(folder: Path) -> str:
    """The admin secret that `hedgerow dev` has made."""
    return (folder / ".hedgerow" / "dev-admin-secret").read_text()
