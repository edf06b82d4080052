"""The base URL of an HTTP service: ``http://host:port/path``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rinha.net.host import bracketed, parse_authority

HTTP_PORT = 80

_SCHEME = re.compile("http://", re.IGNORECASE)
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:%-]*)*")
"""What may stand in a path, by RFC 3986 3.3, but for the @."""


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """Where an HTTP service is.

    Args:
        host: name or IP address; IPv6 without brackets.
        port: TCP port, from 1.
        path: what stands before the paths of all requests, without a slash at its end; empty in general.
    """

    host: str
    port: int
    path: str = ""

    @property
    def authority(self) -> str:
        """Value of the ``Host`` header: host and port, without the scheme's own (RFC 9110 4.2.3)."""
        host = bracketed(self.host)
        return host if self.port == HTTP_PORT else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"http://{self.authority}{self.path}"


def parse_http_url(text: str) -> HttpUrl:
    """Read a base URL, e.g. ``http://payment-processor-default:8080``. Nothing is looked up.

    Args:
        text: ``http://host``, with a port and a path if need be. A slash at its end is dropped.

    Returns:
        The URL; ``str()`` of it is the canonical text.

    Raises:
        ValueError: it is none; the text says what is wrong and how to write it, and repeats no password.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise _error("it doesn't begin with http://, and plain HTTP is all that is spoken")
    authority, slash, rest = text[scheme.end() :].partition("/")
    if "?" in text or "#" in text:
        raise _error("it holds a query or a fragment")
    try:
        host, port = parse_authority(authority)
    except ValueError as error:
        raise _error(str(error)) from None
    if port == 0:
        raise _error("nobody can be reached on port 0")
    if "@" in rest:
        # Or else http://user:80/secret@host would be the host "user", and the secret would stand in every log.
        raise _error("it holds a user, or an @ in the path, which is written %40")
    if not _PATH.fullmatch(path := slash + rest):
        raise _error("the path holds what must be %-escaped")
    return HttpUrl(host, HTTP_PORT if port is None else port, path.rstrip("/"))


def _error(problem: str) -> ValueError:
    return ValueError(f"must be a URL like http://127.0.0.1:8001: {problem}")
