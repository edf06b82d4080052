"""The circuit breaker of one processor."""

from __future__ import annotations

import random

import pytest

from actors.health.circuit import FAILURES_MAX, FRESH_S, LATENCY_WINDOW, PROBE_MAX_S, QUICK_MS, STEADY_S, Circuit
from actors.values import HealthReport

START_S = 100.0
FAILING, FINE = HealthReport(failing=True, min_response_ms=0), HealthReport(failing=False, min_response_ms=0)


@pytest.fixture
def circuit() -> Circuit:
    return Circuit("default", 500, START_S)


def fail(circuit: Circuit, now_s: float, times: int = FAILURES_MAX) -> None:
    for _ in range(times):
        circuit.observe(succeeded=False, latency_ms=1.0, now_s=now_s)


def probes(circuit: Circuit, from_s: float, to_s: float) -> list[float]:
    """Instants at which probes are due, seen by somebody who looks every millisecond."""
    steps = (from_s + step / 1000 for step in range(round((to_s - from_s) * 1000) + 1))
    return [now_s for now_s in steps if circuit.probe_due(now_s)]


class TestOpening:
    def test_it_starts_closed_and_unprobed(self, circuit: Circuit) -> None:
        state = circuit.state(START_S)
        assert (state.name, state.fee_bps, state.healthy, state.latency_ms) == ("default", 500, True, 0.0)
        assert not state.stale
        assert not circuit.probe_due(START_S)

    def test_failures_in_a_row_open_it(self, circuit: Circuit) -> None:
        fail(circuit, START_S, FAILURES_MAX - 1)
        assert circuit.healthy
        fail(circuit, START_S, 1)
        assert not circuit.healthy

    def test_a_success_between_starts_the_count_again(self, circuit: Circuit) -> None:
        fail(circuit, START_S, FAILURES_MAX - 1)
        circuit.observe(succeeded=True, latency_ms=1.0, now_s=START_S)
        fail(circuit, START_S, FAILURES_MAX - 1)
        assert circuit.healthy

    def test_a_payment_that_failed_there_before_does_not_count_again(self, circuit: Circuit) -> None:
        fail(circuit, START_S, 1)
        for _ in range(100):
            circuit.observe(succeeded=False, latency_ms=1.0, now_s=START_S, again=True)
        assert circuit.healthy
        fail(circuit, START_S, FAILURES_MAX - 1)
        assert not circuit.healthy

    def test_a_verdict_on_a_payment_neither_counts_nor_starts_the_count_again(self, circuit: Circuit) -> None:
        for _ in range(100):
            circuit.observe(succeeded=None, latency_ms=1.0, now_s=START_S)
        assert circuit.healthy
        fail(circuit, START_S, FAILURES_MAX - 1)
        circuit.observe(succeeded=None, latency_ms=1.0, now_s=START_S)
        fail(circuit, START_S, 1)
        assert not circuit.healthy

    def test_one_report_of_failing_opens_it(self, circuit: Circuit) -> None:
        circuit.report(FAILING, START_S, START_S)
        assert not circuit.healthy


class TestClosing:
    def test_a_success_closes_it(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        circuit.observe(succeeded=True, latency_ms=1.0, now_s=START_S + 1)
        assert circuit.healthy
        assert circuit.probe_at_s is None

    def test_a_report_closes_what_a_report_opened(self, circuit: Circuit) -> None:
        circuit.report(FAILING, START_S, START_S)
        circuit.report(FINE, START_S + 5, START_S + 5)
        assert circuit.healthy

    def test_a_report_only_hastens_the_probe_of_what_payments_opened(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        probes(circuit, START_S, START_S + 5)
        circuit.report(FINE, START_S + 5.001, START_S + 5.001)
        assert not circuit.healthy
        assert circuit.probe_due(START_S + 5.001)

    def test_payments_that_failed_since_outweigh_the_report_that_opened_it(self, circuit: Circuit) -> None:
        circuit.report(FAILING, START_S, START_S)
        fail(circuit, START_S + 1)
        circuit.report(FINE, START_S + 5, START_S + 5)
        assert not circuit.healthy

    def test_a_verdict_on_a_payment_does_not_close_it(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        circuit.observe(succeeded=None, latency_ms=1.0, now_s=START_S + 1)
        assert not circuit.healthy

    def test_a_payment_that_failed_before_closes_it_when_it_settles(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        circuit.observe(succeeded=True, latency_ms=1.0, now_s=START_S + 1, again=True)
        assert circuit.healthy

    def test_where_no_payment_can_tell_the_report_closes_it(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        circuit.miss_probe()
        circuit.report(FINE, START_S + 1, START_S + 1.2)
        assert circuit.healthy

    def test_a_probe_that_was_told_of_the_payment_alone_is_none(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        circuit.observe(succeeded=None, latency_ms=1.0, now_s=START_S + 0.5)
        circuit.report(FINE, START_S + 1, START_S + 1.2)
        assert circuit.healthy

    @pytest.mark.parametrize("again", [False, True])
    def test_not_if_it_was_asked_before_the_last_failure(self, circuit: Circuit, again: bool) -> None:
        fail(circuit, START_S)
        circuit.observe(succeeded=False, latency_ms=1.0, now_s=START_S + 1.1, again=again)
        circuit.miss_probe()
        circuit.report(FINE, START_S + 1, START_S + 1.2)
        assert not circuit.healthy

    def test_not_if_a_probe_has_told_since(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        circuit.miss_probe()
        circuit.observe(succeeded=False, latency_ms=1.0, now_s=START_S + 0.5)
        circuit.report(FINE, START_S + 1, START_S + 1.2)
        assert not circuit.healthy

    def test_after_closing_it_takes_as_many_failures_again(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        circuit.observe(succeeded=True, latency_ms=1.0, now_s=START_S + 1)
        fail(circuit, START_S + 2, FAILURES_MAX - 1)
        assert circuit.healthy


class TestProbes:
    def test_they_come_at_50_ms_then_ever_slower_up_to_500_ms(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        due_s = [now_s - START_S for now_s in probes(circuit, START_S, START_S + 2.5)]
        gaps_ms = [round((after - before) * 1000) for before, after in zip([0.0, *due_s], due_s, strict=False)]
        # Looking every millisecond may find each a millisecond late.
        assert gaps_ms == pytest.approx([50, 50, 100, 200, 400, 500, 500, 500], abs=1)

    def test_each_is_due_once(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        assert circuit.probe_due(START_S + 0.05)
        assert not circuit.probe_due(START_S + 0.05)

    @pytest.mark.parametrize(
        ("asked_at_s", "response_ms", "overtakes"),
        [(START_S + 1, 0, True), (START_S + 1, QUICK_MS + 1, False), (START_S - 1, 0, False)],
    )
    def test_the_one_that_its_word_asks_for_overtakes_if_it_says_to_be_quick(
        self, circuit: Circuit, asked_at_s: float, response_ms: int, overtakes: bool
    ) -> None:
        fail(circuit, START_S)
        probes(circuit, START_S, START_S + 2)
        assert not circuit.says_well
        circuit.report(HealthReport(failing=False, min_response_ms=response_ms), asked_at_s, START_S + 2)
        assert circuit.probe_due(START_S + 2)
        assert circuit.says_well is overtakes
        probes(circuit, START_S + 2, START_S + 4)
        assert not circuit.says_well

    def test_more_failures_do_not_change_the_schedule(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        due_s = circuit.probe_at_s
        fail(circuit, START_S + 0.03)
        circuit.report(FAILING, START_S + 0.04, START_S + 0.04)
        assert circuit.probe_at_s == due_s

    def test_a_circuit_that_stayed_closed_starts_at_50_ms_again(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        probes(circuit, START_S, START_S + 3)
        circuit.observe(succeeded=True, latency_ms=1.0, now_s=START_S + 3)
        fail(circuit, START_S + 3 + STEADY_S)
        assert circuit.probe_at_s == pytest.approx(START_S + 3 + STEADY_S + 0.05)

    @pytest.mark.parametrize("seed", range(5))
    def test_there_are_never_more_than_ten_per_second_however_it_flaps(self, circuit: Circuit, seed: int) -> None:
        """Probes succeed or fail, payments fail at once when it closes, and reports say this and that."""
        chance = random.Random(seed)
        due_s: list[float] = []
        for step in range(20_000):
            now_s = START_S + step / 1000
            if circuit.probe_due(now_s):
                due_s.append(now_s)
                circuit.observe(chance.random() < 0.7, latency_ms=1.0, now_s=now_s)
            elif circuit.healthy and chance.random() < 0.2:
                fail(circuit, now_s)
            if step % 5000 == 0:
                circuit.report(chance.choice([FAILING, FINE]), now_s, now_s)
        assert len(due_s) > 20
        assert max(sum(start <= each < start + 1 for each in due_s) for start in due_s) <= 10

    def test_recovery_is_noticed_within_half_a_second(self, circuit: Circuit) -> None:
        fail(circuit, START_S)
        for recovered_s in (START_S + 0.01, START_S + 0.7, START_S + 20.3):
            (first, *_rest) = probes(circuit, recovered_s, recovered_s + PROBE_MAX_S)
            assert first - recovered_s <= PROBE_MAX_S


class TestLatency:
    def pay(self, circuit: Circuit, latency_ms: float, now_s: float) -> None:
        circuit.observe(succeeded=True, latency_ms=latency_ms, now_s=now_s)

    def test_the_least_of_the_last_ones_counts(self, circuit: Circuit) -> None:
        for latency_ms in (30.0, 5.0, 80.0):
            self.pay(circuit, latency_ms, START_S)
        assert circuit.state(START_S).latency_ms == 5.0

    def test_a_slowdown_shows_once_all_remembered_ones_are_slow(self, circuit: Circuit) -> None:
        self.pay(circuit, 5.0, START_S)
        for _ in range(LATENCY_WINDOW):
            self.pay(circuit, 100.0, START_S)
        assert circuit.state(START_S).latency_ms == 100.0

    def test_failures_say_nothing_of_speed(self, circuit: Circuit) -> None:
        self.pay(circuit, 50.0, START_S)
        fail(circuit, START_S, 1)
        assert circuit.state(START_S).latency_ms == 50.0

    def test_without_recent_payments_the_report_counts(self, circuit: Circuit) -> None:
        self.pay(circuit, 5.0, START_S)
        circuit.report(HealthReport(failing=False, min_response_ms=100), START_S + 1, START_S + 1)
        assert circuit.state(START_S + 1).latency_ms == 5.0
        assert circuit.state(START_S + 6).latency_ms == 100.0

    def test_without_either_it_is_the_last_known_and_stale(self, circuit: Circuit) -> None:
        self.pay(circuit, 5.0, START_S)
        assert not circuit.state(START_S + FRESH_S).stale
        later = circuit.state(START_S + FRESH_S + 0.1)
        assert (later.latency_ms, later.stale) == (5.0, True)

    def test_a_report_ends_staleness(self, circuit: Circuit) -> None:
        circuit.report(HealthReport(failing=False, min_response_ms=7), START_S + 100, START_S + 100)
        state = circuit.state(START_S + 100)
        assert (state.latency_ms, state.stale) == (7.0, False)

    def test_nothing_is_stale_before_the_first_polls_had_time(self, circuit: Circuit) -> None:
        assert not circuit.state(START_S + FRESH_S).stale
        assert circuit.state(START_S + FRESH_S + 0.1).stale

    def test_the_last_known_is_the_later_of_payment_and_report(self, circuit: Circuit) -> None:
        self.pay(circuit, 5.0, START_S)
        circuit.report(HealthReport(failing=False, min_response_ms=100), START_S + 50, START_S + 50)
        assert circuit.state(START_S + 50 + FRESH_S + 1).latency_ms == 100.0
