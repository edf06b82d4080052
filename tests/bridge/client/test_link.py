"""The API's client against a worker that stalls, lies, refuses or hangs up."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from actors.tracing import NotRecording
from actors.values import Payment, Verdict
from rinha.bridge.client import link as client_link
from rinha.bridge.client.client import BridgeClient
from rinha.bridge.protocol import heartbeat
from rinha.bridge.protocol.wire.codec import PaymentRun
from rinha.bridge.protocol.wire.frames import Ack, Ping, Pong
from rinha.bridge.protocol.wire.handshake import (
    PROTOCOL_VERSION,
    Challenge,
    Hello,
    Refusal,
    RefusalCode,
    Welcome,
    proves,
)
from rinha.net.address import parse_address
from rinha.net.secret import FixedSecret, SecretFile
from tests.bridge.scripted_worker import NONCE, SECRET, ScriptedWorker, opened, payment


@pytest.mark.parametrize("lie", [Ack(5), Welcome(1, 1), b"\0\0\0\0\0", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_a_lying_worker_is_left_and_tried_again(
    scripted_worker: ScriptedWorker, connect_scripted: Any, lie: Any
) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    submit = asyncio.create_task(client.submit(payment(1)))
    await peer.expect(PaymentRun)
    peer.send(lie)
    peer = await scripted_worker.peer()
    await peer.open()
    assert await peer.read() == PaymentRun(1, True, [payment(1)])
    peer.send(Ack(1))
    assert await submit is Verdict.TAKEN


async def test_reconnects_back_off(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    await connect_scripted()
    started = time.monotonic()
    for _ in range(5):
        (await scripted_worker.peer()).hang_up()
    # Five connections after pauses of at least a half of 20, 40, 80, 160 ms.
    assert time.monotonic() - started >= 0.15


async def test_a_wrong_secret_is_told_and_retried_slowly(
    scripted_worker: ScriptedWorker,
    connect_scripted: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_link, "PAUSE_AFTER_REFUSAL_S", 0.4)
    client = await connect_scripted(secret=FixedSecret(b"wrong"))
    peer = await scripted_worker.peer()
    peer.send(Challenge(PROTOCOL_VERSION, NONCE))
    await peer.expect(Hello)
    refused_at = time.monotonic()
    peer.send(Refusal(RefusalCode.SECRET, "wrong secret"))
    await scripted_worker.peer()
    assert time.monotonic() - refused_at >= 0.2
    assert not client.ready
    assert [vars(record)["error"] for record in caplog.records if record.message == "bridge.refused"] == [
        "wrong secret (code 2)"
    ]


async def test_an_api_waits_for_its_secret_and_reads_it_at_each_connection(
    scripted_worker: ScriptedWorker,
    connect_scripted: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = [FileNotFoundError("not yet"), FileNotFoundError("not yet")]
    found = iter([SECRET, b"of a new worker"])

    def read(file: SecretFile) -> bytes:
        if failures:
            raise failures.pop()
        return next(found)

    monkeypatch.setattr(SecretFile, "read", read)
    client = await connect_scripted(secret=SecretFile(Path("/secret")))
    for _ in range(2):
        assert await (await scripted_worker.peer()).read() is None, "it doesn't guess"
    peer = await opened(scripted_worker, client)
    told = [record for record in caplog.records if record.message == "bridge.no_secret"]
    assert [vars(record)["error"] for record in told if record.levelname == "WARNING"] == ["not yet"]

    peer.hang_up()
    peer = await scripted_worker.peer()
    peer.send(Challenge(PROTOCOL_VERSION, NONCE))
    assert proves(b"of a new worker", NONCE, await peer.expect(Hello))


async def test_a_stalled_handshake_is_given_up(
    scripted_worker: ScriptedWorker, connect_scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_link, "HANDSHAKE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(client_link, "LOOK_S", 0.02)
    await connect_scripted()
    await scripted_worker.peer()
    await (await scripted_worker.peer()).hello()
    await scripted_worker.peer()


async def test_a_silent_worker_is_asked_and_then_left(
    scripted_worker: ScriptedWorker, connect_scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LOOKS_BEFORE_PING", 3)
    monkeypatch.setattr(heartbeat, "LOOKS_BEFORE_CUT", 15)
    monkeypatch.setattr(client_link, "LOOK_S", 0.02)
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    for _ in range(8):
        await peer.expect(Ping)
        peer.send(Pong())
    assert scripted_worker.connections == 1, "who answers is not left"
    await scripted_worker.peer()
    assert scripted_worker.connections == 2


async def test_an_api_that_stood_still_itself_does_not_take_that_for_silence(
    scripted_worker: ScriptedWorker, connect_scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LOOKS_BEFORE_CUT", 10)
    monkeypatch.setattr(client_link, "LOOK_S", 0.05)
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    peer.send(Pong())
    time.sleep(0.7)  # noqa: ASYNC251  # the whole process, as SIGSTOP or a machine's sleep does it
    submit = asyncio.create_task(client.submit(payment(1)))
    await peer.expect(PaymentRun)
    peer.send(Ack(1))
    assert await submit is Verdict.TAKEN
    assert scripted_worker.connections == 1


async def test_a_worker_that_does_not_read_stops_the_writing_not_the_client(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    count = 60_000
    peer = await opened(scripted_worker, client, credit=count)
    for number in range(1, count + 1):
        client.post(payment(number))
        if number % 1000 == 0:
            await asyncio.sleep(0)
    received: list[Payment] = []
    while len(received) < count:
        received += (await peer.expect(PaymentRun)).payments
    assert received == [payment(number) for number in range(1, count + 1)]


def test_a_bridge_that_others_can_reach_needs_a_secret() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        BridgeClient(
            parse_address("tcp://10.0.0.1:7"), FixedSecret(), name="api", answer_timeout_s=1, recorder=NotRecording()
        )
