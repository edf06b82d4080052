"""The page in a real browser, before an API whose worker is scripted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from actors.messages.people import GetPayment, RetryPayment
from actors.reports import RetryAnswer, RetryResult
from rinha.bridge.client.refusing import Refusing
from rinha.bridge.errors import NoCreditReason, WorkerUnavailable
from rinha.bridge.protocol.wire.own_questions import GetHops, GetOverview
from rinha.bridge.protocol.wire.processes import AllHops, ProcessHops
from tests.support.browser import CHROMIUM, WITHOUT, Shown, running_browser
from tests.support.samples import OVERVIEW, PAYMENT, PAYMENT_ID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Response

    from tests.api.conftest import Api, FakeGateway, StartApi, Until

SERIOUS = {"serious", "critical"}
TOKEN = "a-token-of-some-length"
ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
HOPS = AllHops(
    (ProcessHops("api-1", "0" * 16, "api", [(10**18, 1_310_000, PAYMENT_ID, "api.request", 0, "", {"status": 202})]),)
)

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=WITHOUT)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest.fixture
async def guarded(start_api: StartApi, gateway: FakeGateway) -> Api:
    gateway.answers = {GetOverview: OVERVIEW, GetPayment: (PAYMENT,), GetHops: HOPS}
    return await start_api(admin_token=TOKEN)


@pytest.fixture
async def shown(api: Api, gateway: FakeGateway, browser: Browser) -> Shown:
    gateway.answers = {GetOverview: OVERVIEW, GetPayment: (PAYMENT,), GetHops: HOPS}
    return Shown(await browser.new_page(viewport={"width": 1400, "height": 1000}), f"http://127.0.0.1:{api.port}")


async def test_it_shows_all_without_complaint_and_asks_nobody_else(shown: Shown) -> None:
    page = await shown.open()
    await expect(page.locator("#tiles .tile")).to_have_count(8)
    for place in ("#picture > *", "#processors table", "#held button", "#charts figure", "#events table"):
        await expect(page.locator(place).first).to_be_attached()
    assert shown.complaints == []
    assert all(each.startswith(shown.url) for each in shown.asked)


async def test_on_a_phone_nothing_scrolls_sideways(shown: Shown) -> None:
    await shown.page.set_viewport_size({"width": 390, "height": 844})
    page = await shown.open()
    await expect(page.locator("#tiles .tile")).to_have_count(8)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    for place in ("#tiles", "#processors", "#events"):
        assert await page.evaluate(f"document.querySelector('{place}').offsetWidth") > 330, place


async def test_what_came_from_outside_is_text(shown: Shown, gateway: FakeGateway) -> None:
    harm = '<img src=x onerror="alert(1)">'
    gateway.answers[GetPayment] = (PAYMENT._replace(why=harm, next=harm),)
    page = await shown.open()
    await page.locator("#find").fill(ID)
    await page.keyboard.press("Enter")
    await expect(page.locator("#payment")).to_contain_text(harm)
    assert await page.locator("#payment img").count() == 0
    assert shown.complaints == []


async def test_a_payment_is_found_by_keys_alone_with_why_and_what_comes_next(shown: Shown) -> None:
    page = await shown.open()
    await expect(page.locator("#tiles .tile")).to_have_count(8)
    await page.keyboard.press("/")
    await page.keyboard.type(ID[:8])
    await page.keyboard.press("Enter")
    card = page.locator("#payment")
    for words in (ID, PAYMENT.why, PAYMENT.next, "unknown", "api.request", "1.31 ms"):
        await expect(card).to_contain_text(words)
    await page.locator("#payment").focus()
    await page.keyboard.press("Escape")
    await expect(card).to_be_hidden()


async def test_paused_it_asks_nothing(shown: Shown, gateway: FakeGateway, until: Until) -> None:
    page = await shown.open()
    await expect(page.locator("#tiles .tile")).to_have_count(8)
    await page.locator("#pause").click()
    await expect(page.locator("#age")).to_contain_text("paused")
    before = len(shown.asked)
    await page.wait_for_timeout(2500)
    assert len(shown.asked) == before
    await page.locator("#pause").click()
    await until(lambda: len(shown.asked) > before)


async def test_a_parked_payment_is_retried_from_its_card(shown: Shown, gateway: FakeGateway, until: Until) -> None:
    gateway.answers[GetPayment] = (PAYMENT._replace(state="parked"),)
    gateway.answers[RetryPayment] = RetryAnswer(RetryResult.RETRIED, "it is sent again now")
    page = await shown.open()
    await page.locator("#find").fill(ID)
    await page.keyboard.press("Enter")
    await page.locator("#payment button", has_text="Retry").click()
    await until(lambda: RetryPayment(PAYMENT_ID) in gateway.asked)


async def test_with_the_worker_away_it_says_so(shown: Shown, gateway: FakeGateway) -> None:
    gateway.answers[GetOverview] = WorkerUnavailable("no session with the worker")
    gateway.refusing = Refusing(lambda: 1_764_144_003_000, NoCreditReason.WORKER_AWAY)
    page = await shown.open()
    await expect(page.locator("#verdict")).to_contain_text("away")
    await expect(page.locator("#verdict")).to_have_attribute("data-level", "failing")
    assert shown.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(shown: Shown, scheme: Literal["light", "dark"]) -> None:
    await shown.page.emulate_media(color_scheme=scheme)
    page = await shown.open()
    await expect(page.locator("#tiles .tile")).to_have_count(8)
    await page.locator("#find").fill(ID)
    await page.keyboard.press("Enter")
    await expect(page.locator("#payment")).to_contain_text(ID)
    found = (await Axe().run(page)).response["violations"]
    serious = [(each["id"], node["html"]) for each in found if each["impact"] in SERIOUS for node in each["nodes"]]
    assert serious == []


async def test_with_a_token_it_asks_for_it_once_and_keeps_it(browser: Browser, guarded: Api, until: Until) -> None:
    shown = Shown(await browser.new_page(), f"http://127.0.0.1:{guarded.port}")
    page = await shown.open()
    await expect(page.locator("#token")).to_be_visible()
    await page.keyboard.type(TOKEN)
    await page.keyboard.press("Enter")
    await expect(page.locator("#tiles .tile")).to_have_count(8)
    await page.reload()
    await expect(page.locator("#tiles .tile")).to_have_count(8)
    await expect(page.locator("#token")).to_be_hidden()


async def test_hidden_it_asks_nothing(browser: Browser, shown: Shown) -> None:
    page = await shown.open()
    await expect(page.locator("#tiles .tile")).to_have_count(8)
    hide = "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })"
    await page.evaluate(hide)
    before = len(shown.asked)
    await page.wait_for_timeout(2500)
    assert len(shown.asked) <= before + 1  # one may have been on its way


async def test_the_page_is_small_and_painted_soon(shown: Shown) -> None:
    sizes: list[int] = []

    async def weigh(response: Response) -> None:
        if "/dashboard" in response.url:
            sizes.append(len(await response.body()))

    shown.page.on("response", weigh)
    page = await shown.open()
    await expect(page.locator("#tiles .tile")).to_have_count(8)
    assert 0 < sum(sizes) <= 150_000
