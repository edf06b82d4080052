"""The payment actor: carries out one attempt at a time at a processor, and reports what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages.health import AttemptObserved
from actors.messages.settling import Attempt, AttemptEnded, PaymentActorReady, RecordPayment
from actors.values import Absent, Refused, Settled, Step, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actors.ports import ProcessorClient
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock
    from actors.values import Outcome


class PaymentActor:
    """One of the pool. It blocks while the processor works, which is what the pool is for.

    Args:
        me: its own reference.
        clients: the processors' clients by name.
        intake: told how each attempt ended.
        ledger: told of what was settled, before the intake is.
        health: told how each post went.
        clock: for latencies.
    """

    def __init__(
        self,
        me: Recipient,
        clients: Mapping[str, ProcessorClient],
        intake: Recipient,
        ledger: Recipient,
        health: Recipient,
        clock: Clock,
    ) -> None:
        self._me = me
        self._clients = clients
        self._intake = intake
        self._ledger = ledger
        self._health = health
        self._clock = clock

    def on_start(self) -> None:
        """Report for work."""
        self._intake.tell(PaymentActorReady(self._me))

    def on_receive(self, message: Any) -> None:
        """Carry out an ``Attempt``."""
        if not isinstance(message, Attempt):
            raise TypeError(f"a payment actor doesn't know {message!r}")
        outcome = self._carry_out(message)
        if isinstance(outcome, Settled):
            payment, processor = message.payment, message.processor
            values = outcome.amount_cents, outcome.requested_at_ms, message.epoch
            traced = bool(payment.traced_at_us)
            self._ledger.tell(RecordPayment(payment.payment_id, processor, *values, self._intake, traced))
        self._intake.tell(AttemptEnded(self._me, message, outcome))

    def may_retry(self, message: Any) -> bool:
        """Never: the processor may have got the payment."""
        return False

    def on_give_up(self, message: Any) -> bool:
        """Report an attempt that crashed half-way as unknown."""
        if not isinstance(message, Attempt):
            return False
        self._intake.tell(AttemptEnded(self._me, message, Unknown("its actor crashed in flight", crashed=True)))
        return True

    def _carry_out(self, attempt: Attempt) -> Outcome | Absent:
        client = self._clients[attempt.processor]
        if attempt.step is Step.LOOK_UP:
            return _look_up(client, attempt)
        if attempt.step is Step.RESOLVE:
            found = client.find(attempt.payment.payment_id)
            if isinstance(found, Settled):
                return found
        started_s = self._clock.monotonic_s()
        outcome = client.post(attempt.payment, attempt.requested_at_ms)
        latency_ms = (self._clock.monotonic_s() - started_s) * 1000
        turned_away = isinstance(outcome, Refused) and outcome.turned_away
        reason = "" if isinstance(outcome, Settled) else outcome.reason
        succeeded = _succeeded(outcome)
        observed = AttemptObserved(attempt.processor, succeeded, latency_ms, reason, turned_away, attempt.again)
        self._health.tell(observed)
        return outcome


def _look_up(client: ProcessorClient, attempt: Attempt) -> Outcome | Absent:
    """Only ask. That nothing is there counts if what is known to be there is found in between two such answers."""
    found = client.find(attempt.payment.payment_id)
    if not isinstance(found, Refused):
        return found
    if not attempt.witness or not isinstance(client.find(attempt.witness), Settled):
        return Absent(found.reason)
    found = client.find(attempt.payment.payment_id)
    return Absent(found.reason, witnessed=True) if isinstance(found, Refused) else found


def _succeeded(outcome: Outcome) -> bool | None:
    match outcome:
        case Settled():
            return True
        case Refused(permanent=True) | Unknown(denied=True):
            return None  # it answered, and so would one whose database is down: no failure, and no sign of health
    return False
