"""Debian's Chromium, and what a page in it complained of."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
WITHOUT = "NOT TESTED: the page, for want of Debian's chromium"


@contextlib.asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A browser for the length of the context."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


class Shown:
    """A page, what it asked for, and what it complained of.

    Args:
        page: an empty one.
        url: the API's.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    async def open(self) -> Page:
        """Go to the dashboard."""
        await self.page.goto(f"{self.url}/dashboard")
        return self.page
