from __future__ import annotations

import pytest

from rinha.commands.views.units import age, due, duration, instant, money, since
from tests.commands.views.samples import NOW_MS


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0.0 ms"),
        (0.0018, "1.8 ms"),
        (0.0446, "45 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (3.21, "3.2 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (252.4, "4 min 12 s"),
        (3599.6, "1 h"),
        (11_100, "3 h 5 min"),
        (86_380, "1 d"),
        (190_000, "2 d 5 h"),
    ],
)
def test_a_duration_has_the_two_units_that_people_would_say(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_an_instant_is_utc_and_has_its_date_if_that_isn_t_today_s() -> None:
    assert instant(NOW_MS, NOW_MS) == "12:00:12.345Z"
    assert instant(NOW_MS - 86_400_000, NOW_MS) == "2026-07-25 12:00:12.345Z"


def test_what_is_past_or_to_come_is_said_with_its_distance() -> None:
    assert since(NOW_MS - 3200, NOW_MS) == "12:00:09.145Z (3.2 s)"
    assert (age(NOW_MS - 3200, NOW_MS), age(None, NOW_MS)) == ("3.2 s", "-")
    assert [due(at_ms, NOW_MS) for at_ms in (NOW_MS + 300, NOW_MS - 1, None)] == ["in 300 ms", "now", "-"]


def test_money_has_its_cents() -> None:
    assert [money(cents) for cents in (0, 1990, 123_456_789, 99.5)] == ["0.00", "19.90", "1,234,567.89", "0.99"]
