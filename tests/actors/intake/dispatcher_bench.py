"""A dispatcher with its neighbours, and nobody who carries anything out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from actors.intake.backlog.backlog import Backlog
from actors.intake.dispatch.dispatcher import Dispatcher
from actors.intake.dispatch.pace import Pace
from actors.intake.dispatch.pool import Pool
from actors.values import Payment, ProcessorHealth
from tests.actors.fakes import FakeClock

if TYPE_CHECKING:
    from actors.intake.dispatch.routing import Policy
    from actors.messages.settling import Attempt
    from actors.recipient import Recipient

NAMES = ("default", "fallback")


class Worker:
    def tell(self, message: Any) -> None:
        raise AssertionError("the dispatcher tells nobody anything")


class DispatcherBench:
    """A dispatcher with its neighbours."""

    def __init__(self, policy: Policy, workers: int = 8, limit: int = 4, per_s: float = math.inf) -> None:
        self.clock = FakeClock()
        self.backlog = Backlog(NAMES)
        self.pool = Pool(NAMES, limit)
        self.states = {
            "default": ProcessorHealth("default", 500),
            "fallback": ProcessorHealth("fallback", 1500),
        }
        self.dispatcher = Dispatcher(
            self.backlog, self.pool, policy, list(self.states.values()), self.clock, Pace(per_s)
        )
        for _ in range(workers):
            self.pool.add(Worker())
        self.under_way: list[tuple[Recipient, Attempt]] = []
        self.taken = 0

    def health(self, name: str, **fields: Any) -> None:
        self.states[name] = self.states[name]._replace(**fields)
        self.dispatcher.update(list(self.states.values()))

    def take(self, payments: int = 1) -> None:
        for _ in range(payments):
            self.taken += 1
            self.backlog.take(Payment(self.taken.to_bytes(16), 1990), self.clock.now_s)

    def go(self) -> Attempt | None:
        planned = self.dispatcher.next()
        if planned is None:
            return None
        self.under_way.append(planned)
        return planned[1]

    def go_all(self) -> list[Attempt]:
        attempts = []
        while (attempt := self.go()) is not None:
            attempts.append(attempt)
        return attempts

    def end(self, attempt: Attempt) -> None:
        (found,) = [each for each in self.under_way if each[1] is attempt]
        self.under_way.remove(found)
        self.pool.end(*found)

    def refuse(self, attempt: Attempt, *, permanent: bool = False) -> None:
        """Have an attempt end with a refusal."""
        self.end(attempt)
        self.dispatcher.failed(attempt)
        self.backlog.outcomes.refuse(attempt.payment.payment_id, "HTTP 500", self.clock.now_s, permanent=permanent)

    def leave_unknown(self, attempt: Attempt) -> None:
        """Have an attempt end without an outcome."""
        self.end(attempt)
        self.dispatcher.failed(attempt)
        self.backlog.outcomes.mark_unknown(attempt.payment.payment_id, self.clock.now_s)

    def make_unknown(self, processor: str) -> None:
        """Take a payment, and have its outcome at a processor unknown, due at once."""
        self.take()
        newest = self.backlog.heads(self.clock.now_s)[-1]
        self.backlog.dispatch(newest, processor, 4000)
        self.backlog.outcomes.mark_unknown(newest.payment.payment_id, self.clock.now_s)


def where(attempts: list[Attempt]) -> list[str]:
    return [each.processor for each in attempts]
