"""A delivery between an API's bytes and an intake, without any I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from actors.messages.people import (
    Close,
    CloseAnswered,
    CloseFailed,
    ClosePayment,
    GetStatistics,
    PurgeDone,
    PurgePayments,
)
from actors.messages.sessions import (
    CreditGranted,
    CreditRestored,
    CreditWithdrawn,
    EpochRaised,
    PaymentsSentBefore,
    SessionAdmitted,
    SessionClosed,
    SessionDismissed,
    SessionEpochAdopted,
    SessionOpened,
    SubmitPayments,
    VerdictsGiven,
)
from actors.ports import StoreUnavailable
from actors.reports import CloseAnswer, CloseResult
from actors.values import Payment, Verdict, Withheld
from rinha.bridge.protocol.wire.codec import FrameDecoder, encode, encode_payment
from rinha.bridge.protocol.wire.frames import (
    Ack,
    Credit,
    Epoch,
    EpochAdopted,
    Reply,
    ReplyStatus,
    Request,
    SentBefore,
    Withdrawal,
)
from rinha.bridge.protocol.wire.handshake import Hello, Welcome, prove
from rinha.bridge.protocol.wire.questions import Kind, encode_request
from rinha.bridge.protocol.worker.delivery import Delivery, supersede

if TYPE_CHECKING:
    from rinha.bridge.protocol.worker.pending import PendingRequest

NONCE = bytes(16)


class Bench:
    """A delivery, with everything around it taking notes."""

    def __init__(self, api_id: bytes = b"a" * 16) -> None:
        self.told: list[Any] = []
        self.cuts: list[str] = []
        self.asked: list[PendingRequest] = []
        self.api_id = api_id
        self.delivery = Delivery(
            b"",
            nonce=NONCE,
            incarnation=7,
            intake=self,
            line=self,
            on_hello=lambda delivery: None,
            ask=self.asked.append,
        )
        self.sent()

    def tell(self, message: Any) -> None:
        self.told.append(message)

    def flush(self) -> None:
        """Nothing: what is due is looked at by ``sent``."""

    def cut(self, reason: str) -> None:
        self.cuts.append(reason)
        self.delivery.end()

    def greet(self, *, incarnation: int = 0, first: int = 1, following: int = 1) -> None:
        hello = Hello(3, self.api_id, "api", incarnation, 0, first, following)
        self.give(hello._replace(proof=prove(b"", NONCE, hello)))

    def admitted(self) -> Bench:
        self.greet()
        self.delivery.tell(SessionAdmitted(3))
        self.delivery.tell(CreditGranted(10))
        self.sent()
        self.told.clear()
        return self

    def give(self, *frames: Any) -> None:
        self.delivery.receive(b"".join(each if isinstance(each, bytes) else encode(each) for each in frames))

    def sent(self) -> list[Any]:
        stream = b""
        while data := self.delivery.session.data_to_send():
            stream += data
        return FrameDecoder().feed(stream)


@pytest.fixture
def bench() -> Bench:
    return Bench().admitted()


PAYMENT = Payment(bytes(16), 1990)


def test_the_api_is_welcomed_in_the_epoch_that_the_intake_names() -> None:
    bench = Bench()
    bench.greet()
    assert bench.told == [SessionOpened(bench.delivery)]
    assert (bench.sent(), bench.delivery.is_open) == ([], False)
    bench.delivery.tell(SessionAdmitted(3))
    assert (bench.sent(), bench.delivery.is_open) == ([Welcome(7, 3)], True)
    bench.delivery.tell(SessionAdmitted(3))  # the intake crashed when it had said so
    assert bench.sent() == []


@pytest.mark.parametrize(("incarnation", "suspect"), [(0, False), (7, False), (6, True)])
def test_what_was_sent_to_another_worker_before_is_suspect(incarnation: int, suspect: bool) -> None:
    bench = Bench()
    bench.greet(incarnation=incarnation, following=2)
    bench.delivery.tell(SessionAdmitted(3))
    bench.give(encode_payment(1, PAYMENT, True))
    assert bench.told[1:] == [SubmitPayments(bench.delivery, 3, 1, [PAYMENT], True, suspect)]


def test_it_is_idle_once_all_is_decided_and_replied_to(bench: Bench) -> None:
    bench.give(encode_payment(1, PAYMENT), Request(1, Kind.STATISTICS, b""))
    idle = [bench.delivery.is_idle]
    bench.delivery.tell(VerdictsGiven(1, ((1, Verdict.CONFLICT),)))
    idle.append(bench.delivery.is_idle)
    bench.asked[0].fail("no")
    idle.append(bench.delivery.is_idle)
    assert idle == [False, False, True]
    assert bench.sent() == [Ack(1, ((1, Verdict.CONFLICT),)), Reply(1, 1, False, b"no")]


def test_a_verdict_twice_cuts_the_connection(bench: Bench) -> None:
    bench.give(encode_payment(1, PAYMENT))
    exceptions = ((1, Verdict.CONFLICT),)
    bench.delivery.tell(VerdictsGiven(1, exceptions))
    bench.delivery.tell(VerdictsGiven(1, exceptions))
    assert bench.cuts == ["wrong acknowledgement"]


def test_credit_is_withdrawn_and_restored(bench: Bench) -> None:
    bench.delivery.tell(CreditWithdrawn())
    assert bench.sent() == [Credit(0, Withdrawal.STORE_AWAY)]
    for why in (Withheld.PROMISE_LOST, Withheld.MEMORY_FULL):
        bench.delivery.tell(CreditWithdrawn(why))
        assert bench.sent() == [Credit(0, Withdrawal[why.name])]
    bench.delivery.tell(CreditRestored())
    assert bench.sent() == [Credit(11)]


def test_a_purge_is_the_intakes_and_replied_to_once(bench: Bench) -> None:
    bench.give(Request(1, Kind.PURGE, b""))
    (purge,) = bench.told
    assert isinstance(purge, PurgePayments)
    bench.delivery.tell(EpochRaised(4))
    bench.delivery.tell(EpochRaised(4))
    assert bench.sent() == [Epoch(4)]
    bench.give(EpochAdopted(4))
    assert bench.told[1:] == [SessionEpochAdopted(bench.delivery, 4)]
    purge.reply_to.tell(PurgeDone(4))
    purge.reply_to.tell(PurgeDone(4))
    assert bench.sent() == [Reply(1, 0, False, b"4")]


def test_a_word_on_a_payment_is_the_intakes_and_replied_to_once(bench: Bench) -> None:
    order = Close(bytes(16), "", 0, 0, "ada", "")
    kind, payload = encode_request(order)
    bench.give(Request(1, kind, payload), Request(2, kind, payload))
    first, second = bench.told
    assert isinstance(first, ClosePayment)
    assert first.order == order
    answered = CloseAnswered(CloseAnswer(CloseResult.CLOSED))
    first.reply_to.tell(answered)
    first.reply_to.tell(answered)
    second.reply_to.tell(CloseFailed("a bug"))
    assert bench.sent() == [Reply(1, 0, False, b"[0,0.0]"), Reply(2, 1, False, b"a bug")]


def test_a_question_is_answered_by_whoever_carries_it_out(bench: Bench) -> None:
    bench.give(Request(1, Kind.RETRY_PARKED, b""), Request(2, Kind.STATISTICS, b""))
    first, second = bench.asked
    first.carry_out(lambda question: 5)
    assert second.question == GetStatistics()
    second.carry_out(lambda question: 1 / 0)
    assert bench.sent() == [Reply(1, 0, False, b"5"), Reply(2, 1, False, b"ZeroDivisionError: division by zero")]


def test_what_only_the_journal_knows_may_be_unreadable(bench: Bench) -> None:
    def answer(question: object) -> object:
        raise StoreUnavailable("the disk is gone")

    bench.give(Request(1, Kind.STATISTICS, b""))
    (asked,) = bench.asked
    asked.carry_out(answer)
    assert bench.sent() == [Reply(1, ReplyStatus.UNREADABLE, False, b"the disk is gone")]


def test_draining_it_hands_nothing_more_over(bench: Bench) -> None:
    bench.delivery.drain()
    bench.give(encode_payment(1, PAYMENT), Request(1, Kind.PURGE, b""))
    assert bench.told == []
    assert bench.sent() == [Reply(1, 1, False, b"the worker is shutting down")]
    assert bench.delivery.is_idle


def test_it_ends_once_and_takes_nothing_after_that(bench: Bench) -> None:
    bench.delivery.tell(SessionDismissed("it is time"))
    bench.delivery.end()
    bench.delivery.tell(CreditGranted(5))
    assert bench.cuts == ["it is time"]
    assert bench.told == [SessionClosed(bench.delivery)]
    assert bench.sent() == []


def test_one_that_never_said_hello_ends_unheard() -> None:
    bench = Bench()
    bench.delivery.end()
    assert bench.told == []


def test_a_newer_session_of_the_same_api_ends_the_older(bench: Bench) -> None:
    other, newer = Bench(b"b" * 16).admitted(), Bench().admitted()
    supersede(newer.delivery, [bench.delivery, other.delivery, newer.delivery])
    assert (len(bench.cuts), other.cuts, newer.cuts) == (1, [], [])


def test_ids_that_the_api_sent_to_another_worker_are_the_intakes_to_know(bench: Bench) -> None:
    bench.give(SentBefore(bytes(32)), encode_payment(1, PAYMENT))
    assert bench.told == [
        PaymentsSentBefore(bench.delivery, bytes(32)),
        SubmitPayments(bench.delivery, 3, 1, [PAYMENT]),
    ]
