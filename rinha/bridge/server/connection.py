"""One API's connection at the worker. Runs on gevent: a greenlet reads, another one writes."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.socket import SHUT_RDWR, SHUT_WR, wait

from rinha.bridge.errors import HandshakeRefused, ProtocolError
from rinha.bridge.protocol.heartbeat import Due, Heartbeat
from rinha.bridge.server.writer import ServerWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent.socket import socket as Socket

    from rinha.bridge.protocol.worker.delivery import Delivery, Line

READ_BYTES = 65_536
"""Some 1,900 payments a read: a burst is handed over in few messages, and others get a turn after 2 ms."""
HANDSHAKE_TIMEOUT_S = 5.0
STUCK_BEFORE_CUT_S = 15.0
"""A peer may take nothing of what is written for so long."""
LINGER_S = 1.0
"""How long a drained peer may take to close its end. To close first would reset the connection and could destroy
acknowledgements under way, if the peer has just sent something."""

logger = logging.getLogger(__name__)


class ServerConnection:
    """Moves the bytes of one API's delivery, and looks after its time limits.

    Args:
        sock: the accepted socket.
        peer: where it comes from, for logs.
        deliver: makes the delivery for this ``Line``.
        report: logs what happens before the peer has proved who it is.
        on_end: called once when the connection is over.
    """

    def __init__(
        self,
        sock: Socket,
        *,
        peer: str,
        deliver: Callable[[Line], Delivery],
        report: Callable[[int, str, dict[str, Any]], None],
        on_end: Callable[[ServerConnection], None],
    ) -> None:
        self.peer = peer
        self.delivery = deliver(self)
        self._sock = sock
        self._report = report
        self._on_end = on_end
        self._session = self.delivery.session
        self._cut = False
        self._progress = Event()
        self._accepted_at = time.monotonic()
        self._heartbeat = Heartbeat()
        self._writer = ServerWriter(
            sock, self._session, on_sent=self._progress.set, on_broken=lambda: self._shutdown(SHUT_RDWR)
        )
        self._readable = gevent.get_hub().loop.io(sock.fileno(), 1)
        self._reader = gevent.spawn(self._read)

    def flush(self) -> None:
        """Have written what the session has to send. Doesn't block."""
        self._writer.wake()
        self._progress.set()

    def check(self, now: float) -> None:
        """Look after time limits; called every ``LOOK_S`` with monotonic seconds."""
        due = self._heartbeat.look()
        if not self._session.is_open:
            if now - self._accepted_at > HANDSHAKE_TIMEOUT_S:
                self.cut("handshake too slow")
        elif due is Due.CUT:
            self.cut("silence")
        elif self._writer.stuck_s(now) > STUCK_BEFORE_CUT_S:
            self.cut("it doesn't read")
        elif due is Due.PING:
            self._session.ping()
            self._writer.wake()

    def cut(self, reason: str) -> None:
        """End the connection now; ``on_end`` follows."""
        if not self._cut:
            self._log(logging.WARNING, "bridge.connection_cut", reason=reason)
            self._end()

    def drain(self, deadline: float) -> None:
        """Take nothing more, wait until what the intake was told is acknowledged and sent, then close.

        Args:
            deadline: in monotonic seconds; then it is closed as it is.
        """
        self.delivery.drain()
        while self.delivery.is_open and not self._is_idle() and time.monotonic() < deadline:
            self._progress.clear()
            self._progress.wait(max(0.0, deadline - time.monotonic()))
        self._shutdown(SHUT_WR)
        self._reader.join(LINGER_S)
        self.stop()

    def stop(self) -> None:
        """Close at once and wait for both greenlets."""
        self._end()
        self._reader.join()

    def _end(self) -> None:
        self._cut = True
        self.delivery.end()
        self._writer.stop()
        self._shutdown(SHUT_RDWR)
        self._progress.set()

    def _is_idle(self) -> bool:
        return self.delivery.is_idle and self._writer.is_idle

    def _shutdown(self, how: int) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(how)

    def _read(self) -> None:
        delivery = self.delivery
        try:
            # A cut connection may still have something to read, which is another session's by now.
            while (data := self._receive()) and not self._cut:
                self._heartbeat.heard()
                delivery.receive(data)
        except (HandshakeRefused, ProtocolError) as error:
            self._log(logging.WARNING, "bridge.peer_refused", error=str(error))
            self._writer.wake()
            self._writer.join(LINGER_S)
        except OSError as error:
            self._log(logging.INFO, "bridge.connection_broke", error=str(error))
        except Exception:
            logger.exception("bridge.connection_failed", extra={"peer": self.peer, "api": delivery.api_name})
        finally:
            self._end()
            self._writer.join()
            self._readable.close()
            self._sock.close()
            self._on_end(self)

    def _log(self, level: int, event: str, **fields: str) -> None:
        extra = {"peer": self.peer, "api": self.delivery.api_name, **fields}
        if self.delivery.api_id:
            logger.log(level, event, extra=extra)
        else:
            self._report(level, event, extra)

    def _receive(self) -> bytes:
        # To wait first saves a try in vain for most reads. And whatever the peer sends, the intake, the writers and the
        # other readers get their turn.
        wait(self._readable)
        data: bytes = self._sock.recv(READ_BYTES)
        return data
