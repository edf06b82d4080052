"""One rate at a subject, and all rates of a climb: what was measured, and the file that it is kept in."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tests.bench import k6
from tests.bench.books import check, empty
from tests.bench.meter import Meter
from tests.bench.rounds import Host, Speed  # noqa: TC001 (msgspec reads them)
from tests.support.containers import URL

if TYPE_CHECKING:
    import aiohttp

    from tests.bench.subjects import Subject

FILE_NAME = "rates.jsonl"
"""A line for each climb, in the order of measuring."""

P99_MAX_MS = 10.0
SENT_SHARE_MIN = 0.98


class Step(msgspec.Struct, frozen=True):
    """One rate.

    Args:
        rate: payments a second that were to be sent.
        due: how many that makes.
        sent: how many were sent; fewer if k6 could not keep up.
        accepted: how many were answered with 2xx.
        p50: of the last two thirds, in milliseconds, the worse of both; from the instant at which a payment was due, so
            that a stall counts for all that were due in it.
        p99: likewise.
        sent_p99: likewise, but from the instant at which it was sent.
        settled_s: how long after the load the last one was settled and the books compared.
        cpu: by service, CPUs in use.
        throttled: by service, periods in which it was held back.
        differences: what is wrong with the books.
    """

    rate: int
    due: int
    sent: int
    accepted: int
    p50: float
    p99: float
    sent_p99: float
    settled_s: float
    cpu: dict[str, float]
    throttled: dict[str, int]
    differences: list[str]

    @property
    def served(self) -> bool:
        """Whether it went well."""
        complete = self.accepted == self.sent >= SENT_SHARE_MIN * self.due and not self.differences
        return complete and self.p99 < P99_MAX_MS


class Climb(msgspec.Struct, frozen=True):
    """All steps at one subject, and the highest rate that was served; 0 if none was.

    Climbs of the same number are one interleaved set, and only within a set do latencies compare.
    """

    subject: str
    number: int
    measured_at: str
    revision: str
    host: Host
    highest: int
    steps: list[Step]
    speed_before: Speed | None = None
    speed_after: Speed | None = None


async def run_step(session: aiohttp.ClientSession, subject: Subject, binary: str, rate: int, seconds: int) -> Step:
    """Run one step at a subject that has started.

    Args:
        session: asks.
        subject: what is measured.
        binary: k6.
        rate: payments a second.
        seconds: how long; a multiple of 3. The first third, in which k6 opens its connections, counts for the books but
            not for the latency.
    """
    await empty(session, subject)
    meter = Meter(subject.read)
    since = datetime.now(UTC)
    load = await k6.run(binary, k6.SCRIPTS / "rate.js", slice_s=seconds // 3, RATE=rate, SECONDS=seconds, URL=URL)
    meter.end()
    began_s = time.monotonic()
    differences = await check(session, subject, load, since) if subject.has_books else []
    usage = meter.usage()
    return Step(
        rate=rate,
        due=rate * seconds,
        sent=load.sent,
        accepted=load.accepted,
        p50=max((each.p50 for each in load.from_due[1:]), default=0.0),
        p99=max((each.p99 for each in load.from_due[1:]), default=0.0),
        sent_p99=max((each.p99 for each in load.slices[1:]), default=0.0),
        settled_s=time.monotonic() - began_s,
        cpu={name: each.cpu_ms / 1000 / seconds for name, each in usage.items()},
        throttled={name: each.throttled for name, each in usage.items()},
        differences=differences,
    )


def append(directory: Path, climb: Climb) -> None:
    """Keep a climb, as one more line of the directory's file, which is made if it isn't there."""
    directory.mkdir(parents=True, exist_ok=True)
    with Path(directory, FILE_NAME).open("ab") as file:
        file.write(msgspec.json.encode(climb) + b"\n")


def read(directory: Path) -> list[Climb]:
    """All climbs of a directory's file."""
    return [msgspec.json.decode(line, type=Climb) for line in Path(directory, FILE_NAME).read_bytes().splitlines()]
