"""Posted payments may wait at the API for others to leave with them; nothing else ever waits for that."""

from __future__ import annotations

import asyncio
from typing import Any

from actors.messages.people import GetSummary
from actors.values import Verdict
from rinha.bridge.protocol.wire.codec import PaymentRun
from rinha.bridge.protocol.wire.frames import Ack, Epoch, EpochAdopted, Request
from tests.bridge.scripted_worker import ScriptedWorker, opened, payment

FOR_EVER_S = 3600.0


async def turns_of_the_loop() -> None:
    """Let everything happen that doesn't wait for time to pass."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_posted_payments_leave_by_themselves(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted(linger_s=0.01)
    peer = await opened(scripted_worker, client)
    for number in (1, 2):
        client.post(payment(number))
        assert await peer.read() == PaymentRun(number, False, [payment(number)])


async def test_what_cant_wait_takes_posted_payments_along(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted(linger_s=FOR_EVER_S)
    peer = await opened(scripted_worker, client)
    for number in (1, 2):
        client.post(payment(number))
        await turns_of_the_loop()
    submit = asyncio.create_task(client.submit(payment(3)))
    assert await peer.read() == PaymentRun(1, False, [payment(1), payment(2), payment(3)]), "in one write"
    client.post(payment(4))
    await turns_of_the_loop()
    ask = asyncio.create_task(client.ask(GetSummary(), timeout_s=5))
    assert await peer.read() == PaymentRun(4, False, [payment(4)])
    await peer.expect(Request)
    peer.send(Ack(4))
    assert await submit is Verdict.TAKEN
    ask.cancel()


async def test_an_acknowledgement_doesnt_end_the_lingering_of_later_payments(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted(linger_s=FOR_EVER_S)
    peer = await opened(scripted_worker, client)
    submit = asyncio.create_task(client.submit(payment(1)))
    await peer.expect(PaymentRun)
    client.post(payment(2))
    peer.send(Ack(1))
    assert await submit is Verdict.TAKEN
    client.post(payment(3))
    again = asyncio.create_task(client.submit(payment(4)))
    assert await peer.read() == PaymentRun(2, False, [payment(2), payment(3), payment(4)]), "they waited together"
    peer.send(Ack(4))
    assert await again is Verdict.TAKEN


async def test_a_purge_may_overtake_nothing(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted(linger_s=0.01)
    peer = await opened(scripted_worker, client)
    client.post(payment(1))
    peer.send(Epoch(2))
    assert await peer.read() == PaymentRun(1, False, [payment(1)]), "of the old epoch, so before it is adopted"
    assert await peer.read() == EpochAdopted(2)


async def test_closing_sends_what_lingers(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted(linger_s=FOR_EVER_S)
    peer = await opened(scripted_worker, client)
    client.post(payment(1))
    closing = asyncio.create_task(client.close(5))
    assert await peer.read() == PaymentRun(1, False, [payment(1)])
    peer.send(Ack(1))
    assert await closing == []


async def test_a_new_session_sends_what_lingered_as_redelivered(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted(linger_s=FOR_EVER_S)
    peer = await opened(scripted_worker, client)
    client.post(payment(1))
    peer.hang_up()
    peer = await scripted_worker.peer()
    await peer.open()
    assert await peer.read() == PaymentRun(1, True, [payment(1)])
