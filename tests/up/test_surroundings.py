"""``rinha up`` where addresses and directories are other than usual."""

from __future__ import annotations

import re
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.patience import PATIENCE_S
from tests.up.test_up_command import Command, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def run_command(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Start it with other variables."""
    started: list[Command] = []

    def run(**variables: str) -> Command:
        started.append(Command(tmp_path, **variables))
        return started[-1]

    yield run
    for command in started:
        command.end()


def test_on_all_of_ipv6_it_serves_ipv4_too(run_command: Callable[..., Command]) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    command = run_command(RINHA_HOST="::")
    wait_for(lambda: "rinha listens on" in command.err.read_text())
    found = re.search(r"http://\[::1\]:(\d+);", command.err.read_text())
    assert found, command.err.read_text()
    for host in ("::1", "127.0.0.1"):
        with closing(socket.create_connection((host, int(found[1])), timeout=PATIENCE_S)) as client:
            client.sendall(b"GET /health/ready HTTP/1.1\r\nHost: rinha\r\n\r\n")
            assert b" 200 " in client.recv(100)


def test_a_tmpdir_too_long_for_a_unix_socket_s_path_is_none_of_its_concern(
    run_command: Callable[..., Command], tmp_path: Path
) -> None:
    directory = tmp_path / ("x" * 120)
    directory.mkdir()
    command = run_command(TMPDIR=str(directory), XDG_RUNTIME_DIR="")
    wait_for(lambda: "rinha statistics" in command.err.read_text())
    assert list(directory.glob("rinha-*/rinha.json"))
