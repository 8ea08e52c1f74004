"""The example gallery as visitors use it: a large picture comes in parts, is paused, goes on after a reload, and hangs.

Needs playwright and Debian's chromium; without them it skips and says so, and with CI=true it fails.
"""

import random
from pathlib import Path

import pytest
from PIL import Image

from .conftest import missing
from .test_browser import ARGUMENTS, CHROMIUM, what_is_missing
from .test_cli import running

try:
    from playwright.async_api import async_playwright, expect
except ImportError:
    async_playwright = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
GALLERY = Path(__file__).parent.parent / "examples" / "gallery.py"
SHOWN = "() => [...document.images].filter((each) => each.complete && each.naturalWidth > 0).length"


def large(path: Path) -> Path:
    """A picture of some megabytes, which nothing makes smaller."""
    size = (1_400, 1_000)
    Image.frombytes("RGB", size, random.Random(7).randbytes(size[0] * size[1] * 3)).save(path)
    return path


async def test_a_picture_is_uploaded_in_parts_paused_and_goes_on_after_a_reload(tmp_path: Path) -> None:
    if lacking := what_is_missing():
        missing(lacking)
    picture = large(tmp_path / "noise.png")
    given = {
        "HEDGEROW_DATABASE_URL": f"sqlite:///{tmp_path / 'gallery.db'}",
        "HEDGEROW_STORAGE_URL": f"file://{tmp_path / 'files'}",
    }
    with running("dev", str(GALLERY), **given) as (url, _):
        here = url.replace("127.0.0.1", "localhost")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            context = await browser.new_context()
            window, other = await context.new_page(), await context.new_page()
            seen: list[str] = []
            window.on(
                "request", lambda request: seen.append(f"{request.method} {request.headers.get('upload-offset')}")
            )
            for each in (other, window):
                await each.goto(here, wait_until="networkidle")  # signed in
            await window.bring_to_front()
            progress = window.locator("progress")
            # Slow enough to be paused in the midst.
            devtools = await context.new_cdp_session(window)
            slow = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 2_000_000}
            await devtools.send("Network.emulateNetworkConditions", slow)
            await window.set_input_files("input", picture)
            await expect(progress).not_to_have_js_property("value", 0)
            await window.click("form button")
            await expect(window.locator("form button")).to_have_text("Go on")
            parts = len(seen)
            await window.reload(wait_until="networkidle")
            await window.set_input_files("input", picture)
            await expect(window.locator("figcaption span")).to_have_text("noise.png", timeout=60_000)
            later = [each for each in seen[parts:] if each.startswith("PATCH")]
            assert later
            assert later[0] != "PATCH 0"  # it went on where it was
            await expect(progress).to_have_js_property("value", 1)
            await other.bring_to_front()
            await expect(other.locator("figcaption span")).to_have_text("noise.png")
            await other.wait_for_function(f"({SHOWN})() === 1")
            await other.screenshot(path=tmp_path / "gallery.png")
            await window.bring_to_front()
            not_one = tmp_path / "page.png"
            not_one.write_bytes(b"<script>alert(1)</script>")
            await window.set_input_files("input", not_one)
            await expect(window.locator("output")).to_contain_text("image")
            await window.click("figcaption button")
            await expect(window.locator("figure")).to_have_count(0)
            await browser.close()
