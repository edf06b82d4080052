"""A simulated API: the real client session, which submits, loses its connection, redelivers and purges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages.people import Purge
from actors.values import Verdict
from rinha.bridge.errors import NoCredit
from rinha.bridge.protocol.api.api_end import ApiEnd
from rinha.bridge.protocol.api.sent import Sent
from rinha.bridge.protocol.events import PaymentsDecided, SessionReady
from rinha.bridge.protocol.wire.questions import encode_request
from tests.simulation.bridge import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.facts import FeedMark
    from actors.values import Payment
    from tests.simulation.bridge import Connection, SimulatedBridge
    from tests.simulation.plan import Plan
    from tests.simulation.scheduler import Scheduler

RECONNECT_S = 0.3


class Submission:
    """One request of a client, and what it was told.

    Attributes:
        answer: a verdict; ``"unavailable"`` (nothing was sent), ``"lost"`` (the API died); None while it waits. At
            the level ``queued`` that is a verdict at once; another one, or one of another worker than the API knew
            then, takes its place.
        queued_for: the worker that its API knew when it was told so; 0 at other levels.
        too_early: its API was new, and came to the worker before those that knew an earlier one.
        api: the life of the API that it was handed to; what that remembers is gone when it ends.
    """

    def __init__(self, payment: Payment, at_s: float) -> None:
        self.payment = payment
        self.at_s = at_s
        self.answered_at_s = float("inf")
        self.answer: Verdict | str | None = None
        self.api: ApiLife | None = None
        self.queued_for = 0
        self.too_early = False
        self.incarnation = 0
        self.epoch = 0
        """The API's, when it was given the request."""
        self.incarnations: set[int] = set()
        """The workers that it was sent to."""

    @property
    def is_taken(self) -> bool:
        """Whether a worker has said that it is taken."""
        return self.answer is Verdict.TAKEN and self.incarnation != 0


class ApiLife:
    """One life of an API process.

    Attributes:
        met_s: the workers that it had sessions with, and when the first with each began.
        crashed: whether it has ended.
    """

    def __init__(self) -> None:
        self.met_s: dict[int, float] = {}
        self.crashed = False


class SimulatedApi:
    """One API process.

    Args:
        name: its name.
        plan: says what a 202 means, and how long an API remembers what it sent.
        scheduler: time and chance.
        bridge: that of the worker that runs now, None if there is none.
        note: takes a line for the trace.
    """

    def __init__(
        self,
        name: str,
        plan: Plan,
        scheduler: Scheduler,
        bridge: Callable[[], SimulatedBridge | None],
        note: Callable[[str, object], None],
    ) -> None:
        self.name = name
        self._plan = plan
        self._scheduler = scheduler
        self._bridge = bridge
        self._note = note
        self._generation = 0
        self.away_until_s = 0.0
        """Until then it doesn't come to the worker."""
        self._begin()

    def _begin(self) -> None:
        remembers = self._plan.repeat_s and self._plan.level != "durable"
        sent = Sent(self._plan.repeat_s, lambda: self._scheduler.now_s) if remembers else None
        self.session = ApiEnd(api_id=self._scheduler.chance.randbytes(16), name=self.name, sent=sent)
        self.life = ApiLife()
        self.waiting: dict[int, Submission] = {}
        self.connection: Connection | None = None
        self._reconnect()

    def submit(self, submission: Submission) -> None:
        """Hand a client's payment over."""
        submission.epoch = self.session.epoch
        try:
            sequence = self.session.submit(submission.payment)
        except NoCredit:
            self._decide(submission, "unavailable")
            return
        submission.api = self.life
        submission.incarnations.add(self.session.incarnation)
        self.waiting[sequence] = submission
        if self._plan.level == "queued":
            submission.queued_for = self.session.incarnation
            self._decide(submission, Verdict.TAKEN)
        self._flush()

    def purge(self, mark: FeedMark) -> bool:
        """Ask for a purge, if there is a session; it may have a place in a stream."""
        return self.ask(*encode_request(Purge(mark)))

    def ask(self, kind: int, payload: bytes) -> bool:
        """Ask the worker, if there is a session; nobody waits for the reply."""
        if self.session.is_open:
            self.session.request(kind, payload)
            self._flush()
        return self.session.is_open

    def lose_connection(self) -> None:
        """The network breaks the connection."""
        if self.connection is not None:
            self.connection.break_off()

    def crash(self) -> None:
        """The process dies with all it held in memory, and is started again."""
        self._generation += 1
        if self.connection is not None:
            self.connection.outbound.close_receiver()
            self.connection.break_off()
        self.life.crashed = True
        for submission in self.waiting.values():
            if submission.answer is None:
                self._decide(submission, "lost")
        self._begin()

    def _reconnect(self) -> None:
        generation = self._generation
        self._scheduler.later(self._scheduler.chance.random() * RECONNECT_S, lambda: self._connect(generation))

    def _connect(self, generation: int) -> None:
        if generation != self._generation:
            return
        bridge = self._bridge()
        if bridge is None or self._scheduler.now_s < self.away_until_s:
            self._reconnect()
            return
        self._generation += 1
        mine = self._generation
        self.session.connection_made(SECRET)
        self.connection = bridge.connect(lambda data: self._receive(mine, data), lambda: self._lost(mine))

    def _lost(self, generation: int) -> None:
        if generation == self._generation:
            self._note(f"{self.name} lost its connection", len(self.session))
            if self.connection is not None:
                self.connection.inbound.cut()
            self.connection = None
            self.session.connection_lost()
            self._reconnect()

    def _receive(self, generation: int, data: bytes) -> None:
        if generation == self._generation:
            for event in self.session.receive(data):
                self._handle(event)
            self._flush()

    def _flush(self) -> None:
        if self.connection is not None:
            self.connection.inbound.send(self.session.data_to_send())

    def _handle(self, event: Any) -> None:
        if isinstance(event, PaymentsDecided):
            for sequence, verdict in enumerate(event.verdicts, event.first_sequence):
                submission = self.waiting.pop(sequence)
                submission.incarnation = self.session.incarnation
                if submission.answer is not verdict or submission.incarnation != submission.queued_for:
                    self._decide(submission, verdict)
        elif isinstance(event, SessionReady):
            self._note(f"{self.name} redelivers", event.redelivered)
            self.life.met_s.setdefault(event.incarnation, self._scheduler.now_s)
            for submission in self.waiting.values():
                submission.incarnations.add(event.incarnation)

    def _decide(self, submission: Submission, answer: Verdict | str) -> None:
        submission.answer = answer
        submission.answered_at_s = self._scheduler.now_s
        self._note(f"{self.name} answers {getattr(answer, 'name', answer)}", submission.payment)
