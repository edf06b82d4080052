"""Hops as lines of JSON: what they hold, and what becomes of them when nobody reads."""

from __future__ import annotations

import json
import os
import select
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

import pytest

from rinha.trace.recording import lines as module
from rinha.trace.recording.lines import LineEncoder, Lines
from rinha.trace.recording.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCESS = Process('payment-"worker"', "00ff00ff00ff00ff", "worker")
ID = UUID("4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3")
AT_NS = 1_764_144_000_123_456_789


def record(number: int = 0, **fields: object) -> Any:
    return AT_NS + number, 42, ID.bytes, "payment.attempt", 1, "payment-3", fields or None


def test_a_hop_is_a_line_that_is_found_by_the_clients_own_form_of_the_id() -> None:
    line = LineEncoder(PROCESS).hop(record(processor="default", reason=None, said="é"))
    assert line.endswith(b"}\n")
    assert json.loads(line) == {
        "at": "2025-11-26T08:00:00.123Z",
        "event": "trace",
        "role": 'payment-"worker"',
        "run": "00ff00ff00ff00ff",
        "correlationId": str(ID),
        "hop": "payment.attempt",
        "start_ns": AT_NS,
        "took_ns": 42,
        "attempt": 1,
        "actor": "payment-3",
        "fields": {"processor": "default", "reason": None, "said": "é"},
    }
    assert str(ID).encode() in line


def test_what_is_empty_is_left_out() -> None:
    line = json.loads(LineEncoder(PROCESS).hop((AT_NS, 0, ID.bytes, "bridge.out", 0, "", None)))
    assert list(line) == ["at", "event", "role", "run", "correlationId", "hop", "start_ns", "took_ns"]


def test_each_line_has_its_own_instant() -> None:
    encoder = LineEncoder(PROCESS)
    at = [json.loads(encoder.hop((ns, 0, ID.bytes, "parked", 0, "", None)))["at"] for ns in (0, 999_999_999, 10**9)]
    assert at == ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.999Z", "1970-01-01T00:00:01.000Z"]


@pytest.mark.parametrize("value", ["\ud800", b"\xff", object(), 2**70], ids=lambda value: type(value).__name__)
def test_no_field_makes_a_line_fail(value: object) -> None:
    assert json.loads(LineEncoder(PROCESS).hop(record(reason=value)))["fields"].keys() == {"reason"}


class Pipe:
    """A pipe that is read when the test says so."""

    def __init__(self) -> None:
        read_end, self.write_end = os.pipe()
        self.reader: IO[bytes] = os.fdopen(read_end, "rb")

    def read(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self.reader.readline())
        return line


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.reader.close()
    os.close(pipe.write_end)


@pytest.fixture
def lines(pipe: Pipe) -> Iterator[Lines]:
    lines = Lines(PROCESS, pipe.write_end)
    yield lines
    lines.close()


def test_lines_come_in_order_without_anybodys_flushing_them(pipe: Pipe, lines: Lines) -> None:
    for number in range(1000):
        lines.put(record(number))
    assert [pipe.read()["start_ns"] - AT_NS for _ in range(1000)] == list(range(1000))


def test_those_that_wait_are_written_at_the_end(pipe: Pipe, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DELAY_S", 60.0)
    lines.put(record(1))
    lines.close()
    assert pipe.read()["start_ns"] == AT_NS + 1


def test_no_write_is_longer_than_what_a_pipe_takes_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or lines of processes that share it were mixed."""
    written: list[tuple[bytes, int]] = []
    lines = Lines(PROCESS)
    monkeypatch.setattr(lines._writer, "put", lambda chunk, count=1: written.append((chunk, count)))
    for number in range(100):
        lines.put(record(number, reason="x" * number))
    lines.put(record(100, reason="x" * 5000))
    lines.close()
    assert [len(chunk) <= select.PIPE_BUF for chunk, _ in written] == [True] * (len(written) - 1) + [False]
    assert [chunk.count(b"\n") for chunk, _ in written] == [count for _, count in written]
    assert sum(count for _, count in written) == 101
    assert len(written) < 20


def test_what_nobody_reads_is_dropped_and_counted(pipe: Pipe, lines: Lines) -> None:
    put = 2 * module.WAITING_MAX  # more than the pipe and the writer hold
    for number in range(put):
        lines.put(record(number))
    read = dropped = 0
    while read + dropped < put:
        line = pipe.read()
        if line["event"] == "trace.dropped":
            assert (line["role"], line["run"]) == (PROCESS.role, PROCESS.run)
            dropped += line["hops"]
        else:
            read += 1
    assert dropped > 0


def test_a_reader_that_goes_is_no_error(pipe: Pipe, lines: Lines) -> None:
    lines.put(record())
    assert pipe.read()
    pipe.reader.close()
    for number in range(100):
        lines.put(record(number))
    lines.close()


def test_payments_that_are_left_out_are_counted(pipe: Pipe, lines: Lines) -> None:
    lines.leave_out(7)
    line = pipe.read()
    assert (line["event"], line["payments"], line["run"]) == ("trace.left_out", 7, PROCESS.run)
