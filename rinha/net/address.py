"""Where something listens: ``tcp://host:port`` or ``unix:/path``."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

_FORMS = "write tcp://host:port or unix:/absolute/path"
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
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


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
        ValueError: with the text, what is wrong with it, and how to write it.
    """
    if text.startswith("unix:"):
        return UnixAddress(_path(text))
    if not text.startswith("tcp://"):
        raise _error(text, "it begins with neither tcp:// nor unix:")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _error(text, str(error)) from None
    if not host:
        raise _error(text, "the host is missing")
    if port is None:
        raise _error(text, "the port is missing")
    if parts.path or parts.query or parts.fragment or parts.username is not None or not host.isprintable():
        raise _error(text, "there is more than a host and a port")
    return TcpAddress(host, port)


def require_secret(address: Address, secret: bytes) -> None:
    """Check that a bridge at ``address`` may be opened with ``secret``.

    Raises:
        ValueError: the secret is empty and others than this host could connect.
    """
    if not secret and not address.is_local:
        raise ValueError(f"a bridge at {address} needs a secret: only loopback and Unix sockets may go without")


def _path(text: str) -> str:
    path = text.removeprefix("unix:")
    if not path.startswith("/") or path.startswith("//"):
        raise _error(text, "the path isn't absolute")
    if "\0" in path or len(path.encode()) > _MAX_PATH_BYTES:
        raise _error(text, f"a socket's path has at most {_MAX_PATH_BYTES} bytes, none of them NUL")
    return path


def _error(text: str, problem: str) -> ValueError:
    return ValueError(f"{text!r} is no address: {problem}; {_FORMS}")
