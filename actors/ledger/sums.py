"""The sums of one processor by spans of time: what is left of rows that are not held any more."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from actors.values import Totals

if TYPE_CHECKING:
    from collections.abc import Iterable


class SpanSums:
    """Payments and cents by span, and sums over ranges of spans without a scan.

    Almost all belong to the last span. Wherever one belongs, entering it costs a bisection; one of an earlier span has
    the sums before later ones computed anew, when somebody asks.
    """

    def __init__(self) -> None:
        self._spans = array("q")
        """The numbers of those in which there are any, in order."""
        self._payments = array("q")
        self._cents = array("q")
        # How many payments, and cents, are in all spans before each; as far as they are known.
        self._payments_before, self._cents_before = array("q", [0]), array("q", [0])

    def __contains__(self, span: int) -> bool:
        at = bisect_left(self._spans, span)
        return at < len(self._spans) and self._spans[at] == span

    def __reversed__(self) -> Iterable[tuple[int, int]]:
        """The spans, the last first: number and payments."""
        return zip(reversed(self._spans), reversed(self._payments), strict=True)

    def add(self, span: int, payments: int, cents: int) -> None:
        """Add to a span."""
        spans = self._spans
        if not spans or span > spans[-1]:
            spans.append(span)
            self._payments.append(payments)
            self._cents.append(cents)
            return
        at = len(spans) - 1 if span == spans[-1] else bisect_left(spans, span)
        if spans[at] != span:
            spans.insert(at, span)
            self._payments.insert(at, 0)
            self._cents.insert(at, 0)
        self._payments[at] += payments
        self._cents[at] += cents
        del self._payments_before[at + 1 :], self._cents_before[at + 1 :]

    def totals(self, first: int | None, end: int | None) -> Totals:
        """Count and sum the spans from ``first`` to the one before ``end``; None leaves an end open."""
        payments, cents = self._before(end)
        earlier, earlier_cents = (0, 0) if first is None else self._before(first)
        return Totals(payments - earlier, cents - earlier_cents) if payments > earlier else Totals(0, 0)

    def _before(self, span: int | None) -> tuple[int, int]:
        at = len(self._spans) if span is None else bisect_left(self._spans, span)
        payments, cents = self._payments_before, self._cents_before
        for known in range(len(payments) - 1, at):
            payments.append(payments[known] + self._payments[known])
            cents.append(cents[known] + self._cents[known])
        return payments[at], cents[at]
