"""What is measured: the system in one of its presets, an earlier version of it, or the floor."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tests.bench.meter import Reading
from tests.support.containers import (
    BUILD_TIMEOUT_S,
    CONTEST_ENV,
    CONTEST_FILES,
    ROOT,
    SERVICES,
    Stack,
    run,
    started_s,
    usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from actors.values import LedgerRow

FLOOR = "floor"
BASE = "base"
BASE_IMAGE = "rinha-actors-base"


class Preset(NamedTuple):
    """The contest's preset, changed.

    Args:
        environ: settings that differ.
        overlays: further compose files, from the repository's root.
    """

    environ: Mapping[str, str] = {}
    overlays: Sequence[str] = ()


PRESETS = {
    "queued": Preset(),
    "received": Preset({"RINHA_ACCEPT": "received"}),
    "durable": Preset(
        {"RINHA_ACCEPT": "durable", "RINHA_STORE": "sqlite:////var/lib/rinha/journal.db"},
        ["config/compose.durable.yaml"],
    ),
    "fastest": Preset({"RINHA_ROUTING": "fastest"}),
}
"""The levels of acceptance, and the other way to choose a processor."""


class Subject(Protocol):
    """Something that takes payments at ``URL``, and may settle them at ``PROCESSORS``.

    Args:
        name: in files and tables.
        has_books: whether it settles payments and keeps books; the floor doesn't.
        is_peer: another system: it knows the contest's endpoints and nothing more.
        root: the repository whose revision is noted: ours, or that of an earlier version.
    """

    name: str
    has_books: bool
    is_peer: bool
    root: Path

    def start(self) -> dict[str, float]:
        """Start it, empty; returns by service after how many seconds, at most, it was ready."""
        ...

    def stop(self) -> None:
        """Remove it, with all that it stored."""
        ...

    def read(self) -> dict[str, Reading]:
        """What each of its services has used up to now."""
        ...

    def rows(self) -> list[LedgerRow]:
        """Its books; not a peer's, which has only sums."""
        ...


class ContainerSubject:
    """A compose project; see ``Subject``. Its image must have been built.

    Args:
        name: see ``Subject``.
        stack: the project.
        services: those that count.
        has_books: see ``Subject``.
        root: see ``Subject``.
    """

    is_peer = False
    ready_path = "/health/ready"
    ready_timeout_s = 60.0

    def __init__(
        self,
        name: str,
        stack: Stack,
        services: Sequence[str] = SERVICES,
        *,
        has_books: bool = True,
        root: Path = ROOT,
    ) -> None:
        self.name = name
        self.has_books = has_books
        self.root = root
        self._stack = stack
        self._services = services
        self._containers: dict[str, str] = {}
        self._cpu_limits: dict[str, float | None] = {}

    def start(self) -> dict[str, float]:
        """See ``Subject``."""
        ready_s = self._stack.up_until_ready(self.ready_path, self.ready_timeout_s)
        inspected = self.inspected()
        self._containers = {service: each["Id"] for service, each in inspected.items()}
        self._cpu_limits = {name: each["HostConfig"]["NanoCpus"] / 1e9 or None for name, each in inspected.items()}
        return {name: ready_s - started_s(each) for name, each in inspected.items()}

    def inspected(self) -> dict[str, dict[str, Any]]:
        """What the engine says of the containers that count, by service."""
        return {service: self._stack.inspect(service) for service in self._services}

    def stop(self) -> None:
        """See ``Subject``."""
        self._stack.down()

    def read(self) -> dict[str, Reading]:
        """See ``Subject``."""
        readings = {}
        for name, container in self._containers.items():
            cpu_ns, user_ns, periods, throttled, memory, memory_limit = usage(container)
            limit = self._cpu_limits[name]
            readings[name] = Reading(cpu_ns / 1e6, user_ns / 1e6, periods, throttled, memory, limit, memory_limit)
        return readings

    def rows(self) -> list[LedgerRow]:
        """See ``Subject``."""
        return self._stack.rows()

    def logs(self) -> list[dict[str, Any]]:
        """The log lines of all its services."""
        return [line for service in self._services for line in self._stack.logs(service)]


def floor() -> ContainerSubject:
    """A balancer that answers by itself."""
    return ContainerSubject(FLOOR, Stack(["tests/bench/floor.yaml"]), ["haproxy"], has_books=False)


def contest(name: str, preset: Preset, *, image: str | None = None, root: Path = ROOT) -> ContainerSubject:
    """The system in a preset.

    Args:
        name: see ``Subject``.
        preset: the settings.
        image: another one than the tests'.
        root: the repository, to take the compose files of another version.
    """
    environ = {**preset.environ, **({"RINHA_IMAGE": image} if image else {})}
    files = (*CONTEST_FILES, *preset.overlays)
    return ContainerSubject(name, Stack(files, env_file=CONTEST_ENV, environ=environ, root=root), root=root)


@contextlib.contextmanager
def processors() -> Iterator[None]:
    """The image of this checkout, and payment processors made of it, for the length of the context."""
    Stack().compose("build", timeout_s=BUILD_TIMEOUT_S)
    stack = Stack(["tests/compose/processors.yaml"], project="rinha-test-processors")
    try:
        stack.up()
        yield
    finally:
        stack.down()


@contextlib.contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """An earlier version of the repository for the length of the context, its image built.

    It comes with its own compose files: an image alone would run with settings that are not its own.

    Args:
        revision: as git takes it.
    """
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory, "base")
        run("git", "worktree", "add", "--detach", str(root), revision)
        try:
            stack = Stack(environ={"RINHA_IMAGE": BASE_IMAGE}, root=root)
            stack.compose("build", timeout_s=BUILD_TIMEOUT_S)
            yield root
        finally:
            run("git", "worktree", "remove", "--force", str(root))
