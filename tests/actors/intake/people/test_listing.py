"""Pages of what is held: none is left out, none comes twice, and no page takes long."""

from __future__ import annotations

import random

import pytest

from actors.intake.backlog.backlog import Backlog
from actors.intake.backlog.entry import State
from actors.intake.people import listing
from actors.values import Payment

NAMES = ("default", "fallback")
STATES = {
    "waiting": {State.WAITING, State.STORING},
    "in_flight": {State.IN_FLIGHT},
    "unknown": {State.UNKNOWN},
    "parked": {State.PARKED},
}


def filled(seed: int, payments: int = 200) -> Backlog:
    """A backlog with payments in every state, some of them taken at the same instant."""
    chance, backlog, now_s = random.Random(seed), Backlog(NAMES), 100.0
    for number in range(payments):
        now_s += chance.choice((0.0, 0.0, 0.5))
        backlog.take(Payment(chance.randbytes(15) + bytes([number]), 1990), now_s, storing=chance.random() < 0.2)
    outcomes = backlog.outcomes
    for entry in list(backlog.held.waiting):
        payment_id, kind = entry.payment.payment_id, chance.random()
        if kind < 0.5:
            continue
        backlog.dispatch(entry, chance.choice(NAMES), 5000)
        if kind < 0.6:
            outcomes.mark_unknown(payment_id, now_s)
        elif kind < 0.7:
            outcomes.park(payment_id, "by a test", now_s)
        elif kind < 0.8:
            outcomes.refuse(payment_id, "HTTP 500", now_s, permanent=False)
        elif kind < 0.9:
            backlog.settle(payment_id)
    return backlog


def pages(backlog: Backlog, state: str, limit: int) -> list[list[bytes]]:
    found, after = [], ""
    while True:
        entries, after = listing.page(backlog.held, state, limit, after)
        found.append([each.payment.payment_id for each in entries])
        if not after:
            return found


@pytest.mark.parametrize("look_max", [10, 5000])
@pytest.mark.parametrize("state", ["", *STATES])
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_all_pages_together_are_all_payments(
    state: str, limit: int, look_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOK_MAX", look_max)
    for seed in range(5):
        backlog = filled(seed)
        held = backlog.held
        expected = [each for each in held if not state or held.state_of(each) in STATES[state]]
        expected.sort(key=lambda each: (each.taken_at_s, each.payment.payment_id))
        found = pages(backlog, state, limit)
        assert [each for page in found for each in page] == [each.payment.payment_id for each in expected]
        assert max(map(len, found)) <= limit
        assert listing.count(held, state) == len(expected)


def test_a_page_looks_at_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LOOK_MAX", 10)
    backlog = Backlog(NAMES)
    for number in range(100):
        backlog.take(Payment(number.to_bytes(16), 1990), 100.0 + number)
    for entry in list(backlog.held.waiting)[80:]:
        backlog.dispatch(entry, "default", 5000)
        backlog.outcomes.mark_unknown(entry.payment.payment_id, 300.0)
    lengths = [len(each) for each in pages(backlog, "unknown", 1000)]
    assert lengths[0] == 0, "there may be none among those looked at, though there are some"
    assert sum(lengths) == 20


def test_the_next_page_goes_on_where_the_last_one_ended_though_its_last_payment_is_gone() -> None:
    backlog = Backlog(NAMES)
    for number in range(6):
        backlog.take(Payment(number.to_bytes(16), 1990), 100.0)
    _first, after = listing.page(backlog.held, "", 3, "")
    gone = backlog.heads(100.0)[0]
    backlog.dispatch(gone, "default", 5000)
    backlog.settle(gone.payment.payment_id)
    rest, after = listing.page(backlog.held, "", 3, after)
    assert [each.payment.payment_id[-1] for each in rest] == [3, 4, 5]
    assert after == ""


@pytest.mark.parametrize("after", ["nonsense", "1_zz", "_", "x_00"])
def test_what_is_no_page_counts_as_the_first(after: str) -> None:
    backlog = filled(1)
    assert listing.page(backlog.held, "", 5, after) == listing.page(backlog.held, "", 5, "")


def test_in_no_other_state_is_anything() -> None:
    backlog = filled(1)
    assert listing.page(backlog.held, "settled", 5, "") == ([], "")
    assert listing.count(backlog.held, "settled") == 0
