"""What becomes of a payment's request, whichever way it came: the same words for both.

``read``, ``hand_over``, then ``conclude`` where the worker's verdict is waited for, and ``note`` with the reply.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from actors.values import Payment, Verdict
from rinha.api import problems
from rinha.api.endpoints.payment_request import parse_payment
from rinha.api.problems import RETRY_AFTER
from rinha.bridge.errors import NoCredit, NoCreditReason, OutcomeUnknown
from rinha.trace.ids import TRACEPARENT

if TYPE_CHECKING:
    from asyncio import Future

    from actors.tracing import Fields, Recorder
    from rinha.api.gateway import Gateway
    from rinha.api.problems import InvalidRequest
    from rinha.api.process import ApiProcess
    from rinha.api.replies import FixedReply, Replies
    from rinha.trace.ids import TraceParent

NOT_ACCEPTED = {
    NoCreditReason.FULL: "The worker holds as many payments as it may",
    NoCreditReason.WORKER_AWAY: "The worker is away",
    NoCreditReason.STORE_AWAY: "The worker's store is away, so nothing can be put on record",
    NoCreditReason.PROMISE_LOST: "The worker takes no more payments until it is restarted",
    NoCreditReason.MEMORY_FULL: "The worker has used up its memory, and takes no more payments until it has room",
    NoCreditReason.DRAINING: "This API is shutting down",
    NoCreditReason.NATS_AWAY: "NATS is away",
    NoCreditReason.NO_STREAM: "NATS has no stream for payments",
    NoCreditReason.STREAM_FULL: "The stream of payments is full",
}


class PaymentTaker:
    """Takes payments.

    Args:
        gateway: the way to the worker.
        accept: what a 202 means: see ``RINHA_ACCEPT``; ``queued`` is answered without waiting for the worker.
        repeat_s: how long an id is known as sent before, after a restart of a worker that isn't durable.
        replies: makes the responses.
        recorder: told of each payment, with its answer.
        process: counts what is accepted and refused.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        accept: Literal["queued", "received", "durable"],
        repeat_s: float,
        replies: Replies,
        recorder: Recorder,
        process: ApiProcess,
    ) -> None:
        self._gateway = gateway
        self._waits_for_verdict = accept != "queued"
        self._repeat = _repeat(accept, repeat_s)
        self._replies = replies
        self._recorder = recorder
        self._process = process
        self._accepted = replies.fixed_json(202, {"status": "accepted"})
        self._not_accepted = {
            reason: replies.fixed_problem(
                problems.NOT_ACCEPTED,
                f"{why}. The payment was not taken; send it again.",
                headers=RETRY_AFTER,
                reason=reason.value,
            )
            for reason, why in NOT_ACCEPTED.items()
        }

    def begin(self) -> int:
        """When a request begins, in ns since the Unix epoch; 0 if nobody keeps that."""
        return self._recorder.now_ns() if self._recorder.active else 0

    def read(self, body: bytes, begun_ns: int, caller: TraceParent | None = None) -> Payment:
        """Read a request's body.

        Args:
            body: all of it.
            begun_ns: what ``begin`` said.
            caller: whoever sent it, if they trace it.

        Raises:
            InvalidRequest: it is no payment: see ``refuse``.
        """
        payment_id, amount_cents = parse_payment(body)
        if not begun_ns:
            return Payment(payment_id, amount_cents)
        recorder = self._recorder
        traced = recorder.samples(payment_id)
        if caller is not None and caller.sampled and not traced:
            recorder.trace(payment_id)
            traced = True
        return Payment(payment_id, amount_cents, begun_ns // 1000 if traced else 0)

    def refuse(self, error: InvalidRequest, encoding: str = "identity") -> FixedReply:
        """The answer to a request that is no payment.

        Args:
            error: what is wrong with it.
            encoding: its ``Content-Encoding``.
        """
        if encoding.lower() != "identity":
            detail = f"Send the body as it is, without Content-Encoding {problems.shorten(encoding)}."
            return self._replies.fixed_problem(problems.UNSUPPORTED_ENCODING, detail)
        detail = "A payment is a JSON object with correlationId and amount. It was not taken."
        return self._replies.fixed_problem(problems.INVALID_PAYMENT, detail, errors=error.errors)

    def hand_over(self, payment: Payment) -> FixedReply | Future[Verdict]:
        """Hand a payment to the worker.

        Returns:
            The answer; or the worker's verdict, which comes or raises: give ``conclude`` either.
        """
        try:
            if self._waits_for_verdict:
                return self._gateway.begin(payment)
            self._gateway.post(payment)
        except NoCredit as error:
            return self.conclude(payment, error)
        return self.conclude(payment, Verdict.TAKEN)

    def conclude(self, payment: Payment, verdict: Verdict | NoCredit | OutcomeUnknown) -> FixedReply:
        """The answer to a payment by what the worker, or the way to it, said."""
        if verdict is Verdict.TAKEN:
            self._process.accepted += 1
            return self._accepted
        if isinstance(verdict, NoCredit):
            self._process.refused(verdict.reason)
            return self._not_accepted[verdict.reason]
        if isinstance(verdict, OutcomeUnknown):
            return self._problem(
                problems.OUTCOME_UNKNOWN,
                f"The worker did not confirm the payment within {verdict.waited_s:g} s. It may have been taken. "
                f"{self._repeat}",
                payment,
            )
        if verdict is Verdict.CONFLICT:
            return self._problem(
                problems.AMOUNT_CONFLICT,
                "A payment with this correlationId and another amount was taken before. Use a new correlationId.",
                payment,
            )
        if verdict is Verdict.WRITTEN_OFF:
            return self._problem(
                problems.WRITTEN_OFF,
                "A person has said that this payment isn't settled, and that is final: it is never sent again. "
                "Use a new correlationId.",
                payment,
            )
        return self._problem(
            problems.PURGED,
            "All payments were purged while this one was on its way, and it was forgotten with them. "
            "To send it again is safe.",
            payment,
        )

    def note(self, payment: Payment, begun_ns: int, reply: FixedReply, caller: TraceParent | None = None) -> None:
        """Note the hop of a payment that is answered now; the arguments as above."""
        if begun_ns:
            took_ns, fields = self._recorder.now_ns() - begun_ns, _fields(reply.status)
            if caller is not None:
                fields = {**fields, TRACEPARENT: str(caller)}
            self._recorder.note(payment.payment_id, "api.request", begun_ns, took_ns, 0, "", fields)

    def _problem(self, kind: problems.ProblemType, detail: str, payment: Payment) -> FixedReply:
        return self._replies.fixed_problem(kind, detail, correlationId=str(UUID(bytes=payment.payment_id)))


@lru_cache
def _fields(status: int) -> Fields:
    """One object for all that were answered alike."""
    return {"status": status}


def _repeat(accept: Literal["queued", "received", "durable"], repeat_s: float) -> str:
    again = "To send it again with the same correlationId and amount is safe"
    if accept == "durable":
        return f"{again}: it is settled at most once."
    if not repeat_s:
        return f"{again} unless the worker has been restarted meanwhile: then it may be settled twice."
    return (
        f"{again} within {repeat_s:g} s: it is settled at most once, even if the worker has been restarted meanwhile, "
        "unless this API was, too."
    )
