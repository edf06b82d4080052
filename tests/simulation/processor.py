"""A simulated payment processor after the public rules of the contest: delay, then failure flag, then insert.

What it does with a request goes on whether or not anybody waits for the answer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import orjson

from actors.values import LedgerRow
from rinha.processors.wire import Answer
from tests.simulation.runtime import SimulatedFuture

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.scheduler import Scheduler

EMPTY_500 = Answer(500, b"")
DATABASE_500 = Answer(500, b'{"error": "database"}')
GARBAGE = Answer(302, b"<html>")
HEALTH = "/payments/service-health"
NO_ROUTE = Answer(404, b"<html>")
GRUDGES = (EMPTY_500, DATABASE_500, Answer(422, b"{}"))
"""Answers to a payment that a processor never commits, though it is well."""
TURNED_AWAY = tuple(Answer(status, b"") for status in (401, 403, 404, 405, 408, 421, 425, 451))
LATER_S = 3.0
"""So long after its 409 it commits, at most."""
LOST = None
"""The connection breaks without an answer."""


class Faults(NamedTuple):
    """Shares of requests that go wrong, and how."""

    unreachable: float = 0.0
    overloaded: float = 0.0
    rejected: float = 0.0
    lost_request: float = 0.0
    lost_answer: float = 0.0
    error_after: float = 0.0
    error_before: float = 0.0
    garbage: float = 0.0
    turned_away: float = 0.0
    in_progress: float = 0.0
    denied: float = 0.0


class SimulatedProcessor:
    """One processor's state; it outlives every worker.

    Args:
        name: the processor's name.
        scheduler: its time and chance.
        note: takes a line for the trace.
    """

    def __init__(self, name: str, scheduler: Scheduler, note: Callable[[str, object], None]) -> None:
        self.name = name
        self.rows: dict[bytes, LedgerRow] = {}
        self.committed_for: dict[bytes, int] = {}
        """The incarnation of the worker whose request committed."""
        self.faults = Faults()
        self.failing = False
        self.unrouted = 0
        """Fronts without a route to it, which answer 404 to anything."""
        self.health_is_routed = True
        """Whether they have one to its health endpoint all the same."""
        self.grudges: dict[bytes, Answer] = {}
        """What it answers to payments that it never commits, however well it is."""
        self.delay_s = 0.005
        self.working = 0
        """Requests that may commit yet."""
        self._scheduler = scheduler
        self._note = note

    def request(self, method: str, target: str, body: bytes, incarnation: int) -> SimulatedFuture:
        """Take a request of a worker.

        Returns:
            The answer to come, or not; ``LOST`` if the connection breaks.
        """
        answer = SimulatedFuture()
        if (method, target) == ("POST", "/payments"):
            self._post(read_payment(body, self.name), incarnation, answer)
        elif (method, target) == ("GET", HEALTH):
            self._tell_health(answer)
        else:
            payment_id = read_id(target)
            self._scheduler.later(self._latency_s(), lambda: self._look_up(payment_id, answer))
        return answer

    def _post(self, row: LedgerRow, incarnation: int, answer: SimulatedFuture) -> None:
        self.working += 1
        self._scheduler.later(self._latency_s(), lambda: self._arrive(row, incarnation, answer))

    def _tell_health(self, answer: SimulatedFuture) -> None:
        if self.unrouted and not self.health_is_routed:
            self._scheduler.later(self._latency_s(), lambda: answer.set(NO_ROUTE))
        elif self._strikes(self.faults.overloaded + self.faults.garbage):
            odd = self._scheduler.chance.choice((GARBAGE, Answer(429, b""), LOST))
            self._scheduler.later(self._scheduler.chance.choice((0.01, 5.0)), lambda: answer.set(odd))
        else:
            body = orjson.dumps({"failing": self.failing, "minResponseTime": round(self.delay_s * 1000)})
            self._scheduler.later(self._latency_s(), lambda: answer.set(Answer(200, body)))

    def refuses_connection(self) -> bool:
        """Whether it can't be reached this time."""
        return self._strikes(self.faults.unreachable)

    def _arrive(self, row: LedgerRow, incarnation: int, answer: SimulatedFuture) -> None:
        if self.unrouted:
            self._turn_away("has no route", row, answer, NO_ROUTE)
        elif self._strikes(self.faults.lost_request):
            self._end("never gets", row, answer, LOST)
        elif self._strikes(self.faults.turned_away):
            self._turn_away("turns away", row, answer, self._scheduler.chance.choice(TURNED_AWAY))
        elif self._strikes(self.faults.overloaded):
            self._end("429", row, answer, Answer(429, b""))
        else:
            delay_s = self.delay_s * (0.8 + 0.4 * self._scheduler.chance.random())
            self._scheduler.later(delay_s, lambda: self._work(row, incarnation, answer))

    def _turn_away(self, what: str, row: LedgerRow, answer: SimulatedFuture, reply: Answer) -> None:
        """Not at once: a payment that is free may come back as soon as it is turned away."""
        self._scheduler.later(0.05, lambda: self._end(what, row, answer, reply))

    def _work(self, row: LedgerRow, incarnation: int, answer: SimulatedFuture) -> None:
        faults, payment_id = self.faults, row.payment_id
        known = payment_id in self.rows
        if self.failing:
            self._end("fails", row, answer, EMPTY_500)
        elif payment_id in self.grudges and not known:
            self._end("never takes", row, answer, self.grudges[payment_id])
        elif self._strikes(faults.rejected) and not known:
            self._end("rejects", row, answer, Answer(400, b"{}"))
        elif self._strikes(faults.error_before):
            self._end("errs", row, answer, DATABASE_500)
        elif self._strikes(faults.denied) and not known:
            self._end("denies", row, answer, Answer(422, b"{}"))
        elif self._strikes(faults.in_progress) and not known:
            self._scheduler.later(self._latency_s(), lambda: answer.set(Answer(409, b"{}")))
            self._scheduler.later(
                self._scheduler.chance.random() * LATER_S, lambda: self._commit_late(row, incarnation)
            )
        else:
            if not known:
                self.rows[payment_id] = row
                self.committed_for[payment_id] = incarnation
            if self._strikes(faults.lost_answer):
                # Half of them leave the client waiting for its deadline.
                silent = self._scheduler.chance.random() < 0.5
                self._end("commits, answer lost", row, answer, LOST, silent=silent)
            elif self._strikes(faults.error_after):
                self._end("commits, then errs", row, answer, DATABASE_500)
            elif self._strikes(faults.garbage):
                self._end("commits, answers garbage", row, answer, GARBAGE)
            elif known:
                self._end("422", row, answer, Answer(422, b"{}"))
            else:
                self._end("commits", row, answer, Answer(200, b"{}"))

    def _end(
        self, what: str, row: LedgerRow, answer: SimulatedFuture, reply: Answer | None, *, silent: bool = False
    ) -> None:
        self.working -= 1
        self._note(f"{self.name} {what}", row)
        if not silent:
            self._scheduler.later(self._latency_s(), lambda: answer.set(reply))

    def _commit_late(self, row: LedgerRow, incarnation: int) -> None:
        if row.payment_id not in self.rows:
            self.rows[row.payment_id] = row
            self.committed_for[row.payment_id] = incarnation
        self.working -= 1
        self._note(f"{self.name} commits after its 409", row)

    def _look_up(self, payment_id: bytes, answer: SimulatedFuture) -> None:
        row = self.rows.get(payment_id)
        reply: Answer | None = Answer(404, b"")
        if self.unrouted:
            reply = NO_ROUTE
        elif self._strikes(self.faults.overloaded):
            reply = Answer(429, b"")
        elif self._strikes(self.faults.lost_answer):
            reply = LOST
        elif row is not None:
            body = {
                "correlationId": str(UUID(bytes=payment_id)),
                "amount": row.amount_cents / 100,
                "requestedAt": _format_instant(row.requested_at_ms),
            }
            reply = Answer(200, orjson.dumps(body))
        self._scheduler.later(self._latency_s(), lambda: answer.set(reply))

    def _latency_s(self) -> float:
        return self._scheduler.chance.random() * 0.002

    def _strikes(self, share: float) -> bool:
        return share > 0.0 and self._scheduler.chance.random() < share


def read_id(target: str) -> bytes:
    """The payment that is looked up by the path of a GET."""
    return UUID(target.removeprefix("/payments/")).bytes


def read_payment(body: bytes, processor: str) -> LedgerRow:
    """The row that a processor makes of the body of a POST."""
    payment = orjson.loads(body)
    since_1970 = datetime.fromisoformat(payment["requestedAt"]) - datetime(1970, 1, 1, tzinfo=UTC)
    at_ms = since_1970 // timedelta(milliseconds=1)
    return LedgerRow(UUID(payment["correlationId"]).bytes, processor, round(payment["amount"] * 100), at_ms)


def _format_instant(instant_ms: int) -> str:
    second, milliseconds = divmod(instant_ms, 1000)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"
