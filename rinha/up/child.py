"""One child process that is kept alive: started, started again when it dies, stopped within a limit."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import msgspec

from rinha.process import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)

FIRST_DELAY_S = 0.2
MAX_DELAY_S = 2.0
RESET_AFTER_S = 10.0
"""A child that lived so long starts over with the first delay: its death has little to do with the last one."""

PR_SET_PDEATHSIG = 1
"""From Linux's <sys/prctl.h>."""

_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class ChildSpec(msgspec.Struct, frozen=True):
    """How to start one child.

    Args:
        name: its name in logs.
        argv: program and arguments.
        environ: its whole environment.
        pass_fds: file descriptors that it inherits, beside the standard streams.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    pass_fds: tuple[int, ...] = ()


class Child:
    """Keeps one process alive, on the running asyncio loop.

    Args:
        spec: what to run.
        is_final: asked with the exit code of a process that ended by itself; if true it isn't started again.
    """

    def __init__(self, spec: ChildSpec, is_final: Callable[[str, int], bool]) -> None:
        self.spec = spec
        self.exit_code: int | None = None
        self._is_final = is_final
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop_signal: signal.Signals | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Start the process, and keep it running until ``stop``."""
        self._task = asyncio.create_task(self._keep_alive(), name=self.spec.name)

    async def stop(self, timeout_s: float) -> int:
        """Send SIGTERM, and SIGKILL to its whole process group if it hasn't ended within ``timeout_s``.

        Returns:
            Its last exit code; negative if a signal ended it.
        """
        if self._task is None:
            return 0
        self._send(signal.SIGTERM)
        done, _ = await asyncio.wait({self._task}, timeout=timeout_s)
        if not done:
            logger.error("up.child_killed", extra={"child": self.spec.name, "timeout_s": timeout_s})
            self.kill()
        await self._task
        return self.exit_code or 0

    def kill(self) -> None:
        """Kill its whole process group now; it isn't started again."""
        self._send(signal.SIGKILL)

    def _send(self, what: signal.Signals) -> None:
        self._stop_signal = what
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            _signal_process(self._process.pid, what)

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        delay_s = FIRST_DELAY_S
        while not self._stopping.is_set():
            started_s = loop.time()
            self.exit_code = await self._live()
            if self._stopping.is_set() or self._is_final(self.spec.name, self.exit_code):
                return
            if loop.time() - started_s >= RESET_AFTER_S:
                delay_s = FIRST_DELAY_S
            logger.warning(
                "up.child_died", extra={"child": self.spec.name, "exit_code": self.exit_code, "restart_in_s": delay_s}
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)
            delay_s = min(delay_s * 2, MAX_DELAY_S)

    async def _live(self) -> int:
        try:
            process = await asyncio.create_subprocess_exec(
                *self.spec.argv,
                env=self.spec.environ,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=self.spec.pass_fds,
                # Ctrl-C in a terminal goes to the foreground process group: to us alone.
                start_new_session=True,
                preexec_fn=_end_with_parent(os.getpid()),
            )
        except OSError as error:
            logger.error("up.child_not_started", extra={"child": self.spec.name, "error": str(error)})
            return ExitCode.FAILED
        self._process = process
        logger.debug("up.child_started", extra={"child": self.spec.name, "child_pid": process.pid})
        if self._stop_signal is not None:
            _signal_process(process.pid, self._stop_signal)
        return await process.wait()


def _signal_process(pid: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        if what is signal.SIGKILL:
            os.killpg(pid, what)
        else:
            os.kill(pid, what)


def _end_with_parent(parent_pid: int) -> Callable[[], None] | None:
    """Make what runs in the child before the program: ask for SIGTERM should the parent die, even by SIGKILL.

    SIGTERM, because a worker then still settles what it has acknowledged.
    """
    prctl = _prctl
    if prctl is None:
        return None

    def request() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:  # it died before the request
            os._exit(1)

    return request
