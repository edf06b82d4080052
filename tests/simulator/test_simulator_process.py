from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = """
import sys
from rinha.logs.configure import configure_logging
from rinha.simulator.main import run_simulator
configure_logging("error", role="simulator")
sys.exit(run_simulator(name="default", fee_bps=500, host="127.0.0.1", port=int(sys.argv[1]),
                       on_listening=lambda port: print(port, flush=True)))
"""


@contextlib.contextmanager
def simulator(port: int = 0) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0_and_silence(signal_number: signal.Signals) -> None:
    with simulator() as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/ping", timeout=5) as answer:
            assert answer.status == 200
        process.send_signal(signal_number)
        _, errors = process.communicate(timeout=5)
        assert (process.returncode, errors) == (0, "")


def test_a_signal_ends_it_soon_though_payments_are_in_a_long_delay() -> None:
    with simulator() as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        base = f"http://127.0.0.1:{port}"
        lever = urllib.request.Request(
            f"{base}/admin/configurations/delay", b'{"delay":60000}', {"X-Rinha-Token": "123"}, method="PUT"
        )
        urllib.request.urlopen(lever, timeout=5).close()
        body = (
            b'{"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":1,"requestedAt":"2025-07-15T12:34:56Z"}'
        )
        fields = f"Host: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"POST /payments HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=5)
        assert (process.returncode, errors) == (0, "")


def test_a_taken_port_is_one_clear_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with simulator(port) as process:
            out, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (2, "")
    (line,) = map(json.loads, out.splitlines())
    assert (line["event"], line["address"]) == ("process.bind_failed", f"tcp://127.0.0.1:{port}")
