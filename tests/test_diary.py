"""The example diary, as its users use it: they sign up, confirm, write, add a passkey, and sign in with it.

Needs playwright and Debian's chromium; without them it skips and says so, and with CI=true it fails.
"""

import re
from pathlib import Path

import pytest

from .conftest import missing
from .test_browser import ARGUMENTS, CHROMIUM, what_is_missing
from .test_cli import running

try:
    from playwright.async_api import async_playwright, expect
except ImportError:
    async_playwright = None

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
DIARY = Path(__file__).parent.parent / "examples" / "diary.py"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def test_from_a_stranger_to_a_diary_and_back_with_a_passkey(tmp_path: Path) -> None:
    if lacking := what_is_missing():
        missing(lacking)
    with running("dev", str(DIARY), HEDGEROW_DATABASE_URL=f"sqlite:///{tmp_path / 'diary.db'}") as (url, _):
        here = url.replace("127.0.0.1", "localhost")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            context = await browser.new_context()
            window, mails = await context.new_page(), await context.new_page()
            devtools = await context.new_cdp_session(window)
            await devtools.send("WebAuthn.enable")
            await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
            window.on("dialog", lambda dialog: dialog.accept("correct horse battery"))
            await window.goto(here)
            for name, value in (("name", "Ann"), ("email", "ann@example.com"), ("password", "correct horse battery")):
                await window.fill(f"#up [name={name}]", value)
            await window.click("#up button")
            await expect(window.locator("output")).to_contain_text("Look at your mail")
            link = None
            while link is None:  # it is sent when the answer is out
                await mails.goto(f"{here}/auth/mails")
                link = re.search(r"#welcome=[\w-]+", await mails.inner_text("body"))
            await window.bring_to_front()
            await window.goto("about:blank")
            await window.goto(f"{here}/{link[0]}")
            await expect(window.locator("h1 span")).to_have_text(re.compile("Ann.s diary"))
            await window.fill("#write input", "A day like any other.")
            await window.click("#write button")
            await expect(window.locator("li span")).to_have_text("A day like any other.")
            await window.click("#passkey")
            await expect(window.locator("output")).to_contain_text("From now on")
            await window.click("#out")
            await expect(window.locator("#stranger")).to_be_visible()
            await expect(window.locator("#diary")).to_be_hidden()
            await expect(window.locator("li")).to_have_count(0)
            await window.click("#by-passkey")
            await expect(window.locator("li span")).to_have_text("A day like any other.")
            await window.screenshot(path=tmp_path / "diary.png")
            second = await context.new_page()
            await second.goto(here)  # the same browser is signed in there too
            await second.fill("#write input", "Written in another window")
            await second.click("#write button")
            await expect(window.locator("li")).to_have_count(2)
            await second.click("#out")
            await expect(window.locator("#stranger")).to_be_visible()
            await browser.close()
