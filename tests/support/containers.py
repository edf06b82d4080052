"""The system in containers: a compose project of the tests' own, and what the engine knows of its containers."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
import uuid
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from actors.values import LedgerRow
from tests.support.processes import until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
PROJECT = "rinha-test"
"""The user's own stack has another name and is left alone."""

IMAGE = "rinha-actors-test"
PORT = int(os.environ.get("PUBLISHED_PORT", "9999"))
PROCESSOR_PORTS = {
    "default": int(os.environ.get("PUBLISHED_DEFAULT_PORT", "8001")),
    "fallback": int(os.environ.get("PUBLISHED_FALLBACK_PORT", "8002")),
}
URL = f"http://127.0.0.1:{PORT}"
PROCESSORS = {name: f"http://127.0.0.1:{port}" for name, port in PROCESSOR_PORTS.items()}
SERVICES = ("haproxy", "payment-api-1", "payment-api-2", "payment-worker")
"""The services proper: what the limits hold for."""

COMMAND_TIMEOUT_S = 120.0
BUILD_TIMEOUT_S = 420.0
CONTEST_FILES = ("compose.yaml", "config/compose.contest.yaml")
CONTEST_ENV = "config/contest.env"


def run(
    *command: str, timeout_s: float = COMMAND_TIMEOUT_S, environ: Mapping[str, str] | None = None, root: Path = ROOT
) -> str:
    """Run a command to its end, from the repository's root or another folder.

    Returns:
        What it wrote to stdout.

    Raises:
        AssertionError: it failed; the message has what it wrote.
        subprocess.TimeoutExpired: it took too long.
    """
    done = subprocess.run(
        command, cwd=root, env=environ, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, (
        f"{' '.join(command)} exited {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    )
    return done.stdout


def answers(url: str) -> bool:
    """Whether a GET is answered with 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(200 <= response.status < 300)
    except OSError:
        return False


def taken_port(*ports: int) -> int | None:
    """The first of these ports on which somebody listens already."""
    for port in ports:
        with socket.socket() as sock:
            sock.settimeout(1)
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return port
    return None


class Stack:
    """A compose project.

    Args:
        files: the compose files, from the repository's root.
        project: the project's name.
        env_file: variables for compose; without one, a user's ``.env`` is left out.
        environ: variables beside those of an environment without settings of ours.
        root: the repository's root, to run another version of it.
    """

    def __init__(
        self,
        files: Sequence[str] = ("compose.yaml",),
        *,
        project: str = PROJECT,
        env_file: str = "/dev/null",
        environ: Mapping[str, str] | None = None,
        root: Path = ROOT,
    ) -> None:
        ours = ("RINHA_", "PROCESSOR_", "COMPOSE_")
        clean = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        self.project = project
        self._root = root
        self.environ = {**clean, "RINHA_IMAGE": IMAGE, **(environ or {})}
        self._command = ["docker", "compose", "--progress", "quiet", "--project-name", project, "--env-file", env_file]
        self._command += [part for file in files for part in ("--file", file)]

    def command(self, *arguments: str) -> tuple[str, ...]:
        """A ``docker compose`` command for this project; it needs ``environ``."""
        return (*self._command, *arguments)

    def compose(self, *arguments: str, timeout_s: float = COMMAND_TIMEOUT_S) -> str:
        """Run ``docker compose``; see ``run``."""
        return run(*self.command(*arguments), timeout_s=timeout_s, environ=self.environ, root=self._root)

    def up(self) -> None:
        """Start what doesn't run, and wait until all is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "60")

    def up_until_ready(self, path: str, timeout_s: float = 60.0) -> float:
        """Start all that is there already, and nothing more: images are built, as they are for every later start.

        Args:
            path: of ``URL``; it is ready once this answers with 2xx.
            timeout_s: how long to wait for that.

        Returns:
            When that was, in seconds since the Unix epoch.
        """
        command = self.command("up", "--detach")
        with subprocess.Popen(command, cwd=self._root, env=self.environ, stderr=subprocess.DEVNULL) as up:
            until(partial(answers, f"{URL}{path}"), f"{URL}{path} answers", timeout_s)
            ready_s = time.time()
            assert up.wait(timeout_s) == 0
        return ready_s

    def down(self) -> None:
        """Remove containers, networks and volumes."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")

    def config(self) -> dict[str, Any]:
        """The configuration as compose understands it."""
        document: dict[str, Any] = orjson.loads(self.compose("config", "--format", "json"))
        return document

    def container(self, service: str) -> str:
        """The id of a service's container, running or not."""
        return self.compose("ps", "--all", "--quiet", service).strip()

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine says about a service's container."""
        (document,) = orjson.loads(run("docker", "inspect", self.container(service)))
        return dict(document)

    def run_in(self, service: str, *command: str) -> str:
        """Run a command in a service's container; see ``run``."""
        return self.compose("exec", "--no-TTY", service, *command)

    def logs(self, service: str) -> list[dict[str, Any]]:
        """A service's log lines."""
        text = self.compose("logs", "--no-color", "--no-log-prefix", service)
        return [orjson.loads(line) for line in text.splitlines() if line.startswith("{")]

    def rows(self, service: str = "payment-worker") -> list[LedgerRow]:
        """The books, as a container tells them that may ask for them."""
        rows = map(orjson.loads, self.run_in(service, "rinha", "rows").splitlines())
        return [
            LedgerRow(uuid.UUID(row["id"]).bytes, row["processor"], row["amount_cents"], row["requested_at_ms"])
            for row in rows
        ]

    def exit_codes(self, service: str, since_s: float) -> list[int]:
        """With which codes a service's container ended since an instant (seconds since the Unix epoch)."""
        lines = run(
            *("docker", "events", "--since", f"{since_s:.3f}", "--until", f"{time.time():.3f}"),
            *("--filter", f"container={self.container(service)}", "--filter", "event=die", "--format", "{{json .}}"),
        )
        return [int(orjson.loads(line)["Actor"]["Attributes"]["exitCode"]) for line in lines.splitlines()]


def started_s(inspected: Mapping[str, Any]) -> float:
    """When an inspected container was started, in seconds since the Unix epoch."""
    # The engine states nanoseconds, and Python reads microseconds.
    text = str(inspected["State"]["StartedAt"])
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00").timestamp()


class Usage(NamedTuple):
    """What a container has used of its limits up to now.

    Args:
        cpu_ns: CPU time.
        user_ns: the part of it spent in the program, to within the kernel's clock ticks.
        periods: accounting periods of its CPU limit in which it wanted to run.
        throttled: those in which it was held back.
        memory: bytes that can't be had back: without the part of the page cache that isn't in use.
        memory_limit: bytes.
    """

    cpu_ns: int
    user_ns: int
    periods: int
    throttled: int
    memory: int
    memory_limit: int


def usage(container: str) -> Usage:
    """Ask the engine what a container has used; takes a few milliseconds."""
    path = f"/containers/{container}/stats?stream=false&one-shot=true"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(os.environ.get("DOCKER_HOST", "").removeprefix("unix://") or "/var/run/docker.sock")
        sock.sendall(f"GET /v1.41{path} HTTP/1.0\r\nHost: engine\r\n\r\n".encode())
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    stats = orjson.loads(answer.partition(b"\r\n\r\n")[2])
    cpu, memory = stats["cpu_stats"], stats["memory_stats"]
    cache = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
    return Usage(
        cpu["cpu_usage"]["total_usage"],
        cpu["cpu_usage"]["usage_in_usermode"],
        cpu["throttling_data"]["periods"],
        cpu["throttling_data"]["throttled_periods"],
        memory["usage"] - cache,
        memory["limit"],
    )
