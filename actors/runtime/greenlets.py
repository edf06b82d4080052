"""Pykka actors on gevent: every actor is a greenlet, all of them share one thread.

Pykka lets a runtime fill in three hooks, and that is all this does: the mailbox, the future and the loop. It works
without monkey-patching, so a blocking call that isn't gevent's own blocks every actor; such a driver belongs into the
hub's threadpool.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import gevent
import pykka
from gevent.event import AsyncResult
from gevent.queue import SimpleQueue

from actors.runtime.guard import SupervisedActor

if TYPE_CHECKING:
    from types import TracebackType

    from pykka._actor import ActorInbox

    from actors.recipient import Recipient

    ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class AlreadyResolved(RuntimeError):
    """A future was given a second result; the fault is the runtime's own."""


class Failure(NamedTuple):
    """The reply of an actor that raised."""

    error: BaseException
    traceback: TracebackType | None


class GeventFuture(pykka.Future[Any]):
    """The reply to an ask, awaited by greenlets of the same thread."""

    def __init__(self) -> None:
        super().__init__()
        # A failure is kept as a value: raised by AsyncResult itself it would lose the actor's part of its traceback.
        self._result: AsyncResult[Any] = AsyncResult()

    def get(self, *, timeout: float | None = None) -> Any:
        """Wait for the reply.

        Args:
            timeout: seconds; None waits for ever.

        Raises:
            pykka.Timeout: no reply came in time; it may still be got later.
            Exception: the exception that the actor raised.
        """
        try:
            return super().get(timeout=timeout)
        except NotImplementedError:  # Pykka's word for: there is no get hook
            pass
        limit = gevent.Timeout(timeout)
        try:
            with limit:
                reply = self._result.get()
        except gevent.Timeout as late:
            if late is not limit:
                raise  # somebody else's, who waits for it
            raise pykka.Timeout(f"{timeout} seconds") from None
        if type(reply) is Failure:
            raise reply.error.with_traceback(reply.traceback)
        return reply

    def set(self, value: Any | None = None) -> None:
        """Give the reply.

        Raises:
            AlreadyResolved: there is one already.
        """
        self._check_unresolved()
        self._result.set(value)

    def set_exception(self, exc_info: ExcInfo | None = None) -> None:
        """Give an exception as the reply: the one in ``exc_info``, or the one being handled.

        Raises:
            AlreadyResolved: there is a reply already.
        """
        self._check_unresolved()
        kind, error, traceback = exc_info or sys.exc_info()
        if error is None:
            error = kind() if kind is not None else RuntimeError("no exception is being handled")
        self._result.set(Failure(error, traceback))

    def set_get_hook(self, func: Any) -> None:
        """Let ``func(timeout)`` find the value when it is asked for.

        Raises:
            AlreadyResolved: there is a reply already.
        """
        if self._result.ready():
            raise AlreadyResolved
        super().set_get_hook(func)

    def _check_unresolved(self) -> None:
        if self._result.ready() or self._get_hook is not None:
            raise AlreadyResolved


class GeventActor(pykka.Actor):
    """A Pykka actor whose loop is a greenlet.

    An exception out of ``on_receive`` ends it, as it does every Pykka actor; ``SupervisedActor`` is the guard.
    """

    @staticmethod
    def _create_actor_inbox() -> ActorInbox:
        inbox: SimpleQueue[Any] = SimpleQueue()
        return inbox

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return GeventFuture()

    def _start_actor_loop(self) -> None:
        gevent.spawn(self._actor_loop)


class SupervisedGeventActor(SupervisedActor, GeventActor):
    """What the worker's supervisor starts: a guarded behaviour on a greenlet."""


class GeventTimer:
    """A timer of the hub (``actors.runtime.clocks.Timer``).

    Args:
        greenlet: tells the message, and has not begun yet.
    """

    __slots__ = ("_greenlet",)

    def __init__(self, greenlet: gevent.Greenlet[..., None]) -> None:
        self._greenlet = greenlet

    def cancel(self) -> None:
        """Have it not told. To cancel again, or what was told already, changes nothing."""
        self._greenlet.kill(block=False)


class GeventTimers:
    """Timers of the hub (``actors.runtime.clocks.Timers``)."""

    def tell_after(self, delay_s: float, recipient: Recipient, message: Any) -> GeventTimer:
        """Tell ``recipient`` the message in ``delay_s`` seconds, not earlier."""
        # The hub counts from its own idea of the present, which stands still while greenlets run.
        gevent.get_hub().loop.update_now()
        return GeventTimer(gevent.spawn_later(delay_s, recipient.tell, message))
