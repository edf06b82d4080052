"""One round: a warm-up, then the contest's load at a subject, and at the end the books."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from tests.bench import k6
from tests.bench.books import check, empty, until_quiet
from tests.bench.host import describe_host, stolen_ms
from tests.bench.meter import Meter
from tests.bench.rounds import Round
from tests.bench.score import score
from tests.support.client import Setting, Stage, set_stage
from tests.support.containers import PROCESSORS, URL, run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.bench.subjects import Subject

STEADY_FROM = 1 / 3
"""The share of the run after which it counts as steady."""
SLICES = 12
OFFICIAL_SECONDS = 60
LOOKS_BACK_S = 15
"""Auditors ask for the books of so many seconds; the contest's own script, at its end, for ten more than it lasts."""
WELL = Stage(Setting(0), Setting(0))


class Plan(NamedTuple):
    """How a round is run.

    Args:
        k6: the binary.
        users: how many virtual users there are at the end.
        seconds: how long the load lasts; a multiple of 12.
        warm_up: seconds of load before, the same for each subject; 0 for none.
        official: a copy of the contest's own script, which then is the load; it lasts 60 s.
    """

    k6: str = "k6"
    users: int = 550
    seconds: int = 60
    warm_up: int = 0
    official: Path | None = None

    @property
    def script(self) -> str:
        """The load's name: rounds of different ones don't compare."""
        return "official" if self.official else "contest.js"


async def run_round(subject: Subject, number: int, plan: Plan, ready_s: Mapping[str, float]) -> Round:
    """Put the load on a subject that has just been started.

    Args:
        subject: what to measure.
        number: the round's.
        plan: the load.
        ready_s: what its start returned.
    """
    timeout = aiohttp.ClientTimeout(15)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
        await warm_up(session, subject, plan.k6, plan.users // 2, plan.warm_up)
        started_at = datetime.now(UTC)
        host, stolen_before_ms = describe_host(), stolen_ms()
        meter = Meter(subject.read)
        watching = tasks.create_task(meter.watch())
        steady = asyncio.get_running_loop().call_later(plan.seconds * STEADY_FROM, meter.steady)
        variables = {"USERS": plan.users, "SECONDS": plan.seconds, "URL": URL, "MAX_REQUESTS": plan.users}
        levers = {f"{name.upper()}_URL": each for name, each in PROCESSORS.items()}
        script = plan.official or k6.SCRIPTS / "contest.js"
        load = await k6.run(plan.k6, script, slice_s=plan.seconds // SLICES, **variables, **levers)
        meter.end()
        stolen_share = (stolen_ms() - stolen_before_ms) / (datetime.now(UTC) - started_at).total_seconds() / 1000
        steady.cancel()
        watching.cancel()
        differences = await check(session, subject, load, started_at) if subject.has_books else []
    settled = load.settled or {} if subject.has_books else {}
    inconsistencies = load.inconsistencies if subject.has_books else 0
    return Round(
        subject=subject.name,
        number=number,
        started_at=started_at.isoformat(timespec="seconds"),
        revision=run("git", "describe", "--always", "--dirty", root=subject.root).strip(),
        host=host,
        users=plan.users,
        seconds=plan.seconds,
        sent=load.sent,
        accepted=load.accepted,
        refused=load.sent - load.accepted,
        latency=load.latency,
        slices=load.slices,
        score=score(settled, load.scored_p99, inconsistencies) if subject.has_books else None,
        settled=settled,
        lag=load.accepted - sum(settled.values()) if subject.has_books else 0,
        inconsistencies=inconsistencies,
        differences=differences,
        ready_s=dict(ready_s),
        usage=meter.usage(),
        script=plan.script,
        official_total=load.official_total,
        stolen_share=stolen_share / host.cpus,
    )


async def warm_up(session: aiohttp.ClientSession, subject: Subject, binary: str, rate: int, seconds: int) -> None:
    """Put a steady load on a subject, let it settle that, and empty all books.

    Of a peer that doesn't empty its books, what was settled then is left behind until no auditor looks that far back.

    Args:
        session: asks.
        subject: what is measured then.
        binary: k6.
        rate: payments a second.
        seconds: how long; 0 for no load.
    """
    await set_stage(session, PROCESSORS, WELL)
    await empty(session, subject)
    if not seconds:
        return
    load = await k6.run(binary, k6.SCRIPTS / "rate.js", slice_s=seconds, RATE=rate, SECONDS=seconds, URL=URL)
    await until_quiet(session, subject, load.accepted)
    if not await empty(session, subject):
        await asyncio.sleep(LOOKS_BACK_S)
