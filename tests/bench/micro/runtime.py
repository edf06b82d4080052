"""What a message costs: told through a pipeline of three actors, and asked, in CPU time of the one thread they share.

CPU time, because it says what a core can do, however busy the host is.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import gevent

from actors.runtime.clocks import SystemClock
from actors.runtime.crashes import Crashes
from actors.runtime.greenlets import GeventActor, SupervisedGeventActor
from actors.runtime.meter import Meter
from actors.runtime.supervisor import Supervisor
from actors.system import UNBOUNDED
from tests.bench.micro.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pykka

    from actors.recipient import Recipient
    from actors.runtime.instruments import AnyInstrument

    Pipeline = tuple[Recipient, Callable[[], None]]

TELLS_PER_S_MIN = 900_000
ASK_US_MAX = 10.0
METER_US_MAX = 0.4
"""What counting and timing may add to a message."""
ASK_TIMEOUT_S = 5.0
STAGES = 3
TURNS = 20
BURST = 1000
"""Messages that wait in the first mailbox at a time: a burst of the contest is some hundreds."""


class Stage(GeventActor):
    """Passes every message on."""

    def __init__(self, following: Recipient) -> None:
        super().__init__()
        self._following = following

    def on_receive(self, message: Any) -> None:
        self._following.tell(message)


class Sink:
    """Counts what arrives."""

    def __init__(self) -> None:
        self.received = 0

    def on_start(self) -> None:
        pass

    def on_receive(self, message: Any) -> None:
        self.received += 1

    def may_retry(self, message: Any) -> bool:
        return False

    def on_give_up(self, message: Any) -> bool:
        return False


class Link(Sink):
    """Passes every message on, as a guarded behaviour."""

    def __init__(self, following: Recipient) -> None:
        super().__init__()
        self._following = following

    def on_receive(self, message: Any) -> None:
        self._following.tell(message)


class End(GeventActor):
    """Counts what arrives, and answers each message with itself."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def on_receive(self, message: Any) -> Any:
        self._sink.on_receive(message)
        return message


class Running:
    """A pipeline, which stops at the end of its context.

    Args:
        make: starts one.
    """

    def __init__(self, make: Callable[[Sink], Pipeline]) -> None:
        self._sink = Sink()
        self._first, self._stop = make(self._sink)

    def __enter__(self) -> Self:
        gevent.idle()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop()

    def tells_per_s(self, messages: int, burst: int) -> float:
        """Send messages through it, ``burst`` at a time; all its stages' count."""
        received = self._sink.received
        begun_s = time.process_time()
        for _ in range(messages // burst):
            for number in range(burst):
                self._first.tell(number)
            gevent.idle()
        spent_s = time.process_time() - begun_s
        told = messages // burst * burst
        assert self._sink.received == received + told
        return STAGES * told / spent_s


def figures(*, runs: int = 5, messages: int = 100_000, asks: int = 20_000) -> list[Figure]:
    """Measure.

    Args:
        runs: how often each is repeated.
        messages: through the pipeline, per run; each is told three times.
        asks: per run.
    """
    plain, one_by_one, guarded, metered, added_us, ask_us = [], [], [], [], [], []
    for _ in range(runs):
        plain.append(_tells_per_s(_plain_pipeline, messages, BURST))
        one_by_one.append(_tells_per_s(_plain_pipeline, messages // 10, 1))
        guarded.append(_tells_per_s(_guarded_pipeline, messages, BURST))
        metered.append(_tells_per_s(_metered_pipeline, messages, BURST))
        added_us.append(_meter_adds_us(max(messages // TURNS, BURST)))
        ask_us.append(_ask_us(asks))
    pipeline = f"tells through {STAGES} actors"
    return [
        Figure(pipeline, "tells/s", plain, TELLS_PER_S_MIN, more_is_better=True),
        Figure(f"{pipeline}, one message at a time", "tells/s", one_by_one),
        Figure(f"{pipeline}, guarded as the worker's", "tells/s", guarded),
        Figure(f"{pipeline}, guarded, counted and timed", "tells/s", metered),
        Figure("what counting and timing adds to a tell", "µs", added_us, METER_US_MAX),
        Figure("ask, round trip", "µs", ask_us, ASK_US_MAX),
    ]


def _tells_per_s(make: Callable[[Sink], Pipeline], messages: int, burst: int) -> float:
    with Running(make) as pipeline:
        return pipeline.tells_per_s(messages, burst)


def _meter_adds_us(messages: int) -> float:
    """What a meter adds to a tell: the least of many short turns with one, less that without, turn by turn.

    The difference of two long runs would be what the host did to one of them. Both pipelines last for all turns: an
    actor's first messages in a second are all timed, which would be a tenth of those of one that lives for a turn.
    """
    with Running(_guarded_pipeline) as unseen, Running(_metered_pipeline) as seen:
        turns = [(unseen.tells_per_s(messages, BURST), seen.tells_per_s(messages, BURST)) for _ in range(TURNS)]
    return 1e6 / max(rate for _, rate in turns) - 1e6 / max(rate for rate, _ in turns)


def _plain_pipeline(sink: Sink) -> Pipeline:
    refs: list[pykka.ActorRef[Any]] = [End.start(sink)]
    for _ in range(STAGES - 1):
        refs.append(Stage.start(refs[-1]))

    def stop() -> None:
        for ref in reversed(refs):
            ref.stop(timeout=ASK_TIMEOUT_S)

    return refs[-1], stop


def _guarded_pipeline(sink: Sink, instruments: Sequence[AnyInstrument] = ()) -> Pipeline:
    clock = SystemClock()
    supervisor = Supervisor(
        SupervisedGeventActor,
        clock,
        Crashes(clock, lambda: None),
        unbounded=UNBOUNDED,
        instruments=instruments,
    )
    first = supervisor.start(f"stage-{STAGES}", lambda me: sink, capacity=2 * BURST)
    for number in range(STAGES - 1, 0, -1):
        link = Link(first)
        first = supervisor.start(f"stage-{number}", partial(_always, link), capacity=2 * BURST)
    return first, lambda: supervisor.stop(ASK_TIMEOUT_S)


def _metered_pipeline(sink: Sink) -> Pipeline:
    return _guarded_pipeline(sink, [Meter()])


def _always(behaviour: Sink, me: Recipient) -> Sink:
    return behaviour


def _ask_us(asks: int) -> float:
    ref = End.start(Sink())
    try:
        begun_s = time.process_time()
        for number in range(asks):
            assert ref.ask(number, timeout=ASK_TIMEOUT_S) == number
        return (time.process_time() - begun_s) / asks * 1e6
    finally:
        ref.stop(timeout=ASK_TIMEOUT_S)
