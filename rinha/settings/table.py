"""The environment variables that the system reads: one table for parsing, ``rinha check`` and the README."""

from __future__ import annotations

import math
import re
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from rinha.net.address import parse_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MASK = "********"


class Variable(msgspec.Struct, frozen=True):
    """One environment variable.

    Args:
        name: its name in the environment.
        default: its value where it isn't set, as one would write it; empty if it has none.
        parse: text to value; raises ValueError with a reason that names the fix.
        meaning: what it is, for people.
        secret: its value is never shown.
        default_note: what to show in the place of an empty default.
    """

    name: str
    default: str
    parse: Callable[[str], Any]
    meaning: str
    secret: bool = False
    default_note: str = ""

    def shown_default(self) -> str:
        """The default for people to read."""
        return self.default or self.default_note or "not set"


def whole(low: int, high: int) -> Callable[[str], int]:
    """Make a parser of whole numbers from ``low`` to ``high``."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def number(low: float, high: float) -> Callable[[str], float]:
    """Make a parser of numbers from ``low`` to ``high``."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return value

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """Make a parser of words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return text

    return parse


def http_url(text: str) -> str:
    """Parse a processor's base URL; a slash at its end is dropped."""
    fix = "must be a URL like http://127.0.0.1:8001"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{fix}: {error}") from None
    if parts.scheme != "http":
        raise ValueError(f"{fix}: plain http only")
    if not parts.hostname or port == 0 or re.search(r"[\s\x00-\x1f]", text):
        raise ValueError(f"{fix}: it names no host and port")
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise ValueError(f"{fix}: without user, query or fragment")
    return text.rstrip("/")


def store_url(text: str) -> str:
    """Check a store's URL as far as it can be without the store's libraries, and give it back as it was."""
    if not text.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return text


def listen_host(text: str) -> str:
    """Check the path of a Unix socket, and give the text back as it was; a host's name isn't looked up yet."""
    if text.startswith("unix:"):
        parse_address(text)
    return text


def bridge_address(text: str) -> str:
    """Check a bridge address, and give it back as it was."""
    parse_address(text)
    return text


def api_name(text: str) -> str:
    """Parse an API's name: it stands in logs and in a response header."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise ValueError("must be 1 to 64 letters, digits, dots, hyphens or underscores")
    return text


def secret(text: str) -> str:
    """Check a secret, and give it back as it was."""
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text


def own_name() -> str:
    """The host's name, made fit to be an API's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:64] or "api"


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "RINHA_HOST",
        "0.0.0.0",
        listen_host,
        "address that the HTTP APIs listen on; for `rinha api` also a Unix socket, `unix:/path`, without a port",
    ),
    Variable("RINHA_PORT", "9999", whole(0, 65535), "port that the HTTP APIs listen on; 0 takes a free one"),
    Variable(
        "PROCESSOR_DEFAULT_URL",
        "http://127.0.0.1:8001",
        http_url,
        "base URL of the default processor; `rinha up` simulates both processors if neither URL is set",
    ),
    Variable("PROCESSOR_FALLBACK_URL", "http://127.0.0.1:8002", http_url, "base URL of the fallback processor"),
    Variable("RINHA_DEFAULT_FEE_BPS", "500", whole(0, 10000), "fee of the default processor in basis points"),
    Variable("RINHA_FALLBACK_FEE_BPS", "1500", whole(0, 10000), "fee of the fallback processor in basis points"),
    Variable(
        "RINHA_BRIDGE",
        "tcp://127.0.0.1:7000",
        bridge_address,
        "where the worker listens and the APIs connect: `tcp://host:port` or `unix:/path`; "
        "`rinha up` takes a free port of loopback if it isn't set",
    ),
    Variable(
        "RINHA_BRIDGE_SECRET",
        "",
        secret,
        "secret shared by worker and APIs; it or its file is required unless the bridge is on loopback or a Unix "
        "socket; `rinha up` makes one if neither they nor `RINHA_BRIDGE` are set",
        secret=True,
    ),
    Variable(
        "RINHA_BRIDGE_SECRET_FILE",
        "",
        str,
        "file that holds the secret instead; if it isn't there the worker makes it, and the APIs wait for it",
    ),
    Variable(
        "RINHA_BRIDGE_LINGER_MS",
        "0",
        number(0, 100),
        "with `queued`: milliseconds that a payment may wait in its API for others to leave for the worker with it",
    ),
    Variable(
        "RINHA_ADMIN_TOKEN",
        "",
        secret,
        "token that purging and statistics need, as `Authorization: Bearer <token>`; open to all if it isn't set",
        secret=True,
    ),
    Variable(
        "RINHA_ACCEPT",
        "received",
        one_of("queued", "received", "durable"),
        "what a 202 means: `queued` the API holds the payment for the worker, `received` the worker holds it, "
        "`durable` it is on disk",
    ),
    Variable(
        "RINHA_STORE",
        "",
        store_url,
        "journal of payments: `sqlite:////absolute/path`, `sqlite:///relative/path` or "
        "`postgresql://user:password@host/database`; needed for `durable`, with another level it is written later",
        secret=True,
    ),
    Variable(
        "RINHA_ROUTING",
        "fastest",
        one_of("fastest", "cheapest"),
        "which processor is preferred: the `fastest` healthy one, or the `cheapest` for as long as patience lasts",
    ),
    Variable(
        "RINHA_PATIENCE_S",
        "5.0",
        number(0, 3600),
        "with `cheapest`: seconds that a payment waits for the cheaper processor",
    ),
    Variable(
        "RINHA_LATENCY_TOLERANCE_MS",
        "10",
        number(0, 60000),
        "with `fastest`: a difference in latency that counts as none, in milliseconds",
    ),
    Variable(
        "RINHA_BENCHMARK_SHARE",
        "0.05",
        number(0, 0.5),
        "with `fastest`: share of the pool that keeps measuring the cheaper processor while it isn't in use",
    ),
    Variable("RINHA_POOL_SIZE", "64", whole(2, 800), "number of payment actors: requests to processors at a time"),
    Variable(
        "RINHA_SETTLE_PER_S",
        "2000",
        number(1, 1_000_000),
        "waiting payments that are sent per second at most, so that draining a backlog leaves time for new ones",
    ),
    Variable(
        "RINHA_ATTEMPT_DEADLINE_S",
        "10",
        number(0.1, 600),
        "seconds for one whole exchange with a processor, after which its outcome is unknown",
    ),
    Variable("RINHA_BACKLOG_MAX", "100000", whole(1, 10_000_000), "payments that the worker holds at most"),
    Variable(
        "RINHA_ANSWER_TIMEOUT_S",
        "10",
        number(0.1, 600),
        "seconds that an API waits for the worker before it answers 504",
    ),
    Variable("RINHA_DRAIN_S", "10", number(0, 3600), "seconds for settling what is held when the system stops"),
    Variable("RINHA_LOG_LEVEL", "info", one_of("debug", "info", "warning", "error"), "least level that is logged"),
    Variable("RINHA_TRACE_SHARE", "0", number(0, 1), "share of payments that are traced on every hop"),
    Variable("RINHA_API_NAME", "", api_name, "name of this API in logs and answers", default_note="the host's name"),
    Variable("RINHA_API_COUNT", "2", whole(1, 64), "number of API processes that `rinha up` starts"),
)


def effective_rows(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """List what is in effect: name, value, ``default`` or ``environment``, meaning. Secrets are masked."""
    for variable in VARIABLES:
        if text := environ.get(variable.name, ""):
            yield variable.name, MASK if variable.secret else text, "environment", variable.meaning
        else:
            yield variable.name, variable.shown_default(), "default", variable.meaning


def markdown_table() -> str:
    """Render the table for the README."""
    lines = ["| variable | default | what it is |", "| --- | --- | --- |"]
    for variable in VARIABLES:
        default = f"`{variable.default}`" if variable.default else variable.shown_default()
        lines.append(f"| `{variable.name}` | {default} | {variable.meaning} |")
    return "\n".join(lines) + "\n"
