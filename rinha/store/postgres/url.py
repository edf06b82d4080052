"""The URL of a database in PostgreSQL, read as libpq reads it.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS has the grammar. What libpq would find
wrong only while it connects, so that it looked like a server that is away, is refused here: ports, hosts, and the words
that a parameter takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from rinha.net.host import parse_host, parse_port
from rinha.store.escapes import unescape

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = re.compile(r"(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?(?P<hosts>[^@/]*)(?:/(?P<dbname>[^@]*))?")
_PLACE = re.compile(r"(\[[^][]*:[^][]*\]|[^][:]*)(?::(.*))?")

_ANYTHING = "(?s:.*)"
_COUNT = "[0-9]{1,9}"
_SWITCH = "[01]"
_TLS = r"TLSv1(\.[1-3])?"

_PARAMETERS = {
    **dict.fromkeys(("user", "password", "dbname", "host", "port", "passfile", "service"), _ANYTHING),
    **dict.fromkeys(("application_name", "fallback_application_name", "options"), _ANYTHING),
    **dict.fromkeys(("sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslcrldir"), _ANYTHING),
    **dict.fromkeys(("requirepeer", "krbsrvname", "gsslib"), _ANYTHING),
    **dict.fromkeys(("connect_timeout", "tcp_user_timeout"), _COUNT),
    **dict.fromkeys(("keepalives_idle", "keepalives_interval", "keepalives_count"), _COUNT),
    **dict.fromkeys(("keepalives", "sslsni", "sslcompression"), _SWITCH),
    **dict.fromkeys(("ssl_min_protocol_version", "ssl_max_protocol_version"), _TLS),
    **dict.fromkeys(("channel_binding", "gssencmode"), "disable|prefer|require"),
    "sslmode": "disable|allow|prefer|require|verify-ca|verify-full",
    "target_session_attrs": "any|read-write|read-only|primary|standby|prefer-standby",
}
"""What each parameter takes: those that libpq has known since 14 and a journal has a use for."""


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A journal in a database.

    Args:
        parameters: libpq's, by name. A password may be among them, so they don't show in a representation.
    """

    parameters: Mapping[str, str] = field(repr=False)


def parse_postgres_url(text: str) -> PostgresUrl:
    """Read ``postgresql://…`` or ``postgres://…``.

    Raises:
        ValueError: libpq couldn't use it; the text says why, and repeats no value.
    """
    if re.search(r"\s", text):
        raise ValueError("a space is written %20")
    base, _, query = text.partition("://")[2].partition("?")
    parts = _URL.fullmatch(base)
    if parts is None:
        raise ValueError("an @ or / in user, password or database is written %40 or %2F")
    hosts, ports = _places(parts["hosts"])
    given = {"user": parts["user"], "password": parts["password"], "host": hosts, "port": ports}
    found = {name: unescape(value) for name, value in {**given, "dbname": parts["dbname"]}.items() if value}
    if query:
        found.update(map(_parameter, query.split("&")))
    _check_places(found.get("host", ""), found.get("port", ""))
    return PostgresUrl(MappingProxyType(found))


def _places(text: str) -> tuple[str, str]:
    """Read ``host:port,host:port`` as libpq's two lists."""
    hosts, ports = [], []
    for each in text.split(","):
        place = _PLACE.fullmatch(each)
        if place is None:
            raise ValueError("an IPv6 address stands in brackets, like [::1]:5432")
        hosts.append(place[1].strip("[]"))
        ports.append(place[2] or "")
    return ",".join(hosts), ",".join(ports)


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if text == "ssl=true":  # JDBC's way, which libpq takes too
        return "sslmode", "require"
    name, value = unescape(name), unescape(value)
    if name not in _PARAMETERS:
        raise ValueError("after the ? stand name=value pairs joined by &, and it names a parameter that isn't known")
    if "=" in text.partition("=")[2] or not value or not re.fullmatch(_PARAMETERS[name], value):
        raise ValueError(f"the parameter {name} takes no such value")
    return name, value


def _check_places(hosts: str, ports: str) -> None:
    places, numbers = hosts.split(","), ports.split(",")
    for host in places:
        # A directory holds the server's Unix socket, an @ begins an abstract one's name.
        if not host.startswith(("/", "@")) and hosts:
            parse_host(host)
    for number in numbers:
        if number and not parse_port(number):
            raise ValueError("nobody can be reached on port 0")
    if len(numbers) not in {1, len(places)}:
        raise ValueError("there are more or fewer ports than hosts")
