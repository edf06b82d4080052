"""The same eight stories on the page ``/dashboard``: somebody breaks the system, clicks, and must read what it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.support.browser import CHROMIUM, WITHOUT, Shown, running_browser
from tests.support.patience import PATIENCE_S
from tests.support.processes import free_port
from tests.system.stories.plays import FAILING, FULL_AT_60, OUTAGE_S, SILENT_ROUTE, SLOW, SOUND, TOLD_S
from tests.system.stories.session import running_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from playwright.async_api import Page

    from tests.system.stories.session import Session

    Look = Callable[..., AbstractAsyncContextManager[tuple[Session, Page]]]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=WITHOUT)
PATIENCE_MS = PATIENCE_S * 1000


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Start a system, and open its page."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def look(*settings: tuple[str, str]) -> AsyncIterator[tuple[Session, Page]]:
        port = free_port()
        async with running_session(tmp_path, port, settings) as session, running_browser() as browser:
            shown = Shown(await browser.new_page(viewport={"width": 1400, "height": 1000}), f"http://127.0.0.1:{port}")
            yield session, await shown.open()
            assert shown.complaints == []
            assert all(each.startswith(shown.url) for each in shown.asked)

    return look


async def says(page: Page, place: str, *words: str) -> None:
    """Wait until a place has all these words."""
    for each in words:
        await expect(page.locator(place)).to_contain_text(each, timeout=PATIENCE_MS)


async def find(page: Page, digits: str) -> None:
    await page.keyboard.press("/")
    await page.keyboard.type(digits)
    await page.keyboard.press("Enter")


async def test_my_payment_is_not_in_the_summary(look: Look) -> None:
    async with look() as (session, page):
        await session.set_both(FAILING)
        payment = (await session.post(6))[0]
        await says(page, "#verdict", "failing")
        await find(page, payment[:8])
        said = "waiting", "every processor is failing", "HTTP 500", "probed again", "refused"
        await says(page, "#payment", payment, *said)


async def test_it_got_slow(look: Look) -> None:
    async with look() as (session, page):
        await session.set_both(SLOW)
        await session.post(6)
        await session.until_settled(6)
        await page.get_by_role("button", name="Slowest of the last minute").click()
        row = page.locator("#held tbody tr").first
        await expect(row).to_contain_text("processor", timeout=PATIENCE_MS)
        await row.get_by_role("button").click()
        await says(page, "#payment", "ms in all", "payment.attempt", "at default")


async def test_why_do_we_pay_15_percent(look: Look) -> None:
    async with look() as (session, page):
        await session.post(4)
        await session.until_settled(4)
        await session.set(default=FAILING)
        for settled in range(5, 15):
            await session.post()
            await session.until_settled(settled)
        await says(page, "#processors", "fallback ◀ in use", "fallback is the only healthy processor", "probed again")
        await says(page, "#processors", "the least possible", "15 %")
        await says(page, "#tiles", "was the least possible")


async def test_nothing_settles(look: Look) -> None:
    async with look() as (session, page):
        await session.set_both(FAILING)
        await session.post(6)
        await says(page, "#verdict", "failing")
        await session.post(40)
        await expect(page.locator("#verdict")).to_have_attribute("data-level", "failing")
        await page.get_by_role("button", name="Waiting 46").click()
        await says(page, "#held", "Both processors are failing", "HTTP 500", "probed again")
        await asyncio.sleep(OUTAGE_S)
        await session.set_both(SOUND)
        await session.until_settled(46)
        await says(page, "#held", "The last backlog was gone", "drained in")
        await expect(page.locator("#verdict")).to_have_attribute("data-level", "ok", timeout=PATIENCE_MS)


async def test_this_one_hangs(look: Look) -> None:
    async with look() as (session, page):
        await session.arm_both({"kind": "status", "status": 500}, SILENT_ROUTE)
        await session.post()
        await page.get_by_role("button", name="Unknown 1").click(timeout=PATIENCE_MS)
        row = page.locator("#held tbody tr").first
        await expect(row).to_contain_text("it may go nowhere else", timeout=PATIENCE_MS)
        await says(page, "#held tbody", "nobody knows what came of that", "looked for")
        await says(page, "#tiles", "being looked up")


async def test_somebody_must_act(look: Look) -> None:
    async with look() as (session, page):
        await session.arm_both({"kind": "status", "status": 400})
        (payment,) = await session.post()
        await page.get_by_role("button", name="Parked 1").click(timeout=PATIENCE_MS)
        await says(page, "#tiles", "needs a person")
        await says(page, "#held tbody", "default", "fallback", "HTTP 400")
        await session.arm_both()
        await page.locator("#held tbody").get_by_role("button", name="Retry").click()
        await says(page, "#payment", payment, "settled", "retried")


async def test_clients_get_503(look: Look) -> None:
    async with look(*FULL_AT_60) as (session, page):
        await session.set_both(FAILING)
        while await session.post(40):
            pass
        await says(page, "#tiles", "refused, last minute", "full (60 of 60)")
        await says(page, "#verdict", "clients get 503: full (60 of 60)")


async def test_something_restarted(look: Look) -> None:
    async with look() as (session, page):
        await session.post(6)
        await session.until_settled(6)
        await asyncio.sleep(TOLD_S)
        session.kill_worker()
        await says(page, "#events", "books empty: no journal, 6 settled forgotten")
        await page.locator("#events summary", has_text="bridge.worker_restarted").first.click()
        await says(page, "#events", "settled_forgotten: 6")
