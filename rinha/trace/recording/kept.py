"""The payments that somebody will ask for: the slowest of each second, and the first that failed, with their hops."""

from __future__ import annotations

from heapq import nlargest
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.tracing import Record

KEEP_S = 300.0
"""For how long."""

HOPS_MAX = 8_000
"""Copies in all, some 1.4 MB; a second's ten payments have about fifty. The oldest payments go first."""


class KeptPayment(NamedTuple):
    """A payment that is kept.

    Args:
        at_ns: when it was copied, since the Unix epoch.
        took_ns: from its taking to its end; 0 if it hasn't ended.
        failed: it was refused, unknown or parked.
        hops: what there was of it, in the order in which that was noted.
    """

    at_ns: int
    took_ns: int
    failed: bool
    hops: tuple[Record, ...]


class Kept:
    """Keeps them for ``KEEP_S``, but no more than ``HOPS_MAX``."""

    def __init__(self) -> None:
        self._payments: dict[bytes, KeptPayment] = {}
        self._failing: set[bytes] = set()
        self._hops = 0

    def __len__(self) -> int:
        return len(self._payments)

    @property
    def hops(self) -> int:
        """How many hops are kept."""
        return self._hops

    def failing(self, ids: Iterable[bytes]) -> set[bytes]:
        """Which of these are kept because they failed: they are to be kept once more when they end."""
        return self._failing.intersection(ids) if self._failing else set()

    def put(self, payment_id: bytes, at_ns: int, took_ns: int, hops: Iterable[Record], *, failed: bool) -> None:
        """Keep a payment as it is now; what is kept of it already stays.

        Args:
            payment_id: its 16 bytes.
            at_ns: the present.
            took_ns: see ``KeptPayment``.
            hops: what the ring has of it.
            failed: see ``KeptPayment``.
        """
        old = self._payments.pop(payment_id, None)
        if old is not None:
            hops, failed, took_ns = merge(old.hops, hops), failed or old.failed, max(took_ns, old.took_ns)
            self._hops -= len(old.hops)
        kept = self._payments[payment_id] = KeptPayment(at_ns, took_ns, failed, tuple(hops))
        self._hops += len(kept.hops)
        if failed:
            self._failing.add(payment_id)
        self._forget(at_ns)

    def hops_of(self, payment_id: bytes) -> tuple[Record, ...]:
        """What is kept of a payment; nothing if it isn't."""
        kept = self._payments.get(payment_id)
        return () if kept is None else kept.hops

    def slowest(self, n: int) -> list[tuple[int, bytes]]:
        """How long payments took, and their ids; the slowest first."""
        return nlargest(n, ((kept.took_ns, payment_id) for payment_id, kept in self._payments.items() if kept.took_ns))

    def failed(self, n: int) -> list[tuple[int, bytes]]:
        """When payments were kept that failed, and their ids; the newest first."""
        kept = reversed(self._payments.items())
        return [(each.at_ns, payment_id) for payment_id, each in kept if each.failed][:n]

    def slow_since(self, since_ns: int, n: int) -> list[KeptPayment]:
        """The slowest that were kept since an instant, without those that have no hops; the slowest first."""
        recent = takewhile(lambda each: each.at_ns >= since_ns, reversed(self._payments.values()))
        return nlargest(n, (each for each in recent if each.took_ns and each.hops), key=lambda each: each.took_ns)

    def newest_failed(self, n: int) -> list[KeptPayment]:
        """Those that failed, without those that have no hops; the newest first."""
        return list(islice((each for each in reversed(self._payments.values()) if each.failed and each.hops), n))

    def _forget(self, now_ns: int) -> None:
        """Let go of what is too old, or too much."""
        oldest_ns = now_ns - int(KEEP_S * 1e9)
        while self._payments:
            payment_id = next(iter(self._payments))
            if self._hops <= HOPS_MAX and self._payments[payment_id].at_ns >= oldest_ns:
                return
            self._hops -= len(self._payments.pop(payment_id).hops)
            self._failing.discard(payment_id)


def merge(older: Iterable[Record], newer: Iterable[Record]) -> list[Record]:
    """Two copies of a payment's hops as one, in the order of their starts; a hop that is in both comes once."""
    by_identity = {id(each): each for each in (*older, *newer)}
    return sorted(by_identity.values(), key=lambda each: each[0])
