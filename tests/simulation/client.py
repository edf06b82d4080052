"""The worker's side of a simulated processor: it waits, and reads answers as the real client does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pykka

from actors.values import LedgerRow, Refused, Settled, Unknown
from rinha.processors import wire

if TYPE_CHECKING:
    from actors.values import HealthReport, Payment
    from rinha.processors.wire import Answer
    from tests.simulation.processor import SimulatedProcessor
    from tests.simulation.runtime import SimulatedFuture
    from tests.simulation.scheduler import Scheduler

DEADLINE_S = 2.0
"""How long our client waits for a whole answer. Shorter than in earnest, so that a run has time for what follows."""

HEALTH_DEADLINE_S = 6.0


class Knowledge:
    """What one worker could know of its posts, and the posts that it should not have made, knowing that."""

    def __init__(self) -> None:
        self.holders: dict[bytes, str] = {}
        """The processor that told of a payment that it is committed there."""
        self.misplaced: list[str] = []
        self._under_way: dict[bytes, int] = {}

    def begin(self, payment_id: bytes, processor: str) -> None:
        name = f"#{int.from_bytes(payment_id)} was sent to {processor}"
        holder = self.holders.get(payment_id, processor)
        if holder != processor:
            self.misplaced.append(f"{name}, and {holder} had told that it holds it")
        if payment_id in self._under_way:
            self.misplaced.append(f"{name} while it was under way")
        self._under_way[payment_id] = self._under_way.get(payment_id, 0) + 1

    def end(self, payment_id: bytes) -> None:
        self._under_way[payment_id] -= 1
        if not self._under_way[payment_id]:
            del self._under_way[payment_id]


class SimulatedClient:
    """One worker's client of a processor (``actors.ports.ProcessorClient``); no post is made twice.

    Args:
        processor: the processor.
        scheduler: time and chance.
        incarnation: the worker's.
        knowledge: shared by the worker's clients.
    """

    def __init__(
        self, processor: SimulatedProcessor, scheduler: Scheduler, incarnation: int, knowledge: Knowledge
    ) -> None:
        self._knowledge = knowledge
        self._processor = processor
        self._scheduler = scheduler
        self._incarnation = incarnation

    def post(self, payment: Payment, requested_at_ms: int) -> Settled | Refused | Unknown:
        begun_s = self._scheduler.now_s
        self._knowledge.begin(payment.payment_id, self._processor.name)
        try:
            return self._post(payment, requested_at_ms, begun_s)
        finally:
            self._knowledge.end(payment.payment_id)

    def _post(self, payment: Payment, requested_at_ms: int, begun_s: float) -> Settled | Refused | Unknown:
        if self._processor.refuses_connection():
            self._scheduler.sleep(0.001)
            return Refused("no connection")
        row = LedgerRow(payment.payment_id, self._processor.name, payment.amount_cents, requested_at_ms)
        answer = _wait(self._processor.post(row, self._incarnation), DEADLINE_S)
        if answer is None:
            return Unknown("no answer")
        if answer.status in {200, 422}:
            self._knowledge.holders[payment.payment_id] = self._processor.name
        outcome = wire.read_post_answer(answer, payment, requested_at_ms)
        if outcome is not None:
            return outcome
        found = self._find(payment.payment_id, begun_s + DEADLINE_S - self._scheduler.now_s)
        return found if isinstance(found, Settled) else Unknown(f"HTTP 422, then: {found.reason}")

    def find(self, payment_id: bytes) -> Settled | Refused | Unknown:
        return self._find(payment_id, DEADLINE_S)

    def health(self) -> HealthReport | None:
        answer = _wait(self._processor.health(), HEALTH_DEADLINE_S)
        return answer and wire.read_health_answer(answer)

    def _find(self, payment_id: bytes, timeout_s: float) -> Settled | Refused | Unknown:
        answer = _wait(self._processor.find(payment_id), max(0.0, timeout_s))
        return Unknown("no answer to the look-up") if answer is None else wire.read_find_answer(answer, payment_id)


def _wait(answer: SimulatedFuture, timeout_s: float) -> Answer | None:
    try:
        reply: Answer | None = answer.get(timeout=timeout_s)
    except pykka.Timeout:
        return None
    return reply
