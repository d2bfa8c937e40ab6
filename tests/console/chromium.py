"""The system's Chromium, which the browser tests run in. Playwright's own browsers aren't downloaded."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

from api.console_files import BuiltConsole

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--no-sandbox",  # Chromium refuses its sandbox as root, which containers and CI use
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find() -> str:
    """Return the path of Chromium, and check that there is a console to open in it."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        _leave_out("no Chromium on the PATH. On Debian and Ubuntu, run: apt-get install chromium")
    if BuiltConsole().read() is None:
        _leave_out("the console isn't built. Run: make console")
    assert found is not None
    return found


def _leave_out(reason: str) -> None:
    """Skip on a developer's machine, and fail in CI, where everything must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"The browser tests can't run: {reason}", pytrace=False)
    pytest.skip(f"BROWSER TESTS SKIPPED: {reason}")


@asynccontextmanager
async def running(path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        try:
            yield browser
        finally:
            await browser.close()
