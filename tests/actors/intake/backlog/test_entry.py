"""A payment on its way."""

from __future__ import annotations

from actors.intake.backlog.entry import FRESH, Entry
from actors.values import Payment

NAMES = ("default", "fallback")


def entry() -> Entry:
    made = Entry(Payment(bytes(16), 100), 1.0)
    made.processor, made.reason = "default", "HTTP 404"
    return made


def test_the_trouble_of_one_is_no_other_ones() -> None:
    troubled = entry()
    troubled.refuse(2.0, 0, permanent=True, processors=NAMES)
    troubled.refuse(3.0, 0, permanent=False, processors=NAMES)
    troubled.doubt(4.0, 0, 5.0)
    other = Entry(Payment(bytes(16), 100), 1.0)
    assert (other.kind, other.answers, other.reason, other.doubted_s) == (FRESH, "", "", 0.0)
    assert not other.rejections
    assert not other.refusals


def test_a_payment_without_trouble_carries_none() -> None:
    assert vars(Entry(Payment(bytes(16), 100), 1.0)) == {}


def test_begun_anew_it_is_as_fresh_as_any() -> None:
    troubled = entry()
    troubled.refuse(2.0, 0, permanent=True, processors=NAMES)
    assert troubled.kind is not FRESH
    troubled.begin_anew(4.0)
    assert troubled.kind is FRESH
    assert troubled.answers == ""
