"""The worker's answers to the APIs' questions, each in a greenlet of its own. Runs on gevent."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Group

from actors.messages import Purge
from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.frames import ReplyStatus
from rinha.bridge.protocol.handshake import MAX_TEXT_BYTES
from rinha.bridge.protocol.questions import decode_request, encode_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rinha.bridge.protocol.events import RequestReceived
    from rinha.bridge.server.connection import ServerConnection

ANSWERS_AT_ONCE = 8
"""More would only make each of them slower: the actors behind answer one at a time."""
MAX_REQUESTS_PER_CONNECTION = 256
"""Running or waiting for their turn."""
ADOPTION_TIMEOUT_S = 2.0
"""How long a purge waits for an API to adopt the epoch. One that is cut adopts it when it comes back."""

logger = logging.getLogger(__name__)


class ServerRequests:
    """Answers requests.

    Args:
        answer: the reply to a question; may block or raise.
        epoch: the intake's, for new sessions.
        connections: all there are now.
    """

    def __init__(
        self, answer: Callable[[object], object], *, epoch: int, connections: Iterable[ServerConnection]
    ) -> None:
        self.epoch = epoch
        """The epoch that new sessions begin with."""
        self._answer = answer
        self._connections = connections
        self._turns = BoundedSemaphore(ANSWERS_AT_ONCE)
        self._greenlets = Group()
        self._adoptions: set[Event] = set()

    def handle(self, connection: ServerConnection, request: RequestReceived) -> None:
        """Reply to a request as soon as the answer is there; doesn't wait for it."""
        if connection.requests_running >= MAX_REQUESTS_PER_CONNECTION:
            connection.reply(request.request_id, ReplyStatus.FAILED, b"too many requests at one time")
            return
        connection.requests_running += 1
        self._greenlets.spawn(self._handle, connection, request)

    def look_at_epochs(self) -> None:
        """A connection has adopted an epoch or has gone: let purges see who is left to wait for."""
        for adoption in self._adoptions:
            adoption.set()

    def stop(self) -> None:
        """Leave all requests without a reply."""
        self._greenlets.kill()

    def _handle(self, connection: ServerConnection, request: RequestReceived) -> None:
        status = ReplyStatus.FAILED
        try:
            with self._turns:
                payload = self._reply_to(request)
                status = ReplyStatus.OK
        except ProtocolError as error:
            payload = str(error).encode()[:MAX_TEXT_BYTES]
        # gevent.Timeout is no Exception.
        except (Exception, gevent.Timeout) as error:
            logger.exception("bridge.request_failed", extra={"api": connection.api_name, "kind": request.kind})
            payload = f"{type(error).__name__}: {error}".encode()[:MAX_TEXT_BYTES]
        finally:
            connection.requests_running -= 1
        connection.reply(request.request_id, status, payload)

    def _reply_to(self, request: RequestReceived) -> bytes:
        question = decode_request(request.kind, request.payload)
        answer = self._answer(question)
        if isinstance(question, Purge):
            if not isinstance(answer, int):
                raise TypeError(f"the answer to a purge is {answer!r}")
            self._spread_epoch(answer)
        return encode_reply(request.kind, answer)

    def announce(self, epoch: int) -> None:
        """Let new sessions begin in an epoch, and tell it to those that are open. Nobody is waited for."""
        self.epoch = max(self.epoch, epoch)
        for connection in self._behind(epoch):
            connection.announce_epoch(epoch)

    def _spread_epoch(self, epoch: int) -> None:
        """Return once every open session has adopted the epoch or is gone."""
        deadline = time.monotonic() + ADOPTION_TIMEOUT_S
        self.announce(epoch)
        adoption = Event()
        self._adoptions.add(adoption)
        try:
            while self._behind(epoch) and (left_s := deadline - time.monotonic()) > 0:
                adoption.clear()
                adoption.wait(left_s)
        finally:
            self._adoptions.discard(adoption)
        for connection in self._behind(epoch):
            connection.cut("it did not adopt the new epoch")

    def _behind(self, epoch: int) -> list[ServerConnection]:
        return [connection for connection in self._connections if connection.is_open and connection.epoch < epoch]
