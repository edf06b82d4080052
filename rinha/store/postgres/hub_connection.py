"""A connection to PostgreSQL whose statements block the greenlet that makes them, not the hub.

A question that reads some rows takes the server 0.2 ms. In a thread beside a busy hub it would wait longer than that,
several times, for the interpreter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import gevent
import psycopg

from rinha.store.one_thread import caught, given

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent.event import AsyncResult
    from psycopg.abc import PQGen

_Result = TypeVar("_Result")


class HubConnection(psycopg.Connection[Any]):
    """The connection. While it is made and set up it blocks its thread, as any other does.

    Attributes:
        in_hub: set once that is done.
    """

    in_hub = False

    def wait(self, gen: PQGen[_Result], *args: Any, **kwargs: Any) -> _Result:
        """See ``psycopg.Connection.wait``, which is how it waits for the server. Limits of time are gevent's."""
        if not self.in_hub:
            return super().wait(gen, *args, **kwargs)
        hub = gevent.get_hub()
        try:
            needed = next(gen)
            while True:
                # psycopg's flags for what it needs and for what is ready, and the loop's, are the same.
                watcher = hub.loop.io(self.pgconn.socket, needed)
                try:
                    hub.wait(watcher)
                finally:
                    watcher.close()
                needed = gen.send(needed)
        except StopIteration as end:
            result: _Result = end.value
            return result


def connected_by(connect: Callable[[], HubConnection]) -> HubConnection:
    """Have a connection made, in a thread, because to look up a host's name blocks; for use in this hub.

    Args:
        connect: makes it. What it makes after the calling greenlet has given up is closed.
    """
    made: AsyncResult[Any] = gevent.get_hub().threadpool.spawn(caught(connect))
    try:
        connection: HubConnection = given(made.get())
    except BaseException:
        made.rawlink(_close)
        raise
    connection.in_hub = True
    return connection


def _close(made: AsyncResult[Any]) -> None:
    outcome = made.value
    if outcome is not None and outcome[0] is not None:
        outcome[0].close()
