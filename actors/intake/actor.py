"""The intake actor: takes payments, says so, and gives them to payment actors; it alone knows where each one is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from actors.intake.closing import Closer
from actors.intake.earlier import split_ids
from actors.messages import (
    AttemptEnded,
    CloseFailed,
    ClosePayment,
    CreditGranted,
    CreditRestored,
    CreditWithdrawn,
    DrainBegun,
    EpochRaised,
    ForgetPayments,
    GetCounts,
    GetHeld,
    GetParked,
    GetUnknown,
    HealthChanged,
    PaymentActorReady,
    PaymentRecorded,
    PaymentsSentBefore,
    PaymentsStored,
    ProbeDue,
    ProbeMissing,
    PromiseLost,
    PurgeDone,
    PurgeFailed,
    PurgePayments,
    RecordingFailed,
    RetryParked,
    SessionAdmitted,
    SessionClosed,
    SessionDismissed,
    SessionEpochAdopted,
    SessionOpened,
    StoreChanged,
    SubmitPayments,
    VerdictsGiven,
)
from actors.runtime.alarm import Alarm, Wake
from actors.values import (
    Absent,
    AttemptRefused,
    AttemptStarted,
    PaymentCrashed,
    PaymentsPurged,
    PaymentTaken,
    Refused,
    Settled,
    Step,
    Unknown,
    Verdict,
)

if TYPE_CHECKING:
    from actors.intake.backlog import Backlog
    from actors.intake.credits import Credits
    from actors.intake.dispatcher import Dispatcher
    from actors.intake.earlier import Earlier
    from actors.intake.pool import Pool
    from actors.intake.purges import Purges
    from actors.messages import Attempt
    from actors.ports import Relay
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock, Timers
    from actors.tracing import Tracer
    from actors.values import JournalEntry, Outcome

logger = logging.getLogger(__name__)


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
        tracer: for sampled payments.
    """

    def __init__(
        self,
        me: Recipient,
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
        tracer: Tracer,
    ) -> None:
        self._me = me
        self._relay = relay
        self._backlog = backlog
        self._earlier = earlier
        self._credits = credits
        self._purges = purges
        self._pool = pool
        self._dispatcher = dispatcher
        self._ledger = ledger
        self._clock = clock
        self._tracer = tracer
        self._alarm = Alarm(me, timers, clock)
        self._closer = Closer(backlog, ledger, relay, clock)

    def on_start(self) -> None:
        """Go on with what the backlog holds."""
        self._dispatch()
        self._warn_of_doubts()

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
                self._grant_credit()
                return None  # nothing that can be sent has come, and no payment actor is free that wasn't
            case PaymentsStored():
                self._credits.stored(message.session, message.payments)
                if message.epoch == self._backlog.epoch:
                    self._backlog.stored(message.payment_ids)
            case HealthChanged():
                self._dispatcher.update(message.processors)
            case ProbeDue():
                self._want_probe(message)
            case Wake():
                pass  # something may be due: see below
            case GetCounts() | GetHeld() | GetParked() | GetUnknown():
                return self._answer(message)
            case SessionOpened():
                self._open(message.session)
            case PaymentsSentBefore() | DrainBegun():
                self._learn(message)
            case SessionClosed():
                self._credits.close(message.session)
                self._purges.closed(message.session)
            case SessionEpochAdopted():
                self._purges.adopted(message.session, message.epoch)
            case PaymentActorReady():
                self._pool.add(message.actor)
            case RecordingFailed():
                if message.epoch == self._backlog.epoch:
                    self._backlog.park(message.payment_id, "settled, but entering it into the books failed")
            case StoreChanged() | PromiseLost():
                self._suspend(message)
            case PurgePayments():
                self._purge(message.reply_to)
            case RetryParked():
                return self._retry_parked()
            case ClosePayment():
                self._closer.close(message.order, message.reply_to, self._me)
            case _:
                raise TypeError(f"the intake doesn't know {message!r}")
        self._grant_credit()
        self._dispatch()
        if self._purges:
            self._conclude_purges()
        if self._backlog.doubts or self._backlog.newly_parked:
            self._warn_of_doubts()
        return None

    def may_retry(self, message: Any) -> bool:
        """Any message: handling one twice changes nothing more."""
        return True

    def on_give_up(self, message: Any) -> bool:
        """Keep the promises of a message that can't be handled: its payments are taken, its attempt is over."""
        match message:
            case SubmitPayments():
                self._submit(message)
            case AttemptEnded(actor, attempt):
                if self._pool.carries_out(actor, attempt):
                    if attempt.epoch == self._backlog.epoch:
                        self._backlog.park(attempt.payment.payment_id, "handling its outcome failed")
                    self._pool.end(actor, attempt)
            case PaymentRecorded(payment_id, epoch):
                if epoch == self._backlog.epoch:
                    self._backlog.settle(payment_id)
            case SessionOpened(session) | PaymentsSentBefore(session):
                self._credits.close(session)
                session.tell(SessionDismissed("opening it failed at the worker"))
            case PurgePayments(reply_to):
                self._tell_epoch()  # it may have been raised, and what a session sends in the old one is purged
                reply_to.tell(PurgeFailed("the worker failed on it; to purge again is safe"))
            case ClosePayment(_, reply_to):
                reply_to.tell(CloseFailed("the worker failed on it; to say it again is safe"))
            case StoreChanged() | PromiseLost():
                self._suspend(message)  # the journal says so once: without it nobody would ever get credit again
            case _:
                return False
        self._alarm.wake_in(0.0)
        return True

    def _answer(self, question: Any) -> object:
        match question:
            case GetHeld():
                return self._backlog.held_ids()
            case GetParked():
                return self._backlog.parked()
            case GetUnknown():
                return self._backlog.unknown(self._clock.monotonic_s())
        return self._backlog.statistics()

    def _open(self, session: Recipient) -> None:
        session.tell(SessionAdmitted(self._backlog.epoch))
        self._credits.open(session)
        if self._credits.suspended:
            session.tell(CreditWithdrawn())

    def _learn(self, message: PaymentsSentBefore | DrainBegun) -> None:
        if self._relay.waits:
            return  # whatever was sent on before is on record
        now_s = self._clock.monotonic_s()
        if isinstance(message, DrainBegun):
            if self._earlier.is_holding:
                self._backlog.suspect_all(now_s)
                self._earlier.doubt_all()
            return
        payment_ids = split_ids(message.payment_ids)
        self._earlier.learn(payment_ids, now_s)
        self._backlog.suspect(payment_ids, now_s)

    def _submit(self, message: SubmitPayments) -> None:
        self._take(message)
        if not message.redelivered:
            self._credits.use(message.session, len(message.payments), storing=self._relay.waits)

    def _take(self, message: SubmitPayments) -> None:
        exceptions: list[tuple[int, Verdict]] = []
        now_s = self._clock.monotonic_s()
        backlog, waits = self._backlog, self._relay.waits
        current = message.epoch == backlog.epoch
        # With a durable journal, a payment that was sent and isn't known was never on record, so never sent on either.
        earlier = self._earlier
        suspect = (message.suspect or earlier.doubts_all) and not waits
        earlier.forget_aged(now_s)
        knows_earlier, storing = bool(earlier), waits or earlier.is_holding
        for sequence, payment in enumerate(message.payments, message.first_sequence):
            if not current:
                verdict = backlog.overtaken(1)
            else:
                sent_before = suspect or (knows_earlier and payment.payment_id in earlier)
                verdict = backlog.take(payment, now_s, storing=storing, suspect=sent_before)
            if verdict is not Verdict.TAKEN:
                exceptions.append((sequence, verdict))
            if payment.traced_at_us:
                self._tracer.record(payment.payment_id, "intake.taken", verdict=verdict.name)
        # Answers go first: nothing of the settling has begun yet.
        taken = VerdictsGiven(message.first_sequence + len(message.payments) - 1, tuple(exceptions))
        newly_taken = backlog.newly_taken if self._relay.records else ()
        new = [PaymentTaken(each.payment_id, each.amount_cents, backlog.epoch) for each in newly_taken]
        if waits:
            used = 0 if message.redelivered else len(message.payments)
            stored = PaymentsStored(message.session, used, tuple(each.payment_id for each in new), backlog.epoch)
            self._relay.after(new, (message.session, taken), (self._me, stored))
        else:
            self._relay.after(new, (message.session, taken))
        backlog.newly_taken.clear()

    def _end_attempt(self, message: AttemptEnded) -> None:
        actor, attempt, outcome = message
        if not self._pool.carries_out(actor, attempt):
            return  # handled before a crash; its payment may be in flight elsewhere by now
        if attempt.epoch == self._backlog.epoch:
            self._apply(outcome, attempt, self._pool.started_s(actor, attempt))
        self._pool.end(actor, attempt)

    def _apply(self, outcome: Outcome | Absent, attempt: Attempt, asked_s: float) -> None:
        payment_id, now_s = attempt.payment.payment_id, self._clock.monotonic_s()
        self._backlog.routes[attempt.processor].learn(attempt, outcome, asked_s, now_s)
        if attempt.step is not Step.LOOK_UP and not isinstance(outcome, Settled):
            self._backlog.note_post(payment_id, outcome.reason, now_s)
        match outcome:
            case Settled():
                if self._backlog.differs(payment_id, outcome.amount_cents):
                    logger.warning("payment.amount_differs", extra=_difference(attempt, outcome))
                self._dispatcher.resolved(attempt)  # and in flight until the ledger has recorded it
                if attempt.step is Step.POST:
                    self._backlog.note_settled(attempt.processor)
            case Refused():
                self._dispatcher.failed(attempt)
                if self._backlog.refuse(payment_id, outcome.reason, now_s, permanent=outcome.permanent):
                    self._state(AttemptRefused(payment_id, attempt.epoch))
            case Absent():
                witnessed, heard_of = outcome.witnessed, self._dispatcher.has_heard_of(attempt.processor)
                self._backlog.absent(payment_id, now_s, asked_s=asked_s, witnessed=witnessed, heard_of=heard_of)
            case Unknown():
                self._dispatcher.failed(attempt)
                clean = outcome.denied or attempt.step is Step.LOOK_UP
                crashes = self._backlog.mark_unknown(payment_id, now_s, crashed=outcome.crashed, clean=clean)
                if outcome.crashed and crashes:
                    self._state(PaymentCrashed(payment_id, crashes, attempt.epoch))

    def _state(self, fact: JournalEntry) -> None:
        """Put a fact on record that nobody waits for."""
        if self._relay.records:
            self._relay.after((fact,))

    def _want_probe(self, message: ProbeDue) -> None:
        self._dispatcher.want_probe(message.processor, overtakes=message.overtakes)
        self._dispatch()
        if self._dispatcher.lacks_probe(message.processor):
            message.health.tell(ProbeMissing(message.processor))

    def _warn_of_parked(self) -> None:
        parked = self._backlog.newly_parked
        while parked:
            payment, reason = parked.pop(0)
            logger.warning("payment.parked", extra={"payment": _text(payment.payment_id), "reason": reason})

    def _purge(self, reply_to: Recipient) -> None:
        epoch = self._backlog.purge()
        self._earlier.forget()
        logger.info("intake.purged", extra={"epoch": epoch})
        self._relay.after((PaymentsPurged(epoch),))
        self._ledger.tell(ForgetPayments(epoch))
        self._purges.begin(epoch, self._credits.sessions, self._clock.monotonic_s(), reply_to)
        self._tell_epoch()

    def _tell_epoch(self) -> None:
        for session in self._credits.sessions:
            session.tell(EpochRaised(self._backlog.epoch))

    def _conclude_purges(self) -> None:
        now_s = self._clock.monotonic_s()
        for session in self._purges.overdue(now_s):
            session.tell(SessionDismissed("it did not adopt the new epoch"))
            self._purges.closed(session)
        for purge in self._purges.done():
            # With a durable journal that is once the purge is on record: it was stated before.
            self._relay.after((), (purge.reply_to, PurgeDone(purge.epoch)))
            self._purges.end(purge)
        due_s = self._purges.due_s
        if due_s is not None:
            self._alarm.wake_in(due_s - now_s)

    def _retry_parked(self) -> int:
        retried = self._backlog.retry_parked(self._clock.monotonic_s())
        self._dispatch()
        return retried

    def _warn_of_doubts(self) -> None:
        self._warn_of_parked()
        now_s, doubts = self._clock.monotonic_s(), self._backlog.doubts
        doubts.warn(now_s)
        if (due_s := doubts.due_s) is not None:
            self._alarm.wake_in(due_s - now_s)

    def _suspend(self, reason: StoreChanged | PromiseLost) -> None:
        credits = self._credits
        if isinstance(reason, StoreChanged):
            credits.store_away = not reason.available
        else:
            credits.promise_lost = True
        for session in credits.sessions:
            session.tell(CreditWithdrawn() if credits.suspended else CreditRestored())

    def _grant_credit(self) -> None:
        if not self._credits.is_due:
            return
        for session, payments in self._credits.grant(self._backlog.held()):
            session.tell(CreditGranted(payments))

    def _dispatch(self) -> None:
        if self._earlier.is_holding:
            self._hold()
        while planned := self._dispatcher.next():
            actor, attempt = planned
            self._send(actor, attempt)  # first of all: it is noted as under way
        delay_s = self._dispatcher.wake_in_s()
        if delay_s is not None:
            self._alarm.wake_in(delay_s)

    def _hold(self) -> None:
        left_s = self._earlier.hold_left_s(self._clock.monotonic_s())
        if left_s > 0:
            self._alarm.wake_in(left_s)
        else:
            self._backlog.release()
            self._earlier.end_hold()

    def _send(self, actor: Recipient, attempt: Attempt) -> None:
        if attempt.step is not Step.POST or not self._relay.records:
            actor.tell(attempt)  # what was unknown before is on record
            return
        payment_id, processor = attempt.payment.payment_id, attempt.processor
        started = AttemptStarted(payment_id, processor, attempt.requested_at_ms, attempt.epoch)
        self._relay.after((started,), (actor, attempt))


def _text(payment_id: bytes) -> str:
    return str(UUID(bytes=payment_id))


def _difference(attempt: Attempt, settled: Settled) -> dict[str, object]:
    return {
        "payment": _text(attempt.payment.payment_id),
        "processor": attempt.processor,
        "ours_cents": attempt.payment.amount_cents,
        "theirs_cents": settled.amount_cents,
    }
