"""A worker's bridge server in a thread of its own, where gevent may run, with an intake that does as the test says."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

import gevent

from actors.intake.purges import Purges
from actors.messages.people import PurgeDone, PurgePayments
from actors.messages.sessions import (
    CreditGranted,
    EpochRaised,
    SessionAdmitted,
    SessionClosed,
    SessionEpochAdopted,
    SessionOpened,
    SubmitPayments,
    VerdictsGiven,
)
from rinha.bridge.server.server import BridgeServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.recipient import Recipient
    from actors.values import Payment, Verdict
    from rinha.bridge.protocol.wire.frames import Tally
    from rinha.net.address import Address

T = TypeVar("T")


class FakeIntake:
    """Admits every session, grants it credit, and decides at once unless told to hold back."""

    def __init__(self, credit: int, epoch: int) -> None:
        self.credit = credit
        self.epoch = epoch
        self.purges = Purges()
        self.purging: Callable[[PurgePayments], None] = self.purge
        self.holding = False
        self.messages: list[Any] = []
        self.taken: list[Payment] = []
        self.verdicts: dict[bytes, Verdict] = {}

    def tell(self, message: Any) -> None:
        self.messages.append(message)
        if isinstance(message, SessionOpened):
            message.session.tell(SessionAdmitted(self.epoch))
            message.session.tell(CreditGranted(self.credit))
        elif isinstance(message, SubmitPayments) and not self.holding:
            self.decide(message)
        elif isinstance(message, PurgePayments):
            self.purging(message)
        elif isinstance(message, SessionEpochAdopted):
            self.purges.adopted(message.session, message.epoch)
        elif isinstance(message, SessionClosed):
            self.purges.closed(message.session)
        for purge in self.purges.done():
            purge.reply_to.tell(PurgeDone(purge.epoch))
            self.purges.end(purge)

    def purge(self, message: PurgePayments) -> None:
        """Raise the epoch, and wait until every session has adopted it."""
        self.epoch += 1
        sessions = set(self.opened) - set(self.closed)
        self.purges.begin(self.epoch, sessions, 0.0, message.reply_to)
        for session in sessions:
            session.tell(EpochRaised(self.epoch))

    def decide(self, message: SubmitPayments) -> None:
        """Take all payments but those for which another verdict is set, and give the credit back."""
        exceptions = []
        for sequence, payment in enumerate(message.payments, message.first_sequence):
            if payment.payment_id in self.verdicts:
                exceptions.append((sequence, self.verdicts[payment.payment_id]))
            else:
                self.taken.append(payment)
        through = message.first_sequence + len(message.payments) - 1
        message.session.tell(VerdictsGiven(through, tuple(exceptions)))
        message.session.tell(CreditGranted(len(message.payments)))

    def release(self) -> None:
        """Decide on all that was held back."""
        self.holding = False
        for message in self.submitted:
            self.decide(message)

    @property
    def submitted(self) -> list[SubmitPayments]:
        return [message for message in self.messages if isinstance(message, SubmitPayments)]

    @property
    def opened(self) -> list[Recipient]:
        return [message.session for message in self.messages if isinstance(message, SessionOpened)]

    @property
    def closed(self) -> list[Recipient]:
        return [message.session for message in self.messages if isinstance(message, SessionClosed)]


class Worker:
    """A ``BridgeServer`` in its own thread. Attributes may be read from outside; calls go through ``call``."""

    def __init__(
        self,
        address: Address,
        *,
        secret: bytes,
        incarnation: int,
        epoch: int,
        credit: int,
        answer: Callable[[Any], Any],
        listen_fd: int | None = None,
        tally: Callable[[], Tally] | None = None,
    ) -> None:
        self.intake = FakeIntake(credit, epoch)
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self.server = BridgeServer(
            address,
            secret,
            incarnation=incarnation,
            intake=self.intake,
            answer=answer,
            listen_fd=listen_fd,
            tally=tally,
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        try:
            self.call(self.server.start)
        except OSError:
            self.stop()
            raise

    @property
    def address(self) -> Address:
        return self.server.address

    def call(self, job: Callable[[], T]) -> T:
        """Run something in the server's thread, and wait for it."""
        return self.begin(job).result(10.0)

    def begin(self, job: Callable[[], T]) -> Future[T]:
        """Run something in the server's thread."""
        done: Future[T] = Future()
        self._jobs.put((job, done))
        return done

    def stop(self) -> None:
        """Stop the server and end the thread; twice is fine."""
        if self._thread.is_alive():
            self.call(self.server.stop)
            self._jobs.put(None)
            self._thread.join(10.0)

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                gevent.sleep(0.002)
                continue
            if job is None:
                break
            gevent.spawn(self._execute, *job)
        gevent.get_hub().destroy(destroy_loop=True)

    @staticmethod
    def _execute(job: Callable[[], Any], done: Future[Any]) -> None:
        try:
            done.set_result(job())
        except Exception as error:
            done.set_exception(error)


def no_answer(question: object) -> object:
    raise LookupError(f"nobody answers {question}")
