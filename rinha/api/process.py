"""What one API process knows of itself: what it took and refused, what it logged, which hops it remembers."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from rinha.answers.refusals import explain_refusal
from rinha.bridge.errors import NoCreditReason
from rinha.bridge.protocol.wire.frames import Tally
from rinha.bridge.protocol.wire.overview import ApiPulse
from rinha.bridge.protocol.wire.own_questions import (
    GetOwnEvents,
    GetOwnFigures,
    GetOwnHops,
    GetOwnPulse,
    GetOwnRanked,
)
from rinha.bridge.protocol.wire.processes import ApiReport, NoTraces, ProcessHops
from rinha.logs.configure import RECENT
from rinha.logs.own_events import own_events

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rinha.api.gateway import Gateway
    from rinha.bridge.protocol.wire.overview import Counted
    from rinha.bridge.protocol.wire.own_questions import OwnQuestion
    from rinha.bridge.protocol.wire.processes import ProcessEvents, Traces
    from rinha.logs.recent import RecentRecords


class ApiProcess:
    """The process, for people and for the worker that asks it.

    Args:
        name: the API's.
        run: 16 hexadecimal digits that no other start of it has.
        traces: the hops that it remembers.
        records: what it has logged of late.
        answered: tells how long its answers took since its start, by status.
    """

    def __init__(
        self,
        name: str,
        run: str,
        *,
        traces: Traces | None = None,
        records: RecentRecords = RECENT,
        answered: Callable[[], dict[str, Counted]] = dict,
    ) -> None:
        self.accepted = 0
        """Payments answered with 202; counted by whoever answers, which costs one addition."""
        self._name = name
        self._run = run
        self._traces = traces or NoTraces()
        self._records = records
        self._answered = answered
        self._started_ms = _now_ms()
        self._refused: Counter[NoCreditReason] = Counter()
        self._last_refused: tuple[int, str] = (0, "")
        self._gateway: Gateway | None = None

    def watch(self, gateway: Gateway) -> None:
        """Have the figures tell of this way to the worker, too."""
        self._gateway = gateway

    def refused(self, reason: NoCreditReason) -> None:
        """A payment was answered with 503."""
        self._refused[reason] += 1
        self._last_refused = (_now_ms(), reason.value)

    def answer(self, question: OwnQuestion) -> object:
        """Answer what the worker asks."""
        match question:
            case GetOwnFigures():
                return self.figures()
            case GetOwnEvents(after):
                return self.events(after)
            case GetOwnHops(ids):
                return self.hops(ids)
            case GetOwnPulse(after):
                return self.pulse(after)
            case GetOwnRanked(by, number):
                return self.ranked(by, number)

    def figures(self) -> ApiReport:
        """What it took and refused, and whether it would refuse now."""
        gateway = self._gateway
        reason, since_ms, tally, outbox = None, 0, Tally(), 0
        if gateway is not None:
            reason, since_ms = gateway.refusing.reason, gateway.refusing.since_ms
            tally, outbox = gateway.tally, gateway.outbox_size
        last_ms, last = self._last_refused
        return ApiReport(
            self._name,
            self._run,
            self._started_ms,
            self.accepted,
            {each.value: self._refused[each] for each in NoCreditReason},
            reason.value if reason else "",
            since_ms,
            explain_refusal(reason, since_ms, tally) if reason else "",
            since_ms if reason is NoCreditReason.WORKER_AWAY else 0,
            outbox,
            last_ms,
            last,
            tally.settled,
            tally.held,
        )

    def pulse(self, after: int) -> ApiPulse:
        """The same and more, as the worker asks for it each second; ``after`` is the number of an event."""
        credit = 0 if self._gateway is None else self._gateway.credit
        return ApiPulse(self.figures(), credit, self._answered(), self.events(after).events)

    def events(self, after: int) -> ProcessEvents:
        """What it has logged of late."""
        return own_events(self._records, self._name, self._run, after)

    def hops(self, ids: Collection[bytes]) -> ProcessHops:
        """What it remembers of these payments."""
        return ProcessHops(self._name, self._run, "api", self._traces.hops(ids))

    def ranked(self, by: str, number: int) -> list[tuple[int, bytes]]:
        """The payments that were ``slowest``, or ``failed``."""
        return self._traces.slowest(number) if by == "slowest" else self._traces.failed(number)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
