"""What can be asked of any recent payment's hops afterwards, though nobody had switched anything on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

AT_AN_API = ["api.request", "bridge.out", "bridge.back"]
AT_THE_WORKER = ["intake.taken", "backlog.wait", "payment.attempt", "ledger.recorded"]


async def ask(lab: Lab, path: str, number: int = 0, status: int = 200) -> Any:
    async with lab.session.get(f"{lab.urls[number]}{path}") as response:
        assert response.status == status, await response.text()
        return await response.json()


def hops_of(answer: Any, payment: str) -> dict[str, list[str]]:
    """By process, in the order of their starts."""
    found: dict[str, list[str]] = {}
    for process in answer["processes"]:
        hops = [each["hop"] for each in process["hops"] if each["correlationId"] == payment]
        if hops:
            found[process["role"]] = hops
    return found


async def test_any_api_tells_of_the_hops_in_every_process(run_lab: RunLab) -> None:
    async with run_lab(apis=2) as lab:
        assert await lab.load.post(0) == 202
        await lab.settle()
        (payment,) = (str(UUID(bytes=each)) for each in lab.answers.acknowledged())
        for number in range(2):
            for given in (payment, payment[:8], payment.replace("-", "").upper()):
                found = hops_of(await ask(lab, f"/traces/{given}", number), payment)
                assert {role: sorted(hops) for role, hops in found.items()} == {
                    "api-1": sorted(AT_AN_API),
                    "payment-worker": sorted(AT_THE_WORKER),
                }
                assert found["payment-worker"] == AT_THE_WORKER
