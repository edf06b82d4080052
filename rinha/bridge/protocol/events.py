"""What the two sessions report: the facts that bytes from the peer amount to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.values import Payment, Verdict


class WorkerRestart(NamedTuple):
    """Another worker is in the place of the one that the API knew.

    Args:
        began_with: how many settled payments were in its books when it started.
        settled_lost: how many more were in those of the worker before it, as far as that had told.
        journal: the id of its journal; zeros for none.
    """

    began_with: int
    settled_lost: int
    journal: bytes


class SessionReady(NamedTuple):
    """The handshake is over.

    Args:
        incarnation: the worker's.
        epoch: the epoch adopted.
        redelivered: the payments that are sent again, in order.
        told: how many ids the worker was told of that were sent to workers before it.
        forgotten: how many more there were, since the start, for which there was no room.
        restart: what became of the worker that the API knew before; None if it is the same, or the first.
    """

    incarnation: int
    epoch: int
    redelivered: list[Payment]
    told: int = 0
    forgotten: int = 0
    restart: WorkerRestart | None = None


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


class CreditChanged(NamedTuple):
    """The worker has given or withdrawn credit."""


class RequestReceived(NamedTuple):
    """A request. Call ``reply`` with its id."""

    request_id: int
    kind: int
    payload: bytes


ClientEvent = SessionReady | PaymentsDecided | ReplyReceived | CreditChanged | RequestReceived


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


class WereSentBefore(NamedTuple):
    """The API sent these, packed, to workers before this one."""

    payment_ids: bytes


class EpochWasAdopted(NamedTuple):
    """The API has adopted this epoch."""

    epoch: int


WorkerEvent = HelloReceived | PaymentsReceived | WereSentBefore | EpochWasAdopted | RequestReceived | ReplyReceived
