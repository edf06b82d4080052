"""The writing half of a connection at the worker. Runs on gevent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent.socket import socket as Socket

    from rinha.bridge.protocol.worker.worker_end import WorkerEnd


class ServerWriter:
    """Writes what a session has to send: all that came up in one turn of the loop in one write.

    Args:
        sock: where to.
        session: whose bytes.
        on_sent: called when all is written, for now.
        on_broken: called when the connection is broken.
    """

    def __init__(
        self, sock: Socket, session: WorkerEnd, *, on_sent: Callable[[], None], on_broken: Callable[[], None]
    ) -> None:
        self._sock = sock
        self._session = session
        self._on_sent = on_sent
        self._on_broken = on_broken
        self._wake = Event()
        self._stopped = False
        self._stuck_since: float | None = None
        self._greenlet = gevent.spawn(self._run)
        self.wake()

    @property
    def is_idle(self) -> bool:
        """Whether all is written."""
        return self._stuck_since is None and not self._wake.is_set()

    def stuck_s(self, now: float) -> float:
        """For how many seconds the peer hasn't taken anything of what is being written."""
        return 0.0 if self._stuck_since is None else now - self._stuck_since

    def wake(self) -> None:
        """The session has something to send, or is closed. Doesn't block."""
        self._wake.set()

    def stop(self) -> None:
        """Write nothing more; the socket has to be shut down for that to happen at once."""
        self._stopped = True
        self.wake()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the end: it stops, the connection breaks, or the last frame of a closed session is written."""
        self._greenlet.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._stopped and not self._session.is_closed:
                self._wake.wait()
                self._wake.clear()
                while data := self._session.data_to_send():
                    self._send(data)
                self._on_sent()
        except OSError:
            self._on_broken()

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._stuck_since = time.monotonic()
            view = view[self._sock.send(view) :]
        self._stuck_since = None
