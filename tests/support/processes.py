"""Real processes for tests: the simulated processors and the system itself, on free ports, ended whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

START_TIMEOUT_S = 30.0
"""A busy machine takes its time; nothing waits that long if all goes well."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def until(condition: Callable[[], Any], what: str, timeout_s: float = START_TIMEOUT_S) -> Any:
    """Wait until a condition holds, and return its value.

    Raises:
        AssertionError: it doesn't in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline_s, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)
    return value


class Process:
    """A ``rinha`` command that runs, and its log.

    Args:
        arguments: what comes after ``rinha``.
        environ: variables that are set beside those of a clean environment.
        module: what to run instead of ``rinha``.
        prefix: words before the command, of a program that becomes it.
    """

    def __init__(
        self,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        module: str = "rinha",
        prefix: tuple[str, ...] = (),
    ) -> None:
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("RINHA_", "PROCESSOR_"))}
        self.lines: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            (*prefix, sys.executable, "-m", module, *arguments),
            env={**clean, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._errors: list[str] = []
        self._readers = [threading.Thread(target=target) for target in (self._read_log, self._read_errors)]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended: a signal's number below 0; None while it runs."""
        return self._process.poll()

    @property
    def errors(self) -> str:
        """What it wrote to stderr so far."""
        return "".join(self._errors)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log lines of an event so far."""
        return [line for line in self.lines if line["event"] == event]

    def until_logged(self, event: str, count: int = 1) -> dict[str, Any]:
        """Wait for an event's ``count``-th line, and return it."""

        def found() -> dict[str, Any] | None:
            lines = self.logged(event)
            assert self._process.poll() is None or len(lines) >= count, f"ended without {event!r}: {self.errors}"
            return lines[count - 1] if len(lines) >= count else None

        line: dict[str, Any] = until(found, f"log event {event!r} (has {[each['event'] for each in self.lines]})")
        return line

    def send(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    @property
    def resident_bytes(self) -> int:
        """Its resident memory now."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def wait(self, timeout_s: float = START_TIMEOUT_S) -> int:
        """Wait for its end.

        Returns:
            The exit code.
        """
        code = self._process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        return code

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, and wait."""
        self.send(number)
        return self.wait()

    def end(self) -> None:
        """End it and all its children, if they haven't."""
        if self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.send_signal(signal.SIGTERM)
                self._process.wait(10)
        if self._process.poll() is None:
            self._process.kill()  # its children ask the kernel for a SIGTERM when it dies
            self._process.wait(10)
        for reader in self._readers:
            reader.join(10)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _read_log(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(orjson.loads(line))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors.append(line.decode(errors="replace"))


@contextlib.contextmanager
def running(
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    module: str = "rinha",
    prefix: tuple[str, ...] = (),
) -> Iterator[Process]:
    """A ``rinha`` command for the length of the context."""
    process = Process(*arguments, environ=environ, module=module, prefix=prefix)
    try:
        yield process
    finally:
        process.end()


@contextlib.contextmanager
def simulators(host: str = "127.0.0.1") -> Iterator[dict[str, str]]:
    """Both simulated processors on free ports of an address of this machine; yields their URLs by name."""
    with contextlib.ExitStack() as stack:
        processes = {
            name: stack.enter_context(running("simulator", "--name", name, "--port", "0", "--host", host))
            for name in ("default", "fallback")
        }
        ports = {name: process.until_logged("simulator.listening")["port"] for name, process in processes.items()}
        yield {name: f"http://{host}:{port}" for name, port in ports.items()}


def system_environ(urls: Mapping[str, str], directory: Path, **variables: str) -> dict[str, str]:
    """The environment of a system on free ports that uses these processors."""
    return {
        "RINHA_HOST": "127.0.0.1",
        "RINHA_PORT": str(free_port()),
        "RINHA_BRIDGE": f"unix:{directory / 'bridge'}",
        "PROCESSOR_DEFAULT_URL": urls["default"],
        "PROCESSOR_FALLBACK_URL": urls["fallback"],
        **variables,
    }


def until_up(system: Process) -> None:
    """Wait until ``rinha up`` says that it listens."""
    until(lambda: "rinha listens on" in system.errors, "rinha up announces itself")
