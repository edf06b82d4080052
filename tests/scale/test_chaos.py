"""What is killed, cut, stopped and filled under load: nothing acknowledged is lost, nothing is settled twice.

They take minutes: ``make chaos``. Each prints one line of figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
import uuid
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from actors.values import Payment
from rinha.jetstream.batch import encode_payments
from rinha.jetstream.connect import connect
from rinha.jetstream.names import STREAM, SUBJECTS, shard_of, subject
from rinha.net.nats_url import parse_nats_url
from tests.scale.system import SHARDS, running_scaled
from tests.soak.clients import Clients
from tests.support.client import get
from tests.support.nats import NatsCluster
from tests.support.processes import running, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.scale.system import ScaledSystem

pytestmark = pytest.mark.slow

PER_S = float(os.environ.get("CHAOS_PER_S", "500"))
LOAD_S = 10.0
AT_S = 3.0
EMPTY_S = 7.0
"""After the last one is back: the consumer waits 5 s for an acknowledgement before it delivers again."""
AWAY_S = 2.0


async def strike(system: ScaledSystem, what: str, fault: Callable[[], Awaitable[None]], **figures: Any) -> None:
    """Load, a fault in the midst of it, and all invariants afterwards."""
    clients = Clients(system.load, 1, PER_S)
    coming = asyncio.create_task(clients.come(LOAD_S))
    await asyncio.sleep(AT_S)
    await fault()
    back_s = time.monotonic()
    await coming
    over_s = max(back_s, time.monotonic())
    await system.until_empty()
    empty_s = time.monotonic() - over_s
    await system.load.repeat_unanswered(0)
    await system.until_empty()
    await system.until_settled()
    report = await system.check(
        what, sent=clients.sent, longest_gap_s=clients.longest_gap_s, empty_after_s=empty_s, **figures
    )
    assert report["answers"].get(202, 0) > 0.9 * clients.sent
    assert clients.gave_up == 0
    assert empty_s <= EMPTY_S


async def blocking(*calls: Callable[[], Any]) -> None:
    await asyncio.gather(*(asyncio.to_thread(each) for each in calls))


async def nats_away(system: ScaledSystem) -> None:
    await blocking(system.engines.nats.kill)
    await asyncio.sleep(AWAY_S)
    await blocking(system.engines.nats.start)


async def postgres_away(system: ScaledSystem) -> None:
    await blocking(lambda: system.engines.postgres.stop(signal.SIGQUIT))
    await asyncio.sleep(AWAY_S)
    await blocking(system.engines.postgres.start)


@pytest.mark.parametrize(
    "names",
    [
        ("payment-api-1",),
        ("payment-relay-1",),
        ("payment-worker-1",),
        ("payment-worker-1", "payment-relay-1"),
    ],
    ids="+".join,
)
async def test_killed_processes_are_back_by_themselves(system: ScaledSystem, names: tuple[str, ...]) -> None:
    async def fault() -> None:
        system.kill(*names)

    await strike(system, f"kill -9 {' + '.join(names)}", fault)


async def test_nats_killed_and_back_after_2_s(system: ScaledSystem) -> None:
    await strike(system, "kill -9 NATS for 2 s", lambda: nats_away(system))


async def test_postgres_killed_and_back_after_2_s(system: ScaledSystem) -> None:
    await strike(system, "kill -9 PostgreSQL for 2 s", lambda: postgres_away(system))


async def test_nats_and_a_worker(system: ScaledSystem) -> None:
    async def fault() -> None:
        system.kill("payment-worker-2")
        await nats_away(system)

    await strike(system, "kill -9 NATS + a worker", fault)


async def test_nats_and_postgres(system: ScaledSystem) -> None:
    async def fault() -> None:
        await asyncio.gather(nats_away(system), postgres_away(system))

    await strike(system, "kill -9 NATS + PostgreSQL", fault)


async def test_everything_at_once(system: ScaledSystem) -> None:
    async def fault() -> None:
        names = [f"payment-{role}-{number}" for role in ("worker", "relay") for number in range(1, SHARDS + 1)]
        system.kill(*names, "payment-api-1", "payment-api-2")
        await asyncio.gather(nats_away(system), postgres_away(system))

    await strike(system, "kill -9 everything", fault)


async def test_a_worker_that_never_returns_has_a_spare(system: ScaledSystem) -> None:
    spare = await asyncio.to_thread(system.start_spare)
    took: list[float] = []

    async def fault() -> None:
        system.up.send(signal.SIGSTOP)  # or it would start it again
        began_s = time.monotonic()
        system.kill("payment-worker-1", "payment-relay-1")
        await system.load.until(lambda: spare.logged("relay.started"))
        took.append(time.monotonic() - began_s)

    try:
        await strike(system, "kill -9 a worker that never returns", fault, spare_serves_after_s=took)
        assert took[0] <= 2.0
    finally:
        system.up.send(signal.SIGCONT)


async def test_a_worker_stopped_for_20_s_and_resumed(system: ScaledSystem) -> None:
    async def fault() -> None:
        worker = system.process("payment-worker-1")
        worker.suspend()
        await asyncio.sleep(20)
        worker.resume()

    await strike(system, "SIGSTOP a worker for 20 s", fault)


async def test_a_hung_worker_loses_its_place_to_a_spare_and_ends_when_it_goes_on(system: ScaledSystem) -> None:
    spare = await asyncio.to_thread(system.start_spare)
    took: list[float] = []

    async def fault() -> None:
        began_s = time.monotonic()
        worker = system.process("payment-worker-1")
        worker.suspend()
        await system.load.until(lambda: spare.logged("relay.started"))
        took.append(time.monotonic() - began_s)
        await asyncio.sleep(2)
        worker.resume()
        await system.load.until(lambda: any(line["child"] == "payment-worker-1" for line in died(system)))

    await strike(system, "a worker hangs, a spare takes over, it goes on", fault, spare_serves_after_s=took)
    assert took[0] <= 10


def died(system: ScaledSystem) -> list[dict[str, Any]]:
    return system.up.logged("up.child_died")


async def test_a_processors_health_is_asked_for_by_one_of_all_workers(system: ScaledSystem) -> None:
    async def calls() -> dict[str, Any]:
        return {name: await get(system.session, f"{url}/admin/counters") for name, url in processors.items()}

    processors = system.engines.processors
    before = await calls()
    began_s = time.monotonic()
    await asyncio.sleep(12)
    system.kill("payment-worker-1")
    await asyncio.sleep(6)
    system.kill("payment-worker-2")
    await asyncio.sleep(12)
    after, lasted_s = await calls(), time.monotonic() - began_s
    for name in processors:
        asked = len(after[name]["health_calls_ms"]) - len(before[name]["health_calls_ms"])
        outcomes = after[name]["health_by_outcome"]
        print({"what": "one health caller", "processor": name, "calls": asked, "in_s": round(lasted_s, 1), **outcomes})
        assert lasted_s / 11 <= asked <= lasted_s / 5 + 1
        assert "limited" not in outcomes


async def test_a_relay_stopped_for_8_s_and_resumed(system: ScaledSystem) -> None:
    async def fault() -> None:
        relay = system.process("payment-relay-1")
        relay.suspend()
        await asyncio.sleep(8)
        relay.resume()

    await strike(system, "SIGSTOP a relay for 8 s", fault)


async def test_nats_killed_50_times_in_20_s(system: ScaledSystem) -> None:
    clients = Clients(system.load, 1, PER_S / 2)
    coming = asyncio.create_task(clients.come(22))
    for _ in range(50):
        await asyncio.sleep(0.3)
        await blocking(system.engines.nats.kill)
        await blocking(system.engines.nats.start)
    await coming
    await system.load.repeat_unanswered(0)
    empty_s = await system.until_empty()
    await system.until_settled()
    statistics = await system.statistics()
    await system.check(
        "kill -9 NATS 50 times",
        sent=clients.sent,
        gave_up=clients.gave_up,
        empty_after_s=empty_s,
        duplicates=statistics["worker"]["duplicates"],
    )


async def test_every_message_twice_in_any_order(system: ScaledSystem) -> None:
    client = await connect(parse_nats_url(system.environ["RINHA_NATS"]), "twice")
    context = client.jetstream()
    batches: list[tuple[int, bytes]] = []
    for _ in range(300):
        shard = random.randrange(SHARDS)
        payments: list[Payment] = []
        while len(payments) < 10:
            payment_id = uuid.uuid4().bytes
            if shard_of(payment_id, SHARDS) == shard:
                payments.append(Payment(payment_id, 1990))
                system.answers.add(payment_id, 202)
        batches += [(shard, encode_payments(payments))] * 2
    random.shuffle(batches)
    for shard, data in batches:
        await context.publish(subject(shard), data)
    await client.close()
    await system.until_empty()
    await system.until_settled()
    statistics = await system.statistics()
    report = await system.check("every message twice", duplicates=statistics["worker"]["duplicates"])
    assert report["settled"] == 3000


async def test_a_full_stream_refuses_and_nothing_refused_is_settled(tmp_path: Path) -> None:
    async with running_scaled(tmp_path, before=_small_stream) as system:
        for name in (f"payment-{role}-{number}" for role in ("worker", "relay") for number in range(1, SHARDS + 1)):
            system.process(name).suspend()
        counts = await system.load.burst(6000, at_once=200)
        assert counts[503] > 0
        assert set(counts) == {202, 503}
        for name in (f"payment-{role}-{number}" for role in ("worker", "relay") for number in range(1, SHARDS + 1)):
            system.process(name).resume()
        await system.until_empty(60)
        assert await system.load.burst(100) == {202: 100}
        await system.until_settled()
        await system.check("stream full")


async def _small_stream(url: str) -> None:
    client = await connect(parse_nats_url(url), "test")
    await client.jetstream().add_stream(
        StreamConfig(
            name=STREAM,
            subjects=[SUBJECTS],
            storage=StorageType.FILE,
            retention=RetentionPolicy.WORK_QUEUE,
            discard=DiscardPolicy.NEW,
            max_bytes=64 * 1024,
            metadata={"shards": str(SHARDS)},
        )
    )
    await client.close()


async def test_purges_under_load_with_nats_killed_in_between(system: ScaledSystem) -> None:
    done = failed = 0
    for number in range(20):
        clients = Clients(system.load, 1, PER_S / 2)
        coming = asyncio.create_task(clients.come(1.0))
        await asyncio.sleep(0.4)
        purge = asyncio.create_task(_purge(system))
        if number % 3 == 2:
            await blocking(system.engines.nats.kill)
            await blocking(system.engines.nats.start)
        await coming
        if await purge == 200:
            done += 1
        else:
            failed += 1
    while await _purge(system) != 200:
        failed += 1
    # What came before a purge that was answered is gone for good: what is in our books from now on came after it.
    system.answers.statuses.clear()
    await asyncio.gather(*(_purge_processor(system, url) for url in system.engines.processors.values()))
    for names in (["payment-relay-1", "payment-worker-2"], ["payment-relay-3"]):
        system.kill(*names)
    assert set(await system.load.burst(300)) == {202}
    await system.until_empty()
    await system.until_settled()
    report = await system.check("20 purges, NATS killed in between", purged=done, unanswered=failed)
    assert report["settled"] == 300


async def _purge(system: ScaledSystem) -> int:
    with contextlib.suppress(OSError, aiohttp.ClientError, TimeoutError):
        async with system.session.post(f"{system.url}/purge-payments") as response:
            return response.status
    return 0


async def _purge_processor(system: ScaledSystem, url: str) -> None:
    async with system.session.post(f"{url}/admin/purge-payments", headers={"X-Rinha-Token": "123"}):
        pass


async def test_an_api_that_counts_the_shards_otherwise_is_refused(system: ScaledSystem) -> None:
    with running("api", environ={**system.environ, "RINHA_SHARDS": "2", "RINHA_PORT": "0"}) as api:
        await asyncio.to_thread(until, lambda: api.exit_code is not None, "it ends")
    assert "made for 3 shards" in api.logged("nats.stream_refused")[0]["reason"]
    assert await system.load.burst(50) == {202: 50}


async def test_the_leader_of_three_nats_servers_is_killed(tmp_path: Path) -> None:
    async with running_scaled(tmp_path, servers=3) as system:
        cluster = system.engines.nats
        assert isinstance(cluster, NatsCluster)
        client = await connect(parse_nats_url(cluster.url), "test")
        info = await client.jetstream().stream_info(STREAM)
        await client.close()
        assert info.config.num_replicas == 3
        assert info.cluster is not None
        leader = cluster.servers[int(str(info.cluster.leader).removeprefix("nats-"))]

        async def fault() -> None:
            await blocking(leader.kill)
            await asyncio.sleep(AWAY_S)
            await blocking(leader.start)

        await strike(system, "kill -9 the leader of 3 NATS servers for 2 s", fault)
