"""What each fault of a plan does to the system, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Any

from tests.soak import stores
from tests.support.client import Setting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.soak.keeper import Keeper
    from tests.soak.plan import Strike
    from tests.store.postgres_server import PostgresServer
    from tests.support.lab import Lab
    from tests.support.processes import Process

LIES: tuple[dict[str, Any], ...] = (
    {"kind": "commit-then-500", "probability": 0.4},
    {"kind": "commit-then-drop", "probability": 0.4},
)
SILENCE: dict[str, Any] = {"kind": "hang"}


class Faults:
    """Carries strikes out.

    Args:
        lab: the system.
        keeper: of its processes.
        server: of the journal, if it is in PostgreSQL.
        answers: a file; while it isn't there, the name service is silent for the default processor's name.
    """

    def __init__(self, lab: Lab, keeper: Keeper, server: PostgresServer | None, answers: Path) -> None:
        self._lab = lab
        self._keeper = keeper
        self._server = server
        self._answers = answers
        self._lasting: dict[str, Callable[[Strike], AbstractAsyncContextManager[None]]] = {
            "stopped": self._stopped,
            "full": self._full,
            "frozen": self._frozen,
            "slow": self._slow,
            "failing": self._failing,
            "lying": lambda strike: self._armed(strike.subject, *LIES),
            "silent": lambda strike: self._armed(strike.subject, SILENCE),
            "silent by name": self._without_name,
        }

    async def strike(self, strike: Strike) -> None:
        """Let something fail, and be well again."""
        await asyncio.sleep(strike.begin_s)
        if strike.fault in self._lasting:
            async with self._lasting[strike.fault](strike):
                await asyncio.sleep(strike.last_s)
        elif strike.fault == "crashed":
            assert self._server is not None
            await asyncio.to_thread(stores.crash, self._server)
        elif strike.fault == "drained":
            await self._keeper.drain(self._lab.worker)
        else:
            self._keeper.kill(self._subject(strike))

    def _subject(self, strike: Strike) -> Process:
        apis = self._lab.apis
        return self._lab.worker if strike.subject == "worker" else apis[int(strike.dice * len(apis))]

    @contextlib.asynccontextmanager
    async def _stopped(self, strike: Strike) -> AsyncIterator[None]:
        worker = self._lab.worker
        worker.send(signal.SIGSTOP)
        try:
            yield
        finally:
            worker.send(signal.SIGCONT)

    @contextlib.asynccontextmanager
    async def _full(self, strike: Strike) -> AsyncIterator[None]:
        with stores.full_disk(self._lab.worker):
            yield

    @contextlib.asynccontextmanager
    async def _frozen(self, strike: Strike) -> AsyncIterator[None]:
        assert self._server is not None
        with stores.frozen(self._server):
            yield

    def _slow(self, strike: Strike) -> AbstractAsyncContextManager[None]:
        return self._set(strike.subject, Setting(200 + int(strike.dice * 2800)))

    def _failing(self, strike: Strike) -> AbstractAsyncContextManager[None]:
        return self._set(strike.subject, Setting(0, failing=True))

    @contextlib.asynccontextmanager
    async def _set(self, name: str, setting: Setting) -> AsyncIterator[None]:
        await self._lab.set(**{name: setting})
        try:
            yield
        finally:
            await self._lab.set(**{name: Setting(0)})

    @contextlib.asynccontextmanager
    async def _armed(self, name: str, *faults: dict[str, Any]) -> AsyncIterator[None]:
        await self._lab.arm(name, *faults)
        try:
            yield
        finally:
            await self._lab.arm(name)

    @contextlib.asynccontextmanager
    async def _without_name(self, strike: Strike) -> AsyncIterator[None]:
        """No connection is kept meanwhile, so that each needs the name."""
        self._answers.unlink(missing_ok=True)
        try:
            async with self._armed(strike.subject, {"kind": "reset", "probability": 0.5}):
                yield
        finally:
            self._answers.touch()
