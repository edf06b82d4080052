"""Takes old rows out of a journal that no worker has. Their sums stay in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class ArchivedRow(NamedTuple):
    """A settled payment as it goes into an archive.

    Args:
        payment_id: its 16 bytes.
        taken_cents: amount in cents as taken.
        processor: where it is settled.
        amount_cents: amount in cents as settled.
        requested_at_ms: its ``requestedAt``.
    """

    payment_id: bytes
    taken_cents: int
    processor: str
    amount_cents: int
    requested_at_ms: int


class Pruning(Protocol):
    """A journal whose place is taken, as a worker takes it. Each call may raise ``StoreUnavailable``."""

    @property
    def journal_id(self) -> bytes:
        """Its 16 bytes."""
        ...

    @property
    def epoch(self) -> int:
        """The present one."""
        ...

    def rows(self, before_ms: int) -> Iterator[Sequence[ArchivedRow]]:
        """The rows of the present epoch that were requested before an instant, in order of that, in chunks."""
        ...

    def prune(self, before_ms: int) -> int:
        """Remove them, in small transactions, and note that; returns how many there were.

        If it fails half-way, the next call removes the rest.
        """
        ...

    def close(self) -> None:
        """Give up the place."""
        ...
