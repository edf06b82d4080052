"""The worker's end of the bridge without I/O, for one connection: bytes in, events out; calls in, bytes to send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from rinha.bridge.errors import HandshakeRefused, ProtocolError
from rinha.bridge.protocol.asking import Asking
from rinha.bridge.protocol.events import (
    EpochWasAdopted,
    HelloReceived,
    PaymentsReceived,
    RequestReceived,
    WereSentBefore,
    WorkerEvent,
)
from rinha.bridge.protocol.wire import frames
from rinha.bridge.protocol.wire.codec import FrameDecoder, PaymentRun
from rinha.bridge.protocol.wire.handshake import (
    PROTOCOL_VERSION,
    Challenge,
    Hello,
    Refusal,
    RefusalCode,
    Welcome,
    proves,
)
from rinha.bridge.protocol.wire.own_questions import MAX_ANSWER_BYTES
from rinha.bridge.protocol.worker.journals import NO_JOURNAL
from rinha.bridge.protocol.worker.outgoing import Outgoing
from rinha.bridge.protocol.worker.sequences import Sequences

if TYPE_CHECKING:
    from actors.values import Verdict


class _State(Enum):
    AWAITING_HELLO = auto()
    DECIDING = auto()
    OPEN = auto()
    CLOSED = auto()


class WorkerEnd:
    """The worker's side of the protocol on one connection. The challenge is among the bytes to send at once.

    Args:
        secret: shared with the APIs; empty if the bridge is local.
        nonce: 16 random bytes, fresh for each connection.
    """

    def __init__(self, secret: bytes, *, nonce: bytes) -> None:
        self.epoch = 0
        """What the API has adopted."""
        self._secret = secret
        self._nonce = nonce
        self._state = _State.AWAITING_HELLO
        self._decoder = FrameDecoder()
        self._hello: Hello | None = None
        self._incarnation = 0
        self._announced_epoch = 0
        self._sequences = Sequences()
        self._sent_before = 0
        self._outgoing = Outgoing()
        self._asking = Asking(MAX_ANSWER_BYTES, self._outgoing.send)
        self._outgoing.send(Challenge(PROTOCOL_VERSION, nonce))

    @property
    def is_open(self) -> bool:
        """Whether the API was welcomed and neither side has broken off."""
        return self._state is _State.OPEN

    @property
    def is_closed(self) -> bool:
        """Whether it was refused; only that frame is left to send."""
        return self._state is _State.CLOSED

    @property
    def is_suspect(self) -> bool:
        """Whether the API had sessions with another incarnation of the worker before this one."""
        return self._hello is not None and self._hello.incarnation not in (0, self._incarnation)

    @property
    def received_through(self) -> int:
        """The sequence of the last payment received."""
        return self._sequences.received_through

    @property
    def acknowledged_through(self) -> int:
        """The sequence up to which all payments are decided."""
        return self._sequences.acknowledged_through

    @property
    def queued_bytes(self) -> int:
        """How many bytes of replies wait to be sent; all else that waits is small."""
        return self._outgoing.queued_bytes

    def receive(self, data: bytes) -> Iterator[WorkerEvent]:
        """Take what was read. The iterator must be exhausted.

        Yields:
            What happened, in order.

        Raises:
            HandshakeRefused: the API is not to come in.
            ProtocolError: the API broke the protocol. In both cases the session is closed: send what
                ``data_to_send`` still has, a REFUSED frame, and close the connection.
        """
        try:
            for frame in self._decoder.feed(data):
                handle = _TRANSITIONS[self._state].get(type(frame))
                if handle is None:
                    raise ProtocolError(f"an unexpected {type(frame).__name__} frame while {self._state.name}")
                event = handle(self, frame)
                if event is not None:
                    yield event
        except ProtocolError as error:
            self.refuse(RefusalCode.PROTOCOL, str(error))
            raise
        except HandshakeRefused as refusal:
            self.refuse(refusal.code, refusal.text)
            raise

    def welcome(self, incarnation: int, epoch: int, journal: bytes = NO_JOURNAL, began_with: int = 0) -> None:
        """Open the session for the API that said hello; the values are ``Welcome``'s."""
        assert self._hello is not None
        self.epoch = self._announced_epoch = epoch
        self._sequences.begin(self._hello.first_unacknowledged, self._hello.next_sequence)
        self._incarnation = incarnation
        self._outgoing.send(Welcome(incarnation, epoch, journal, began_with))
        self._state = _State.OPEN

    def refuse(self, code: int, text: str) -> None:
        """Close the session, with a REFUSED frame as the last one to send."""
        if self._state is not _State.CLOSED:
            self._state = _State.CLOSED
            self._outgoing.send_last(Refusal(code, text))

    def acknowledge(self, through: int, exceptions: tuple[tuple[int, Verdict], ...] = ()) -> None:
        """Tell the API that all payments up to ``through`` are decided. Several calls ride in one frame.

        Args:
            through: a sequence, not below that of the last call.
            exceptions: those that weren't taken, in ascending order, all of them above ``through`` of the last call.

        Raises:
            ValueError: not so, or ``through`` was never received; nothing has happened.
        """
        self._sequences.acknowledge(through, exceptions)
        self._outgoing.acknowledge(through, exceptions)

    def grant(self, payments: int) -> None:
        """Let the API send so many payments more."""
        self._sequences.limit += payments
        self.restore()

    def withdraw(self, reason: frames.Withdrawal) -> None:
        """Have the API send nothing more for now; what it sends meanwhile on the credit it had is in order."""
        self._outgoing.credit(frames.Credit(0, reason))

    def restore(self) -> None:
        """Give the API its credit back."""
        self._outgoing.credit(frames.Credit(self._sequences.limit))

    def tell(self, tally: frames.Tally) -> None:
        """Tell the API what the worker has in its books and holds."""
        self._outgoing.send(tally)

    def announce_epoch(self, epoch: int) -> None:
        """Tell the API of a purge, if it doesn't know. ``EpochWasAdopted`` follows."""
        if epoch > self._announced_epoch:
            self._announced_epoch = epoch
            self._outgoing.send(frames.Epoch(epoch))

    def reply(self, request_id: int, status: frames.ReplyStatus, payload: bytes) -> None:
        """Reply to a request, in as many frames as it takes."""
        self._outgoing.reply(request_id, status, payload)

    def ask(self, kind: int, payload: bytes) -> int:
        """Ask the API something.

        Returns:
            The request's id, which the ``ReplyReceived`` will carry.
        """
        return self._asking.ask(kind, payload)

    def forget_request(self, request_id: int) -> None:
        """Nobody waits for that reply any more; drop what comes of it."""
        self._asking.forget(request_id)

    def ping(self) -> None:
        """Ask the API for a sign of life."""
        self._outgoing.send(frames.Ping())

    def data_to_send(self) -> bytes:
        """Bytes that are due now; they count as sent. Call again until there are none.

        Acknowledgements and credit come first, then at most one piece of a reply, so that a long reply doesn't hold
        up the next acknowledgement.
        """
        return self._outgoing.take()

    def _greeted(self, hello: Hello) -> WorkerEvent:
        if hello.version != PROTOCOL_VERSION:
            text = f"this worker speaks version {PROTOCOL_VERSION} of the protocol, the API {hello.version}"
            raise HandshakeRefused(RefusalCode.VERSION, text)
        if not proves(self._secret, self._nonce, hello):
            raise HandshakeRefused(RefusalCode.SECRET, "the API's bridge secret is not the worker's")
        self._hello = hello
        self._state = _State.DECIDING
        return HelloReceived(hello.api_id, hello.name, hello.journal)

    def _submitted(self, run: PaymentRun) -> WorkerEvent:
        self._sequences.take(run)
        return PaymentsReceived(self.epoch, run.first_sequence, run.payments, run.redelivered)

    def _told(self, sent: frames.SentBefore) -> WorkerEvent:
        self._sent_before += len(sent.payment_ids) // frames.ID_BYTES
        if self._sent_before > frames.MAX_SENT_IDS:
            raise ProtocolError(f"more than {frames.MAX_SENT_IDS} ids sent before")
        return WereSentBefore(sent.payment_ids)

    def _adopted(self, adopted: frames.EpochAdopted) -> WorkerEvent:
        if not self.epoch < adopted.epoch <= self._announced_epoch:
            raise ProtocolError(f"epoch {adopted.epoch} adopted, {self._announced_epoch} announced")
        self.epoch = adopted.epoch
        return EpochWasAdopted(adopted.epoch)

    def _requested(self, request: frames.Request) -> WorkerEvent:
        return RequestReceived(*request)

    def _replied(self, reply: frames.Reply) -> WorkerEvent | None:
        return self._asking.take(reply)

    def _pinged(self, ping: frames.Ping) -> None:
        self._outgoing.pong()


_Handler = Callable[[WorkerEnd, Any], WorkerEvent | None]
_TRANSITIONS: dict[_State, dict[type, _Handler]] = {
    _State.AWAITING_HELLO: {Hello: WorkerEnd._greeted},
    _State.DECIDING: {},
    _State.OPEN: {
        PaymentRun: WorkerEnd._submitted,
        frames.SentBefore: WorkerEnd._told,
        frames.EpochAdopted: WorkerEnd._adopted,
        frames.Request: WorkerEnd._requested,
        frames.Reply: WorkerEnd._replied,
        frames.Ping: WorkerEnd._pinged,
        frames.Pong: lambda end, pong: None,
    },
    _State.CLOSED: {},
}
