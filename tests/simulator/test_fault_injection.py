from __future__ import annotations

import asyncio
import errno
import json
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Peer

HEALTH = "/payments/service-health"


@pytest.mark.parametrize(
    ("kind", "error", "rows"),
    [
        ("commit-then-drop", aiohttp.ServerDisconnectedError, 1),
        ("garbage", aiohttp.ClientResponseError, 1),
        ("reset", aiohttp.ClientOSError, 0),
    ],
)
async def test_faults_that_break_the_connection(peer: Peer, kind: str, error: type[Exception], rows: int) -> None:
    await peer.fault(kind, times=1)
    with pytest.raises(error) as caught:
        await peer.post()
    assert (kind == "reset") == (getattr(caught.value, "errno", None) == errno.ECONNRESET)
    assert len(await peer.rows()) == rows
    assert (await peer.post())[0] == 200
    assert (await peer.counters())["posts_by_outcome"] == {kind: 1, "settled": 1}


async def test_a_commit_before_a_500_with_a_body(peer: Peer) -> None:
    await peer.fault("commit-then-500")
    status, body = await peer.post()
    assert status == 500
    assert json.loads(body)["message"]
    assert len(await peer.rows()) == 1


@pytest.mark.parametrize(("kind", "status"), [("throttle", 429), ("status", 418)])
async def test_refusals_do_not_commit(peer: Peer, kind: str, status: int) -> None:
    await peer.fault(kind, status=418)
    assert (await peer.post())[0] == status
    assert await peer.rows() == []


async def test_a_200_with_nonsense_or_a_huge_body(peer: Peer) -> None:
    await peer.fault("nonsense", times=1)
    status, body = await peer.post()
    assert status == 200
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(body)
    await peer.fault("huge")
    status, body = await peer.post()
    assert status == 200
    assert len(body) > 10_000_000
    assert len(await peer.rows()) == 2


@pytest.mark.parametrize(("kind", "rows"), [("commit-late", 1), ("hang", 0)])
async def test_a_client_that_gives_up_first_may_find_its_payment_later(peer: Peer, kind: str, rows: int) -> None:
    await peer.fault(kind, delay_ms=400)
    with pytest.raises(TimeoutError):
        async with peer.session.post("/payments", json=peer.body(), timeout=aiohttp.ClientTimeout(0.05)):
            pass
    assert await peer.rows() == []
    await peer.until(lambda counters: counters["at_work"] == 0)
    assert len(await peer.rows()) == rows


async def test_a_patient_client_gets_the_answer_of_a_late_commit(peer: Peer) -> None:
    await peer.fault("commit-late", delay_ms=100)
    begun_s = time.monotonic()
    assert (await peer.post())[0] == 200
    assert time.monotonic() - begun_s >= 0.1


async def test_the_failure_flag_wins_over_a_fault_that_would_commit(peer: Peer) -> None:
    await peer.fault("commit-then-500")
    await peer.admin("PUT", "configurations/failure", {"failure": True})
    assert await peer.post() == (500, b"")
    assert await peer.rows() == []


async def test_a_known_id_gets_its_422_despite_a_fault_that_would_commit(peer: Peer) -> None:
    payment_id = str(uuid4())
    await peer.post(payment_id)
    await peer.fault("commit-then-drop")
    assert (await peer.post(payment_id))[0] == 422


async def test_look_ups_and_health_have_faults_of_their_own(peer: Peer) -> None:
    await peer.fault("throttle", endpoint="lookup")
    await peer.fault("status", endpoint="health", status=503)
    assert (await peer.get(f"/payments/{uuid4()}"))[0] == 429
    assert (await peer.get(HEALTH))[0] == 503
    assert (await peer.post())[0] == 200
    await peer.fault("hang", endpoint="health")
    with pytest.raises(TimeoutError):
        async with peer.session.get(HEALTH, timeout=aiohttp.ClientTimeout(0.05)):
            pass
    await peer.fault(None)
    assert (await peer.get(HEALTH))[0] == 200
    assert (await peer.get(f"/payments/{uuid4()}"))[0] == 404


async def test_several_faults_share_the_payments_by_probability(peer: Peer) -> None:
    faults = [{"kind": "throttle", "probability": 0.3}, {"kind": "status", "probability": 0.3}]
    assert await peer.admin("PUT", "configurations/fault", faults) == {"armed": 2}
    await asyncio.gather(*(peer.post() for _ in range(200)))
    outcomes = (await peer.counters())["posts_by_outcome"]
    assert set(outcomes) == {"throttle", "status", "settled"}
    assert outcomes["settled"] == len(await peer.rows())
