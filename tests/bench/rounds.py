"""What one round of the benchmark measured, and the files that it is kept in.

A round is one run of the load against one subject. The harness measures the subjects in turn: rounds of the same number
are one interleaved set, and only within a set do latencies compare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

Count = Annotated[int, msgspec.Meta(ge=0)]
Ms = Annotated[float, msgspec.Meta(ge=0)]
Subject = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$")]


class Host(msgspec.Struct, frozen=True):
    """The machine that a round ran on.

    Args:
        cpus: how many it has.
        model: their model.
        kernel: its release.
        load_before: load average of the last minute, before the round began.
    """

    cpus: Count
    model: str
    kernel: str
    load_before: float


class Latency(msgspec.Struct, frozen=True):
    """How long requests took from the client's side: percentiles and the worst, all in milliseconds."""

    p50: Ms
    p90: Ms
    p95: Ms
    p99: Ms
    p99_9: Ms
    max: Ms


class Slice(msgspec.Struct, frozen=True):
    """Latency of the requests that were sent in one part of the run.

    Args:
        from_s: where it begins, in seconds from the start of the load.
        to_s: where it ends.
        count: requests in it; with none, the latencies mean nothing.
        p50: median, in milliseconds, as are all the following.
        p95: 95th percentile.
        p99: 99th percentile.
        max: the worst.
    """

    from_s: float
    to_s: float
    count: Count
    p50: Ms
    p95: Ms
    p99: Ms
    max: Ms


class Score(msgspec.Struct, frozen=True):
    """The contest's score, with its parts.

    Args:
        amount: settled in all, in units of the currency, as are fees, net and total.
        fees: what the processors kept.
        net: amount less fees.
        bonus_share: share of net won by a low p99.
        fine_share: share of net lost by inconsistencies.
        total: net times (1 + bonus_share - fine_share).
    """

    amount: float
    fees: float
    net: float
    bonus_share: float
    fine_share: float
    total: float


class Usage(msgspec.Struct, frozen=True):
    """What one service used of its limits.

    Args:
        cpu_ms: CPU time over the run, in milliseconds.
        user_ms: the part of it outside the kernel.
        system_ms: the part of it in the kernel.
        cpu_limit: its quota in CPUs; None without one.
        periods: periods of its quota that passed while it ran.
        throttled: those in which it had to wait for the next.
        steady_periods: periods of the steady phase alone.
        steady_throttled: those of them in which it had to wait.
        memory_peak: the most memory that it held, in bytes.
        memory_end: what it held when the load ended, in bytes.
        memory_limit: its limit, in bytes; None without one.
    """

    cpu_ms: Ms
    user_ms: Ms
    system_ms: Ms
    cpu_limit: float | None
    periods: Count
    throttled: Count
    steady_periods: Count
    steady_throttled: Count
    memory_peak: Count
    memory_end: Count
    memory_limit: Count | None


class Round(msgspec.Struct, frozen=True):
    """One run of the load against one subject.

    Args:
        subject: what was measured: ``floor``, ``queued``, ``received``, ``durable``, ``fastest``, ``base``, or one of
            these behind ``local-``, measured without containers.
        number: of the interleaved set that it belongs to.
        started_at: ISO 8601, UTC.
        revision: what ``git describe --always --dirty`` said.
        host: the machine.
        users: virtual users at the end of the ramp.
        seconds: length of the load.
        sent: requests.
        accepted: those answered with 2xx.
        refused: those answered with anything else, or not at all.
        latency: over the whole run.
        slices: its parts, in order.
        score: None for the floor, which settles nothing.
        settled: payments by processor.
        lag: accepted payments that weren't in the summary at the end; negative if there were more than were accepted.
        inconsistencies: as the contest counts them.
        differences: what the books' checker found, a line each.
        ready_s: by service, seconds from its start until it was ready; may be empty.
        usage: by service.
    """

    subject: Subject
    number: Count
    started_at: Instant
    revision: str
    host: Host
    users: Count
    seconds: Annotated[int, msgspec.Meta(ge=1)]
    sent: Count
    accepted: Count
    refused: Count
    latency: Latency
    slices: list[Slice]
    score: Score | None
    settled: dict[str, Count]
    lag: int
    inconsistencies: Count
    differences: list[str]
    ready_s: dict[str, float]
    usage: dict[str, Usage]


class RoundsError(Exception):
    """Whoever named the directory or wrote the file made a mistake; ``path`` says which one it is.

    Args:
        path: the file or directory.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


def write(directory: Path, round_: Round) -> Path:
    """Keep a round, in the place of an earlier one of that subject and number.

    Args:
        directory: made if it isn't there.
        round_: what was measured.

    Returns:
        The file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{round_.subject}-{round_.number:02}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(round_), indent=1) + b"\n")
    return path


def read_rounds(directory: Path) -> list[Round]:
    """Read all the rounds of a directory.

    Args:
        directory: each ``*.json`` in it has to be a round.

    Returns:
        They, by their start.

    Raises:
        RoundsError: there is none, one can't be read, two are the same, or their loads differ.
    """
    rounds: dict[tuple[str, int], Round] = {}
    for path in sorted(directory.glob("*.json")):
        try:
            read = msgspec.json.decode(path.read_bytes(), type=Round)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RoundsError(path, f"not a round: {error}") from error
        if (read.subject, read.number) in rounds:
            raise RoundsError(path, f"a second round {read.number} of {read.subject}")
        rounds[read.subject, read.number] = read
        first = next(iter(rounds.values()))
        if (read.users, read.seconds) != (first.users, first.seconds):
            load, other = (f"{each.users} users in {each.seconds} s" for each in (read, first))
            raise RoundsError(path, f"{load} don't compare with {other} of {first.subject} {first.number}")
    if not rounds:
        raise RoundsError(directory, "no rounds (*.json) in it")
    return sorted(rounds.values(), key=lambda each: each.started_at)
