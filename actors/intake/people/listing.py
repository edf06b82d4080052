"""Payments that are held, page by page, the oldest first; in bounded time, however many there are."""

from __future__ import annotations

from bisect import bisect_left
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING

from actors.intake.backlog.entry import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.intake.backlog.entry import Entry
    from actors.intake.backlog.held import Held

    Place = tuple[float, bytes]

LIMIT_MAX = 1000
"""Payments of a page at most: more than a person looks at."""

LOOK_MAX = 5000
"""So many payments are looked at for a page, in some milliseconds. A page may have to end before it is full."""

STATES = {
    "": None,
    "waiting": (State.WAITING, State.STORING),
    "in_flight": (State.IN_FLIGHT,),
    "unknown": (State.UNKNOWN,),
    "parked": (State.PARKED,),
}
"""By the name that people use; none for all."""

_START: Place = (float("-inf"), b"")
_LAST_ID = b"\xff" * 16


def page(held: Held, state: str, limit: int, after: str) -> tuple[list[Entry], str]:
    """A page of the payments that are in a state.

    Args:
        held: the payments.
        state: one of ``STATES``; no payment is in any other.
        limit: how many at most.
        after: what the page before returned; empty for the first one. What isn't of this form counts as empty.

    Returns:
        The payments, and what to ask for the next page with; empty if there is none.
    """
    limit, begin = max(1, min(limit, LIMIT_MAX)), _read(after)
    if state and count(held, state) <= LOOK_MAX:
        left = [each for each in _those(held, state) if _place(each) > begin]
        found = nsmallest(limit, left, key=_place)
        return found, _write(_place(found[-1])) if len(left) > len(found) else ""
    return _look_through(held, state, limit, begin)


def count(held: Held, state: str) -> int:
    """How many payments are in a state; for the arguments see ``page``."""
    match state:
        case "":
            return len(held)
        case "waiting":
            return held.waiting_count
        case "in_flight":
            return len(held.in_flight)
        case "unknown":
            return len(held.unknown)
        case "parked":
            return len(held.parked)
    return 0


def _those(held: Held, state: str) -> Iterable[Entry]:
    match state:
        case "waiting":
            return (*held.storing.values(), *held.held_back.values(), *held.waiting)
        case "in_flight":
            return held.in_flight.values()
        case "unknown":
            return held.unknown
        case "parked":
            return held.parked
    return ()


def _look_through(held: Held, state: str, limit: int, begin: Place) -> tuple[list[Entry], str]:
    """Look at payments in the order of their taking, up to ``LOOK_MAX``, and on to the end of those taken at once."""
    wanted, entries = STATES.get(state, ()), list(held.entries.values())
    found: list[Entry] = []
    last_s, looked_at, full = begin[0], 0, False
    for entry in islice(entries, bisect_left(entries, begin[0], key=_taken_at_s), None):
        if entry.taken_at_s != last_s and (full := len(found) > limit or looked_at >= LOOK_MAX):
            break
        last_s = entry.taken_at_s
        if _place(entry) <= begin:
            continue
        looked_at += 1
        if wanted is None or held.state_of(entry) in wanted:
            found.append(entry)
    found.sort(key=_place)
    if len(found) > limit:
        return found[:limit], _write(_place(found[limit - 1]))
    return found, _write((last_s, _LAST_ID)) if full else ""


def _taken_at_s(entry: Entry) -> float:
    return entry.taken_at_s


def _place(entry: Entry) -> Place:
    return entry.taken_at_s, entry.payment.payment_id


def _write(place: Place) -> str:
    return f"{place[0]!r}_{place[1].hex()}"


def _read(after: str) -> Place:
    taken_at_s, _, payment_id = after.partition("_")
    try:
        return float(taken_at_s), bytes.fromhex(payment_id)
    except ValueError:
        return _START
