"""Payments through several shards, and what people are told of them."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

from tests.support.client import get
from tests.support.processes import running

if TYPE_CHECKING:
    from tests.scale.system import ScaledSystem


async def test_payments_flow_through_all_shards_and_every_question_is_answered_for_all_of_them(
    system: ScaledSystem,
) -> None:
    assert await system.load.burst(600) == {202: 600}
    await system.until_empty()
    await system.until_settled()
    await system.check("flow")
    document = await system.statistics()
    assert document["worker"]["settled"] == 600
    assert [each["serving"] for each in document["stream"]["shards"]] == [True] * 3
    assert sum(each["settled"] for each in document["stream"]["shards"]) == 600
    assert all(each["settled"] > 100 for each in document["stream"]["shards"])
    assert sorted(each["name"] for each in document["apis"]) == ["payment-api-1", "payment-api-2"]
    assert sum(each["accepted"] for each in document["apis"]) == 600

    summary = await get(system.session, f"{system.url}/payments-summary")
    assert sum(each["totalRequests"] for each in summary.values()) == 600
    roles = {each["role"] for each in (await get(system.session, f"{system.url}/events"))["events"]}
    assert {"payment-api-1", "payment-api-2", "payment-worker-1", "payment-worker-2", "payment-worker-3"} <= roles
    payment_id = uuid.UUID(bytes=next(iter(system.answers.statuses)))
    card = await get(system.session, f"{system.url}/payments/{payment_id}")
    assert card["state"] == "settled"
    trace = await get(system.session, f"{system.url}/traces/{payment_id}")
    assert {each["kind"] for each in trace["processes"] if each["hops"]} == {"api", "worker"}
    async with system.session.get(f"{system.url}/metrics") as response:
        text = await response.text()
    assert 'rinha_payments_accepted_total{api="payment-api-1"}' in text
    assert 'rinha_actor_restarts_total{actor="2/intake"} 0.0' in text

    with running("rows", environ=system.environ) as rows:
        assert await asyncio.to_thread(rows.wait) == 0
    assert len(rows.lines) == 600
    command = (sys.executable, "-m", "rinha", "statistics", "--url", system.url)
    said = (await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)).stdout.decode()
    for words in ("600 settled", "stream      0 messages", "shard 0     serving:", "shard 2     serving:"):
        assert words in said, said


async def test_a_purge_empties_all_shards_and_payments_go_on(system: ScaledSystem) -> None:
    await system.load.burst(100)
    async with system.session.post(f"{system.url}/purge-payments") as response:
        assert response.status == 200
    for url in system.engines.processors.values():
        async with system.session.post(f"{url}/admin/purge-payments", headers={"X-Rinha-Token": "123"}):
            pass
    system.answers.statuses.clear()
    await system.load.burst(100)
    await system.until_settled()
    await system.check("purge")


async def test_a_shard_without_a_worker_is_named_and_payments_are_taken_all_the_same(system: ScaledSystem) -> None:
    system.up.send(signal.SIGSTOP)  # or it would start them again
    try:
        system.kill("payment-worker-1", "payment-relay-1")
        assert await system.load.burst(60) == {202: 60}
        async with system.session.get(f"{system.url}/payments-summary") as response:
            assert response.status == 503
            assert "shard" in (await response.json())["detail"]
        document = await system.statistics()
        assert [each["serving"] for each in document["stream"]["shards"]].count(False) == 1
        assert document["worker"] is None
    finally:
        system.up.send(signal.SIGCONT)
    await system.until_settled()
    await system.check("a shard away")
