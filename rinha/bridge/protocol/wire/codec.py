"""Frames in bytes: a big-endian u32 length, a u8 type and a body; the length counts type and body.

Payments are by far the most frequent frames, so they have a way of their own: one fixed struct each, read in one loop
and handed over in runs.
"""

from __future__ import annotations

import struct
from struct import Struct
from typing import Any, NamedTuple

from actors.values import Payment
from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire import frames, handshake

MAX_FRAME_BYTES = 65_536
"""Of type and body. It bounds what a decoder holds: 64 connections with a partial frame each are 4 MiB, which a small
worker can spare. The largest frames, pieces of replies and acknowledgements full of exceptions, need about half."""

PAYMENT = 5
REDELIVERED = 1
TRACED = 2

_HEAD = Struct(">IB")
_PLAIN = Struct(">IBQB16sI")
_TRACED = Struct(">IBQB16sIQ")
_PLAIN_LENGTH = _PLAIN.size - 4
_TRACED_LENGTH = _TRACED.size - 4

_BODIES = {**handshake.BODIES, **frames.BODIES}
_DUMPS = {body.frame: (number, body.dump) for number, body in _BODIES.items()}
_KNOWN = frozenset({*_BODIES, PAYMENT})


class PaymentRun(NamedTuple):
    """API -> worker: consecutive PAYMENT frames that came in one read, all of them redelivered or none."""

    first_sequence: int
    redelivered: bool
    payments: list[Payment]


def encode(frame: object) -> bytes:
    """Turn a frame of ``handshake`` or ``frames`` into bytes.

    Raises:
        struct.error: a number is out of its range.
    """
    number, dump = _DUMPS[type(frame)]
    body = dump(frame)
    return _HEAD.pack(len(body) + 1, number) + body


def encode_payment(sequence: int, payment: Payment, redelivered: bool = False) -> bytes:
    """Turn a payment into a PAYMENT frame, with the trace extension if it is traced.

    Raises:
        ValueError: the id hasn't 16 bytes, or the amount is not within 1 to 2**32 - 1 cents.
    """
    payment_id, amount_cents, traced_at_us = payment
    if len(payment_id) != 16 or not 0 < amount_cents < 2**32:
        raise ValueError(f"not a payment that fits a frame: {payment}")
    if traced_at_us:
        flags = redelivered | TRACED
        return _TRACED.pack(_TRACED_LENGTH, PAYMENT, sequence, flags, payment_id, amount_cents, traced_at_us)
    return _PLAIN.pack(_PLAIN_LENGTH, PAYMENT, sequence, redelivered, payment_id, amount_cents)


class FrameDecoder:
    """Cuts a stream of bytes into frames. Between two calls it holds at most one partial frame."""

    def __init__(self) -> None:
        self._partial = bytearray()
        self._wanted = 0

    def feed(self, data: bytes) -> list[Any]:
        """Take bytes as they come.

        Args:
            data: what was read, of any length.

        Returns:
            The frames that are complete now, in order: those of ``handshake`` and ``frames``, and ``PaymentRun``.

        Raises:
            ProtocolError: an unknown type, a length out of range, or a body that isn't of its type. All of ``data`` is
                dropped, and the decoder is of no further use. Nothing is lost by that: what wasn't acknowledged is
                sent again.
        """
        if self._partial:
            self._partial += data
            if len(self._partial) < self._wanted:
                return []
            data = bytes(self._partial)
            self._partial.clear()
        decoded: list[Any] = []
        position, end = 0, len(data)
        payments: list[Payment] = []
        # What would continue the run that is being read; nothing has a sequence of -1.
        following, run_redelivered = -1, 0
        self._wanted = _HEAD.size
        while end - position >= _HEAD.size:
            length, kind = _HEAD.unpack_from(data, position)
            if not 0 < length <= MAX_FRAME_BYTES or kind not in _KNOWN:
                raise ProtocolError(f"a frame of type {kind} and {length} bytes, which there isn't")
            frame_end = position + 4 + length
            if frame_end > end:
                self._wanted = 4 + length
                break
            if kind == PAYMENT:
                sequence, redelivered, payment = _load_payment(data, position, length)
                if sequence != following or redelivered != run_redelivered:
                    payments, run_redelivered = [], redelivered
                    decoded.append(PaymentRun(sequence, redelivered == REDELIVERED, payments))
                payments.append(payment)
                following = sequence + 1
            else:
                decoded.append(_load(kind, data[position + 5 : frame_end]))
                following = -1
            position = frame_end
        self._partial += memoryview(data)[position:]
        return decoded


def _load_payment(data: bytes, position: int, length: int) -> tuple[int, int, Payment]:
    if length == _PLAIN_LENGTH:
        _, _, sequence, flags, payment_id, amount_cents = _PLAIN.unpack_from(data, position)
        traced_at_us = 0
    elif length == _TRACED_LENGTH:
        _, _, sequence, flags, payment_id, amount_cents, traced_at_us = _TRACED.unpack_from(data, position)
        if not flags & TRACED or not traced_at_us:
            raise ProtocolError(f"PAYMENT {sequence} with a trace extension but flags {flags} and time {traced_at_us}")
        flags -= TRACED
    else:
        raise ProtocolError(f"a PAYMENT frame of {length} bytes")
    if flags > REDELIVERED or not amount_cents or not sequence:
        raise ProtocolError(f"PAYMENT {sequence} with flags {flags} and {amount_cents} cents")
    return sequence, flags, Payment(payment_id, amount_cents, traced_at_us)


def _load(kind: int, body: bytes) -> Any:
    form = _BODIES[kind]
    try:
        return form.load(body)
    except (ValueError, struct.error) as error:
        raise ProtocolError(f"a malformed {form.frame.__name__} frame: {error}") from None
