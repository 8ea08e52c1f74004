"""Files in Chromium: a page shows images by signed URLs, and what strangers uploaded runs no script.

Needs playwright and Debian's chromium; without them it skips and says so, and with CI=true it fails.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import HTMLResponse
from starlette.routing import Route

from .conftest import missing
from .downloading import Place, image, keeping
from .test_browser import ARGUMENTS, CHROMIUM, async_playwright, what_is_missing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
EVIL = "<script>document.title = 'ran'; fetch('/ran')</script><img src=x onerror=\"fetch('/ran')\">"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20" onload="fetch(\'/ran\')">'
    "<script>fetch('/ran')</script><rect width='30' height='20' fill='red'/></svg>"
)


@asynccontextmanager
async def browsing(database: str, blobs: str) -> AsyncIterator[tuple[Place, Any, list[str]]]:
    if what := what_is_missing():
        missing(f"browser test cannot run: {what}")
    async with keeping(database, blobs) as place, async_playwright() as playwright:
        place.backend._app.router.routes.append(Route("/page", lambda request: HTMLResponse("<!doctype html><p>Hello")))
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            tab = await browser.new_page()
            asked: list[str] = []
            tab.context.on("request", lambda request: asked.append(request.url))
            yield place, tab, asked
        finally:
            await browser.close()


SIZE = """async (url) => {
  const shown = new Image();
  shown.src = url;
  await shown.decode();
  return [shown.naturalWidth, shown.naturalHeight];
}"""
LOAD = """(given) => new Promise((done) => {
  const [name, key, url] = given;
  const made = document.createElement(name);
  made[key] = url;
  if (name === "link") made.rel = "stylesheet";
  made.onload = () => done("loaded");
  made.onerror = () => done("refused");
  document.body.append(made);
  setTimeout(() => done("nothing"), 3000);
})"""


async def test_a_page_shows_images(fresh_url: str, tmp_path: Path) -> None:
    async with browsing(fresh_url, f"file://{tmp_path / 'blobs'}") as (place, tab, _):
        await tab.goto(f"http://127.0.0.1:{place.port}/page")
        id = await place.put(image(), "image/png", "cat.png")
        assert await tab.evaluate(SIZE, await place.url(id)) == [64, 48]
        for format in ("WEBP", "AVIF", "JPEG", "PNG"):
            assert await tab.evaluate(SIZE, await place.url(id, width=32, format=format)) == [32, 24]
        svg = await place.put(SVG.encode(), "image/svg+xml", "a.svg")
        assert await tab.evaluate(SIZE, await place.url(svg)) == [30, 20]
        with pytest.raises(Exception, match="decode"):
            await tab.evaluate(SIZE, (await place.url(id, width=32)).replace("width=32", "width=33"))
        # Opened by itself it is shown too.
        await tab.goto(f"http://127.0.0.1:{place.port}{await place.url(id)}")
        assert await tab.evaluate("document.images[0].naturalWidth") == 64
        text = await place.put("Grüße <b>".encode(), "text/plain", "a.txt")
        await tab.goto(f"http://127.0.0.1:{place.port}{await place.url(text)}")
        assert await tab.inner_text("body") == "Grüße <b>"


async def test_what_was_uploaded_runs_no_script(fresh_url: str, tmp_path: Path) -> None:
    async with browsing(fresh_url, f"file://{tmp_path / 'blobs'}") as (place, tab, asked):
        here = f"http://127.0.0.1:{place.port}"
        files = [
            await place.put(EVIL.encode(), "text/html", "a.html"),
            await place.put(SVG.encode(), "image/svg+xml", "a.svg"),
            await place.put(SVG.encode(), "application/xml", "a.xml"),
            await place.put(EVIL.encode(), "text/plain", "a.txt"),
            await place.put(EVIL.encode(), "image/png", "a.png"),
            await place.put(EVIL.encode(), "application/octet-stream", "a"),
            await place.put(b"fetch('/ran')", "text/javascript", "a.js"),
            await place.put(b"fetch('/ran')", "text/plain", "a.txt"),
            await place.put(b"body { background: url(/ran) }", "text/css", "a.css"),
            await place.put(b"body { background: url(/ran) }", "text/plain", "a.css"),
        ]
        urls = [here + await place.url(id) for id in files]
        for url in urls:
            try:
                await tab.goto(url)
            except Exception as error:
                assert "Download is starting" in str(error) or "ERR_ABORTED" in str(error), error
            await tab.wait_for_timeout(200)
        await tab.goto(f"{here}/page")
        for url in urls:
            for name, key in (
                ("iframe", "src"),
                ("object", "data"),
                ("embed", "src"),
                ("script", "src"),
                ("link", "href"),
            ):
                told = await tab.evaluate(LOAD, [name, key, url])
                assert name not in ("script", "link") or told == "refused", (name, url)
        assert [each for each in asked if each.endswith("/ran")] == []
        assert await tab.title() == ""


async def test_were_a_file_shown_as_a_page_its_scripts_still_would_not_run(fresh_url: str, tmp_path: Path) -> None:
    """Each lock holds alone: here a browser is given the policy, and no disposition."""
    async with browsing(fresh_url, f"file://{tmp_path / 'blobs'}") as (place, tab, asked):
        id = await place.put(EVIL.encode(), "text/html", "a.html")
        told = await place.get(await place.url(id))
        for policy in (told.headers["content-security-policy"], None):
            headers = {"content-security-policy": policy} if policy else {}
            page = HTMLResponse(EVIL, headers=headers)
            place.backend._app.router.routes.insert(0, Route("/shown", lambda request, page=page: page))
            await tab.goto(f"http://127.0.0.1:{place.port}/shown")
            await tab.wait_for_timeout(300)
            ran = [each for each in asked if each.endswith("/ran")]
            assert bool(ran) == (policy is None)  # without it they do: the test would see it
