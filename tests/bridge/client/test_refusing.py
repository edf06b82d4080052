"""Why no payment can be handed over, and since when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from rinha.bridge.client.refusing import Refusing
from rinha.bridge.errors import NoCredit, NoCreditReason
from rinha.bridge.protocol.wire.frames import Credit, Tally, Withdrawal
from tests.bridge.scripted_worker import ScriptedWorker, eventually, opened, payment

if TYPE_CHECKING:
    from rinha.bridge.client.client import BridgeClient


def test_a_reason_has_the_time_since_when_it_has_been_this_one() -> None:
    times = iter((10, 20, 30))
    refusing = Refusing(lambda: next(times), NoCreditReason.WORKER_AWAY)
    seen = [(refusing.reason, refusing.since_ms)]
    for reason in (NoCreditReason.WORKER_AWAY, NoCreditReason.FULL, NoCreditReason.FULL, None, NoCreditReason.FULL):
        refusing.see(reason)
        seen.append((refusing.reason, refusing.since_ms))
    away, full = NoCreditReason.WORKER_AWAY, NoCreditReason.FULL
    assert seen == [(away, 10), (away, 10), (full, 20), (full, 20), (None, 0), (full, 30)]


def why(client: BridgeClient) -> NoCreditReason | None:
    return client.refusing.reason


async def test_a_client_says_why_at_any_time(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted()
    assert why(client) is NoCreditReason.WORKER_AWAY
    assert client.refusing.since_ms > 0
    peer = await opened(scripted_worker, client)
    assert why(client) is None
    peer.send(Tally(6, 7, 100), Credit(0, Withdrawal.STORE_AWAY))
    await eventually(lambda: why(client) is NoCreditReason.STORE_AWAY, "not withdrawn")
    assert client.tally == Tally(6, 7, 100)
    with pytest.raises(NoCredit) as refused:
        client.post(payment(1))
    assert refused.value.reason is NoCreditReason.STORE_AWAY
    peer.hang_up()
    await eventually(lambda: why(client) is NoCreditReason.WORKER_AWAY, "not away")
    await client.close(0)
    assert why(client) is NoCreditReason.DRAINING


async def test_since_when_it_is_full_is_told_from_the_first_refusal_on(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    await opened(scripted_worker, client, credit=1)
    client.post(payment(1))
    with pytest.raises(NoCredit):
        client.post(payment(2))
    since_ms = client.refusing.since_ms
    await asyncio.sleep(0)
    with pytest.raises(NoCredit):
        client.post(payment(3))
    assert client.refusing.since_ms == since_ms
