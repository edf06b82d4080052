"""The bridge's connection is cut at every byte offset of every kind of frame, in both directions, under load."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.cutting_proxy import Cut, CuttingProxy, every_offset
from tests.support.patience import PATIENCE_S
from tests.support.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

PAYMENT_AND_ACK = {"PAYMENT": 34, "ACK": 15}
THE_REST = {"CHALLENGE": 23, "HELLO": 89, "WELCOME": 17, "CREDIT": 13}
"""The lengths of `docs/bridge.md`; HELLO has a name of five bytes."""


IN_BETWEEN = Cut("PAYMENT", 20, skip=8)
"""So that there is something in the outbox when a handshake breaks off."""

PAYMENTS = every_offset(PAYMENT_AND_ACK, skip=12)
HANDSHAKES = [cut for handshake in every_offset(THE_REST) for cut in (IN_BETWEEN, handshake)]


@pytest.mark.parametrize(
    "cuts", [PAYMENTS, pytest.param(HANDSHAKES, marks=pytest.mark.slow)], ids=["payments", "handshakes"]
)
async def test_a_cut_at_any_byte_tears_and_doubles_nothing(run_lab: RunLab, cuts: list[Cut]) -> None:
    port = free_port()
    proxy = CuttingProxy("127.0.0.1", port, cuts)
    async with proxy.serving() as proxy_port:
        api = {"RINHA_BRIDGE": f"tcp://127.0.0.1:{proxy_port}"}
        async with run_lab(apis=4, api=api, RINHA_BRIDGE=f"tcp://127.0.0.1:{port}") as lab:
            async with lab.load.running(users=3, pause_s=0.01):
                await lab.load.until(lambda: proxy.done, timeout_s=120)
            await lab.settle()
            redelivered = sum(line["redelivered"] for each in lab.apis for line in each.logged("bridge.session_opened"))
            statistics = await lab.until_statistics(bool, PATIENCE_S)

            report = await lab.check(
                "bridge cut at every byte",
                cuts=dict(proxy.made),
                redelivered=redelivered,
                duplicates=statistics["duplicates"],
            )
            assert proxy.made == Counter(cut.frame for cut in cuts)
            # Every payment has one definite answer: the one that was cut off came over the next connection.
            assert set(report["answers"]) <= {202, 503}
            assert statistics["accepted"] == len(lab.answers.acknowledged())
            assert redelivered > PAYMENT_AND_ACK["PAYMENT"]
            assert not any(each.logged("api.unacknowledged") for each in lab.apis)
