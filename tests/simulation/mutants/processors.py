"""Bugs in the processors' client: what is sent, and what answers and their absence are taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.values import Refused, Unknown
from rinha.processors import wire
from rinha.processors.client import HttpProcessorClient
from rinha.processors.errors import ExchangeFailed
from tests.simulation.mutants.registry import Mutants

if TYPE_CHECKING:
    import pytest

MUTANTS = Mutants()


@MUTANTS.at("fragile")
def a_422_taken_for_failure(patch: pytest.MonkeyPatch) -> None:
    real = wire.read_post_answer

    def read(answer: wire.Answer, *rest: Any) -> Any:
        return Refused("HTTP 422", permanent=True) if answer.status == 422 else real(answer, *rest)

    patch.setattr(wire, "read_post_answer", read)


@MUTANTS.at("steady")
def a_500_with_a_body_taken_for_failure(patch: pytest.MonkeyPatch) -> None:
    real = wire.read_post_answer

    def read(answer: wire.Answer, *rest: Any) -> Any:
        return Refused("HTTP 500") if answer.status == 500 else real(answer, *rest)

    patch.setattr(wire, "read_post_answer", read)


@MUTANTS.at("steady")
def a_lost_answer_taken_for_a_refusal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("rinha.processors.client.NotSent", ExchangeFailed)


@MUTANTS.at("steady")
def a_request_without_an_answer_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    """As HTTP libraries do: what the second request is told hides what may have become of the first."""
    real = HttpProcessorClient.post

    def post(self: HttpProcessorClient, payment: Any, requested_at_ms: int) -> Any:
        outcome = real(self, payment, requested_at_ms)
        return real(self, payment, requested_at_ms) if isinstance(outcome, Unknown) else outcome

    patch.setattr(HttpProcessorClient, "post", post)


@MUTANTS.at("fragile")
def a_422_settled_without_its_row(patch: pytest.MonkeyPatch) -> None:
    real = wire.read_post_answer

    def read(answer: wire.Answer, payment: Any, requested_at_ms: int) -> Any:
        return real(answer._replace(status=200) if answer.status == 422 else answer, payment, requested_at_ms)

    patch.setattr(wire, "read_post_answer", read)


@MUTANTS.at("steady")
def amounts_lose_a_zero(patch: pytest.MonkeyPatch) -> None:
    real = wire.payment_body

    def body(payment: Any, requested_at_ms: int) -> bytes:
        units, cents = divmod(payment.amount_cents, 100)
        return real(payment, requested_at_ms).replace(b"%d.%02d," % (units, cents), b"%d.%d," % (units, cents))

    patch.setattr(wire, "payment_body", body)


@MUTANTS.at("steady")
def a_409_taken_for_a_refusal(patch: pytest.MonkeyPatch) -> None:
    real = wire.read_post_answer

    def read(answer: wire.Answer, *rest: Any) -> Any:
        return Refused("HTTP 409", permanent=True) if answer.status == 409 else real(answer, *rest)

    patch.setattr(wire, "read_post_answer", read)
