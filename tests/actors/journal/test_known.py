"""What the journal knew already changes what is told of a run once it is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from actors.facts import Known
from actors.journal.known import knowing
from actors.messages.journal import PaymentsStored
from actors.messages.sessions import VerdictsGiven
from actors.values import Payment, Verdict

if TYPE_CHECKING:
    from actors.recipient import Recipient

OLD, NEW = b"o" * 16, b"n" * 16


@pytest.mark.parametrize(
    ("known", "given", "told"),
    [
        pytest.param(Known(OLD, 5, False), (), (), id="the same amount is a repetition"),
        pytest.param(Known(OLD, 6, False), (), ((7, Verdict.CONFLICT),), id="another one is not"),
        pytest.param(Known(OLD, 5, True), (), ((7, Verdict.WRITTEN_OFF),), id="written off"),
        pytest.param(
            Known(OLD, 5, False), ((7, Verdict.CONFLICT),), (), id="compared with one that was wrong, it is right"
        ),
        pytest.param(Known(OLD, 5, False), ((8, Verdict.CONFLICT),), ((8, Verdict.CONFLICT),), id="others stay"),
    ],
)
def test_verdicts_go_by_the_amount_that_is_on_record(known: Known, given: Any, told: Any) -> None:
    run = (Payment(NEW, 1), Payment(OLD, 5), Payment(b"c" * 16, 1))
    message = VerdictsGiven(8, given, run)
    assert knowing(message, {OLD: known}).exceptions == told


def test_the_intake_is_told_of_its_own_run() -> None:
    message = PaymentsStored(cast("Recipient", None), 2, (NEW, OLD), 0)
    known = Known(OLD, 5, False)
    assert knowing(message, {OLD: known, b"x" * 16: known}) == message._replace(known=(known,))


def test_everything_else_stays_as_it_is() -> None:
    assert knowing("anything", {OLD: Known(OLD, 5, False)}) == "anything"
