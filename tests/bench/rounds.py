"""What one round of the benchmark measured, and the file that rounds are kept in.

A round is one run of the load against one subject. The harness measures the subjects in turn: rounds of the same number
are one interleaved set, and only within a set do latencies compare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "rounds.jsonl"
"""A line for each round, in the order of measuring."""

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


class Speed(msgspec.Struct, frozen=True):
    """How fast the machine was beside a round.

    Args:
        loop_ms: how long a fixed loop took, by the clock.
        late_p50_us: how late a thread got a processor when it was due, the median.
        late_p99_us: the same, 99th percentile.
    """

    loop_ms: Ms
    late_p50_us: float
    late_p99_us: float


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
            these behind ``local-``, measured without containers, or a peer behind ``peer-``.
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
        script: the load: ``contest.js``, or the contest's own script, ``official``; empty for the loop that was
            measured with before.
        official_total: the score that the contest's own script said.
        speed_before: how fast the host was before the subject was started.
        speed_after: the same, after its end.
        stolen_share: the share of the host's processors that its own host kept from it meanwhile.
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
    script: str = ""
    official_total: float | None = None
    speed_before: Speed | None = None
    speed_after: Speed | None = None
    stolen_share: float | None = None


class RoundsError(Exception):
    """Whoever named the directory or wrote the file made a mistake.

    Args:
        path: the file.
        reason: what is wrong with it.
        line: of the file, from 1; None if it is the whole.
    """

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        super().__init__(f"{path}: {reason}" if line is None else f"{path}:{line}: {reason}")
        self.path = path
        self.line = line


def append(directory: Path, round_: Round) -> Path:
    """Keep a round, as one more line of the directory's file.

    Args:
        directory: made if it isn't there.
        round_: what was measured; from now on it stands for any earlier one of that subject and number.

    Returns:
        The file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / FILE_NAME
    with path.open("ab") as file:
        file.write(msgspec.json.encode(round_) + b"\n")
    return path


def read_rounds(directory: Path) -> list[Round]:
    """Read all the rounds of a directory.

    Args:
        directory: holds the file that ``append`` wrote.

    Returns:
        They, by their start; of a subject and number the last that was appended.

    Raises:
        RoundsError: there is none, one can't be read, or their loads differ.
    """
    path = directory / FILE_NAME
    kept: dict[tuple[str, int], tuple[int, Round]] = {}
    for line, text in enumerate(path.read_bytes().splitlines() if path.exists() else (), start=1):
        try:
            read = msgspec.json.decode(text, type=Round)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RoundsError(path, f"not a round: {error}", line) from error
        kept[read.subject, read.number] = line, read
    if not kept:
        raise RoundsError(path, "no rounds in it")
    (_, first), *_ = kept.values()
    for line, each in kept.values():
        if (each.users, each.seconds, each.script) != (first.users, first.seconds, first.script):
            load, other = (f"{one.users} users in {one.seconds} s{_by(one.script)}" for one in (each, first))
            raise RoundsError(path, f"{load} don't compare with {other} of {first.subject} {first.number}", line)
    return sorted((each for _, each in kept.values()), key=lambda each: each.started_at)


def _by(script: str) -> str:
    return f" by {script}" if script else ""
