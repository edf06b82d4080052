"""``rinha payment ID``: what became of a payment, since when, why, and what happens next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rinha.commands.views.answers import Attempt, Payment, Payments, read
from rinha.commands.views.units import age, duration, instant, money, since

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from rinha.commands.http import Api
    from rinha.commands.views.terminal import Terminal

STATE_COLOURS = {"unknown": "yellow", "parked": "red", "settled": "green", "written_off": "dim"}
ENDED = frozenset({"settled", "written_off"})
"""What became of these is known; how is forgotten."""


def ask(api: Api, options: Namespace) -> Any:
    """The payments whose id is, or begins with, the digits that were given."""
    return api.get(f"/payments/{options.id}")


def lines(answer: Any, terminal: Terminal, now_ms: int) -> Iterator[str]:
    """A payment's card; of several, a list to choose from."""
    payments = read(answer, Payments).payments if "payments" in answer else [read(answer, Payment)]
    if len(payments) == 1:
        yield from card(payments[0], terminal, now_ms)
        return
    yield f"{len(payments)} payments begin so: give more digits of the one that you mean"
    rows = [(each.id, money(each.amount_cents), state(each, terminal), age(each.since_ms, now_ms)) for each in payments]
    yield from terminal.table(("correlationId", "amount", "state", "for"), rows)


def card(payment: Payment, terminal: Terminal, now_ms: int) -> Iterator[str]:
    """All that is known of one payment."""
    yield f"{terminal.paint(payment.id, 'bold')}  {money(payment.amount_cents)}"
    held = f" since {since(payment.since_ms, now_ms)}" if payment.since_ms else ""
    yield from terminal.field("state", f"{state(payment, terminal)}{held}")
    yield from terminal.field("why", payment.why)
    when = f" ({instant(payment.next_ms, now_ms)})" if payment.next_ms else ""
    yield from terminal.field("next", f"{payment.next}{when}")
    if payment.taken_ms:
        yield from terminal.field("taken", since(payment.taken_ms, now_ms))
    if payment.processor:
        sent = f", requestedAt {instant(payment.requested_at_ms, now_ms)}" if payment.requested_at_ms else ""
        yield from terminal.field("processor", f"{payment.processor}{sent}")
    if payment.attempts_made or payment.state not in ENDED:
        yield from _attempts(payment, terminal, now_ms)


def state(payment: Payment, terminal: Terminal) -> str:
    """A payment's state in words."""
    return terminal.paint(payment.state.replace("_", " "), STATE_COLOURS.get(payment.state, ""))


def _attempts(payment: Payment, terminal: Terminal, now_ms: int) -> Iterator[str]:
    yield from terminal.field("attempts", f"{payment.attempts_made:,}" if payment.attempts_made else "none yet")
    if not payment.attempts:
        return
    rows = [_row(each, now_ms) for each in payment.attempts]
    left_out = payment.attempts_made - len(rows)
    if left_out > 0:
        rows.insert(1, ("…", "", "", "", "", "", f"{left_out:,} not kept"))
    yield from terminal.table(("", "at", "took", "step", "processor", "outcome", "reason"), rows)


def _row(attempt: Attempt, now_ms: int) -> tuple[str, ...]:
    return (
        str(attempt.number),
        instant(attempt.at_ms, now_ms) if attempt.at_ms else "-",
        duration(attempt.took_ms / 1000),
        attempt.step,
        attempt.processor or "-",
        attempt.outcome or "under way",
        attempt.reason,
    )
