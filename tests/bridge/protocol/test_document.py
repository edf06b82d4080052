"""The worked example of docs/bridge.md is what the code sends."""

from __future__ import annotations

from pathlib import Path

from actors.messages.people import Purge
from actors.values import Payment, Verdict
from rinha.bridge.protocol.api.api_end import ApiEnd
from rinha.bridge.protocol.wire.frames import ReplyStatus, Tally
from rinha.bridge.protocol.wire.own_questions import GetOwnFigures, encode_own_request, reply_to
from rinha.bridge.protocol.wire.questions import encode_reply, encode_request
from rinha.bridge.protocol.worker.worker_end import WorkerEnd

DOCUMENT = Path(__file__).parents[3] / "docs" / "bridge.md"


def test_worked_example() -> None:
    written = {"worker": b"", "api": b""}
    example = DOCUMENT.read_text().partition("```text\n")[2].partition("```")[0]
    for line in example.splitlines():
        who, _, digits = line.partition(" ")
        written[who] += bytes.fromhex(digits)

    sent = {"worker": b"", "api": b""}
    api = ApiEnd(api_id=bytes(range(0xA0, 0xB0)), name="api-1")
    worker = WorkerEnd(b"open sesame", nonce=bytes(range(16)))
    api.connection_made(b"open sesame")

    def from_api() -> None:
        sent["api"] += (data := api.data_to_send())
        list(worker.receive(data))

    def from_worker() -> None:
        sent["worker"] += (data := worker.data_to_send())
        list(api.receive(data))

    from_worker()
    from_api()
    worker.welcome(0x1122334455667788, 1)
    worker.grant(2)
    from_worker()
    api.submit(Payment(bytes.fromhex("4a7901b87d1c4ed9af4bba3d4a9b8d10"), 1990))
    api.submit(Payment(bytes.fromhex("b1f0d9a25a064f1f8ee0c5cb9f1c2b3d"), 1990, 1_752_580_496_000_000))
    from_api()
    worker.acknowledge(2, ((2, Verdict.CONFLICT),))
    worker.grant(2)
    from_worker()
    kind, payload = encode_request(Purge())
    request_id = api.request(kind, payload)
    from_api()
    worker.announce_epoch(2)
    from_worker()
    from_api()
    worker.reply(request_id, ReplyStatus.OK, encode_reply(kind, 2))
    from_worker()
    worker.tell(Tally(1, 0, 100_000))
    asked = worker.ask(*encode_own_request(GetOwnFigures()))
    from_worker()
    api.reply(asked, *reply_to(2, b"[]", None, max_bytes=0))
    from_api()

    assert sent == written
