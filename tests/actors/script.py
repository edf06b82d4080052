"""A behaviour that does what it is told, for tests of whoever hosts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.runtime.reference import Reference


class Script:
    """What outlives the behaviours made from it: the plan for them, and what became of them."""

    def __init__(self) -> None:
        self.made = 0
        self.started = 0
        self.handled: list[Any] = []
        self.given_up: list[Any] = []
        self.retries = True
        self.deals_with_given_up = True
        self.fail_on_start: list[BaseException] = []
        self.fail_on_give_up: list[BaseException] = []

    def behaviour(self, me: Reference) -> Scripted:
        return Scripted(self, me)


class Scripted:
    """Calls what is callable, raises what is an exception, sums what is a number."""

    def __init__(self, script: Script, me: Reference) -> None:
        script.made += 1
        self.script = script
        self.me = me
        self.total = 0

    def on_start(self) -> None:
        if self.script.fail_on_start:
            raise self.script.fail_on_start.pop(0)
        self.script.started += 1

    def on_receive(self, message: Any) -> Any:
        self.script.handled.append(message)
        if isinstance(message, BaseException):
            raise message
        if callable(message):
            return message()
        self.total += message
        return self.total

    def may_retry(self, message: Any) -> bool:
        return self.script.retries

    def on_give_up(self, message: Any) -> bool:
        self.script.given_up.append(message)
        if self.script.fail_on_give_up:
            raise self.script.fail_on_give_up.pop(0)
        return self.script.deals_with_given_up


FOREIGN: list[Callable[[], BaseException]] = [
    lambda: ValueError("a bug"),
    lambda: gevent.Timeout(1),
    gevent.GreenletExit,
]
"""The last two are no ``Exception``: Pykka would stop every actor for them."""
