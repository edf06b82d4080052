"""One API's connection at the worker. Runs on gevent: a greenlet reads, another one writes."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.socket import SHUT_RDWR, SHUT_WR, wait

from actors.messages import (
    CreditGranted,
    CreditRestored,
    CreditWithdrawn,
    EpochRaised,
    SessionClosed,
    SessionOpened,
    SubmitPayments,
    VerdictsGiven,
)
from rinha.bridge.errors import HandshakeRefused, ProtocolError
from rinha.bridge.protocol.events import EpochWasAdopted, PaymentsReceived, RequestReceived
from rinha.bridge.protocol.frames import ReplyStatus
from rinha.bridge.protocol.handshake import NONCE_BYTES
from rinha.bridge.protocol.worker_end import WorkerSession
from rinha.bridge.server.writer import ServerWriter

if TYPE_CHECKING:
    from gevent.socket import socket as Socket

    from actors.recipient import Recipient
    from actors.tracing import Tracer
    from rinha.bridge.protocol.events import WorkerEvent
    from rinha.bridge.server.owner import Owner

READ_BYTES = 65_536
"""Some 1,900 payments a read: a burst is handed over in few messages, and others get a turn after 2 ms."""
HANDSHAKE_TIMEOUT_S = 5.0
SILENCE_BEFORE_PING_S = 5.0
SILENCE_BEFORE_CUT_S = 15.0
"""Two pings unanswered. It also ends a peer that takes nothing of what is written for so long."""
MAX_QUEUED_BYTES = 32 * 2**20
"""Of replies to a peer that doesn't read: two of the longest."""
LINGER_S = 1.0
"""How long a drained peer may take to close its end. To close first would reset the connection and could destroy
acknowledgements under way, if the peer has just sent something."""

logger = logging.getLogger(__name__)


class ServerConnection:
    """A connection, and the session on it as the intake sees it: a ``Recipient`` of ``VerdictsGiven`` and
    ``CreditGranted``.

    Args:
        sock: the accepted socket.
        peer: where it comes from, for logs.
        host: the peer's host, against which failed handshakes count.
        owner: the server.
        secret: shared with the APIs.
        intake: whom to tell of payments.
        tracer: records ``bridge.received``.
    """

    def __init__(
        self,
        sock: Socket,
        peer: str,
        *,
        host: str,
        owner: Owner,
        secret: bytes,
        intake: Recipient,
        tracer: Tracer,
    ) -> None:
        self.host = host
        self.peer = peer
        self.api_id = b""
        self.api_name = ""
        self.requests_running = 0
        self._sock = sock
        self._owner = owner
        self._intake = intake
        self._tracer = tracer
        self._session = WorkerSession(secret, nonce=secrets.token_bytes(NONCE_BYTES))
        self._told_through = 0
        self._draining = False
        self._cut = False
        self._progress = Event()
        self._accepted_at = self._heard_at = self._pinged_at = time.monotonic()
        self._writer = ServerWriter(
            sock, self._session, on_sent=self._progress.set, on_broken=lambda: self._shutdown(SHUT_RDWR)
        )
        self._readable = gevent.get_hub().loop.io(sock.fileno(), 1)
        self._reader = gevent.spawn(self._read)

    def __repr__(self) -> str:
        return f"<bridge session of {self.api_name or 'nobody yet'} at {self.peer}>"

    @property
    def is_open(self) -> bool:
        """Whether the handshake is over and nothing has ended the session."""
        return self._session.is_open and not self._cut

    @property
    def epoch(self) -> int:
        """The epoch that the API has adopted."""
        return self._session.epoch

    def tell(self, message: Any) -> None:
        """Take ``VerdictsGiven`` or ``CreditGranted`` from the intake. Doesn't block; to a closed session it is lost,
        which is right: its API sends what isn't acknowledged again.
        """
        if not self.is_open:
            return
        if isinstance(message, VerdictsGiven):
            try:
                self._session.acknowledge(*message)
            except ValueError as error:
                logger.error("bridge.wrong_acknowledgement", extra={"api": self.api_name, "error": str(error)})
                self.cut("wrong acknowledgement")
        elif isinstance(message, CreditGranted):
            self._session.grant(message.payments)
        elif isinstance(message, EpochRaised):
            self._owner.epoch_raised(message.epoch)
        elif isinstance(message, CreditWithdrawn):
            self._session.withdraw()
        elif isinstance(message, CreditRestored):
            self._session.restore()
        else:
            logger.error("bridge.unknown_message", extra={"api": self.api_name, "type": type(message).__name__})
        self._writer.wake()
        self._progress.set()

    def announce_epoch(self, epoch: int) -> None:
        """Tell the API of a purge."""
        self._session.announce_epoch(epoch)
        self._writer.wake()

    def reply(self, request_id: int, status: ReplyStatus, payload: bytes) -> None:
        """Reply to a request, if the API is still there."""
        if self.is_open:
            self._session.reply(request_id, status, payload)
            if self._session.queued_bytes > MAX_QUEUED_BYTES:
                self.cut("it doesn't read its replies")
        self._writer.wake()
        self._progress.set()

    def check(self, now: float) -> None:
        """Look after time limits; called about twice a second with monotonic seconds."""
        silent_s = now - self._heard_at
        if not self._session.is_open:
            if now - self._accepted_at > HANDSHAKE_TIMEOUT_S:
                self.cut("handshake too slow")
        elif silent_s > SILENCE_BEFORE_CUT_S:
            self.cut("silence")
        elif self._writer.stuck_s(now) > SILENCE_BEFORE_CUT_S:
            self.cut("it doesn't read")
        elif min(silent_s, now - self._pinged_at) > SILENCE_BEFORE_PING_S:
            self._pinged_at = now
            self._session.ping()
            self._writer.wake()

    def cut(self, reason: str) -> None:
        """End the connection now; ``Owner.closed`` follows."""
        if not self._cut:
            logger.warning("bridge.connection_cut", extra={"peer": self.peer, "api": self.api_name, "reason": reason})
            self._end()

    def drain(self, deadline: float) -> None:
        """Take nothing more, wait until what the intake was told is acknowledged and sent, then close.

        Args:
            deadline: in monotonic seconds; then it is closed as it is.
        """
        self._draining = True
        while self.is_open and not self._is_idle() and time.monotonic() < deadline:
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
        self._writer.stop()
        self._shutdown(SHUT_RDWR)
        self._progress.set()

    def _is_idle(self) -> bool:
        acknowledged = self._session.acknowledged_through >= self._told_through
        return acknowledged and not self.requests_running and self._writer.is_idle

    def _shutdown(self, how: int) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(how)

    def _read(self) -> None:
        try:
            # A cut connection may still have something to read, which is another session's by now.
            while (data := self._receive()) and not self._cut:
                self._heard_at = time.monotonic()
                for event in self._session.receive(data):
                    self._handle(event)
                self._writer.wake()
        except (HandshakeRefused, ProtocolError) as error:
            extra = {"peer": self.peer, "api": self.api_name, "error": str(error)}
            logger.warning("bridge.peer_refused", extra=extra)
            if not self.api_id:
                self._owner.handshake_failed(self)
            self._writer.wake()
            self._writer.join(LINGER_S)
        except OSError as error:
            logger.info("bridge.connection_broke", extra={"peer": self.peer, "api": self.api_name, "error": str(error)})
        except Exception:
            logger.exception("bridge.connection_failed", extra={"peer": self.peer, "api": self.api_name})
        finally:
            self._end()
            self._writer.join()
            self._readable.close()
            self._sock.close()
            self._owner.closed(self)
            if self.api_id:
                logger.info("bridge.session_closed", extra={"peer": self.peer, "api": self.api_name})
                self._intake.tell(SessionClosed(self))

    def _receive(self) -> bytes:
        # To wait first saves a try in vain for most reads. And whatever the peer sends, the intake, the writers and the
        # other readers get their turn.
        wait(self._readable)
        data: bytes = self._sock.recv(READ_BYTES)
        return data

    def _handle(self, event: WorkerEvent) -> None:
        if isinstance(event, PaymentsReceived):
            if not self._draining:
                self._hand_over(event)
        elif isinstance(event, RequestReceived):
            if self._draining:
                self.reply(event.request_id, ReplyStatus.FAILED, b"the worker is shutting down")
            else:
                self._owner.handle_request(self, event)
        elif isinstance(event, EpochWasAdopted):
            self._owner.epoch_adopted()
        else:
            self.api_id, self.api_name = event
            self._session.welcome(*self._owner.admit(self))
            self._told_through = self._session.received_through
            logger.info("bridge.session_opened", extra={"peer": self.peer, "api": self.api_name})
            self._intake.tell(SessionOpened(self))

    def _hand_over(self, run: PaymentsReceived) -> None:
        epoch, first, payments, redelivered = run
        for payment in payments:
            if payment.traced_at_us:
                self._tracer.record(payment.payment_id, "bridge.received", api=self.api_name, redelivered=redelivered)
        self._told_through = first + len(payments) - 1
        suspect = redelivered and self._session.is_suspect
        self._intake.tell(SubmitPayments(self, epoch, first, payments, redelivered, suspect))
