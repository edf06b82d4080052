"""What the APIs have said of themselves, each second: present ones as they are, and all that ever were in the sums."""

from __future__ import annotations

from collections import deque
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from rinha.bridge.protocol.wire.overview import Counted
from rinha.overview.histogram import total
from rinha.overview.seconds import WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rinha.bridge.protocol.wire.overview import ApiPulse

RUNS_MAX = 64
"""Starts of APIs that are remembered one by one; those that were away for longest are remembered as sums by name."""
ACCEPTED = "202"


class ApiSums(NamedTuple):
    """Counts since the worker's start, or of one API since its own. They never fall.

    Args:
        accepted: payments answered with 202.
        refused: payments answered with 503, by the reason's code.
        answered: how long answers took, by status.
    """

    accepted: int = 0
    refused: Mapping[str, int] = MappingProxyType({})
    answered: Mapping[str, Counted] = MappingProxyType({})


class Apis:
    """The APIs, by name and run: one that was started anew counts on from where it was, and so do two of one name."""

    def __init__(self) -> None:
        self.present: tuple[ApiPulse, ...] = ()
        """Those that answered the last time, by name."""
        self.missing: tuple[str, ...] = ()
        """Who didn't, and why."""
        self._last: dict[tuple[str, str], ApiPulse] = {}
        self._gone: dict[str, ApiSums] = {}
        self._accepted: deque[tuple[float, dict[tuple[str, str], int]]] = deque()

    def take(self, now_s: float, pulses: Iterable[ApiPulse], missing: tuple[str, ...]) -> None:
        """Take what came of a question to all of them.

        Args:
            now_s: the present, on the monotonic clock.
            pulses: their answers.
            missing: who gave none, and why.
        """
        self.present = tuple(sorted(pulses, key=lambda each: (each.report.name, each.report.run)))
        self.missing = missing
        for each in self.present:
            key = each.report.name, each.report.run
            self._last.pop(key, None)
            self._last[key] = each._replace(events=())
        accepted = {key: last.report.accepted for key, last in self._last.items()}
        self._accepted.append((now_s, accepted))
        while len(self._accepted) > 2 and self._accepted[1][0] <= now_s - WINDOW_S:
            self._accepted.popleft()
        while len(self._last) > RUNS_MAX:
            (name, _run), last = next(iter(self._last.items()))
            del self._last[name, _run]
            self._gone[name] = _sum((self._gone.get(name, ApiSums()), _sums(last)))

    def per_s(self, pulse: ApiPulse) -> float:
        """Payments a second that an API has accepted, in the last ten."""
        (first_s, first), (last_s, last) = self._accepted[0], self._accepted[-1]
        key = pulse.report.name, pulse.report.run
        number = last.get(key, 0) - first.get(key, 0)
        return round(number / (last_s - first_s), 3) if last_s > first_s else 0.0

    def sums(self) -> dict[str, ApiSums]:
        """The sums of each API, by name."""
        by_name = {name: [sums] for name, sums in self._gone.items()}
        for (name, _run), last in self._last.items():
            by_name.setdefault(name, []).append(_sums(last))
        return {name: _sum(each) if len(each) > 1 else each[0] for name, each in sorted(by_name.items())}

    def in_all(self) -> ApiSums:
        """Those of all APIs together; of the answers, those with 202."""
        accepted, refused, counted = 0, dict[str, int](), list[Counted]()
        for each in (*self._gone.values(), *map(_sums, self._last.values())):
            accepted += each.accepted
            for reason, number in each.refused.items():
                refused[reason] = refused.get(reason, 0) + number
            if ACCEPTED in each.answered:
                counted.append(each.answered[ACCEPTED])
        return ApiSums(accepted, refused, {ACCEPTED: total(counted)})


def _sums(pulse: ApiPulse) -> ApiSums:
    return ApiSums(pulse.report.accepted, pulse.report.refused, pulse.answered)


def _sum(several: Iterable[ApiSums]) -> ApiSums:
    accepted, refused, answered = 0, dict[str, int](), dict[str, Counted]()
    for each in several:
        accepted += each.accepted
        for reason, number in each.refused.items():
            refused[reason] = refused.get(reason, 0) + number
        for status, counted in each.answered.items():
            answered[status] = total((answered[status], counted)) if status in answered else counted
    return ApiSums(accepted, refused, answered)
