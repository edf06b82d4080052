"""Credit for the bridge's sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from actors.intake.credits import WINDOW_MAX, Credits

if TYPE_CHECKING:
    from actors.recipient import Recipient


class Session:
    def tell(self, message: Any) -> None:
        raise AssertionError("credits tell nobody anything themselves")


def granted(credit: Credits, held: int) -> dict[Recipient, int]:
    due = credit.is_due
    grants = list(credit.grant(held))
    assert due or not grants
    assert len({session for session, _payments in grants}) == len(grants)
    return dict(grants)


def test_a_new_session_gets_a_window() -> None:
    credit, session = Credits(100_000), Session()
    credit.open(session)
    assert granted(credit, held=0) == {session: WINDOW_MAX}
    assert granted(credit, held=0) == {}


def test_a_small_capacity_has_small_windows_so_that_several_sessions_share_it() -> None:
    credit, sessions = Credits(100), [Session() for _ in range(4)]
    for session in sessions:
        credit.open(session)
    assert granted(credit, held=0) == dict.fromkeys(sessions, 25)


def test_it_tops_up_once_half_is_used() -> None:
    credit, session = Credits(400), Session()
    credit.open(session)
    assert granted(credit, held=0) == {session: 100}
    credit.use(session, 49)
    assert granted(credit, held=0) == {}
    credit.use(session, 1)
    assert granted(credit, held=0) == {session: 50}


def test_a_full_backlog_grants_nothing_and_goes_on_when_it_has_room() -> None:
    credit, session = Credits(10), Session()
    credit.open(session)
    assert granted(credit, held=10) == {}
    assert granted(credit, held=12) == {}
    assert granted(credit, held=9) == {session: 1}


def test_capacity_of_one_works() -> None:
    credit, session = Credits(1), Session()
    credit.open(session)
    assert granted(credit, held=0) == {session: 1}


def test_unused_credit_of_a_closed_session_is_free_again() -> None:
    credit, gone, here = Credits(8), Session(), Session()
    credit.open(gone)
    granted(credit, held=6)
    credit.open(here)
    assert granted(credit, held=6) == {}
    credit.close(gone)
    assert granted(credit, held=6) == {here: 2}


def test_a_closed_session_gets_and_uses_nothing() -> None:
    credit, session = Credits(8), Session()
    credit.open(session)
    credit.close(session)
    credit.use(session, 1)
    credit.close(session)
    assert granted(credit, held=0) == {}


@given(st.data())
def test_held_and_granted_never_pass_the_capacity(data: st.DataObject) -> None:
    """Sessions come and go and send on their credit, payments are settled; and whoever waits is served in the end."""
    capacity = data.draw(st.integers(1, 60), "capacity")
    credit, held = Credits(capacity), 0
    unused: dict[Recipient, int] = {}
    for _ in range(data.draw(st.integers(1, 40), "steps")):
        match data.draw(st.sampled_from(["open", "close", "send", "settle"]), "step"):
            case "open":
                session = Session()
                credit.open(session)
                unused[session] = 0
            case "close" if unused:
                whose = data.draw(st.sampled_from(list(unused)))
                credit.close(whose)
                del unused[whose]
            case "send" if unused:
                whose = data.draw(st.sampled_from(list(unused)))
                payments = data.draw(st.integers(0, unused[whose]))
                credit.use(whose, payments)
                unused[whose] -= payments
                held += payments
            case "settle":
                held -= data.draw(st.integers(0, held))
        for recipient, payments in credit.grant(held):
            assert payments > 0
            unused[recipient] += payments
        assert held + sum(unused.values()) <= capacity
        if unused and held == 0 and sum(unused.values()) < capacity:
            assert any(unused.values())


def test_what_is_not_on_record_yet_holds_back_as_much_credit_until_it_is() -> None:
    credit, session = Credits(400), Session()
    credit.open(session)
    assert granted(credit, held=0) == {session: 100}
    credit.use(session, 100, storing=True)
    assert granted(credit, held=100) == {}
    credit.stored(session, 50)
    assert granted(credit, held=100) == {session: 50}
    credit.close(session)
    credit.stored(session, 50)
