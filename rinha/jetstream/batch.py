"""What a message of the stream holds: payments, or a purge. Sans I/O.

One byte for the version, one for the kind. Payments follow as 32 bytes each: the id's 16, the amount in cents and since
when it is traced in µs since the Unix epoch (0: it isn't), 8 each, big-endian. A purge has its own 16 bytes, then the
subject, in ASCII, where whoever waits for it hears that it is done.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from actors.values import Payment

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = 1
PAYMENTS, PURGE = 1, 2
PAYMENTS_MAX = 500
"""Of one message, some 16 KB: far below any server's ``max_payload``."""

_HEAD = Struct(">BB")
_PAYMENT = Struct(">16sQQ")
_ID_BYTES = 16
_REPLY_MAX_BYTES = 255


class BatchError(ValueError):
    """The bytes are no message of ours; whoever published them is at fault."""


class PaymentsBatch(NamedTuple):
    """Payments, in the order in which they came."""

    payments: tuple[Payment, ...]


class PurgeOrder(NamedTuple):
    """A purge of one shard.

    Args:
        purge_id: its 16 bytes, the same for all shards.
        reply_to: the subject where to say that it is done.
    """

    purge_id: bytes
    reply_to: str


def encode_payments(payments: Sequence[Payment]) -> bytes:
    """Write 1 to ``PAYMENTS_MAX`` payments as one message."""
    assert 0 < len(payments) <= PAYMENTS_MAX
    return _HEAD.pack(VERSION, PAYMENTS) + b"".join(_PAYMENT.pack(*each) for each in payments)


def encode_purge(order: PurgeOrder) -> bytes:
    """Write a purge as one message."""
    return _HEAD.pack(VERSION, PURGE) + order.purge_id + order.reply_to.encode("ascii")


def decode(data: bytes) -> PaymentsBatch | PurgeOrder:
    """Read a message.

    Raises:
        BatchError: it is none; the text says why.
    """
    if len(data) < _HEAD.size:
        raise BatchError(f"a message of {len(data)} bytes")
    version, kind = _HEAD.unpack_from(data)
    if version != VERSION:
        raise BatchError(f"a message of version {version}, this program knows {VERSION}")
    body = data[_HEAD.size :]
    if kind == PAYMENTS:
        return _payments(body)
    if kind == PURGE:
        return _purge(body)
    raise BatchError(f"a message of the unknown kind {kind}")


def _payments(body: bytes) -> PaymentsBatch:
    number, rest = divmod(len(body), _PAYMENT.size)
    if rest or not 0 < number <= PAYMENTS_MAX:
        raise BatchError(f"payments of {len(body)} bytes in all")
    payments = tuple(Payment(*each) for each in _PAYMENT.iter_unpack(body))
    if not all(each.amount_cents for each in payments):
        raise BatchError("a payment of nothing")
    return PaymentsBatch(payments)


def _purge(body: bytes) -> PurgeOrder:
    reply_to = body[_ID_BYTES:]
    if not 0 < len(reply_to) <= _REPLY_MAX_BYTES or not reply_to.isascii():
        raise BatchError("a purge without a subject to reply to")
    return PurgeOrder(body[:_ID_BYTES], reply_to.decode("ascii"))
