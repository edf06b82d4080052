"""What each actor has been at in the last ten seconds, and what they tell each other: from what a ``Meter`` counts.

A figure that nobody measured, because the meter has only just begun, is None.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from rinha.bridge.protocol.wire.metrics import ActorMetrics
from rinha.bridge.protocol.wire.overview import ActorReport, EdgeReport
from rinha.overview.seconds import WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from actors.recipient import Addressed
    from actors.reports import AtWork
    from actors.runtime.meter import Measured

EDGES = {
    ("intake", "SubmitPayments"): ("bridge", "intake"),
    ("payment", "Attempt"): ("intake", "pool"),
    ("intake", "AttemptEnded"): ("pool", "intake"),
    ("ledger", "RecordPayment"): ("pool", "ledger"),
    ("health", "AttemptObserved"): ("pool", "health"),
    ("intake", "PaymentRecorded"): ("ledger", "intake"),
    ("intake", "HealthChanged"): ("health", "intake"),
    ("intake", "ProbeDue"): ("health", "intake"),
    ("health", "ProbeMissing"): ("intake", "health"),
    ("ledger", "ForgetPayments"): ("intake", "ledger"),
    ("journal", "Persist"): ("intake", "journal"),
    ("intake", "PaymentsStored"): ("journal", "intake"),
}
"""Who tells whom, by the kind of actor that receives it and the message's class."""


class Worked(NamedTuple):
    """What actors did since the start: messages handled, seconds that took, and seconds those had waited."""

    handled: int = 0
    busy_s: float = 0.0
    waited_s: float = 0.0

    def plus(self, measured: Measured) -> Worked:
        """With one class of messages more."""
        handled, busy_s, waited_s = self
        return Worked(handled + measured.handled, busy_s + measured.total_s, waited_s + measured.wait_s)


class _Sample(NamedTuple):
    at_s: float
    by_actor: dict[str, Worked]
    by_message: Counter[tuple[str, str]]


def kind_of(name: str) -> str:
    """What kind of actor bears a name: the part before a hyphen."""
    return name.partition("-")[0]


class Mailboxes:
    """Keeps what was counted in the last ten seconds."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=WINDOW_S + 1)

    def begin(self, now_s: float, measured: Iterable[Measured]) -> None:
        """Take what was measured so far, after a while in which nothing was: figures are those of what comes."""
        self._samples.clear()
        self.add(now_s, measured)

    def add(self, now_s: float, measured: Iterable[Measured]) -> None:
        """Take what was measured since the start."""
        by_actor: dict[str, Worked] = {}
        by_message: Counter[tuple[str, str]] = Counter()
        for each in measured:
            by_actor[each.actor] = by_actor.get(each.actor, Worked()).plus(each)
            by_message[kind_of(each.actor), each.message] += each.handled
        self._samples.append(_Sample(now_s, by_actor, by_message))

    def worked(self) -> dict[str, Worked]:
        """What each actor did since the start, as of the last time."""
        return self._samples[-1].by_actor if self._samples else {}

    def actors(
        self, actors: Sequence[Addressed], at_work: Iterable[AtWork], restarts: Mapping[str, int]
    ) -> tuple[ActorReport, ...]:
        """Each actor.

        Args:
            actors: all there are.
            at_work: the payment actors that are at an attempt now.
            restarts: how often each was made anew, by name.
        """
        working = {each.actor: each for each in at_work}
        return tuple(self._actor(each, working.get(each.name), restarts.get(each.name, 0)) for each in actors)

    def metrics(self, actors: Iterable[Addressed], restarts: Mapping[str, int]) -> dict[str, ActorMetrics]:
        """What each did since the start, and payment actors together; for the arguments see ``actors``."""
        worked, found = self.worked(), dict[str, ActorMetrics]()
        for actor in actors:
            name = "payment" if kind_of(actor.name) == "payment" else actor.name
            mailbox, *figures, made_anew = found.get(name, ActorMetrics(0, 0, 0.0, 0.0, 0))
            handled, busy_s, waited_s = worked.get(actor.name, Worked())
            found[name] = ActorMetrics(
                mailbox + actor.waiting(),
                int(figures[0]) + handled,
                figures[1] + waited_s,
                figures[2] + busy_s,
                made_anew + restarts.get(actor.name, 0),
            )
        return found

    def edges(self) -> tuple[EdgeReport, ...]:
        """What they tell each other; only what was told ever."""
        first, last, window_s = self._window()
        return tuple(
            EdgeReport(*EDGES[key], _per_s(number - first.by_message.get(key, 0), window_s), key[1])
            for key, number in last.by_message.items()
            if key in EDGES
        )

    def _actor(self, actor: Addressed, at_work: AtWork | None, restarts: int) -> ActorReport:
        first, last, window_s = self._window()
        then, now = first.by_actor.get(actor.name, Worked()), last.by_actor.get(actor.name, Worked())
        handled = now.handled - then.handled
        return ActorReport(
            actor.name,
            kind_of(actor.name),
            actor.waiting(),
            (round((now.waited_s - then.waited_s) * 1000 / handled, 3) if handled else 0.0) if window_s else None,
            round(min(1.0, (now.busy_s - then.busy_s) / window_s), 4) if window_s else None,
            _per_s(handled, window_s),
            restarts,
            at_work.processor if at_work else "",
            at_work.step if at_work else "",
        )

    def _window(self) -> tuple[_Sample, _Sample, float]:
        if not self._samples:
            nothing = _Sample(0.0, {}, Counter())
            return nothing, nothing, 0.0
        first, last = self._samples[0], self._samples[-1]
        return first, last, last.at_s - first.at_s


def _per_s(number: float, window_s: float) -> float | None:
    return round(number / window_s, 3) if window_s > 0 else None
