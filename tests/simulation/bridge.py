"""The worker's end of the bridge: real sessions on simulated connections, as ``rinha.bridge.server`` drives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka

from actors.messages import (
    CreditGranted,
    CreditRestored,
    CreditWithdrawn,
    EpochRaised,
    Purge,
    SessionClosed,
    SessionOpened,
    SubmitPayments,
    VerdictsGiven,
)
from rinha.bridge.protocol.events import EpochWasAdopted, PaymentsReceived, RequestReceived
from rinha.bridge.protocol.frames import ReplyStatus
from rinha.bridge.protocol.questions import decode_request, encode_reply
from rinha.bridge.protocol.worker_end import WorkerSession
from tests.simulation.link import Pipe
from tests.simulation.runtime import SimulatedFuture

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.recipient import Recipient
    from tests.simulation.scheduler import Process, Scheduler

SECRET = b"open sesame"
ADOPTION_TIMEOUT_S = 2.0


class Connection:
    """A connection at the worker, as the intake sees it."""

    def __init__(self, bridge: SimulatedBridge, deliver: Callable[[bytes], None], end: Callable[[], None]) -> None:
        scheduler = bridge.scheduler
        self.name = ""
        self.api_id = b""
        self.session = WorkerSession(SECRET, nonce=scheduler.chance.randbytes(16))
        self.closed = False
        self.inbound = Pipe(scheduler, self._receive, self._end, bridge.latency_s)
        self.outbound = Pipe(scheduler, deliver, end, bridge.latency_s)
        self._bridge = bridge
        self._flushing = False
        self._flush_later()

    @property
    def is_open(self) -> bool:
        return self.session.is_open and not self.closed

    def tell(self, message: Any) -> None:
        if not self.is_open:
            return
        if isinstance(message, VerdictsGiven):
            try:
                self.session.acknowledge(*message)
            except ValueError:  # the intake has answered before it crashed, and again after it
                self.end()
        elif isinstance(message, CreditGranted):
            self.session.grant(message.payments)
        elif isinstance(message, EpochRaised):
            self._bridge.announce(message.epoch)
        elif isinstance(message, CreditWithdrawn):
            self.session.withdraw()
        elif isinstance(message, CreditRestored):
            self.session.restore()
        else:
            raise TypeError(f"a session doesn't know {message!r}")
        self._flush_later()

    def announce_epoch(self, epoch: int) -> None:
        self.session.announce_epoch(epoch)
        self._flush_later()

    def reply(self, request_id: int, status: ReplyStatus, payload: bytes) -> None:
        if self.is_open:
            self.session.reply(request_id, status, payload)
            self._flush_later()

    def cut(self) -> None:
        """Break the connection in both directions."""
        self.inbound.cut()
        self.outbound.cut()

    def end(self) -> None:
        """End it from this side."""
        if not self.closed:
            self.outbound.cut()
            self.inbound.close_receiver()
            self._end()

    def _flush_later(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._bridge.scheduler.later(0.0, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        while self._bridge.process.alive and (data := self.session.data_to_send()):
            self.outbound.send(data)

    def _receive(self, data: bytes) -> None:
        if self._bridge.process.alive:
            for event in self.session.receive(data):
                self._handle(event)
            self._flush_later()

    def _handle(self, event: Any) -> None:
        bridge = self._bridge
        if isinstance(event, PaymentsReceived):
            epoch, first, payments, redelivered = event
            suspect = redelivered and self.session.is_suspect
            bridge.intake.tell(SubmitPayments(self, epoch, first, payments, redelivered, suspect))
        elif isinstance(event, RequestReceived):
            bridge.handle_request(self, event)
        elif isinstance(event, EpochWasAdopted):
            bridge.look_at_epochs()
        else:
            self.api_id, self.name = event
            bridge.admit(self)
            bridge.intake.tell(SessionOpened(self))

    def _end(self) -> None:
        self.closed = True
        if self._bridge.process.alive:
            self._bridge.gone(self)
            if self.api_id:
                self._bridge.intake.tell(SessionClosed(self))


class SimulatedBridge:
    """One worker's connections.

    Args:
        scheduler: time and chance.
        process: the worker.
        incarnation: the worker's.
        epoch: that of the intake at its start.
        intake: told of payments.
        answer: the reply to a question; waits.
        on_purge: told of the beginning and the end of each purge.
        latency_s: of connections, at most.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        process: Process,
        *,
        incarnation: int,
        epoch: int,
        intake: Recipient,
        answer: Callable[[Any], Any],
        on_purge: Callable[[str], None],
        latency_s: float,
    ) -> None:
        self.latency_s = latency_s
        self.scheduler = scheduler
        self.process = process
        self.intake = intake
        self.epoch = epoch
        self._incarnation = incarnation
        self._answer = answer
        self._on_purge = on_purge
        self._connections: list[Connection] = []
        self._adoptions: list[SimulatedFuture] = []

    def connect(self, deliver: Callable[[bytes], None], end: Callable[[], None]) -> Connection:
        connection = Connection(self, deliver, end)
        self._connections.append(connection)
        return connection

    def connections(self) -> list[Connection]:
        return list(self._connections)

    def admit(self, connection: Connection) -> None:
        for other in self.connections():
            if other is not connection and other.api_id == connection.api_id:
                other.end()
        connection.session.welcome(self._incarnation, self.epoch)

    def gone(self, connection: Connection) -> None:
        self._connections.remove(connection)
        self.look_at_epochs()

    def handle_request(self, connection: Connection, request: RequestReceived) -> None:
        self.scheduler.spawn("request", lambda: self._reply(connection, request), self.process)

    def look_at_epochs(self) -> None:
        adoptions, self._adoptions = self._adoptions, []
        for adoption in adoptions:
            adoption.set()

    def _reply(self, connection: Connection, request: RequestReceived) -> None:
        question = decode_request(request.kind, request.payload)
        if isinstance(question, Purge):
            self._on_purge("begun")
        ended = "cut short"
        try:
            answer = self._answer(question)
            if isinstance(question, Purge):
                self._spread_epoch(answer)
            ended = "done"
            connection.reply(request.request_id, ReplyStatus.OK, encode_reply(request.kind, answer))
        except Exception as error:  # as the server does
            ended = "failed"
            connection.reply(request.request_id, ReplyStatus.FAILED, repr(error).encode())
        finally:
            if isinstance(question, Purge):
                self._on_purge(ended)

    def announce(self, epoch: int) -> None:
        """As ``rinha.bridge.server_requests.ServerRequests.announce``."""
        self.epoch = max(self.epoch, epoch)
        for connection in self._behind(epoch):
            connection.announce_epoch(epoch)

    def _spread_epoch(self, epoch: int) -> None:
        deadline_s = self.scheduler.now_s + ADOPTION_TIMEOUT_S
        self.announce(epoch)
        while self._behind(epoch) and (left_s := deadline_s - self.scheduler.now_s) > 0:
            adoption = SimulatedFuture()
            self._adoptions.append(adoption)
            try:
                adoption.get(timeout=left_s)
            except pykka.Timeout:
                break
        for connection in self._behind(epoch):
            connection.end()

    def _behind(self, epoch: int) -> list[Connection]:
        return [each for each in self._connections if each.is_open and each.session.epoch < epoch]
