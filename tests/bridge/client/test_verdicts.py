"""Who waits for verdicts, on a clock that the test moves on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from actors.values import Verdict
from rinha.bridge.client.verdicts import Waiters
from rinha.bridge.errors import OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_S = 10.0


class ManualLoop:
    """As much of an event loop as is needed, with a clock and timers of its own."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.timers: dict[asyncio.TimerHandle, Callable[[], None]] = {}
        self.create_future = asyncio.get_running_loop().create_future

    def time(self) -> float:
        return self.now_s

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, (), self)  # type: ignore[arg-type]
        self.timers[timer] = callback
        return timer

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, timer: asyncio.TimerHandle) -> None:
        del self.timers[timer]

    def go_on(self, seconds: float) -> None:
        """Let time pass; what is due happens at its time."""
        end_s = self.now_s + seconds
        while due := [timer for timer in self.timers if timer.when() <= end_s]:
            timer = min(due)
            self.now_s = timer.when()
            self.timers.pop(timer)()
        self.now_s = end_s


@pytest.fixture
async def loop() -> ManualLoop:
    return ManualLoop()


@pytest.fixture
def waiters(loop: ManualLoop) -> Waiters:
    return Waiters(cast("asyncio.AbstractEventLoop", loop), TIMEOUT_S)


def unknown(future: asyncio.Future[Any]) -> bytes:
    error = future.exception()
    assert isinstance(error, OutcomeUnknown)
    return error.payment_id


async def test_each_waits_its_own_time(loop: ManualLoop, waiters: Waiters) -> None:
    first = waiters.add(1, b"first")
    loop.go_on(4)
    second, third = waiters.add(2, b"second"), waiters.add(3, b"third")
    loop.go_on(TIMEOUT_S - 4 - 0.001)
    assert not first.done()
    loop.go_on(0.001)
    assert unknown(first) == b"first"
    loop.go_on(3.999)
    assert not second.done()
    waiters.decide(3, Verdict.TAKEN)
    loop.go_on(0.001)
    assert unknown(second) == b"second"
    assert third.result() is Verdict.TAKEN


async def test_nothing_is_scheduled_while_nobody_waits(loop: ManualLoop, waiters: Waiters) -> None:
    """So an idle API isn't woken."""
    assert not loop.timers
    for sequence in range(100):
        future = waiters.add(sequence, b"")
        waiters.decide(sequence, Verdict.TAKEN)
        assert await future is Verdict.TAKEN
    assert len(loop.timers) <= 1
    loop.go_on(TIMEOUT_S)
    assert not loop.timers


async def test_who_comes_later_is_given_up_in_time(loop: ManualLoop, waiters: Waiters) -> None:
    """Also when the one whom the timer was for has been told long ago."""
    early = waiters.add(1, b"early")
    waiters.decide(1, Verdict.TAKEN)
    assert await early is Verdict.TAKEN
    loop.go_on(TIMEOUT_S / 2)
    late = waiters.add(2, b"late")
    loop.go_on(TIMEOUT_S - 0.001)
    assert not late.done()
    loop.go_on(0.001)
    assert unknown(late) == b"late"


async def test_all_can_be_given_up_at_once(loop: ManualLoop, waiters: Waiters) -> None:
    waiting, gone = waiters.add(1, b"waiting"), waiters.add(2, b"gone")
    gone.cancel()
    waiters.give_up_all()
    assert unknown(waiting) == b"waiting"
    assert gone.cancelled()
    assert not loop.timers
