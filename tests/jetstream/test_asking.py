"""Questions and replies as messages of core NATS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire.frames import MAX_PIECE_BYTES, ReplyStatus
from rinha.jetstream import asking


@given(st.integers(0, 255), st.binary(max_size=99))
def test_a_question_comes_back_as_it_was(kind: int, payload: bytes) -> None:
    assert asking.load_question(asking.dump_question(kind, payload)) == (kind, payload)


def test_an_empty_question_is_none() -> None:
    with pytest.raises(ProtocolError):
        asking.load_question(b"")


@pytest.mark.parametrize("size", [0, 1, MAX_PIECE_BYTES, MAX_PIECE_BYTES + 1, 3 * MAX_PIECE_BYTES])
@pytest.mark.parametrize("status", ReplyStatus)
def test_a_reply_comes_back_from_its_pieces(size: int, status: ReplyStatus) -> None:
    payload = bytes(number % 251 for number in range(size))
    reply = asking.Reply()
    *more, last = [reply.add(piece) for piece in asking.dump_reply(status, payload)]
    assert more == [None] * (max(1, -(-size // MAX_PIECE_BYTES)) - 1)
    assert (last, reply.status) == (payload, status)


@pytest.mark.parametrize("piece", [b"", b"\0", b"\x09\0x", b"\0\x02x"])
def test_what_is_no_piece_is_refused(piece: bytes) -> None:
    with pytest.raises(ProtocolError):
        asking.Reply().add(piece)


def test_a_reply_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MAX_REPLY_BYTES", 100)
    reply = asking.Reply()
    with pytest.raises(ProtocolError, match="more than 100 bytes"):
        for _ in range(3):
            reply.add(b"\0\x01" + bytes(50))
