from __future__ import annotations

import gc
import logging
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rinha.process import (
    STOP_SIGNALS,
    ExitCode,
    bind_failed,
    ended_by,
    hold_collector,
    release_collector,
    why_not_bound,
)
from tests.support.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_exit_codes_are_numbers_that_others_rely_on() -> None:
    """Of scripts, of compose's restart policies, of ``rinha up``: none of them changes."""
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "REFUSED": 2,
        "UNAVAILABLE": 3,
        "INTERRUPTED": 130,
    }


def test_an_exit_code_is_what_a_process_ends_with() -> None:
    code = "import sys; from rinha.process import ExitCode; sys.exit(ExitCode.UNAVAILABLE)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 3


def test_who_is_ended_by_a_signal_has_the_shells_exit_code() -> None:
    assert ended_by(signal.SIGTERM) == 143
    assert ended_by(signal.SIGINT) == ExitCode.INTERRUPTED


def test_an_engine_and_a_terminal_can_stop_a_process() -> None:
    assert set(STOP_SIGNALS) == {signal.SIGTERM, signal.SIGINT}


@pytest.fixture
def collector() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("collector")
def test_the_collector_is_held_until_all_is_there_and_never_looks_at_that() -> None:
    hold_collector()
    assert not gc.isenabled()
    made: list[list[object]] = [[] for _ in range(100)]
    release_collector()
    assert gc.isenabled()
    assert gc.get_freeze_count() > len(made)


def os_error(host: str, port: int) -> OSError:
    with pytest.raises(OSError) as caught:
        socket.create_server((host, port)).close()
    return caught.value


def test_an_address_where_another_one_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert why_not_bound(os_error("127.0.0.1", taken.getsockname()[1])) == "another program listens there"


def test_an_address_of_another_machine() -> None:
    assert why_not_bound(os_error("192.0.2.1", 0)) == "this machine has no such address"


def test_a_name_without_an_address_says_what_the_resolver_says() -> None:
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo("no host", 0)
    assert why_not_bound(caught.value) == caught.value.strerror


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "error while attempting to bind on address ('127.0.0.1', 80)"), "Permission denied"),
        (OSError("AF_UNIX path too long"), "AF_UNIX path too long"),
    ],
    ids=["asyncio's own words around the system's", "no number"],
)
def test_any_other_reason_is_the_systems(error: OSError, reason: str) -> None:
    assert why_not_bound(error) == reason


def test_an_address_that_cannot_be_bound_is_one_line_in_the_log_and_a_refusal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert bind_failed("tcp://127.0.0.1:7000", OSError("no")) is ExitCode.REFUSED
    (record,) = caplog.records
    assert (record.message, record.levelno) == ("process.bind_failed", logging.CRITICAL)
    assert vars(record)["address"] == "tcp://127.0.0.1:7000"
    assert vars(record)["reason"] == "no"


@pytest.mark.parametrize("command", ["api", "worker", "simulator"])
def test_every_server_says_so_in_the_same_way(command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ("--name", "default", "--port", port) if command == "simulator" else ()
        environ = {"RINHA_HOST": "127.0.0.1", "RINHA_PORT": port, "RINHA_BRIDGE": f"tcp://127.0.0.1:{port}"}
        with running(command, *arguments, environ=environ) as process:
            assert process.wait() == ExitCode.REFUSED
    (line,) = process.logged("process.bind_failed")
    assert (line["level"], line["address"]) == ("critical", f"tcp://127.0.0.1:{port}")
    assert line["reason"] == "another program listens there"
