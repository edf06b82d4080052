"""What goes on record, and who hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.facts import JournalEntry, Known
    from actors.recipient import Recipient


class Persist(NamedTuple):
    """Put facts on record, then tell others.

    Args:
        entries: the facts; they may be none, then this waits for those before it.
        then: whom to tell what, once all facts told so far are on disk.
    """

    entries: tuple[JournalEntry, ...]
    then: tuple[tuple[Recipient, object], ...] = ()


class PaymentsStored(NamedTuple):
    """Journal -> intake, at its own wish: what a session has sent is on record.

    Args:
        session: whose credit may be renewed by it.
        payments: so many it had sent on its credit.
        payment_ids: those of them that are new; they may be settled, …
        epoch: the epoch that they belong to.
        known: … but for these, which the journal knew already.
    """

    session: Recipient
    payments: int
    payment_ids: tuple[bytes, ...]
    epoch: int
    known: tuple[Known, ...] = ()


class Commit(NamedTuple):
    """Journal -> its writer: write these entries in one transaction."""

    number: int
    entries: tuple[JournalEntry, ...]


class Committed(NamedTuple):
    """Writer -> journal: the ``Commit`` with this number is on disk; of what it took these were known before."""

    number: int
    known: tuple[Known, ...] = ()


class CommitFailed(NamedTuple):
    """Writer -> journal: nothing of the ``Commit`` with this number was written; to try again may help."""

    number: int
    reason: str


class StoreChanged(NamedTuple):
    """Journal -> intake: whether facts can be put on record now."""

    available: bool


class CheckStore(NamedTuple):
    """Journal -> its writer, while there is nothing to write: see whether the store is still there."""


class StoreChecked(NamedTuple):
    """Writer -> journal: ``CheckStore`` is done; ``fault`` says what is wrong, and is empty if nothing is."""

    fault: str = ""


class PromiseLost(NamedTuple):
    """System -> intake: a message that carried a promise became a dead letter, which is a bug."""
