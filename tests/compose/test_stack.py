"""``docker compose up``, seen from outside the containers: payments, books, and what survives a restart."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from rinha.commands.reconcile import reconcile
from tests.support.client import Answers, Setting, Stage, get, post, set_stage, their_rows, totals, until_settled
from tests.support.containers import PROCESSORS, SERVICES, URL, Stack, run
from tests.support.load import Load

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

NO_PROMISE = {0, 502, 503, 504}
"""What a client may see while an API or the worker goes away: none of these says that a payment is taken."""


async def under_load(session: aiohttp.ClientSession, disturb: Callable[[], object]) -> Answers:
    """Disturb the system in the middle of a load.

    Returns:
        What clients were told.
    """
    answers = Answers()
    load = Load(session, [URL], answers)
    async with load.running(users=60, pause_s=0.2):
        await load.until_answered(250)
        await asyncio.to_thread(disturb)
        await load.until_answered(250)
    return answers


async def test_payments_land_on_both_apis_and_all_books_agree(stack: Stack, session: aiohttp.ClientSession) -> None:
    answers, served = Answers(), Counter[str]()
    for _ in range(20):
        payment_id = uuid.uuid4()
        body = {"correlationId": str(payment_id), "amount": 19.9}
        async with session.post(f"{URL}/payments", json=body) as response:
            answers.add(payment_id.bytes, response.status)
            served[response.headers["X-Served-By"]] += 1
    await until_settled(session, URL)

    assert served == {"payment-api-1": 10, "payment-api-2": 10}
    assert answers.counts() == {202: 20}
    theirs = await their_rows(session, PROCESSORS)
    assert reconcile(stack.rows(), theirs, acknowledged=answers.acknowledged()) == []
    ours, summaries = await totals(session, URL, PROCESSORS, {})
    assert ours == summaries
    assert sum(amount for _, amount in ours.values()) == 398.0


async def test_a_purge_forgets_everything(stack: Stack, session: aiohttp.ClientSession) -> None:
    assert await post(session, URL, Answers(), uuid.uuid4()) == 202
    await until_settled(session, URL)
    async with session.post(f"{URL}/purge-payments") as response:
        assert response.status == 200

    assert stack.rows() == []
    summary = await get(session, f"{URL}/payments-summary")
    assert [each["totalRequests"] for each in summary.values()] == [0, 0]


@pytest.mark.parametrize("disturbance", ["restart", "kill"])
async def test_nothing_acknowledged_is_lost_with_an_api(
    stack: Stack, session: aiohttp.ClientSession, disturbance: str
) -> None:
    def disturb() -> None:
        stack.compose(disturbance, "payment-api-1")
        stack.compose("start", "payment-api-1")

    answers = await under_load(session, disturb)
    await until_settled(session, URL)

    counts = answers.counts()
    print(disturbance, counts)
    assert counts[202] >= 500, counts
    assert set(counts) <= {202, *NO_PROMISE}
    theirs = await their_rows(session, PROCESSORS)
    found = reconcile(stack.rows(), theirs, acknowledged=answers.acknowledged(), refused=answers.refused())
    assert found == []


async def test_a_worker_that_restarts_settles_what_it_acknowledged(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    # Slow processors, so that much is held when it is told to stop.
    await set_stage(session, PROCESSORS, Stage(Setting(300), Setting(300)))
    began_s = time.time()
    answers = await under_load(session, lambda: stack.compose("restart", "payment-worker"))
    await until_settled(session, URL)

    counts = answers.counts()
    print("restart of the worker", counts)
    assert counts[202] >= 500, counts
    assert set(counts) <= {202, *NO_PROMISE}
    assert stack.exit_codes("payment-worker", began_s) == [0]
    stopped = [line for line in stack.logs("payment-worker") if line["event"] == "worker.stopped"]
    assert stopped[-1]["waiting"] == 0
    # The new worker's books start empty: what the old one settled, the processors alone know.
    found = reconcile(stack.rows(), await their_rows(session, PROCESSORS), acknowledged=answers.acknowledged())
    assert [each for each in found if each.kind != "unrecorded"] == []


async def test_a_stop_exits_0_everywhere(stack: Stack, session: aiohttp.ClientSession) -> None:
    await set_stage(session, PROCESSORS, Stage(Setting(500), Setting(500)))
    answers = Answers()
    posts = (post(session, URL, answers, uuid.uuid4()) for _ in range(100))
    assert set(await asyncio.gather(*posts)) == {202}

    stack.compose("stop")

    states = {service: stack.inspect(service)["State"] for service in (*SERVICES, "payment-processor-default")}
    assert {name: (each["Status"], each["ExitCode"]) for name, each in states.items()} == dict.fromkeys(
        states, ("exited", 0)
    )
    stopped = [line for line in stack.logs("payment-worker") if line["event"] == "worker.stopped"]
    assert stopped[-1]["waiting"] == 0


async def test_an_api_that_crashes_comes_back(stack: Stack, session: aiohttp.ClientSession) -> None:
    before = stack.inspect("payment-api-2")
    # `docker kill` counts as a stop by hand, after which nothing is restarted: so it is the process that is killed.
    kill = f"kill -9 {before['State']['Pid']}"
    run("docker", "run", "--rm", "--pid=host", "--user=0", "--entrypoint=bash", before["Image"], "-c", kill)

    async with asyncio.timeout(20):
        while True:
            async with session.get(f"{URL}/health/ready") as response:
                served_by = response.headers.get("X-Served-By")
            if served_by == "payment-api-2" and stack.inspect("payment-api-2")["RestartCount"]:
                break
            await asyncio.sleep(0.1)
    assert stack.inspect("payment-api-2")["State"]["StartedAt"] > before["State"]["StartedAt"]


async def test_the_page_and_the_metrics_are_in_the_image(stack: Stack, session: aiohttp.ClientSession) -> None:
    for path, words in (
        ("/dashboard", "<!doctype html>"),
        ("/dashboard/main.js", "import"),
        ("/dashboard/style.css", "#tiles"),
        ("/overview", '"verdict"'),
        ("/metrics", "rinha_worker_up 1.0"),
    ):
        async with session.get(f"{URL}{path}") as response:
            assert response.status == 200, path
            assert words in await response.text(), path
