"""The API's end of the bridge without I/O: bytes in, events out; calls in, bytes to send.

It lives as long as the API and survives connections: what the worker hasn't acknowledged stays in its outbox and is
sent again over the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from rinha.bridge.errors import HandshakeRefused, NoCredit, ProtocolError
from rinha.bridge.protocol.codec import FrameDecoder, encode, encode_payment
from rinha.bridge.protocol.events import ClientEvent, ReplyReceived, SessionReady
from rinha.bridge.protocol.frames import (
    ID_BYTES,
    Ack,
    Credit,
    Epoch,
    EpochAdopted,
    Ping,
    Pong,
    Reply,
    Request,
    SentBefore,
)
from rinha.bridge.protocol.handshake import (
    MAX_NAME_BYTES,
    PROTOCOL_VERSION,
    Challenge,
    Hello,
    Refusal,
    RefusalCode,
    Welcome,
    prove,
)
from rinha.bridge.protocol.outbox import Outbox

if TYPE_CHECKING:
    from actors.values import Payment
    from rinha.bridge.protocol.sent import Sent

MAX_OUTBOX = 65_536
"""Payments without a verdict, whatever the worker grants: some 20 MB, what an API's container can spare."""
MAX_REPLY_BYTES = 16 * 2**20
"""Of a whole reply. The largest are lists of parked payments; this is about 100,000 of them."""


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
        self.incarnation = 0
        self.epoch = 0
        self._secret = b""
        self._api_id = api_id
        self._name = name
        self._state = _State.CLOSED
        self._decoder = FrameDecoder()
        self._out: list[bytes] = []
        self._outbox = Outbox()
        self._sent = sent
        self._limit = 0
        self._request_id = 0
        self._pieces: dict[int, list[bytes]] = {}

    @property
    def is_open(self) -> bool:
        """Whether the handshake is over and the connection there."""
        return self._state is _State.OPEN

    @property
    def credit(self) -> int:
        """How many payments could be submitted now."""
        return max(0, min(self._limit - self._outbox.next, MAX_OUTBOX - len(self._outbox)))

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
        self._pieces.clear()
        self._limit = 0

    def submit(self, payment: Payment) -> int:
        """Put a payment into the outbox and among the bytes to send.

        Returns:
            Its sequence, by which a ``PaymentsDecided`` will tell the verdict.

        Raises:
            NoCredit: nothing has happened and nothing will.
            ValueError: the payment doesn't fit a frame; nothing has happened.
        """
        sequence = self._outbox.next
        if sequence >= self._limit or len(self._outbox) >= MAX_OUTBOX:
            raise NoCredit("the worker's backlog is full" if self.is_open else "no session with the worker")
        self._out.append(encode_payment(sequence, payment))
        self._outbox.add(payment, self.epoch, self.incarnation)
        if self._sent is not None:
            self._sent.add(payment.payment_id)
        return sequence

    def request(self, kind: int, payload: bytes) -> int:
        """Send a request over the open session.

        Returns:
            Its id, which the ``ReplyReceived`` will carry.
        """
        self._request_id = self._request_id % (2**32 - 1) + 1
        self._pieces[self._request_id] = []
        self._out.append(encode(Request(self._request_id, kind, payload)))
        return self._request_id

    def forget_request(self, request_id: int) -> None:
        """Nobody waits for that reply any more; drop what comes of it."""
        self._pieces.pop(request_id, None)

    def ping(self) -> None:
        """Ask the worker for a sign of life."""
        self._out.append(encode(Ping()))

    def data_to_send(self) -> bytes:
        """All bytes that are due now; they count as sent."""
        data = b"".join(self._out)
        self._out.clear()
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
        if challenge.version != PROTOCOL_VERSION:
            text = f"the worker speaks version {challenge.version} of the protocol, this API {PROTOCOL_VERSION}"
            raise HandshakeRefused(RefusalCode.VERSION, text)
        outbox = self._outbox
        # The worker must know if something that it will get was sent to another one, however many there were since.
        sent_to = outbox.oldest_incarnation()
        incarnation = self.incarnation if sent_to is None else sent_to
        hello = Hello(PROTOCOL_VERSION, self._api_id, self._name, incarnation, self.epoch, outbox.first, outbox.next)
        self._out.append(encode(hello._replace(proof=prove(self._secret, challenge.nonce, hello))))
        self._state = _State.AWAITING_WELCOME
        return iter(())

    def _welcomed(self, welcome: Welcome) -> Iterator[ClientEvent]:
        same_worker = welcome.incarnation == self.incarnation
        if same_worker and welcome.epoch < self.epoch:
            raise ProtocolError(f"the worker went back from epoch {self.epoch} to {welcome.epoch}")
        # A worker that died took its purges with it, and the numbers of another worker's epochs mean nothing here:
        # what is older than the last purge that we know of is purged, the rest begins anew.
        purged = self._outbox.purge_before(welcome.epoch if same_worker else self.epoch)
        if self._sent is not None and same_worker and welcome.epoch > self.epoch:
            self._sent.forget()
        self.incarnation, self.epoch = welcome
        self._outbox.move_to(self.epoch)
        told, forgotten = self._tell_sent()
        redelivered = self._outbox.payments()
        if self._sent is not None:
            for each in redelivered:
                self._sent.add(each.payment_id)
        self._out += [encode_payment(n, payment, True) for n, payment in enumerate(redelivered, self._outbox.first)]
        self._limit = self._outbox.next
        self._state = _State.OPEN
        if purged.payments:
            yield purged
        yield SessionReady(self.incarnation, self.epoch, redelivered, told, forgotten)

    def _tell_sent(self) -> tuple[int, int]:
        if self._sent is None:
            return 0, 0
        runs = self._sent.meet(self.incarnation)
        self._out += [encode(SentBefore(each)) for each in runs]
        return sum(map(len, runs)) // ID_BYTES, self._sent.dropped

    def _refused(self, refusal: Refusal) -> Iterator[ClientEvent]:
        raise HandshakeRefused(refusal.code, refusal.text)

    def _acknowledged(self, ack: Ack) -> Iterator[ClientEvent]:
        yield self._outbox.acknowledge(*ack)

    def _credited(self, credit: Credit) -> Iterator[ClientEvent]:
        # None at all withdraws what was granted, until it is granted again.
        self._limit = max(self._limit, credit.limit) if credit.limit else 0
        return iter(())

    def _purged(self, raised: Epoch) -> Iterator[ClientEvent]:
        if raised.epoch <= self.epoch:
            raise ProtocolError(f"the worker went from epoch {self.epoch} to {raised.epoch}")
        self.epoch = raised.epoch
        if self._sent is not None:
            self._sent.forget()
        self._out.append(encode(EpochAdopted(raised.epoch)))
        return iter(())

    def _replied(self, reply: Reply) -> Iterator[ClientEvent]:
        pieces = self._pieces.get(reply.request_id)
        if pieces is None:
            return
        pieces.append(reply.payload)
        if sum(map(len, pieces)) > MAX_REPLY_BYTES:
            raise ProtocolError(f"a reply of more than {MAX_REPLY_BYTES} bytes")
        if not reply.more:
            del self._pieces[reply.request_id]
            yield ReplyReceived(reply.request_id, reply.status, b"".join(pieces))

    def _pinged(self, ping: Ping) -> Iterator[ClientEvent]:
        self._out.append(encode(Pong()))
        return iter(())

    def _ponged(self, pong: Pong) -> Iterator[ClientEvent]:
        return iter(())


_Handler = Callable[[ApiEnd, Any], Iterator[ClientEvent]]
_TRANSITIONS: dict[_State, dict[type, _Handler]] = {
    _State.CLOSED: {},
    _State.AWAITING_CHALLENGE: {
        Challenge: ApiEnd._challenged,
        Refusal: ApiEnd._refused,
    },
    _State.AWAITING_WELCOME: {
        Welcome: ApiEnd._welcomed,
        Refusal: ApiEnd._refused,
    },
    _State.OPEN: {
        Ack: ApiEnd._acknowledged,
        Credit: ApiEnd._credited,
        Epoch: ApiEnd._purged,
        Reply: ApiEnd._replied,
        Ping: ApiEnd._pinged,
        Pong: ApiEnd._ponged,
        Refusal: ApiEnd._refused,
    },
}
