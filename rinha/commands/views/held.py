"""``rinha held``: whether payments wait, why, what ends that, and which they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rinha.commands.views.answers import Held, Payment, Payments, read
from rinha.commands.views.payment import state
from rinha.commands.views.units import age, due, duration, instant, money, since

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from rinha.commands.http import Api
    from rinha.commands.views.terminal import Terminal


def ask(api: Api, options: Namespace) -> dict[str, Any]:
    """What holds payments, and the oldest of those that are asked for."""
    listed = api.get("/payments", state=options.state, limit=options.limit)
    return {"held": api.get("/held"), **listed}


def lines(answer: dict[str, Any], terminal: Terminal, now_ms: int) -> Iterator[str]:
    """What holds payments in words, then a table of them."""
    yield from _summary(read(answer["held"], Held), terminal, now_ms)
    yield from listing(read(answer, Payments), terminal, now_ms)


def listing(page: Payments, terminal: Terminal, now_ms: int) -> Iterator[str]:
    """A table of payments, the oldest first, and how many more there are."""
    if not page.payments:
        return
    yield ""
    header = ("correlationId", "amount", "state", "for", "processor", "tries", "next", "why")
    yield from terminal.table(header, [_row(each, terminal, now_ms) for each in page.payments])
    if (more := page.total - len(page.payments)) > 0:
        yield f"and {more:,} more: --limit shows up to 1,000"


def _summary(held: Held, terminal: Terminal, now_ms: int) -> Iterator[str]:
    counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in held.counts.items() if count)
    total = sum(held.counts.values())
    oldest = f"; the oldest was taken {since(held.oldest_ms, now_ms)}" if held.oldest_ms else ""
    room = f" of {held.backlog_max:,}" if total else ""
    yield from terminal.field("held", f"{total:,}{room}: {counts}{oldest}" if counts else "nothing")
    if held.why:
        yield from terminal.field("why", held.why)
    if held.next:
        yield from terminal.field("next", held.next)
    if held.drained_ms:
        yield from terminal.field(
            "before",
            f"the last backlog drained in {duration(held.drained_s or 0)}: {held.drained_payments:,} payments, "
            f"done at {instant(held.drained_ms, now_ms)}, {age(held.drained_ms, now_ms)} ago",
        )


def _row(payment: Payment, terminal: Terminal, now_ms: int) -> tuple[str, ...]:
    return (
        payment.id,
        money(payment.amount_cents),
        state(payment, terminal),
        age(payment.since_ms, now_ms),
        payment.processor or "-",
        f"{payment.attempts_made:,}",
        due(payment.next_ms, now_ms),
        payment.why,
    )
