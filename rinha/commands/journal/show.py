"""Prints what is in journals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rinha.answers.instants import instant
from rinha.commands.views.units import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rinha.store.report import JournalReport


def show(reports: Sequence[JournalReport], *, as_json: bool) -> None:
    """Print them.

    Args:
        reports: one for each journal.
        as_json: a JSON line for each, else a block of lines for people.
    """
    if as_json:
        for report in reports:
            print(json.dumps(_document(report), ensure_ascii=False))
        return
    for number, report in enumerate(reports):
        if number:
            print()
        lines = list(_lines(report))
        width = max(len(name) for name, _ in lines)
        for name, value in lines:
            print(f"{name.ljust(width)}  {value}")


def _lines(report: JournalReport) -> Iterator[tuple[str, str]]:
    yield "kind", report.kind
    yield "where", report.where
    yield "version", str(report.version)
    yield "journal id", str(UUID(bytes=report.journal_id))
    yield "epoch", str(report.epoch)
    yield "bytes", ", ".join(f"{size:,} {what}" for what, size in report.sizes.items())
    settled = sum(each.requests for each in report.settled.values())
    yield "settled", f"{settled:,}"
    for name, totals in report.settled.items():
        yield f"  {name}", f"{totals.requests:,} payments, {money(totals.amount_cents)}"
    archived = report.pruned_before_ms
    yield "rows", f"{report.rows:,}" + ("" if archived is None else f", older than {instant(archived)} removed")
    yield "oldest", _instant(report.oldest_ms) or "-"
    yield "newest", _instant(report.newest_ms) or "-"
    yield "open", f"{report.open:,}"
    yield "written off", f"{report.written_off:,}"


def _document(report: JournalReport) -> dict[str, Any]:
    return {
        "kind": report.kind,
        "where": report.where,
        "version": report.version,
        "journalId": report.journal_id.hex(),
        "epoch": report.epoch,
        "bytes": dict(report.sizes),
        "settled": sum(each.requests for each in report.settled.values()),
        "processors": {
            name: {"payments": totals.requests, "cents": totals.amount_cents} for name, totals in report.settled.items()
        },
        "rows": report.rows,
        "oldestRequestedAt": _instant(report.oldest_ms),
        "newestRequestedAt": _instant(report.newest_ms),
        "open": report.open,
        "writtenOff": report.written_off,
        "prunedBefore": _instant(report.pruned_before_ms),
    }


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else instant(at_ms)
