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


def connected_by(connect: Callable[[], psycopg.Connection]) -> psycopg.Connection:
    """Have a connection made whose statements block the calling greenlet alone.

    Args:
        connect: makes it, in a thread, because to look up a host's name blocks. What it makes after the calling
            greenlet has given up is closed.
    """
    made: AsyncResult[Any] = gevent.get_hub().threadpool.spawn(caught(connect))
    try:
        connection: psycopg.Connection = given(made.get())
    except BaseException:
        made.rawlink(_close)
        raise
    # A connection waits for whatever it does by this method: https://www.psycopg.org/psycopg3/docs/api/connections.html
    connection.wait = partial(_wait, connection)  # type: ignore[method-assign]  # one of a class would need the library
    return connection


def _wait(connection: psycopg.Connection, gen: PQGen[_Result], *_args: Any, **_kwargs: Any) -> _Result:
    """See ``psycopg.Connection.wait``. Limits of time are gevent's."""
    hub = gevent.get_hub()
    try:
        needed = next(gen)
        while True:
            # psycopg's flags for what it needs and for what is ready, and the loop's, are the same.
            watcher = hub.loop.io(connection.pgconn.socket, needed)
            try:
                hub.wait(watcher)
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
