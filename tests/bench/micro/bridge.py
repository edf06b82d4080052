"""How many payments a second one connection of the bridge carries, one way: from the API's session, as frames through a
Unix socket, to the intake's mailbox.

Two processes, as in earnest: this one is the worker, and the API's half is ``api_side.py``. The intake does nothing but
acknowledge and grant credit in the real window, so the figure is the bridge's own. Wall time; the slower half sets it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from typing import Any

from gevent import subprocess
from gevent.event import Event

from actors.intake.credits import Credits
from actors.messages.sessions import (
    CreditGranted,
    SessionAdmitted,
    SessionClosed,
    SessionOpened,
    SubmitPayments,
    VerdictsGiven,
)
from actors.runtime.clocks import SystemClock
from actors.runtime.crashes import Crashes
from actors.runtime.greenlets import SupervisedGeventActor
from actors.runtime.supervisor import Supervisor
from actors.system import UNBOUNDED
from rinha.bridge.server.server import BridgeServer
from rinha.net.address import UnixAddress
from tests.bench.micro.figure import Figure

PAYMENTS_PER_S_MIN = 100_000
TIMEOUT_S = 60.0


class Acknowledger:
    """The intake's part in the bridge's protocol, and nothing else of it.

    Args:
        expected: payments, after which ``done`` is set.
    """

    def __init__(self, expected: int) -> None:
        self.done = Event()
        self.opened = Event()
        self._expected = expected
        self._credits = Credits(2**62)

    def on_start(self) -> None:
        pass

    def on_receive(self, message: Any) -> None:
        match message:
            case SubmitPayments(session=session, first_sequence=first, payments=payments):
                self._expected -= len(payments)
                session.tell(VerdictsGiven(first + len(payments) - 1))
                self._credits.use(session, len(payments))
            case SessionOpened(session):
                session.tell(SessionAdmitted(0))
                self._credits.open(session)
                self.opened.set()
            case SessionClosed(session):
                self._credits.close(session)
        for session, granted in self._credits.grant(0):
            session.tell(CreditGranted(granted))
        if self._expected <= 0:
            self.done.set()

    def may_retry(self, message: Any) -> bool:
        return False

    def on_give_up(self, message: Any) -> bool:
        return False


def figures(*, runs: int = 5, payments: int = 200_000) -> list[Figure]:
    """Measure.

    Args:
        runs: how often it is repeated.
        payments: per run.
    """
    measured = [_run(payments) for _ in range(runs)]
    per_s, worker_us, api_us = zip(*measured, strict=True)
    return [
        Figure("bridge, one connection, one way", "payments/s", per_s, PAYMENTS_PER_S_MIN, more_is_better=True),
        Figure("bridge, CPU of the worker's side", "µs/payment", worker_us),
        Figure("bridge, CPU of the API's side", "µs/payment", api_us),
    ]


def _run(payments: int) -> tuple[float, float, float]:
    clock = SystemClock()
    supervisor = Supervisor(SupervisedGeventActor, clock, Crashes(clock, lambda: None), unbounded=UNBOUNDED)
    intake = Acknowledger(payments)
    with tempfile.TemporaryDirectory() as folder:
        server = BridgeServer(
            UnixAddress(f"{folder}/bridge"),
            b"",
            incarnation=1,
            intake=supervisor.start("intake", lambda me: intake, capacity=1000),
            answer=lambda question: None,
        )
        server.start()
        command = [sys.executable, "-m", "tests.bench.micro.api_side", f"{folder}/bridge", str(payments)]
        # gevent's, so that acknowledgements are written while this waits for the process.
        api = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            _wait(intake.opened, "a session")
            begun_s, cpu_s = time.perf_counter(), time.process_time()
            _wait(intake.done, f"{payments} payments")
            took_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
            api_cpu_s = float(api.communicate(timeout=TIMEOUT_S)[0])
        finally:
            api.kill()
            api.communicate()
            server.stop()
            supervisor.stop(TIMEOUT_S)
    return payments / took_s, cpu_s / payments * 1e6, api_cpu_s / payments * 1e6


def _wait(event: Event, what: str) -> None:
    if not event.wait(TIMEOUT_S):
        raise TimeoutError(f"{what} within {TIMEOUT_S} s")
