"""Eight stories: what somebody asks, how the system is broken, and what a person types and must read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from tests.support.client import Setting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.system.stories.session import Session

FAILING, SOUND, SLOW = Setting(0, failing=True), Setting(0), Setting(400)
SILENT_ROUTE = {"kind": "throttle", "endpoint": "lookup"}
PROBED = "HTTP 500, empty body", "probed again in"
OUTAGE_S = 2.0
"""Of an outage, not of a wait for something: who waits less long isn't a backlog."""
TOLD_S = 3.0
"""The worker tells the APIs every second or so how much is in its books."""


class Story(NamedTuple):
    """One story.

    Args:
        asks: what somebody says.
        happened: what was done to the system, in a sentence.
        play: does that, and types the commands.
        settings: the system's.
    """

    asks: str
    happened: str
    play: Callable[[Session], Awaitable[None]]
    settings: tuple[tuple[str, str], ...] = ()


async def not_in_the_summary(session: Session) -> None:
    await session.set_both(FAILING)
    payment = (await session.post(6))[0]
    said = "waiting since", "every processor is failing", *PROBED, "attempts", "refused"
    await session.type(f"rinha payment {payment[:8]}", *said)


async def slow(session: Session) -> None:
    await session.set_both(SLOW)
    await session.post(6)
    await session.until_settled(6)
    await session.type("rinha trace --slowest 5", "%) processor: ")


async def dear(session: Session) -> None:
    await session.post(4)
    await session.until_settled(4)
    await session.set(default=FAILING)
    for settled in range(5, 15):
        await session.post()
        await session.until_settled(settled)
    in_use = "in use fallback since", "fallback is the only healthy processor"
    await session.type("rinha processors", *in_use, "default is probed again in", "paid", "the least possible was")


async def nothing_settles(session: Session) -> None:
    await session.set_both(FAILING)
    await session.post(6)
    await session.shows("rinha held", "both processors are failing")
    await session.post(40)
    await asyncio.sleep(OUTAGE_S)
    held = "46 of 100,000", "the oldest was taken", "both processors are failing", *PROBED
    await session.type("rinha held --limit 3", *held)
    await session.set_both(SOUND)
    await session.until_settled(46)
    await session.type("rinha held", "held nothing", "the last backlog drained in")


async def hangs(session: Session) -> None:
    await session.arm_both({"kind": "status", "status": 500}, SILENT_ROUTE)
    await session.post()
    bound = "nobody knows what came of that", "it may go nowhere else", "looked for"
    await session.type("rinha held --unknown", "1 unknown", *bound)


async def a_person_must_act(session: Session) -> None:
    await session.arm_both({"kind": "status", "status": 400})
    (payment,) = await session.post()
    found_fault = "1 wait for a person", payment, "default", "fallback", "HTTP 400"
    await session.type("rinha parked", *found_fault)
    await session.arm_both()
    await session.type(f"rinha parked --retry {payment}", "it is sent again now")
    await session.type(f"rinha payment {payment[:8]}", "settled since")
    await session.type(f"rinha trace {payment[:8]}", "retried")


async def refused(session: Session) -> None:
    await session.set_both(FAILING)
    while await session.post(40):
        pass
    await session.type("rinha statistics", "refuses full (60 of 60) since", "refused", "full; the last at")


async def restarted(session: Session) -> None:
    await session.post(6)
    await session.until_settled(6)
    await asyncio.sleep(TOLD_S)
    session.kill_worker()
    await session.type("rinha events", "payment-worker", "books empty: no journal, 6 settled forgotten")


FULL_AT_60 = (("RINHA_BACKLOG_MAX", "60"), ("RINHA_API_COUNT", "1"))
"""One API, because one that no client happens to reach keeps its share of so few."""

STORIES = (
    Story('"My payment isn\'t in the summary"', "Both processors answer 500.", not_in_the_summary),
    Story('"It got slow"', "Both processors take 400 ms for each payment.", slow),
    Story('"Why do we pay 15 %?"', "The cheaper processor answers 500.", dear),
    Story('"Nothing settles"', "Both processors answer 500, and after a while settle again.", nothing_settles),
    Story('"This one hangs"', "Both answer a payment with a 500 that has a body, and no look-up.", hangs),
    Story('"Somebody must act"', "Both find fault with a payment, and then don't any more.", a_person_must_act),
    Story(
        '"Clients get 503"',
        "Both processors answer 500, and the system holds as many payments as it may, here 60.",
        refused,
        FULL_AT_60,
    ),
    Story('"Something restarted"', "The worker, which has no journal, was killed (`kill -9`).", restarted),
)
