"""How far the journal goes before what follows from a fact: three ways to tell somebody something.

The intake and the ledger state facts and whom to tell of what follows; which of these stands behind is the acceptance
level's affair, not theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages.journal import Persist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.facts import JournalEntry
    from actors.recipient import Recipient

    Delivery = tuple[Recipient, Any]


class WithoutJournal:
    """No journal: tell at once, and forget the facts."""

    records = False
    waits = False

    def after(self, entries: Sequence[JournalEntry], *then: Delivery, stored: Sequence[Delivery] = ()) -> None:
        """Tell at once."""
        for recipient, message in (*then, *stored):
            recipient.tell(message)


class Journalled:
    """A journal in the background: tell at once, and let the facts be written when they may.

    Args:
        journal: the journal actor.
    """

    records = True
    waits = False

    def __init__(self, journal: Recipient) -> None:
        self._journal = journal

    def after(self, entries: Sequence[JournalEntry], *then: Delivery, stored: Sequence[Delivery] = ()) -> None:
        """Tell at once, and pass the facts on."""
        for recipient, message in then:
            recipient.tell(message)
        if entries or stored:
            self._journal.tell(Persist(tuple(entries), tuple(stored)))


class Durable:
    """A journal in the foreground: the facts are on disk before anybody is told what follows from them.

    Args:
        journal: the journal actor.
    """

    records = True
    waits = True

    def __init__(self, journal: Recipient) -> None:
        self._journal = journal

    def after(self, entries: Sequence[JournalEntry], *then: Delivery, stored: Sequence[Delivery] = ()) -> None:
        """Have others told once the facts, and all before them, are on disk."""
        self._journal.tell(Persist(tuple(entries), (*then, *stored)))
