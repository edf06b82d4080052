"""How payments come in: taken or not, and answered; and what APIs tell of those that came to a worker before."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from actors.facts import PaymentTaken
from actors.intake.earlier import split_ids
from actors.messages.journal import PaymentsStored
from actors.messages.sessions import VerdictsGiven
from actors.values import Verdict

if TYPE_CHECKING:
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.earlier import Earlier
    from actors.messages.sessions import SubmitPayments
    from actors.ports import Relay
    from actors.recipient import Addressed
    from actors.runtime.clocks import Clock
    from actors.tracing import Fields, Recorder


class Taker:
    """Takes runs of payments into the backlog, and says so to whoever sent them.

    Args:
        backlog: where they go.
        earlier: what workers before this one were sent.
        relay: how far the journal goes before a payment is acknowledged.
        clock: for ages.
        recorder: told of each payment.
    """

    def __init__(self, backlog: Backlog, earlier: Earlier, relay: Relay, clock: Clock, recorder: Recorder) -> None:
        self._backlog = backlog
        self._earlier = earlier
        self._relay = relay
        self._clock = clock
        self._recorder = recorder

    def take(self, message: SubmitPayments, me: Addressed) -> None:
        """Take what is new of a run, and answer for all of it.

        Args:
            message: the run.
            me: the intake, told when it is on record, if that is waited for.
        """
        exceptions: list[tuple[int, Verdict]] = []
        now_s = self._clock.monotonic_s()
        backlog, waits = self._backlog, self._relay.waits
        # Ids that aren't in memory any more may be known to the journal: it is heard before a payment goes on.
        heard = backlog.ids.forgets and self._relay.records
        current = message.epoch == backlog.epoch
        # With a durable journal, a payment that was sent and isn't known was never on record, so never sent on either.
        earlier = self._earlier
        suspect = (message.suspect or earlier.doubts_all) and not waits
        earlier.forget_aged(now_s)
        knows_earlier, storing, hold = bool(earlier), waits or heard, earlier.is_holding
        recorder = self._recorder
        begun_ns, mailbox = (recorder.now_ns(), me.waiting()) if recorder.active else (0, 0)
        as_taken = _taken(mailbox)
        for sequence, payment in enumerate(message.payments, message.first_sequence):
            if not current:
                verdict = backlog.overtaken(1)
            else:
                sent_before = suspect or (knows_earlier and payment.payment_id in earlier)
                verdict = backlog.take(payment, now_s, storing=storing, hold=hold, suspect=sent_before)
            if verdict is not Verdict.TAKEN:
                exceptions.append((sequence, verdict))
            if begun_ns:
                if payment.traced_at_us:
                    recorder.trace(payment.payment_id)
                fields = as_taken if verdict is Verdict.TAKEN else _fields(verdict, mailbox)
                recorder.note(payment.payment_id, "intake.taken", begun_ns, 0, 0, "intake", fields)
        # Answers go first: nothing of the settling has begun yet.
        last = message.first_sequence + len(message.payments) - 1
        taken = VerdictsGiven(last, tuple(exceptions), tuple(message.payments) if heard and current else ())
        new = self._facts(message, heard=heard and current)
        if storing:
            used = 0 if message.redelivered or not waits else len(message.payments)
            stored = PaymentsStored(message.session, used, tuple(each.payment_id for each in new), backlog.epoch)
            self._relay.after(new, (message.session, taken), stored=((me, stored),))
        else:
            self._relay.after(new, (message.session, taken))
        backlog.newly_taken.clear()

    def _facts(self, message: SubmitPayments, *, heard: bool) -> list[PaymentTaken]:
        """What is to be put on record of a run; where the journal is heard, what is storing from before once more."""
        backlog = self._backlog
        if not self._relay.records:
            return []
        taken = backlog.newly_taken
        if heard and len(taken) < len(message.payments):
            storing = backlog.held.storing
            again = (storing[each.payment_id].payment for each in message.payments if each.payment_id in storing)
            taken = list(dict.fromkeys((*taken, *again)))
        return [PaymentTaken(each.payment_id, each.amount_cents, backlog.epoch) for each in taken]

    def stored(self, message: PaymentsStored) -> None:
        """Go on with what the journal has; what it knew already is taken back."""
        for each in message.known:
            self._backlog.take_back(each)
        self._backlog.stored(message.payment_ids, self._clock.monotonic_s(), hold=self._earlier.is_holding)

    def learn(self, payment_ids: bytes) -> None:
        """An API has sent these to a worker before this one.

        Args:
            payment_ids: ids of 16 bytes one after the other.
        """
        if self._relay.waits:
            return  # whatever was sent on before is on record
        now_s, ids = self._clock.monotonic_s(), split_ids(payment_ids)
        self._earlier.learn(ids, now_s)
        self._backlog.suspect(ids, now_s)

    def doubt_all(self) -> None:
        """No API can tell any more what it sent to a worker before this one: what nobody has told of may have been."""
        if self._earlier.is_holding and not self._relay.waits:
            self._backlog.suspect_all(self._clock.monotonic_s())
            self._earlier.doubt_all()

    def end_hold(self) -> float:
        """Let what was held back for the APIs' word wait to be sent, once they have had time for it.

        Returns:
            Seconds until then; 0 if there is nothing to wait for (any more).
        """
        if not self._earlier.is_holding:
            return 0.0
        left_s = self._earlier.hold_left_s(self._clock.monotonic_s())
        if left_s > 0:
            return left_s
        self._backlog.release()
        self._earlier.end_hold()
        return 0.0


def _fields(verdict: Verdict, mailbox: int) -> Fields:
    return {"verdict": verdict.name.lower(), "mailbox": mailbox}


@lru_cache(maxsize=256)
def _taken(mailbox: int) -> Fields:
    """One object for all that found as much in the mailbox: almost all of them."""
    return _fields(Verdict.TAKEN, mailbox)
