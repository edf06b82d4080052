"""Both ends of the bridge over a network that cuts anywhere, with workers that purge and die, against a naive model."""

from __future__ import annotations

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.messages import Payment, Verdict
from rinha.bridge.client_session import ClientSession
from rinha.bridge.errors import NoCredit
from rinha.bridge.events import EpochWasAdopted, HelloReceived, PaymentsDecided, PaymentsReceived, SessionReady
from rinha.bridge.worker_session import WorkerSession

SECRET = b"secret"


class Submitted:
    """What the model knows of one payment."""

    def __init__(self, payment: Payment, epoch: int, purges: int) -> None:
        self.payment = payment
        self.epoch = epoch
        self.purges_before = purges
        self.delivered_to: set[int] = set()
        self.said: set[Verdict] = set()
        self.verdict: Verdict | None = None


class BridgeMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.api = ClientSession(SECRET, api_id=bytes(16), name="api")
        self.worker: WorkerSession | None = None
        self.to_worker = b""
        self.to_api = b""
        self.incarnation = 1
        self.epoch = 1
        self.purges = 0
        self.granted = 0
        self.fresh = 0
        self.undecided: deque[tuple[int, int]] = deque()
        self.payments: list[Submitted] = []
        self.decided = 0

        self.connect()
        self.exchange(2, None, 0)
        self.grant(3)
        self.exchange(1, None, 0)

    # ---- what the outside does

    def connect(self) -> None:
        self.worker = WorkerSession(SECRET, nonce=bytes(16))
        self.api.connection_made()
        self.granted = self.fresh = 0

    def cut(self) -> None:
        self.worker = None
        self.to_worker = self.to_api = b""
        self.undecided.clear()
        self.api.connection_lost()

    @rule()
    def restart_the_worker(self) -> None:
        if self.worker is not None:
            self.cut()
        self.incarnation += 1
        self.epoch = 1

    @rule()
    def purge(self) -> None:
        self.epoch += 1
        self.purges += 1
        if self.worker is not None and self.worker.is_open:
            self.worker.announce_epoch(self.epoch)

    @rule(count=st.integers(1, 4), traced=st.booleans())
    def submit(self, count: int, traced: bool) -> None:
        for _ in range(count):
            number = len(self.payments) + 1
            payment = Payment(number.to_bytes(16), number, 7 if traced else 0)
            credit = self.api.credit
            try:
                sequence = self.api.submit(payment)
            except NoCredit:
                assert credit == 0
            else:
                assert credit > 0
                assert sequence == number
                self.payments.append(Submitted(payment, self.api.epoch, self.purges))

    # ---- what the network does

    @rule(
        rounds=st.integers(1, 4),
        cut_amid=st.sampled_from([None, None, "bytes to the worker", "bytes to the API"]),
        share=st.floats(0, 1),
    )
    def exchange(self, rounds: int, cut_amid: str | None, share: float) -> None:
        """Write and read in turn, over a new connection if there is none; then perhaps cut amid the last bytes."""
        if self.worker is None:
            self.connect()
        for turn in range(rounds):
            self.worker_writes()
            self.api_reads(1.0)
            self.api_writes()
            if cut_amid == "bytes to the worker" and turn == rounds - 1:
                self.worker_reads(share)
                self.cut()
                return
            self.worker_reads(1.0)
        if cut_amid == "bytes to the API":
            self.worker_writes()
            self.api_reads(share)
            self.cut()

    @precondition(lambda self: self.worker is not None)
    @rule(steps=st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), max_size=6))
    def trickle(self, steps: list[tuple[int, float]]) -> None:
        """Single steps in any order, with frames cut anywhere."""
        for step, share in steps:
            if step == 0:
                self.worker_writes()
            elif step == 1:
                self.api_reads(share)
            elif step == 2:
                self.api_writes()
            else:
                self.worker_reads(share)

    def api_writes(self) -> None:
        self.to_worker += self.api.data_to_send()

    def worker_writes(self) -> None:
        assert self.worker is not None
        while data := self.worker.data_to_send():
            self.to_api += data

    def worker_reads(self, share: float) -> None:
        assert self.worker is not None
        size = round(share * len(self.to_worker))
        data, self.to_worker = self.to_worker[:size], self.to_worker[size:]
        for event in self.worker.receive(data):
            if isinstance(event, HelloReceived):
                self.worker.welcome(self.incarnation, self.epoch)
            elif isinstance(event, PaymentsReceived):
                self.delivered(event)
            else:
                assert isinstance(event, EpochWasAdopted)

    def api_reads(self, share: float) -> None:
        size = round(share * len(self.to_api))
        data, self.to_api = self.to_api[:size], self.to_api[size:]
        known = self.api.incarnation
        for event in self.api.receive(data):
            if isinstance(event, PaymentsDecided):
                self.verdicts_arrived(event)
            elif isinstance(event, SessionReady):
                assert event.redelivered == [each.payment for each in self.payments[self.decided :]]
                if event.incarnation != known:
                    for each in self.payments[self.decided :]:
                        each.epoch = event.epoch

    # ---- what the intake does

    @precondition(lambda self: self.worker is not None and self.worker.is_open)
    @rule(payments=st.integers(1, 6))
    def grant(self, payments: int) -> None:
        assert self.worker is not None
        self.worker.grant(payments)
        self.granted += payments

    @precondition(lambda self: self.undecided)
    @rule(count=st.integers(1, 8), conflicting=st.booleans())
    def decide(self, count: int, conflicting: bool) -> None:
        assert self.worker is not None
        exceptions, sequence = [], 0
        for _ in range(min(count, len(self.undecided))):
            sequence, epoch = self.undecided.popleft()
            verdict = Verdict.CONFLICT if conflicting and sequence % 2 else Verdict.TAKEN
            if epoch < self.epoch:
                verdict = Verdict.PURGED
            self.payments[sequence - 1].said.add(verdict)
            if verdict is not Verdict.TAKEN:
                exceptions.append((sequence, verdict))
        self.worker.acknowledge(sequence, tuple(exceptions))

    # ---- what must hold

    def delivered(self, run: PaymentsReceived) -> None:
        for sequence, payment in enumerate(run.payments, run.first_sequence):
            one = self.payments[sequence - 1]
            assert payment == one.payment
            assert one.verdict is None, "sent again after its verdict"
            assert run.epoch == one.epoch, "sent in another epoch than its own"
            assert run.redelivered or self.incarnation not in one.delivered_to, "sent twice in secret"
            one.delivered_to.add(self.incarnation)
            self.undecided.append((sequence, run.epoch))
            self.fresh += not run.redelivered
        assert self.fresh <= self.granted, "sent without credit"

    def verdicts_arrived(self, decided: PaymentsDecided) -> None:
        assert decided.first_sequence == self.decided + 1
        for payment, verdict in zip(decided.payments, decided.verdicts, strict=True):
            one = self.payments[self.decided]
            assert payment == one.payment
            assert one.verdict is None, "two verdicts"
            purged = verdict is Verdict.PURGED and one.purges_before < self.purges
            assert verdict in one.said or purged, "a verdict without a cause"
            one.verdict = verdict
            self.decided += 1

    @invariant()
    def the_outbox_is_what_has_no_verdict(self) -> None:
        assert self.api.outbox == [each.payment for each in self.payments[self.decided :]]

    def teardown(self) -> None:
        """When the network is well again, everything gets its verdict."""
        if self.worker is not None:
            self.cut()
        self.connect()
        for _ in range(6):
            self.worker_writes()
            self.api_reads(1.0)
            self.api_writes()
            self.worker_reads(1.0)
            if self.undecided:
                self.decide(len(self.undecided), False)
        assert self.api.is_open
        assert (self.api.incarnation, self.api.epoch) == (self.incarnation, self.epoch)
        assert all(each.verdict is not None for each in self.payments), "lost"


BridgeMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=60, deadline=None)
TestSessions = BridgeMachine.TestCase
