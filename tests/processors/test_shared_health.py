"""A processor's health is asked for by one worker for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.ports import StoreUnavailable
from actors.values import HealthReport, Refused
from rinha.processors.shared_health import SharedHealthClient

if TYPE_CHECKING:
    from actors.values import Payment, Settled, Unknown

WELL = HealthReport(failing=False, min_response_ms=5)
ILL = HealthReport(failing=True, min_response_ms=0)


class Client:
    def __init__(self) -> None:
        self.asked = 0

    def post(self, payment: Payment, requested_at_ms: int) -> Settled | Refused | Unknown:
        return Refused("posted")

    def find(self, payment_id: bytes) -> Settled | Refused | Unknown:
        return Refused("found")

    def health(self) -> HealthReport | None:
        self.asked += 1
        return WELL


class Board:
    def __init__(self, *, wins: bool) -> None:
        self.wins = wins
        self.told: list[HealthReport | None] = []
        self.error: Exception | None = None

    def win(self, processor: str) -> bool:
        if self.error:
            raise self.error
        return self.wins

    def tell(self, processor: str, report: HealthReport | None) -> None:
        self.told.append(report)

    def read(self, processor: str) -> HealthReport | None:
        return ILL


@pytest.mark.parametrize(("wins", "report", "asked", "told"), [(True, WELL, 1, [WELL]), (False, ILL, 0, [])])
def test_who_wins_asks_and_tells_and_the_others_read(
    wins: bool, report: HealthReport, asked: int, told: list[HealthReport]
) -> None:
    client, board = Client(), Board(wins=wins)
    assert SharedHealthClient(client, "default", board).health() == report
    assert (client.asked, board.told) == (asked, told)


def test_without_the_board_nobody_asks_for_the_endpoint_allows_no_more(caplog: pytest.LogCaptureFixture) -> None:
    client, board = Client(), Board(wins=True)
    board.error = StoreUnavailable("away")
    assert SharedHealthClient(client, "default", board).health() is None
    assert client.asked == 0
    assert [each.msg for each in caplog.records] == ["health.board_away"]


def test_payments_go_their_own_way() -> None:
    client = SharedHealthClient(Client(), "default", Board(wins=True))
    assert client.find(b"") == Refused("found")
