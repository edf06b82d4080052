"""A PostgreSQL server for tests: of its own data directory, on a Unix socket, run by an unprivileged user."""

from __future__ import annotations

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

    It doesn't sync: no test cuts the machine's power.
    """

    def __init__(self) -> None:
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
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.url_by(self.directory)

    def url_by(self, directory: Path) -> str:
        """The URL by a socket in another directory."""
        return f"postgresql://rinha@/postgres?host={directory}"

    def start(self) -> None:
        postgres = find_program("postgres")
        assert postgres is not None
        settings = {"unix_socket_directories": self.directory, "listen_addresses": "", "fsync": "off"}
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

    def close(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory)

    def _options(self) -> dict[str, Any]:
        return {"cwd": self.directory, **self._user}
