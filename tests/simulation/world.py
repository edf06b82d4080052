"""The world of a run: workers, APIs, processors and clients on one scheduler, everything drawn from one seed."""

from __future__ import annotations

import math
import random
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pykka

from actors.facts import FeedMark
from actors.messages.people import GetCounts, GetSummary
from actors.runtime.guard import ActorFailed
from actors.runtime.reference import MailboxFull
from actors.values import Payment
from tests.simulation.api import SimulatedApi, Submission
from tests.simulation.chaos import Chaos
from tests.simulation.checker import PurgeWindow
from tests.simulation.person import Person
from tests.simulation.plan import draw_plan
from tests.simulation.processor import Faults, SimulatedProcessor
from tests.simulation.runtime import SimulatedClock
from tests.simulation.scheduler import Scheduler
from tests.simulation.store import SimulatedDisk, SimulatedStore
from tests.simulation.trace import Trace
from tests.simulation.worker import SimulatedWorker

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.reports import Statistics
    from tests.simulation.bridge import SimulatedBridge
    from tests.simulation.scheduler import Process

RESTART_MAX_S = 0.5
CLIENT_TRIES = 6
TELLING_S = 1.0
"""In which an API that has a session has certainly told the worker what it remembers."""
AGAIN, AGAIN_WITHIN_S = 3, {"again": 4.0, "soon": 1.5}
"""Some clients send a payment so often again, so that it comes to two workers and through two APIs."""
DRAIN_S = 2.0
"""Shorter than in earnest, so that some are left behind."""


class World:
    """What there is, and what may happen to it: ``plan.py`` names these methods.

    Args:
        seed: the seed.
        levels: those to draw from.
        trace: whether to note what happens.
    """

    def __init__(self, seed: int, levels: tuple[str, ...], *, trace: bool) -> None:
        self.seed = seed
        chance = random.Random(seed)
        self.plan = plan = draw_plan(seed, chance, levels)
        self.trace = Trace(trace)
        self.violations: list[str] = []
        self.submissions: list[Submission] = []
        self.purges: list[PurgeWindow] = []
        self.last_mark = FeedMark()
        self.cut_short: dict[object, PurgeWindow] = {}
        """Purges of the stream that nobody has answered for."""
        self.purged_to = FeedMark()
        """The last purge of the stream that was carried out for certain."""
        self.purging: dict[object, PurgeWindow] = {}
        """Those that the worker was asked for and hasn't ended."""
        self.scheduler = self.trace.scheduler = Scheduler(chance, self.trace.note if trace else None)
        self.chance = chance
        self.clock = SimulatedClock(self.scheduler)
        self.chaos = Chaos(self.scheduler, chance, plan.chaos_share, plan.chaos_target, plan.chaos_crashes)
        self.scheduler.wrap = self.chaos.wrap
        self.disk = SimulatedDisk()
        self.disk.failure_share = plan.disk_failure_share
        self.processors = {name: SimulatedProcessor(name, self.scheduler, self.trace.note) for name in plan.faults}
        for name, faults in plan.faults.items():
            self.processors[name].faults = faults
            self.processors[name].grudges = dict(plan.grudges.get(name, {}))
        self.healed = False
        self.incarnation = 0
        self.worker: SimulatedWorker | None = None
        self.start_worker()
        self.apis = [
            SimulatedApi(f"api-{number}", plan, self.scheduler, self.bridge, self.trace.note) for number in (1, 2)
        ]
        self.person = Person(seed, self.scheduler, lambda: self.worker, self.processors, self.apis, self.trace.note)

    def start_worker(self) -> None:
        self.incarnation += 1
        store = self.store if self.plan.level in {"background", "durable"} else None
        incarnation = self.incarnation
        self.worker = SimulatedWorker(
            self.scheduler,
            incarnation,
            self.plan.config,
            self.processors,
            clock=self.clock,
            chaos=self.chaos,
            store=store,
            durable=self.plan.level == "durable",
            on_failure=lambda: self.scheduler.later(0.0, lambda: self.end_worker(incarnation)),
            on_purge=self.note_purge,
        )
        self.trace.note("worker starts", incarnation)

    def store(self, process: Process) -> SimulatedStore:
        return SimulatedStore(self.disk, self.scheduler, process, self.trace.note, self.plan.config.sizes.sum_ms)

    def bridge(self) -> SimulatedBridge | None:
        """The bridge that an API can connect to now."""
        bridge = None if self.worker is None else self.worker.bridge
        return None if bridge is None or bridge.is_draining else bridge

    def end_worker(self, incarnation: int) -> None:
        worker = self.worker
        if worker is None or worker.incarnation != incarnation:
            return
        self.trace.note("worker dies", incarnation)
        self.worker = None
        worker.kill()
        for purge in list(self.purging):
            self.note_purge(purge, "cut short")
        self.look_at_supervisor(worker)
        self.scheduler.later(self.chance.random() * RESTART_MAX_S, self.start_worker)

    def look_at_supervisor(self, worker: SimulatedWorker) -> None:
        self.violations += [f"bug: {each}" for each in worker.crashes.bugs]
        self.violations += [f"hasty: {each}" for each in sorted(worker.knowledge.hasty)]
        if not self.purges:  # an id may stand for two payments, before and after a purge
            self.violations += [f"misplaced: {each}" for each in worker.knowledge.misplaced]
        letters = worker.supervisor.dead_letters.counts
        if letters and not self.chaos.crashes and worker.process.alive:
            self.violations.append(f"dead letters: {dict(letters)}")

    def pay(self, payment_id: bytes, cents: int, traced_at_us: int, style: str) -> None:
        if self.chaos.share and self.chance.random() < self.plan.poisonous_share:
            self.chaos.poisonous.add(payment_id)
        self.submit(Payment(payment_id, cents, traced_at_us), CLIENT_TRIES)
        if style == "plain":
            return
        if style == "old":
            self.scheduler.later(1.0 + 3.0 * self.chance.random(), lambda: self.repeat_old(payment_id, cents))
            return
        other = Payment(payment_id, cents + 1 if style == "conflict" else cents, traced_at_us)
        for _ in range(AGAIN if style in AGAIN_WITHIN_S else 1):
            most_s = (AGAIN_WITHIN_S | {"at once": 0.1}).get(style) or self.chance.choice((0.0, 0.5, 4.0))
            self.scheduler.later(most_s * self.chance.random(), lambda: self.submit(other, CLIENT_TRIES))

    def repeat_old(self, payment_id: bytes, cents: int) -> None:
        """Send a payment again that may have left the worker's memory: with a wrong amount, and right, all at once and
        once more, when what was found out should be remembered."""
        for pause_s in (0.0, 0.5):
            for payment in (Payment(payment_id, cents + 1), Payment(payment_id, cents), Payment(payment_id, cents + 1)):
                soon_s = pause_s + 0.02 * self.chance.random()
                self.scheduler.later(soon_s, partial(self.submit, payment, 1))

    def submit(self, payment: Payment, tries: int) -> None:
        submission = Submission(payment, self.scheduler.now_s)
        first_s = min(
            (each.at_s for each in self.submissions if each.payment.payment_id == payment.payment_id),
            default=submission.at_s,
        )
        if any(purge.ended_s >= first_s for purge in self.purges):
            return  # an id of before a purge is not used again
        self.submissions.append(submission)
        api = self.chance.choice(self.apis)
        self.trace.note(f"{api.name} is given", payment)
        api.submit(submission)
        submission.too_early = self.is_too_early(api)
        if tries > 1:
            self.scheduler.later(0.1 + self.chance.random() * 0.5, lambda: self.try_again(submission, tries - 1))

    def is_too_early(self, api: SimulatedApi) -> bool:
        """Whether an API knows no earlier worker, and the others had no time yet to tell this one what they know."""
        incarnation = api.session.incarnation
        if incarnation <= 1 or any(each < incarnation for each in api.life.met_s):
            return False
        told_s = (each.life.met_s.get(incarnation, float("inf")) + TELLING_S for each in self.apis if each is not api)
        return max(told_s) > self.scheduler.now_s

    def try_again(self, submission: Submission, tries: int) -> None:
        if submission.answer in {"unavailable", "lost"} and self.chance.random() < 0.8:
            self.submit(submission.payment, tries)

    def break_connection(self, number: int) -> None:
        self.apis[number].lose_connection()

    def keep_api_away(self, number: int, lapse_s: float) -> None:
        self.apis[number].away_until_s = self.scheduler.now_s + lapse_s

    def crash_api(self, number: int) -> None:
        self.apis[number].crash()

    def crash_worker(self) -> None:
        self.end_worker(self.incarnation)

    def drain_worker(self) -> None:
        worker = self.worker
        if worker is not None and worker.bridge is not None and not worker.bridge.is_draining:
            worker.drain(DRAIN_S, lambda: self.end_worker(worker.incarnation))

    def jump_clock(self, jump_ms: int) -> None:
        self.clock.jumped_ms += jump_ms

    def fail_processor(self, name: str, lapse_s: float) -> None:
        processor = self.processors[name]
        processor.failing = not self.healed
        self.scheduler.later(lapse_s, lambda: setattr(processor, "failing", False))

    def slow_processor(self, name: str, lapse_s: float, delay_s: float) -> None:
        processor = self.processors[name]
        processor.delay_s = delay_s
        self.scheduler.later(lapse_s, lambda: setattr(processor, "delay_s", 0.005))

    def unroute_processor(self, name: str, lapse_s: float, health_is_routed: bool) -> None:
        """A front loses its route: of all faults the one that may come, and pass, after the others have stopped."""
        processor = self.processors[name]
        processor.unrouted += 1
        processor.health_is_routed = health_is_routed
        self.scheduler.later(lapse_s, lambda: setattr(processor, "unrouted", processor.unrouted - 1))

    def fill_disk(self, lapse_s: float) -> None:
        self.disk.full = True
        self.scheduler.later(lapse_s, lambda: setattr(self.disk, "full", False))

    def freeze_disk(self, lapse_s: float) -> None:
        self.disk.frozen += 1

        def thaw() -> None:
            self.disk.frozen -= 1

        self.scheduler.later(lapse_s, thaw)

    def purge(self, number: int) -> None:
        """A purge; with a durable journal it stands in a stream, as a relay would say it."""
        mark = FeedMark()
        if self.plan.level == "durable":
            self.last_mark = mark = FeedMark("stream", self.last_mark.through + 1)
        self.apis[number].purge(mark)

    def purge_again(self, number: int) -> None:
        """The last purge of the stream is delivered once more."""
        if self.last_mark.stream:
            self.apis[number].purge(self.last_mark)

    def note_purge(self, purge: object, what: str) -> None:
        self.trace.note(f"purge {what}")
        if isinstance(purge, FeedMark):
            if self.purged_to.covers(purge):
                return  # it was carried out, and must change nothing more
            if what == "done":
                self.purged_to = purge
        if what == "begun":
            if purge in self.purging:
                return
            if (cut := self.cut_short.get(purge)) is not None:  # it is the same purge, and may have been carried out
                cut.ended_s = math.inf
                self.purging[purge] = cut
                return
            self.purges.append(PurgeWindow(self.scheduler.now_s, self.incarnation))
            self.purging[purge] = self.purges[-1]
        elif (window := self.purging.pop(purge, None)) is not None:  # the intake's word may come twice after a crash
            window.ended_s = self.scheduler.now_s
            window.done = what == "done"
            if isinstance(purge, FeedMark) and not window.done:
                self.cut_short[purge] = window

    def check_counts(self) -> None:
        if self.worker is None or self.worker.bridge is None:
            return
        worker = self.worker

        def ask() -> None:
            with suppress(ActorFailed, MailboxFull, pykka.Timeout):
                self.check_sum(worker.ask(GetCounts()).get())
                worker.ask(GetSummary()).get()  # remembers sums, which later rows must set right

        self.scheduler.spawn("auditor", ask, worker.process)

    def check_sum(self, counts: Statistics) -> None:
        parts = counts.settled + counts.waiting + counts.in_flight + counts.unknown + counts.parked
        if counts.accepted != parts + counts.written_off:
            self.violations.append(f"sum: {counts}")

    def submit_anew(self, number: int, first: int = 0) -> Submission:
        """A payment that nothing stands in the way of any more."""
        submission = Submission(Payment((1000 + first + number).to_bytes(16), 100 + number), self.scheduler.now_s)
        self.submissions.append(submission)
        self.apis[number].submit(submission)
        return submission

    def heal(self) -> None:
        self.trace.note("all faults stop")
        self.healed = True
        self.chaos.stop()
        self.disk.full, self.disk.failure_share = False, 0.0
        for processor in self.processors.values():
            processor.faults, processor.failing, processor.delay_s = Faults(), False, 0.005

    def forgive(self) -> None:
        self.trace.note("nothing is held against any payment")
        for processor in self.processors.values():
            processor.grudges.clear()

    def happens(self, kind: str, arguments: tuple[object, ...]) -> Callable[[], None]:
        def happen() -> None:
            self.trace.note(kind, arguments)
            getattr(self, kind)(*arguments)

        return happen
