"""Where something listens: ``tcp://host:port`` or ``unix:/path``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address

from rinha.net.host import bracketed, parse_authority, parse_host

_FORMS = "tcp://host:port or unix:/absolute/path"
_MAX_PATH_BYTES = 107
"""``sun_path`` in unix(7) holds 108 bytes, the last one is NUL."""


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP address.

    Args:
        host: name or IP address; IPv6 without brackets.
        port: 0 lets the system choose one when listening.
    """

    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether only this host can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"tcp://{bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """The path of a Unix socket."""

    path: str

    @property
    def is_local(self) -> bool:
        """Whether only this host can reach it: always."""
        return True

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address = TcpAddress | UnixAddress


def parse_address(text: str) -> Address:
    """Read an address.

    Args:
        text: ``tcp://host:port`` (IPv6 in brackets) or ``unix:/path``.

    Returns:
        The address; ``str()`` of it is the canonical text.

    Raises:
        ValueError: it is none; the text says what is wrong and how to write it, and repeats nothing of it.
    """
    if text.startswith("unix:"):
        return _parse_unix(text)
    if not text.startswith("tcp://"):
        raise _error("it begins with neither tcp:// nor unix:")
    authority = text.removeprefix("tcp://")
    if any(each in authority for each in "/?#@"):
        raise _error("there is more than a host and a port")
    try:
        host, port = parse_authority(authority)
    except ValueError as error:
        raise _error(str(error)) from None
    if port is None:
        raise _error("the port is missing")
    return TcpAddress(host, port)


def parse_host_or_path(text: str) -> str | UnixAddress:
    """Read where to listen, if the port stands elsewhere: a host, or ``unix:/path``.

    Raises:
        ValueError: it is neither; the text says what is wrong and how to write it.
    """
    if text.startswith("unix:"):
        return _parse_unix(text)
    try:
        return parse_host(text)
    except ValueError as error:
        raise ValueError(f"must be a host without a port, or unix:/absolute/path: {error}") from None


def require_secret(address: Address, secret: bytes) -> None:
    """Check that a bridge at ``address`` may be opened with ``secret``.

    Raises:
        ValueError: the secret is empty and others than this host could connect.
    """
    if not secret and not address.is_local:
        raise ValueError(f"a bridge at {address} needs a secret: only loopback and Unix sockets may go without")


def _parse_unix(text: str) -> UnixAddress:
    path = text.removeprefix("unix:")
    if not path.startswith("/") or path.startswith("//"):
        raise _error("the path isn't absolute")
    if path.endswith(("/", "/.", "/..")):
        raise _error("the path names a directory")
    if not path.isprintable():
        raise _error("the path isn't printable UTF-8")
    if (length := len(path.encode())) > _MAX_PATH_BYTES:
        raise _error(f"a socket's path has at most {_MAX_PATH_BYTES} bytes, and this one {length}{_cause(path)}")
    return UnixAddress(path)


def _cause(path: str) -> str:
    """Whose length it is, if not that of the path's end: whoever has the directory made sees little of it."""
    directory = os.environ.get("TMPDIR", "").rstrip("/")
    if not directory or not path.startswith(f"{directory}/"):
        return ""
    return f", of which TMPDIR has {len(directory.encode())}: set a shorter one"


def _error(problem: str) -> ValueError:
    return ValueError(f"must be {_FORMS}: {problem}")
