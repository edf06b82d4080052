"""A recorder that takes notes, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.tracing import Fields, Record


class Notes:
    """Keeps each hop (``actors.tracing.Recorder``), and samples what the test says.

    Args:
        share: 1 to sample every payment, 0 for none.
        now_ns: the wall clock; one that stands still by default.
    """

    active = True

    def __init__(self, share: float = 0.0, now_ns: Callable[[], int] = lambda: 1_752_000_000_000_000_000) -> None:
        self.records: list[Record] = []
        self.traced: list[bytes] = []
        self.now_ns = now_ns
        self._share = share

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
        self.records.append((start_ns, took_ns, payment_id, hop, attempt, actor, fields))

    def samples(self, payment_id: bytes) -> bool:
        return self._share > 0

    def trace(self, payment_id: bytes) -> None:
        self.traced.append(payment_id)

    def of(self, hop: str) -> list[Record]:
        """The hops of one kind."""
        return [each for each in self.records if each[3] == hop]

    def hops(self) -> list[str]:
        """The names of all hops, in the order in which they were noted."""
        return [each[3] for each in self.records]
