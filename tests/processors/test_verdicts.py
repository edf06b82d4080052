"""The table of what a status means, a test a row; and what the client makes of each."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from actors.values import Payment, Refused, Settled, Unknown
from rinha.processors.client import HttpProcessorClient
from rinha.processors.verdicts import VERDICTS, Meaning, judge
from rinha.processors.wire import Answer

AT_MS = 1_752_582_896_007
ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
PAYMENT = Payment(UUID(ID).bytes, 1990)
ROW = Answer(200, f'{{"correlationId":"{ID}","amount":19.90,"requestedAt":"2025-07-15T12:34:56.007Z"}}'.encode())

TURNED_AWAY = (
    *(401, 402, 403, 404, 405, 406, 407, 408, 410, 411, 412, 414, 417),
    *(421, 423, 424, 425, 426, 428, 429, 431, 451),
)
LOOKED_UP = (201, 202, 204, 409, 422)
VERDICT = (400, 413, 415)
UNKNOWN = (203, 206, 300, 301, 302, 307, 308, 501, 502, 503, 504, 599, 999)


class Scripted:
    """An exchange that gives these answers, one after the other."""

    def __init__(self, *answers: Answer) -> None:
        self.methods: list[str] = []
        self._answers = list(answers)

    def request(self, method: str, target: str, body: bytes = b"", *, deadline_s: float) -> Answer:
        self.methods.append(method)
        return self._answers.pop(0)

    def close(self) -> None:
        pass


def post(*answers: Answer) -> tuple[Settled | Refused | Unknown, list[str]]:
    exchange = Scripted(*answers)
    client = HttpProcessorClient(exchange, exchange, deadline_s=10.0, monotonic_s=lambda: 0.0)
    return client.post(PAYMENT, AT_MS + 5), exchange.methods


def test_every_row_is_tested_here_and_names_its_clause() -> None:
    assert sorted(VERDICTS) == sorted((200, *TURNED_AWAY, *LOOKED_UP, *VERDICT))
    for status, row in VERDICTS.items():
        assert status == 200 or re.search(r"(RFC \d+, |15\.)\d", row.reason), status


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_200_settles_with_what_was_sent(body: bytes) -> None:
    assert post(Answer(200, body)) == (Settled(1990, AT_MS + 5), ["POST"])


@pytest.mark.parametrize("body", [b"", b"{}"])
@pytest.mark.parametrize("status", TURNED_AWAY)
def test_what_says_nothing_of_the_payment_turns_it_away(status: int, body: bytes) -> None:
    """It isn't committed, and may go anywhere again."""
    assert post(Answer(status, body)) == (Refused(f"HTTP {status}", turned_away=True), ["POST"])


@pytest.mark.parametrize("body", [b"", b"{}"])
@pytest.mark.parametrize("status", [*VERDICT, 418, 499])
def test_what_may_be_a_verdict_on_the_payment_refuses_it_for_good(status: int, body: bytes) -> None:
    """So does what nobody knows: RFC 9110, 15 has it taken for a 400."""
    assert post(Answer(status, body)) == (Refused(f"HTTP {status}", permanent=True), ["POST"])


@pytest.mark.parametrize("status", LOOKED_UP)
def test_what_is_a_state_of_the_id_is_looked_up_and_settled_by_its_row_alone(status: int) -> None:
    assert post(Answer(status, b""), ROW) == (Settled(1990, AT_MS), ["POST", "GET"])


@pytest.mark.parametrize("status", LOOKED_UP)
def test_without_its_row_it_is_unknown_and_only_a_422_may_turn_out_a_refusal(status: int) -> None:
    outcome, methods = post(Answer(status, b""), Answer(404, b""))
    assert outcome == Unknown(f"HTTP {status}, then: HTTP 404", denied=status == 422)
    assert methods == ["POST", "GET"]


def test_an_empty_500_refuses_and_shows_that_the_processor_is_at_the_other_end() -> None:
    assert post(Answer(500, b"")) == (Refused("HTTP 500, empty body", at_processor=True), ["POST"])


@pytest.mark.parametrize("status", [*UNKNOWN, 500])
def test_all_else_is_unknown(status: int) -> None:
    outcome, methods = post(Answer(status, b"{}"))
    assert outcome == Unknown(f"HTTP {status}, 2 bytes of body")
    assert methods == ["POST"]


@pytest.mark.parametrize("status", UNKNOWN)
def test_only_a_500_says_something_by_being_empty(status: int) -> None:
    assert judge(status, has_body=False).meaning is Meaning.UNKNOWN
