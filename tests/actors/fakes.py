"""Stand-ins for the actors' world: a clock and timers that the test moves, processors that follow a script, and
neighbours that are real actors which only take notes.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Any

import gevent

from actors.runtime.crashes import Crashes
from actors.runtime.greenlets import SupervisedGeventActor
from actors.runtime.supervisor import Supervisor
from actors.system import UNBOUNDED
from actors.values import HealthReport, Payment, Refused, Settled
from tests.support.recording import Notes

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.recipient import Recipient
    from actors.runtime.guard import Factory
    from actors.runtime.instruments import AnyInstrument
    from actors.runtime.reference import Reference
    from actors.values import Unknown

TIMERS_PER_ADVANCE = 50_000
"""More than any test needs: an actor that wakes itself without end fails its test instead of hanging it."""


class FakeClock:
    """Stands still unless the test moves it."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def now_ms(self) -> int:
        return 1_752_000_000_000 + round(self.now_s * 1000)

    def monotonic_s(self) -> float:
        return self.now_s


class FakeTimer:
    """One of them. It may be cancelled again, or when it has fired."""

    def __init__(self, due_s: float, recipient: Recipient, message: Any, pending: list[FakeTimer]) -> None:
        self.due_s = due_s
        self._recipient = recipient
        self._message = message
        self._pending = pending

    def cancel(self) -> None:
        if self in self._pending:
            self._pending.remove(self)

    def fire(self) -> None:
        self._pending.remove(self)
        self._recipient.tell(self._message)


class FakeTimers:
    """Timers that fire while the test advances the clock."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._pending: list[FakeTimer] = []

    def __len__(self) -> int:
        return len(self._pending)

    def tell_after(self, delay_s: float, recipient: Recipient, message: Any) -> FakeTimer:
        assert delay_s >= 0
        timer = FakeTimer(self._clock.now_s + delay_s, recipient, message, self._pending)
        insort(self._pending, timer, key=lambda each: each.due_s)
        return timer

    def advance(self, seconds: float) -> None:
        """Move the clock, stopping at each timer on the way until all actors are idle."""
        end_s = self._clock.now_s + seconds
        gevent.idle()
        for _ in range(TIMERS_PER_ADVANCE):
            if not self._pending or self._pending[0].due_s > end_s:
                break
            self._clock.now_s = max(self._clock.now_s, self._pending[0].due_s)
            self._pending[0].fire()
            gevent.idle()
        else:
            raise AssertionError("timers set each other without end")
        self._clock.now_s = end_s
        gevent.idle()


class Probe:
    """An actor that notes what it is told, and answers what it was told to answer."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        self.reference: Reference

    def tell(self, message: Any) -> None:
        self.reference.tell(message)

    def of(self, kind: type) -> list[Any]:
        """The messages of one type, after everybody came to rest."""
        gevent.idle()
        return [each for each in self.received if isinstance(each, kind)]

    def take(self, kind: type) -> list[Any]:
        """As ``of``, and forget everything."""
        taken = self.of(kind)
        self.received.clear()
        return taken

    def on_start(self) -> None:
        pass

    def on_receive(self, message: Any) -> None:
        self.received.append(message)

    def may_retry(self, message: Any) -> bool:
        return False

    def on_give_up(self, message: Any) -> bool:
        return False


class World:
    """A supervisor with real actors on gevent, a fake clock and fake timers.

    Args:
        instruments: told of each message.
    """

    def __init__(self, *instruments: AnyInstrument) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.recorder = Notes()
        self.escalations = 0
        self.supervisor = Supervisor(
            SupervisedGeventActor,
            self.clock,
            Crashes(self.clock, self._escalate),
            unbounded=UNBOUNDED,
            instruments=instruments,
        )

    def _escalate(self) -> None:
        self.escalations += 1

    @property
    def dead_letters(self) -> dict[str, int]:
        return dict(self.supervisor.dead_letters.counts)

    @property
    def crashes(self) -> dict[str, int]:
        return dict(self.supervisor.crashes.counts)

    def start(self, name: str, factory: Factory, capacity: int = 10_000) -> Reference:
        reference = self.supervisor.start(name, factory, capacity=capacity)
        gevent.idle()
        return reference

    def probe(self, name: str) -> Probe:
        probe = Probe()
        probe.reference = self.start(name, lambda me: probe)
        return probe

    def advance(self, seconds: float) -> None:
        self.timers.advance(seconds)


class ScriptedProcessor:
    """A processor's client (``actors.ports.ProcessorClient``) that does what the test says and notes its calls.

    Each of ``on_post``, ``on_find`` and ``on_health`` is called with the call's arguments; set them to change the
    script. A call blocks while ``gate`` is given and not open, as a slow processor does.
    """

    def __init__(self) -> None:
        self.rows: dict[bytes, tuple[int, int]] = {}
        self.posts: list[tuple[Payment, int]] = []
        self.finds: list[bytes] = []
        self.polls = 0
        self.gate: Any = None
        self.on_post: Callable[[Payment, int], Settled | Refused | Unknown] = self.commit
        self.on_find: Callable[[bytes], Settled | Refused | Unknown] = self.look_up
        self.on_health: Callable[[], HealthReport | None] = lambda: HealthReport(failing=False, min_response_ms=0)

    def post(self, payment: Payment, requested_at_ms: int) -> Settled | Refused | Unknown:
        self.posts.append((payment, requested_at_ms))
        if self.gate is not None:
            self.gate.wait()
        return self.on_post(payment, requested_at_ms)

    def find(self, payment_id: bytes) -> Settled | Refused | Unknown:
        self.finds.append(payment_id)
        return self.on_find(payment_id)

    def health(self) -> HealthReport | None:
        self.polls += 1
        return self.on_health()

    def commit(self, payment: Payment, requested_at_ms: int) -> Settled:
        """A well processor: it inserts, or (a 422) finds the row that is there."""
        return Settled(*self.rows.setdefault(payment.payment_id, (payment.amount_cents, requested_at_ms)))

    def look_up(self, payment_id: bytes) -> Settled | Refused:
        row = self.rows.get(payment_id)
        return Refused("HTTP 404") if row is None else Settled(*row)
