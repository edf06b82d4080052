"""A worker whose actors crash on demand; run as ``python -m tests.support.crashing_worker``.

The file that ``CRASH_FILE`` names orders one crash: an actor's name, or ``payment`` for any of the pool, a blank, and
``before`` or ``after``: whether the message that it gets next has its effect. The order is carried out once, and the
file removed.
Payments of ``POISON_CENTS`` crash every payment actor that gets them, before anything has left.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import gevent

from actors.messages.health import GetCircuits
from actors.messages.people import Explain, GetAtWork, GetCounts, GetHealth, GetHeld, GetPulse, GetRows, GetSummary
from actors.messages.settling import Attempt
from actors.runtime.supervisor import Supervisor
from rinha.logs.configure import configure_logging
from rinha.settings.load import load_settings
from rinha.worker.main import run_worker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.runtime.behaviour import Behaviour
    from actors.runtime.guard import Factory
    from actors.runtime.reference import Reference

POISON_CENTS = 666
QUESTIONS = (Explain, GetAtWork, GetCircuits, GetCounts, GetHealth, GetHeld, GetPulse, GetRows, GetSummary)
"""These only look, and whoever asks is told of the crash."""


class InjectedCrash(Exception):
    """Nobody's fault."""


class Crashing:
    """A behaviour that may crash.

    Args:
        name: the actor's.
        behaviour: the real one.
        orders: the file.
    """

    def __init__(self, name: str, behaviour: Behaviour, orders: Path) -> None:
        self._name = name
        self._behaviour = behaviour
        self._orders = orders
        self.on_start = behaviour.on_start
        self.on_give_up = behaviour.on_give_up
        self.may_retry = behaviour.may_retry

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Attempt) and message.payment.amount_cents == POISON_CENTS:
            raise InjectedCrash("poison")
        when = None if isinstance(message, QUESTIONS) else self._order()
        if when == "before" and self._carry_out():
            raise InjectedCrash(self._name)
        result = self._behaviour.on_receive(message)
        if when == "after" and self._carry_out():
            # Not an Exception, and deadly to Pykka's actors if it gets out.
            raise gevent.Timeout
        return result

    def _order(self) -> str | None:
        try:
            name, when = self._orders.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return None
        return when if name in (self._name, self._name.rstrip("0123456789-")) else None

    def _carry_out(self) -> bool:
        try:
            self._orders.unlink()
        except FileNotFoundError:
            return False  # another actor of its kind was first
        return True


class CrashingSupervisor(Supervisor):
    """Starts actors that may crash."""

    def start_group(self, names: Iterable[str], factory: Factory, *, capacity: int) -> list[Reference]:
        orders = Path(os.environ["CRASH_FILE"])

        def crashing(me: Reference) -> Behaviour:
            return Crashing(me.name, factory(me), orders)

        return super().start_group(names, crashing, capacity=capacity)


def main() -> int:
    settings = load_settings(os.environ)
    configure_logging(settings.log_level, role="payment-worker")
    with patch("rinha.worker.composition.Supervisor", CrashingSupervisor):
        return run_worker(settings)


if __name__ == "__main__":
    sys.exit(main())
