"""What a process keeps of its payments' hops: the last of all, and longer those of payments that will be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rinha.trace.recording import kept
from rinha.trace.recording.process import Process
from rinha.trace.recording.recorder import ProcessRecorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.tracing import Record

SECOND_NS = 10**9
MS_NS = 10**6
WORKER = Process("payment-worker", "00000000000000ff", "worker")


def payment(number: int) -> bytes:
    return number.to_bytes(16)


class Written:
    """Takes the hops that are to be written (``rinha.trace.recording.lines.Lines``)."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.left_out = 0

    def put(self, record: Record) -> None:
        self.records.append(record)

    def leave_out(self, payments: int) -> None:
        self.left_out += payments

    def close(self) -> None:
        pass

    def ids(self) -> list[bytes]:
        return list(dict.fromkeys(each[2] for each in self.records))


class Bench:
    """A recorder whose clock the test moves, and lives of payments."""

    def __init__(self, **options: Any) -> None:
        self.now = 1_000 * SECOND_NS
        self.written = Written()
        options = {"recent": 1000, **options}
        self.recorder = ProcessRecorder(WORKER, lines=self.written, now_ns=lambda: self.now, **options)

    def note(self, number: int, hop: str, took_ns: int = 0, attempt: int = 0, **fields: object) -> None:
        self.now += took_ns
        self.recorder.note(payment(number), hop, self.now - took_ns, took_ns, attempt, "", fields or None)

    def take(self, number: int) -> None:
        self.note(number, "intake.taken", verdict="taken")

    def attempt(self, number: int, outcome: str, attempt: int = 1, took_ns: int = MS_NS) -> None:
        self.note(number, "backlog.wait", 0, attempt)
        self.note(number, "payment.attempt", took_ns, attempt, outcome=outcome)

    def settle(self, number: int, took_ns: int = MS_NS, attempt: int = 1) -> None:
        self.attempt(number, "settled", attempt, took_ns)
        self.note(number, "ledger.recorded", 0, attempt)

    def review(self) -> None:
        self.now += SECOND_NS
        self.recorder.review()

    def hops(self, number: int) -> list[str]:
        return [each[3] for each in self.recorder.hops([payment(number)])]

    def slowest(self, n: int) -> list[bytes]:
        return [each for _, each in self.recorder.slowest(n)]

    def failed(self, n: int) -> list[bytes]:
        return [each for _, each in self.recorder.failed(n)]

    def fill(self) -> None:
        """Let others drive out what the ring holds."""
        for _ in range(1000):
            self.note(99, "bridge.out")


@pytest.fixture
def bench() -> Bench:
    return Bench()


WHOLE = ["intake.taken", "backlog.wait", "payment.attempt", "ledger.recorded"]


class TestRing:
    def test_the_hops_of_a_payment_are_found_afterwards(self, bench: Bench) -> None:
        for number in (1, 2):
            bench.take(number)
            bench.settle(number)
        found = bench.recorder.hops([payment(2)])
        assert [each[3] for each in found] == WHOLE
        assert {each[2] for each in found} == {payment(2)}

    def test_the_oldest_go_first(self) -> None:
        bench = Bench(recent=3)
        bench.take(1)
        bench.settle(1)
        assert bench.hops(1) == WHOLE[1:]

    def test_without_a_ring_nothing_is_kept(self) -> None:
        bench = Bench(recent=0)
        assert not bench.recorder.active
        bench.take(1)
        bench.review()
        assert bench.hops(1) == []

    def test_no_time_of_a_hop_is_negative_after_the_clock_was_set_back(self, bench: Bench) -> None:
        bench.recorder.note(payment(1), "payment.attempt", bench.now, -5)
        assert bench.recorder.hops([payment(1)])[0][:2] == (bench.now, 0)


class TestKept:
    def test_the_five_slowest_of_each_second_outlive_the_ring(self, bench: Bench) -> None:
        for number in range(1, 10):
            bench.take(number)
            bench.settle(number, number * MS_NS)
        bench.review()
        bench.fill()
        assert bench.slowest(3) == [payment(9), payment(8), payment(7)]
        assert [number for number in range(1, 10) if bench.hops(number) == WHOLE] == [5, 6, 7, 8, 9]

    def test_a_payment_that_began_long_before_the_second_in_which_it_ended_is_among_them(self, bench: Bench) -> None:
        bench.take(1)
        bench.attempt(1, "refused")
        bench.review()
        bench.review()
        for number in range(2, 10):
            bench.take(number)
            bench.settle(number, 5 * MS_NS)
        bench.settle(1, attempt=2)
        bench.review()
        bench.fill()
        assert bench.slowest(1) == [payment(1)]
        assert bench.hops(1) == [WHOLE[0], *WHOLE[1:3], *WHOLE[1:]]

    @pytest.mark.parametrize("outcome", ["refused", "unknown", "absent"])
    def test_the_first_five_that_failed_in_a_second_are_kept_whole(self, bench: Bench, outcome: str) -> None:
        for number in range(1, 10):
            bench.take(number)
            bench.attempt(number, outcome)
        bench.review()
        bench.fill()
        assert bench.failed(10) == [payment(number) for number in (5, 4, 3, 2, 1)]
        assert bench.hops(5) == WHOLE[:3]
        assert bench.hops(6) == []

    def test_one_that_failed_is_kept_with_its_end(self, bench: Bench) -> None:
        bench.take(1)
        bench.attempt(1, "refused")
        bench.review()
        bench.fill()
        bench.settle(1, attempt=2)
        for number in range(2, 10):
            bench.take(number)
            bench.settle(number, 5 * SECOND_NS)
        bench.review()
        bench.fill()
        assert bench.hops(1) == [*WHOLE[:3], *WHOLE[1:]]
        assert bench.failed(10) == [payment(1)]

    def test_nothing_is_kept_for_longer_than_said(self, bench: Bench) -> None:
        bench.take(1)
        bench.settle(1)
        bench.review()
        bench.fill()
        bench.now += int(kept.KEEP_S * 1e9)
        bench.take(2)
        bench.settle(2)
        assert bench.slowest(10) == [payment(2)]
        assert bench.hops(1) == []

    def test_the_oldest_go_where_there_are_too_many(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kept, "HOPS_MAX", 8)
        for number in (1, 2, 3):
            bench.take(number)
            bench.settle(number)
            bench.review()
        assert set(bench.slowest(10)) == {payment(2), payment(3)}

    def test_of_an_api_the_slowest_requests_and_those_it_failed_on(self, bench: Bench) -> None:
        for number, status in ((1, 202), (2, 503), (3, 504), (4, 409)):
            bench.note(number, "api.request", number * MS_NS, status=status)
        assert bench.slowest(1) == [payment(4)]
        assert bench.failed(10) == [payment(3), payment(2)]


def third_refusal(bench: Bench) -> None:
    for attempt in (1, 2, 3):
        bench.attempt(1, "refused", attempt)


def begun_long_ago(bench: Bench) -> None:
    bench.review()
    bench.settle(1, attempt=2)


WRONG: dict[str, Callable[[Bench], None]] = {
    "refused for the third time": third_refusal,
    "unknown": lambda bench: bench.attempt(1, "unknown"),
    "not found": lambda bench: bench.attempt(1, "absent"),
    "parked": lambda bench: bench.note(1, "parked", reason="why"),
    "too slow": lambda bench: bench.settle(1, 51 * MS_NS),
    "too slow, and begun long ago": begun_long_ago,
    "no verdict": lambda bench: bench.note(1, "api.request", status=504),
}


class TestWritten:
    def test_by_default_nothing_is(self, bench: Bench) -> None:
        bench.take(1)
        bench.settle(1, 3600 * SECOND_NS)
        bench.attempt(2, "refused", 2)
        bench.review()
        assert bench.written.records == []

    def test_with_a_share_of_one_every_hop_is_at_once(self) -> None:
        bench = Bench(share=1.0)
        bench.take(1)
        assert [each[3] for each in bench.written.records] == ["intake.taken"]
        bench.attempt(1, "unknown")
        bench.review()
        assert [each[3] for each in bench.written.records] == WHOLE[:3]

    def test_so_it_is_of_a_payment_that_is_to_be_traced(self, bench: Bench) -> None:
        bench.recorder.trace(payment(1))
        bench.take(1)
        bench.take(2)
        assert bench.written.ids() == [payment(1)]

    @pytest.mark.parametrize("what", WRONG)
    def test_what_goes_wrong_is_from_its_beginning_and_to_its_end_once(self, what: str) -> None:
        bench = Bench(slow_ms=50)
        bench.take(1)
        bench.take(2)
        WRONG[what](bench)
        bench.settle(2)
        bench.review()
        assert bench.written.ids() == [payment(1)]
        assert bench.written.records[0][3] == "intake.taken"
        bench.settle(1, attempt=9)
        bench.review()
        assert bench.written.records == bench.recorder.hops([payment(1)])
        assert bench.written.left_out == 0

    def test_twenty_payments_a_second_are_and_the_rest_is_counted(self, bench: Bench) -> None:
        for number in range(1, 31):
            bench.take(number)
            bench.attempt(number, "unknown")
        bench.review()
        assert bench.written.ids() == [payment(number) for number in range(1, 21)]
        assert bench.written.left_out == 10
