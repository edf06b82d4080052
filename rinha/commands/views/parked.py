"""``rinha parked``: the payments that wait for a person, and what each processor found fault with; ``--retry`` lets
them try again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rinha.commands.views.answers import Payments, Retry, read
from rinha.commands.views.units import age, money

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from rinha.commands.http import Api
    from rinha.commands.views.terminal import Terminal

NOTHING = "nothing is parked: no payment waits for a person"


def ask(api: Api, options: Namespace) -> Any:
    """The oldest parked payments; with ``--retry``, what became of that."""
    if options.retry is None:
        return api.get("/payments", state="parked", limit=options.limit)
    return api.post(f"/payments/{options.retry}/retry" if options.retry else "/parked/retry")


def lines(answer: Any, terminal: Terminal, now_ms: int) -> Iterator[str]:
    """Who waits for a person, or what was let go."""
    if "retried" in answer:
        yield f"{answer['retried']:,} try again now: `rinha held` shows them" if answer["retried"] else NOTHING
        return
    if "why" in answer:
        yield read(answer, Retry).why
        return
    page = read(answer, Payments)
    if not page.payments:
        yield NOTHING
        return
    yield f"{page.total:,} wait for a person: `rinha parked --retry ID` lets one try again, without an ID all of them"
    for each in page.payments:
        yield ""
        yield f"{terminal.paint(each.id, 'bold')}  {money(each.amount_cents)}  parked for {age(each.since_ms, now_ms)}"
        yield from terminal.field("why", each.why)
        yield from terminal.field("next", each.next)
    if (more := page.total - len(page.payments)) > 0:
        yield f"and {more:,} more: --limit shows up to 1,000"
