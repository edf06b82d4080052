"""The intake actor: takes payments, says so, and gives them to payment actors; it alone knows where each one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.facts import AttemptStarted
from actors.intake.applying import Applier
from actors.intake.hops import note_retried, note_wait
from actors.intake.people.closing import Closer
from actors.intake.people.explaining import Explainer
from actors.intake.people.reporting import Reporter
from actors.intake.purging import Purger
from actors.intake.sessions import Sessions
from actors.intake.taking import Taker
from actors.messages.health import HealthChanged, ProbeDue, ProbeMissing
from actors.messages.journal import PaymentsStored, PromiseLost, StoreChanged
from actors.messages.people import (
    CloseFailed,
    ClosePayment,
    Explain,
    GetAtWork,
    GetCounts,
    GetFeedMark,
    GetHeld,
    GetPulse,
    PurgeFailed,
    PurgePayments,
    RetryParked,
    RetryPayment,
)
from actors.messages.sessions import (
    DrainBegun,
    DrainEnded,
    MemoryChanged,
    PaymentsSentBefore,
    SessionClosed,
    SessionDismissed,
    SessionEpochAdopted,
    SessionOpened,
    SubmitPayments,
)
from actors.messages.settling import AttemptEnded, PaymentActorReady, PaymentRecorded, RecordingFailed
from actors.runtime.alarm import Alarm, Wake
from actors.values import Step
from actors.words import payments as words

if TYPE_CHECKING:
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.credits import Credits
    from actors.intake.dispatch.dispatcher import Dispatcher
    from actors.intake.dispatch.pool import Pool
    from actors.intake.earlier import Earlier
    from actors.intake.purges import Purges
    from actors.messages.settling import Attempt
    from actors.ports import Relay
    from actors.recipient import Addressed, Recipient
    from actors.reports import RetryAnswer
    from actors.runtime.clocks import Clock, Timers
    from actors.tracing import Recorder


class Intake:
    """A thin adapter around the objects that decide; they are made by whoever composes it and outlive its restarts.

    Args:
        me: its own reference, for timers.
        backlog: the payments it holds.
        earlier: what workers before this one were sent.
        credits: what the bridge's sessions may send.
        purges: those under way.
        pool: the payment actors.
        dispatcher: what goes where next.
        ledger: told of purges.
        relay: how far the journal goes before a payment is acknowledged or sent.
        timers: for payments that are due later.
        clock: for ages.
        recorder: told of what happens to payments.
    """

    def __init__(
        self,
        me: Addressed,
        backlog: Backlog,
        earlier: Earlier,
        credits: Credits,
        purges: Purges,
        pool: Pool,
        dispatcher: Dispatcher,
        ledger: Recipient,
        relay: Relay,
        timers: Timers,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._me = me
        self._relay = relay
        self._backlog = backlog
        self._credits = credits
        self._purges = purges
        self._pool = pool
        self._dispatcher = dispatcher
        self._clock = clock
        self._alarm = Alarm(me, timers, clock)
        self._recorder = recorder
        self._taker = Taker(backlog, earlier, relay, clock, recorder)
        self._purger = Purger(backlog, earlier, credits, purges, ledger, relay, clock, recorder)
        self._closer = Closer(backlog, ledger, relay, clock)
        self._sessions = Sessions(backlog, credits, purges)
        self._reporter = Reporter(backlog, clock, recorder)
        self._applier = Applier(backlog, dispatcher, self._reporter, relay, clock)
        self._explainer = Explainer(backlog, purges, pool, dispatcher, earlier, credits.capacity, clock)

    def on_start(self) -> None:
        """Go on with what the backlog holds."""
        self._dispatch()
        self._wake_in(self._reporter.warn())

    def on_receive(self, message: Any) -> Any:
        """Handle a message; the kinds are ordered by frequency."""
        match message:
            case SubmitPayments():
                self._submit(message)
            case AttemptEnded():
                self._end_attempt(message)
            case PaymentRecorded():
                if message.epoch == self._backlog.epoch:
                    self._backlog.settle(message.payment_id)
                self._sessions.grant()
                return None  # nothing that can be sent has come, and no payment actor is free that wasn't
            case PaymentsStored():
                self._stored(message)
            case HealthChanged():
                self._dispatcher.update(message.processors)
            case ProbeDue():
                self._want_probe(message)
            case Wake():
                pass  # something may be due: see below
            case GetCounts() | GetFeedMark() | GetPulse() | GetAtWork() | GetHeld() | Explain():
                return self._explainer.answer(message)
            case SessionOpened():
                self._sessions.open(message.session)
            case PaymentsSentBefore():
                self._taker.learn(message.payment_ids)
            case DrainBegun() | DrainEnded():
                self._drain(message)
            case SessionClosed():
                self._sessions.close(message.session)
            case SessionEpochAdopted():
                self._purges.adopted(message.session, message.epoch)
            case PaymentActorReady():
                self._pool.add(message.actor)
            case RecordingFailed():
                self._applier.park(message.payment_id, message.epoch, words.NOT_BOOKED)
            case StoreChanged() | PromiseLost() | MemoryChanged():
                self._sessions.suspend(message)
            case PurgePayments():
                self._purger.purge(message.reply_to, message.mark)
            case RetryParked() | RetryPayment():
                return self._retry(message)
            case ClosePayment():
                self._closer.close(message.order, message.reply_to, self._me)
            case _:
                raise TypeError(f"the intake doesn't know {message!r}")
        self._sessions.grant()
        self._dispatch()
        if self._purges:
            self._wake_in(self._purger.conclude())
        if self._reporter.has_news:
            self._wake_in(self._reporter.warn())
        return None

    def may_retry(self, message: Any) -> bool:
        """Any message: handling one twice changes nothing more."""
        return True

    def on_give_up(self, message: Any) -> bool:
        """Keep the promises of a message that can't be handled: its payments are taken, its attempt is over."""
        match message:
            case SubmitPayments():
                self._submit(message)
            case PaymentsStored():
                self._stored(message)
            case AttemptEnded(actor, attempt):
                if self._pool.carries_out(actor, attempt):
                    self._applier.park(attempt.payment.payment_id, attempt.epoch, words.NOT_HANDLED)
                    self._pool.end(actor, attempt)
            case PaymentRecorded(payment_id, epoch):
                if epoch == self._backlog.epoch:
                    self._backlog.settle(payment_id)
            case SessionOpened(session) | PaymentsSentBefore(session):
                self._credits.close(session)
                session.tell(SessionDismissed("opening it failed at the worker"))
            case PurgePayments(reply_to, _):
                self._purger.tell_epoch()  # it may have been raised, and what a session sends in the old one is purged
                reply_to.tell(PurgeFailed("the worker failed on it; to purge again is safe"))
            case ClosePayment(_, reply_to):
                reply_to.tell(CloseFailed("the worker failed on it; to say it again is safe"))
            case StoreChanged() | PromiseLost():
                self._sessions.suspend(message)  # said only once: without it nobody would get credit again
            case _:
                return False
        self._alarm.wake_in(0.0)
        return True

    def _submit(self, message: SubmitPayments) -> None:
        self._taker.take(message, self._me)
        if not message.redelivered:
            self._credits.use(message.session, len(message.payments), storing=self._relay.waits)

    def _stored(self, message: PaymentsStored) -> None:
        if message.epoch == self._backlog.epoch:
            self._taker.stored(message)
        self._credits.stored(message.session, message.payments)  # last, since it counts

    def _end_attempt(self, message: AttemptEnded) -> None:
        actor, attempt, outcome = message
        if not self._pool.carries_out(actor, attempt):
            return  # handled before a crash; its payment may be in flight elsewhere by now
        if attempt.epoch == self._backlog.epoch:
            self._applier.apply(outcome, attempt, self._pool.started_s(actor, attempt))
        self._pool.end(actor, attempt)

    def _drain(self, message: DrainBegun | DrainEnded) -> None:
        if isinstance(message, DrainBegun):
            self._taker.doubt_all()
        else:
            self._pool.close()

    def _want_probe(self, message: ProbeDue) -> None:
        self._dispatcher.want_probe(message.processor, overtakes=message.overtakes)
        self._dispatch()
        if self._dispatcher.lacks_probe(message.processor):
            message.health.tell(ProbeMissing(message.processor))

    def _retry(self, order: RetryParked | RetryPayment) -> int | RetryAnswer:
        note_retried(self._recorder, self._backlog.held.parked, order)
        answer = self._explainer.retry(order)
        self._dispatch()
        return answer

    def _dispatch(self) -> None:
        if (hold_s := self._taker.end_hold()) > 0:
            self._alarm.wake_in(hold_s)
        while planned := self._dispatcher.next():
            actor, attempt = planned
            self._send(actor, attempt)  # first of all: it is noted as under way
            note_wait(self._recorder, self._backlog.held.in_flight[attempt.payment.payment_id], attempt)
        if self._dispatcher.drain.is_open:
            self._dispatcher.drain.look(self._backlog.held.waiting.oldest)
        self._wake_in(self._dispatcher.wake_in_s())

    def _wake_in(self, delay_s: float | None) -> None:
        if delay_s is not None:
            self._alarm.wake_in(delay_s)

    def _send(self, actor: Recipient, attempt: Attempt) -> None:
        if attempt.step is not Step.POST or not self._relay.records:
            actor.tell(attempt)  # what was unknown before is on record
            return
        payment_id, processor = attempt.payment.payment_id, attempt.processor
        started = AttemptStarted(payment_id, processor, attempt.requested_at_ms, attempt.epoch)
        self._relay.after((started,), (actor, attempt))
