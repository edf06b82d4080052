"""What is asked of the books: the ledger answers from memory, and for what it doesn't hold the journal does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.ledger.book import InJournal, plus
from actors.messages.people import GetRow, GetRows, GetSummary
from actors.ports import StoreUnavailable
from actors.values import RowsPage

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from actors.ledger.book import Summed
    from actors.ports import History
    from actors.values import LedgerRow, Summary

TRIES = 3
"""A purge may come between the ledger's word and the journal's."""


class PurgedMeanwhile(StoreUnavailable):
    """The books were purged again and again while they were read; to ask again is fine."""

    def __init__(self) -> None:
        super().__init__("the books were purged again and again while they were read")


class Books:
    """Answers from ledger and journal together.

    Args:
        ask: has the ledger answer a question; may block or raise.
        history: the journal's settled payments; None without one.
    """

    def __init__(self, ask: Callable[[Any], Any], history: History | None) -> None:
        self._ask = ask
        self._history = history

    def summary(self, question: GetSummary) -> Summary:
        """Totals by processor.

        Raises:
            PurgedMeanwhile: see there.
            StoreUnavailable, StoreBroken: the range cuts through what only the journal knows, which can't be read.
        """
        for _ in range(TRIES):
            summed: Summed = self._ask(question)
            if not summed.cuts:
                return summed.totals
            cut = self._journal.totals(summed.epoch, summed.cuts)
            if cut is not None:
                return {name: plus(each, cut[name]) if name in cut else each for name, each in summed.totals.items()}
        raise PurgedMeanwhile

    def page(self, question: GetRows) -> RowsPage:
        """Rows in the order of their settling.

        Raises:
            PurgedMeanwhile, StoreUnavailable, StoreBroken: as ``summary``.
        """
        for _ in range(TRIES):
            page: RowsPage | InJournal = self._ask(question)
            if isinstance(page, RowsPage):
                return page
            rows = self._journal.rows(page.epoch, question.start, question.limit)
            if rows is not None:
                return RowsPage(page.epoch, page.total, rows)
        raise PurgedMeanwhile

    def row(self, payment_id: bytes, epoch: int) -> LedgerRow | None:
        """The row of a payment; None if it isn't in the books of that epoch.

        Raises:
            StoreUnavailable, StoreBroken: only the journal may know it, which can't be read.
        """
        row: LedgerRow | None = self._ask(GetRow(payment_id))
        if row is None and self._history is not None:
            row = self._history.row(epoch, payment_id)
        return row

    @property
    def _journal(self) -> History:
        if self._history is None:
            raise StoreUnavailable("there is no journal that could tell of older payments")
        return self._history
