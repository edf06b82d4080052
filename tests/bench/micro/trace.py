"""What tracing costs: a hop in the ring, a hop as a line, the second's review, and the memory of all that is kept."""

from __future__ import annotations

import gc
import os
import random
import time
import tracemalloc
from typing import TYPE_CHECKING

from actors.tracing import NotRecording
from rinha.trace.recording import lines as lines_module
from rinha.trace.recording.lines import Lines
from rinha.trace.recording.process import Process
from rinha.trace.recording.recorder import ProcessRecorder
from tests.bench.micro.figure import Figure

if TYPE_CHECKING:
    from actors.tracing import Recorder

RING_US_MAX = 0.5
LINE_US_MAX = 5.0
MEMORY_MB_MAX = 5.0
RECENT = 20_000
PROCESS = Process("payment-worker", "00ff00ff00ff00ff", "worker")
PER_S = 550
"""Payments a second, as at the end of the contest's load."""

_ATTEMPT = {"processor": "default", "step": "post", "outcome": "settled", "reason": None}
_BATCH = 100
"""Payments whose lines are encoded at a time: as many as come in ``DELAY_S`` when a backlog drains."""


def figures(*, runs: int = 5, hops: int = 40_000) -> list[Figure]:
    """Measure.

    Args:
        runs: how often each is repeated.
        hops: in each run.
    """
    payments = hops // 4
    memory = [_memory_mb(payments) for _ in range(runs)]
    return [
        Figure("a hop in the ring, the clock included", "µs CPU", _ring_us(runs, payments), RING_US_MAX),
        Figure("a hop as a line, all included", "µs CPU", [_line_us(payments) for _ in range(runs)], LINE_US_MAX),
        Figure(f"the review of a second of {PER_S} payments, for each", "µs CPU", _review_us(runs, payments)),
        Figure(f"finding one payment's hops among {RECENT:,}", "µs CPU", _find_us(runs)),
        Figure(f"memory of {RECENT:,} hops, and of those that are kept", "MB", memory, MEMORY_MB_MAX),
    ]


def _note(recorder: Recorder, payment_id: bytes) -> None:
    """The four hops of a payment in the worker."""
    if recorder.active:
        recorder.note(payment_id, "intake.taken", recorder.now_ns(), 0, 0, "intake", None)
    if recorder.active:
        recorder.note(payment_id, "backlog.wait", recorder.now_ns(), 0, 1, "intake")
    if recorder.active:
        now_ns = recorder.now_ns()
        recorder.note(payment_id, "payment.attempt", now_ns, 1_000_000, 1, "payment-3", _ATTEMPT)
    if recorder.active:
        recorder.note(payment_id, "ledger.recorded", recorder.now_ns(), 0, 1, "ledger", None)


def _ids(payments: int) -> list[bytes]:
    return [random.randbytes(16) for _ in range(payments)]


def _noting_s(recorder: Recorder, ids: list[bytes]) -> float:
    begun_s = time.process_time()
    for each in ids:
        _note(recorder, each)
    return time.process_time() - begun_s


def _ring_us(runs: int, payments: int) -> list[float]:
    """What it takes more than with nobody who keeps them."""
    ids, off = _ids(payments), NotRecording()
    recorder = ProcessRecorder(PROCESS, recent=RECENT)
    _noting_s(recorder, ids)
    return [max(1e-3, (_noting_s(recorder, ids) - _noting_s(off, ids)) / (4 * payments) * 1e6) for _ in range(runs)]


def _line_us(payments: int) -> float:
    """CPU time of all threads, until the last line is written."""
    ids = _ids(payments)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    lines = Lines(PROCESS, nowhere)
    recorder = ProcessRecorder(PROCESS, recent=RECENT, share=1.0, lines=lines)
    begun_s = time.process_time()
    for number, each in enumerate(ids):
        _note(recorder, each)
        if number % _BATCH == 0:
            time.sleep(lines_module.DELAY_S / 10)  # let the threads have their turn
    lines.close()
    took_s = time.process_time() - begun_s
    os.close(nowhere)
    return took_s / (4 * payments) * 1e6


def _review_us(runs: int, payments: int) -> list[float]:
    recorder = ProcessRecorder(PROCESS, recent=RECENT)
    took_us = []
    for _ in range(runs):
        spent_s = 0.0
        for _ in range(max(1, payments // PER_S // 10)):
            for each in _ids(PER_S):
                _note(recorder, each)
            begun_s = time.process_time()
            recorder.review()
            spent_s += time.process_time() - begun_s
        took_us.append(spent_s / max(1, payments // PER_S // 10) / PER_S * 1e6)
    return took_us


def _find_us(runs: int) -> list[float]:
    recorder = ProcessRecorder(PROCESS, recent=RECENT)
    ids = _ids(RECENT // 4)
    _noting_s(recorder, ids)
    took_us = []
    for _ in range(runs):
        begun_s = time.process_time()
        for each in ids[:10]:
            recorder.hops([each])
        took_us.append((time.process_time() - begun_s) / 10 * 1e6)
    return took_us


def _memory_mb(payments: int) -> float:
    """After minutes under load, so that all there is room for is kept."""
    gc.collect()
    tracemalloc.start()
    recorder = ProcessRecorder(PROCESS, recent=RECENT)
    for number, each in enumerate(_ids(payments)):
        _note(recorder, each)
        if number % 50 == 0:
            recorder.review()
    found, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return found / 1e6
