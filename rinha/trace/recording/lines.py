"""Hops as lines of JSON on stdout: encoded in batches, and written by a thread of their own.

Not through ``logging``, whose way of a line takes twenty times as long.
"""

from __future__ import annotations

import json
import select
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import orjson

from rinha.logs.output import FLUSH_S, STDOUT, LineWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from actors.tracing import Fields, Record
    from rinha.trace.recording.process import Process

DELAY_S = 0.05
"""How long a line waits for others at most."""

WAITING_MAX = 20_000
"""Hops that wait to be encoded: more than come in ``DELAY_S``, and nothing beside a process's memory."""

WRITE_BYTES_MAX = select.PIPE_BUF
"""Of one write: what is longer may be mixed with the lines of other processes that share the pipe."""

_CLOSE_S = 0.1
_SECOND_NS = 10**9


class LineEncoder:
    """Renders the lines of one process.

    Args:
        process: whose.
    """

    def __init__(self, process: Process) -> None:
        role, run = (orjson.dumps(each).decode() for each in (process.role, process.run))
        self._whose = f'"role":{role},"run":{run}'
        self._second = -1
        self._date = ""

    def hop(self, record: Record) -> bytes:
        """Render a hop; what is empty is left out."""
        start_ns, took_ns, payment_id, hop, attempt, actor, fields = record
        digits = payment_id.hex()
        tail = f',"attempt":{attempt}' if attempt else ""
        if actor:
            tail += f',"actor":"{actor}"'
        if fields:
            tail += f',"fields":{_json(fields)}'
        return (
            f'{{"at":"{self._at(start_ns)}","event":"trace",{self._whose},"correlationId":"{digits[:8]}-{digits[8:12]}-'
            f'{digits[12:16]}-{digits[16:20]}-{digits[20:]}","hop":"{hop}","start_ns":{start_ns},"took_ns":{took_ns}'
            f"{tail}}}\n"
        ).encode()

    def count(self, event: str, what: str, number: int) -> bytes:
        """Render a line that tells how much of something there was, as of now."""
        return f'{{"at":"{self._at(time.time_ns())}","event":"{event}",{self._whose},"{what}":{number}}}\n'.encode()

    def _at(self, at_ns: int) -> str:
        second, rest_ns = divmod(at_ns, _SECOND_NS)
        if second != self._second:
            self._second, self._date = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._date}.{rest_ns // 1_000_000:03d}Z"


class Lines:
    """Has hops written, without anybody's waiting for it. One thread puts, its own writes.

    Whoever doesn't read them makes nobody wait: they are dropped, and `trace.dropped` says how many once lines get
    through again.

    Args:
        process: whose hops these are.
        fd: where they go. Its threads start with the first line.
    """

    def __init__(self, process: Process, fd: int = STDOUT) -> None:
        self._encoder = LineEncoder(process)
        # Of its own: it is made in the writer's thread.
        gaps = LineEncoder(process)
        self._writer = LineWriter(fd, lambda hops: gaps.count("trace.dropped", "hops", hops))
        self._waiting: deque[Record] = deque()
        # Whoever puts counts, and the thread remembers how much of it is said: neither overwrites what the other does.
        self._missed = self._left_out = 0
        self._missed_said = self._left_out_said = 0
        self._due, self._ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, record: Record) -> None:
        """Have a hop written within ``DELAY_S``, or drop it."""
        if len(self._waiting) >= WAITING_MAX:
            self._missed += 1
            return
        self._waiting.append(record)
        if not self._due.is_set():
            self._wake()

    def leave_out(self, payments: int) -> None:
        """Have it said that so many payments whose hops should be written are not."""
        self._left_out += payments
        self._wake()

    def close(self) -> None:
        """Have all written that waits, unless nobody reads it, and end the threads."""
        self._ending.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join(FLUSH_S)
            self._thread = None
        self._writer.flush(FLUSH_S)
        self._writer.close(_CLOSE_S)

    def _wake(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="trace lines", daemon=True)
            thread.start()
            self._thread = thread
        self._due.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._due.wait()
            self._ending.wait(DELAY_S)
            # Before the hops are taken: whoever comes in between sets it again.
            self._due.clear()
            self._write()
        self._write()

    def _write(self) -> None:
        waiting = self._waiting
        lines = (self._encoder.hop(waiting.popleft()) for _ in range(len(waiting)))
        for chunk, count in _chunks(lines):
            self._writer.put(chunk, count)
        missed, left_out = self._missed, self._left_out
        if missed > self._missed_said:
            number = missed - self._missed_said
            self._writer.put(self._encoder.count("trace.dropped", "hops", number), number)
            self._missed_said = missed
        if left_out > self._left_out_said:
            self._writer.put(self._encoder.count("trace.left_out", "payments", left_out - self._left_out_said))
            self._left_out_said = left_out


def _chunks(lines: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Put lines together for as few writes as possible; each comes with its number of lines."""
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        if chunk and size + len(line) > WRITE_BYTES_MAX:
            yield b"".join(chunk), len(chunk)
            chunk, size = [], 0
        chunk.append(line)
        size += len(line)
    if chunk:
        yield b"".join(chunk), len(chunk)


def _json(fields: Fields) -> str:
    try:
        return orjson.dumps(fields).decode()
    except TypeError:  # what somebody else has said may be no proper text
        return json.dumps(dict(fields), default=str)
