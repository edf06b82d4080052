"""Actors crash under load: restarted in place, nothing is lost; too many crashes end the process."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.crashing_worker import POISON_CENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

IN_MEMORY = ("poller-default", "intake", "payment", "ledger", "health")
JOURNALLED = ("journal", "journal-writer", "intake", "payment", "ledger")
"""As many as are borne within 30 s; all kinds of actors between them."""

CRASHING = "tests.support.crashing_worker"


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    return tmp_path / "crash"


async def crash(lab: Lab, orders: Path, actor: str, when: str) -> None:
    """Order a crash and wait until it has happened, which may take a poller's interval."""
    partial = orders.with_suffix(".new")
    partial.write_text(f"{actor} {when}", encoding="ascii")
    partial.rename(orders)
    await lab.load.until(lambda: not orders.exists())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("actors", [IN_MEMORY, JOURNALLED], ids=["received", "durable"])
async def test_each_actor_is_restarted_in_place_and_the_sixth_crash_ends_the_process(
    run_lab: RunLab, durable: dict[str, str], orders: Path, actors: tuple[str, ...], when: str
) -> None:
    variables = {"RINHA_ANSWER_TIMEOUT_S": "2"}  # what clients of a worker that has ended wait for
    if "journal" in actors:
        variables |= durable
    async with run_lab(module=CRASHING, worker={"CRASH_FILE": str(orders)}, **variables) as lab:
        async with lab.load.running(users=6, pause_s=0.01):
            for actor in actors:
                await crash(lab, orders, actor, when)
                await lab.load.until_answered(60)
        counts = await lab.settle()
        crashed = sorted(counts["crashes"])
        report = await lab.check(f"actors crashed {when} they handled a message", crashes=5, crashed=crashed)
        assert len(crashed) == len(actors)
        assert set(report["answers"]) == {202}

        async with lab.load.running(users=2, pause_s=0.05):
            await crash(lab, orders, "ledger", when)
            code = await asyncio.to_thread(lab.worker.wait)
        assert code == 1
        assert lab.worker.logged("actor.intensity_exceeded")
        print({"fault": "the sixth crash within 30 s", "exit code": code})


async def test_a_payment_that_crashes_its_actor_three_times_is_parked(run_lab: RunLab, orders: Path) -> None:
    async with run_lab(module=CRASHING, worker={"CRASH_FILE": str(orders)}) as lab:
        poison = uuid.uuid4()
        async with lab.load.running(users=4, pause_s=0.01):
            await lab.load.until_answered(50)
            assert await lab.load.post(0, poison, amount=POISON_CENTS / 100) == 202
            await lab.load.until_answered(100)
        await lab.settle(parked=1)

        assert await lab.load.post(1, poison, amount=POISON_CENTS / 100) == 202  # known: it changes nothing
        await lab.check("a payment that crashes its actor", crashes=3, parked={poison.bytes}, parked_payments=1)


async def test_two_payments_that_always_crash_their_actor_bring_a_durable_worker_down_once(
    run_lab: RunLab, durable: dict[str, str], orders: Path
) -> None:
    environ = {"CRASH_FILE": str(orders)}
    async with run_lab(module=CRASHING, worker=environ, **durable) as lab:
        poison = [uuid.uuid4(), uuid.uuid4()]
        statuses = await asyncio.gather(*(lab.load.post(0, each, amount=POISON_CENTS / 100) for each in poison))
        assert await asyncio.to_thread(lab.worker.wait) == 1
        await asyncio.to_thread(lab.start_worker, module=CRASHING, **environ)
        for api in lab.apis:  # each by itself: while one has no session again it answers 503
            await asyncio.to_thread(api.until_logged, "bridge.session_opened", 2)
        counts = await lab.settle(parked=2)
        assert await lab.load.post(1) == 202
        await lab.settle(parked=2)

        crashes = sum(counts["crashes"].values())
        ids = {each.bytes for each in poison}
        await lab.check("two payments that always crash their actor", crashes=crashes, parked=ids, status=statuses)
        assert crashes <= 5
