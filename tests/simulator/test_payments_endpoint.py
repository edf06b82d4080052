from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from rinha.simulator.state import Limits

if TYPE_CHECKING:
    from tests.simulator.conftest import Peer, Start

AT_MS = 1_752_582_896_000


async def test_a_payment_commits_and_can_be_looked_up(peer: Peer) -> None:
    payment_id = str(uuid4())
    assert await peer.post(payment_id) == (200, b'{"message":"payment processed successfully"}')
    assert await peer.rows() == [{"id": payment_id, "amount_cents": 1990, "requested_at_ms": AT_MS}]
    status, body = await peer.get(f"/payments/{payment_id}")
    assert status == 200
    assert json.loads(body) == {"correlationId": payment_id, "amount": 19.9, "requestedAt": "2025-07-15T12:34:56Z"}


async def test_an_unknown_id_is_404_and_what_is_no_id_400(peer: Peer) -> None:
    assert (await peer.get(f"/payments/{uuid4()}"))[0] == 404
    assert (await peer.get("/payments/42"))[0] == 400


async def test_a_known_id_is_422_and_keeps_its_row(peer: Peer) -> None:
    payment_id = str(uuid4())
    await peer.post(payment_id)
    status, body = await peer.post(payment_id, amount=1)
    assert status == 422
    assert payment_id in json.loads(body)["message"]
    assert [row["amount_cents"] for row in await peer.rows()] == [1990]


async def test_a_body_that_is_no_payment_is_refused_and_not_committed(peer: Peer) -> None:
    async with peer.session.post("/payments", json={"amount": 1}) as response:
        assert response.status == 400
    async with peer.session.post("/payments", data=json.dumps(peer.body())) as response:
        assert response.status == 415
    assert await peer.rows() == []


async def test_a_failing_processor_answers_an_empty_500_even_for_a_known_id(peer: Peer) -> None:
    payment_id = str(uuid4())
    await peer.post(payment_id)
    assert await peer.admin("PUT", "configurations/failure", {"failure": True}) == {
        "config": "failure",
        "was": False,
        "is": True,
    }
    assert await peer.post() == (500, b"")
    assert await peer.post(payment_id) == (500, b"")
    assert (await peer.get(f"/payments/{payment_id}"))[0] == 200
    assert len(await peer.rows()) == 1


async def test_the_delay_comes_before_the_failure_flag_and_spares_look_ups(peer: Peer) -> None:
    await peer.admin("PUT", "configurations/delay", {"delay": 150})
    await peer.admin("PUT", "configurations/failure", {"failure": True})
    begun_s = time.monotonic()
    assert await peer.post() == (500, b"")
    assert time.monotonic() - begun_s >= 0.15
    await peer.admin("PUT", "configurations/delay", {"delay": 60_000})
    delayed = asyncio.create_task(peer.post())
    assert (await peer.get(f"/payments/{uuid4()}"))[0] == 404
    assert not delayed.done()
    delayed.cancel()


async def test_the_failure_flag_counts_as_it_is_after_the_delay(peer: Peer) -> None:
    await peer.admin("PUT", "configurations/delay", {"delay": 400})
    posted = asyncio.create_task(peer.post())
    await peer.until(lambda counters: counters["at_work"] == 1)
    await peer.admin("PUT", "configurations/failure", {"failure": True})
    assert await posted == (500, b"")


async def test_a_commit_comes_after_the_delay(peer: Peer) -> None:
    await peer.admin("PUT", "configurations/delay", {"delay": 400})
    posted = asyncio.create_task(peer.post())
    await peer.until(lambda counters: counters["at_work"] == 1)
    assert await peer.rows() == []
    assert (await posted)[0] == 200
    assert len(await peer.rows()) == 1


def raw_post(peer: Peer) -> bytes:
    body = json.dumps(peer.body()).encode()
    head = (
        f"POST /payments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize("reset", [False, True])
async def test_a_client_that_hangs_up_does_not_cancel(peer: Peer, reset: bool) -> None:
    await peer.admin("PUT", "configurations/delay", {"delay": 300})
    _, writer = await asyncio.open_connection("127.0.0.1", peer.port)
    writer.write(raw_post(peer))
    await peer.until(lambda counters: counters["at_work"] == 1)
    if reset:
        writer.transport.abort()
    else:
        writer.close()
        await writer.wait_closed()
    assert await peer.rows() == []
    await peer.until(lambda counters: counters["rows"] == 1)


async def test_a_client_that_hangs_up_at_once_does_not_cancel(peer: Peer) -> None:
    for _ in range(50):
        _, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        writer.write(raw_post(peer))
        writer.close()
        await writer.wait_closed()
    await peer.until(lambda counters: counters["rows"] == 50)


async def test_beyond_the_limit_payments_queue_and_beyond_the_queue_they_get_429_at_once(start: Start) -> None:
    peer = await start(limits=Limits(at_work=2, queued=1))
    await peer.admin("PUT", "configurations/delay", {"delay": 150})
    taken = [asyncio.create_task(peer.post()) for _ in range(3)]
    await peer.until(lambda counters: counters["queued"] == 1)
    assert (await peer.post())[0] == 429
    assert (await peer.get(f"/payments/{uuid4()}"))[0] == 429
    assert [status for status, _ in await asyncio.gather(*taken)] == [200] * 3
    counters = await peer.counters()
    assert counters["at_work_peak"] == 2
    assert counters["posts_by_outcome"] == {"settled": 3, "limited": 1}
    assert counters["lookups_by_outcome"] == {"limited": 1}


async def test_the_real_limits_are_800_and_500() -> None:
    limits = Limits()
    assert (limits.at_work, limits.queued, limits.health_window_s, limits.health_queued) == (800, 500, 5.0, 2)
