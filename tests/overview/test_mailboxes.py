"""What actors were at, from what a meter counts."""

from __future__ import annotations

from actors.reports import AtWork
from actors.runtime.meter import Measured
from rinha.bridge.protocol.wire.overview import ActorReport, EdgeReport
from rinha.overview.mailboxes import Mailboxes


class Actor:
    def __init__(self, name: str, waiting: int = 0) -> None:
        self.name = name
        self.waiting = lambda: waiting

    def tell(self, message: object) -> None:
        raise AssertionError("nobody is told anything")


def measured(actor: str, message: str, handled: int) -> Measured:
    """Each took 1 ms, and had waited for 2 ms."""
    return Measured(actor, message, handled, handled * 0.001, handled * 0.002)


def test_an_actor_is_told_of_by_the_last_ten_seconds() -> None:
    mailboxes = Mailboxes()
    for second in range(21):
        handled = 100 * second if second <= 10 else 1000 + 10 * (second - 10)
        mailboxes.add(float(second), [measured("intake", "SubmitPayments", handled), measured("intake", "Wake", 5)])
    (intake,) = mailboxes.actors([Actor("intake", 3)], [], {"intake": 2})
    assert intake == ActorReport("intake", "intake", 3, 2.0, 0.01, 10.0, 2, "", "")
    assert mailboxes.worked()["intake"].handled == 1105, "since the start"


def test_a_payment_actor_has_its_attempt_and_one_without_work_nothing() -> None:
    mailboxes = Mailboxes()
    at_work = [AtWork("payment-1", "fallback", "look-up")]
    first, second, poller = mailboxes.actors([Actor("payment-1"), Actor("payment-2"), Actor("poller-a")], at_work, {})
    assert (first.kind, first.processor, first.step) == ("payment", "fallback", "look-up")
    assert (second.processor, second.per_s, second.busy, second.wait_ms) == ("", None, None, None), "not measured"
    assert poller.kind == "poller"
    for second_s in (0.0, 1.0):
        mailboxes.add(second_s, [])
    (second,) = mailboxes.actors([Actor("payment-2")], [], {})
    assert (second.processor, second.per_s, second.busy, second.wait_ms) == ("", 0.0, 0.0, 0.0)


def test_after_a_while_without_the_meter_figures_are_of_what_comes() -> None:
    mailboxes = Mailboxes()
    for second in range(5):
        mailboxes.add(float(second), [measured("intake", "SubmitPayments", 100 * second)])
    mailboxes.begin(60.0, [measured("intake", "SubmitPayments", 400)])
    (intake,) = mailboxes.actors([Actor("intake")], [], {})
    assert (intake.per_s, intake.wait_ms, intake.busy) == (None, None, None)
    assert [each.per_s for each in mailboxes.edges()] == [None]
    assert mailboxes.worked()["intake"].handled == 400, "a counter never falls"
    mailboxes.add(61.0, [measured("intake", "SubmitPayments", 430)])
    (intake,) = mailboxes.actors([Actor("intake")], [], {})
    assert (intake.per_s, intake.wait_ms, intake.busy) == (30.0, 2.0, 0.03)


def test_edges_are_messages_a_second_of_all_actors_of_a_kind() -> None:
    mailboxes = Mailboxes()
    for second in (0, 5):
        rows = [measured(f"payment-{number}", "Attempt", 10 * second) for number in range(3)]
        rows.append(measured("intake", "GetCounts", 50))
        mailboxes.add(float(second), rows)
    assert mailboxes.edges() == (EdgeReport("intake", "pool", 30.0, "Attempt"),)
