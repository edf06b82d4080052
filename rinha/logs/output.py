"""The standard streams of a process that serves: whoever doesn't read them, or has closed them, never stops it.

A write to a pipe waits for whoever reads it, and a non-blocking one would change the pipe for all processes that share
it. So a thread writes, and nobody waits for it.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WAITING_BYTES_MAX = 256 * 1024
"""Some 1,000 lines: more than a burst of a healthy reader's delay, and nothing beside a process's memory."""
FLUSH_S = 1.0
"""How long the end of a process waits for its last lines to be read."""

STDOUT, STDERR = 1, 2


class LineWriter:
    """Writes lines to a file descriptor, in order, without anybody's waiting for it. Any thread may call it.

    What finds ``WAITING_BYTES_MAX`` waiting is dropped, and so is what can't be written, to a full disk for one. How
    many lines that were is said in their place once others get through again. After the reader has gone for good all
    of it goes nowhere.

    Args:
        fd: the descriptor. Its thread starts with the first line.
        gap: makes the line that says how many others are missing.
    """

    def __init__(self, fd: int, gap: Callable[[int], bytes]) -> None:
        self._fd = fd
        self._gap = gap
        self._changed = threading.Condition()  # on an RLock: the collector may log in the midst of this
        self._waiting: list[tuple[bytes, int]] = []
        self._waiting_bytes = 0
        self._dropped = 0
        self._is_writing = False
        self._is_ending = False
        self._thread: threading.Thread | None = None

    def put(self, line: bytes, lines: int = 1) -> None:
        """Have a line written, with a single write so that processes that share a pipe don't mix theirs, or drop it.

        Args:
            line: with its end; it may be several in one, short enough for a single write.
            lines: as how many it counts if it is dropped.

        Raises:
            RuntimeError: there are no more threads to be had.
        """
        with self._changed:
            if self._waiting_bytes >= WAITING_BYTES_MAX:
                self._dropped += lines
                return
            if self._thread is None:
                # A daemon: it may be stuck in a write for ever.
                thread = threading.Thread(target=self._run, name=f"writer of {self._fd}", daemon=True)
                thread.start()
                self._thread = thread
            self._waiting.append((line, lines))
            self._waiting_bytes += len(line)
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is written.

        Returns:
            Whether it is; if not, some wait still.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._is_writing, timeout_s)

    def close(self, timeout_s: float) -> None:
        """End the thread once all is written. A later line starts another one.

        Args:
            timeout_s: how long to wait for it.
        """
        with self._changed:
            thread = self._thread
            self._is_ending = thread is not None
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        missing = 0
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._is_ending)
                if not self._waiting:
                    self._is_ending, self._thread = False, None
                    return
                self._is_writing = True
                waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
                # They came when these lines were all there already: this is the place of the gap.
                dropped, self._dropped = self._dropped, 0
            missing += dropped + sum(lines for line, lines in waiting if not self._write(line))
            if missing and self._write(self._gap(missing)):
                missing = 0

    def _write(self, line: bytes) -> bool:
        rest = memoryview(line)
        try:
            while rest:
                try:
                    rest = rest[os.write(self._fd, rest) :]
                except BlockingIOError:  # who shares it has made it so
                    writable = select.poll()
                    writable.register(self._fd, select.POLLOUT)
                    writable.poll()
        except BrokenPipeError:
            discard(self._fd)
        except OSError:
            return False
        return True


def say(text: str) -> None:
    """Write a line to stderr, for people. Waits for ``FLUSH_S`` at most, and never raises.

    Args:
        text: what to say, without a line's end.
    """
    writer = LineWriter(STDERR, lambda missing: b"")
    with contextlib.suppress(RuntimeError):
        writer.put(text.encode(errors="replace") + b"\n")
    writer.close(FLUSH_S)


def discard(fd: int) -> None:
    """Let whatever is still written to a descriptor go nowhere, after its reader has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, fd)
    os.close(nowhere)


def open_missing_streams() -> None:
    """Open standard streams that this process was started without, so that no connection takes the place of one."""
    for fd, mode in ((0, os.O_RDONLY), (STDOUT, os.O_WRONLY), (STDERR, os.O_WRONLY)):
        try:
            os.fstat(fd)
        except OSError:
            # The least free descriptor is taken, which is this one: those below are open by now.
            os.set_inheritable(os.open(os.devnull, mode), True)
    for name, fd in (("stdout", STDOUT), ("stderr", STDERR)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(fd, "w", encoding="utf-8", closefd=False))  # noqa: SIM115  # as long as the process
