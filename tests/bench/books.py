"""The books after a load: emptied before it, and compared once nothing waits any more."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rinha.commands.reconcile import reconcile
from tests.support.client import ADMIN, their_rows, until_settled
from tests.support.containers import PROCESSORS, URL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from actors.values import LedgerRow
    from tests.bench.k6 import Load
    from tests.bench.subjects import Subject

SETTLED_TIMEOUT_S = 60.0
QUIET_S = 10.0
"""A peer that has settled nothing for so long settles nothing more: twice the longest delay of a processor."""
RECORDED_S = 2.0
POLL_S = 0.25


async def empty(session: aiohttp.ClientSession, subject: Subject) -> bool:
    """Empty the books on all sides, as the contest does before its load.

    Returns:
        Whether the subject did it, too; a peer needn't know how.
    """
    for each in PROCESSORS.values():
        async with session.post(f"{each}/admin/purge-payments", headers=ADMIN) as response:
            response.raise_for_status()
    if not subject.has_books:
        return True
    async with session.post(f"{URL}/purge-payments") as response:
        if not subject.is_peer:
            response.raise_for_status()
        return response.ok


async def until_quiet(session: aiohttp.ClientSession, subject: Subject, accepted: int) -> bool:
    """Wait until a subject has settled what it accepted.

    Args:
        session: asks.
        subject: says so itself; of a peer the processors' books do, until they stand still.
        accepted: how many payments that is.

    Returns:
        Whether it did; False after `SETTLED_TIMEOUT_S`, or when a peer has stopped.
    """
    if not subject.has_books:
        return True
    if not subject.is_peer:
        with contextlib.suppress(TimeoutError):
            await until_settled(session, URL, SETTLED_TIMEOUT_S)
            return True
        return False
    changed_s = began_s = time.monotonic()
    known = -1
    while time.monotonic() < min(changed_s + QUIET_S, began_s + SETTLED_TIMEOUT_S):
        now = sum(map(len, (await their_rows(session, PROCESSORS)).values()))
        if now >= accepted:
            return True
        if now != known:
            known, changed_s = now, time.monotonic()
        await asyncio.sleep(POLL_S)
    return False


async def peers_differences(
    session: aiohttp.ClientSession, theirs: Mapping[str, list[LedgerRow]], since: datetime
) -> list[str]:
    """Compare a peer's sums with the processors' rows; it may be late with its own by `RECORDED_S`.

    Args:
        session: asks.
        theirs: the processors' rows.
        since: it may hold earlier payments.
    """
    query = {"from": instant(since), "to": instant(datetime.now(UTC) + timedelta(seconds=RECORDED_S))}
    deadline_s = time.monotonic() + RECORDED_S
    while True:
        async with session.get(f"{URL}/payments-summary", params=query) as response:
            document = await response.json(content_type=None)
        ours = {name: document.get(name, {}).get("totalRequests", 0) for name in theirs}
        differences = [
            f"{name}: {ours[name]} in its books, {len(rows)} at the processor"
            for name, rows in theirs.items()
            if ours[name] != len(rows)
        ]
        if not differences or time.monotonic() > deadline_s:
            return differences
        await asyncio.sleep(POLL_S)


def instant(at: datetime) -> str:
    """An instant as the contest's script writes it, which every peer can read."""
    return f"{at.strftime('%Y-%m-%dT%H:%M:%S')}.{at.microsecond // 1000:03}Z"


async def check(session: aiohttp.ClientSession, subject: Subject, load: Load, since: datetime) -> list[str]:
    """Compare the books, payment by payment, or of a peer by processor, once nothing waits any more.

    Args:
        session: asks.
        subject: whose books.
        load: what the clients saw.
        since: when it began; a peer's books may hold earlier payments.

    Returns:
        What is wrong, a line each.
    """
    differences = []
    if not await until_quiet(session, subject, load.accepted):
        differences.append("not all is settled after the load")
    theirs = await their_rows(session, PROCESSORS)
    if subject.is_peer:
        differences += await peers_differences(session, theirs, since)
    else:
        refused = {each for each, status in load.not_accepted.items() if 400 <= status < 500 or status == 503}
        found = reconcile(await asyncio.to_thread(subject.rows), theirs, refused=refused)
        differences += [f"{kind}: {count}" for kind, count in Counter(each.kind for each in found).items()]
    return differences + unaccounted(theirs, load)


def unaccounted(theirs: dict[str, list[LedgerRow]], load: Load) -> list[str]:
    """Hold what the processors settled against what was accepted.

    Scripts name the payments that weren't accepted. Of those that the contest's own doesn't name, each may be settled.
    """
    settled = {row.payment_id for rows in theirs.values() for row in rows} - set(load.not_accepted)
    unnamed = load.sent - load.accepted - len(load.not_accepted)
    if load.accepted <= len(settled) <= load.accepted + unnamed:
        return []
    return [f"{load.accepted} accepted, {len(settled)} of them settled"]
