"""Between a bridge's session and the intake: payments and verdicts, credit, epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.values import Withheld

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.recipient import Recipient
    from actors.values import Payment, Verdict


class SessionOpened(NamedTuple):
    """An API has proved who it is. Answered with ``SessionAdmitted``, then ``CreditGranted``."""

    session: Recipient


class SessionClosed(NamedTuple):
    """An API's bridge session is gone, and its unused credit with it."""

    session: Recipient


class SessionAdmitted(NamedTuple):
    """Intake -> session: it is open, and begins in this epoch."""

    epoch: int


class SessionDismissed(NamedTuple):
    """Intake -> session: it is to end; its API may connect anew."""

    reason: str


class EpochRaised(NamedTuple):
    """Intake -> session: there was a purge, and the API is to adopt this epoch. A session may be told twice."""

    epoch: int


class SessionEpochAdopted(NamedTuple):
    """Session -> intake: what its API sends from now on belongs to this epoch."""

    session: Recipient
    epoch: int


class CreditWithdrawn(NamedTuple):
    """Intake -> session: it may send nothing more until ``CreditRestored``; what is on its way is still taken.

    Args:
        why: the reason.
    """

    why: Withheld = Withheld.STORE_AWAY


class CreditRestored(NamedTuple):
    """Intake -> session: the credit that was withdrawn is its again."""


class MemoryChanged(NamedTuple):
    """Worker -> intake: the process has nearly used up its memory, or has room again."""

    full: bool


class CreditGranted(NamedTuple):
    """Intake -> session: it may send so many payments more."""

    payments: int


class SubmitPayments(NamedTuple):
    """A run of payments with consecutive sequence numbers. Answered with ``VerdictsGiven``.

    Args:
        session: whom to answer.
        epoch: the epoch that the session had adopted when it read them.
        first_sequence: sequence number of ``payments[0]``.
        redelivered: the API sent them before, over a connection that broke.
        suspect: it sent them to another incarnation of the worker, which may have begun to settle them.
    """

    session: Recipient
    epoch: int
    first_sequence: int
    payments: Sequence[Payment]
    redelivered: bool = False
    suspect: bool = False


class PaymentsSentBefore(NamedTuple):
    """Session -> intake: its API sent these to workers before this one, so that they may be settled.

    Args:
        session: whose API it was.
        payment_ids: ids of 16 bytes one after the other; none if it had another worker, but remembers nothing.
    """

    session: Recipient
    payment_ids: bytes


class DrainBegun(NamedTuple):
    """The worker takes nothing more, and settles what it holds. No API can tell it anything any more."""


class DrainEnded(NamedTuple):
    """The worker is about to stop its actors: an attempt that is begun now would end unheard."""


class VerdictsGiven(NamedTuple):
    """Intake -> session: all up to ``through_sequence`` are decided: taken, but for the exceptions.

    Verdicts reach a session in the order of its sequence numbers.

    Args:
        through_sequence: the last one.
        exceptions: those that aren't taken, by sequence.
        payments: all that it is about, for the journal, if that may know some of them.
    """

    through_sequence: int
    exceptions: tuple[tuple[int, Verdict], ...] = ()
    payments: tuple[Payment, ...] = ()
