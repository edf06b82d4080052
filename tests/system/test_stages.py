"""The contest's six stages, shortened: real processes, a ramp of virtual users, and books that agree to the cent."""

from __future__ import annotations

import asyncio
import datetime
from typing import TYPE_CHECKING

import pytest

from tests.support.client import CONTEST, Answers, check_books, get, play, their_rows, totals, until_settled
from tests.support.load import Load

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    import aiohttp

    from tests.system.conftest import System

    RunSystem = Callable[..., AbstractAsyncContextManager[System]]

STAGE_S = 2.0
USERS = 120
PAUSE_S = 0.3

Window = dict[str, str]


def instant(seconds_ago: float) -> str:
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds_ago)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def audit(
    session: aiohttp.ClientSession, url: str, urls: dict[str, str], seconds: int
) -> tuple[list[Window], int]:
    """Ask all summaries every two seconds, as the contest's auditor does every ten."""
    windows, inconsistencies = [], 0
    for _ in range(seconds // 2):
        await asyncio.sleep(2)
        window = {"from": instant(15), "to": instant(1.5)}
        ours, theirs = await totals(session, url, urls, window)
        inconsistencies += abs(sum(each[0] for each in ours.values()) - sum(each[0] for each in theirs.values()))
        windows.append(window)
    return windows, inconsistencies


@pytest.mark.parametrize(("routing", "accept"), [("fastest", "received"), ("cheapest", "queued")])
async def test_every_payment_is_settled_once_and_all_books_agree(
    run_system: RunSystem, routing: str, accept: str
) -> None:
    settings = {"RINHA_ROUTING": routing, "RINHA_ACCEPT": accept, "RINHA_PATIENCE_S": "30"}
    async with run_system(RINHA_BRIDGE_LINGER_MS="20", **settings) as system:
        process, url, urls, bridge, session = system
        answers = Answers()
        duration_s = STAGE_S * len(CONTEST)
        _, (windows, inconsistencies), _ = await asyncio.gather(
            Load(session, [url], answers).ramp(users=USERS, pause_s=PAUSE_S, duration_s=duration_s),
            audit(session, url, urls, int(duration_s)),
            play(session, urls, CONTEST, STAGE_S),
        )
        lag = (await get(session, f"{url}/statistics"))["worker"]
        statistics = await until_settled(session, url)
        rows = await their_rows(session, urls)
        differences = await check_books(session, urls, bridge, answers)
        report = {
            "routing": routing,
            "accept": accept,
            "answers": answers.counts(),
            "settled": {name: len(each) for name, each in rows.items()},
            "lag": lag["accepted"] - lag["settled"],
            "inconsistencies while running": inconsistencies,
            "differences": len(differences),
        }
        print(report)

        assert set(answers.counts()) == {202}, report
        assert statistics["accepted"] == len(answers.acknowledged()) > 1000
        assert differences == []
        assert statistics["dead_letters"] == statistics["crashes"] == {}
        if routing == "cheapest":
            assert rows["fallback"] == [], "with that much patience, nothing pays the dearer fee"
        for window in (*windows, {}):
            ours, theirs = await totals(session, url, urls, window)
            assert ours == theirs
        assert await asyncio.to_thread(process.stop) == 0, process.errors
