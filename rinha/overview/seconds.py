"""The last five minutes, second by second: the differences of counts that are kept anyway."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from rinha.bridge.protocol.wire.overview import ProcessorSecond, Rate, SecondReport
from rinha.overview.histogram import percentile_ms, since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.reports import Statistics
    from actors.values import ProcessorHealth
    from rinha.bridge.protocol.wire.overview import Counted

SECONDS_MAX = 300
WINDOW_S, REFUSED_S = 10, 60
"""Rates are those of the last ten seconds, which is what a person sees change; refusals are told of for a minute."""
P50, P99 = 0.5, 0.99


class Reading(NamedTuple):
    """Everything that is counted, at one instant; all since some start, so that differences tell of the time between.

    Args:
        at_s: when, on the monotonic clock.
        at_ms: the same in milliseconds since the Unix epoch.
        accepted: payments answered with 202, by all APIs.
        answered: how long that took.
        refused: payments answered with 503, by the reason's code.
        settled: payments that came into the books, by processor.
        took: how long those took from their taking.
        begun: attempts, by processor.
    """

    at_s: float
    at_ms: int
    accepted: int
    answered: Counted
    refused: dict[str, int]
    settled: dict[str, int]
    took: Counted
    begun: dict[str, int]


class Seconds:
    """Keeps them."""

    def __init__(self) -> None:
        self._seconds: deque[SecondReport] = deque(maxlen=SECONDS_MAX)
        self._readings: deque[Reading] = deque()

    def add(self, now: Reading, counts: Statistics, in_use: str, health: tuple[ProcessorHealth, ...]) -> None:
        """End a second; or, where nobody looked for some, as many, in which as much happened in each.

        Args:
            now: the present counts. The first ones only begin the first second.
            counts: how many payments are where.
            in_use: the processor that new ones go to.
            health: of each processor.
        """
        if self._readings:
            last = self._readings[-1]
            passed = max(1, min(SECONDS_MAX, round(now.at_s - last.at_s)))
            stretch = self._stretch(last, now, counts, in_use, health)
            newest = self._seconds[-1].number if self._seconds else 0
            # A clock that is set back doesn't stop them.
            stretch = stretch._replace(number=max(newest + passed, stretch.number))
            self._seconds.extend(_in_parts(stretch, passed))
        self._readings.append(now)
        while len(self._readings) > 2 and self._readings[1].at_s <= now.at_s - WINDOW_S:
            self._readings.popleft()

    def after(self, number: int) -> tuple[SecondReport, ...]:
        """Those with a higher number, the oldest first."""
        return tuple(each for each in self._seconds if each.number > number)

    @property
    def first_and_last(self) -> tuple[Reading, Reading]:
        """The counts at both ends of the last ten seconds.

        Raises:
            IndexError: nothing was counted yet.
        """
        return self._readings[0], self._readings[-1]

    def accepted(self, total: int) -> Rate:
        """What was accepted in the last ten seconds, beside ``total``, which there is of it in all."""
        first, last = self.first_and_last
        return _rate(first, last, last.accepted - first.accepted, since(last.answered, first.answered), total)

    def settled(self, total: int) -> Rate:
        """The same of what was settled."""
        first, last = self.first_and_last
        number = sum(last.settled.values()) - sum(first.settled.values())
        return _rate(first, last, number, since(last.took, first.took), total)

    def begun_per_s(self) -> dict[str, float]:
        """Attempts a second in the last ten, by processor."""
        first, last = self.first_and_last
        return {name: per_s(first, last, begun - first.begun.get(name, 0)) for name, begun in last.begun.items()}

    def refused(self) -> dict[str, int]:
        """What was refused in the last minute, by reason."""
        found: Counter[str] = Counter()
        for each in list(self._seconds)[-REFUSED_S:]:
            found.update(each.refused)
        return dict(found)

    def _stretch(
        self, before: Reading, now: Reading, counts: Statistics, in_use: str, health: tuple[ProcessorHealth, ...]
    ) -> SecondReport:
        answered, took = since(now.answered, before.answered), since(now.took, before.took)
        return SecondReport(
            now.at_ms // 1000,
            now.at_ms,
            now.accepted - before.accepted,
            percentile_ms(answered, P50),
            percentile_ms(answered, P99),
            _difference(now.settled, before.settled),
            percentile_ms(took, P50),
            percentile_ms(took, P99),
            {reason: number for reason, number in _difference(now.refused, before.refused).items() if number},
            counts.waiting,
            counts.in_flight,
            counts.unknown,
            counts.parked,
            in_use,
            {each.name: ProcessorSecond(each.healthy, round(each.latency_ms, 3) or None) for each in health},
        )


def _in_parts(stretch: SecondReport, seconds: int) -> Iterator[SecondReport]:
    """Split what happened in some seconds evenly; what was held is known of their end alone."""
    for nth in range(seconds):
        left = seconds - 1 - nth
        yield stretch._replace(
            number=stretch.number - left,
            at_ms=stretch.at_ms - left * 1000,
            accepted=_share(stretch.accepted, nth, seconds),
            settled={name: _share(number, nth, seconds) for name, number in stretch.settled.items()},
            refused={why: part for why, number in stretch.refused.items() if (part := _share(number, nth, seconds))},
        )


def _share(number: int, nth: int, parts: int) -> int:
    return number * (nth + 1) // parts - number * nth // parts


def per_s(first: Reading, last: Reading, number: float) -> float:
    """So many between two instants, a second; 0 if there is none between them."""
    return round(number / (last.at_s - first.at_s), 3) if last.at_s > first.at_s else 0.0


def _rate(first: Reading, last: Reading, number: int, counted: Counted, total: int) -> Rate:
    return Rate(per_s(first, last, number), percentile_ms(counted, P50), percentile_ms(counted, P99), total)


def _difference(now: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {name: number - before.get(name, 0) for name, number in now.items()}
