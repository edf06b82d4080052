"""The client over an exchange that is scripted: what it asks, and what it makes of answers and their absence."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import pytest

from actors.values import HealthReport, Payment, Refused, Settled, Unknown
from rinha.processors.client import HEALTH_DEADLINE_S, HttpProcessorClient
from rinha.processors.errors import AnswerLost, ExchangeFailed, NotSent
from rinha.processors.wire import Answer

AT_MS = 1_752_582_896_007
ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
PAYMENT = Payment(UUID(ID).bytes, 1990)
BODY = f'{{"correlationId":"{ID}","amount":19.90,"requestedAt":"2025-07-15T12:34:56.007Z"}}'.encode()
ROW = Answer(200, BODY)
LOOK_UP = "GET", f"/payments/{ID}", b""


class Request(NamedTuple):
    method: str
    target: str
    body: bytes
    deadline_s: float


class ScriptedExchange:
    """Answers the requests one after the other, each after some seconds of its own clock."""

    def __init__(self, *answers: Answer | ExchangeFailed, takes_s: float = 0.0) -> None:
        self.requests: list[Request] = []
        self.now_s = 100.0
        self.closed = False
        self._answers = list(answers)
        self._takes_s = takes_s

    def request(self, method: str, target: str, body: bytes = b"", *, deadline_s: float) -> Answer:
        self.requests.append(Request(method, target, body, deadline_s))
        self.now_s += self._takes_s
        answer = self._answers.pop(0)
        if isinstance(answer, ExchangeFailed):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


def client_of(payments: ScriptedExchange, health: ScriptedExchange | None = None) -> HttpProcessorClient:
    return HttpProcessorClient(
        payments, health or ScriptedExchange(), deadline_s=10.0, monotonic_s=lambda: payments.now_s
    )


def test_a_post_is_one_request() -> None:
    exchange = ScriptedExchange(Answer(200, b""))
    assert client_of(exchange).post(PAYMENT, AT_MS) == Settled(1990, AT_MS)
    assert exchange.requests == [("POST", "/payments", BODY, 10.0)]


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [(NotSent("nobody there"), Refused("nobody there")), (AnswerLost("cut off"), Unknown("cut off"))],
)
def test_only_a_post_that_never_left_is_refused_and_none_is_repeated(
    failure: ExchangeFailed, outcome: Refused | Unknown
) -> None:
    exchange = ScriptedExchange(failure)
    assert client_of(exchange).post(PAYMENT, AT_MS) == outcome
    assert len(exchange.requests) == 1


def test_a_422_is_followed_by_one_look_up_in_what_is_left_of_the_deadline() -> None:
    exchange = ScriptedExchange(Answer(422, b"{}"), ROW, takes_s=3.0)
    assert client_of(exchange).post(PAYMENT, AT_MS + 5) == Settled(1990, AT_MS)
    assert [each.deadline_s for each in exchange.requests] == [10.0, 7.0]
    assert exchange.requests[1][:3] == LOOK_UP


def test_a_look_up_after_the_deadline_gets_no_time_rather_than_less() -> None:
    exchange = ScriptedExchange(Answer(422, b"{}"), AnswerLost("too late"), takes_s=11.0)
    assert client_of(exchange).post(PAYMENT, AT_MS) == Unknown("HTTP 422, then: too late", verdict=True)
    assert exchange.requests[1].deadline_s == 0.0


@pytest.mark.parametrize("found", [Answer(404, b""), Answer(429, b""), NotSent("nobody there"), AnswerLost("cut off")])
def test_a_422_without_its_row_is_unknown(found: Answer | ExchangeFailed) -> None:
    outcome = client_of(ScriptedExchange(Answer(422, b"{}"), found)).post(PAYMENT, AT_MS)
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("HTTP 422, then: ")


def test_a_look_up_is_one_request() -> None:
    exchange = ScriptedExchange(ROW)
    assert client_of(exchange).find(PAYMENT.payment_id) == Settled(1990, AT_MS)
    assert exchange.requests == [(*LOOK_UP, 10.0)]


@pytest.mark.parametrize("failure", [NotSent("nobody there"), AnswerLost("cut off")])
def test_a_look_up_without_an_answer_tells_nothing(failure: ExchangeFailed) -> None:
    assert client_of(ScriptedExchange(failure)).find(PAYMENT.payment_id) == Unknown(failure.reason)


def test_health_is_asked_apart_from_payments() -> None:
    payments, health = ScriptedExchange(), ScriptedExchange(Answer(200, b'{"failing":true,"minResponseTime":5}'))
    assert client_of(payments, health).health() == HealthReport(True, 5)
    assert health.requests == [("GET", "/payments/service-health", b"", HEALTH_DEADLINE_S)]
    assert not payments.requests


@pytest.mark.parametrize("failure", [NotSent("nobody there"), AnswerLost("cut off")])
def test_health_without_an_answer_is_none(failure: ExchangeFailed) -> None:
    assert client_of(ScriptedExchange(), ScriptedExchange(failure)).health() is None


def test_closing_closes_both_exchanges() -> None:
    payments, health = ScriptedExchange(), ScriptedExchange()
    client_of(payments, health).close()
    assert payments.closed
    assert health.closed
