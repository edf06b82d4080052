"""Other systems as subjects: a compose file each, outside the repository, started as it stands there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from tests.bench.subjects import ContainerSubject
from tests.support.containers import BUILD_TIMEOUT_S, ROOT, Stack, run

if TYPE_CHECKING:
    from pathlib import Path

PEER = "peer-"
"""Begins the names of such subjects."""

COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""What compose looks for, in its order."""

READY_PATH = "/payments-summary"
"""What the contest asks a system until it answers."""

READY_TIMEOUT_S = 90.0


class PeerError(Exception):
    """Whoever named the folder of peers made a mistake."""


class PeerSubject(ContainerSubject):
    """A system that is only known by the contest's endpoints; see ``Subject``.

    Args:
        name: see ``Subject``.
        file: its compose file; what it names is looked for from its folder, as is a ``.env``.
    """

    is_peer = True
    ready_path = READY_PATH
    ready_timeout_s = READY_TIMEOUT_S

    def __init__(self, name: str, file: Path) -> None:
        environ = file.parent / ".env"
        env_file = str(environ) if environ.exists() else "/dev/null"
        super().__init__(name, Stack([str(file)], env_file=env_file, root=file.parent), services=())
        self.file = file

    def build(self) -> None:
        """Get its images: what it builds is built, the others come from where they are."""
        self._stack.compose("build", timeout_s=BUILD_TIMEOUT_S)

    def inspected(self) -> dict[str, dict[str, Any]]:
        """All its containers that run, by service: every one counts."""
        identifiers = self._stack.compose("ps", "--quiet").split()
        documents = orjson.loads(run("docker", "inspect", *identifiers)) if identifiers else []
        return {service_name(each): each for each in documents}


def service_name(inspected: dict[str, Any]) -> str:
    """Of an inspected container: its service's, and its number if it isn't the first."""
    labels = inspected["Config"]["Labels"]
    service, number = labels["com.docker.compose.service"], labels.get("com.docker.compose.container-number", "1")
    return str(service if number == "1" else f"{service}-{number}")


def find_peers(directory: Path) -> list[PeerSubject]:
    """The peers of a folder: each compose file in it, and each folder in it that has one.

    Args:
        directory: outside the repository.

    Returns:
        They, by name, which is ``peer-`` and the folder's or the file's.

    Raises:
        PeerError: it isn't there, lies in the repository, or has none.
    """
    folder = directory.resolve()
    if not folder.is_dir():
        raise PeerError(f"{directory} is no folder")
    if folder.is_relative_to(ROOT):
        raise PeerError(f"{directory} lies in the repository: nothing of a peer belongs there")
    found: dict[str, Path] = {}
    for each in sorted(folder.iterdir()):
        inside = [each / name for name in COMPOSE_NAMES if (each / name).is_file()]
        if inside:
            found.setdefault(peer_name(each.name), inside[0])
        elif each.is_file() and each.name in COMPOSE_NAMES:
            found.setdefault(peer_name(folder.name), each)
        elif each.is_file() and each.suffix in {".yaml", ".yml"}:
            found.setdefault(peer_name(each.stem), each)
    if not found:
        raise PeerError(f"{directory} has no compose file, nor a folder with one ({', '.join(COMPOSE_NAMES)})")
    return [PeerSubject(name, file) for name, file in found.items()]


def peer_name(text: str) -> str:
    """A subject's name: lower-case letters, digits and hyphens."""
    return PEER + (re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unnamed")
