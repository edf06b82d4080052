"""Blocking calls beside a gevent hub: one after the other, in a thread of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from gevent.threadpool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")

CALL_TIMEOUT_S = 15.0
"""A call that lasts longer is interrupted, if it can be. Statements in PostgreSQL end after 10 s, unless the server
itself stands still."""


_Outcome = tuple[_Result, None] | tuple[None, Exception]


def caught(call: Callable[[], _Result]) -> Callable[[], _Outcome[_Result]]:
    """Make a call that raises no error, for gevent prints the traceback of whatever is raised in a thread."""

    def run() -> _Outcome[_Result]:
        try:
            return call(), None
        except Exception as error:
            return None, error

    return run


def given(outcome: _Outcome[_Result] | None) -> _Result:
    """What a call that was ``caught`` returned, or would have raised."""
    assert outcome is not None  # it is asked for once there is one
    result, error = outcome
    if error is not None:
        raise error
    return cast("_Result", result)


class OneThread:
    """The thread.

    Args:
        interrupt: has the call that is at work fail soon, if that is possible.
    """

    def __init__(self, interrupt: Callable[[], None] = lambda: None) -> None:
        self._interrupt = interrupt
        self._thread = ThreadPool(1)

    def run(self, call: Callable[[], _Result]) -> _Result:
        """Run a call, and block the calling greenlet alone meanwhile; its errors are raised here."""
        done = self._thread.spawn(caught(call))
        done.wait(CALL_TIMEOUT_S)
        if not done.ready():
            self._interrupt()
        return given(done.get())

    def end(self) -> None:
        """End it; no call may be at work."""
        self._thread.kill()
