"""Clients of the system under test: payments, the processors' levers, the books on both sides, and an auditor."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp

from actors.tracing import NotRecording
from actors.values import LedgerRow
from rinha.bridge.client.client import BridgeClient
from rinha.commands.reconcile import Discrepancy, reconcile
from rinha.net.address import parse_address
from rinha.net.secret import FixedSecret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ADMIN = {"X-Rinha-Token": "123"}


class Setting(NamedTuple):
    """How one processor behaves."""

    delay_ms: int
    failing: bool = False


class Stage(NamedTuple):
    """How both processors behave from now on."""

    default: Setting
    fallback: Setting


CONTEST = (
    Stage(Setting(0), Setting(0)),
    Stage(Setting(100), Setting(0)),
    Stage(Setting(100, True), Setting(0)),
    Stage(Setting(2000, True), Setting(1000, True)),
    Stage(Setting(20), Setting(20)),
    Stage(Setting(0), Setting(5000)),
)
"""The stages of the contest's load test, which last ten seconds each there."""


class Answers:
    """What clients were told: by id, the statuses in order."""

    def __init__(self) -> None:
        self.statuses: dict[bytes, list[int]] = {}

    def add(self, payment_id: bytes, status: int) -> None:
        """Note an answer; 0 stands for none."""
        self.statuses.setdefault(payment_id, []).append(status)

    def acknowledged(self) -> set[bytes]:
        """Ids that were acknowledged at least once."""
        return {each for each, statuses in self.statuses.items() if 202 in statuses}

    def refused(self) -> set[bytes]:
        """Ids that got nothing but refusals that promise that nothing happens."""
        return {each for each, statuses in self.statuses.items() if all(400 <= s < 500 or s == 503 for s in statuses)}

    def counts(self) -> dict[int, int]:
        """How often each status was answered."""
        every = [status for statuses in self.statuses.values() for status in statuses]
        return {status: every.count(status) for status in sorted(set(every))}


async def post(
    session: aiohttp.ClientSession, url: str, answers: Answers, payment_id: uuid.UUID, amount: float = 19.9
) -> int:
    """Post one payment.

    Returns:
        The status, 0 without an answer.
    """
    status = 0
    try:
        body = {"correlationId": str(payment_id), "amount": amount}
        async with session.post(f"{url}/payments", json=body) as response:
            status = response.status
    except (OSError, TimeoutError, aiohttp.ClientError):
        pass
    answers.add(payment_id.bytes, status)
    return status


async def set_stage(session: aiohttp.ClientSession, urls: Mapping[str, str], stage: Stage) -> None:
    """Make both processors behave as told."""
    for name, setting in stage._asdict().items():
        await set_processor(session, urls[name], setting)


async def set_processor(session: aiohttp.ClientSession, url: str, setting: Setting) -> None:
    """Make one processor behave as told."""
    for lever, body in (("delay", {"delay": setting.delay_ms}), ("failure", {"failure": setting.failing})):
        async with session.put(f"{url}/admin/configurations/{lever}", json=body, headers=ADMIN) as response:
            response.raise_for_status()


async def play(
    session: aiohttp.ClientSession, urls: Mapping[str, str], stages: Sequence[Stage], stage_s: float
) -> None:
    """Go through stages, each for so many seconds."""
    for stage in stages:
        await set_stage(session, urls, stage)
        await asyncio.sleep(stage_s)


async def get(session: aiohttp.ClientSession, url: str, **query: str) -> Any:
    """Get JSON."""
    async with session.get(url, params=query, headers=ADMIN) as response:
        response.raise_for_status()
        return await response.json()


async def their_rows(session: aiohttp.ClientSession, urls: Mapping[str, str]) -> dict[str, list[LedgerRow]]:
    """The processors' rows."""
    return {
        name: [
            LedgerRow(uuid.UUID(row["id"]).bytes, name, row["amount_cents"], row["requested_at_ms"])
            for row in await get(session, f"{url}/admin/payments")
        ]
        for name, url in urls.items()
    }


async def our_rows(bridge: str) -> list[LedgerRow]:
    """The ledger's rows, through the bridge."""
    client = BridgeClient(
        parse_address(bridge), FixedSecret(), name="checker", answer_timeout_s=10, recorder=NotRecording()
    )
    await client.start()
    try:
        assert await client.wait_ready(10), "no worker answers at the bridge"
        return await client.rows()
    finally:
        await client.close(0)


async def until_settled(session: aiohttp.ClientSession, url: str, timeout_s: float = 20.0) -> dict[str, Any]:
    """Wait until the worker holds nothing.

    Returns:
        Its statistics then.
    """
    statistics: dict[str, Any] | None
    async with asyncio.timeout(timeout_s):
        while True:
            document = await get(session, f"{url}/statistics")
            # Benchmarks ask older revisions, too, whose statistics are the worker's alone.
            statistics = document.get("worker", document)
            if statistics is not None and statistics["accepted"] == statistics["settled"]:
                return statistics
            await asyncio.sleep(0.05)


async def check_books(
    session: aiohttp.ClientSession, urls: Mapping[str, str], bridge: str, answers: Answers
) -> list[Discrepancy]:
    """Reconcile our books, the processors' books, and what clients were told."""
    return reconcile(
        await our_rows(bridge),
        await their_rows(session, urls),
        acknowledged=answers.acknowledged(),
        refused=answers.refused(),
    )


async def totals(
    session: aiohttp.ClientSession, url: str, urls: Mapping[str, str], window: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our summary and the processors' own for a window, both as ``{name: (requests, amount)}``."""
    ours, *theirs = await asyncio.gather(
        get(session, f"{url}/payments-summary", **window),
        *(get(session, f"{each}/admin/payments-summary", **window) for each in urls.values()),
    )
    return (
        {name: (each["totalRequests"], each["totalAmount"]) for name, each in ours.items()},
        {name: (each["totalRequests"], each["totalAmount"]) for name, each in zip(urls, theirs, strict=True)},
    )
