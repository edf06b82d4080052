"""What is said to a payment processor, and what its answers mean; no I/O.

The meanings come from the processors' source: the injected failure is a 500 with an empty body and comes before the
insert, a 500 with a body comes from the database, a 422 means that the id is committed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson

from actors.values import HealthReport, Outcome, Payment, Refused, Settled, Unknown

PAYMENTS = "/payments"
HEALTH = "/payments/service-health"

_AMOUNT_MAX = 1e13  # Below it a float holds every cent; we take payments up to 1e7.
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+", re.ASCII)
_PATH = re.compile(r"[!-~]*", re.ASCII)
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class Answer(NamedTuple):
    """One complete HTTP answer.

    Args:
        status: its status code.
        body: its body.
    """

    status: int
    body: bytes


class Address(NamedTuple):
    """Where a processor is.

    Args:
        host: name or IP address.
        port: TCP port.
        path: what comes before ``/payments``, empty in general.
        authority: value of the ``Host`` header.
    """

    host: str
    port: int
    path: str
    authority: str


def parse_url(url: str) -> Address:
    """Read a processor's base URL, e.g. ``http://payment-processor-default:8080``.

    Raises:
        ValueError: it isn't an ``http://`` URL of host, optional port and optional path; the text names it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 80
        host = parts.hostname or ""
        host.encode("idna")  # So that looking up the name can't fail on its form.
    except ValueError as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from None
    if parts.scheme != "http":
        raise ValueError(f"{url!r}: a processor's URL must start with http://")
    if "@" in parts.netloc or parts.query or parts.fragment or not _HOST.fullmatch(host) or not _PATH.fullmatch(url):
        raise ValueError(f"{url!r}: a processor's URL is http://host:port and at most a path")
    return Address(host, port, parts.path.rstrip("/"), parts.netloc)


def payment_body(payment: Payment, requested_at_ms: int) -> bytes:
    """Write the body of ``POST /payments``. The amount has two decimals, ``requestedAt`` three."""
    second, milliseconds = divmod(requested_at_ms, 1000)
    units, cents = divmod(payment.amount_cents, 100)
    return (
        f'{{"correlationId":"{format_id(payment.payment_id)}","amount":{units}.{cents:02},'
        f'"requestedAt":"{_format_second(second)}.{milliseconds:03}Z"}}'
    ).encode()


def payment_target(payment_id: bytes) -> str:
    """Write the path of ``GET /payments/{id}``."""
    return f"{PAYMENTS}/{format_id(payment_id)}"


def format_id(payment_id: bytes) -> str:
    """Write 16 id bytes as a UUID, in lower case."""
    digits = payment_id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@lru_cache(maxsize=16)  # The payments of a second share it.
def _format_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def read_post_answer(answer: Answer, payment: Payment, requested_at_ms: int) -> Outcome | None:
    """Say what an answer to ``POST /payments`` means.

    Returns:
        The outcome, or None for a 422: the id is committed, and only its row tells with what values.
    """
    status = answer.status
    if status == 200:
        return Settled(payment.amount_cents, requested_at_ms)
    if status == 422:
        return None
    if status == 429:
        return Refused("HTTP 429")
    if 400 <= status < 500:
        return Refused(f"HTTP {status}", permanent=True)
    if status == 500 and not answer.body:
        return Refused("HTTP 500, empty body")
    return Unknown(f"HTTP {status}, {len(answer.body)} bytes of body")


def read_find_answer(answer: Answer, payment_id: bytes) -> Outcome:
    """Say what an answer to ``GET /payments/{id}`` means: a row, no row (``Refused``), or nothing (``Unknown``)."""
    if answer.status == 404:
        return Refused("HTTP 404")
    if answer.status != 200:
        return Unknown(f"HTTP {answer.status} to the look-up")
    try:
        row = orjson.loads(answer.body)
        if row["correlationId"].lower() != format_id(payment_id):
            return Unknown("the look-up answered with another payment")
        return Settled(_parse_cents(row["amount"]), _parse_instant(row["requestedAt"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Unknown("the look-up answered with something that is no payment")


def read_health_answer(answer: Answer) -> HealthReport | None:
    """Read an answer to ``GET /payments/service-health``; None if it tells nothing.

    A 503 counts as well: later versions of the processors answer so, with the same body, while they fail.
    """
    if answer.status not in {200, 503}:
        return None
    try:
        report = orjson.loads(answer.body)
        failing, min_response_ms = report["failing"], report["minResponseTime"]
    except (ValueError, TypeError, KeyError):
        return None
    if type(failing) is not bool or type(min_response_ms) is not int or min_response_ms < 0:
        return None
    return HealthReport(failing, min_response_ms)


def _parse_cents(amount: object) -> int:
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0.01 <= amount < _AMOUNT_MAX:
        raise ValueError(f"{amount!r} is no amount")
    return round(amount * 100)


def _parse_instant(text: str) -> int:
    """Read an instant in milliseconds, cutting off finer digits. Without an offset it is UTC."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no instant")
    whole, fraction, offset = match.groups()
    second = datetime.fromisoformat(whole + (offset or "Z"))
    return int(second.timestamp()) * 1000 + int(((fraction or "") + "000")[:3])
