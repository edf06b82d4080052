"""One payment as people are told of it: where it is, since when, why, and what happens next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.intake.backlog.attempts import FIRST, LAST, Ended
from actors.intake.backlog.entry import State
from actors.reports import AttemptReport, PaymentReport
from actors.words import payments as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.intake.backlog.entry import Entry
    from actors.intake.dispatch.chooser import Chooser
    from actors.intake.dispatch.pool import Pool
    from actors.intake.earlier import Earlier
    from actors.messages.health import CircuitState
    from actors.messages.settling import Attempt
    from actors.runtime.clocks import Clock


class Now(NamedTuple):
    """The present on both clocks, and what is known of the processors in it.

    Args:
        at_s: on the monotonic clock.
        at_ms: in milliseconds since the Unix epoch.
        circuits: the processors' circuits.
    """

    at_s: float
    at_ms: int
    circuits: Sequence[CircuitState]

    def ms(self, instant_s: float) -> int:
        """An instant of the monotonic clock, in milliseconds since the Unix epoch."""
        return self.at_ms + round((instant_s - self.at_s) * 1000)


class Lot(NamedTuple):
    """What is said of a payment.

    Args:
        since_s: since when it is where it is, on the monotonic clock.
        why: why it is.
        next: what happens next.
        next_s: when, on the monotonic clock; None if nobody knows.
        bound: whether its processor is where it is.
    """

    since_s: float
    why: str
    next: str
    next_s: float | None = None
    bound: bool = False


class Describer:
    """Describes payments that are held.

    Args:
        pool: what is under way.
        chooser: where those that wait go, and why.
        earlier: whether they wait for what APIs tell of a worker before this one.
        clock: the clocks.
    """

    def __init__(self, pool: Pool, chooser: Chooser, earlier: Earlier, clock: Clock) -> None:
        self._pool = pool
        self._chooser = chooser
        self._earlier = earlier
        self._clock = clock

    def now(self, circuits: Sequence[CircuitState]) -> Now:
        """The present, for ``describe``."""
        return Now(self._clock.monotonic_s(), self._clock.now_ms(), circuits)

    def describe(self, entry: Entry, state: State, now: Now) -> PaymentReport:
        """Describe a payment.

        Args:
            entry: the payment.
            state: where it is.
            now: the present.
        """
        in_flight = state is State.IN_FLIGHT
        under_way = self._pool.attempt_of(entry.processor, entry.payment.payment_id) if in_flight else None
        lot = self._lot(entry, state, under_way, now)
        attempts = [_ended(each, now) for each in entry.attempts.kept]
        if under_way is not None:
            attempts.append(_under_way(*under_way, now))
            del attempts[FIRST : len(attempts) - LAST]
        return PaymentReport(
            entry.payment.payment_id,
            entry.payment.amount_cents,
            state.name.lower(),
            now.ms(entry.taken_at_s),
            now.ms(lot.since_s),
            entry.processor if lot.bound else "",
            entry.requested_at_ms if lot.bound else 0,
            lot.why,
            lot.next,
            0 if lot.next_s is None else now.ms(max(lot.next_s, now.at_s)),
            tuple(attempts),
            entry.attempts.made + (under_way is not None),
        )

    def _lot(self, entry: Entry, state: State, under_way: tuple[Attempt, float] | None, now: Now) -> Lot:
        since_s = entry.moved_s or entry.taken_at_s
        match state:
            case State.STORING:
                return self._storing(since_s, now)
            case State.IN_FLIGHT:
                if under_way is None:
                    return Lot(since_s, words.booking(entry.processor), words.BOOKED_NEXT, bound=True)
                attempt, begun_s = under_way
                return Lot(begun_s, words.under_way(attempt), words.answer_decides(attempt.processor), bound=True)
            case State.UNKNOWN:
                return self._unknown(entry, now)
            case State.PARKED:
                looked_up = entry.due_s if entry.bound and entry.due_s > now.at_s else None
                next_ = words.parked_next(entry.processor, None if looked_up is None else looked_up - now.at_s)
                return Lot(since_s, words.parked(entry.parked, entry.answers), next_, looked_up, entry.bound)
        return self._waiting(entry, since_s, now)

    def _storing(self, since_s: float, now: Now) -> Lot:
        if not self._earlier.is_holding:
            return Lot(since_s, words.STORING, words.STORED_NEXT)
        left_s = self._earlier.hold_left_s(now.at_s)
        return Lot(since_s, words.HELD_BACK, words.sent_again(left_s, again=False), now.at_s + left_s)

    def _unknown(self, entry: Entry, now: Now) -> Lot:
        since_s = entry.moved_s or entry.taken_at_s if entry.unknown_since_s is None else entry.unknown_since_s
        look_ups = entry.attempts.look_ups
        where = entry.unasked[0] if entry.unasked else entry.processor
        if entry.unasked:
            why = words.suspected(entry.unasked, look_ups)
        else:
            why = words.bound(entry.processor, entry.requested_at_ms, entry.reason, look_ups)
        if entry.held_until_s > now.at_s:
            left_alone = words.left_alone(entry.held_until_s - now.at_s)
            return Lot(since_s, why, left_alone, entry.held_until_s, not entry.unasked)
        posted = not entry.unasked and self._chooser.is_healthy(where) and not entry.is_denied(now.at_s)
        next_ = words.looked_up(where, entry.due_s - now.at_s, posted=posted)
        return Lot(since_s, why, next_, entry.due_s, not entry.unasked)

    def _waiting(self, entry: Entry, since_s: float, now: Now) -> Lot:
        if entry.due_s > now.at_s:
            why = words.refused(entry.processor, entry.reason, entry.attempts.made)
            return Lot(since_s, why, words.sent_again(entry.due_s - now.at_s), entry.due_s)
        choice = self._chooser.explain(entry, now.at_s)
        why = words.last(words.choice(choice, self._chooser.processors), entry.reason)
        next_, in_s = words.waiting_next(choice, now.circuits, now.at_s)
        return Lot(since_s, why, next_, None if in_s is None else now.at_s + in_s)


def _ended(ended: Ended, now: Now) -> AttemptReport:
    attempt, outcome, begun_s, took_s = ended
    reason = getattr(outcome, "reason", "")
    return _report(attempt, now.ms(begun_s), took_s, type(outcome).__name__.lower(), reason)


def _under_way(attempt: Attempt, begun_s: float, now: Now) -> AttemptReport:
    return _report(attempt, now.ms(begun_s), now.at_s - begun_s, "", "")


def _report(attempt: Attempt, at_ms: int, took_s: float, outcome: str, reason: str) -> AttemptReport:
    took_ms = round(took_s * 1000, 3)
    return AttemptReport(attempt.number, attempt.step.value, attempt.processor, at_ms, took_ms, outcome, reason)
