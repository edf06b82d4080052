"""Children in stages: started in order, kept alive, stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from typing import TYPE_CHECKING

import msgspec

from rinha.process import ExitCode, ended_by
from rinha.up.child import Child, ChildSpec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

logger = logging.getLogger(__name__)

ECHO_S = 0.2
"""A signal that follows another one so soon is the same wish: make, for one, passes on what its whole process group
has got already.
"""


class Stage(msgspec.Struct, frozen=True):
    """Children that are started and stopped together.

    Args:
        children: how to start them.
        until_ready: returns once they do their work; the next stage waits for it.
    """

    children: tuple[ChildSpec, ...]
    until_ready: Callable[[], Awaitable[None]] | None = None


class Supervisor:
    """Runs stages of children until it is told to end.

    Args:
        stages: in the order of starting.
        stop_timeout_s: how long a child may take to end before it is killed.
        on_ready: called once every stage is ready.
        on_waiting: called once for each child that can't start for lack of something, by its name; it is tried again.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        stop_timeout_s: float,
        on_ready: Callable[[], None],
        on_waiting: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._stages = [([Child(spec, self._is_final) for spec in stage.children], stage) for stage in stages]
        self._stop_timeout_s = stop_timeout_s
        self._on_ready = on_ready
        self._on_waiting = on_waiting
        self._waiting: set[str] = set()
        self._ready = False
        self._refused = False
        self._ending = asyncio.Event()
        self._asked_at_s = 0.0
        self._cut_short_by = 0

    def end(self, signum: int) -> None:
        """End as a signal asks: in order the first time, at once the second time."""
        now_s = time.monotonic()
        if not self._asked_at_s:
            self._asked_at_s = now_s
            self._ending.set()
        elif now_s - self._asked_at_s > ECHO_S:
            self._cut_short_by = signum
            self._kill_all()

    async def run(self) -> int:
        """Start everything, and keep it alive until ``end`` is called or a child refuses to start.

        Returns:
            ``OK`` if every child ended well, ``FAILED`` if not, ``REFUSED`` if a child refused to start before the
            system was ready, ``ended_by`` the second signal if one cut the stop short. No child is left running.
        """
        try:
            starting = asyncio.create_task(self._start())
            starting.add_done_callback(self._started)
            await self._ending.wait()
            starting.cancel()
            await asyncio.wait({starting})
            clean = await self._stop()
        finally:
            self._kill_all()
        if self._cut_short_by:
            return ended_by(self._cut_short_by)
        if self._refused:
            return ExitCode.REFUSED
        if not starting.cancelled() and (error := starting.exception()):
            raise error
        return ExitCode.OK if clean else ExitCode.FAILED

    async def _start(self) -> None:
        for children, stage in self._stages:
            for child in children:
                child.start()
            if stage.until_ready is not None:
                await stage.until_ready()
        self._ready = True
        self._on_ready()

    def _started(self, starting: asyncio.Task[None]) -> None:
        if starting.cancelled() or starting.exception() is not None:
            self._ending.set()

    async def _stop(self) -> bool:
        clean = True
        for children, _ in reversed(self._stages):
            codes = await asyncio.gather(*(child.stop(self._stop_timeout_s) for child in children))
            for child, code in zip(children, codes, strict=True):
                # Children that do their work handle SIGTERM; it ends only those that haven't begun and hold nothing.
                if code not in (ExitCode.OK, -signal.SIGTERM):
                    logger.error("up.child_failed", extra={"child": child.spec.name, "exit_code": code})
                    clean = False
        return clean

    def _is_final(self, name: str, exit_code: int) -> bool:
        if exit_code == ExitCode.UNAVAILABLE and name not in self._waiting:
            self._waiting.add(name)
            self._on_waiting(name)
        if exit_code != ExitCode.REFUSED or self._ready:
            return False
        logger.error("up.child_refused", extra={"child": name, "exit_code": exit_code})
        self._refused = True
        self._ending.set()
        return True

    def _kill_all(self) -> None:
        for children, _ in self._stages:
            for child in children:
                child.kill()
