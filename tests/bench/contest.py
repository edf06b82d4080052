"""One round: the contest's load at a subject, with its stages, its auditor and, at the end, the books."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from rinha.commands.reconcile import reconcile
from tests.bench import k6
from tests.bench.meter import Meter
from tests.bench.rounds import Host, Round
from tests.bench.score import score
from tests.support.client import ADMIN, CONTEST, get, play, their_rows, totals, until_settled
from tests.support.containers import PROCESSORS, URL, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.subjects import Subject

STEADY_FROM = 1 / 3
"""The share of the run after which it counts as steady."""
AUDITS = 6
AUDIT_FROM_S, AUDIT_TO_S = 15.0, 1.5
SLICES = 12
SETTLED_TIMEOUT_S = 60.0


class Plan(NamedTuple):
    """How a round is run.

    Args:
        k6: the binary.
        users: how many virtual users there are at the end.
        seconds: how long the load lasts; a multiple of 12.
    """

    k6: str = "k6"
    users: int = 550
    seconds: int = 60


async def run_round(subject: Subject, number: int, plan: Plan, ready_s: Mapping[str, float]) -> Round:
    """Put the load on a subject that has just been started.

    Args:
        subject: what to measure.
        number: the round's.
        plan: the load.
        ready_s: what its start returned.
    """
    started_at = datetime.now(UTC)
    host = describe_host()
    timeout = aiohttp.ClientTimeout(15)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
        await empty(session, subject)
        meter = Meter(subject.read)
        # The processors' answers don't reach the floor's clients, but what they cost the host is the same for all.
        playing = tasks.create_task(play(session, PROCESSORS, CONTEST, plan.seconds / len(CONTEST)))
        watching = tasks.create_task(meter.watch())
        auditing = tasks.create_task(audit(session, subject, plan.seconds))
        steady = asyncio.get_running_loop().call_later(plan.seconds * STEADY_FROM, meter.steady)
        load = await k6.run(
            plan.k6,
            "contest.js",
            slice_s=plan.seconds // SLICES,
            USERS=plan.users,
            SECONDS=plan.seconds,
            URL=URL,
        )
        meter.end()
        steady.cancel()
        settled = await summary(session, subject) if subject.has_books else {}
        inconsistencies = await auditing
        await playing
        watching.cancel()
        differences = await check(session, subject, load) if subject.has_books else []
    return Round(
        subject=subject.name,
        number=number,
        started_at=started_at.isoformat(timespec="seconds"),
        revision=run("git", "describe", "--always", "--dirty").strip(),
        host=host,
        users=plan.users,
        seconds=plan.seconds,
        sent=load.sent,
        accepted=load.accepted,
        refused=load.sent - load.accepted,
        latency=load.latency,
        slices=load.slices,
        score=score(settled, load.latency.p99, inconsistencies) if subject.has_books else None,
        settled=settled,
        lag=load.accepted - sum(settled.values()) if subject.has_books else 0,
        inconsistencies=inconsistencies,
        differences=differences,
        ready_s=dict(ready_s),
        usage=meter.usage(),
    )


def describe_host() -> Host:
    """The machine, and how busy it was in the last minute."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return Host(
        os.cpu_count() or 1, models[0] if models else platform.machine(), platform.release(), os.getloadavg()[0]
    )


async def empty(session: aiohttp.ClientSession, subject: Subject) -> None:
    """Empty the books on all sides, as the contest does before its load."""
    urls = [f"{each}/admin/purge-payments" for each in PROCESSORS.values()]
    for url in [f"{URL}/purge-payments", *urls] if subject.has_books else urls:
        async with session.post(url, headers=ADMIN) as response:
            response.raise_for_status()


async def summary(session: aiohttp.ClientSession, subject: Subject) -> dict[str, int]:
    """How many payments our books hold, by processor."""
    document = await get(session, f"{URL}/payments-summary")
    return {name: each["totalRequests"] for name, each in document.items()}


async def audit(session: aiohttp.ClientSession, subject: Subject, seconds: int) -> int:
    """Compare the books while the load goes on, as the contest does: opposite differences of two processors cancel.

    Returns:
        By how many payments they differed, over all audits.
    """
    found = 0
    for _ in range(AUDITS if subject.has_books else 0):
        await asyncio.sleep(seconds / AUDITS)
        now = datetime.now(UTC)
        window = {
            "from": (now - timedelta(seconds=AUDIT_FROM_S)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "to": (now - timedelta(seconds=AUDIT_TO_S)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        ours, theirs = await totals(session, URL, PROCESSORS, window)
        found += abs(sum(ours[name][0] - theirs[name][0] for name in ours))
    return found


async def check(session: aiohttp.ClientSession, subject: Subject, load: k6.Load) -> list[str]:
    """Compare the books, payment by payment, once nothing waits any more.

    k6 tells of each payment that wasn't accepted; the others are told apart by their number alone.

    Returns:
        What is wrong, a line each.
    """
    began_s = time.monotonic()
    differences = []
    with contextlib.suppress(TimeoutError):
        await until_settled(session, URL, SETTLED_TIMEOUT_S)
    if time.monotonic() - began_s > SETTLED_TIMEOUT_S:
        differences.append(f"not all is settled {SETTLED_TIMEOUT_S:g} s after the load")
    theirs = await their_rows(session, PROCESSORS)
    ours = await asyncio.to_thread(subject.rows)
    refused = {each for each, status in load.not_accepted.items() if 400 <= status < 500 or status == 503}
    found = reconcile(ours, theirs, refused=refused)
    differences += [f"{kind}: {count}" for kind, count in Counter(each.kind for each in found).items()]
    settled = {row.payment_id for rows in theirs.values() for row in rows} - set(load.not_accepted)
    if len(settled) != load.accepted:
        differences.append(f"{load.accepted} accepted, {len(settled)} of them settled")
    return differences
