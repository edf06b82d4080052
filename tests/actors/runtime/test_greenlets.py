"""What is gevent's own: its futures, clocks and timers."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from actors.runtime.alarm import Wake
from actors.runtime.clocks import SystemClock
from actors.runtime.greenlets import AlreadyResolved, GeventActor, GeventFuture, GeventTimers

if TYPE_CHECKING:
    from actors.recipient import Recipient

from tests.support.patience import PATIENCE_S


class TestGeventOnly:
    def test_somebody_elses_timeout_passes_through(self) -> None:
        with pytest.raises(gevent.Timeout) as caught, gevent.Timeout(0.01) as theirs:
            GeventFuture().get(timeout=PATIENCE_S)
        assert caught.value is theirs

    def test_a_second_value_is_refused(self) -> None:
        future = GeventFuture()
        future.set(1)
        with pytest.raises(AlreadyResolved):
            future.set(2)

    def test_an_exception_out_of_nowhere_is_one_still(self) -> None:
        future = GeventFuture()
        future.set_exception()
        with pytest.raises(RuntimeError, match="no exception"):
            future.get()

    def test_actors_share_the_thread(self) -> None:
        class Caller(GeventActor):
            def on_receive(self, message: Any) -> Any:
                return message()

        actor = Caller.start()
        assert actor.ask(threading.get_ident, timeout=PATIENCE_S) == threading.get_ident()
        actor.stop(timeout=PATIENCE_S)

    def test_the_clocks_are_the_systems(self) -> None:
        clock = SystemClock()
        before_ns, now_ms, after_ns = time.time_ns(), clock.now_ms(), time.time_ns()
        assert before_ns // 1_000_000 <= now_ms <= after_ns // 1_000_000
        before_s, now_s, after_s = time.monotonic(), clock.monotonic_s(), time.monotonic()
        assert before_s <= now_s <= after_s

    def test_a_timer_never_fires_early_however_busy_the_thread_was(self) -> None:
        """The hub's clock stands still while a greenlet runs; waiting for an instant relies on not being early."""
        fired_s: list[float] = []

        class Listener:
            def tell(self, message: Any) -> None:
                fired_s.append(time.monotonic())

        gevent.sleep(0.001)
        busy_until_s = time.monotonic() + 0.03
        while time.monotonic() < busy_until_s:
            pass
        due_s = time.monotonic() + 0.02
        GeventTimers().tell_after(0.02, Listener(), Wake())
        deadline_s = due_s + PATIENCE_S
        while not fired_s and time.monotonic() < deadline_s:
            gevent.sleep(0.001)
        assert fired_s[0] >= due_s


class TestTimers:
    """The first of two timers is cancelled; when the second has gone off, it would have too."""

    @pytest.fixture
    def heard(self) -> list[Any]:
        return []

    @pytest.fixture
    def listener(self, heard: list[Any]) -> Recipient:
        class Listener:
            def tell(self, message: Any) -> None:
                heard.append(message)

        return Listener()

    def wait(self, heard: list[Any], count: int) -> None:
        with gevent.Timeout(PATIENCE_S):
            while len(heard) < count:
                gevent.sleep(0.001)

    @pytest.mark.parametrize("delay_s", [0.0, 0.001])
    def test_one_that_is_cancelled_never_goes_off(self, heard: list[Any], listener: Recipient, delay_s: float) -> None:
        timers = GeventTimers()
        timer = timers.tell_after(delay_s, listener, "cancelled")
        timers.tell_after(delay_s + 0.001, listener, "kept")
        timer.cancel()
        self.wait(heard, 1)
        assert heard == ["kept"]

    def test_to_cancel_again_or_too_late_is_fine(self, heard: list[Any], listener: Recipient) -> None:
        timers = GeventTimers()
        timer = timers.tell_after(0.0, listener, "first")
        self.wait(heard, 1)
        timer.cancel()
        other = timers.tell_after(0.0, listener, "cancelled")
        other.cancel()
        other.cancel()
        timers.tell_after(0.001, listener, "second")
        self.wait(heard, 2)
        assert heard == ["first", "second"]

    def test_one_may_be_cancelled_while_it_goes_off(self, heard: list[Any]) -> None:
        cancelled: list[bool] = []

        class Canceller:
            def tell(self, message: Any) -> None:
                timer.cancel()
                cancelled.append(True)

        timer = GeventTimers().tell_after(0.0, Canceller(), "once")
        self.wait(cancelled, 1)
