"""The watch: looks at the whole system once a second, and tells what it has seen. Whoever has timers drives it.

It takes differences of what is counted anyway: by the actors, their meter, the recorder's review and the APIs. While
nobody asks it looks less often, and the actors' messages are not timed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from actors.messages.journal import Commit
from actors.messages.people import (
    GetAtWork,
    GetHealth,
    GetHeldReport,
    GetPayments,
    GetProcessors,
    GetPulse,
    GetSummary,
)
from rinha.bridge.protocol.wire.metrics import ApiMetrics, Metrics, ProcessorMetrics
from rinha.bridge.protocol.wire.overview import (
    ApiState,
    EdgeReport,
    HeldPayments,
    Overview,
    Refusals,
)
from rinha.overview.apis import Apis
from rinha.overview.histogram import NOTHING, total
from rinha.overview.mailboxes import Mailboxes
from rinha.overview.seconds import Reading, Seconds
from rinha.overview.settled import SettledSums
from rinha.overview.trouble import failed, slow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actors.reports import Pulse
    from actors.runtime.clocks import Clock
    from actors.runtime.meter import Meter
    from actors.runtime.supervisor import Supervisor
    from actors.values import ProcessorHealth
    from rinha.bridge.protocol.wire.overview import ApiPulse
    from rinha.bridge.protocol.wire.processes import Event, ProcessEvents
    from rinha.overview.durations import Durations
    from rinha.trace.recording.recorder import ProcessRecorder

EVENTS_MAX = 50
_EVENTS_KEPT = 200
_LATE_US = 5_000_000
"""Events are asked for again from so long before the newest: another process's clock, or its word, may be late."""
PAYMENTS_MAX, TROUBLE_MAX = 20, 10
_MINUTE_NS = 60 * 10**9
WATCHED_S = 150.0
"""Who looks asks each second, and who collects metrics mostly once a minute: after so long without, nobody does."""
UNWATCHED_LOOK_S = 5.0
"""How often it looks then: what is kept of the last five minutes is there when somebody comes, but coarser."""


class Watch:
    """Looks and tells.

    Args:
        ask: has the actors answer a question; may block or raise.
        supervisor: of the actors.
        meter: set there as an instrument, which is paused while nobody looks.
        recorder: of this process.
        durations: filled by it.
        clock: the clocks.
    """

    def __init__(
        self,
        ask: Callable[[Any], Any],
        supervisor: Supervisor,
        meter: Meter,
        recorder: ProcessRecorder,
        durations: Durations,
        clock: Clock,
    ) -> None:
        self.apis = Apis()
        self.mailboxes = Mailboxes()
        self.settled = SettledSums()
        self._ask = ask
        self._supervisor = supervisor
        self._meter = meter
        self._recorder = recorder
        self._durations = durations
        self._clock = clock
        self._started_ms = clock.now_ms()
        self._asked_s = -math.inf
        self._looked_s = -math.inf
        self._seconds = Seconds()
        self._pulse: Pulse
        self._health: tuple[ProcessorHealth, ...] = ()
        self._events: dict[tuple[str, int], Event] = {}

    @property
    def is_due(self) -> bool:
        """Whether to look again, a second after the last time or later."""
        return self._watched or self._clock.monotonic_s() - self._looked_s >= UNWATCHED_LOOK_S - 0.5

    @property
    def _watched(self) -> bool:
        return self._clock.monotonic_s() - self._asked_s <= WATCHED_S

    def _note_question(self) -> None:
        self._asked_s = self._clock.monotonic_s()
        if self._supervisor.instruments.paused:
            self._supervisor.instruments.resume()
            self.mailboxes.begin(self._asked_s, self._meter.measured())

    @property
    def events_after(self) -> int:
        """With which number all processes are to be asked for events."""
        return max(0, max((number for _role, number in self._events), default=0) - _LATE_US)

    def look(self, own: ProcessEvents, pulses: Iterable[ApiPulse], missing: tuple[str, ...]) -> None:
        """Look once; to be called each second in which a look ``is_due``.

        Args:
            own: what this process has logged since ``events_after``.
            pulses: what the APIs have said.
            missing: who of them said nothing, and why.

        Raises:
            Exception: an actor doesn't answer; that second is told of with the next one.
        """
        self.apis.take(self._clock.monotonic_s(), pulses, missing)
        self._take_events(own.events)
        for each in self.apis.present:
            self._take_events(each.events)
        pulse, summary, health = self._ask(GetPulse()), self._ask(GetSummary()), self._ask(GetHealth())
        now_s, now_ms = self._clock.monotonic_s(), self._clock.now_ms()
        self.settled.take(pulse.counts.epoch, summary)
        if not self._watched:
            self._supervisor.instruments.pause()
        elif not self._supervisor.instruments.paused:
            self.mailboxes.add(now_s, self._meter.measured())
        apis = self.apis.in_all()
        (answered,) = apis.answered.values()
        took = total(self._durations.counted().values())
        reading = Reading(
            now_s, now_ms, apis.accepted, answered, dict(apis.refused), self.settled.payments, took, pulse.begun
        )
        self._pulse, self._health = pulse, health
        self._seconds.add(reading, pulse.counts, pulse.in_use, health)
        self._looked_s = now_s

    def overview(self, after: int) -> Overview:
        """Tell of everything. The first time after a while nobody has measured what the actors are at.

        Args:
            after: of seconds with a higher number.

        Raises:
            Exception: an actor doesn't answer.
        """
        self._note_question()
        counts, seconds = self._pulse.counts, self._seconds
        restarts, dead_letters = self._supervisor.crashes.counts, self._supervisor.dead_letters.counts
        refused = seconds.refused()
        return Overview(
            self._recorder.process.run,
            self._started_ms,
            seconds.after(after),
            seconds.accepted(counts.accepted),
            seconds.settled(counts.settled),
            Refusals(sum(refused.values()), refused, self._refusing()),
            tuple(self._api(each) for each in self.apis.present),
            self._ask(GetProcessors()),
            self._ask(GetHeldReport()),
            HeldPayments(*(self._ask(GetPayments(each, PAYMENTS_MAX)).payments for each in HeldPayments._fields)),
            self.mailboxes.actors(self._supervisor.actors(), self._ask(GetAtWork()), restarts),
            self._edges(),
            tuple(map(slow, self._recorder.slow_since(self._recorder.now_ns() - _MINUTE_NS, TROUBLE_MAX))),
            tuple(map(failed, self._recorder.newest_failed(TROUBLE_MAX))),
            tuple(self._events[key] for key in sorted(self._events, key=_number)[-EVENTS_MAX:]),
            sum(dead_letters.values()),
            sum(restarts.values()),
            self.apis.missing,
        )

    def metrics(self) -> Metrics:
        """Tell what is counted, as of the last look: of actors, while somebody looked. Nobody is asked."""
        self._note_question()
        took = self._durations.counted()
        counts = self._pulse.counts
        commits = [each for each in self._meter.measured() if each.message == Commit.__name__]
        return Metrics(
            self._apis_counted(),
            {each: getattr(counts, each) for each in ("waiting", "in_flight", "unknown", "parked")},
            {
                each.name: ProcessorMetrics(
                    each.healthy,
                    each.name == self._pulse.in_use,
                    each.latency_ms or None,
                    self.settled.payments.get(each.name, 0),
                    self.settled.cents.get(each.name, 0) * each.fee_bps / 10_000,
                    took.get(each.name, NOTHING),
                )
                for each in self._health
            },
            self.mailboxes.metrics(self._supervisor.actors(), self._supervisor.crashes.counts),
            sum(self._supervisor.dead_letters.counts.values()),
            sum(each.handled for each in commits),
            sum(each.total_s for each in commits),
        )

    def _apis_counted(self) -> dict[str, ApiMetrics]:
        credit = {each.report.name: each.credit for each in self.apis.present}
        return {
            name: ApiMetrics(each.accepted, dict(each.refused), dict(each.answered), credit.get(name))
            for name, each in self.apis.sums().items()
        }

    def _refusing(self) -> str:
        return next((each.report.why for each in self.apis.present if each.report.why), "")

    def _api(self, pulse: ApiPulse) -> ApiState:
        return ApiState(pulse.report, self.apis.per_s(pulse), pulse.credit)

    def _edges(self) -> tuple[EdgeReport, ...]:
        accepted = self._seconds.accepted(0).per_s
        to_processors = (
            EdgeReport("pool", name, rate, "POST /payments") for name, rate in self._seconds.begun_per_s().items()
        )
        return (EdgeReport("apis", "bridge", accepted, "Payment"), *self.mailboxes.edges(), *to_processors)

    def _take_events(self, events: Iterable[Event]) -> None:
        for each in events:
            self._events[each.role, each.number] = each
        for key in sorted(self._events, key=_number)[:-_EVENTS_KEPT]:
            del self._events[key]


def _number(key: tuple[str, int]) -> int:
    return key[1]
