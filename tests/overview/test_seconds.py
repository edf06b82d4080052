"""Seconds: differences of counts; and the sums of the books, which a purge doesn't make fall."""

from __future__ import annotations

from actors.values import ProcessorHealth, Totals
from rinha.bridge.protocol.wire.overview import Counted, ProcessorSecond, SecondReport
from rinha.overview.seconds import SECONDS_MAX, Reading, Seconds
from rinha.overview.settled import SettledSums
from tests.support.samples import STATISTICS

COUNTS = STATISTICS.counts
HEALTH = (ProcessorHealth("default", 500, latency_ms=1.5), ProcessorHealth("fallback", 1500, healthy=False))
START_MS = 1_764_144_000_000


def reading(at_s: float, number: int = 0, refused: int = 0, at_ms: int | None = None) -> Reading:
    counted = Counted({60: number}, float(number))
    settled = {"default": number, "fallback": 0}
    when_ms = START_MS + int(at_s * 1000) if at_ms is None else at_ms
    return Reading(at_s, when_ms, number, counted, {"full": refused, "draining": 0}, settled, counted, settled)


def filled(*readings: Reading) -> Seconds:
    seconds = Seconds()
    for each in readings:
        seconds.add(each, COUNTS, "default", HEALTH)
    return seconds


def test_a_second_holds_what_came_in_it_and_what_is_held_at_its_end() -> None:
    (second,) = filled(reading(0.0, 10, 1), reading(1.0, 14, 3)).after(0)
    assert second == SecondReport(
        START_MS // 1000 + 1,
        START_MS + 1000,
        4,
        second.answer_p50_ms,
        second.answer_p99_ms,
        {"default": 4, "fallback": 0},
        second.settle_p50_ms,
        second.settle_p99_ms,
        {"full": 2},
        COUNTS.waiting,
        COUNTS.in_flight,
        COUNTS.unknown,
        COUNTS.parked,
        "default",
        {"default": ProcessorSecond(True, 1.5), "fallback": ProcessorSecond(False, None)},
    )
    assert second.answer_p50_ms is not None
    assert second.answer_p50_ms == second.settle_p50_ms


def test_where_nothing_was_measured_there_is_no_percentile() -> None:
    (second,) = filled(reading(0.0, 10), reading(1.0, 10)).after(0)
    assert (second.accepted, second.answer_p50_ms, second.settle_p99_ms, second.refused) == (0, None, None, {})


def test_three_hundred_are_kept_and_those_after_a_number_told() -> None:
    seconds = filled(*(reading(float(number), number) for number in range(SECONDS_MAX + 50)))
    kept = seconds.after(0)
    assert len(kept) == SECONDS_MAX
    assert [each.number for each in seconds.after(kept[-3].number)] == [each.number for each in kept[-2:]]


def test_numbers_grow_though_the_clock_is_set_back() -> None:
    seconds = filled(reading(0.0), reading(1.0), reading(2.0, at_ms=START_MS - 60_000), reading(3.0))
    first, second, third = (each.number for each in seconds.after(0))
    assert (second, third) == (first + 1, first + 2)


def test_a_stretch_in_which_nobody_looked_is_told_of_in_equal_seconds() -> None:
    seconds = filled(reading(0.0), reading(1.0, 4), reading(6.02, 16, 7))
    first, *others = seconds.after(0)
    assert (first.accepted, len(others)) == (4, 5)
    assert sum(each.accepted for each in others) == 12
    assert sum(sum(each.settled.values()) for each in others) == 12
    assert sum(each.refused.get("full", 0) for each in others) == 7
    assert {each.accepted for each in others} == {2, 3}
    assert [each.number for each in others] == [first.number + nth for nth in range(1, 6)]
    assert others[-1].at_ms == START_MS + 6020
    assert others[0].at_ms == START_MS + 2020
    assert seconds.accepted(0).per_s == round(16 / 6.02, 3), "the window begins where there is something to begin at"


def test_a_stretch_longer_than_what_is_kept_leaves_nothing_before_it() -> None:
    seconds = filled(reading(0.0), reading(1.0, 5), reading(1000.0, 305))
    assert len(seconds.after(0)) == SECONDS_MAX
    assert {each.accepted for each in seconds.after(0)} == {1}


def test_numbers_grow_over_a_stretch_though_the_clock_is_set_back() -> None:
    seconds = filled(reading(0.0), reading(1.0), reading(6.0, at_ms=START_MS - 60_000), reading(7.0))
    numbers = [each.number for each in seconds.after(0)]
    assert numbers == list(range(numbers[0], numbers[0] + 7))


def test_rates_are_those_of_the_last_ten_seconds() -> None:
    seconds = filled(*(reading(float(number), 100 * min(number, 25)) for number in range(31)))
    assert seconds.accepted(7).per_s == 50.0, "500 within the ten seconds"
    assert seconds.accepted(7).total == 7
    assert seconds.settled(9).per_s == 50.0
    assert seconds.begun_per_s() == {"default": 50.0, "fallback": 0.0}


def test_refusals_are_those_of_the_last_minute() -> None:
    seconds = filled(*(reading(float(number), refused=number) for number in range(100)))
    assert seconds.refused() == {"full": 60}


def test_the_first_reading_has_no_rate_yet() -> None:
    assert filled(reading(0.0, 10)).accepted(0).per_s == 0.0


def books(requests: int, cents: int) -> dict[str, Totals]:
    return {"default": Totals(requests, cents), "fallback": Totals(0, 0)}


def test_a_purge_does_not_make_the_sums_fall() -> None:
    sums = SettledSums()
    sums.take(1, books(1000, 10_000))
    sums.take(1, books(1010, 10_100))
    assert (sums.payments["default"], sums.cents["default"]) == (10, 100), "what was there at the start doesn't count"
    sums.take(2, books(3, 30))
    sums.take(2, books(5, 50))
    assert (sums.payments["default"], sums.cents["default"]) == (15, 150)


def test_books_that_a_purge_has_not_reached_yet_count_once() -> None:
    sums = SettledSums()
    sums.take(1, books(0, 0))
    sums.take(1, books(10, 100))
    sums.take(2, books(0, 0))
    sums.take(2, books(0, 0))
    assert sums.payments["default"] == 10
