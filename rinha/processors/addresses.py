"""Where a processor is: its name is looked up beside the requests that go there, never in their way. Runs on gevent.

gevent's own resolver shares ten threads among all names, numeric addresses included: a name service that is silent for
one processor holds up the other one. So each processor has a thread of its own, for one look-up at a time.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, TypeAlias

import gevent
from gevent.event import Event

from rinha.processors.errors import NotSent

FRESH_S = 30.0
"""So long an address counts as known. Then it is looked up anew, and goes on being used meanwhile: the C library tells
no time to live."""
PAUSE_S = 0.5
"""From the end of a look-up to the next one, if it found nothing or a connection failed since: who probes a processor
that is away asks so often."""
PATIENCE_S = 0.5
"""How long requests wait for the first look-up, counted from its begin. They hold a place in the pool meanwhile, so
what is silent for longer turns them away at once, and they may go elsewhere."""

Place: TypeAlias = "tuple[int, tuple[Any, ...]]"
"""An address family, and an address as ``connect`` takes it."""
LookUp: TypeAlias = Callable[[str, int], Sequence[Place]]
"""All places of a name and a port. Blocks its thread, as long as it likes; raises ``OSError``."""

logger = logging.getLogger(__name__)


def look_up(host: str, port: int) -> Sequence[Place]:
    """Ask the system's name service (``LookUp``).

    Args:
        host: a name.
        port: a port.

    Raises:
        OSError: there is no such name, or nobody who knows.
    """
    return _ask(host, port, 0)


class Addresses:
    """The addresses of one processor, for all who connect to it.

    Args:
        host: its name, or an IP address, which is never looked up.
        port: its port.
        look_up: asks the name service, in a thread of its own.
        monotonic_s: the clock for ages.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        look_up: LookUp = look_up,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._port = port
        self._look_up = look_up
        self._monotonic_s = monotonic_s
        self._known: Sequence[Place] = ()
        self._reason = "its name is being looked up still"
        self._under_way = False
        self._begun_s = 0.0
        self._due_s = 0.0
        self._ended_s = 0.0
        self._has_ended = Event()
        self._complained = False
        try:
            self._known = _ask(host, port, socket.AI_NUMERICHOST)
            self._due_s = inf
        except socket.gaierror:
            pass  # It is a name.

    def get(self) -> Sequence[Place]:
        """Say where the processor is. Blocks for ``PATIENCE_S`` at most, and only until the first look-up has ended.

        Raises:
            NotSent: nobody knows now. A look-up is under way, or will be with a later call.
        """
        if not self._under_way and self._monotonic_s() >= self._due_s:
            self._begin()
        if not self._known and self._under_way:
            self._has_ended.wait(max(0.0, self._begun_s + PATIENCE_S - self._monotonic_s()))
        if not self._known:
            self._complain()
            raise NotSent(f"no address of {self._host}: {self._reason}")
        return self._known

    def doubt(self) -> None:
        """Take note that nobody could be reached there: the name may lead elsewhere by now."""
        if self._due_s != inf:
            self._due_s = min(self._due_s, self._ended_s + PAUSE_S)

    def _begin(self) -> None:
        self._under_way = True
        self._begun_s = self._monotonic_s()
        self._has_ended.clear()
        tell = gevent.get_hub().loop.run_callback_threadsafe

        def work() -> None:
            try:
                found: Sequence[Place] | Exception = self._look_up(self._host, self._port)
            except Exception as error:  # whatever it is, the next look-up must be able to begin
                found = error
            tell(self._end, found)

        # A daemon, so that the process can end under it; nothing can interrupt the C library.
        threading.Thread(target=work, name=f"look up {self._host}", daemon=True).start()

    def _end(self, found: Sequence[Place] | Exception) -> None:
        self._under_way = False
        self._ended_s = self._monotonic_s()
        if isinstance(found, Exception):
            self._reason = getattr(found, "strerror", None) or str(found)
            self._due_s = self._ended_s + PAUSE_S
            self._complain()
        else:
            self._known = found
            self._due_s = self._ended_s + FRESH_S
            if self._complained:
                self._complained = False
                logger.info("processor.name_found", extra={"host": self._host})
        self._has_ended.set()

    def _complain(self) -> None:
        if not self._complained:
            self._complained = True
            extra = {"host": self._host, "reason": self._reason, "known_before": bool(self._known)}
            logger.warning("processor.name_not_found", extra=extra)


def _ask(host: str, port: int, flags: int) -> list[Place]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]
