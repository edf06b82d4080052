"""What is in a journal, for people: read beside a worker, which it doesn't disturb."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actors.values import Totals


class JournalReport(NamedTuple):
    """One journal. All figures are of its present epoch.

    Args:
        kind: ``sqlite`` or ``postgresql``.
        where: its file; or host, database and schema.
        version: of its tables.
        journal_id: its 16 bytes.
        epoch: the present one.
        sizes: bytes, by what takes them.
        settled: all settled payments by processor, also those whose rows are archived.
        rows: how many of them have rows still.
        oldest_ms: the first ``requestedAt`` among the rows; None without rows.
        newest_ms: the last one.
        open: payments that are not settled.
        written_off: payments that a person has written off.
        pruned_before_ms: rows from before it are archived; None if none are.
    """

    kind: str
    where: str
    version: int
    journal_id: bytes
    epoch: int
    sizes: Mapping[str, int]
    settled: Mapping[str, Totals]
    rows: int
    oldest_ms: int | None
    newest_ms: int | None
    open: int
    written_off: int
    pruned_before_ms: int | None


def earlier_version(where: str, version: int, latest: int) -> str:
    """Why a journal of an earlier version isn't read."""
    return (
        f"the journal {where} is of version {version}, and this program reads {latest}: a worker's start brings it on"
    )
