"""The journals of soaks, and what can befall them."""

from __future__ import annotations

import contextlib
import resource
import signal
from typing import TYPE_CHECKING

import psutil

from tests.store.postgres_server import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.processes import Process

NOTHING_MORE = 1
"""Bytes of a file at most, while the disk is full."""


@contextlib.contextmanager
def full_disk(worker: Process) -> Iterator[None]:
    """No write of a worker succeeds, for the length of the context."""
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (NOTHING_MORE, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextlib.contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """All processes of a server stand still for the length of the context."""
    postmaster = psutil.Process(server.pid)
    stopped = [postmaster, *postmaster.children(recursive=True)]
    try:
        for each in stopped:
            _send(each, signal.SIGSTOP)
        yield
    finally:
        for each in stopped:
            _send(each, signal.SIGCONT)


def crash(server: PostgresServer) -> None:
    """All processes of a server are gone at once, and it is started again."""
    server.stop(signal.SIGQUIT)
    server.start()


@contextlib.contextmanager
def opened(kind: str, directory: Path) -> Iterator[tuple[str, PostgresServer | None]]:
    """An empty journal for the length of the context: its URL, and its server if it has one."""
    if kind == "sqlite":
        yield f"sqlite:///{directory / 'journal.db'}", None
        return
    server = PostgresServer()
    try:
        server.start()
        yield server.url, server
    finally:
        server.close()


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
