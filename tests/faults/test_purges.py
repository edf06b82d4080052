"""Purges while payments come in over both APIs: nothing from before a purge appears after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.client import Setting, get, our_rows, their_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

PURGES = 20


@pytest.mark.parametrize("level", ["queued", "received", "durable"])
async def test_nothing_from_before_a_purge_appears_after_it(
    run_lab: RunLab, durable: dict[str, str], level: str
) -> None:
    accept = durable if level == "durable" else {"RINHA_ACCEPT": level}
    async with run_lab(RINHA_POOL_SIZE="8", **accept) as lab:
        # Slow enough that each purge finds payments in every state.
        await lab.set(default=Setting(40), fallback=Setting(0, failing=True))
        reappeared = 0
        forgotten = 0
        async with lab.load.running(users=12, pause_s=0.0):
            for number in range(PURGES):
                await lab.load.until_answered(40)
                before = set(lab.answers.statuses)
                url = lab.urls[number % len(lab.urls)]
                async with lab.session.post(f"{url}/purge-payments") as response:
                    assert response.status == 200
                    epoch = (await response.json())["epoch"]
                after = set(lab.answers.statuses)
                reappeared += sum(row.payment_id in before for row in await our_rows(lab.bridge))
                forgotten += len(before)
                assert epoch == number + 1
        await lab.set(default=Setting(0), fallback=Setting(0))
        statistics = await lab.settle()

        # Between the last purge's request and its answer a payment may have come before it or after it.
        rows = {row.payment_id: row for row in await our_rows(lab.bridge)}
        theirs = {
            (row.processor, row.payment_id): row
            for each in (await their_rows(lab.session, lab.processors)).values()
            for row in each
        }
        acknowledged = lab.answers.acknowledged() - after
        places = [payment_id for _, payment_id in theirs]
        report = {
            "fault": f"purge under load, {PURGES} times, {level}",
            "answers": lab.answers.counts(),
            "reappeared": reappeared + len(before & set(rows)),
            "of the last epoch": len(rows),
            "lost": len(acknowledged - set(rows)),
            "doubled": len(places) - len(set(places)),
            "purged on the way": statistics["purged"],
            "samples": lab.samples,
        }
        print(report)
        assert report["reappeared"] == report["lost"] == report["doubled"] == 0
        assert forgotten > PURGES * 40
        assert all(theirs.get((row.processor, row.payment_id)) == row for row in rows.values())
        summaries = [await get(lab.session, f"{url}/payments-summary") for url in lab.urls]
        assert [sum(each["totalRequests"] for each in summary.values()) for summary in summaries] == [len(rows)] * 2
        assert set(report["answers"]) <= {202, 503, 504}
        assert lab.unbalanced == []
        assert statistics["deadLetters"] == statistics["crashes"] == {}
