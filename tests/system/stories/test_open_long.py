"""A page that stays open does not grow: ``pytest -m slow -s tests/system/stories/test_open_long.py``."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.browser import CHROMIUM, WITHOUT, Shown, running_browser
from tests.support.processes import free_port
from tests.system.stories.screenshots import post
from tests.system.stories.session import running_session

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import CDPSession

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM.exists(), reason=WITHOUT)]

MINUTES = float(os.environ.get("PAGE_MINUTES", "30"))
FULL_S = 360.0
"""After that the page holds its five minutes, and all else that it shows."""


class Size(NamedTuple):
    """What a page takes: its heap after a collection, its nodes and its listeners."""

    heap_mb: float
    nodes: int
    listeners: int


async def measure(inspector: CDPSession) -> Size:
    await inspector.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in (await inspector.send("Performance.getMetrics"))["metrics"]}
    return Size(round(metrics["JSHeapUsedSize"] / 2**20, 2), int(metrics["Nodes"]), int(metrics["JSEventListeners"]))


async def test_a_page_that_stays_open_does_not_grow(tmp_path: Path) -> None:
    port, sizes = free_port(), list[Size]()
    async with running_session(tmp_path, port, ()) as session, running_browser() as browser:
        posting = asyncio.create_task(post(session))
        shown = Shown(await browser.new_page(viewport={"width": 1400, "height": 1000}), f"http://127.0.0.1:{port}")
        page = await shown.open()
        inspector = await page.context.new_cdp_session(page)
        await inspector.send("Performance.enable")
        began_s = time.monotonic()
        while time.monotonic() - began_s < MINUTES * 60:
            await asyncio.sleep(60)
            sizes.append(await measure(inspector))
            print(round(time.monotonic() - began_s), sizes[-1], flush=True)
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
        assert shown.complaints == []
    full = sizes[int(FULL_S // 60) :]
    early, late = full[: len(full) // 3], full[-len(full) // 3 :]
    for name in Size._fields:
        before, after = (max(getattr(each, name) for each in part) for part in (early, late))
        assert after <= 1.1 * before, (name, before, after)
