"""The ledger actor: keeps the books of what was settled, and answers from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.facts import PaymentSettled
from actors.messages.people import GetRow, GetRows, GetSummary
from actors.messages.settling import ForgetPayments, PaymentRecorded, RecordingFailed, RecordPayment
from actors.values import LedgerRow, RowsPage, Summary

if TYPE_CHECKING:
    from actors.ledger.book import Book
    from actors.ports import Relay
    from actors.tracing import Tracer


class Ledger:
    """A thin adapter around the book, which outlives its restarts.

    Args:
        book: the books.
        relay: how far the journal goes before a recorded payment is reported.
        tracer: for sampled payments.
    """

    def __init__(self, book: Book, relay: Relay, tracer: Tracer) -> None:
        self._book = book
        self._relay = relay
        self._tracer = tracer

    def on_start(self) -> None:
        """Nothing to do: the books are as they were."""

    def on_receive(self, message: Any) -> Summary | RowsPage | LedgerRow | None:
        """Record, answer, or forget."""
        match message:
            case RecordPayment():
                row = LedgerRow(message.payment_id, message.processor, message.amount_cents, message.requested_at_ms)
                new = self._book.record(row, message.epoch)
                if message.traced:
                    self._tracer.record(message.payment_id, "ledger.recorded", processor=message.processor, new=new)
                self._relay.after(
                    (PaymentSettled(*row, message.epoch),),
                    (message.reply_to, PaymentRecorded(message.payment_id, message.epoch)),
                )
            case GetSummary():
                return self._book.summary(message.from_ms, message.to_ms)
            case GetRow():
                return self._book.row(message.payment_id)
            case GetRows():
                return RowsPage(self._book.epoch, len(self._book), self._book.rows(message.start, message.limit))
            case ForgetPayments():
                self._book.forget(message.epoch)
            case _:
                raise TypeError(f"the ledger doesn't know {message!r}")
        return None

    def may_retry(self, message: Any) -> bool:
        """Any message: recording twice changes nothing more."""
        return True

    def on_give_up(self, message: Any) -> bool:
        """Have a payment parked that can't be recorded; forget all the same, since the intake says so only once."""
        match message:
            case RecordPayment():
                message.reply_to.tell(RecordingFailed(message.payment_id, message.epoch))
            case ForgetPayments():
                self._book.forget(message.epoch)
            case _:
                return False
        return True
