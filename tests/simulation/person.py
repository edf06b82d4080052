"""A person who looks into the processors' books and says how payments ended whose outcome is unknown.

What is said is true, and said again until the payment is held no more: the first word comes too soon, as a rule.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from actors.intake.people.listing import LIMIT_MAX
from actors.messages.people import Close, GetHeld, GetPayments
from actors.values import Step
from rinha.bridge.protocol.wire.questions import encode_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from actors.reports import PaymentReport, PaymentsPage
    from tests.simulation.api import SimulatedApi
    from tests.simulation.processor import SimulatedProcessor
    from tests.simulation.scheduler import Scheduler
    from tests.simulation.worker import SimulatedWorker

SHARE = 0.3
"""Of the runs that have such a person."""

LOOK_S = 0.7
"""How often the person looks, and says again what was said."""


class Person:
    """Somebody with the administrator's token.

    Args:
        seed: the run's; the person's chance is apart from that of the rest.
        scheduler: time.
        worker: the one that runs now, None if there is none.
        processors: whose books to look into.
        apis: by which to speak.
        note: takes a line for the trace.
    """

    def __init__(
        self,
        seed: int,
        scheduler: Scheduler,
        worker: Callable[[], SimulatedWorker | None],
        processors: Mapping[str, SimulatedProcessor],
        apis: Sequence[SimulatedApi],
        note: Callable[[str, object], None],
    ) -> None:
        self.given_up: set[bytes] = set()
        """Payments of which was said that they are not settled; whether that was taken is another matter."""
        self._chance = random.Random(f"a person of run {seed}")
        self._scheduler = scheduler
        self._worker = worker
        self._processors = processors
        self._apis = apis
        self._note = note
        self._concerned: dict[bytes, None] = {}

    def begin(self, until_s: float) -> None:
        """Come to work, or not at all.

        Args:
            until_s: nothing new is looked into after that.
        """
        if self._chance.random() < SHARE:
            self._scheduler.later(LOOK_S * self._chance.random(), lambda: self._look(until_s))

    def _look(self, until_s: float) -> None:
        self._scheduler.later(LOOK_S, lambda: self._look(until_s))
        worker = self._worker()
        if worker is None or worker.bridge is None:
            return
        if self._scheduler.now_s < until_s:
            self._ask(worker, GetPayments(limit=LIMIT_MAX), self._choose)
        if self._concerned:
            self._ask(worker, GetHeld(), self._say)

    def _ask(self, worker: SimulatedWorker, question: Any, then: Callable[[Any], None]) -> None:
        def ask() -> None:
            try:
                answer = worker.ask(question).get()
            except Exception:
                return  # an injected crash: there is another look soon
            then(answer)

        self._scheduler.spawn("person", ask, worker.process)

    def _choose(self, page: PaymentsPage) -> None:
        doubtful = [each.payment_id for each in page.payments if _is_doubtful(each)]
        self._concerned.update((each, None) for each in doubtful if self._chance.random() < 0.5)

    def _say(self, held: Sequence[bytes]) -> None:
        for payment_id in [each for each in self._concerned if each in held]:
            holders = [each for each in self._processors.values() if payment_id in each.rows]
            if holders:
                # Where nobody remembers what went to earlier workers, both may hold it; this worker asks for its own.
                row = max(holders, key=lambda each: each.committed_for[payment_id]).rows[payment_id]
                order = Close(payment_id, row.processor, row.amount_cents, row.requested_at_ms, "", "")
            else:
                order = Close(payment_id, "", 0, 0, "", "")
                self.given_up.add(payment_id)
            api = self._chance.choice(self._apis)
            self._note(f"a person says by {api.name}", order)
            api.ask(*encode_request(order))


def _is_doubtful(report: PaymentReport) -> bool:
    """Whether a payment's outcome is unknown, though it may be looked into at this moment, or be parked."""
    return report.state == "unknown" or any(
        each.outcome == "unknown" or each.step != Step.POST.value for each in report.attempts
    )
