"""Where the worker's server listens."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from rinha.bridge.server.server import BridgeServer
from rinha.net.address import parse_address

if TYPE_CHECKING:
    from pathlib import Path


def test_a_taken_port_is_an_error(start_worker: Any) -> None:
    worker = start_worker()
    with pytest.raises(OSError, match="in use"):
        start_worker(worker.address)


def test_an_inherited_socket_outlives_the_worker(start_worker: Any, connect_raw: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        address = parse_address(f"tcp://127.0.0.1:{reserved.getsockname()[1]}")
        worker = start_worker(address, listen_fd=os.dup(reserved.fileno()))
        assert connect_raw(address).greet()
        worker.stop()
        # Who connects between two workers isn't refused: the next one finds it waiting.
        between = connect_raw(address)
        start_worker(address, listen_fd=os.dup(reserved.fileno()))
        assert between.greet()


def test_what_is_no_socket_can_not_be_taken_over(start_worker: Any, tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file, pytest.raises(OSError, match="socket"):
        start_worker(listen_fd=os.dup(file.fileno()))


def test_ipv6(start_worker: Any, connect_raw: Any) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        worker = start_worker("tcp://[::1]:0")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    assert connect_raw(worker.address).greet()


def test_a_unix_socket_is_for_user_and_group_and_is_removed(
    start_worker: Any, connect_raw: Any, tmp_path: Path
) -> None:
    path = tmp_path / "bridge"
    worker = start_worker(f"unix:{path}", secret=b"")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert connect_raw(worker.address).greet(secret=b"")
    worker.stop()
    assert not path.exists()


def test_a_stale_unix_socket_is_replaced(start_worker: Any, connect_raw: Any, tmp_path: Path) -> None:
    path = tmp_path / "bridge"
    with closing(socket.socket(socket.AF_UNIX)) as stale:
        stale.bind(str(path))
    worker = start_worker(f"unix:{path}")
    assert connect_raw(worker.address).greet()


def test_a_unix_socket_on_which_somebody_listens_is_left_alone(
    start_worker: Any, connect_raw: Any, tmp_path: Path
) -> None:
    first = start_worker(f"unix:{tmp_path / 'bridge'}")
    with pytest.raises(OSError, match="in use"):
        start_worker(first.address)
    assert connect_raw(first.address).greet()


def test_a_file_that_is_no_socket_is_left_alone(start_worker: Any, tmp_path: Path) -> None:
    path = tmp_path / "bridge"
    path.write_text("books")
    with pytest.raises(OSError, match="in use"):
        start_worker(f"unix:{path}")
    assert path.read_text() == "books"


def test_a_successor_s_unix_socket_is_not_removed(start_worker: Any, connect_raw: Any, tmp_path: Path) -> None:
    path = tmp_path / "bridge"
    first = start_worker(f"unix:{path}")
    os.unlink(path)
    second = start_worker(f"unix:{path}")
    first.stop()
    assert connect_raw(second.address).greet()


def test_without_a_secret_it_listens_locally_only() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        BridgeServer(
            parse_address("tcp://0.0.0.0:0"),
            b"",
            incarnation=1,
            intake=None,  # type: ignore[arg-type]  # refused before it is used
            answer=lambda question: None,
        )
