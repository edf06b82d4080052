"""The overlay with NATS and PostgreSQL: several shards in containers, and each container killed."""

from __future__ import annotations

import asyncio
import subprocess
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from rinha.commands.reconcile import reconcile
from tests.support.client import Answers, get, their_rows
from tests.support.containers import BUILD_TIMEOUT_S, PORT, PROCESSOR_PORTS, PROCESSORS, URL, Stack
from tests.support.load import Load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.compose.conftest import RunStack

FILES = ("compose.yaml", "config/compose.scale.yaml")
ENVIRON = {"RINHA_SCALE_IMAGE": "rinha-actors-scale-test"}
SHARDS = tuple(f"shard-{number}" for number in range(1, 5))
UNREACHABLE = [
    ("payment-api-1", "postgres", 5432),
    ("payment-api-1", "payment-processor-default", 8080),
    ("payment-processor-default", "nats", 4222),
    ("payment-processor-default", "postgres", 5432),
]
"""From whom, to whom."""
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"


def scale() -> Stack:
    return Stack(FILES, environ=ENVIRON)


@pytest.fixture(scope="module")
def scale_stack(run_stack: RunStack) -> Iterator[Stack]:
    stack = scale()
    stack.compose("build", timeout_s=BUILD_TIMEOUT_S)
    with run_stack(stack, PORT, *PROCESSOR_PORTS.values()):
        yield stack


async def statistics(session: aiohttp.ClientSession) -> dict[str, Any]:
    try:
        document: dict[str, Any] = await get(session, f"{URL}/statistics")
    except (OSError, aiohttp.ClientError):
        return {}
    return document


async def until_settled(session: aiohttp.ClientSession, timeout_s: float = 40.0) -> None:
    document: dict[str, Any] = {}
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                document = await statistics(session)
                worker, stream = document.get("worker"), document.get("stream", {})
                if worker and worker["accepted"] == worker["settled"] and stream["messages"] == 0:
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s} s: {document}") from None


async def check(stack: Stack, session: aiohttp.ClientSession, answers: Answers, what: str) -> None:
    ours = await asyncio.to_thread(stack.rows, "shard-1")
    theirs = await their_rows(session, PROCESSORS)
    found = reconcile(ours, theirs, acknowledged=answers.acknowledged(), refused=answers.refused())
    print({"what": what, "answers": answers.counts(), "settled": len(ours), "differences": len(found)})
    assert found == []


def serves(stack: Stack, service: str) -> bool:
    """Whether it holds a shard: that is the last word of its log on the matter."""
    words = [line["event"] for line in stack.logs(service) if line["event"] in {"relay.started", "worker.standing_by"}]
    return bool(words) and words[-1] == "relay.started"


async def test_three_shards_serve_and_one_stands_by(scale_stack: Stack, session: aiohttp.ClientSession) -> None:
    answers = Answers()
    assert set(await Load(session, [URL], answers).burst(300)) == {202}
    await until_settled(session)
    await check(scale_stack, session, answers, "up")
    document = await statistics(session)
    assert [each["serving"] for each in document["stream"]["shards"]] == [True] * 3
    logs = [scale_stack.compose("logs", each) for each in SHARDS]
    assert sum('"event":"worker.standing_by"' in each for each in logs) >= 1


async def test_every_container_may_be_killed_under_load(scale_stack: Stack, session: aiohttp.ClientSession) -> None:
    answers = Answers()
    for url in PROCESSORS.values():
        async with session.post(f"{url}/admin/purge-payments", headers={"X-Rinha-Token": "123"}):
            pass
    async with session.post(f"{URL}/purge-payments") as response:
        assert response.status == 200
    load = Load(session, [URL], answers)
    async with load.running(users=40, pause_s=0.2):
        for name in ("shard-1", "shard-2", "shard-3", "shard-4", "nats", "postgres", "payment-api-1"):
            await load.until_answered(100)
            await asyncio.to_thread(scale_stack.compose, "kill", name)
            await asyncio.sleep(1)
            await asyncio.to_thread(scale_stack.compose, "start", name)
        await load.until_answered(200)
    await load.repeat_unanswered(0)
    await until_settled(session)
    await check(scale_stack, session, answers, "each container killed")


async def test_a_stopped_machine_is_replaced_by_the_spare(scale_stack: Stack, session: aiohttp.ClientSession) -> None:
    stopped = next(each for each in SHARDS if serves(scale_stack, each))
    assert not all(serves(scale_stack, each) for each in SHARDS), "there is a spare"
    load = Load(session, [URL], Answers())
    async with load.running(users=20, pause_s=0.1):
        await load.until_answered(50)
        stopping = asyncio.create_task(asyncio.to_thread(scale_stack.compose, "stop", stopped))
        await stopping
        stopped_s = time.monotonic()
        async with asyncio.timeout(20):
            while True:
                shards = (await statistics(session)).get("stream", {}).get("shards", [])
                if len(shards) == 3 and all(each["serving"] for each in shards):
                    break
                await asyncio.sleep(0.1)
        print({"what": "docker stop of a shard", "all_serve_after_s": round(time.monotonic() - stopped_s, 1)})
    await asyncio.to_thread(scale_stack.compose, "start", stopped)
    await until_settled(session)


@pytest.mark.parametrize(("who", "whom", "port"), UNREACHABLE)
def test_nobody_reaches_what_it_need_not(scale_stack: Stack, who: str, whom: str, port: int) -> None:
    command = scale_stack.command("exec", "-T", who, "python", "-c", CONNECT, whom, str(port))
    done = subprocess.run(command, env=scale_stack.environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0, f"{who} reaches {whom}:{port}"


def test_the_shards_reach_both_engines_and_the_processors(scale_stack: Stack) -> None:
    for whom, port in (("nats", 4222), ("postgres", 5432), ("payment-processor-default", 8080)):
        scale_stack.compose("exec", "-T", "shard-1", "python", "-c", CONNECT, whom, str(port))


def test_secrets_are_made_once_and_shown_nowhere(scale_stack: Stack) -> None:
    read = ("exec", "-T", "shard-1", "cat", "/run/ledger/url", "/run/messages/url")
    before = scale_stack.compose(*read)
    scale_stack.compose("up", "--detach", "--wait", "--wait-timeout", "60")
    assert scale_stack.compose(*read) == before
    password, token = (line.partition("://")[2].partition("@")[0].rpartition(":")[2] for line in before.split())
    assert len(password) == len(token) == 64
    shown = scale_stack.compose("exec", "-T", "shard-1", "rinha", "check") + scale_stack.compose("logs")
    assert password not in shown
    assert token not in shown
