"""The worker's answers to the APIs' questions: the actors' own, and those about all processes. Runs on gevent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages.people import GetFeedMark
from rinha.bridge.protocol.wire.own_questions import (
    GetEvents,
    GetFeed,
    GetFigures,
    GetHops,
    GetMetrics,
    GetOverview,
    GetOwnEvents,
    GetOwnFigures,
    GetOwnHops,
    GetOwnPulse,
    GetOwnRanked,
)
from rinha.bridge.protocol.wire.processes import AllEvents, AllHops, AllReports, Feed, NoTraces, ProcessHops
from rinha.bridge.protocol.worker.questioning import Polled
from rinha.logs.configure import RECENT
from rinha.logs.own_events import own_events
from rinha.process import WORKER_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from rinha.bridge.protocol.wire.own_questions import OwnQuestion
    from rinha.bridge.protocol.wire.processes import Traces
    from rinha.logs.recent import RecentRecords
    from rinha.overview.watch import Watch


class NoWatch(Exception):
    """Nobody looks each second; whoever asked goes by other settings than the worker."""


class Answers:
    """Whoever knows, asked.

    Args:
        actors: answers what is the actors' affair; may block or raise.
        run: of this process: 16 hexadecimal digits.
        role: its name.
        place: the worker's shard, of how many, and its journal's id.
        traces: the hops that it remembers.
        records: what it has logged of late.
        watch: looks at the system each second, by ``look``; None if nobody does.
    """

    def __init__(
        self,
        actors: Callable[[Any], Any],
        run: str,
        *,
        role: str = WORKER_ROLE,
        place: tuple[int, int, bytes] = (0, 1, bytes(16)),
        traces: Traces | None = None,
        records: RecentRecords = RECENT,
        watch: Watch | None = None,
    ) -> None:
        self.ask_all: Callable[[OwnQuestion], Polled] = lambda question: Polled((), ())
        """Asks all APIs; that of the bridge, once there is one."""
        self._actors = actors
        self._run = run
        self._role = role
        self._place = place
        self._traces = traces or NoTraces()
        self._records = records
        self._watch = watch

    def answer(self, question: Any) -> Any:
        """Answer a question; may block or raise."""
        match question:
            case GetFigures():
                return AllReports(*self._sorted(GetOwnFigures(), "name"))
            case GetEvents(after):
                processes, missing = self._sorted(GetOwnEvents(after), "role")
                return AllEvents((own_events(self._records, self._role, self._run, after), *processes), missing)
            case GetFeed():
                mark = self._actors(GetFeedMark())
                return Feed(*self._place, mark.stream, mark.through)
            case GetHops(ids, by, number):
                return self._hops(ids) if ids or not by else self._ranked(by, number)
            case GetOverview(after):
                return self._watching.overview(after)
            case GetMetrics():
                return self._watching.metrics()
            case _:
                return self._actors(question)

    @property
    def look_is_due(self) -> bool:
        """Whether the watch should look, a second after it was asked this or later."""
        return self._watch is not None and self._watch.is_due

    def look(self) -> None:
        """Have the watch look at the system; may block or raise."""
        if self._watch is not None:
            after = self._watch.events_after
            polled = self.ask_all(GetOwnPulse(after))
            self._watch.look(own_events(self._records, self._role, self._run, after), polled.answers, polled.missing)

    @property
    def _watching(self) -> Watch:
        if self._watch is None:
            raise NoWatch("the worker measures nothing: RINHA_DASHBOARD is off there")
        return self._watch

    def _sorted(self, question: OwnQuestion, name: str) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        polled = self.ask_all(question)
        return tuple(sorted(polled.answers, key=lambda each: str(getattr(each, name)))), polled.missing

    def _hops(self, ids: tuple[bytes, ...]) -> AllHops:
        processes, missing = self._sorted(GetOwnHops(ids), "role")
        return AllHops((ProcessHops(self._role, self._run, "worker", self._traces.hops(ids)), *processes), missing)

    def _ranked(self, by: str, number: int) -> AllHops:
        own = self._traces.slowest(number) if by == "slowest" else self._traces.failed(number)
        figures: dict[bytes, int] = {}
        for ranked in (own, *self.ask_all(GetOwnRanked(by, number)).answers):
            for figure, payment_id in ranked:
                figures[payment_id] = max(figure, figures.get(payment_id, 0))
        return self._hops(tuple(sorted(figures, key=figures.__getitem__, reverse=True)[:number]))
