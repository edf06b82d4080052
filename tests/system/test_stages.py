"""The contest's six stages, shortened: real processes, a ramp of virtual users, and books that must agree to the cent."""

from __future__ import annotations

import asyncio
import datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.support.client import CONTEST, Answers, check_books, play, ramp, their_rows, totals, until_settled
from tests.support.processes import running, simulators, system_environ, until_up

if TYPE_CHECKING:
    from pathlib import Path

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
async def test_every_payment_is_settled_once_and_all_books_agree(routing: str, accept: str, tmp_path: Path) -> None:
    with simulators() as urls:
        variables = {"RINHA_ROUTING": routing, "RINHA_ACCEPT": accept, "RINHA_PATIENCE_S": "30"}
        environ = system_environ(urls, tmp_path, **variables)
        with running("up", environ=environ) as system:
            until_up(system)
            url = f"http://127.0.0.1:{environ['RINHA_PORT']}"
            answers = Answers()
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as session:
                load = ramp(session, url, answers, users=USERS, pause_s=PAUSE_S, duration_s=STAGE_S * len(CONTEST))
                auditor = audit(session, url, urls, int(STAGE_S * len(CONTEST)))
                _, (windows, inconsistencies), _ = await asyncio.gather(
                    load, auditor, play(session, urls, CONTEST, STAGE_S)
                )
                statistics = await until_settled(session, url)
                rows = await their_rows(session, urls)
                report = {
                    "routing": routing,
                    "accept": accept,
                    "answers": answers.counts(),
                    "settled": {name: len(each) for name, each in rows.items()},
                    "lag": statistics["accepted"] - statistics["settled"],
                    "inconsistencies while running": inconsistencies,
                }
                print(report)

                assert set(answers.counts()) == {202}, report
                assert statistics["accepted"] == len(answers.acknowledged()) > 1000
                assert await check_books(session, urls, environ["RINHA_BRIDGE"], answers) == []
                assert statistics["deadLetters"] == statistics["crashes"] == {}
                if routing == "cheapest":
                    assert rows["fallback"] == [], "with that much patience, nothing pays the dearer fee"
                for window in (*windows, {}):
                    ours, theirs = await totals(session, url, urls, window)
                    assert ours == theirs
            assert system.stop() == 0, system.errors
