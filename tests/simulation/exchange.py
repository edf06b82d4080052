"""HTTP between one worker and a simulated processor: what the real ``HttpProcessorClient`` stands on here."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pykka

from rinha.processors.errors import AnswerLost, NotSent
from tests.simulation.processor import HEALTH, read_id, read_payment

if TYPE_CHECKING:
    from rinha.processors.wire import Answer
    from tests.simulation.processor import SimulatedProcessor
    from tests.simulation.scheduler import Scheduler


REQUESTS_PER_S_MAX = 30
"""Requests for one payment to one processor within a second. An outcome that is looked into at once, after 0.1 s, and
then twice as long each time comes to ten; the most in 700 runs were 16; a loop without pause comes to hundreds.
"""


class Knowledge:
    """What one worker could know of its posts, and the posts that it should not have made, knowing that."""

    def __init__(self) -> None:
        self.holders: dict[bytes, str] = {}
        """The processor that told of a payment that it is committed there."""
        self.misplaced: list[str] = []
        self.hasty: set[str] = set()
        """What was asked for too often in one second."""
        self._under_way: set[bytes] = set()
        self._requests: Counter[tuple[str, bytes, int]] = Counter()

    def count(self, payment_id: bytes, processor: str, now_s: float) -> None:
        """Count a request of any kind."""
        key = processor, payment_id, int(now_s)
        self._requests[key] += 1
        if self._requests[key] > REQUESTS_PER_S_MAX:
            self.hasty.add(f"{processor} was asked for #{int.from_bytes(payment_id)} over {REQUESTS_PER_S_MAX} times")

    def begin(self, payment_id: bytes, processor: str) -> None:
        name = f"#{int.from_bytes(payment_id)} was sent to {processor}"
        holder = self.holders.get(payment_id, processor)
        if holder != processor:
            self.misplaced.append(f"{name}, and {holder} had told that it holds it")
        if payment_id in self._under_way:
            self.misplaced.append(f"{name} while it was under way")
        self._under_way.add(payment_id)

    def end(self, payment_id: bytes, processor: SimulatedProcessor, answer: Answer | None) -> None:
        self._under_way.discard(payment_id)
        # A 422 for what isn't there is no word of its being there.
        if answer is not None and answer.status in {200, 422} and payment_id in processor.rows:
            self.holders[payment_id] = processor.name


class SimulatedExchange:
    """One worker's exchange with a processor (``rinha.processors.client.Exchange``).

    Args:
        processor: the processor.
        scheduler: time and chance.
        incarnation: the worker's.
        knowledge: shared by the worker's exchanges.
    """

    def __init__(
        self, processor: SimulatedProcessor, scheduler: Scheduler, incarnation: int, knowledge: Knowledge
    ) -> None:
        self._knowledge = knowledge
        self._processor = processor
        self._scheduler = scheduler
        self._incarnation = incarnation

    def request(self, method: str, target: str, body: bytes = b"", *, deadline_s: float) -> Answer:
        name = self._processor.name
        if method != "POST":
            # A row that is there may be asked for again and again, to vouch for look-ups of many others.
            if target != HEALTH and read_id(target) not in self._processor.rows:
                self._knowledge.count(read_id(target), name, self._scheduler.now_s)
            return self._exchange(method, target, body, deadline_s)
        payment_id = read_payment(body, name).payment_id
        answer: Answer | None = None
        self._knowledge.count(payment_id, name, self._scheduler.now_s)
        self._knowledge.begin(payment_id, name)
        try:
            answer = self._exchange(method, target, body, deadline_s)
        finally:
            self._knowledge.end(payment_id, self._processor, answer)
        return answer

    def close(self) -> None:
        pass

    def _exchange(self, method: str, target: str, body: bytes, deadline_s: float) -> Answer:
        if self._processor.refuses_connection():
            self._scheduler.sleep(0.001)
            raise NotSent("no connection")
        try:
            answer: Answer | None = self._processor.request(method, target, body, self._incarnation).get(
                timeout=deadline_s
            )
        except pykka.Timeout:
            raise AnswerLost("no answer in time") from None
        if answer is None:
            raise AnswerLost("connection broken")
        return answer
