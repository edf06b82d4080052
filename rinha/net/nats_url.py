"""Where NATS is: ``nats://user:password@host:port,host:port``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rinha.net.host import bracketed, parse_authority

NATS_PORT = 4222

_SCHEME = re.compile("(nats|tls)://", re.IGNORECASE)
_USER = re.compile(r"[A-Za-z0-9._~!$&'()*+;=%-]+(?::[A-Za-z0-9._~!$&'()*+;=%-]*)?")
"""A token, or a user with a password."""


@dataclass(frozen=True, slots=True)
class NatsUrl:
    """One or several servers of a cluster.

    Args:
        servers: a URL each, as the client takes it. A password may be in it, so they don't show in a representation.
        places: the same as ``host:port``, for logs.
    """

    servers: tuple[str, ...] = field(repr=False)
    places: tuple[str, ...]

    def __str__(self) -> str:
        return ",".join(self.places)


def parse_nats_url(text: str) -> NatsUrl:
    """Read the URL of a NATS server, or of several, e.g. ``nats://127.0.0.1:4222``. Nothing is looked up.

    Args:
        text: ``nats://`` or, with TLS, ``tls://``, then a user and password or a token with an ``@``, if need be, then
            ``host:port`` of each server, with commas in between. The port may be left out.

    Raises:
        ValueError: it is none; the text says what is wrong and how to write it, and repeats no password.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise _error("it doesn't begin with nats:// or tls://")
    user, at, hosts = text[scheme.end() :].rpartition("@")
    if at and not _USER.fullmatch(user):
        raise _error("what stands before the @ is no user and password, nor a token; other characters are %-escaped")
    places = []
    for each in hosts.split(","):
        try:
            host, port = parse_authority(each.removesuffix("/"))
        except ValueError as error:
            raise _error(str(error)) from None
        if port == 0:
            raise _error("nobody can be reached on port 0")
        places.append(f"{bracketed(host)}:{NATS_PORT if port is None else port}")
    return NatsUrl(tuple(f"{scheme[0].lower()}{user}{at}{place}" for place in places), tuple(places))


def _error(problem: str) -> ValueError:
    return ValueError(f"must be a URL like nats://127.0.0.1:4222: {problem}")
