"""The API's client hands over payments to a scripted worker."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest

from actors.messages.people import GetSummary
from actors.values import Verdict
from rinha.bridge.errors import NoCredit, OutcomeUnknown, WorkerUnavailable
from rinha.bridge.protocol.wire.codec import PaymentRun
from rinha.bridge.protocol.wire.frames import Ack, Credit, Epoch, EpochAdopted, Ping, Pong
from rinha.bridge.protocol.wire.handshake import Welcome
from tests.bridge.scripted_worker import ScriptedWorker, eventually, opened, payment
from tests.support.recording import Notes


async def test_submit_returns_the_verdict(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    submits = [asyncio.create_task(client.submit(payment(n))) for n in (1, 2, 3)]
    assert await peer.read() == PaymentRun(1, False, [payment(1), payment(2), payment(3)]), "one write"
    assert client.outbox_size == 3
    peer.send(Ack(3, ((2, Verdict.CONFLICT), (3, Verdict.PURGED))))
    assert await asyncio.gather(*submits) == [Verdict.TAKEN, Verdict.CONFLICT, Verdict.PURGED]
    assert client.outbox_size == 0


async def test_a_posted_payment_leaves_the_outbox_with_its_verdict(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    for number in (1, 2, 3):
        client.post(payment(number))
    await peer.expect(PaymentRun)
    peer.send(Ack(2, ((2, Verdict.CONFLICT),)))
    await eventually(lambda: client.outbox_size == 1, "no verdicts")
    assert await client.close(0) == [payment(3)]


async def test_without_a_session_or_credit_nothing_leaves_ever(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    peer = await scripted_worker.peer()
    with pytest.raises(NoCredit, match="worker_away"):
        await client.submit(payment(1))
    await peer.hello()
    with pytest.raises(NoCredit, match="worker_away"):
        client.post(payment(2))
    peer.send(Welcome(7, 1))
    assert await client.wait_ready(5)
    with pytest.raises(NoCredit, match="full"):
        await client.submit(payment(3))
    peer.send(Credit(2), Ping())
    assert await peer.read() == Pong(), "nothing but the pong was sent"
    client.post(payment(4))
    assert await peer.read() == PaymentRun(1, False, [payment(4)])


async def test_a_verdict_may_come_over_the_next_connection(
    scripted_worker: ScriptedWorker, connect_scripted: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    submit = asyncio.create_task(client.submit(payment(1)))
    await peer.expect(PaymentRun)
    peer.hang_up()
    peer = await scripted_worker.peer()
    hello = await peer.open()
    assert (hello.incarnation, hello.epoch, hello.first_unacknowledged, hello.next_sequence) == (7, 1, 1, 2)
    assert await peer.read() == PaymentRun(1, True, [payment(1)])
    assert not submit.done()
    peer.send(Ack(1))
    assert await submit is Verdict.TAKEN
    opened_with = [vars(each)["redelivered"] for each in caplog.records if each.message == "bridge.session_opened"]
    assert opened_with == [0, 1]


async def test_after_the_timeout_the_outcome_is_unknown_but_delivery_goes_on(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted(answer_timeout_s=0.15)
    peer = await opened(scripted_worker, client)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown) as caught:
        await client.submit(payment(1))
    assert time.monotonic() - started >= 0.15
    assert caught.value.payment_id == payment(1).payment_id
    assert client.outbox_size == 1
    await peer.expect(PaymentRun)
    peer.hang_up()
    peer = await scripted_worker.peer()
    await peer.open()
    assert await peer.read() == PaymentRun(1, True, [payment(1)])
    peer.send(Ack(1))
    await eventually(lambda: client.outbox_size == 0, "no verdict")


async def test_a_caller_who_goes_away_changes_nothing(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    submit = asyncio.create_task(client.submit(payment(1)))
    await peer.expect(PaymentRun)
    submit.cancel()
    await asyncio.wait([submit])
    peer.send(Ack(1))
    await eventually(lambda: client.outbox_size == 0, "no verdict")
    client.post(payment(2))
    assert await peer.read() == PaymentRun(2, False, [payment(2)]), "over the same connection"


async def test_payments_from_before_a_purge_end_as_purged(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    submit = asyncio.create_task(client.submit(payment(1)))
    await peer.expect(PaymentRun)
    peer.hang_up()
    peer = await scripted_worker.peer()
    await peer.open(epoch=2)
    assert await submit is Verdict.PURGED
    peer.send(Epoch(3))
    assert await peer.read() == EpochAdopted(3), "and the payment was not sent again"


async def test_close_waits_for_verdicts_and_takes_nothing_more(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    submit = asyncio.create_task(client.submit(payment(1)))
    await peer.expect(PaymentRun)
    close = asyncio.create_task(client.close(5))
    await eventually(lambda: not client.ready, "still ready")
    with pytest.raises(NoCredit, match="draining"):
        await client.submit(payment(2))
    peer.send(Ack(1))
    assert await close == []
    assert await submit is Verdict.TAKEN
    assert await peer.read() is None


async def test_close_returns_what_has_no_verdict_and_tells_who_waits(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    submit = asyncio.create_task(client.submit(payment(1)))
    question = asyncio.create_task(client.ask(GetSummary(), timeout_s=60))
    await peer.expect(PaymentRun)
    assert await client.close(0.05) == [payment(1)]
    with pytest.raises(OutcomeUnknown):
        await submit
    with pytest.raises(WorkerUnavailable):
        await question


async def test_close_survives_a_worker_that_is_away(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted()
    await scripted_worker.stop()
    assert await client.close(0) == []


async def test_a_payment_leaves_a_hop_whenever_it_goes_out_and_when_its_verdict_is_back(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    notes = Notes()
    client = await connect_scripted(recorder=notes)
    peer = await opened(scripted_worker, client)
    submit = asyncio.create_task(client.submit(payment(1)))
    assert await peer.read() == PaymentRun(1, False, [payment(1)])
    peer.hang_up()
    peer = await scripted_worker.peer()
    await peer.open()
    await peer.expect(PaymentRun)
    peer.send(Ack(1))
    await submit
    assert [(hop, fields) for *_, hop, _attempt, _actor, fields in notes.records] == [
        ("bridge.out", None),
        ("bridge.out", {"redelivered": True}),
        ("bridge.back", {"verdict": "taken"}),
    ]
    assert {each[2] for each in notes.records} == {payment(1).payment_id}
