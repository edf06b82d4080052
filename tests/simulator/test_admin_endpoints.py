from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Peer, Start

ENDPOINTS = [
    ("GET", "payments-summary"),
    ("PUT", "configurations/token"),
    ("PUT", "configurations/delay"),
    ("PUT", "configurations/failure"),
    ("PUT", "configurations/fault"),
    ("POST", "purge-payments"),
    ("GET", "payments"),
    ("GET", "counters"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
async def test_without_the_token_it_is_401(peer: Peer, method: str, path: str) -> None:
    for headers in ({}, {"X-Rinha-Token": "124"}, {"X-Rinha-Token": "é"}):
        async with peer.session.request(method, f"/admin/{path}", headers=headers) as response:
            assert response.status == 401


async def test_ping_needs_no_token(peer: Peer) -> None:
    assert (await peer.get("/admin/ping"))[0] == 200


async def test_a_new_token_replaces_the_old_one(peer: Peer) -> None:
    await peer.admin("PUT", "configurations/token", {"token": "other"})
    async with peer.session.get("/admin/payments-summary", headers=peer.token) as response:
        assert response.status == 401
    async with peer.session.get("/admin/payments-summary", headers={"X-Rinha-Token": "other"}) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("token", {"token": 1}),
        ("delay", {"delay": "x"}),
        ("delay", {"delay": -1}),
        ("failure", {}),
        ("fault", {"kind": "flood"}),
        ("fault", {"kind": "reset", "chance": 1}),
        ("fault", {"kind": "reset", "probability": 2}),
    ],
)
async def test_a_body_that_it_does_not_understand_is_400_and_changes_nothing(peer: Peer, path: str, body: Any) -> None:
    async with peer.session.put(f"/admin/configurations/{path}", json=body, headers=peer.token) as response:
        assert response.status == 400
        assert (await response.json())["message"]
    assert (await peer.post())[0] == 200


async def test_the_summary_selects_by_requested_at_inclusively_and_counts_the_fee(start: Start) -> None:
    peer = await start(fee_bps=1500)
    for second in range(5):
        await peer.post(at=f"2025-07-15T12:34:5{second}.000Z", amount=19.9)
    window = "from=2025-07-15T12:34:51.000Z&to=2025-07-15T12:34:53Z"
    assert await peer.admin("GET", f"payments-summary?{window}") == {
        "totalRequests": 3,
        "totalAmount": 59.7,
        "totalFee": 8.955,
        "feePerTransaction": 0.15,
    }
    for query in ("", "?from=2025-07-15T12:34:54Z", "?to=2025-07-15T12:34:50Z"):
        assert (await peer.admin("GET", f"payments-summary{query}"))["totalRequests"] == 5
    async with peer.session.get("/admin/payments-summary?from=x&to=y", headers=peer.token) as response:
        assert response.status == 400


async def test_a_purge_forgets_every_row_but_not_what_is_in_its_delay(peer: Peer) -> None:
    payment_id = str(uuid4())
    await peer.post(payment_id)
    await peer.admin("POST", "purge-payments")
    assert await peer.rows() == []
    assert (await peer.post(payment_id))[0] == 200
