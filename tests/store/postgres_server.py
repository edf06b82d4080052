"""A PostgreSQL server for tests: of its own data directory, on a Unix socket, run by an unprivileged user."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

DEADLINE_S = 60.0


def find_program(name: str) -> str | None:
    """One of PostgreSQL's programs, also where Debian keeps it out of PATH."""
    found = shutil.which(name)
    return found or next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)


def as_user() -> dict[str, Any]:
    """Arguments for subprocess: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class PostgresServer:
    """Made by ``initdb``, started by ``start``; ``close`` removes it.

    Args:
        port: where it listens, too; 0 for its socket alone.
        host: at that address of this machine, and on loopback.
        sync: whether it syncs; no test cuts the machine's power, but it costs time.
    """

    def __init__(self, *, port: int = 0, host: str = "127.0.0.1", sync: bool = False) -> None:
        self.port = port
        self.host = host
        self._sync = sync
        # Not pytest's folder: that is closed to other users, and too long a path for a socket.
        self.directory = Path(tempfile.mkdtemp(prefix="rinha-postgres-"))
        self._user = as_user()
        if self._user:
            os.chown(self.directory, self._user["user"], self._user["group"])
        initdb = find_program("initdb")
        assert initdb is not None
        subprocess.run(
            [initdb, "-D", "data", "-U", "rinha", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            **self._options(),
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=DEADLINE_S,
        )
        if host != "127.0.0.1":
            with (self.directory / "data" / "pg_hba.conf").open("a", encoding="ascii") as file:
                file.write(f"host all all {host}/24 trust\n")
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen: list[int] = []

    @property
    def url(self) -> str:
        return self.url_by(self.directory)

    def url_by(self, directory: Path) -> str:
        """The URL by a socket in another directory."""
        return f"postgresql://rinha@/postgres?host={directory}&port={self.port or 5432}"

    def start(self) -> None:
        postgres = find_program("postgres")
        assert postgres is not None
        settings = {
            "unix_socket_directories": self.directory,
            "listen_addresses": f"127.0.0.1,{self.host}" if self.port else "",
            "port": self.port or 5432,
            "fsync": "on" if self._sync else "off",
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                [postgres, "-D", "data", *arguments], **self._options(), stdout=log, stderr=log, start_new_session=True
            )
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.directory / "log").read_text()
                assert time.monotonic() < deadline_s
                time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The process id of the postmaster, while it runs."""
        assert self._process is not None
        return self._process.pid

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends all sessions and shuts down; SIGQUIT is a crash of all its processes."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(DEADLINE_S)
            self._process = None

    def freeze(self) -> None:
        """Stop all its processes in their tracks."""
        assert self._process is not None
        self._frozen = [self._process.pid, *_children(self._process.pid)]
        for pid in self._frozen:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on; those that have ended since are gone."""
        for pid in self._frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._frozen = []

    def close(self) -> None:
        self.thaw()
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory)

    def _options(self) -> dict[str, Any]:
        return {"cwd": self.directory, **self._user}


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
