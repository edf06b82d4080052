"""Waiting for PostgreSQL in the greenlet that asks, not in the hub.

A question that reads some rows takes the server 0.5 ms. In a thread beside a busy hub it would wait longer than that,
several times, for the interpreter.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import gevent

from rinha.store.one_thread import caught, given

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from gevent.event import AsyncResult
    from psycopg.abc import PQGen

_Result = TypeVar("_Result")


class Connector:
    """Makes connections whose statements block the calling greenlet alone.

    Args:
        connect: makes one, in a thread, because to look up a host's name blocks.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection]) -> None:
        self._connect = connect
        self._made: AsyncResult[Any] | None = None

    def connect(self) -> psycopg.Connection:
        """Make one, and wait for it. Whoever gives up leaves it to the next caller: one is made at a time."""
        if self._made is None:
            self._made = gevent.get_hub().threadpool.spawn(caught(self._connect))
        outcome = self._made.get()
        self._made = None
        connection: psycopg.Connection = given(outcome)
        # A connection waits for whatever it does by this method, see psycopg's "Connection classes".
        connection.wait = partial(_wait, connection)  # type: ignore[method-assign]  # a class would need the library
        return connection

    def close(self) -> None:
        """See that one that is being made is closed, nobody will ask for it."""
        made, self._made = self._made, None
        if made is not None:
            made.rawlink(_close)


def _wait(connection: psycopg.Connection, gen: PQGen[_Result], *_args: Any, **_kwargs: Any) -> _Result:
    """See ``psycopg.Connection.wait``. Who gives up, because a limit of gevent's is over, gives up the connection."""
    hub = gevent.get_hub()
    try:
        needed = next(gen)
        while True:
            # psycopg's flags for what it needs and for what is ready, and the loop's, are the same.
            watcher = hub.loop.io(connection.pgconn.socket, needed)
            try:
                hub.wait(watcher)
            except BaseException:
                # psycopg would wait again, for the end of a transaction that nobody needs.
                connection.pgconn.finish()
                raise
            finally:
                watcher.close()
            needed = gen.send(needed)
    except StopIteration as end:
        result: _Result = end.value
        return result


def _close(made: AsyncResult[Any]) -> None:
    outcome = made.value
    if outcome is not None and outcome[0] is not None:
        outcome[0].close()
