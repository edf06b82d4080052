"""What the bench makes of what it reads: k6's summary, the contest's score, services' usage, trace lines."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.bench import k6
from tests.bench.__main__ import measure
from tests.bench.budget import spans
from tests.bench.choice import parse_variant
from tests.bench.contest import Plan
from tests.bench.made_rounds import made_round
from tests.bench.meter import Meter, Reading
from tests.bench.progress import Progress
from tests.bench.rounds import Speed, read_rounds
from tests.bench.score import rounded, score
from tests.bench.subjects import PRESETS
from tests.support.containers import ROOT

if TYPE_CHECKING:
    from actors.values import LedgerRow
    from tests.bench.rounds import Round
    from tests.bench.subjects import Subject

PERCENTILES = ("p(50)", "p(90)", "p(95)", "p(99)", "p(99.9)", "max")


def trend(count: int, *figures: float) -> dict[str, Any]:
    return {**dict(zip(PERCENTILES, figures, strict=True)), "count": count}


def metrics(**more: Any) -> dict[str, Any]:
    return {"http_req_duration": trend(10, 1, 2, 3, 4, 5, 6), **more}


def test_k6s_summary_is_read_with_its_slices_in_order_and_without_empty_ones() -> None:
    slices = {
        "http_req_duration{slice:10}": trend(3, 1, 1, 2, 3, 3, 4),
        "http_req_duration{slice:5}": trend(7, 5, 5, 6, 7, 7, 8),
        "http_req_duration{slice:0}": trend(0, 0, 0, 0, 0, 0, 0),
        "http_req_duration{expected_response:true}": trend(10, 1, 2, 3, 4, 5, 6),
    }
    counts = {"transactions_success": {"count": 9}, "transactions_failure": {"count": 1}}
    load = k6.read(metrics(**counts, **slices), "", 5)

    assert (load.sent, load.accepted) == (10, 9)
    assert (load.latency.p50, load.latency.p90, load.latency.p99, load.latency.max) == (1, 2, 4, 6)
    assert [(each.from_s, each.to_s, each.count, each.p50, each.p95, each.p99, each.max) for each in load.slices] == [
        (5, 10, 7, 5, 6, 7, 8),
        (10, 15, 3, 1, 2, 3, 4),
    ]


def test_what_the_contests_own_script_counts_is_read_too() -> None:
    counts = {"default_total_requests": 7, "fallback_total_requests": 2, "payments_inconsistency": 3}
    successful = {k6.SUCCESSFUL: trend(12, 1, 2, 3, 3.5, 5, 6)}
    load = k6.read(metrics(**{name: {"count": count} for name, count in counts.items()}, **successful), "", 5)

    assert load.settled == {"default": 7, "fallback": 2}
    assert load.inconsistencies == 3
    assert (load.scored_p99, load.latency.p99) == (3.5, 4), "the score goes by what was answered well"


def test_a_payments_time_from_when_it_was_due_has_slices_of_its_own() -> None:
    load = k6.read(metrics(**{"from_due{slice:0}": trend(2, 5, 5, 6, 70, 70, 80)}), "", 5)

    assert [(each.from_s, each.p99) for each in load.from_due] == [(0, 70)]
    assert (load.slices, load.settled) == ([], None)


def test_what_was_not_accepted_is_read_from_the_console_with_its_status() -> None:
    refused, unanswered = uuid.uuid4(), uuid.uuid4()
    lines = [f'level=info msg="503 {refused}" source=console', f'level=info msg="0 {unanswered}" source=console']
    load = k6.read(metrics(), "\n".join(lines), 5)

    assert load.accepted == 0
    assert load.not_accepted == {refused.bytes: 503, unanswered.bytes: 0}


def test_the_score_is_what_is_left_after_fees_with_2_percent_for_each_millisecond_below_11() -> None:
    found = score({"default": 100, "fallback": 10}, 3.5, 0)

    assert found.amount == pytest.approx(110 * 19.9)
    assert found.fees == pytest.approx(100 * 19.9 * 0.05 + 10 * 19.9 * 0.15)
    assert found.bonus_share == pytest.approx(0.15)
    assert found.total == pytest.approx((found.amount - found.fees) * 1.15)


@pytest.mark.parametrize(
    ("p99_ms", "bonus_share"),
    [(3.504, 0.15), (3.0, 0.16), (2.87, 0.16), (2.745, 0.17), (10.74, 0.01), (10.76, 0.0), (11.4, 0.0), (0.0, 0.22)],
)
def test_the_bonus_is_rounded_to_whole_percents(p99_ms: float, bonus_share: float) -> None:
    assert score({"default": 1, "fallback": 0}, p99_ms, 0).bonus_share == pytest.approx(bonus_share)


def test_p99_is_rounded_to_hundredths_first_and_halves_away_from_zero() -> None:
    assert [rounded(each) for each in (1.005, 2.744999, 2.745, 0.125, 3)] == [1.01, 2.74, 2.75, 0.13, 3.0]
    # 3.75 ms are a bonus of 14.5 %, which is 15; 3.76 ms are 14.48 %.
    assert [score({"default": 1, "fallback": 0}, each, 0).bonus_share for each in (3.754, 3.755)] == [0.15, 0.14]


def test_wrong_books_cost_35_percent_and_slowness_nothing() -> None:
    found = score({"default": 100, "fallback": 0}, 50.0, 1)

    assert (found.bonus_share, found.fine_share) == (0.0, 0.35)
    assert found.total == pytest.approx(found.net * 0.65)


def test_usage_is_what_came_up_between_begin_and_end() -> None:
    readings = iter(
        [
            Reading(100, 60, 10, 1, 1000, 0.5, 9000),
            Reading(300, 160, 50, 3, 5000, 0.5, 9000),
            Reading(700, 360, 90, 4, 2000, 0.5, 9000),
        ]
    )
    meter = Meter(lambda: {"worker": next(readings)})
    meter.steady()
    meter.end()
    used = meter.usage()["worker"]

    assert (used.cpu_ms, used.user_ms, used.system_ms) == (600, 300, 300)
    assert (used.periods, used.throttled) == (80, 3)
    assert (used.steady_periods, used.steady_throttled) == (40, 1)
    assert (used.memory_peak, used.memory_end) == (5000, 2000)


def test_a_part_of_what_an_idle_service_used_is_never_more_than_all_of_it() -> None:
    """The kernel measures the sum, and estimates from its ticks how much of it was the user's."""
    readings = iter(
        [Reading(100, 60, 0, 0, 0, None, 1), Reading(100, 60, 0, 0, 0, None, 1), Reading(102, 64, 0, 0, 0, None, 1)]
    )
    meter = Meter(lambda: {"idle": next(readings)})
    meter.steady()
    meter.end()
    used = meter.usage()["idle"]

    assert (used.cpu_ms, used.user_ms, used.system_ms) == (2, 2, 0)


def test_spans_are_of_payments_with_every_hop_of_the_path() -> None:
    hops = [("a", "api.request", 100, 90), ("a", "bridge.out", 130, 0), ("b", "api.request", 50, 10)]
    lines = [
        {"correlationId": payment, "hop": hop, "start_ns": at_us * 1000, "took_ns": took_us * 1000}
        for payment, hop, at_us, took_us in hops
    ]

    assert spans(lines[::-1], ("api.request", "bridge.out", "api.request ended")) == {
        "api.request → bridge.out": [30],
        "bridge.out → api.request ended": [60],
        "api.request → api.request ended": [90],
    }


def test_a_variant_has_a_name_settings_and_overlays() -> None:
    name, preset = parse_variant("small:RINHA_POOL_SIZE=4,config/compose.durable.yaml")

    assert name == "small"
    assert preset.environ == {"RINHA_POOL_SIZE": "4"}
    assert preset.overlays == ["config/compose.durable.yaml"]


class IdleSubject:
    """A subject that settles nothing, and counts how often it was started and stopped."""

    has_books = False
    is_peer = False
    root = ROOT

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = self.stopped = 0

    def start(self) -> dict[str, float]:
        self.started += 1
        return {}

    def stop(self) -> None:
        self.stopped += 1

    def read(self) -> dict[str, Reading]:
        return {}

    def rows(self) -> list[LedgerRow]:
        return []


def test_a_bench_that_is_interrupted_keeps_what_it_has_and_can_be_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = IdleSubject("one"), IdleSubject("two")
    patience = 3

    async def run_round(subject: Subject, number: int, *_: object) -> Round:
        nonlocal patience
        patience -= 1
        if patience < 0:
            raise KeyboardInterrupt
        return made_round(subject.name, number)

    monkeypatch.setattr("tests.bench.__main__.run_round", run_round)
    monkeypatch.setattr("tests.bench.__main__.speed", lambda: Speed(10.0, 50, 100))
    with pytest.raises(KeyboardInterrupt):
        measure([one, two], range(1, 3), Plan(), tmp_path, Progress([60.0] * 4))
    kept = {(each.subject, each.number) for each in read_rounds(tmp_path)}
    assert kept == {("one", 1), ("two", 1), ("two", 2)}, "each round begins with another subject"
    assert one.started + two.started == one.stopped + two.stopped == 4

    patience = 2
    assert measure([one, two], range(2, 3), Plan(), tmp_path, Progress([60.0] * 2))
    assert len(read_rounds(tmp_path)) == 4
    assert all(each.speed_before and each.speed_after for each in read_rounds(tmp_path)), "the host is beside each"
    assert len(capsys.readouterr().out.splitlines()) == 5, "a line as each ends"


def test_a_peer_that_is_broken_does_not_keep_the_others_from_being_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    peer, ours = IdleSubject("peer-one"), IdleSubject("queued")
    peer.is_peer = True

    async def run_round(subject: Subject, number: int, *_: object) -> Round:
        if subject.is_peer:
            raise ExceptionGroup("tasks", [RuntimeError("no summary")])
        return made_round(subject.name, number)

    monkeypatch.setattr("tests.bench.__main__.run_round", run_round)
    monkeypatch.setattr("tests.bench.__main__.speed", lambda: Speed(10.0, 50, 100))
    assert not measure([peer, ours], range(1, 2), Plan(), tmp_path, Progress([60.0] * 2))
    assert [each.subject for each in read_rounds(tmp_path)] == ["queued"]
    assert "peer-one FAILED: RuntimeError: no summary" in capsys.readouterr().out
    assert peer.stopped == 1


def test_every_overlay_of_a_preset_exists() -> None:
    assert [each for preset in PRESETS.values() for each in preset.overlays if not Path(ROOT, each).is_file()] == []
