"""Traces of a log that is being written, and of a system that is asked again."""

from __future__ import annotations

import os
import threading
from itertools import islice
from typing import TYPE_CHECKING, Any

from rinha.trace.reading import follow, tail
from rinha.trace.reading.follow import GRACE_S, QUIET_S, Follower
from rinha.trace.reading.hop_line import by_payment, parse_line
from rinha.trace.reading.spans import Trace
from rinha.trace.reading.tail import follow_log, follow_system
from tests.trace.lines import ID, settled, text, uuid

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def put(follower: Follower, lines: list[dict[str, Any]], now_s: float) -> None:
    for each in text(lines).splitlines(keepends=True):
        follower.put(each, now_s)


def shown(follower: Follower, now_s: float, *, at_end: bool = False) -> list[tuple[bytes, int]]:
    return [(trace.payment_id, len(trace.spans)) for trace in follower.ready(now_s, at_end=at_end)]


def test_a_payment_is_shown_once_when_it_has_ended_and_late_lines_had_time_to_come() -> None:
    follower = Follower()
    put(follower, settled()[:-1], 0.0)
    assert shown(follower, 2 * GRACE_S) == []
    put(follower, settled()[-1:], 1.0)
    assert shown(follower, 1.0 + GRACE_S / 2) == []
    assert [count for _, count in shown(follower, 1.0 + GRACE_S)] == [7]
    assert shown(follower, 1.0 + 2 * QUIET_S) == []


def test_one_that_is_quiet_is_shown_as_it_is_and_again_with_more() -> None:
    follower = Follower()
    put(follower, settled()[:4], 0.0)
    assert [count for _, count in shown(follower, QUIET_S)] == [4]
    assert shown(follower, QUIET_S + 1) == []
    put(follower, settled()[4:], QUIET_S + 2)
    assert [count for _, count in shown(follower, QUIET_S + 3)] == [7]


def test_at_the_end_all_are_shown() -> None:
    follower = Follower()
    put(follower, settled()[:4], 0.0)
    put(follower, settled(uuid(1)), 0.0)
    assert [count for _, count in shown(follower, 0.0, at_end=True)] == [4, 7]


def test_only_payments_of_interest_are_shown() -> None:
    follower = Follower(ID.replace("-", "")[:8])
    put(follower, settled(uuid(1)) + settled(), 0.0)
    follower.put(b"another line\n", 0.0)
    assert [payment.hex()[:8] for payment, _ in shown(follower, 1.0)] == [ID[:8]]


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "OPEN_MAX", 3)
    follower = Follower()
    for number in range(1, 6):
        put(follower, settled(uuid(number))[:2], 0.0)
    assert [int.from_bytes(payment[:8]) for payment, _ in shown(follower, 0.0)] == [1, 2]
    assert [int.from_bytes(payment[:8]) for payment, _ in shown(follower, QUIET_S)] == [3, 4, 5]
    put(follower, settled(uuid(6))[:2], QUIET_S)
    assert [int.from_bytes(payment[:8]) for payment, _ in shown(follower, 3 * QUIET_S)] == [6]


def test_a_file_that_grows_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "POLL_S", 0.001)
    monkeypatch.setattr(follow, "GRACE_S", 0.0)
    log = tmp_path / "log"
    log.write_bytes(text(settled(uuid(1))))
    with log.open("rb") as file:
        traces = follow_log(file, "")
        assert len(next(traces).spans) == 7
        with log.open("ab") as more:
            more.write(text(settled(uuid(2))))
        assert next(traces).payment_id[:8] == (2).to_bytes(8)
        traces.close()  # type: ignore[attr-defined]


def test_a_pipe_is_followed_until_its_writer_goes() -> None:
    read_end, write_end = os.pipe()
    log = text(settled(uuid(1)) + settled(uuid(2))[:3])

    def write() -> None:
        with os.fdopen(write_end, "wb", buffering=0) as file:
            for start in range(0, len(log), 100):
                file.write(log[start : start + 100])

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(read_end, "rb") as file:
        assert [len(trace.spans) for trace in follow_log(file, "")] == [7, 3]
    writer.join()


def test_a_system_is_asked_again_and_what_is_new_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "ASK_AGAIN_S", 0.0)
    answers = iter([settled()[:3], settled()[:3], settled(), settled() + settled(uuid(1))])

    def ask() -> list[Trace]:
        hops = by_payment(hop for each in text(next(answers)).splitlines() if (hop := parse_line(each)))
        return [Trace(*each) for each in hops]

    assert [len(trace.spans) for trace in islice(follow_system(ask), 3)] == [3, 7, 7]
