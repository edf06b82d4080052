"""A processor never says what became of two payments; a person does, and the worker's death changes nothing of it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.client import their_rows
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

TOKEN = "0123456789abcdef0123456789abcdef"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
SILENT = {"kind": "throttle", "endpoint": "lookup"}
TRIES = 6
"""Of a person: an attempt may be under way, and then it is too soon after it."""


async def listed(lab: Lab) -> dict[str, dict[str, Any]]:
    async with lab.session.get(f"{lab.urls[-1]}/payments?state=unknown", headers=HEADERS) as response:
        assert response.status == 200
        return {each["correlationId"]: each for each in (await response.json())["payments"]}


async def until_listed(lab: Lab, payment_id: uuid.UUID) -> dict[str, Any]:
    await lab.until_statistics(lambda counts: counts["waiting"] + counts["in_flight"] < counts["accepted"], PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await listed(lab)
            if str(payment_id) in found:
                return found[str(payment_id)]
            await asyncio.sleep(0.02)


async def say_settled(lab: Lab, payment_id: uuid.UUID, values: dict[str, Any]) -> list[int]:
    """Over HTTP, with the pauses that the answers ask for."""
    statuses = []
    for _ in range(TRIES):
        path = f"{lab.urls[-1]}/payments/{payment_id}/settled"
        async with lab.session.post(path, json=values, headers=HEADERS) as response:
            statuses.append(response.status)
            if response.status == 200:
                return statuses
            await asyncio.sleep(int(response.headers["Retry-After"]))
    raise AssertionError(statuses)


async def say_not_settled(lab: Lab, payment_id: uuid.UUID) -> list[int]:
    """By the command."""
    command = [sys.executable, "-m", "rinha", "payment", str(payment_id), "--not-settled", "--by", "ada", "--json"]
    codes = []
    for _ in range(TRIES):
        done = await asyncio.to_thread(subprocess.run, command, env=lab.environ, capture_output=True, check=False)
        codes.append(done.returncode)
        if done.returncode == 0:
            assert json.loads(done.stdout) == {"correlationId": str(payment_id), "state": "written_off"}
            return codes
        assert b"say it again in" in done.stderr
        await asyncio.sleep(6)
    raise AssertionError(codes)


@pytest.mark.parametrize("warned", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["short", "full"])
async def test_a_person_ends_what_does_not_end_by_itself(
    run_lab: RunLab, durable: dict[str, str], warned: bool
) -> None:
    async with run_lab(apis=1, **durable) as lab:
        await asyncio.to_thread(lab.start_apis, 1, RINHA_ADMIN_TOKEN=TOKEN)
        committed, lost = uuid.uuid4(), uuid.uuid4()
        for payment_id, fault in ((committed, {"kind": "commit-then-500"}), (lost, {"kind": "status", "status": 500})):
            for name in lab.processors:
                await lab.arm(name, fault, SILENT)
            assert await lab.load.post(0, payment_id) == 202
            where = await until_listed(lab, payment_id)
        assert (await listed(lab)).keys() == {str(committed), str(lost)}
        if warned:
            for count in (1, 2):
                line = await asyncio.to_thread(lab.worker.until_logged, "payment.outcome_unknown", count)
                assert line["correlationId"] in {str(committed), str(lost)}

        rows = await their_rows(lab.session, lab.processors)
        ((processor, row),) = [(name, row) for name, held in rows.items() for row in held]
        instant = datetime.fromtimestamp(row.requested_at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        values = {"processor": processor, "requestedAt": instant, "amountCents": row.amount_cents, "by": "ada"}
        statuses = await say_settled(lab, committed, values)
        codes = await say_not_settled(lab, lost)
        assert await listed(lab) == {}

        await asyncio.to_thread(lab.kill, lab.worker)
        for name in lab.processors:
            await lab.arm(name)
        await asyncio.to_thread(lab.start_worker)
        for api in lab.apis:
            await asyncio.to_thread(api.until_logged, "bridge.session_opened", 2)
        assert await lab.load.post(0, committed) == 202
        assert await lab.load.post(0, lost) == 409
        counts = await lab.until_statistics(lambda counts: counts["settled"] == 1, PATIENCE_S)
        assert (counts["accepted"], counts["written_off"]) == (2, 1)
        path = f"{lab.urls[-1]}/payments/{lost}/settled"
        async with lab.session.post(path, json=values, headers=HEADERS) as response:
            assert (response.status, (await response.json())["type"]) == (409, "/problems/written-off")
        figures = {"at": where["processor"], "said": statuses, "codes": codes}
        await lab.check("unknown for ever, ended by a person", parked={lost.bytes}, **figures)
