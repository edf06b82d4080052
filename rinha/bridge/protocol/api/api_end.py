"""The API's end of the bridge without I/O: bytes in, events out; calls in, bytes to send.

It lives as long as the API and survives connections: what the worker hasn't acknowledged stays in its outbox and is
sent again over the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from rinha.bridge.errors import HandshakeRefused, NoCredit, NoCreditReason, ProtocolError
from rinha.bridge.protocol.api.allowance import MAX_OUTBOX, Allowance
from rinha.bridge.protocol.api.known import KnownWorker
from rinha.bridge.protocol.api.outbox import Outbox
from rinha.bridge.protocol.asking import Answering, Asking
from rinha.bridge.protocol.events import ClientEvent, CreditChanged, RequestReceived
from rinha.bridge.protocol.wire import frames
from rinha.bridge.protocol.wire.codec import FrameDecoder, encode, encode_payment
from rinha.bridge.protocol.wire.handshake import MAX_NAME_BYTES, Challenge, Refusal, Welcome

if TYPE_CHECKING:
    from actors.values import Payment
    from rinha.bridge.protocol.api.sent import Sent

MAX_REPLY_BYTES = 16 * 2**20
"""Of a whole reply of the worker. The largest are lists of payments; this is about 10,000 of them."""


class _State(Enum):
    CLOSED = auto()
    AWAITING_CHALLENGE = auto()
    AWAITING_WELCOME = auto()
    OPEN = auto()


class ApiEnd:
    """One API's side of the protocol.

    Args:
        api_id: 16 random bytes that stay the same for the life of this object.
        name: for the worker's logs, 1 to 64 bytes of UTF-8.
        sent: remembers what is sent, for the next worker; None where that knows by itself.

    Raises:
        ValueError: the name is empty or too long.
    """

    def __init__(self, *, api_id: bytes, name: str, sent: Sent | None = None) -> None:
        if not 0 < len(name.encode()) <= MAX_NAME_BYTES:
            raise ValueError(f"the API's name {name!r} has not 1 to {MAX_NAME_BYTES} bytes")
        self._secret = b""
        self._state = _State.CLOSED
        self._decoder = FrameDecoder()
        self._out: list[bytes] = []
        self._outbox = Outbox()
        self._sent = sent
        self._known = KnownWorker(api_id, name, self._outbox, sent)
        self._allowance = Allowance(self._outbox)
        self._asking = Asking(MAX_REPLY_BYTES, lambda request: self._out.append(encode(request)))
        self._answering = Answering(self._out)

    @property
    def incarnation(self) -> int:
        """The worker's, or the last one's; 0 if there was none."""
        return self._known.incarnation

    @property
    def epoch(self) -> int:
        """The worker's, as far as it is known."""
        return self._known.epoch

    @property
    def tally(self) -> frames.Tally:
        """What the worker has said last of its books and its backlog."""
        return self._known.tally

    @property
    def is_open(self) -> bool:
        """Whether the handshake is over and the connection there."""
        return self._state is _State.OPEN

    @property
    def credit(self) -> int:
        """How many payments could be submitted now."""
        return self._allowance.payments

    @property
    def hindrance(self) -> NoCreditReason | None:
        """Why no payment could be submitted now; None if one could."""
        if not self.is_open:
            return NoCreditReason.WORKER_AWAY
        return None if self.credit else self._allowance.hindrance

    @property
    def outbox(self) -> list[Payment]:
        """The payments without a verdict, in the order of their sequences."""
        return self._outbox.payments()

    def __len__(self) -> int:
        return len(self._outbox)

    def connection_made(self, secret: bytes) -> None:
        """A connection is there; the worker speaks first.

        Args:
            secret: shared with the worker at its other end; empty if the bridge is local.
        """
        self.connection_lost()
        self._secret = secret
        self._state = _State.AWAITING_CHALLENGE

    def connection_lost(self) -> None:
        """The connection is gone. Requests without a reply are forgotten, the outbox stays."""
        self._state = _State.CLOSED
        self._decoder = FrameDecoder()
        self._out.clear()
        self._answering.written()
        self._asking.forget_all()
        self._allowance.end()

    def submit(self, payment: Payment) -> int:
        """Put a payment into the outbox and among the bytes to send.

        Returns:
            Its sequence, by which a ``PaymentsDecided`` will tell the verdict.

        Raises:
            NoCredit: nothing has happened and nothing will.
            ValueError: the payment doesn't fit a frame; nothing has happened.
        """
        sequence = self._outbox.next
        if sequence >= self._allowance.limit or len(self._outbox) >= MAX_OUTBOX:
            raise NoCredit(self.hindrance or NoCreditReason.FULL)
        self._out.append(encode_payment(sequence, payment))
        known = self._known
        self._outbox.add(payment, known.epoch, known.incarnation)
        if self._sent is not None:
            self._sent.add(payment.payment_id)
        return sequence

    def request(self, kind: int, payload: bytes) -> int:
        """Send a request over the open session.

        Returns:
            Its id, which the ``ReplyReceived`` will carry.
        """
        return self._asking.ask(kind, payload)

    def forget_request(self, request_id: int) -> None:
        """Nobody waits for that reply any more; drop what comes of it."""
        self._asking.forget(request_id)

    def reply(self, request_id: int, status: frames.ReplyStatus, payload: bytes) -> None:
        """Reply to a request of the worker; as ``Answering.reply``, and its error closes the connection."""
        self._answering.reply(request_id, status, payload)

    def ping(self) -> None:
        """Ask the worker for a sign of life."""
        self._out.append(encode(frames.Ping()))

    def data_to_send(self) -> bytes:
        """All bytes that are due now; they count as sent."""
        data = b"".join(self._out)
        self._out.clear()
        self._answering.written()
        return data

    def receive(self, data: bytes) -> Iterator[ClientEvent]:
        """Take what was read. The iterator must be exhausted.

        Yields:
            What happened, in order.

        Raises:
            HandshakeRefused: the worker won't have this API, or this API can't speak with that worker.
            ProtocolError: the worker broke the protocol. In both cases close the connection and call
                ``connection_lost``; the outbox is intact.
        """
        for frame in self._decoder.feed(data):
            handle = _TRANSITIONS[self._state].get(type(frame))
            if handle is None:
                raise ProtocolError(f"an unexpected {type(frame).__name__} frame while {self._state.name}")
            yield from handle(self, frame)

    def _challenged(self, challenge: Challenge) -> Iterator[ClientEvent]:
        self._out.append(encode(self._known.hello(challenge, self._secret)))
        self._state = _State.AWAITING_WELCOME
        return iter(())

    def _welcomed(self, welcome: Welcome) -> Iterator[ClientEvent]:
        purged, frames, ready = self._known.meet(welcome)
        self._out += frames
        self._allowance.begin()
        self._state = _State.OPEN
        if purged.payments:
            yield purged
        yield ready

    def _refused(self, refusal: Refusal) -> Iterator[ClientEvent]:
        raise HandshakeRefused(refusal.code, refusal.text)

    def _acknowledged(self, ack: frames.Ack) -> Iterator[ClientEvent]:
        yield self._outbox.acknowledge(*ack)

    def _credited(self, credit: frames.Credit) -> Iterator[ClientEvent]:
        self._allowance.change(credit)
        yield CreditChanged()

    def _purged(self, raised: frames.Epoch) -> Iterator[ClientEvent]:
        self._known.purge(raised.epoch)
        self._out.append(encode(frames.EpochAdopted(raised.epoch)))
        return iter(())

    def _tallied(self, tally: frames.Tally) -> Iterator[ClientEvent]:
        self._known.tally = tally
        return iter(())

    def _requested(self, request: frames.Request) -> Iterator[ClientEvent]:
        yield RequestReceived(*request)

    def _replied(self, reply: frames.Reply) -> Iterator[ClientEvent]:
        if (whole := self._asking.take(reply)) is not None:
            yield whole

    def _pinged(self, ping: frames.Ping) -> Iterator[ClientEvent]:
        self._out.append(encode(frames.Pong()))
        return iter(())


_Handler = Callable[[ApiEnd, Any], Iterator[ClientEvent]]
_TRANSITIONS: dict[_State, dict[type, _Handler]] = {
    _State.CLOSED: {},
    _State.AWAITING_CHALLENGE: {Challenge: ApiEnd._challenged, Refusal: ApiEnd._refused},
    _State.AWAITING_WELCOME: {Welcome: ApiEnd._welcomed, Refusal: ApiEnd._refused},
    _State.OPEN: {
        frames.Ack: ApiEnd._acknowledged,
        frames.Credit: ApiEnd._credited,
        frames.Epoch: ApiEnd._purged,
        frames.Reply: ApiEnd._replied,
        frames.Request: ApiEnd._requested,
        frames.Tally: ApiEnd._tallied,
        frames.Ping: ApiEnd._pinged,
        frames.Pong: lambda end, pong: iter(()),
        Refusal: ApiEnd._refused,
    },
}
