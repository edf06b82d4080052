"""Takes old rows out of a journal that no worker has. Their sums stay in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from rinha.store.report import need_psycopg
from rinha.store.sqlite.url import SqliteUrl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rinha.store.url import StoreUrl


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


def open_for_pruning(url: StoreUrl) -> Sequence[Pruning]:
    """Take the places of all journals that a URL names: of one, or of each shard's.

    Raises:
        StoreUnavailable: a worker has one of them, or it can't be reached; none is held then.
        StoreBroken: there is none, or it is not ours, of a newer version, or damaged.
    """
    if isinstance(url, SqliteUrl):
        from rinha.store.sqlite.pruning import SqlitePruning

        return [SqlitePruning(url.path)]
    need_psycopg()
    from rinha.store.postgres.pruning import open_all

    return open_all(url)
