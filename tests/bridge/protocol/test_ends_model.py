"""Both ends of the bridge over a network that cuts anywhere, with workers that purge and die, against a naive model."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.values import Payment, Verdict
from rinha.bridge.errors import NoCredit
from rinha.bridge.protocol.api.api_end import ApiEnd
from rinha.bridge.protocol.events import EpochWasAdopted, HelloReceived, PaymentsDecided, PaymentsReceived, SessionReady
from rinha.bridge.protocol.worker.worker_end import WorkerEnd

SECRET = b"secret"


class Submitted:
    """What the model knows of one payment."""

    def __init__(self, payment: Payment, epoch: int, purges: int) -> None:
        self.payment = payment
        self.epoch = epoch
        self.known_purges = purges
        self.delivered_to: set[int] = set()
        self.said: set[Verdict] = set()
        self.verdict: Verdict | None = None


class Model:
    def __init__(self) -> None:
        self.api = ApiEnd(api_id=bytes(16), name="api")
        self.worker: WorkerEnd | None = None
        self.to_worker = b""
        self.to_api = b""
        self.incarnation = 1
        self.epoch = 1
        self.purges = 0
        self.purges_until = {(1, 1): 0}
        self.granted = 0
        self.fresh = 0
        self.undecided: deque[tuple[int, int]] = deque()
        self.payments: list[Submitted] = []
        self.decided = 0

    def step(self, what: str, number: int, share: float) -> None:
        """Do one thing of ``STEPS``, if it can be done now."""
        connected = self.worker is not None
        match what:
            case "exchange":
                self.exchange(number)
            case "exchange and cut":
                self.exchange(number, cut_at=share)
            case "worker writes" if connected:
                self.worker_writes()
            case "worker reads" if connected:
                self.worker_reads(share)
            case "api writes":
                self.api_writes()
            case "api reads":
                self.api_reads(share)
            case "submit":
                self.submit(number)
            case "grant" if self.worker is not None and self.worker.is_open:
                self.grant(number)
            case "decide" if self.undecided:
                self.decide(number)
            case "purge":
                self.purge()
            case "restart":
                self.restart_the_worker()
        assert self.api.outbox == [each.payment for each in self.payments[self.decided :]]

    def connect(self) -> None:
        self.worker = WorkerEnd(SECRET, nonce=bytes(16))
        self.api.connection_made(SECRET)
        self.granted = self.fresh = 0

    def cut(self) -> None:
        self.worker = None
        self.to_worker = self.to_api = b""
        self.undecided.clear()
        self.api.connection_lost()

    def restart_the_worker(self) -> None:
        if self.worker is not None:
            self.cut()
        self.incarnation += 1
        self.epoch = 1
        self.purges_until[self.incarnation, self.epoch] = self.purges

    def purge(self) -> None:
        self.epoch += 1
        self.purges += 1
        self.purges_until[self.incarnation, self.epoch] = self.purges
        if self.worker is not None and self.worker.is_open:
            self.worker.announce_epoch(self.epoch)

    def submit(self, count: int) -> None:
        known_purges = self.purges_until.get((self.api.incarnation, self.api.epoch), 0)
        for _ in range(count):
            number = len(self.payments) + 1
            payment = Payment(number.to_bytes(16), number, 7 if number % 3 == 0 else 0)
            credit = self.api.credit
            try:
                sequence = self.api.submit(payment)
            except NoCredit:
                assert credit == 0
            else:
                assert credit > 0
                assert sequence == number
                self.payments.append(Submitted(payment, self.api.epoch, known_purges))

    def exchange(self, rounds: int, cut_at: float | None = None) -> None:
        """Write and read in turn, over a new connection if there is none; then perhaps cut amid the last bytes."""
        if self.worker is None:
            self.connect()
        for _ in range(rounds):
            self.worker_writes()
            self.api_reads(1.0)
            self.api_writes()
            self.worker_reads(1.0)
        if cut_at is not None:
            self.worker_writes()
            self.api_reads(cut_at)
            self.api_writes()
            self.worker_reads(cut_at)
            self.cut()

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
                self.grant(3)
            elif isinstance(event, PaymentsReceived):
                self.delivered(event)
            else:
                assert isinstance(event, EpochWasAdopted)

    def api_reads(self, share: float) -> None:
        size = round(share * len(self.to_api))
        data, self.to_api = self.to_api[:size], self.to_api[size:]
        known = self.api.incarnation, self.api.epoch
        for event in self.api.receive(data):
            if isinstance(event, PaymentsDecided):
                self.verdicts_arrived(event)
            elif isinstance(event, SessionReady):
                assert event.redelivered == [each.payment for each in self.payments[self.decided :]]
                waiting = self.payments[self.decided :]
                assert all(each.known_purges >= self.purges_until.get(known, 0) for each in waiting), (
                    "sent past a purge"
                )
                if event.incarnation != known[0]:
                    for each in waiting:
                        each.epoch = event.epoch
                        each.known_purges = self.purges_until[event.incarnation, event.epoch]

    def grant(self, payments: int) -> None:
        assert self.worker is not None
        self.worker.grant(payments)
        self.granted += payments

    def decide(self, count: int) -> None:
        assert self.worker is not None
        exceptions, sequence = [], 0
        for _ in range(min(count, len(self.undecided))):
            sequence, epoch = self.undecided.popleft()
            verdict = Verdict.CONFLICT if sequence % 4 == 0 else Verdict.TAKEN
            if epoch < self.epoch:
                verdict = Verdict.PURGED
            self.payments[sequence - 1].said.add(verdict)
            if verdict is not Verdict.TAKEN:
                exceptions.append((sequence, verdict))
        self.worker.acknowledge(sequence, tuple(exceptions))

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
            purged = verdict is Verdict.PURGED and one.known_purges < self.purges
            assert verdict in one.said or purged, "a verdict without a cause"
            one.verdict = verdict
            self.decided += 1

    def heal(self) -> None:
        """The network is well again: everything has to get its verdict."""
        if self.worker is not None:
            self.cut()
        for _ in range(3):
            self.exchange(3)
            if self.undecided:
                self.decide(len(self.undecided))
        assert self.api.is_open
        assert (self.api.incarnation, self.api.epoch) == (self.incarnation, self.epoch)
        assert all(each.verdict is not None for each in self.payments), "lost"


STEPS = (
    ["exchange"] * 6
    + ["submit"] * 5
    + ["decide"] * 3
    + ["worker writes", "worker reads", "api writes", "api reads", "exchange and cut", "grant", "purge"] * 2
    + ["restart"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 4), st.floats(0, 1)), min_size=20, max_size=100))
def test_both_ends_agree_whatever_the_network_does(steps: list[tuple[str, int, float]]) -> None:
    model = Model()
    for step in steps:
        model.step(*step)
    model.heal()
