"""A blocking health board beside a gevent hub: its calls run in a thread of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.store.one_thread import OneThread

if TYPE_CHECKING:
    from actors.values import HealthReport
    from rinha.store.postgres.health_board import HealthBoard


class ThreadpoolBoard:
    """``rinha.processors.shared_health.Board`` for gevent, as ``ThreadpoolStore``.

    Args:
        board: does the work; nobody else may use it.
    """

    def __init__(self, board: HealthBoard) -> None:
        self._board = board
        self._thread = OneThread(lambda: None)

    def win(self, processor: str) -> bool:
        """See ``Board.win``."""
        return self._thread.run(lambda: self._board.win(processor))

    def tell(self, processor: str, report: HealthReport | None) -> None:
        """See ``Board.tell``."""
        self._thread.run(lambda: self._board.tell(processor, report))

    def read(self, processor: str) -> HealthReport | None:
        """See ``Board.read``."""
        return self._thread.run(lambda: self._board.read(processor))
