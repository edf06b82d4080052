"""Following: a log that grows, and a running system that is asked again and again."""

from __future__ import annotations

import os
import select
import stat
import time
from typing import IO, TYPE_CHECKING

from rinha.trace.reading.follow import Follower

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rinha.trace.reading.spans import Trace

POLL_S = 0.2
ASK_AGAIN_S = 1.0
CHUNK_BYTES = 1 << 16


def follow_log(file: IO[bytes], digits: str) -> Iterator[Trace]:
    """The traces of a log as its payments end.

    Args:
        file: a pipe, until its writers have gone; or a file, from its beginning and for ever.
        digits: of an id, if only payments that begin so are of interest.
    """
    follower = Follower(digits)
    is_pipe = not stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    rest = b""
    while True:
        readable = not is_pipe or select.select([file], [], [], POLL_S)[0]
        chunk = os.read(file.fileno(), CHUNK_BYTES) if readable else b""
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            follower.put(line, time.monotonic())
        is_over = is_pipe and bool(readable) and not chunk
        yield from follower.ready(time.monotonic(), at_end=is_over)
        if is_over:
            return
        if not is_pipe and not chunk:
            time.sleep(POLL_S)


def follow_system(ask: Callable[[], Iterable[Trace]]) -> Iterator[Trace]:
    """The traces that a running system has, each again when there is more of it.

    Args:
        ask: for those of interest.
    """
    shown: dict[bytes, int] = {}
    while True:
        found = list(ask())
        for trace in found:
            if shown.get(trace.payment_id) != len(trace.spans):
                yield trace
        shown = {trace.payment_id: len(trace.spans) for trace in found}
        time.sleep(ASK_AGAIN_S)
