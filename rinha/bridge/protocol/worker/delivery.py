"""The worker's end of a connection as the intake sees it, without I/O.

Payments and questions go one way; verdicts, credit, epochs and replies the other. Whoever moves the bytes calls
``receive`` and ``data_to_send``; the worker does so on gevent, the simulation on its scheduler.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from actors.messages.sessions import (
    CreditGranted,
    CreditRestored,
    CreditWithdrawn,
    EpochRaised,
    PaymentsSentBefore,
    SessionAdmitted,
    SessionClosed,
    SessionDismissed,
    SessionEpochAdopted,
    SessionOpened,
    SubmitPayments,
    VerdictsGiven,
)
from rinha.bridge.errors import HandshakeRefused
from rinha.bridge.protocol import events
from rinha.bridge.protocol.wire.frames import ReplyStatus, Tally, Withdrawal
from rinha.bridge.protocol.wire.handshake import RefusalCode
from rinha.bridge.protocol.worker.journals import Journals
from rinha.bridge.protocol.worker.pending import PendingRequest, PendingRequests
from rinha.bridge.protocol.worker.questioning import Questions
from rinha.bridge.protocol.worker.worker_end import WorkerEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actors.recipient import Recipient

MAX_QUEUED_BYTES = 32 * 2**20
"""Of replies to a peer that doesn't read: two of the longest."""

logger = logging.getLogger(__name__)


class Line(Protocol):
    """The connection below, as a delivery sees it. Nothing here blocks."""

    def flush(self) -> None:
        """Send what ``data_to_send`` has, soon."""
        ...

    def cut(self, reason: str) -> None:
        """End the connection now. ``Delivery.end`` follows."""
        ...


class Delivery:
    """One API's session, and a ``Recipient`` of what the intake has for it.

    Args:
        secret: shared with the APIs; empty if the bridge is local.
        nonce: 16 random bytes, fresh for each connection.
        incarnation: the worker's.
        intake: told of the session, its payments and its purges.
        line: the connection below.
        on_hello: called when the API has proved who it is; ends older sessions of the same API (``supersede``), and
            may raise ``HandshakeRefused``.
        ask: has any request but those that are the intake's, purges and words on payments, answered now or later
            (``PendingRequest.carry_out``). Doesn't block.
        journals: which journal the worker has, one object for all its deliveries; None without a journal.
        began_with: how many settled payments were in the worker's books when it started.
    """

    def __init__(
        self,
        secret: bytes,
        *,
        nonce: bytes,
        incarnation: int,
        intake: Recipient,
        line: Line,
        on_hello: Callable[[Delivery], None],
        ask: Callable[[PendingRequest], None],
        journals: Journals | None = None,
        began_with: int = 0,
    ) -> None:
        self.api_id = b""
        """Empty until the API has proved who it is."""
        self.api_name = ""
        self.session = WorkerEnd(secret, nonce=nonce)
        self.line = line
        self._incarnation = incarnation
        self._intake = intake
        self._on_hello = on_hello
        self._journals = journals or Journals()
        self._began_with = began_with
        self._told_through = 0
        self._requests = PendingRequests(self, intake, ask)
        self.questions = Questions(self.session, line.flush)
        """Those to the API."""
        self._told_tally = Tally()
        self._ended = False

    def __repr__(self) -> str:
        return f"<bridge session of {self.api_name or 'nobody yet'}>"

    @property
    def is_open(self) -> bool:
        """Whether the intake has admitted the session and nothing has ended it."""
        return self.session.is_open and not self._ended

    @property
    def is_proved(self) -> bool:
        """Whether the API has proved who it is and nothing has ended the session."""
        return bool(self.api_id) and not self._ended

    @property
    def is_idle(self) -> bool:
        """Whether the intake has decided on all that it was told, and no request waits."""
        return self.session.acknowledged_through >= self._told_through and not self._requests

    def receive(self, data: bytes) -> None:
        """Take what was read.

        Raises:
            HandshakeRefused: the API is not to come in.
            ProtocolError: it broke the protocol. In both cases send what there is to send, and close the connection.
        """
        for event in self.session.receive(data):
            self._handle(event)
        self.line.flush()

    def tell(self, message: Any) -> None:
        """Take the intake's word. To a session that has ended it is lost, which is right: its API sends what isn't
        acknowledged again.
        """
        if self._ended:
            return
        if isinstance(message, VerdictsGiven):
            self._acknowledge(message)
        elif isinstance(message, CreditGranted):
            self.session.grant(message.payments)
        elif isinstance(message, SessionAdmitted):
            self._admit(message.epoch)
        elif isinstance(message, EpochRaised):
            self.session.announce_epoch(message.epoch)
        elif isinstance(message, CreditWithdrawn):
            self.session.withdraw(Withdrawal[message.why.name])
        elif isinstance(message, CreditRestored):
            self.session.restore()
        elif isinstance(message, SessionDismissed):
            self.line.cut(message.reason)
        else:
            logger.error("bridge.unknown_message", extra={"api": self.api_name, "type": type(message).__name__})
        self.line.flush()

    def send_reply(self, request_id: int, status: ReplyStatus, payload: bytes) -> None:
        """Send a reply, if the API is still there (``pending.Replier``)."""
        if not self.is_open:
            return
        self.session.reply(request_id, status, payload)
        if self.session.queued_bytes > MAX_QUEUED_BYTES:
            self.line.cut("it doesn't read its replies")
        self.line.flush()

    def tally(self, tally: Tally) -> None:
        """Tell the API what the worker has in its books and holds, if that is news."""
        if self.is_open and tally != self._told_tally:
            self._told_tally = tally
            self.session.tell(tally)
            self.line.flush()

    def drain(self) -> None:
        """Hand nothing more over. What was read since stays with the API, which sends it to the next worker."""
        self._requests.draining = True

    def end(self) -> None:
        """The connection is gone. To end it twice is fine."""
        if not self._ended:
            self._ended = True
            if self.api_id:
                self._intake.tell(SessionClosed(self))
            self.questions.end()

    def _handle(self, event: events.WorkerEvent) -> None:
        if isinstance(event, events.PaymentsReceived):
            if not self._requests.draining:
                self._hand_over(event)
        elif isinstance(event, events.RequestReceived):
            self._requests.take(event)
        elif isinstance(event, events.ReplyReceived):
            self.questions.take(event)
        elif isinstance(event, events.WereSentBefore):
            self._intake.tell(PaymentsSentBefore(self, event.payment_ids))
        elif isinstance(event, events.EpochWasAdopted):
            self._intake.tell(SessionEpochAdopted(self, event.epoch))
        else:
            self._greet(*event)

    def _greet(self, api_id: bytes, api_name: str, journal: bytes) -> None:
        self.api_name = api_name
        if fault := self._journals.meet(api_name, journal):
            self.session.refuse(RefusalCode.JOURNAL, fault)
            raise HandshakeRefused(RefusalCode.JOURNAL, fault)
        self.api_id = api_id
        try:
            self._on_hello(self)
        except HandshakeRefused as refusal:
            self.api_id = b""  # The intake never hears of it.
            self.session.refuse(refusal.code, refusal.text)
            raise
        self._intake.tell(SessionOpened(self))

    def _hand_over(self, run: events.PaymentsReceived) -> None:
        epoch, first, payments, redelivered = run
        self._told_through = first + len(payments) - 1
        suspect = redelivered and self.session.is_suspect
        self._intake.tell(SubmitPayments(self, epoch, first, payments, redelivered, suspect))

    def _admit(self, epoch: int) -> None:
        if not self.session.is_open:  # or else the intake has admitted it before it crashed, and again after it
            self.session.welcome(self._incarnation, epoch, self._journals.own, self._began_with)
            self._told_through = self.session.received_through
            logger.info("bridge.session_opened", extra={"api": self.api_name})

    def _acknowledge(self, verdicts: VerdictsGiven) -> None:
        try:
            self.session.acknowledge(verdicts.through_sequence, verdicts.exceptions)
        except ValueError as error:  # the intake has answered before it crashed, and again after it
            logger.error("bridge.wrong_acknowledgement", extra={"api": self.api_name, "error": str(error)})
            self.line.cut("wrong acknowledgement")


def supersede(newer: Delivery, all_there_are: Iterable[Delivery]) -> None:
    """End older sessions of the API that has just said hello: they are half open."""
    for other in list(all_there_are):
        if other is not newer and other.api_id == newer.api_id:
            other.line.cut("its API has connected anew")
