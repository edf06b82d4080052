"""What a process keeps of its payments' hops, always; and which of them it writes."""

from __future__ import annotations

import time
from heapq import nlargest
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

from rinha.trace.recording.kept import Kept, merge
from rinha.trace.recording.lines import Lines
from rinha.trace.recording.review import review
from rinha.trace.recording.ring import Ring
from rinha.trace.recording.sampling import Sampling

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from actors.tracing import Fields, Record
    from rinha.trace.recording.kept import KeptPayment
    from rinha.trace.recording.process import Process

KEPT_PER_REVIEW = 5
"""The slowest of a second, and the first that failed, so many of each."""

WRITTEN_PER_REVIEW = 20
"""Payments of a second whose traces are written because they went wrong; the others are counted."""

RESOLVED_PER_REVIEW = 50
"""Payments of a second that began before it and are looked for in the whole ring."""

REVIEW_S = 1.0
"""How often ``ProcessRecorder.review`` is to be called."""


class Sink(Protocol):
    """Where hops are written: see ``lines.Lines``."""

    def put(self, record: Record) -> None:
        """Have a hop written."""
        ...

    def leave_out(self, payments: int) -> None:
        """Have it said that so many payments whose hops should be written are not."""
        ...

    def close(self) -> None:
        """Have written what waits."""
        ...


class Durations(Protocol):
    """Takes how long payments took: see ``rinha/overview/durations.py``."""

    def add(self, labels: Mapping[bytes, str], took_ns: Mapping[bytes, int]) -> None:
        """Count payments that have ended, each by how."""
        ...


class ProcessRecorder:
    """Keeps the last hops in a ring, and longer those of payments that somebody will ask for; writes others as lines.

    One thread uses it (``actors.tracing.Recorder``).

    Args:
        process: who notes them.
        recent: hops in the ring; 0 for none.
        share: of payments whose hops are written as lines.
        slow_ms: a payment that takes longer has gone wrong; 0 for none.
        lines: where they are written; the process's stdout if None.
        now_ns: the wall clock, in nanoseconds since the Unix epoch.
        durations: told of each review's payments that have ended; None if nobody wants to know how long they took.
    """

    def __init__(
        self,
        process: Process,
        *,
        recent: int,
        share: float = 0.0,
        slow_ms: float = 0.0,
        lines: Sink | None = None,
        now_ns: Callable[[], int] = time.time_ns,
        durations: Durations | None = None,
    ) -> None:
        self.process = process
        self.active = bool(recent or share)
        self.now_ns = now_ns
        self._ring = Ring(recent)
        self._sampling = Sampling(share)
        self._kept = Kept()
        self._durations = durations
        self._reviewed_s = float("-inf")
        self._lines: Sink = lines or Lines(process)
        self._slow_ns = int(slow_ms * 1e6)
        self._samples_any = bool(share)
        self._append, self._chosen, self._least = self._ring.append, self._sampling.chosen, self._sampling.least

    def note(
        self,
        payment_id: bytes,
        hop: str,
        start_ns: int,
        took_ns: int = 0,
        attempt: int = 0,
        actor: str = "",
        fields: Fields | None = None,
    ) -> None:
        """Note one hop of a payment (``actors.tracing.Recorder``)."""
        if took_ns < 0:  # noqa: PLR1730  # the clock was set back; per hop, and max() costs as much as the rest of this
            took_ns = 0
        record = (start_ns, took_ns, payment_id, hop, attempt, actor, fields)
        self._append(record)
        # Sampling's own answer, without two calls.
        if (self._samples_any and payment_id[12:] < self._least) or (self._chosen and payment_id in self._chosen):
            self._lines.put(record)

    def samples(self, payment_id: bytes) -> bool:
        """Whether this payment's hops are written by its id alone (``actors.tracing.Recorder``)."""
        return self._samples_any and self._sampling.samples(payment_id)

    def trace(self, payment_id: bytes) -> None:
        """Write this payment's hops from now on (``actors.tracing.Recorder``)."""
        self._sampling.choose(payment_id)

    def review_if_due(self) -> None:
        """As ``review``; but where somebody takes durations every second, and has it done for that, not once more."""
        if self._durations is None or time.monotonic() - self._reviewed_s >= 1.5 * REVIEW_S:
            self.review()

    def review(self) -> None:
        """Look through what was noted since the last time; to be called every ``REVIEW_S``, in the recorder's thread.

        Copies out the hops of the slowest payments and of the first that failed. Has those written that went wrong, and
        what comes of them from now on. That takes one pass over the newest hops, and one over what is older: over all
        only if a payment failed, or began long ago.
        """
        self._reviewed_s = time.monotonic()
        now_ns = self.now_ns()
        found = review(reversed(self._ring.since_mark(now_ns)))
        long_ago, took_ns = found.began_before[:RESOLVED_PER_REVIEW], found.took_ns
        slowest = nlargest(KEPT_PER_REVIEW, took_ns, key=took_ns.__getitem__)
        wrong = self._untraced((*found.wrong, *self._slow(took_ns)))
        failed = [*islice(found.failed, KEPT_PER_REVIEW), *self._kept.failing((*took_ns, *found.began_before))]
        wanted = {*slowest, *long_ago, *failed, *wrong[:WRITTEN_PER_REVIEW]}
        if not wanted:
            return
        hops = self._ring.hops_of(wanted, min(found.started_ns.get(each, 0) for each in wanted))
        old_ns = {each: _took_ns(hops[each]) for each in long_ago if each in hops}
        took_ns.update(old_ns)
        if self._durations is not None:
            self._durations.add(found.ends, took_ns)
        slowest = nlargest(KEPT_PER_REVIEW, {*slowest, *old_ns}, key=took_ns.__getitem__)
        for each in dict.fromkeys((*failed, *slowest)):
            self._kept.put(each, now_ns, took_ns.get(each, 0), hops.get(each, ()), failed=each in found.failed)
        self._write(self._untraced((*wrong, *self._slow(old_ns))), hops)

    def hops(self, ids: Collection[bytes]) -> list[Record]:
        """What is there of some payments, in the order of their starts (``processes.Traces``)."""
        recent = self._ring.hops_of(ids)
        hops = (merge(self._kept.hops_of(each), recent.get(each, ())) for each in dict.fromkeys(ids))
        return sorted(chain.from_iterable(hops), key=itemgetter(0))

    def slowest(self, n: int) -> list[tuple[int, bytes]]:
        """The payments that took longest of those that ended within ``kept.KEEP_S`` (``processes.Traces``)."""
        self.review()
        return self._kept.slowest(n)

    def failed(self, n: int) -> list[tuple[int, bytes]]:
        """Those that were refused, unknown or parked within ``kept.KEEP_S`` (``processes.Traces``)."""
        self.review()
        return self._kept.failed(n)

    def slow_since(self, since_ns: int, n: int) -> list[KeptPayment]:
        """The slowest of those that ended since an instant, as far as they are kept; the slowest first."""
        return self._kept.slow_since(since_ns, n)

    def newest_failed(self, n: int) -> list[KeptPayment]:
        """The last that were refused, unknown or parked, as of the last review; the newest first."""
        return self._kept.newest_failed(n)

    def close(self) -> None:
        """Have the lines written that wait, and end the threads that write."""
        self._lines.close()

    def _slow(self, took_ns: Mapping[bytes, int]) -> Iterable[bytes]:
        return (each for each, ns in took_ns.items() if ns > self._slow_ns) if self._slow_ns else ()

    def _untraced(self, ids: Iterable[bytes]) -> list[bytes]:
        return [each for each in dict.fromkeys(ids) if each not in self._sampling]

    def _write(self, wrong: Sequence[bytes], hops: Mapping[bytes, Sequence[Record]]) -> None:
        for each in wrong[:WRITTEN_PER_REVIEW]:
            for record in hops.get(each, ()):
                self._lines.put(record)
            self._sampling.choose(each)
        if len(wrong) > WRITTEN_PER_REVIEW:
            self._lines.leave_out(len(wrong) - WRITTEN_PER_REVIEW)


def _took_ns(hops: Sequence[Record]) -> int:
    return max(start + took for start, took, *_ in hops) - min(start for start, *_ in hops)
