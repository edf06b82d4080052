"""Stopping, crashing and purging a whole system of real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from actors.tracing import HOPS
from tests.support.client import (
    ADMIN,
    Answers,
    Setting,
    Stage,
    check_books,
    get,
    post,
    set_stage,
    their_rows,
    until_settled,
)
from tests.support.load import Load
from tests.support.processes import running, simulators, system_environ, until, until_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.system.conftest import System

    RunSystem = Callable[..., AbstractAsyncContextManager[System]]

FAILING = Setting(0, failing=True)
ALL_FAIL = Stage(FAILING, FAILING)


async def until_ready(system: System) -> None:
    async with asyncio.timeout(20):
        while True:
            async with system.session.get(f"{system.url}/health/ready") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_settles_what_was_acknowledged(run_system: RunSystem, number: int) -> None:
    async with run_system() as system:
        await set_stage(system.session, system.processors, Stage(Setting(300), Setting(300)))
        answers = Answers()
        posts = (post(system.session, system.url, answers, uuid.uuid4()) for _ in range(100))
        assert set(await asyncio.gather(*posts)) == {202}

        assert await asyncio.to_thread(system.process.stop, number) == 0

        rows = await their_rows(system.session, system.processors)
        assert {row.payment_id for each in rows.values() for row in each} == answers.acknowledged()


async def test_a_stop_names_the_payments_that_wait(run_system: RunSystem) -> None:
    async with run_system(RINHA_DRAIN_S="0.5") as system:
        await set_stage(system.session, system.processors, ALL_FAIL)
        answers = Answers()
        for _ in range(3):
            await post(system.session, system.url, answers, uuid.uuid4())

        assert await asyncio.to_thread(system.process.stop) == 1

        (last,) = system.process.logged("worker.stopped")
        assert {uuid.UUID(each).bytes for each in last["correlationIds"]} == answers.acknowledged()


async def test_a_killed_worker_is_replaced_and_the_apis_find_it(run_system: RunSystem) -> None:
    async with run_system() as system:
        answers = Answers()
        assert await post(system.session, system.url, answers, uuid.uuid4()) == 202
        await until_settled(system.session, system.url)

        os.kill(system.process.logged("worker.started")[0]["pid"], signal.SIGKILL)
        await asyncio.to_thread(system.process.until_logged, "worker.started", 2)
        await until_ready(system)

        # Its books were in memory, so that the new one doesn't know the payment: the processors do.
        assert await post(system.session, system.url, answers, uuid.uuid4()) == 202
        statistics = await until_settled(system.session, system.url)
        assert statistics["accepted"] == 1


async def test_nothing_from_before_a_purge_appears_after_it(run_system: RunSystem) -> None:
    async with run_system() as system:
        before, after = Answers(), Answers()
        await set_stage(system.session, system.processors, Stage(Setting(200), FAILING))
        load = Load(system.session, [system.url], before)
        ramp = asyncio.create_task(load.ramp(users=30, pause_s=0.05, duration_s=1.5))
        for _ in range(5):
            await asyncio.sleep(0.2)
            async with system.session.post(f"{system.url}/purge-payments") as response:
                assert response.status == 200
        await ramp
        async with system.session.delete(f"{system.url}/purge-payments") as response:
            assert response.status == 200
        assert (await get(system.session, f"{system.url}/payments-summary"))["default"]["totalRequests"] == 0
        await set_stage(system.session, system.processors, Stage(Setting(0), Setting(0)))
        for url in system.processors.values():
            async with system.session.post(f"{url}/admin/purge-payments", headers=ADMIN) as response:
                assert response.status == 200

        for _ in range(20):
            assert await post(system.session, system.url, after, uuid.uuid4()) == 202
        await until_settled(system.session, system.url)

        found = await check_books(system.session, system.processors, system.bridge, after)
        # A payment that was in flight when the purge came may commit there afterwards: it is theirs, not ours.
        assert [each for each in found if each.payment_id not in before.statuses] == []
        assert not any(each.kind == "imaginary" for each in found)
        assert set(before.counts()) <= {202, 504}


async def test_a_sampled_payment_is_traced_on_every_hop(run_system: RunSystem) -> None:
    async with run_system(RINHA_TRACE_SHARE="1") as system:
        payment_id = uuid.uuid4()
        await post(system.session, system.url, Answers(), payment_id)
        await until_settled(system.session, system.url)
        await asyncio.to_thread(system.process.stop)

    lines = [line for line in system.process.logged("trace") if line["correlationId"] == str(payment_id)]
    assert sorted(line["hop"] for line in lines) == [
        "api.request",
        "backlog.wait",
        "bridge.back",
        "bridge.out",
        "intake.taken",
        "ledger.recorded",
        "payment.attempt",
    ]
    assert {(line["role"], HOPS[line["hop"]].place) for line in lines} == {
        (next(line["role"] for line in lines if line["hop"] == "api.request"), "api"),
        ("payment-worker", "worker"),
    }
    assert len({line["run"] for line in lines}) == 2


async def test_an_id_that_is_known_is_taken_once_whatever_api_gets_it(run_system: RunSystem) -> None:
    async with run_system() as system:
        payment_id, answers = uuid.uuid4(), Answers()
        posts = (post(system.session, system.url, answers, payment_id) for _ in range(50))
        assert set(await asyncio.gather(*posts)) == {202}
        assert await post(system.session, system.url, Answers(), payment_id, amount=20) == 409

        statistics: dict[str, Any] = await until_settled(system.session, system.url)

        assert (statistics["accepted"], statistics["duplicates"], statistics["conflicts"]) == (1, 49, 1)
        assert await check_books(system.session, system.processors, system.bridge, answers) == []


async def test_a_second_system_on_the_same_journal_says_so_and_waits_for_it(tmp_path: Path) -> None:
    directories = [tmp_path / "one", tmp_path / "two"]
    for each in directories:
        each.mkdir()
    store = {"RINHA_ACCEPT": "durable", "RINHA_STORE": f"sqlite:///{tmp_path / 'journal.db'}"}
    with simulators() as processors:
        first_environ, second_environ = (system_environ(processors, each, **store) for each in directories)
        with running("up", environ=first_environ) as first:
            await asyncio.to_thread(until_up, first)
            with running("up", environ=second_environ) as second:
                await asyncio.to_thread(until, lambda: "another worker has it" in second.errors, "it says so")
                assert "rinha listens on" not in second.errors
                assert await asyncio.to_thread(first.stop) == 0
                await asyncio.to_thread(until_up, second)
                assert await asyncio.to_thread(second.stop) == 0
