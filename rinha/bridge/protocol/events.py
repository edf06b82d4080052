"""What the two sessions report: the facts that bytes from the peer amount to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.values import Payment, Verdict


class SessionReady(NamedTuple):
    """The handshake is over.

    Args:
        incarnation: the worker's.
        epoch: the epoch adopted.
        redelivered: the payments that are sent again, in order.
    """

    incarnation: int
    epoch: int
    redelivered: list[Payment]


class PaymentsDecided(NamedTuple):
    """Verdicts on payments with consecutive sequences, which left the outbox."""

    first_sequence: int
    payments: list[Payment]
    verdicts: list[Verdict]


class ReplyReceived(NamedTuple):
    """The whole reply to a request. The status is a ``frames.ReplyStatus``."""

    request_id: int
    status: int
    payload: bytes


ClientEvent = SessionReady | PaymentsDecided | ReplyReceived


class HelloReceived(NamedTuple):
    """The API has proved that it knows the secret. Call ``welcome`` or ``refuse``."""

    api_id: bytes
    name: str
    journal: bytes


class PaymentsReceived(NamedTuple):
    """Payments with consecutive sequences. Call ``acknowledge`` once they are decided.

    Args:
        epoch: what the API had adopted when it sent them.
        first_sequence: the sequence of ``payments[0]``.
        payments: at least one.
        redelivered: they were sent before, over a connection that broke.
    """

    epoch: int
    first_sequence: int
    payments: list[Payment]
    redelivered: bool


class EpochWasAdopted(NamedTuple):
    """The API has adopted this epoch."""

    epoch: int


class RequestReceived(NamedTuple):
    """A request. Call ``reply`` with its id."""

    request_id: int
    kind: int
    payload: bytes


WorkerEvent = HelloReceived | PaymentsReceived | EpochWasAdopted | RequestReceived
