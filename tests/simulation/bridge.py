"""The worker's end of the bridge: the real deliveries, as ``rinha.bridge.server`` drives them, on simulated lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages.people import PurgeDone, PurgePayments
from rinha.bridge.errors import BridgeError
from rinha.bridge.protocol.worker.delivery import Delivery, supersede
from tests.simulation.link import Pipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.recipient import Recipient
    from rinha.bridge.protocol.worker.pending import PendingRequest
    from tests.simulation.scheduler import Process, Scheduler

SECRET = b"open sesame"
LOOK_INTERVAL_S = 0.02


class Connection:
    """A connection at the worker (``delivery.Line``)."""

    def __init__(self, bridge: SimulatedBridge, deliver: Callable[[bytes], None], end: Callable[[], None]) -> None:
        scheduler = bridge.scheduler
        self.inbound = Pipe(scheduler, self._receive, self.end, bridge.latency_s)
        self.outbound = Pipe(scheduler, deliver, end, bridge.latency_s)
        self._bridge = bridge
        self._flushing = False
        self.delivery = bridge.deliver(self)
        self.flush()

    def flush(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._bridge.scheduler.later(0.0, self._flush)

    def cut(self, reason: str) -> None:
        """End it from this side."""
        self.outbound.cut()
        self.inbound.close_receiver()
        self.end()

    def break_off(self) -> None:
        """Break the connection in both directions."""
        self.inbound.cut()
        self.outbound.cut()

    def end(self) -> None:
        if self._bridge.process.alive:
            self._bridge.connections.pop(self, None)
            self.delivery.end()

    @property
    def is_idle(self) -> bool:
        """Whether all that the intake was told of is acknowledged and sent, or the session is over."""
        return not self.delivery.is_open or (self.delivery.is_idle and not self._flushing)

    def finish(self) -> None:
        """End it in order."""
        self.outbound.finish()
        self.inbound.close_receiver()
        self.end()

    def _flush(self) -> None:
        self._flushing = False
        while self._bridge.process.alive and (data := self.delivery.session.data_to_send()):
            self.outbound.send(data)

    def _receive(self, data: bytes) -> None:
        if self._bridge.process.alive:
            try:
                self.delivery.receive(data)
            except BridgeError as error:
                self._flush()
                self.cut(str(error))


class NotedPurge:
    """Whoever asked for a purge, with somebody who looks on."""

    def __init__(self, asker: Recipient, on_end: Callable[[str], None]) -> None:
        self._asker = asker
        self._on_end = on_end

    def tell(self, message: Any) -> None:
        self._on_end("done" if isinstance(message, PurgeDone) else "failed")
        self._asker.tell(message)


class SimulatedBridge:
    """One worker's connections.

    Args:
        scheduler: time and chance.
        process: the worker.
        incarnation: the worker's.
        intake: told of payments.
        answer: the reply to a question; waits.
        on_purge: told of the beginning and the end of each purge, with a number for it.
        latency_s: of connections, at most.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        process: Process,
        *,
        incarnation: int,
        intake: Recipient,
        answer: Callable[[Any], Any],
        on_purge: Callable[[object, str], None],
        latency_s: float,
    ) -> None:
        self.latency_s = latency_s
        self.scheduler = scheduler
        self.process = process
        self.connections: dict[Connection, None] = {}
        self.is_draining = False
        self._incarnation = incarnation
        self._intake = intake
        self._answer = answer
        self._on_purge = on_purge

    def connect(self, deliver: Callable[[bytes], None], end: Callable[[], None]) -> Connection:
        connection = Connection(self, deliver, end)
        self.connections[connection] = None
        return connection

    def drain(self, deadline_s: float) -> None:
        """As ``BridgeServer.drain``: take nothing more, and wait until all that was taken is acknowledged."""
        self.is_draining = True
        connections = list(self.connections)
        for each in connections:
            each.delivery.drain()
        while not all(each.is_idle for each in connections) and self.scheduler.now_s < deadline_s:
            self.scheduler.sleep(LOOK_INTERVAL_S)
        for each in connections:
            each.finish()

    def deliver(self, line: Connection) -> Delivery:
        return Delivery(
            SECRET,
            nonce=self.scheduler.chance.randbytes(16),
            incarnation=self._incarnation,
            intake=self,
            line=line,
            on_hello=lambda delivery: supersede(delivery, (each.delivery for each in self.connections)),
            ask=self._ask,
        )

    def tell(self, message: Any) -> None:
        """Pass on what the deliveries have for the intake, and take note of purges."""
        if isinstance(message, PurgePayments):
            purge = message.mark if message.mark.stream else object()
            self._on_purge(purge, "begun")
            message = message._replace(reply_to=NotedPurge(message.reply_to, lambda end: self._on_purge(purge, end)))
        self._intake.tell(message)

    def _ask(self, request: PendingRequest) -> None:
        self.scheduler.spawn("request", lambda: request.carry_out(self._answer), self.process)
