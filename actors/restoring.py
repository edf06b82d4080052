"""What the actors begin with: a journal's settled payments in the books, all others in the backlog."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from actors.intake.backlog.entry import Entry
from actors.plan import START_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actors.facts import OpenPayment
    from actors.intake.backlog.backlog import Backlog
    from actors.ledger.book import Book
    from actors.ports import Store
    from actors.values import Payment

APART_S = 1e-6
"""Nobody knows when they were taken, but in which order."""


def restore(
    store: Store, book: Book, backlog: Backlog, now_s: float, *, suspect: bool, start_rows: int = START_ROWS
) -> None:
    """Fill books and backlog, which are empty: with the sums, the newest rows, and what is open.

    Args:
        store: what holds the journal.
        book: the books.
        backlog: the backlog.
        now_s: the present, on the monotonic clock.
        suspect: the journal may lack the last attempts, so each open payment may have been sent anywhere.
        start_rows: read at most so many settled payments.

    Raises:
        StoreUnavailable, StoreBroken: the store can't be read.
    """
    taken_cents = array("q")
    for chunk in store.settled(book.restore(store.sums(), start_rows)):
        if chunk:
            payment_ids, taken, processors, amounts_cents, instants_ms = zip(*chunk, strict=True)
            book.extend(payment_ids, processors, amounts_cents, instants_ms)
            taken_cents.extend(taken)
            for name, payment_id in dict(zip(processors, payment_ids, strict=True)).items():
                if name in backlog.outcomes.routes:
                    backlog.outcomes.routes[name].witness = payment_id
    backlog.ids.restore(book.ids_with(taken_cents), taken=len(book))
    backlog.settled = len(book)
    restore_written_off(backlog, store.written_off())
    restore_open(backlog, store.open(), now_s, suspect=suspect)


def restore_open(backlog: Backlog, open_: Sequence[OpenPayment], now_s: float, *, suspect: bool) -> None:
    """Go on with payments that aren't settled; the arguments are those of ``restore``."""
    for younger, (payment, processor, requested_at_ms, crashes) in zip(range(len(open_), 0, -1), open_, strict=True):
        backlog.ids.add(payment)
        entry = Entry(payment, now_s - younger * APART_S)
        entry.crashes = crashes
        if processor and not suspect:
            entry.processor, entry.requested_at_ms, entry.bound = processor, requested_at_ms, True
        backlog.held.entries[payment.payment_id] = entry
        backlog.outcomes.restore(entry, now_s, suspect=suspect)


def restore_written_off(backlog: Backlog, payments: Iterable[Payment]) -> None:
    """Go on with payments that a person has written off."""
    for payment in payments:
        backlog.ids.add(payment)
        backlog.ids.write_off(payment.payment_id)
