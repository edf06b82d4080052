"""Keep-alive connections to one processor, on gevent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gevent.lock import BoundedSemaphore

from rinha.processors.connection import Connection
from rinha.processors.errors import NotSent

if TYPE_CHECKING:
    from rinha.processors.addresses import Addresses, Place


class Pool:
    """Up to ``size`` connections to one processor, opened when needed and kept alive.

    Args:
        addresses: where to connect.
        size: how many connections; whoever wants one more waits for another's.
    """

    def __init__(self, addresses: Addresses, size: int) -> None:
        self._addresses = addresses
        self._places = BoundedSemaphore(size)
        self._idle: list[Connection] = []
        self._closed = False

    def take(self) -> Connection:
        """Take a connection that nobody uses, or open one; this blocks the calling greenlet without limits of time.

        Returns:
            The connection, to be given back however its exchange ends.

        Raises:
            NotSent: there is none to be had. No place is taken then, nor if anything else is thrown in here.
        """
        self._places.acquire()
        try:
            return self._quiet() or self._open()
        except BaseException:
            self._places.release()
            raise

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next exchange if it ended with a complete answer, else close it."""
        if connection.is_reusable and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()
        self._places.release()

    def close(self) -> None:
        """Close the idle connections. Those in use close when they are given back; no more can be taken."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _quiet(self) -> Connection | None:
        # The one that was used last: what else is idle may be closed by the other side in peace.
        while self._idle:
            connection = self._idle.pop()
            if connection.is_quiet:
                return connection
            connection.close()
        return None

    def _open(self) -> Connection:
        if self._closed:
            raise NotSent("no connection: the client is closed")
        error: OSError | None = None
        for place in self._addresses.get():
            try:
                return self._connect(place)
            except OSError as failed:
                error = failed
        raise NotSent(f"no connection: {error}") from None

    def _connect(self, place: Place) -> Connection:
        try:
            return Connection(place)
        except BaseException:  # whoever listened there is gone, or silent until the deadline
            self._addresses.doubt()
            raise
