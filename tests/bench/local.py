"""The system as processes of this machine, without limits: ``rinha up`` with the contest's settings."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.bench.meter import Reading
from tests.support.client import our_rows
from tests.support.containers import CONTEST_ENV, ROOT, URL, answers
from tests.support.processes import Process, until, until_up

if TYPE_CHECKING:
    from actors.values import LedgerRow
    from tests.bench.subjects import Preset


class LocalSubject:
    """Processes of this machine; see ``tests.bench.subjects.Subject``.

    Args:
        name: in files and tables.
        preset: how its settings differ from the contest's.
    """

    has_books = True
    is_peer = False
    root = ROOT

    def __init__(self, name: str, preset: Preset) -> None:
        self.name = name
        self._settings = {**_contest_settings(), **preset.environ}
        self._services: dict[str, psutil.Process] = {}

    def start(self) -> dict[str, float]:
        """See ``Subject``."""
        self._directory = tempfile.TemporaryDirectory()
        self._bridge = f"unix:{self._directory.name}/bridge"
        places = {"RINHA_BRIDGE": self._bridge, "RINHA_PORT": URL.rpartition(":")[2]}
        if "RINHA_STORE" in self._settings:
            places["RINHA_STORE"] = f"sqlite:///{self._directory.name}/journal.db"
        self._system = Process("up", environ={**self._settings, **places})
        until_up(self._system)
        until(lambda: answers(f"{URL}/health/ready"), "it is ready")
        ready_s = time.time()
        self._services = {}
        for process in psutil.Process(self._system.pid).children():
            command = process.cmdline()
            if "simulator" not in command:
                self._services[process.environ().get("RINHA_API_NAME", "payment-worker")] = process
        return {name: ready_s - process.create_time() for name, process in self._services.items()}

    def stop(self) -> None:
        """See ``Subject``."""
        self._system.end()
        self._directory.cleanup()

    def read(self) -> dict[str, Reading]:
        """See ``Subject``."""
        readings = {}
        for name, process in self._services.items():
            times, memory = process.cpu_times(), process.memory_info().rss
            cpu_ms = (times.user + times.system) * 1000
            readings[name] = Reading(cpu_ms, times.user * 1000, 0, 0, memory, None, None)
        return readings

    def rows(self) -> list[LedgerRow]:
        """See ``Subject``."""
        return asyncio.run(our_rows(self._bridge))


def _contest_settings() -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", Path(ROOT, CONTEST_ENV).read_text(), re.MULTILINE))
