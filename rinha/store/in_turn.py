"""Calls that block their greenlet alone: one after the other, in the greenlets that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from gevent.lock import BoundedSemaphore

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")


class InTurn:
    """What ``OneThread`` is to calls that would block the hub; these needn't wait for a thread and the interpreter."""

    def __init__(self) -> None:
        self._turn = BoundedSemaphore(1)

    def run(self, call: Callable[[], _Result]) -> _Result:
        """Run a call once those before it have ended."""
        with self._turn:
            return call()

    def end(self) -> None:
        """Nothing is to be ended."""
