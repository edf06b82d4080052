"""The worker's end of the bridge without I/O, for one connection: bytes in, events out; calls in, bytes to send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from rinha.bridge.errors import HandshakeRefused, ProtocolError
from rinha.bridge.protocol.codec import FrameDecoder, PaymentRun
from rinha.bridge.protocol.events import (
    EpochWasAdopted,
    HelloReceived,
    PaymentsReceived,
    RequestReceived,
    WereSentBefore,
    WorkerEvent,
)
from rinha.bridge.protocol.frames import (
    ID_BYTES,
    MAX_SENT_IDS,
    Epoch,
    EpochAdopted,
    Ping,
    Pong,
    ReplyStatus,
    Request,
    SentBefore,
)
from rinha.bridge.protocol.handshake import PROTOCOL_VERSION, Challenge, Hello, Refusal, RefusalCode, Welcome, proves
from rinha.bridge.protocol.outgoing import Outgoing

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
        self.acknowledged_through = 0
        self._secret = secret
        self._nonce = nonce
        self._state = _State.AWAITING_HELLO
        self._decoder = FrameDecoder()
        self._hello: Hello | None = None
        self._incarnation = 0
        self._announced_epoch = 0
        self._following: range = range(0)
        """The sequences that the next payment may have: one, but for the first payment of the session."""
        self._first_new = 0
        self._sent_before = 0
        self._limit = 0
        self._outgoing = Outgoing()
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
        return self._following.start - 1

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

    def welcome(self, incarnation: int, epoch: int) -> None:
        """Open the session for the API that said hello."""
        assert self._hello is not None
        self.epoch = self._announced_epoch = epoch
        first, self._first_new = self._hello.first_unacknowledged, self._hello.next_sequence
        self._incarnation = incarnation
        self.acknowledged_through = first - 1
        self._following = range(first, self._first_new + 1)
        self._limit = self._first_new
        self._outgoing.send(Welcome(incarnation, epoch))
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
        last = self.acknowledged_through
        if not last <= through <= self.received_through:
            raise ValueError(f"through {through}, outside of {last} to {self.received_through}")
        for sequence, _ in exceptions:
            if not last < sequence <= through:
                raise ValueError(f"an exception for {sequence} out of order, through {through}")
            last = sequence
        self.acknowledged_through = through
        self._outgoing.acknowledge(through, exceptions)

    def grant(self, payments: int) -> None:
        """Let the API send so many payments more."""
        self._limit += payments
        self._outgoing.limit(self._limit)

    def withdraw(self) -> None:
        """Have the API send nothing more for now; what it sends meanwhile on the credit it had is in order."""
        self._outgoing.limit(0)

    def restore(self) -> None:
        """Give the API its credit back."""
        self._outgoing.limit(self._limit)

    def announce_epoch(self, epoch: int) -> None:
        """Tell the API of a purge, if it doesn't know. ``EpochWasAdopted`` follows."""
        if epoch > self._announced_epoch:
            self._announced_epoch = epoch
            self._outgoing.send(Epoch(epoch))

    def reply(self, request_id: int, status: ReplyStatus, payload: bytes) -> None:
        """Reply to a request, in as many frames as it takes."""
        self._outgoing.reply(request_id, status, payload)

    def ping(self) -> None:
        """Ask the API for a sign of life."""
        self._outgoing.send(Ping())

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
        return HelloReceived(hello.api_id, hello.name)

    def _submitted(self, run: PaymentRun) -> WorkerEvent:
        first, payments = run.first_sequence, run.payments
        following = first + len(payments)
        if first not in self._following:
            raise ProtocolError(f"payment {first} where {self._following.start} follows")
        if run.redelivered and following > self._first_new:
            raise ProtocolError(
                f"payment {following - 1} can't be redelivered, {self._first_new} was the first new one"
            )
        if not run.redelivered and first < self._first_new:
            raise ProtocolError(f"payment {first} is not marked as redelivered, {self._first_new} is the first new one")
        if following > max(self._limit, self._first_new):
            raise ProtocolError(f"payment {following - 1} is beyond the credit, which ends before {self._limit}")
        self._following = range(following, following + 1)
        return PaymentsReceived(self.epoch, first, payments, run.redelivered)

    def _told(self, sent: SentBefore) -> WorkerEvent:
        self._sent_before += len(sent.payment_ids) // ID_BYTES
        if self._sent_before > MAX_SENT_IDS:
            raise ProtocolError(f"more than {MAX_SENT_IDS} ids sent before")
        return WereSentBefore(sent.payment_ids)

    def _adopted(self, adopted: EpochAdopted) -> WorkerEvent:
        if not self.epoch < adopted.epoch <= self._announced_epoch:
            raise ProtocolError(f"epoch {adopted.epoch} adopted, {self._announced_epoch} announced")
        self.epoch = adopted.epoch
        return EpochWasAdopted(adopted.epoch)

    def _requested(self, request: Request) -> WorkerEvent:
        return RequestReceived(*request)

    def _pinged(self, ping: Ping) -> None:
        self._outgoing.pong()

    def _ponged(self, pong: Pong) -> None:
        pass


_Handler = Callable[[WorkerEnd, Any], WorkerEvent | None]
_TRANSITIONS: dict[_State, dict[type, _Handler]] = {
    _State.AWAITING_HELLO: {Hello: WorkerEnd._greeted},
    _State.DECIDING: {},
    _State.OPEN: {
        PaymentRun: WorkerEnd._submitted,
        SentBefore: WorkerEnd._told,
        EpochAdopted: WorkerEnd._adopted,
        Request: WorkerEnd._requested,
        Ping: WorkerEnd._pinged,
        Pong: WorkerEnd._ponged,
    },
    _State.CLOSED: {},
}
