"""The example board, as its users see it: two windows of a real browser that show each other's writes.

Needs playwright and Debian's chromium; without them it skips and says so, and with CI=true it fails.
"""

import asyncio
from pathlib import Path

import pytest

from .conftest import missing
from .test_browser import ARGUMENTS, CHROMIUM, what_is_missing
from .test_cli import running

try:
    from playwright.async_api import Page, async_playwright, expect
except ImportError:
    async_playwright = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
BOARD = Path(__file__).parent.parent / "examples" / "board.py"


async def add(window: "Page", text: str) -> None:
    await window.locator("form input").fill(text)
    await window.locator("form button").click()


async def test_two_windows_see_each_others_writes(tmp_path: Path) -> None:
    if lacking := what_is_missing():
        missing(lacking)
    trouble: list[str] = []
    with running("dev", str(BOARD), HEDGEROW_DATABASE_URL=f"sqlite:///{tmp_path / 'board.db'}") as (url, _):
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            windows = [await (await browser.new_context()).new_page() for _ in range(2)]
            for window in windows:
                window.on("pageerror", lambda error: trouble.append(str(error)))
                await window.goto(url)
                await expect(window.locator("li")).to_have_count(2)
            one, other = windows
            await add(one, "Written in one window")
            await expect(other.locator("li").last).to_contain_text("Written in one window")
            await other.locator("li input").last.check()
            await expect(one.locator("li").last).to_have_class("done")
            await expect(one.locator("output")).to_have_text("2 to do")
            await asyncio.gather(*(add(window, f"At once {number}") for number, window in enumerate(windows)))
            for window in windows:
                await expect(window.locator("li")).to_have_count(5)
            await one.locator("li button").first.click()
            await expect(other.locator("li")).to_have_count(4)
            await expect(other.locator("li").first).to_contain_text("Add a card there")
            await browser.close()
    assert trouble == []
