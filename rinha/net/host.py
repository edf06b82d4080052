"""Hosts and ports as they stand in addresses and URLs: one grammar for all of them."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

PORT_MAX = 65535

_AUTHORITY = re.compile(r"(\[[^][]*\]|[^][:]*)(?::([^:]*))?")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
"""A label of at most 63 characters (RFC 1035 2.3.4); underscores too, because container engines make such names."""
_NUMBER = re.compile(r"[0-9]+|0[Xx][0-9A-Fa-f]*")
_NAME_MAX = 253


def parse_host(text: str) -> str:
    """Read the name or the IP address of a host; nothing is looked up.

    Args:
        text: a name in ASCII (of another script: its ``xn--`` form), an IPv4 address of four numbers, or an IPv6
            address without brackets and without a zone.

    Returns:
        The host in its canonical form: names in lower case, IPv6 addresses compressed.

    Raises:
        ValueError: it is none of these; the text says why.
    """
    if not text:
        raise ValueError("the host is missing")
    if text.startswith("["):
        raise ValueError("brackets stand around an IPv6 address before a port alone")
    if "%" in text:
        raise ValueError("a host can't have a zone or %-escapes: name an address that needs none")
    if ":" in text:
        try:
            return str(IPv6Address(text))
        except ValueError:
            raise ValueError("the host is no IPv6 address") from None
    if not text.isascii():
        raise ValueError("the host isn't ASCII: write the name's xn-- form")
    labels = text.removesuffix(".").split(".")
    if len(text) > _NAME_MAX or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("the host is no name of letters, digits, hyphens, underscores and single dots")
    if not _NUMBER.fullmatch(labels[-1]):
        return text.lower()
    try:
        # The C library would take 127.1, 010.0.0.1 and 2130706433 too, each in a way that surprises somebody.
        return str(IPv4Address(text))
    except ValueError:
        raise ValueError("the host is no IPv4 address of four numbers, like 127.0.0.1") from None


def parse_authority(text: str) -> tuple[str, int | None]:
    """Read ``host``, ``host:port``, ``[IPv6]`` or ``[IPv6]:port``.

    Returns:
        The host, without brackets, and the port, None where there is none.

    Raises:
        ValueError: it is none of these; the text says why, and repeats nothing of a user or password in it.
    """
    if "@" in text:
        raise ValueError("it holds a user")
    parts = _AUTHORITY.fullmatch(text)
    if parts is None:
        raise ValueError("an IPv6 address stands in brackets, like [::1]:7000")
    host, port = parts.groups()
    if host.startswith("["):
        host = host[1:-1]
        if ":" not in host:
            raise ValueError("only an IPv6 address stands in brackets")
    return parse_host(host), None if port is None else parse_port(port)


def parse_port(text: str) -> int:
    """Read a port, 0 included.

    Raises:
        ValueError: it is none.
    """
    if not text:
        raise ValueError("the port is missing")
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > PORT_MAX:
        raise ValueError(f"a port is a whole number up to {PORT_MAX}")
    return int(text)


def bracketed(host: str) -> str:
    """Write a host as it stands before a port."""
    return f"[{host}]" if ":" in host else host
