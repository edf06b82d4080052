"""A listening socket, over TCP or on a Unix socket's path. Any loop can take it over."""

from __future__ import annotations

import os
import socket
import stat
from errno import EADDRINUSE

from rinha.net.address import Address, TcpAddress, UnixAddress

_MODE = 0o660
"""Of a Unix socket: the process's user and group may connect."""
_PROBE_TIMEOUT_S = 1.0


class Listener:
    """A bound and listening socket.

    Args:
        address: where to listen.
        backlog: connections that may wait to be accepted; the system's limit (``net.core.somaxconn``) caps it.
        fd: a bound socket that was inherited: it is taken over, and ``address`` tells what it is bound to.

    Raises:
        OSError: the address is taken, or isn't ours, or ``fd`` is no bound socket. A Unix socket's file on which nobody
            listens is replaced.
    """

    def __init__(self, address: Address, *, backlog: int, fd: int | None = None) -> None:
        self._inode: int | None = None
        if fd is not None:
            self.socket = socket.socket(fileno=fd)
            self.address: Address = address
        elif isinstance(address, UnixAddress):
            self.socket = _bind_unix(address.path)
            self._inode = os.stat(address.path).st_ino
            self.address = address
        else:
            self.socket = _bind_tcp(address)
            self.address = TcpAddress(address.host, self.socket.getsockname()[1])
        self.socket.listen(backlog)

    def close(self) -> None:
        """Stop listening, unless the socket was taken over, and remove its file unless another one is there now."""
        self.socket.close()
        if isinstance(self.address, UnixAddress):
            try:
                if os.stat(self.address.path).st_ino == self._inode:
                    os.unlink(self.address.path)
            except FileNotFoundError:
                pass


def _bind_tcp(address: TcpAddress) -> socket.socket:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, target = found[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # So that a restart doesn't wait for old connections to time out.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # On :: IPv4 is served too, as mapped addresses, whatever the system's default is (RFC 3493 5.3).
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(target)
    except OSError:
        sock.close()
        raise
    return sock


def _bind_unix(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != EADDRINUSE or not _is_stale(path):
                raise
            os.unlink(path)
            sock.bind(path)
        # Nobody can connect before listen(), so there is no moment with other rights.
        os.chmod(path, _MODE)
    except OSError:
        sock.close()
        raise
    return sock


def _is_stale(path: str) -> bool:
    if not stat.S_ISSOCK(os.stat(path).st_mode):
        return False
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    probe.settimeout(_PROBE_TIMEOUT_S)
    try:
        probe.connect(path)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    finally:
        probe.close()
    return False
