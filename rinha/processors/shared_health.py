"""A processor's health for several workers: one of them asks, all of them are told."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from actors.ports import StoreBroken, StoreUnavailable

if TYPE_CHECKING:
    from actors.ports import ProcessorClient
    from actors.values import HealthReport

logger = logging.getLogger(__name__)


class Board(Protocol):
    """Where they tell each other: ``rinha.store.postgres.health_board``."""

    def win(self, processor: str) -> bool:
        """Whether the caller is to ask this processor now, and nobody else."""
        ...

    def tell(self, processor: str, report: HealthReport | None) -> None:
        """What came of it."""
        ...

    def read(self, processor: str) -> HealthReport | None:
        """What came of it when somebody asked last."""
        ...


class SharedHealthClient:
    """``actors.ports.ProcessorClient`` whose ``health`` is asked for once for all workers.

    Args:
        client: the processor's own.
        processor: its name.
        board: the workers'.
    """

    def __init__(self, client: ProcessorClient, processor: str, board: Board) -> None:
        self.post = client.post
        self.find = client.find
        self._client = client
        self._processor = processor
        self._board = board

    def health(self) -> HealthReport | None:
        """See ``ProcessorClient.health``; None, too, while the board can't be reached."""
        try:
            if not self._board.win(self._processor):
                return self._board.read(self._processor)
            report = self._client.health()
            self._board.tell(self._processor, report)
        except (StoreUnavailable, StoreBroken) as error:
            logger.warning("health.board_away", extra={"processor": self._processor, "reason": str(error)})
            return None
        return report
