"""What a worker does by the clock: it says that it is alive, looks after its memory, and measures. Runs on gevent."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import gevent
from gevent.pool import Group

from actors.ports import StoreBroken, StoreUnavailable
from rinha.bridge.server.questions import FAILURES
from rinha.trace.recording.recorder import REVIEW_S

if TYPE_CHECKING:
    from actors.ports import Store
    from rinha.trace.recording.recorder import ProcessRecorder
    from rinha.worker.answers import Answers
    from rinha.worker.memory import MemoryWatch

KEEP_PLACE_S = 1.0
"""How often a worker says that it is alive; after 5 s without it one that stands by takes over."""


class Housekeeping:
    """Periodic tasks, each in a greenlet of its own from its beginning on.

    Args:
        recorder: keeps the payments' hops.
    """

    def __init__(self, recorder: ProcessRecorder) -> None:
        self._recorder = recorder
        self._tasks = Group()

    def begin_reviews(self, memory: MemoryWatch) -> None:
        """Look back over the hops, and at the memory."""
        self._tasks.spawn(self._review, memory)

    def begin_keeping_place(self, store: Store) -> None:
        """Say in the store that this worker is alive."""
        self._tasks.spawn(self._keep_place, store)

    def begin_looks(self, answers: Answers) -> None:
        """Measure the system at the end of each second, while somebody looks."""
        self._tasks.spawn(self._look, answers)

    def stop(self) -> None:
        """End all of them."""
        self._tasks.kill()

    def _review(self, memory: MemoryWatch) -> None:
        while True:
            gevent.sleep(REVIEW_S)
            self._recorder.review_if_due()
            # An actor may be too busy to say how many payments there are: the next time will do.
            with contextlib.suppress(*FAILURES):
                memory.look()

    def _keep_place(self, store: Store) -> None:
        while True:
            # Without an answer the journal says so, and those who stand by take their time.
            with contextlib.suppress(StoreUnavailable, StoreBroken):
                store.keep_place()
            gevent.sleep(KEEP_PLACE_S)

    def _look(self, answers: Answers) -> None:
        while True:
            gevent.sleep(1.0 - time.time() % 1.0)
            self._recorder.review()  # so that what took how long belongs to the same second
            if answers.look_is_due:
                # An actor may fail on it, or be too busy: the next time will do.
                with contextlib.suppress(*FAILURES):
                    answers.look()
