"""A worker's life: it starts its actors and the bridge that feeds them, drains, and stops."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from uuid import UUID

import gevent
from gevent.event import Event

from actors.messages.people import GetCounts
from actors.messages.sessions import MemoryChanged
from rinha.bridge.protocol.wire.frames import Tally
from rinha.bridge.protocol.worker.journals import Journals
from rinha.bridge.server.server import BridgeServer
from rinha.process import WORKER_ROLE
from rinha.trace.recording.process import Process
from rinha.worker.answers import Answers
from rinha.worker.composition import compose
from rinha.worker.housekeeping import Housekeeping
from rinha.worker.journal import identify_journal
from rinha.worker.memory import MemoryWatch, read_memory

if TYPE_CHECKING:
    from rinha.settings.table import Settings

LOOK_INTERVAL_S = 0.02
"""How often a drain looks whether all is settled."""

STOP_TIMEOUT_S = 0.2
"""A payment actor may sit in an exchange that lasts as long as its deadline: the process ends without it."""


class Worker:
    """The worker process, but for its signals and its exit code.

    Args:
        settings: the settings.
        listen_fd: a bound socket that was inherited for the bridge; without one, the address in the settings is bound.
        name: its name for people.

    Raises:
        StoreBroken: the store's library isn't there.
    """

    def __init__(self, settings: Settings, listen_fd: int | None = None, name: str = WORKER_ROLE) -> None:
        self.failed = Event()
        """Set when the process must end: actors crashed too often, or the store can't be trusted."""
        self.began = Tally()
        """What was in the books and held at the start."""
        self._settings = settings
        self._listen_fd = listen_fd
        self._incarnation = secrets.randbits(62) + 1
        self._process = Process(name, f"{self._incarnation:016x}", "worker")
        self._parts = compose(settings, self._process, self.failed.set)
        self._system, self._store = self._parts.system, self._parts.store
        self._housekeeping = Housekeeping(self._parts.recorder)
        self._server: BridgeServer | None = None

    def start(self) -> None:
        """Start the actors, and open the bridge last.

        Raises:
            StartFailed: an actor did not start.
            StoreUnavailable, StoreBroken: the store can't be read, or is another one than ``RINHA_JOURNAL_ID`` names.
            OSError: the bridge's address can't be bound, or its secret can't be written or read.
            ValueError: the file of the bridge's secret holds none.
        """
        journal = identify_journal(self._store, self._settings)
        self._system.start()
        self.began = self._counts()
        self._settings.bridge_secret.make()
        answers = self._make_answers(journal)
        answers.look()
        self._server = self._make_server(journal, answers)
        answers.ask_all = self._server.ask_all
        self._server.start()
        memory = MemoryWatch(read_memory, lambda full: self._system.intake.tell(MemoryChanged(full)), self._settled)
        self._housekeeping.begin_reviews(memory)
        if self._store is not None and self._settings.nats is not None:
            self._housekeeping.begin_keeping_place(self._store)
        if self._parts.meter is not None:
            self._housekeeping.begin_looks(answers)

    def _make_answers(self, journal: bytes) -> Answers:
        shard = 0 if self._store is None else self._store.shard()
        return Answers(
            self._system.answer,
            self._process.run,
            role=self._process.role,
            place=(shard, self._settings.shards, journal),
            traces=self._parts.recorder,
            watch=self._parts.watch(),
        )

    def _make_server(self, journal: bytes, answers: Answers) -> BridgeServer:
        return BridgeServer(
            self._settings.bridge,
            self._settings.bridge_secret.read(),
            incarnation=self._incarnation,
            intake=self._system.intake,
            answer=answers.answer,
            journals=Journals(journal, accepted=self._settings.journal_id is not None),
            listen_fd=self._listen_fd,
            began_with=self.began.settled,
            tally=self._counts,
        )

    def _counts(self) -> Tally:
        counts = self._system.answer(GetCounts())
        held = counts.waiting + counts.in_flight + counts.unknown + counts.parked
        return Tally(counts.settled, held, self._settings.backlog_max)

    def _settled(self) -> int:
        return self._counts().settled

    def drain(self, timeout_s: float) -> list[str]:
        """Take no more payments, and settle those that are held.

        Args:
            timeout_s: how long to settle.

        Returns:
            The ids of those that wait still, the oldest first.
        """
        clock = self._parts.clock
        deadline_s = clock.monotonic_s() + timeout_s
        self._system.begin_drain()
        if self._server is not None:
            self._server.drain(timeout_s)
        while self._system.has_work() and not self.failed.is_set() and clock.monotonic_s() < deadline_s:
            gevent.sleep(LOOK_INTERVAL_S)
        self._system.end_drain()
        return [str(UUID(bytes=each)) for each in self._system.held()]

    def stop(self) -> None:
        """Close the bridge and stop all actors; what they hold in memory alone is gone."""
        if self._server is not None:
            self._server.stop()
        self._system.supervisor.stop(STOP_TIMEOUT_S)
        for client in self._parts.clients.values():
            client.close()
        if self._system.history is not None:
            self._system.history.close()
        if self._store is not None:
            self._store.close()

    def close(self) -> None:
        """Have the trace lines written that wait, however the worker ended."""
        self._housekeeping.stop()
        self._parts.recorder.close()
