"""A whole API process, without a worker: its socket, its signals and its exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, UnixConnector

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

CHILD = """
import logging, os, sys
from rinha.api.main import run_api
from rinha.settings.load import load_settings

class Lines(logging.Handler):
    def emit(self, record):
        print(record.getMessage(), getattr(record, "address", ""), flush=True)

logging.basicConfig(level=logging.INFO, handlers=[Lines()])
code = run_api(load_settings(os.environ), int(sys.argv[1]) if len(sys.argv) > 1 else None)
foreign = {"gevent", "pykka"} & set(sys.modules)
sys.exit(f"imported {foreign}" if foreign else code)
"""


@asynccontextmanager
async def run_child(
    port: int, *arguments: str, host: str = "127.0.0.1", pass_fds: tuple[int, ...] = (), files: str = "$(ulimit -n)"
) -> AsyncIterator[Process]:
    """Run an API whose worker isn't there; ends it if the test hasn't."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RINHA_", "PROCESSOR_"))}
    environment |= {
        "RINHA_HOST": host,
        "RINHA_PORT": str(port),
        "RINHA_BRIDGE": "unix:/nonexistent/bridge",
        "RINHA_API_NAME": "api-under-test",
        "RINHA_DRAIN_S": "5",
    }
    child = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", sys.executable, "-c", CHILD, *arguments),
        env=environment,
        pass_fds=pass_fds,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def read_until(child: Process, event: str) -> str:
    """Read the child's log up to an event; gives the rest of its line."""
    assert child.stdout is not None
    async with asyncio.timeout(20):
        while line := await child.stdout.readline():
            name, _, rest = line.decode().strip().partition(" ")
            if name == event:
                return rest
    raise AssertionError(f"the API ended before {event}")


async def exit_code(child: Process) -> int:
    async with asyncio.timeout(10):
        return await child.wait()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_an_inherited_socket_until_a_signal_ends_it_with_0(ending: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        os.set_inheritable(sock.fileno(), True)
        async with run_child(1, str(sock.fileno()), pass_fds=(sock.fileno(),)) as child:
            assert await read_until(child, "api.listening") == f"http://127.0.0.1:{port}"
            async with ClientSession(f"http://127.0.0.1:{port}") as client:
                async with client.get("/health/live") as response:
                    assert response.status == 200
                    assert response.headers["X-Served-By"] == "api-under-test"
                async with client.get("/health/ready") as response:
                    assert response.status == 503
                payment = {"correlationId": "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3", "amount": 19.9}
                async with client.post("/payments", json=payment) as response:
                    assert response.status == 503
                child.send_signal(ending)
                assert await exit_code(child) == 0


async def test_without_one_it_binds_the_port_that_it_was_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    async with run_child(port) as child:
        assert await read_until(child, "api.listening") == f"http://127.0.0.1:{port}"
        child.send_signal(signal.SIGTERM)
        assert await exit_code(child) == 0


async def test_a_taken_port_is_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        async with run_child(sock.getsockname()[1]) as child:
            await read_until(child, "process.bind_failed")
            assert await exit_code(child) == 2


async def is_live(path: Path) -> bool:
    async with (
        ClientSession(connector=UnixConnector(str(path))) as client,
        client.get("http://x/health/live") as response,
    ):
        return response.status == 200


async def test_it_serves_a_unix_socket_for_user_and_group_and_removes_it(tmp_path: Path) -> None:
    path = tmp_path / "api"
    async with run_child(1, host=f"unix:{path}") as child:
        await read_until(child, "api.listening")
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert await is_live(path)
        child.send_signal(signal.SIGTERM)
        assert await exit_code(child) == 0
    assert not path.exists()


async def test_it_replaces_the_unix_socket_of_one_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "api"
    async with run_child(1, host=f"unix:{path}") as child:
        await read_until(child, "api.listening")
        child.kill()
        await child.wait()
    assert path.is_socket()
    async with run_child(1, host=f"unix:{path}") as child:
        await read_until(child, "api.listening")
        assert await is_live(path)


async def test_a_unix_socket_on_which_another_one_listens_is_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "api"
    async with run_child(1, host=f"unix:{path}") as first:
        await read_until(first, "api.listening")
        async with run_child(1, host=f"unix:{path}") as second:
            assert await read_until(second, "process.bind_failed") == f"unix:{path}"
            assert await exit_code(second) == 2
        assert await is_live(path)


async def test_silent_connections_in_any_number_keep_nobody_out() -> None:
    async with run_child(0, files="128") as child, AsyncExitStack() as stack:
        url = await read_until(child, "api.listening")
        port = int(url.rpartition(":")[2])
        for _ in range(200):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
        async with ClientSession() as client:
            for _ in range(3):
                async with client.get(f"{url}/health/live", headers={"Connection": "close"}) as answer:
                    assert answer.status == 200
        child.terminate()
        assert await exit_code(child) == 0


async def test_a_client_that_closes_its_half_is_answered() -> None:
    async with run_child(0) as child:
        port = int((await read_until(child, "api.listening")).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /payments-summary HTTP/1.1\r\nHost: x\r\n\r\n")
        writer.write_eof()
        async with asyncio.timeout(20):
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")  # there is no worker
        writer.close()


async def test_a_descriptor_that_is_no_socket_is_refused() -> None:
    reading, writing = os.pipe()
    try:
        async with run_child(0, str(reading), pass_fds=(reading,)) as child:
            output, _ = await child.communicate()
    finally:
        os.close(reading)
        os.close(writing)
    assert b"process.bind_failed" in output
    assert child.returncode == 2
