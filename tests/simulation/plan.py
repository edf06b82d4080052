"""What is to happen in a run, drawn from its seed."""

from __future__ import annotations

import math
import random
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from actors.intake.backlog.entry import LONGEST_DELAY_S
from actors.plan import Sizes
from tests.simulation.policies import draw_policy
from tests.simulation.processor import GRUDGES, Faults
from tests.simulation.worker import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rinha.processors.wire import Answer

LEVELS = ("steady", "fragile", "queued", "background", "durable")
"""No worker crashes; it crashes and has no journal; the same, and APIs promise what it doesn't have yet; it crashes and
has a journal that is written after the fact; it crashes and has one that is written before anything is promised or
sent."""

PURGE = "PurgePayments"
TARGETS = ("AttemptEnded", "Attempt", "SubmitPayments", "RecordPayment", PURGE)
JOURNAL_TARGETS = ("Persist", "Committed", "Commit")
"""Messages whose handlings crash."""

NAMES = ("default", "fallback")

SPAN_S = 6.0
"""For so long things happen; then all faults stop."""


LAST_CRASH_SHARE, LAST_CRASH_FIRST = 0.5, 500
"""How many runs have one (``_last_crash``), and the number of its first payment, which no other has."""


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
    """A run. ``grudges`` are payments that a processor never takes; ``repeat_s`` says for how long APIs remember what
    they sent: until its end, or not at all."""

    level: str
    repeat_s: float
    config: Config
    faults: dict[str, Faults]
    grudges: dict[str, dict[bytes, Answer]]
    chaos_share: float
    chaos_target: str
    chaos_crashes: int
    disk_failure_share: float
    poisonous_share: float
    happenings: list[Happening]


def draw_plan(seed: int, chance: random.Random, levels: tuple[str, ...]) -> Plan:
    """Draw a run."""
    level = chance.choice(levels)
    memory = random.Random(f"the memory of run {seed}")
    targets = (*TARGETS, *JOURNAL_TARGETS) if level in {"background", "durable"} else TARGETS
    target = chance.choice((None, None, "", PURGE, *targets))  # of purges there are few
    numbers = count()
    happenings = [_payment(chance, numbers, _instant_s(chance) * 0.8) for _ in range(_number_of_payments(chance))]
    happenings += [_at(chance, "break_connection", chance.randrange(2)) for _ in range(_few(chance, 5))]
    happenings += [_at(chance, "crash_api", chance.randrange(2)) for _ in range(_few(chance, 2))]
    happenings += [_at(chance, "jump_clock", chance.randint(-3_600_000, 3_600_000)) for _ in range(_few(chance, 2))]
    happenings += [_at(chance, "fail_processor", *_lapse(chance)) for _ in range(_few(chance, 4))]
    happenings += [_at(chance, "slow_processor", *_lapse(chance), _slowness_s(chance)) for _ in range(_few(chance, 4))]
    happenings += [_at(chance, "check_counts") for _ in range(5)]
    if target == PURGE or chance.random() < 0.3:
        for _ in range(chance.randint(1, 3)):
            happenings += _purge(chance, numbers)
    if chance.random() < 0.2:
        # While something is under way.
        soon_s = chance.choice(happenings).at_s + chance.random() * 0.1
        happenings.append(Happening(soon_s, "purge", (chance.randrange(2),)))
    if level != "steady":
        happenings += [_at(chance, "crash_worker") for _ in range(_few(chance, 2))]
        happenings += [_at(chance, "drain_worker") for _ in range(_few(chance, 2))]
        soon_s = chance.choice(happenings).at_s + chance.random() * 0.1
        happenings.append(Happening(soon_s, "crash_worker"))
        happenings += _crash_while_slow(chance, numbers)
    if level in {"background", "durable"}:
        happenings += [_at(chance, "fill_disk", chance.random() * 2) for _ in range(_few(chance, 1))]
        happenings += [_at(chance, "freeze_disk", chance.random() * 4) for _ in range(_few(chance, 2))]
    happenings += [_unroute(chance) for _ in range(_few(chance, 1))]
    if level in {"fragile", "queued"}:
        happenings += _last_crash(random.Random(f"the last crash of run {seed}"))
    if level in {"background", "durable"}:
        happenings += [_payment(memory, numbers, memory.random() * 2, "old") for _ in range(memory.randint(0, 4))]
    happenings.sort(key=lambda each: each.at_s)
    return Plan(
        level=level,
        repeat_s=chance.choice((300.0, 300.0, 300.0, 0.0)),
        config=Config(
            pool_size=chance.randint(2, 6),
            backlog_max=chance.choice((8, 16, 64)),
            latency_s=chance.choice((0.002, 0.002, 0.02, 0.3)),
            policy=draw_policy(chance),
            settle_per_s=chance.choice((math.inf, 10.0, 100.0)),
            sizes=_sizes(chance, memory),
            # Few, so that most runs go beyond it; but more than what is told again after crashes may be behind.
            memory_payments=memory.choice((12, 16, 24, 1000)),
        ),
        faults={name: _faults(chance) for name in NAMES},
        grudges=_grudges(chance, next(numbers)),
        chaos_share=0.0 if target is None else chance.choice(_shares(target)),
        chaos_target=target or "",
        # As many as are borne: the next one ends the process.
        chaos_crashes=5 if level == "steady" else 12,
        disk_failure_share=chance.choice((0.0, 0.0, 0.1)),
        poisonous_share=0.05 if target is not None and level != "steady" else 0.0,
        happenings=happenings,
    )


def _sizes(chance: random.Random, memory: random.Random) -> Sizes:
    """Small, so that a run of a few payments fills buckets, blocks, windows and mailboxes."""
    return Sizes(
        bucket_records=chance.choice((1, 2, 5)),
        block_rows=chance.choice((1, 2, 5)),
        window_payments=chance.choice((1, 1, 3, 2048)),
        mailbox_messages=chance.choice((32, 5120)),
        sum_ms=memory.choice((100, 500, 3000)),
        start_rows=memory.choice((0, 1, 3, 20)),
    )


def _shares(target: str) -> tuple[float, ...]:
    """Of handlings that crash. There are few purges, and one is given up when it crashes three times in a row."""
    if target == PURGE:
        return (0.3, 1.0, 1.0)
    return (0.1, 0.3) if target else (0.01, 0.05)


def _number_of_payments(chance: random.Random) -> int:
    """Mostly few, for the sake of speed; some runs have more than anything that is small holds."""
    return chance.randint(35, 60) if chance.random() < 0.15 else chance.randint(8, 25)


def _purge(chance: random.Random, numbers: Iterator[int]) -> list[Happening]:
    """A purge, and payments that cross it on their way."""
    purge = _at(chance, "purge", chance.randrange(2))
    happenings = [
        _payment(chance, numbers, purge.at_s + _offset_s(chance), chance.choice(("", "twice", "at once")))
        for _ in range(chance.randint(0, 4))
    ]
    if chance.random() < 0.5:
        happenings.append(Happening(purge.at_s + abs(_offset_s(chance)), "crash_api", (chance.randrange(2),)))
    if chance.random() < 0.5:
        # Not later than anything else: what is drawn "soon after something" must come while faults still may.
        again_s = min(SPAN_S - 0.5, purge.at_s + chance.choice((0.1, 0.5, 2.0)) * (1 + chance.random()))
        happenings.append(Happening(again_s, "purge_again", (chance.randrange(2),)))
        # Behind the first, before the second delivery.
        happenings += [_payment(chance, numbers, again_s - 0.1 * chance.random()) for _ in range(chance.randint(1, 3))]
    return [purge, *happenings]


def _crash_while_slow(chance: random.Random, numbers: Iterator[int]) -> list[Happening]:
    """The worker dies, and what it has just sent is committed long after, or hidden when it is looked for.

    Its clients may send it again while the APIs come to the next worker, one after the other. Either that worker gets
    other payments, which show that the ways to the processors are good, or none.
    """
    if chance.random() < 0.3:
        return []
    name, quiet = chance.choice(NAMES), chance.random() < 0.4
    at_s = SPAN_S - 1.0 + chance.random() if quiet else 0.5 + chance.random() * 3.0
    slow = Happening(at_s - 0.4, "slow_processor", (name, chance.choice((0.5, 2.0)), 4.0))
    before = [
        _payment(chance, numbers, at_s - chance.choice((0.01, 0.3, 0.3)) * chance.random(), _soon(chance))
        for _ in range(chance.randint(2, 4))
    ]
    after = [
        _payment(chance, numbers, at_s + 0.5 + 2.5 * chance.random(), "plain")
        for _ in range(0 if quiet else chance.randint(2, 5))
    ]
    hidden = Happening(at_s + LONGEST_DELAY_S, "unroute_processor", (name, chance.choice((0.0, 8.0)), True))
    return [slow, *before, Happening(at_s, "crash_worker"), *after, hidden]


def _last_crash(chance: random.Random) -> list[Happening]:
    """In some runs nothing comes after the last crash but what clients send again.

    What was just sent is committed late, and hidden when it is looked for; or the API that sent it comes to the next
    worker after the other one. The chance is its own, so that nothing else in a run depends on this.
    """
    if chance.random() >= LAST_CRASH_SHARE:
        return []
    at_s, numbers = SPAN_S - 0.3 * chance.random(), count(LAST_CRASH_FIRST)
    before = [
        _payment(chance, numbers, at_s - 0.02 - 0.2 * chance.random(), "soon") for _ in range(chance.randint(3, 6))
    ]
    happenings = [*before, Happening(at_s, "crash_worker")]
    if chance.random() < 0.4:
        away_s = 1.0 + chance.random()
        return [*happenings, Happening(at_s, "keep_api_away", (chance.randrange(2), away_s))]
    name = chance.choice(("default", *NAMES))  # most policies send to the first one
    slow = Happening(at_s - 0.3, "slow_processor", (name, 0.5, 4.0))
    return [slow, *happenings, Happening(at_s + LONGEST_DELAY_S, "unroute_processor", (name, 8.0, True))]


def _soon(chance: random.Random) -> str:
    return chance.choice(("plain", "soon", "soon"))


def _instant_s(chance: random.Random) -> float:
    return chance.random() * SPAN_S


def _offset_s(chance: random.Random) -> float:
    """About as long as something is on its way to the worker."""
    return chance.choice((0.01, 0.3)) * (2 * chance.random() - 1)


def _at(chance: random.Random, kind: str, *arguments: object) -> Happening:
    return Happening(_instant_s(chance), kind, arguments)


def _few(chance: random.Random, most: int) -> int:
    return max(0, chance.randint(-1, most))


def _lapse(chance: random.Random) -> tuple[str, float]:
    return chance.choice(NAMES), chance.choice((0.2, 1.0, 4.0)) * chance.random()


def _unroute(chance: random.Random) -> Happening:
    """Also when payments that a worker before may have sent are looked for: that is the longest delay after its end."""
    at_s = chance.choice((1.0, 2.0)) * _instant_s(chance)
    return Happening(at_s, "unroute_processor", (*_lapse(chance), chance.random() < 0.5))


def _slowness_s(chance: random.Random) -> float:
    return chance.choice((0.1, 0.5, 1.5, 2.5, 4.0))


def _payment(chance: random.Random, numbers: Iterator[int], at_s: float, style: str = "") -> Happening:
    number = next(numbers)
    style = style or chance.choice(("plain", "plain", "plain", "twice", "again", "conflict"))
    payment = (number + 1).to_bytes(16), 1990 + number, chance.choice((0, 0, 1)), style
    return Happening(max(0.0, at_s), "pay", payment)


def _grudges(chance: random.Random, payments: int) -> dict[str, dict[bytes, Answer]]:
    """Some payments that a processor, or each of them, answers alike for as long as others are to be settled."""
    if chance.random() < 0.7:
        return {}
    names = chance.choice((NAMES, NAMES, NAMES, NAMES[:1], NAMES[1:]))
    disliked = [chance.randint(1, payments).to_bytes(16) for _ in range(chance.randint(1, 3))]
    return {name: dict.fromkeys(disliked, chance.choice(GRUDGES)) for name in names}


def _faults(chance: random.Random) -> Faults:
    shares = chance.choice(((0.0,), (0.0, 0.0, 0.05, 0.2), (0.0, 0.2, 0.4)))
    return Faults(*(chance.choice(shares) for _ in Faults._fields))
