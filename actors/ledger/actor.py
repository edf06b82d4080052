"""The ledger actor: keeps the books of what was settled, and answers from them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from actors.facts import PaymentSettled
from actors.ledger.book import InJournal
from actors.messages.people import GetRow, GetRows, GetSummary
from actors.messages.settling import ForgetPayments, PaymentRecorded, RecordingFailed, RecordPayment
from actors.values import LedgerRow, RowsPage

if TYPE_CHECKING:
    from actors.ledger.book import Book, Summed
    from actors.ports import Relay
    from actors.tracing import Fields, Recorder


class Ledger:
    """A thin adapter around the book, which outlives its restarts.

    Args:
        book: the books.
        relay: how far the journal goes before a recorded payment is reported.
        recorder: told of each payment.
    """

    def __init__(self, book: Book, relay: Relay, recorder: Recorder) -> None:
        self._book = book
        self._relay = relay
        self._recorder = recorder

    def on_start(self) -> None:
        """Nothing to do: the books are as they were."""

    def on_receive(self, message: Any) -> Summed | RowsPage | InJournal | LedgerRow | None:
        """Record, answer, or forget."""
        match message:
            case RecordPayment():
                row = LedgerRow(message.payment_id, message.processor, message.amount_cents, message.requested_at_ms)
                new = self._book.record(row, message.epoch)
                recorder = self._recorder
                if recorder.active:
                    now_ns, fields = recorder.now_ns(), _fields(message.processor, new)
                    recorder.note(message.payment_id, "ledger.recorded", now_ns, 0, message.attempt, "ledger", fields)
                self._relay.after(
                    (PaymentSettled(*row, message.epoch),),
                    (message.reply_to, PaymentRecorded(message.payment_id, message.epoch)),
                )
            case GetSummary():
                return self._book.summary(message.from_ms, message.to_ms)
            case GetRow():
                return self._book.row(message.payment_id)
            case GetRows():
                return self._page(message)
            case ForgetPayments():
                self._book.forget(message.epoch)
            case _:
                raise TypeError(f"the ledger doesn't know {message!r}")
        return None

    def _page(self, question: GetRows) -> RowsPage | InJournal:
        book = self._book
        if not book.is_whole:
            return InJournal(book.epoch, len(book))
        return RowsPage(book.epoch, len(book), book.rows(question.start, question.limit))

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


@lru_cache
def _fields(processor: str, new: bool) -> Fields:
    """One object for all of these."""
    return {"processor": processor, "new": new}
