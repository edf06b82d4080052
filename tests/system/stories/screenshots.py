"""Pictures of the page for the documents: ``make screenshots``. A real system under load, in a real browser."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.support.browser import Shown, running_browser
from tests.support.processes import free_port
from tests.system.stories.plays import FAILING
from tests.system.stories.session import running_session

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.system.stories.session import Session

IMAGES = Path(__file__).parents[3] / "docs" / "images"
PER_S = 40
WELL_S, FAILING_S = 120.0, 25.0
"""How long each state has lasted when the picture is taken."""
SCREEN, PHONE = (1400, 1000), (390, 844)
SETTLE_S = 3.0

Scheme = Literal["light", "dark"]


async def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        settings = (("RINHA_STORE", f"sqlite:///{directory}/journal.db"), ("RINHA_TRACE_RECENT", "20000"))
        async with running_session(Path(directory), port, settings) as session, running_browser() as browser:
            posting = asyncio.create_task(post(session))
            url = f"http://127.0.0.1:{port}"
            await asyncio.sleep(WELL_S)
            await take(browser, url, "healthy")
            await session.set(default=FAILING)
            await asyncio.sleep(FAILING_S)
            await take(browser, url, "one-failing")
            await session.set(fallback=FAILING)
            await asyncio.sleep(FAILING_S)
            await take(browser, url, "both-failing")
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)


async def post(session: Session) -> None:
    """Payments at a steady pace, until cancelled."""
    while True:
        await asyncio.gather(session.post(PER_S // 10), asyncio.sleep(0.1))


async def take(browser: Browser, url: str, name: str) -> None:
    """The page in light and dark, and on a phone."""
    schemes: tuple[tuple[str, Scheme, tuple[int, int]], ...] = (
        ("light", "light", SCREEN),
        ("dark", "dark", SCREEN),
        ("phone", "light", PHONE),
    )
    for suffix, scheme, (width, height) in schemes:
        page = await browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        await Shown(page, url).open()
        await page.wait_for_selector("#tiles .tile")
        await asyncio.sleep(SETTLE_S)
        await page.screenshot(path=IMAGES / f"{name}-{suffix}.png")
        await page.close()


if __name__ == "__main__":
    asyncio.run(main())
