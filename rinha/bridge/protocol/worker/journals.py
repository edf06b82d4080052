"""Which journal worker and APIs know: an empty one in the place of another is no first start."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

NO_JOURNAL = bytes(16)


class Journals:
    """What the worker's journal is, and whether the APIs know another one; if one does, nobody is served any more.

    Args:
        own: the id of the worker's journal; ``NO_JOURNAL`` without one.
        accepted: a person has said that this is the one, whatever APIs know.
    """

    def __init__(self, own: bytes = NO_JOURNAL, *, accepted: bool = False) -> None:
        self.own = own
        self.fault = ""
        """Why nobody is served; empty as long as all know this journal, or none."""
        self.on_fault: Callable[[str], None] = lambda fault: None
        """Called once, when the first API comes that knows another journal."""
        self._accepted = accepted

    def meet(self, api_name: str, known: bytes) -> str:
        """Hear which journal an API knows.

        Args:
            api_name: for the log.
            known: that of its last session; ``NO_JOURNAL`` if it had none, or with a worker without a journal.

        Returns:
            Why it is not to be served; empty if it is.
        """
        if not (self.fault or self._accepted or known in {NO_JOURNAL, self.own}):
            self.fault = (
                f"this worker has {describe(self.own)}, but the API {api_name} knows {describe(known)}: check "
                "RINHA_STORE and restore what is missing, or go on with this one by "
                f"RINHA_JOURNAL_ID={UUID(bytes=self.own)}"
            )
            logger.critical("worker.other_journal", extra={"reason": self.fault})
            self.on_fault(self.fault)
        return self.fault


def describe(journal_id: bytes) -> str:
    """Name a journal for people."""
    return "no journal" if journal_id == NO_JOURNAL else f"the journal {UUID(bytes=journal_id)}"
