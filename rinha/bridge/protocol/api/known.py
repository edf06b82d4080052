"""What an API knows of its worker, and of the one before: what it says in its HELLO, and what a WELCOME means to it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from rinha.bridge.errors import HandshakeRefused, ProtocolError
from rinha.bridge.protocol.events import SessionReady, WorkerRestart
from rinha.bridge.protocol.wire.codec import encode, encode_payment
from rinha.bridge.protocol.wire.frames import ID_BYTES, SentBefore, Tally
from rinha.bridge.protocol.wire.handshake import PROTOCOL_VERSION, Challenge, Hello, RefusalCode, Welcome, prove
from rinha.bridge.protocol.worker.journals import NO_JOURNAL, describe

if TYPE_CHECKING:
    from rinha.bridge.protocol.api.outbox import Outbox
    from rinha.bridge.protocol.api.sent import Sent
    from rinha.bridge.protocol.events import PaymentsDecided

logger = logging.getLogger(__name__)


class Opening(NamedTuple):
    """What is due once a session is open.

    Args:
        purged: payments that a purge has overtaken.
        frames: what to send, in order.
        ready: that it is open.
    """

    purged: PaymentsDecided
    frames: list[bytes]
    ready: SessionReady


class KnownWorker:
    """The worker of the last session.

    Args:
        api_id: the API's 16 bytes.
        name: the API's.
        outbox: the API's; it is purged and moved to the new epoch when a session opens.
        sent: remembers what is sent, for the next worker; None where that knows by itself.
    """

    def __init__(self, api_id: bytes, name: str, outbox: Outbox, sent: Sent | None) -> None:
        self.incarnation = 0
        self.epoch = 0
        self.journal = NO_JOURNAL
        """The id of its journal."""
        self.tally = Tally()
        """What it has said last of its books and its backlog."""
        self._api_id = api_id
        self._name = name
        self._outbox = outbox
        self._sent = sent

    def hello(self, challenge: Challenge, secret: bytes) -> Hello:
        """The answer to a worker's challenge.

        Raises:
            HandshakeRefused: it speaks another version.
        """
        if challenge.version != PROTOCOL_VERSION:
            text = f"the worker speaks version {challenge.version} of the protocol, this API {PROTOCOL_VERSION}"
            raise HandshakeRefused(RefusalCode.VERSION, text)
        outbox = self._outbox
        # The worker must know if something that it will get was sent to another one, however many there were since.
        sent_to = outbox.oldest_incarnation()
        hello = Hello(
            PROTOCOL_VERSION,
            self._api_id,
            self._name,
            self.incarnation if sent_to is None else sent_to,
            self.epoch,
            outbox.first,
            outbox.next,
            journal=self.journal,
        )
        return hello._replace(proof=prove(secret, challenge.nonce, hello))

    def meet(self, welcome: Welcome) -> Opening:
        """A worker has let the API in.

        Raises:
            ProtocolError: it is the one that was known, and went back to an older epoch.
        """
        same_worker = welcome.incarnation == self.incarnation
        if same_worker and welcome.epoch < self.epoch:
            raise ProtocolError(f"the worker went back from epoch {self.epoch} to {welcome.epoch}")
        # A worker that died took its purges with it, and the numbers of another worker's epochs mean nothing here:
        # what is older than the last purge that we know of is purged, the rest begins anew.
        purged = self._outbox.purge_before(welcome.epoch if same_worker else self.epoch)
        if self._sent is not None and same_worker and welcome.epoch > self.epoch:
            self._sent.forget()
        if self.journal not in {NO_JOURNAL, welcome.journal}:
            extra = {"known": describe(self.journal), "now": describe(welcome.journal)}
            logger.warning("bridge.other_journal", extra=extra)
        restart = None if same_worker else self._restart(welcome)
        self.incarnation, self.epoch, self.journal, _ = welcome
        self._outbox.move_to(self.epoch)
        frames, told, forgotten = self._tell_sent()
        redelivered = self._outbox.payments()
        if self._sent is not None:
            for each in redelivered:
                self._sent.add(each.payment_id)
        frames += [encode_payment(n, payment, True) for n, payment in enumerate(redelivered, self._outbox.first)]
        ready = SessionReady(self.incarnation, self.epoch, redelivered, told, forgotten, restart)
        return Opening(purged, frames, ready)

    def purge(self, epoch: int) -> None:
        """The worker has purged.

        Raises:
            ProtocolError: that is no later epoch.
        """
        if epoch <= self.epoch:
            raise ProtocolError(f"the worker went from epoch {self.epoch} to {epoch}")
        self.epoch = epoch
        if self._sent is not None:
            self._sent.forget()

    def _restart(self, welcome: Welcome) -> WorkerRestart | None:
        settled, self.tally = self.tally.settled, Tally(welcome.began_with)
        if not self.incarnation:
            return None
        return WorkerRestart(welcome.began_with, max(0, settled - welcome.began_with), welcome.journal)

    def _tell_sent(self) -> tuple[list[bytes], int, int]:
        if self._sent is None:
            return [], 0, 0
        runs = self._sent.meet(self.incarnation)
        return [encode(SentBefore(each)) for each in runs], sum(map(len, runs)) // ID_BYTES, self._sent.dropped
