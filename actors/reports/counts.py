"""How many payments are where, and how the worker is."""

from __future__ import annotations

from typing import NamedTuple

from actors.values import ProcessorHealth  # noqa: TC001  # read when these are decoded


class Statistics(NamedTuple):
    """What the intake holds in the current epoch, by distinct id.

    Always ``accepted == settled + waiting + in_flight + unknown + parked + written_off``. ``differing`` counts settled
    ones that their processor holds with another amount than the one taken; the books have the processor's.
    """

    epoch: int
    accepted: int
    settled: int
    waiting: int
    in_flight: int
    unknown: int
    parked: int
    written_off: int
    duplicates: int
    conflicts: int
    purged: int
    differing: int = 0


class Pulse(NamedTuple):
    """What the intake is at, for who looks each second.

    Args:
        counts: how many payments are where.
        in_use: the processor that new ones go to; empty while they wait.
        begun: attempts that were begun since the start, by processor.
    """

    counts: Statistics
    in_use: str
    begun: dict[str, int]


class AtWork(NamedTuple):
    """A payment actor's present attempt: where, and which ``Step``."""

    actor: str
    processor: str
    step: str


class WorkerStatistics(NamedTuple):
    """What a worker holds, and how it is.

    Args:
        counts: the intake's.
        processors: each processor's health, in the configured order.
        dead_letters: how many there were since the start, by the message's class.
        crashes: how many there were since the start, by the actor's name.
    """

    counts: Statistics
    processors: tuple[ProcessorHealth, ...]
    dead_letters: dict[str, int]
    crashes: dict[str, int]
