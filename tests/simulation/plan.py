"""What is to happen in a run, drawn from its seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.intake.routing import Cheapest, Fastest
from tests.simulation.processor import Faults
from tests.simulation.worker import Config

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from actors.intake.routing import Policy
    from actors.values import ProcessorHealth

LEVELS = ("steady", "fragile", "queued", "background", "durable")
"""No worker crashes; it crashes and has no journal; the same, and APIs promise what it doesn't have yet; it crashes and
has a journal that is written after the fact; it crashes and has one that is written before anything is promised or
sent."""

TARGETS = ("AttemptEnded", "Attempt", "SubmitPayments", "RecordPayment")
JOURNAL_TARGETS = ("Persist", "Committed", "Commit")
"""Messages whose handlings crash."""

SPAN_S = 6.0
"""For so long things happen; then all faults stop."""


class Erratic(Fastest):
    """Sends payments anywhere: speed and fees depend on routing, promises don't."""

    chance: random.Random

    def choose(self, candidates: Sequence[ProcessorHealth], waited_s: float) -> str | None:
        """As ``Fastest.choose``."""
        return self.chance.choice([*(each.name for each in candidates), None])


class Happening(NamedTuple):
    """One thing that happens.

    Args:
        at_s: when.
        kind: the name of a method of ``World``.
        arguments: its arguments.
    """

    at_s: float
    kind: str
    arguments: tuple[object, ...] = ()


class Plan(NamedTuple):
    """A run. ``repeat_s`` says for how long APIs remember what they sent: until its end, or not at all."""

    level: str
    repeat_s: float
    config: Config
    faults: dict[str, Faults]
    chaos_share: float
    chaos_target: str
    chaos_crashes: int
    disk_failure_share: float
    poisonous_share: float
    happenings: list[Happening]


def draw_plan(chance: random.Random, levels: tuple[str, ...]) -> Plan:
    """Draw a run."""
    level = chance.choice(levels)
    happenings = [_payments(chance, number) for number in range(chance.randint(8, 25))]
    happenings += [_at(chance, "break_connection", chance.randrange(2)) for _ in range(_few(chance, 5))]
    happenings += [_at(chance, "crash_api", chance.randrange(2)) for _ in range(_few(chance, 2))]
    happenings += [_at(chance, "jump_clock", chance.randint(-3_600_000, 3_600_000)) for _ in range(_few(chance, 2))]
    happenings += [_at(chance, "fail_processor", *_lapse(chance)) for _ in range(_few(chance, 4))]
    happenings += [_at(chance, "slow_processor", *_lapse(chance), _slowness_s(chance)) for _ in range(_few(chance, 4))]
    happenings += [_at(chance, "check_counts") for _ in range(5)]
    if chance.random() < 0.3:
        # While something is under way.
        soon_s = chance.choice(happenings).at_s + chance.random() * 0.1
        happenings.append(Happening(soon_s, "purge", (chance.randrange(2),)))
        happenings += [_at(chance, "purge", chance.randrange(2)) for _ in range(_few(chance, 2))]
    if level != "steady":
        happenings += [_at(chance, "crash_worker") for _ in range(_few(chance, 2))]
        happenings += [_at(chance, "drain_worker") for _ in range(_few(chance, 2))]
        soon_s = chance.choice(happenings).at_s + chance.random() * 0.1
        happenings.append(Happening(soon_s, "crash_worker"))
    if level in {"background", "durable"}:
        happenings += [_at(chance, "fill_disk", chance.random() * 2) for _ in range(_few(chance, 1))]
    happenings.sort(key=lambda each: each.at_s)
    targets = (*TARGETS, *JOURNAL_TARGETS) if level in {"background", "durable"} else TARGETS
    target = chance.choice((None, None, "", *targets))
    share = 0.0 if target is None else chance.choice((0.1, 0.3) if target else (0.01, 0.05))
    return Plan(
        level=level,
        repeat_s=chance.choice((300.0, 300.0, 300.0, 0.0)),
        config=Config(
            pool_size=chance.randint(2, 6),
            backlog_max=chance.choice((8, 16, 64)),
            latency_s=chance.choice((0.002, 0.002, 0.02, 0.3)),
            policy=_policy(chance),
        ),
        faults={name: _faults(chance) for name in ("default", "fallback")},
        chaos_share=share,
        chaos_target=target or "",
        # As many as are borne: the next one ends the process.
        chaos_crashes=5 if level == "steady" else 12,
        disk_failure_share=chance.choice((0.0, 0.0, 0.1)),
        poisonous_share=0.05 if share and level != "steady" else 0.0,
        happenings=happenings,
    )


def _policy(chance: random.Random) -> Policy:
    erratic = Erratic(10.0, 1)
    erratic.chance = chance
    return chance.choice((erratic, erratic, Fastest(10.0, 1), Fastest(10.0, 0), Cheapest(0.5), Cheapest(3.0)))


def _at(chance: random.Random, kind: str, *arguments: object) -> Happening:
    return Happening(chance.random() * SPAN_S, kind, arguments)


def _few(chance: random.Random, most: int) -> int:
    return max(0, chance.randint(-1, most))


def _lapse(chance: random.Random) -> tuple[str, float]:
    return chance.choice(("default", "fallback")), chance.choice((0.2, 1.0, 4.0)) * chance.random()


def _slowness_s(chance: random.Random) -> float:
    return chance.choice((0.1, 0.5, 1.5, 2.5, 4.0))


def _payments(chance: random.Random, number: int) -> Happening:
    payment_id = (number + 1).to_bytes(16)
    cents = 1990 + number
    style = chance.choice(("plain", "plain", "plain", "twice", "again", "conflict"))
    traced_at_us = chance.choice((0, 0, 1))
    return Happening(chance.random() * SPAN_S * 0.8, "pay", (payment_id, cents, traced_at_us, style))


def _faults(chance: random.Random) -> Faults:
    shares = chance.choice(((0.0,), (0.0, 0.0, 0.05, 0.2), (0.0, 0.2, 0.4)))
    return Faults(*(chance.choice(shares) for _ in Faults._fields))
