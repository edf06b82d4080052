"""The backlog against a naive model: each payment in exactly one state, whatever comes in whatever order."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.intake.backlog.backlog import Backlog
from actors.intake.backlog.entry import CRASHES_MAX
from actors.intake.backlog.holds import HOLD_S
from actors.intake.backlog.refusals import REST_FIRST_S, REST_MAX_S, SHUN_AFTER
from actors.values import Payment, Verdict

if TYPE_CHECKING:
    from actors.intake.backlog.entry import Entry

NAMES = ("default", "fallback", "third")
ID = st.integers(0, 7).map(lambda number: bytes([number]) * 16)
NAME = st.sampled_from(NAMES)


class Model:
    """What a payment's state should be, kept in the plainest way."""

    def __init__(self, cents: int, taken_at_s: float) -> None:
        self.cents = cents
        self.taken_at_s = taken_at_s
        self.rests_until_s = 0.0
        self.refused: Counter[str] = Counter()
        self.state = "waiting"
        self.processor = ""
        self.bound = False
        self.rejected: set[str] = set()
        self.crashes = 0
        self.held = False
        self.held_until_s = 0.0

    @property
    def kind(self) -> tuple[frozenset[str], ...]:
        """What decides in which line it waits."""
        left = set(NAMES) - self.rejected
        least = min((self.refused[name] for name in left), default=0)
        shunned = {name for name in left if self.refused[name] >= least + SHUN_AFTER}
        return frozenset(self.rejected), frozenset(self.refused), frozenset(shunned)


class BacklogMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.backlog = Backlog(NAMES)
        self.models: dict[bytes, Model] = {}
        self.fresh: list[bytes] = []
        self.epoch = self.duplicates = self.conflicts = self.purged = 0
        self.now_s = 100.0

    def of(self, state: str) -> list[bytes]:
        return [each for each, model in self.models.items() if model.state == state]

    def in_flight(self, payment_id: bytes) -> Model | None:
        model = self.models.get(payment_id)
        return model if model is not None and model.state == "in flight" else None

    @rule(payment_id=ID, cents=st.sampled_from([100, 200]))
    def take(self, payment_id: bytes, cents: int) -> None:
        verdict = self.backlog.take(Payment(payment_id, cents), self.now_s)
        model = self.models.get(payment_id)
        if model is None:
            self.models[payment_id] = Model(cents, self.now_s)
            self.fresh.append(payment_id)
            assert verdict is Verdict.TAKEN
        elif model.cents == cents and model.state == "written off":
            assert verdict is Verdict.WRITTEN_OFF
        elif model.cents == cents:
            self.duplicates += 1
            assert verdict is Verdict.TAKEN
        else:
            self.conflicts += 1
            assert verdict is Verdict.CONFLICT

    @rule(payments=st.integers(1, 5))
    def overtaken(self, payments: int) -> None:
        assert self.backlog.overtaken(payments) is Verdict.PURGED
        self.purged += payments

    @precondition(lambda self: self.of("waiting"))
    @rule(data=st.data())
    def dispatch(self, data: st.DataObject) -> None:
        entry: Entry = data.draw(st.sampled_from([*self.backlog.heads(self.now_s), *self.backlog.resting()]))
        model = self.models[entry.payment.payment_id]
        processor = data.draw(st.sampled_from([name for name in NAMES if name not in entry.rejections]))
        self.backlog.dispatch(entry, processor, round(self.now_s * 1000))
        assert not model.bound, "a payment whose outcome is unknown may go nowhere else"
        assert entry.requested_at_ms == round(self.now_s * 1000)
        if entry.payment.payment_id in self.fresh:
            self.fresh.remove(entry.payment.payment_id)
        model.state, model.processor = "in flight", processor

    @rule(processor=NAME)
    def dispatch_unknown(self, processor: str) -> None:
        entry = self.backlog.dispatch_bound(processor)
        there = [each for each in self.unknown_at(processor) if not self.models[each].held]
        if entry is None:
            assert not there
            return
        assert entry.payment.payment_id in there
        assert entry.processor == processor, "it stays at its processor"
        self.models[entry.payment.payment_id].state = "in flight"

    @rule(processor=NAME)
    def dispatch_what_is_due(self, processor: str) -> None:
        due_s = self.backlog.unknown_due_s(processor)
        entry = self.backlog.dispatch_due(processor, self.now_s)
        assert (entry is not None) is (due_s is not None and due_s <= self.now_s)
        for payment_id in self.unknown_at(processor):
            if self.models[payment_id].held_until_s <= self.now_s:
                self.models[payment_id].held = False
        if entry is not None:
            model = self.models[entry.payment.payment_id]
            assert (model.state, model.processor, model.held) == ("unknown", processor, False)
            model.state = "in flight"

    @rule(payment_id=ID)
    def hold(self, payment_id: bytes) -> None:
        entry = self.in_doubt(payment_id, "in flight", "unknown", "parked")
        if entry is not None:
            self.backlog.held.hold(entry, self.now_s)
            model = self.models[payment_id]
            model.held_until_s = self.now_s + HOLD_S
            model.held |= model.state == "unknown"

    @rule(payment_id=ID, written_off=st.booleans())
    def close(self, payment_id: bytes, written_off: bool) -> None:
        entry = self.in_doubt(payment_id, "unknown", "parked")
        if entry is None:
            return
        model = self.models[payment_id]
        model.held = False
        if written_off:
            self.backlog.write_off(entry)
            model.state = "written off"
        else:
            self.backlog.settle_by_hand(entry)
            model.state = "in flight"

    def in_doubt(self, payment_id: bytes, *states: str) -> Entry | None:
        found = self.backlog.find(payment_id)
        model = self.models.get(payment_id)
        assert (None if found is None else found[0].value) == (None if model is None else model.state)
        if found is None or model is None or model.state not in states:
            return None
        assert found[1] is not None
        return found[1]

    def unknown_at(self, processor: str) -> list[bytes]:
        return [each for each in self.of("unknown") if self.models[each].processor == processor]

    @rule(payment_id=ID)
    def settle(self, payment_id: bytes) -> None:
        model = self.models.get(payment_id)
        held = model is not None and model.state in {"in flight", "parked"}
        assert self.backlog.settle(payment_id) is held
        if model is not None and held:
            model.state = "settled"

    @rule(payment_id=ID, permanent=st.booleans())
    def refuse(self, payment_id: bytes, permanent: bool) -> None:
        self.backlog.outcomes.refuse(payment_id, "HTTP 4xx", self.now_s, permanent=permanent)
        model = self.in_flight(payment_id)
        if model is None:
            return
        if model.bound:
            self.becomes_unknown(model)
            return
        if permanent:
            model.rejected.add(model.processor)
            model.rests_until_s = 0.0  # it may have been a probe while it rested
        else:
            model.refused[model.processor] += 1
            pause_s = min(REST_FIRST_S * 2 ** (model.refused.total() - 1), REST_MAX_S)
            model.rests_until_s = self.now_s + pause_s
        model.state = "parked" if model.rejected == set(NAMES) else "waiting"

    @rule(payment_id=ID, crashed=st.booleans())
    def mark_unknown(self, payment_id: bytes, crashed: bool) -> None:
        self.backlog.outcomes.mark_unknown(payment_id, self.now_s, crashed=crashed)
        model = self.in_flight(payment_id)
        if model is not None:
            model.bound = True
            model.crashes += crashed
            if model.crashes >= CRASHES_MAX:
                model.state = "parked"
            else:
                self.becomes_unknown(model)

    def becomes_unknown(self, model: Model) -> None:
        model.state, model.held = "unknown", model.held_until_s > self.now_s

    @rule(payment_id=ID)
    def park(self, payment_id: bytes) -> None:
        self.backlog.outcomes.park(payment_id, "by a test", self.now_s)
        model = self.in_flight(payment_id)
        if model is not None:
            model.state, model.bound = "parked", True

    @rule()
    def retry_parked(self) -> None:
        parked = [each.payment.payment_id for each in self.backlog.held.parked]
        assert set(parked) == set(self.of("parked"))
        assert self.backlog.held.retry_all(self.now_s) == len(parked)
        for payment_id in parked:
            model = self.models[payment_id]
            model.crashes = 0
            if model.bound:
                model.state = "unknown"
            else:
                model.state, model.rejected, model.refused = "waiting", set(), Counter()
                self.fresh.append(payment_id)

    @rule()
    @precondition(lambda self: len(self.models) > 4)
    def purge(self) -> None:
        self.epoch += 1
        assert self.backlog.purge() == self.epoch
        self.models.clear()
        self.fresh.clear()
        self.duplicates = self.conflicts = 0

    @rule(seconds=st.floats(0.01, 10))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    @invariant()
    def counts_are_true(self) -> None:
        counts = self.backlog.statistics()
        assert counts._asdict() == {
            "epoch": self.epoch,
            "accepted": len(self.models),
            "settled": len(self.of("settled")),
            "waiting": len(self.of("waiting")),
            "in_flight": len(self.of("in flight")),
            "unknown": len(self.of("unknown")),
            "parked": len(self.of("parked")),
            "written_off": len(self.of("written off")),
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "purged": self.purged,
            "differing": 0,
        }
        assert counts.accepted == counts.settled + len(self.backlog.held) + counts.written_off
        assert len(self.backlog.held) == counts.waiting + counts.in_flight + counts.unknown + counts.parked

    @invariant()
    def held_ids_are_all_that_is_not_settled(self) -> None:
        held = self.backlog.held.ids()
        assert len(set(held)) == len(held)
        assert set(held) == set(self.models) - set(self.of("settled")) - set(self.of("written off"))

    @invariant()
    def heads_are_the_first_of_each_line(self) -> None:
        heads = [each.payment.payment_id for each in self.backlog.heads(self.now_s)]
        lines: dict[tuple[frozenset[str], ...], list[bytes]] = defaultdict(list)
        for payment_id in self.of("waiting"):
            if payment_id not in self.fresh and self.models[payment_id].rests_until_s <= self.now_s:
                lines[self.models[payment_id].kind].append(payment_id)
        assert len(heads) == len(lines) + bool(self.fresh)
        if self.fresh:
            assert self.fresh[0] in heads
        for line in lines.values():
            oldest_s = min(self.models[each].taken_at_s for each in line)
            (first,) = set(heads) & set(line)
            assert self.models[first].taken_at_s == oldest_s

    @invariant()
    def only_who_was_refused_rests(self) -> None:
        self.backlog.heads(self.now_s)
        resting = {each.payment.payment_id for each in self.backlog.resting()}
        waiting = set(self.of("waiting")) - set(self.fresh)
        assert resting == {each for each in waiting if self.models[each].rests_until_s > self.now_s}

    @invariant()
    def what_waits_or_is_unknown_is_unsent(self) -> None:
        assert self.backlog.held.has_unsent is bool(self.of("waiting") or self.of("unknown"))

    @invariant()
    def only_processors_with_unknown_outcomes_have_something_due(self) -> None:
        for name in NAMES:
            there = any(self.models[each].processor == name for each in self.of("unknown"))
            assert (self.backlog.unknown_due_s(name) is not None) is there


TestBacklogMachine: Any = BacklogMachine.TestCase
