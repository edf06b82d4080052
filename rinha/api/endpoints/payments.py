"""``POST /payments``: validate, hand over to the worker, answer its verdict."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from actors.values import Payment, Verdict
from rinha.api import problems
from rinha.api.body import BodyRefused, refuse
from rinha.api.endpoints.payment_request import parse_payment
from rinha.api.problems import RETRY_AFTER, InvalidRequest
from rinha.bridge.errors import NoCredit, NoCreditReason, OutcomeUnknown

if TYPE_CHECKING:
    from aiohttp import web

    from actors.tracing import Tracer
    from rinha.api.body import BodyReader
    from rinha.api.gateway import Gateway
    from rinha.api.process import ApiProcess
    from rinha.api.replies import Replies

NOT_ACCEPTED = {
    NoCreditReason.FULL: "The worker holds as many payments as it may",
    NoCreditReason.WORKER_AWAY: "The worker is away",
    NoCreditReason.STORE_AWAY: "The worker's store is away, so nothing can be put on record",
    NoCreditReason.PROMISE_LOST: "The worker takes no more payments until it is restarted",
    NoCreditReason.DRAINING: "This API is shutting down",
}


class PaymentHandler:
    """Takes payments.

    Args:
        gateway: the way to the worker.
        accept: what a 202 means: see ``RINHA_ACCEPT``; ``queued`` is answered without waiting for the worker.
        repeat_s: how long an id is known as sent before, after a restart of a worker that isn't durable.
        bodies: reads requests' bodies.
        replies: makes the responses.
        tracer: which payments to trace.
        process: counts what is accepted and refused.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        accept: Literal["queued", "received", "durable"],
        repeat_s: float,
        bodies: BodyReader,
        replies: Replies,
        tracer: Tracer,
        process: ApiProcess,
    ) -> None:
        self._gateway = gateway
        self._waits_for_verdict = accept != "queued"
        self._repeat = _repeat(accept, repeat_s)
        self._bodies = bodies
        self._replies = replies
        self._tracer = tracer
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

    async def post(self, request: web.BaseRequest) -> web.StreamResponse:
        """``POST /payments``."""
        try:
            payment_id, amount_cents = parse_payment(await self._bodies.read(request))
        except BodyRefused as error:
            return refuse(request, error, self._replies)
        except InvalidRequest as error:
            return self._invalid(request, error)
        if not self._tracer.samples(payment_id):
            return await self._hand_over(request, Payment(payment_id, amount_cents))
        payment = Payment(payment_id, amount_cents, time.time_ns() // 1000)
        self._tracer.record(payment_id, "api.received", amount_cents=amount_cents)
        response = await self._hand_over(request, payment)
        self._tracer.record(payment_id, "api.answered", status=response.status)
        return response

    async def _hand_over(self, request: web.BaseRequest, payment: Payment) -> web.StreamResponse:
        try:
            if self._waits_for_verdict:
                verdict = await self._gateway.submit(payment)
            else:
                self._gateway.post(payment)
                verdict = Verdict.TAKEN
        except NoCredit as error:
            self._process.refused(error.reason)
            return self._replies.fixed(self._not_accepted[error.reason], request)
        except OutcomeUnknown as error:
            return self._problem(
                problems.OUTCOME_UNKNOWN,
                f"The worker did not confirm the payment within {error.waited_s:g} s. It may have been taken. "
                f"{self._repeat}",
                payment,
            )
        if verdict is Verdict.TAKEN:
            self._process.accepted += 1
            return self._replies.fixed(self._accepted, request)
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

    def _invalid(self, request: web.BaseRequest, error: InvalidRequest) -> web.Response:
        encoding = request.headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            detail = f"Send the body as it is, without Content-Encoding {problems.shorten(encoding)}."
            return self._replies.problem(problems.UNSUPPORTED_ENCODING, detail)
        detail = "A payment is a JSON object with correlationId and amount. It was not taken."
        return self._replies.problem(problems.INVALID_PAYMENT, detail, errors=error.errors)

    def _problem(self, kind: problems.ProblemType, detail: str, payment: Payment) -> web.Response:
        return self._replies.problem(kind, detail, correlationId=str(UUID(bytes=payment.payment_id)))


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
