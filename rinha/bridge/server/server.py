"""The worker's side of the bridge: accepts the APIs' connections and puts their payments into the intake's mailbox.
Runs on gevent, without monkey-patching.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from typing import TYPE_CHECKING

import gevent
from gevent import socket
from gevent.event import Event
from gevent.pool import Group

from rinha.bridge.errors import HandshakeRefused
from rinha.bridge.protocol.heartbeat import LOOK_S
from rinha.bridge.protocol.wire.handshake import NONCE_BYTES, RefusalCode
from rinha.bridge.protocol.worker.delivery import Delivery, supersede
from rinha.bridge.protocol.worker.journals import Journals
from rinha.bridge.protocol.worker.questioning import Poll, Polled
from rinha.bridge.server.connection import ServerConnection
from rinha.bridge.server.questions import FAILURES, Questions
from rinha.bridge.server.strangers import Strangers
from rinha.net.address import Address, TcpAddress, require_secret
from rinha.net.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.recipient import Recipient
    from rinha.bridge.protocol.wire.frames import Tally
    from rinha.bridge.protocol.wire.own_questions import OwnQuestion
    from rinha.bridge.protocol.worker.delivery import Line

MAX_CONNECTIONS = 64
"""That have proved the secret: a few APIs, their connections that are just being replaced, and tools."""
ASK_DEADLINE_S = 0.5
"""An API answers from memory in a few milliseconds; a person waits for the slowest."""
_BACKLOG = 128

logger = logging.getLogger(__name__)


class BridgeServer:
    """The worker's end of the bridge.

    Args:
        address: where to listen.
        secret: shared with the APIs; may be empty if the address is local.
        incarnation: a number that no other start of the worker has, 1 to 2**64 - 1.
        intake: is told of sessions, payments and purges (``delivery.py``).
        answer: replies to a question of ``actors.messages``. It runs in a greenlet of its own, and may block or raise.
        journals: which journal the worker has, and the APIs know; None without one.
        listen_fd: a socket bound to ``address`` that was inherited; without one, ``start`` binds it.
        began_with: how many settled payments were in the books when the worker started.
        tally: what is in the books and held now; may block or raise. Without it the APIs aren't told.

    Raises:
        ValueError: an empty secret for an address that isn't local.
    """

    def __init__(
        self,
        address: Address,
        secret: bytes,
        *,
        incarnation: int,
        intake: Recipient,
        answer: Callable[[object], object],
        journals: Journals | None = None,
        listen_fd: int | None = None,
        began_with: int = 0,
        tally: Callable[[], Tally] | None = None,
    ) -> None:
        require_secret(address, secret)
        self._address = address
        self._secret = secret
        self._incarnation = incarnation
        self._intake = intake
        self._journals = journals or Journals()
        self._journals.on_fault = self._end_all
        self._listen_fd = listen_fd
        self._began_with = began_with
        self._tally = tally
        self._listener: Listener | None = None
        self._socket: socket.socket | None = None
        self._connections: set[ServerConnection] = set()
        self._strangers = Strangers()
        self._questions = Questions(answer)
        self._loops = Group()
        self._draining = False

    @property
    def address(self) -> Address:
        """Where it listens; with the real port, if port 0 was asked for."""
        return self._listener.address if self._listener is not None else self._address

    @property
    def is_draining(self) -> bool:
        """Whether it takes no more payments."""
        return self._draining

    def start(self) -> None:
        """Listen and accept.

        Raises:
            OSError: the address can't be bound, or the inherited socket isn't one.
        """
        self._listener = Listener(self._address, backlog=_BACKLOG, fd=self._listen_fd)
        self._socket = socket.socket(fileno=self._listener.socket.detach())
        self._loops.spawn(self._accept, self._socket)
        self._loops.spawn(self._check)
        self._loops.spawn(self._tell_tally)
        logger.info("bridge.listening", extra={"address": str(self.address)})

    def ask_all(self, question: OwnQuestion, *, deadline_s: float = ASK_DEADLINE_S) -> Polled:
        """Ask all APIs that have a session, and wait for their answers.

        Args:
            question: what to ask.
            deadline_s: how long to wait, in seconds; who hasn't answered then is named.
        """
        done = Event()
        poll = Poll(question, [each.delivery for each in self._connections], done.set)
        done.wait(deadline_s)
        return poll.close(deadline_s)

    def drain(self, timeout_s: float) -> None:
        """Take no more payments, wait until those that the intake was told of are acknowledged, then close.

        What wasn't read stays with the APIs, who send it to the next worker.

        Args:
            timeout_s: for all connections together, in seconds; then they are closed as they are.
        """
        deadline = time.monotonic() + timeout_s
        self._draining = True
        self._close_listener()
        gevent.joinall([gevent.spawn(connection.drain, deadline) for connection in list(self._connections)])
        self.stop()

    def stop(self) -> None:
        """Close everything at once. To stop twice is fine."""
        self._close_listener()
        self._loops.kill()
        self._questions.stop()
        for connection in list(self._connections):
            connection.stop()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        sock, self._socket = self._socket, None
        if listener is not None and sock is not None:
            self._address = listener.address
            sock.close()
            listener.close()

    def _accept(self, listening: socket.socket) -> None:
        while self._socket is listening:
            try:
                sock, address = listening.accept()
            except OSError as error:
                if self._socket is listening:
                    logger.error("bridge.accept_failed", extra={"error": str(error)})
                    gevent.sleep(LOOK_S)
                continue
            if isinstance(self._address, TcpAddress):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._receive(sock, peer=f"{address[0]}:{address[1]}")
            else:
                self._receive(sock, peer="unix")
            # However many connect, sessions get their turn between any two of them.
            gevent.sleep(0)

    def _receive(self, sock: socket.socket, *, peer: str) -> None:
        connection = ServerConnection(
            sock, peer=peer, deliver=self._deliver, report=self._strangers.report, on_end=self._ended
        )
        self._connections.add(connection)
        self._strangers.add(connection)

    def _check(self) -> None:
        while True:
            now = time.monotonic()
            self._strangers.check(now)
            for connection in list(self._connections):
                connection.check(now)
            gevent.sleep(LOOK_S)

    def _tell_tally(self) -> None:
        while self._tally is not None:
            # The intake may fail on it, or be too busy: the next time will do.
            with contextlib.suppress(*FAILURES):
                tally = self._tally()
                for each in list(self._connections):
                    each.delivery.tally(tally)
            gevent.sleep(LOOK_S)

    def _deliver(self, line: Line) -> Delivery:
        return Delivery(
            self._secret,
            nonce=secrets.token_bytes(NONCE_BYTES),
            incarnation=self._incarnation,
            intake=self._intake,
            line=line,
            on_hello=self._greeted,
            ask=self._questions.ask,
            journals=self._journals,
            began_with=self._began_with,
        )

    def _greeted(self, delivery: Delivery) -> None:
        self._strangers.remove(delivery.line)
        deliveries = [each.delivery for each in self._connections]
        supersede(delivery, deliveries)
        if sum(each.is_proved for each in deliveries) > MAX_CONNECTIONS:
            raise HandshakeRefused(RefusalCode.TOO_MANY, f"more than {MAX_CONNECTIONS} connections")

    def _end_all(self, reason: str) -> None:
        for each in list(self._connections):
            if each.delivery.api_id:
                each.cut(reason)

    def _ended(self, connection: ServerConnection) -> None:
        self._connections.discard(connection)
        self._strangers.remove(connection)
        delivery = connection.delivery
        if delivery.api_id:
            logger.info("bridge.session_closed", extra={"peer": connection.peer, "api": delivery.api_name})
