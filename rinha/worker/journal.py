"""Which journal a worker has: it says so, and it must be the one that the settings name, if they name one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from actors.ports import StoreBroken
from rinha.bridge.protocol.worker.journals import NO_JOURNAL, describe

if TYPE_CHECKING:
    from actors.ports import Store
    from rinha.settings.table import Settings

logger = logging.getLogger(__name__)


def identify_journal(store: Store | None, settings: Settings) -> bytes:
    """Read a journal's id, and log it.

    Args:
        store: where it is; None without one.
        settings: the settings.

    Returns:
        Its id, ``NO_JOURNAL`` without one.

    Raises:
        StoreUnavailable, StoreBroken: the store can't be read, or is another one than ``RINHA_JOURNAL_ID`` names.
    """
    journal = NO_JOURNAL if store is None else store.journal_id()
    expected = settings.journal_id
    if expected not in {None, journal}:
        raise StoreBroken(
            f"RINHA_JOURNAL_ID names {describe(expected or NO_JOURNAL)}, but RINHA_STORE holds "
            f"{describe(journal)}: go on with that one by RINHA_JOURNAL_ID={UUID(bytes=journal)}"
        )
    epoch = 0 if store is None else store.epoch()
    shard = {} if store is None or settings.shards == 1 else {"shard": store.shard()}
    logger.info("worker.journal", extra={"journal": str(UUID(bytes=journal)), "epoch": epoch, **shard})
    return journal
