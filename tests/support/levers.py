"""What a test can do to the simulated processors."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.support.client import ADMIN, Setting, Stage, get, set_stage

if TYPE_CHECKING:
    from collections.abc import Mapping


async def arm_faults(processor: str, *faults: Mapping[str, Any]) -> None:
    """Arm faults at the processor with this URL; without any, clear all."""
    url, body = f"{processor}/admin/configurations/fault", list(faults) or {"kind": None}
    async with aiohttp.ClientSession() as session, session.put(url, json=body, headers=ADMIN) as response:
        response.raise_for_status()


async def reset_processors(processors: Mapping[str, str]) -> None:
    """Make both processors quick, sound and empty, once nothing is at work there that could commit later."""
    async with aiohttp.ClientSession() as session:
        await set_stage(session, processors, Stage(Setting(0), Setting(0)))
        for url in processors.values():
            await arm_faults(url)
            async with asyncio.timeout(20):
                while True:
                    counters = await get(session, f"{url}/admin/counters")
                    if counters["at_work"] == counters["queued"] == 0:
                        break
                    await asyncio.sleep(0.02)
            async with session.post(f"{url}/admin/purge-payments", headers=ADMIN) as response:
                response.raise_for_status()
