"""What Pykka's thread actors and our gevent actors both promise."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

import gevent
import gevent.event
import pykka
import pytest

from actors.runtime.greenlets import AlreadyResolved, GeventActor, GeventFuture
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Gate(Protocol):
    """An event of threads or of greenlets."""

    def wait(self) -> object: ...

    def set(self) -> None: ...


class Echo(pykka.Actor):
    """Notes what it is told, replies with what it is asked, calls what is callable; it tells its life to ``life``."""

    def __init__(self, life: list[Any]) -> None:
        super().__init__()
        self.life = life

    def on_start(self) -> None:
        self.life.append("started")

    def on_stop(self) -> None:
        self.life.append("stopped")

    def on_failure(self, *_exc_info: Any) -> None:
        self.life.append("failed")

    def on_receive(self, message: Any) -> Any:
        reply = message() if callable(message) else message
        self.life.append(message)
        return reply


class ThreadEcho(Echo, pykka.ThreadingActor):
    """The contract's other party."""


class GeventEcho(Echo, GeventActor):
    """Ours."""


@pytest.fixture(params=[ThreadEcho, GeventEcho], ids=["threads", "gevent"])
def actor_type(request: pytest.FixtureRequest, no_threads_left: None) -> Iterator[type[Echo]]:
    kind: type[Echo] = request.param
    yield kind
    pykka.ActorRegistry.stop_all(timeout=PATIENCE_S)


@pytest.fixture
def life() -> list[Any]:
    return []


@pytest.fixture
def echo(actor_type: type[Echo], life: list[Any]) -> pykka.ActorRef[Echo]:
    return actor_type.start(life)


@pytest.fixture
def pause(actor_type: type[Echo]) -> Callable[[float], None]:
    return gevent.sleep if actor_type is GeventEcho else time.sleep


@pytest.fixture
def gate(actor_type: type[Echo]) -> Iterator[Gate]:
    """What an actor waits at until the test lets it go on."""
    gate: Gate = gevent.event.Event() if actor_type is GeventEcho else threading.Event()
    yield gate
    gate.set()


def until_dead(echo: pykka.ActorRef[Echo], pause: Callable[[float], None]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while echo.is_alive() or pykka.ActorRegistry.get_by_urn(echo.actor_urn):
        assert time.monotonic() < deadline
        pause(0.001)


def fail() -> None:
    raise ValueError("from the actor")


class TestMessages:
    def test_tells_are_handled_in_order(self, echo: pykka.ActorRef[Echo], life: list[Any]) -> None:
        for number in range(100):
            echo.tell(number)
        echo.ask("done", timeout=PATIENCE_S)
        assert life == ["started", *range(100), "done"]

    def test_an_ask_is_answered(self, echo: pykka.ActorRef[Echo]) -> None:
        assert echo.ask("question", timeout=PATIENCE_S) == "question"

    def test_a_tell_returns_nothing(self, echo: pykka.ActorRef[Echo]) -> None:
        answer: Any = echo.tell("news")  # type: ignore[func-returns-value]  # that is the claim
        assert answer is None

    def test_an_ask_need_not_block(self, echo: pykka.ActorRef[Echo]) -> None:
        futures = [echo.ask(number, block=False) for number in range(3)]
        assert pykka.get_all(futures, timeout=PATIENCE_S) == [0, 1, 2]

    def test_a_reply_can_be_read_again(self, echo: pykka.ActorRef[Echo]) -> None:
        future = echo.ask("question", block=False)
        assert future.get(timeout=PATIENCE_S) == future.get(timeout=0) == "question"

    def test_an_actor_can_ask_another(self, actor_type: type[Echo], echo: pykka.ActorRef[Echo]) -> None:
        other = actor_type.start([])
        assert echo.ask(lambda: other.ask("question", timeout=PATIENCE_S), timeout=PATIENCE_S) == "question"


class TestFailures:
    def test_an_exception_goes_to_whoever_asked_and_the_actor_goes_on(self, echo: pykka.ActorRef[Echo]) -> None:
        with pytest.raises(ValueError, match="from the actor") as caught:
            echo.ask(fail, timeout=PATIENCE_S)
        assert "fail" in [entry.name for entry in caught.traceback]
        assert echo.ask("still there", timeout=PATIENCE_S) == "still there"

    def test_an_exception_from_a_tell_stops_the_actor(
        self, echo: pykka.ActorRef[Echo], life: list[Any], pause: Callable[[float], None]
    ) -> None:
        echo.tell(fail)
        until_dead(echo, pause)
        assert life == ["started", "failed"]

    def test_a_failing_start_leaves_a_dead_actor(
        self, actor_type: type[Echo], life: list[Any], pause: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(actor_type, "on_start", lambda self: fail())
        echo = actor_type.start(life)
        until_dead(echo, pause)
        assert life == []

    def test_a_late_reply_times_out_and_can_be_had_later(self, echo: pykka.ActorRef[Echo], gate: Gate) -> None:
        echo.tell(gate.wait)
        future = echo.ask("late", block=False)
        with pytest.raises(pykka.Timeout):
            future.get(timeout=0.01)
        gate.set()
        assert future.get(timeout=PATIENCE_S) == "late"


class TestEnd:
    def test_a_stop_comes_after_earlier_messages(self, echo: pykka.ActorRef[Echo], life: list[Any]) -> None:
        echo.tell("first")
        echo.tell("second")
        assert echo.stop(timeout=PATIENCE_S)
        assert life == ["started", "first", "second", "stopped"]

    def test_stopping_empties_the_registry(self, echo: pykka.ActorRef[Echo]) -> None:
        assert pykka.ActorRegistry.get_all() == [echo]
        echo.stop(timeout=PATIENCE_S)
        assert pykka.ActorRegistry.get_all() == []
        assert not echo.is_alive()

    def test_stopping_twice_is_fine(self, echo: pykka.ActorRef[Echo], life: list[Any]) -> None:
        assert echo.stop(timeout=PATIENCE_S)
        assert not echo.stop(timeout=PATIENCE_S)
        assert life == ["started", "stopped"]

    def test_a_dead_actor_takes_nothing(self, echo: pykka.ActorRef[Echo]) -> None:
        echo.stop(timeout=PATIENCE_S)
        with pytest.raises(pykka.ActorDeadError):
            echo.ask("question", timeout=PATIENCE_S)
        with pytest.raises(pykka.ActorDeadError):
            echo.tell("news")

    def test_asks_behind_a_stop_are_told_that_it_is_dead(
        self, echo: pykka.ActorRef[Echo], life: list[Any], gate: Gate
    ) -> None:
        echo.tell(gate.wait)
        stopped = echo.stop(block=False)
        pending = echo.ask("too late", block=False)
        gate.set()
        with pytest.raises(pykka.ActorDeadError):
            pending.get(timeout=PATIENCE_S)
        assert stopped.get(timeout=PATIENCE_S)
        assert "too late" not in life

    def test_stopping_waits_for_the_actor_only_so_long(
        self, echo: pykka.ActorRef[Echo], gate: Gate, pause: Callable[[float], None]
    ) -> None:
        echo.tell(gate.wait)
        with pytest.raises(pykka.Timeout):
            echo.stop(timeout=0.01)
        gate.set()
        until_dead(echo, pause)


class TestFuture:
    @pytest.fixture
    def future(self, actor_type: type[Echo]) -> pykka.Future[Any]:
        return GeventFuture() if actor_type is GeventEcho else pykka.ThreadingFuture()

    def test_it_holds_one_value(self, future: pykka.Future[Any]) -> None:
        future.set("value")
        again: list[Callable[[], None]] = [
            lambda: future.set("other"),
            future.set_exception,
            lambda: future.set_get_hook(lambda timeout: None),
        ]
        for attempt in again:
            with pytest.raises((queue.Full, AlreadyResolved)):
                attempt()
        assert future.get() == "value"

    def test_it_can_hold_none(self, future: pykka.Future[Any]) -> None:
        future.set()
        assert future.get(timeout=0.1) is None

    def test_it_raises_the_exception_that_is_being_handled(self, future: pykka.Future[Any]) -> None:
        try:
            fail()
        except ValueError:
            future.set_exception()
        for _ in range(2):
            with pytest.raises(ValueError, match="from the actor"):
                future.get()

    def test_it_raises_the_exception_given(self, future: pykka.Future[Any]) -> None:
        future.set_exception((KeyError, KeyError("given"), None))
        with pytest.raises(KeyError, match="given"):
            future.get()

    def test_it_makes_an_exception_of_a_type_alone(self, future: pykka.Future[Any]) -> None:
        future.set_exception((KeyError, None, None))
        with pytest.raises(KeyError):
            future.get()

    def test_a_hook_finds_the_value_once(self, future: pykka.Future[Any]) -> None:
        timeouts: list[float | None] = []

        def hook(timeout: float | None) -> str:
            timeouts.append(timeout)
            return "found"

        future.set_get_hook(hook)
        assert (future.get(timeout=3), future.get(timeout=4)) == ("found", "found")
        assert timeouts == [3]
        with pytest.raises((queue.Full, AlreadyResolved)):
            future.set("other")

    def test_it_can_be_mapped(self, future: pykka.Future[Any]) -> None:
        doubled = future.map(lambda value: value * 2)
        future.set(21)
        assert doubled.get(timeout=PATIENCE_S) == 42

    def test_none_comes_in_no_time(self, future: pykka.Future[Any]) -> None:
        with pytest.raises(pykka.Timeout):
            future.get(timeout=0)
