"""One soak: load, a pair of faults every few seconds, then everything is well again and the books are compared."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from tests.soak import stores
from tests.soak.clients import Clients
from tests.soak.faults import Faults
from tests.soak.keeper import Keeper
from tests.soak.plan import ROUND_S, draw_rounds
from tests.soak.report import Report
from tests.support.client import check_books
from tests.support.lab import Lab, running_lab
from tests.support.levers import reset_processors
from tests.support.patience import PATIENCE_S
from tests.support.processes import simulators

if TYPE_CHECKING:
    from pathlib import Path

    from tests.soak.plan import Strike

WORKER = "tests.support.silent_names_worker"
NAME = "default.example"
ANSWER_TIMEOUT_S = 5
DRAIN_S = 3
GRACE_S = 2.0
"""On top of ``DRAIN_S``: after that a process that was asked to end should have."""
SETTLE_S = 60.0
"""For all that is held when the faults are over: some retries at the longest interval, and a drain."""
APIS = 2


class Options(NamedTuple):
    """How a soak is to be.

    Args:
        store: ``sqlite`` or ``postgres``.
        seed: of the faults.
        seconds: how long they go on.
        per_s: payments that come in a second.
    """

    store: str
    seed: int
    seconds: float
    per_s: float


async def soak(options: Options, directory: Path) -> Report:
    """Run a soak.

    Args:
        options: how it is to be.
        directory: an empty one, for the bridge's socket and the journal.
    """
    with stores.opened(options.store, directory) as (url, server), simulators() as processors:
        await reset_processors(processors)
        answers = directory / "answers"
        answers.touch()
        worker = {
            "SILENT_NAME": NAME,
            "ANSWER_FILE": str(answers),
            "PROCESSOR_DEFAULT_URL": processors["default"].replace("127.0.0.1", NAME),
        }
        async with running_lab(
            processors,
            directory,
            apis=APIS,
            module=WORKER,
            worker=worker,
            RINHA_ACCEPT="durable",
            RINHA_STORE=url,
            RINHA_DRAIN_S=str(DRAIN_S),
            RINHA_ANSWER_TIMEOUT_S=str(ANSWER_TIMEOUT_S),
        ) as lab:
            keeper = Keeper(lab, lambda: lab.start_worker(module=WORKER, **worker), DRAIN_S + GRACE_S)
            keeping = asyncio.create_task(keeper.keep())
            try:
                return await _soak(options, lab, keeper, Faults(lab, keeper, server, answers))
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)


async def _soak(options: Options, lab: Lab, keeper: Keeper, faults: Faults) -> Report:
    clients = Clients(lab.load, APIS, options.per_s)
    pairs: list[tuple[Strike, Strike]] = []
    begun_s = time.monotonic()
    coming = asyncio.create_task(clients.come(options.seconds))
    for pair in draw_rounds(options.seed, options.store):
        if time.monotonic() + ROUND_S > begun_s + options.seconds:
            break
        pairs.append(pair)
        await asyncio.gather(*map(faults.strike, pair), asyncio.sleep(ROUND_S))
    await coming
    struck_s = time.monotonic() - begun_s

    settling_s = time.monotonic()
    settled_after_s: float | None = None
    with contextlib.suppress(AssertionError):
        await lab.until_statistics(bool, PATIENCE_S)
        await lab.load.repeat_unanswered(0)
        await lab.settle(SETTLE_S)
        settled_after_s = time.monotonic() - settling_s
    found = await check_books(lab.session, lab.processors, lab.bridge, lab.answers)
    strikes = [strike for pair in pairs for strike in pair]
    lines = [line for process in keeper.processes for line in process.lines]
    complaints = Counter(line["event"] for line in lines if line.get("level") in {"error", "critical"})
    return Report(
        store=options.store,
        seed=options.seed,
        seconds=struck_s,
        per_s=options.per_s,
        strikes=dict(Counter(map(str, strikes))),
        pairs=[[f"{each} at {each.begin_s:.2f} for {each.last_s:.2f}" for each in pair] for pair in pairs],
        sent=clients.sent,
        turned_away=clients.turned_away,
        gave_up=clients.gave_up,
        answers=lab.answers.counts(),
        rows=await lab.rows(),
        longest_gap_s=clients.longest_gap_s,
        settled_after_s=settled_after_s,
        differences=dict(Counter(each.kind for each in found)),
        examples=[f"{each.kind} {UUID(bytes=each.payment_id)}: {each.detail}" for each in found[:20]],
        unbalanced=len(lab.unbalanced),
        samples=lab.samples,
        ends=dict(keeper.ends),
        complaints=dict(complaints),
        letters=dict(Counter(map(_letter, (line for line in lines if line["event"] == "actor.dead_letter")))),
        left=await lab.statistics(),
    )


def _letter(line: dict[str, Any]) -> str:
    kind = line["letter"].partition("(")[0]
    return f"{kind} to {line['actor'].partition('-')[0]}, {line['reason']}"
