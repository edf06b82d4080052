from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.values import HealthReport, Outcome, Payment, Refused, Settled, Unknown
from rinha.processors import wire
from rinha.processors.wire import Answer

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
ID_BYTES = UUID(ID).bytes
AT_MS = 1_752_582_896_007
PAYMENT = Payment(ID_BYTES, 1990)


def test_what_is_sent_is_exact() -> None:
    body = f'{{"correlationId":"{ID}","amount":19.90,"requestedAt":"2025-07-15T12:34:56.007Z"}}'
    assert wire.payment_body(PAYMENT, AT_MS).decode() == body
    assert wire.payment_target(ID_BYTES) == f"/payments/{ID}"
    assert (wire.PAYMENTS, wire.HEALTH) == ("/payments", "/payments/service-health")


@given(
    payment_id=st.uuids(),
    cents=st.integers(1, 1_000_000_000),
    at_ms=st.integers(0, 4_102_444_800_000),
)
def test_what_is_sent_says_exactly_what_was_meant_and_can_be_read_back(
    payment_id: UUID, cents: int, at_ms: int
) -> None:
    text = wire.payment_body(Payment(payment_id.bytes, cents), at_ms)
    body = json.loads(text, parse_float=Decimal)
    assert UUID(body["correlationId"]) == payment_id
    assert body["amount"] * 100 == cents
    sent_at = datetime.fromisoformat(body["requestedAt"]) - datetime(1970, 1, 1, tzinfo=UTC)
    assert sent_at // timedelta(milliseconds=1) == at_ms
    assert wire.read_find_answer(Answer(200, text), payment_id.bytes) == Settled(cents, at_ms)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(200, b'{"message":"x"}'), Settled(1990, AT_MS)),
        (Answer(200, b""), Settled(1990, AT_MS)),
        (Answer(422, b"{}"), None),
        (Answer(429, b"later"), Refused("HTTP 429", turned_away=True)),
        (Answer(400, b""), Refused("HTTP 400", permanent=True)),
        (Answer(500, b""), Refused("HTTP 500, empty body", at_processor=True)),
        (Answer(500, b"{}"), Unknown("HTTP 500, 2 bytes of body")),
        (Answer(302, b""), Unknown("HTTP 302, 0 bytes of body")),
    ],
)
def test_what_an_answer_to_a_post_means(answer: Answer, outcome: Outcome | None) -> None:
    assert wire.read_post_answer(answer, PAYMENT, AT_MS) == outcome


def row(**fields: object) -> bytes:
    return json.dumps(
        {"correlationId": ID, "amount": 19.9, "requestedAt": "2025-07-15T12:34:56.007Z"} | fields
    ).encode()


@pytest.mark.parametrize(
    ("body", "cents", "at_ms"),
    [
        (row(), 1990, AT_MS),
        (row(correlationId=ID.upper()), 1990, AT_MS),
        (row(amount=1), 100, AT_MS),
        (row(amount=0.29), 29, AT_MS),
        (row(amount=1_000_000.01), 100_000_001, AT_MS),
        (row(requestedAt="2025-07-15T12:34:56Z"), 1990, AT_MS - 7),
        (row(requestedAt="2025-07-15T12:34:56"), 1990, AT_MS - 7),
        (row(requestedAt="2025-07-15T12:34:56.1Z"), 1990, AT_MS + 93),
        (row(requestedAt="2025-07-15T12:34:56.0079999Z"), 1990, AT_MS),
        (row(requestedAt="2025-07-15T09:34:56.007-03:00"), 1990, AT_MS),
        (row(requestedAt="1969-12-31T23:59:59.999Z"), 1990, -1),
        (row(requestedAt="2025-07-15 12:34:56.007+00"), 1990, AT_MS),
        (row(requestedAt="2025-07-15 12:34:56.007"), 1990, AT_MS),
        (row(requestedAt="2025-07-15 09:34:56.007-03"), 1990, AT_MS),
        (row(requestedAt="2025-07-15T12:34:56.007+0000"), 1990, AT_MS),
        (row(amount="19.90"), 1990, AT_MS),
        (row(amount="19.9"), 1990, AT_MS),
        (row(amount="19.9000"), 1990, AT_MS),
        (row(amount="19"), 1900, AT_MS),
        (row(amount="0.29"), 29, AT_MS),
    ],
)
def test_a_row_is_read_with_its_values(body: bytes, cents: int, at_ms: int) -> None:
    assert wire.read_find_answer(Answer(200, body), ID_BYTES) == Settled(cents, at_ms)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        row(correlationId="4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b4"),
        row(correlationId=None),
        row(amount="19,90"),
        row(amount="1.990,00"),
        row(amount="1,990.00"),
        row(amount="19.905"),
        row(amount="1e3"),
        row(amount="-19.90"),
        row(amount=" 19.90"),
        row(amount="0.00"),
        row(amount=".5"),
        row(amount="٣.٣"),
        row(amount=True),
        row(amount=None),
        row(amount=0),
        row(amount=-1),
        row(amount=1e308),
        row(requestedAt=AT_MS),
        row(requestedAt="2025-07-15"),
        row(requestedAt="15.07.2025 12:34:56"),
        row(requestedAt="2025-07-15  12:34:56"),
        row(requestedAt="2025-07-15 12:34:56 UTC"),
        row(requestedAt="2025-02-30T12:34:56Z"),
        row(requestedAt="0001-01-01T00:00:00+99:99"),
    ],
)
def test_what_is_no_row_of_this_payment_tells_nothing(body: bytes) -> None:
    assert isinstance(wire.read_find_answer(Answer(200, body), ID_BYTES), Unknown)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, Refused), (301, Unknown), (429, Unknown), (400, Unknown), (500, Unknown), (204, Unknown)]
)
def test_only_a_404_says_that_there_is_no_row(status: int, kind: type[Outcome]) -> None:
    assert type(wire.read_find_answer(Answer(status, b""), ID_BYTES)) is kind


@pytest.mark.parametrize(
    ("answer", "report"),
    [
        (Answer(200, b'{"failing":false,"minResponseTime":100}'), HealthReport(False, 100)),
        (Answer(200, b'{"failing":true,"minResponseTime":0}'), HealthReport(True, 0)),
        (Answer(503, b'{"failing":true,"minResponseTime":0}'), HealthReport(True, 0)),
        (Answer(429, b'{"failing":false,"minResponseTime":100}'), None),
        (Answer(500, b'{"failing":false,"minResponseTime":100}'), None),
        (Answer(200, b'{"failing":1,"minResponseTime":100}'), None),
        (Answer(200, b'{"failing":false,"minResponseTime":true}'), None),
        (Answer(200, b'{"failing":false,"minResponseTime":-1}'), None),
        (Answer(200, b'{"failing":false}'), None),
        (Answer(200, b"[]"), None),
        (Answer(200, b"nonsense"), None),
    ],
)
def test_what_health_answers_mean(answer: Answer, report: HealthReport | None) -> None:
    assert wire.read_health_answer(answer) == report
