"""Purges while payments come in over both APIs: nothing from before a purge appears after it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.client import Setting, get, our_rows, their_rows
from tests.support.cutting_proxy import CuttingProxy
from tests.support.patience import PATIENCE_S
from tests.support.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

PURGES = 20


@pytest.mark.parametrize("level", ["queued", "received", "durable"])
async def test_nothing_from_before_a_purge_appears_after_it(
    run_lab: RunLab, durable: dict[str, str], level: str
) -> None:
    accept = durable if level == "durable" else {"RINHA_ACCEPT": level}
    async with run_lab(RINHA_POOL_SIZE="8", RINHA_BRIDGE_LINGER_MS="20", **accept) as lab:
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
                purged_s = time.monotonic()
                reappeared += sum(row.payment_id in before for row in await our_rows(lab.bridge))
                forgotten += len(before)
                assert epoch == number + 1
        await lab.set(default=Setting(0), fallback=Setting(0))
        statistics = await lab.settle()

        # What was posted before the last purge's answer may have come before it, however late its own answer was.
        rows = {row.payment_id: row for row in await our_rows(lab.bridge)}
        theirs = {
            (row.processor, row.payment_id): row
            for each in (await their_rows(lab.session, lab.processors)).values()
            for row in each
        }
        taken_after = (each for each in lab.load.told if each.status == 202 and each.sent_s > purged_s)
        acknowledged = {each.payment_id.bytes for each in taken_after}
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
        assert statistics["dead_letters"] == statistics["crashes"] == {}


async def test_a_payment_that_was_under_way_when_a_purge_came_is_forgotten(run_lab: RunLab) -> None:
    """With `queued` it was acknowledged before: only the epochs of the bridge know that the purge came later."""
    port = free_port()
    proxy = CuttingProxy("127.0.0.1", port)
    async with proxy.serving() as proxy_port:
        worker, apis = f"tcp://127.0.0.1:{port}", f"tcp://127.0.0.1:{proxy_port}"
        async with run_lab(RINHA_BRIDGE=worker, RINHA_ACCEPT="queued", api={"RINHA_BRIDGE": apis}) as lab:
            proxy.lets_payments_pass.clear()
            held = [uuid.uuid4() for _ in range(10)]
            assert {await lab.load.post(1, each) for each in held} == {202}
            purge = asyncio.create_task(lab.session.post(f"{lab.urls[0]}/purge-payments"))
            await lab.until_statistics(lambda counts: counts["epoch"] == 1, PATIENCE_S)
            proxy.lets_payments_pass.set()
            async with await purge as response:
                assert response.status == 200
            counts = await lab.settle()

            print(
                {"fault": "purge overtakes payments", "purged on the way": counts["purged"], "rows": await lab.rows()}
            )
            assert counts["purged"] == len(held)
            assert counts["accepted"] == sum((await lab.rows()).values()) == 0
            assert await lab.load.post(0, held[0]) == 202
            await lab.until_statistics(lambda counts: counts["settled"] == 1, PATIENCE_S)


async def test_a_purge_that_was_carried_out_and_not_answered_is_504_and_stands(
    run_lab: RunLab, durable: dict[str, str], tmp_path: Path
) -> None:
    """On record at once, answered when all APIs have adopted it: a worker that dies in between has purged."""
    async with run_lab(**durable) as lab:
        assert await lab.load.post(0) == 202
        await lab.settle()
        lab.apis[1].send(signal.SIGSTOP)  # so that the answer waits
        purging = asyncio.create_task(lab.session.post(f"{lab.urls[0]}/purge-payments"))
        await lab.load.until(lambda: epoch_on_disk(tmp_path / "journal.db") == 1)
        await asyncio.to_thread(lab.kill, lab.worker)
        async with await purging as response:
            assert response.status == 504
            assert "Retry-After" not in response.headers
        lab.apis[1].send(signal.SIGCONT)
        await asyncio.to_thread(lab.start_worker)
        counts = await lab.until_statistics(bool, PATIENCE_S)
        order = [lab.worker.logged("worker.journal")[0]["epoch"], counts["epoch"], counts["accepted"]]
        print({"fault": "worker killed between a purge's record and its answer", "epoch, epoch, accepted": order})
        assert order == [1, 1, 0]


def epoch_on_disk(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        epoch: int = reader.execute("SELECT epoch FROM journal").fetchone()[0]
        return epoch
