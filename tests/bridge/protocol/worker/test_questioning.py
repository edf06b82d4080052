"""A question to all APIs: those that answer, and those that don't, answer late, twice, or nonsense."""

from __future__ import annotations

from typing import Any

import pytest

from rinha.bridge.protocol.wire.codec import FrameDecoder, encode
from rinha.bridge.protocol.wire.frames import MAX_PIECE_BYTES, Reply, Request
from rinha.bridge.protocol.wire.handshake import Hello, prove
from rinha.bridge.protocol.wire.own_questions import (
    GetOwnEvents,
    GetOwnFigures,
    GetOwnHops,
    OwnKind,
    encode_own_request,
    reply_to,
)
from rinha.bridge.protocol.wire.processes import ApiReport, ProcessEvents, ProcessHops
from rinha.bridge.protocol.worker.questioning import MAX_ASKED, Poll, Polled, Questions
from rinha.bridge.protocol.worker.worker_end import WorkerEnd

NONCE = bytes(16)
REPORT = ApiReport("payment-api-1", "00ff", 1, 2, {"full": 3})


class Session:
    """An API's open session at the worker, whose API the test plays."""

    def __init__(self, name: str, *, is_open: bool = True) -> None:
        self.api_name = name
        self.is_open = is_open
        self.end = WorkerEnd(b"", nonce=NONCE)
        self.questions = Questions(self.end, lambda: None)
        hello = Hello(3, name.encode().ljust(16), name, 0, 0, 1, 1)
        list(self.end.receive(encode(hello._replace(proof=prove(b"", NONCE, hello)))))
        self.end.welcome(7, 1)
        self.end.data_to_send()

    def asked(self) -> list[Any]:
        return FrameDecoder().feed(self.end.data_to_send())

    def reply(self, *frames: Reply) -> None:
        for event in self.end.receive(b"".join(map(encode, frames))):
            self.questions.take(event)  # type: ignore[arg-type]  # nothing else is sent


def poll(*sessions: Session) -> tuple[Poll, list[bool]]:
    done: list[bool] = []
    return Poll(GetOwnFigures(), sessions, lambda: done.append(True)), done


def payload(answer: object) -> bytes:
    return reply_to(OwnKind.FIGURES, b"[]", lambda question: answer, max_bytes=2**20)[1]


def test_all_that_are_open_are_asked_and_it_is_done_with_the_last_answer() -> None:
    one, two, closed = Session("one"), Session("two"), Session("closed", is_open=False)
    asking, done = poll(one, two, closed)
    assert one.asked() == two.asked() == [Request(1, OwnKind.FIGURES, b"[]")]
    assert closed.asked() == []
    one.reply(Reply(1, 0, False, payload(REPORT)))
    assert not done
    two.reply(Reply(1, 0, True, payload(REPORT)[:9]), Reply(1, 0, False, payload(REPORT)[9:]))
    assert done
    assert asking.close(0.5) == Polled((REPORT, REPORT), ())


def test_without_an_api_it_is_done_at_once() -> None:
    asking, done = poll()
    assert done
    assert asking.close(0.5) == Polled((), ())


def test_who_does_not_answer_is_named_and_a_late_answer_is_dropped() -> None:
    one, two = Session("one"), Session("two")
    asking, done = poll(one, two)
    one.reply(Reply(1, 0, False, payload(REPORT)))
    assert asking.close(0.5) == Polled((REPORT,), ("two: no answer within 0.5 s",))
    done.clear()
    two.reply(Reply(1, 0, False, payload(REPORT)))
    assert not done


def test_an_answer_that_comes_twice_counts_once() -> None:
    one, two = Session("one"), Session("two")
    asking, done = poll(one, two)
    one.reply(Reply(1, 0, False, payload(REPORT)), Reply(1, 0, False, payload(REPORT)))
    assert not done
    assert asking.close(0.5).answers == (REPORT,)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(1, 0, False, b"{"), "a malformed FIGURES reply"),
        (Reply(1, 0, False, b'["name"]'), "a malformed FIGURES reply"),
        (Reply(1, 1, False, b"KeyError: 3"), "KeyError: 3"),
    ],
)
def test_nonsense_and_failures_are_named(reply: Reply, fault: str) -> None:
    one = Session("one")
    asking, done = poll(one)
    one.reply(reply)
    assert done
    answers, (missing,) = asking.close(0.5)
    assert answers == ()
    assert missing.startswith(f"one: {fault}")


def test_a_command_that_answers_no_questions_is_left_out() -> None:
    one = Session("console")
    asking, done = poll(one)
    one.reply(Reply(1, 2, False, b""))
    assert done
    assert asking.close(0.5) == Polled((), ())


def test_a_session_that_ends_is_named_at_once() -> None:
    one = Session("one")
    asking, done = poll(one)
    one.questions.end()
    assert done
    assert asking.close(0.5).missing == ("one: its session ended before it answered",)


def test_an_answer_without_end_breaks_the_protocol() -> None:
    one = Session("one")
    poll(one)
    with pytest.raises(Exception, match="more than"):
        one.reply(*[Reply(1, 0, True, bytes(MAX_PIECE_BYTES))] * 33)


def test_so_many_questions_at_one_time() -> None:
    one = Session("one")
    for _ in range(MAX_ASKED):
        poll(one)
    asking, done = poll(one)
    assert done
    assert asking.close(0.5).missing == (f"one: {MAX_ASKED} questions wait for its answers already",)
    one.reply(Reply(1, 0, False, payload(REPORT)))
    _, done = poll(one)
    assert not done


def test_a_question_fits_a_request() -> None:
    with pytest.raises(ValueError, match="of at most 4096"):
        encode_own_request(GetOwnHops((bytes(16),) * 200))


HOPS = ProcessHops("payment-api-1", "00ff", "api", [(1, 2, bytes(16), "api.request", 0, "", None)])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (GetOwnHops((bytes(range(16)),)), HOPS),
        (GetOwnFigures(), REPORT),
        (GetOwnEvents(3), ProcessEvents("payment-api-1", "00ff", ())),
    ],
)
def test_an_api_gets_the_question_as_it_was_asked(question: Any, answer: object) -> None:
    got: list[object] = []

    def answered(each: object) -> object:
        got.append(each)
        return answer

    kind, asked = encode_own_request(question)
    status, _ = reply_to(kind, asked, answered, max_bytes=2**20)
    assert (status, got) == (0, [question])


@pytest.mark.parametrize(
    ("kind", "asked", "reason"),
    [
        (9, b"", b"unknown kind 9"),
        (OwnKind.HOPS, b"", b"Error"),
        (OwnKind.FIGURES, b"[]", b"KeyError: 'no'"),
    ],
)
def test_an_api_that_can_not_answer_says_why(kind: int, asked: bytes, reason: bytes) -> None:
    def fails(question: object) -> object:
        raise KeyError("no")

    status, said = reply_to(kind, asked, fails, max_bytes=2**20)
    assert status == 1
    assert reason in said


def test_an_answer_that_is_too_long_is_none() -> None:
    status, said = reply_to(OwnKind.FIGURES, b"[]", lambda question: REPORT, max_bytes=9)
    assert (status, said) == (1, b"its answer has more than 9 bytes")
