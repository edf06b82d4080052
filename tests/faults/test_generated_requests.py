"""Generated requests over raw sockets against real processes: no 500, no hang, and no nonsense is taken."""

from __future__ import annotations

import asyncio
import json
import socket
import string
import uuid
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from hypothesis.strategies import DrawFn

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

TIMEOUT_S = 8.0
"""The API gives a body five seconds, and nothing waits longer."""

AMOUNT_MAX = 10_000_000
PATHS = (
    "/payments",
    "/payments-summary",
    "/purge-payments",
    "/statistics",
    "/health/live",
    "/health/ready",
    "/nowhere",
)
READY = b"GET /health/ready HTTP/1.0\r\n\r\n"
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW")


class Sent(NamedTuple):
    """A request.

    Args:
        raw: its bytes.
        body: what it carries, if it is a payment's request as HTTP has it; None if something is wrong with its HTTP.
        hangs_up: the client closes its sending side afterwards, because less was sent than announced.
    """

    raw: bytes
    body: bytes | None
    hangs_up: bool = False


def no_constant(name: str) -> None:
    """Python reads NaN and Infinity, JSON has none."""
    raise ValueError(name)


def is_payment(body: bytes) -> bool:
    """What a payment is, said once more and in another way than the API does."""
    try:
        document = json.loads(body.decode(), parse_float=Decimal, parse_int=Decimal, parse_constant=no_constant)
        text, amount = document["correlationId"], document["amount"]
        digits = "".join(text.split("-"))
        form = [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12] and set(digits) <= set(string.hexdigits)
        return form and type(amount) is Decimal and 0 < amount <= AMOUNT_MAX and amount == round(amount, 2)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        return False


def is_borderline(body: bytes) -> bool:
    """Whether it is a matter of taste: what a JSON number of very many digits is as a double."""
    return len(body) > 200 or body.lower().count(b"e+") > 0 or b"00000" in body


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
uuids = st.uuids().map(str) | st.uuids().map(lambda each: str(each).upper())
near_uuids = uuids | st.uuids().map(lambda each: each.hex) | st.uuids().map(lambda each: f"{{{each}}}") | st.text()
amounts = st.integers(1, AMOUNT_MAX * 100).map(lambda cents: cents / 100)
near_amounts = amounts | st.sampled_from([0, -1, 0.001, 1e-9, 1e7, 10000000.01, 1e300, True, "19.90", None, 19.999])


@st.composite
def bodies(draw: DrawFn) -> bytes:
    kind = draw(st.sampled_from(["good", "good", "near", "near", "json", "bytes"]))
    if kind == "bytes":
        return draw(st.binary(max_size=6000))
    if kind == "json":
        return json.dumps(draw(json_values)).encode()
    if kind == "good":
        return json.dumps({"correlationId": draw(uuids), "amount": draw(amounts)}).encode()
    document = {"correlationId": draw(near_uuids | json_values), "amount": draw(near_amounts | json_values)}
    if draw(st.booleans()):
        document |= draw(st.dictionaries(st.text(max_size=8), json_values, max_size=2))
    if draw(st.integers(0, 5)) == 0:
        del document[draw(st.sampled_from(["correlationId", "amount"]))]
    body = json.dumps(document).encode()
    cut = draw(st.integers(0, len(body)) | st.just(len(body)) | st.just(len(body)))
    return body[:cut]


tokens = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=12)
field_values = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
query_values = field_values.map(lambda text: "".join(f"%{ord(char):02x}" for char in text)) | st.sampled_from(
    ["2025-07-15T12:34:56.000Z", "2025-07-15", "now", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "-1", ""]
)


@st.composite
def requests(draw: DrawFn) -> Sent:
    kind = draw(st.sampled_from(["payment"] * 6 + ["any"] * 3 + ["bytes"]))
    if kind == "bytes":
        # If the server takes the bytes for blank lines, there is still a request to answer.
        return Sent(draw(st.binary(min_size=1, max_size=300)) + b"\r\n\r\nGET / HTTP/1.0\r\n\r\n", None)
    method, path = draw(st.sampled_from(METHODS)), draw(st.sampled_from(PATHS))
    if kind == "payment":
        method, path = "POST", "/payments"
    elif path == "/purge-payments" and method in {"POST", "DELETE"}:
        path = "/payments"  # a purge would hide what was taken
    query = draw(st.lists(st.tuples(st.sampled_from(["from", "to", "x"]), query_values), max_size=3))
    target = path + ("?" + "&".join(f"{name}={value}" for name, value in query) if query else "")
    body = draw(bodies())
    fields = draw(st.lists(st.tuples(tokens, field_values), max_size=3))
    lines = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"X-{name}: {value}" for name, value in fields]
    content_type = draw(st.sampled_from(["application/json", "application/json", "text/plain", ""]))
    lines += [f"Content-Type: {content_type}"] if content_type else []
    framing = draw(st.sampled_from(["length"] * 5 + ["chunks", "chunks", "long", "both", "none"]))
    payload, as_sent = body, body
    match framing:
        case "length":
            lines.append(f"Content-Length: {len(body)}")
        case "chunks":
            lines.append("Transfer-Encoding: chunked")
            half = len(body) // 2
            parts = [part for part in (body[:half], body[half:]) if part]
            as_sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        case "long":
            lines.append(f"Content-Length: {len(body) + draw(st.integers(1, 10**6))}")
        case "both":
            lines += [f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"]
        case "none":
            as_sent = b""
    whole = framing in {"length", "chunks"} and method == "POST" and path == "/payments"
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return Sent(head + as_sent, payload if whole else None, hangs_up=framing == "long")


def exchange(url: str, request: Sent) -> int | None:
    """Send a request, and read to the end.

    Returns:
        The status, None if the connection was closed without an answer.
    """
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=TIMEOUT_S) as sock:
        answer = b""
        try:
            sock.sendall(request.raw)
            if request.hangs_up:
                sock.shutdown(socket.SHUT_WR)
            while chunk := sock.recv(65536):
                answer += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
        except OSError as error:
            assert not isinstance(error, TimeoutError), f"no end within {TIMEOUT_S} s: {request.raw[:300]!r}"
            raise
    if not answer:
        return None
    assert answer.startswith(b"HTTP/1."), answer[:100]
    return int(answer[9:12])


def send_all(lab: Lab, examples: int) -> Counter[str]:
    statuses: Counter[str] = Counter()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(request=requests(), api=st.integers(0, 1))
    def send(request: Sent, api: int) -> None:
        status = exchange(lab.urls[api], request)
        statuses[str(status or "closed")] += 1
        assert status is None or status < 500, (status, request.raw)
        payment = request.body is not None and is_payment(request.body)
        if status == 202:
            assert request.body is not None, ("nonsense was taken", request.raw)
            assert payment or is_borderline(request.body), ("nonsense was taken", request.body)
            lab.answers.add(uuid.UUID(json.loads(request.body)["correlationId"]).bytes, 202)
        elif payment and status is not None:
            assert status == 409 or is_borderline(request.body or b""), ("a payment was refused", status, request.body)

    send()
    return statuses


@pytest.mark.parametrize("examples", [1000, pytest.param(10_000, marks=pytest.mark.slow)], ids=["short", "full"])
async def test_generated_requests_get_sensible_answers(run_lab: RunLab, examples: int) -> None:
    async with run_lab() as lab:
        statuses = await asyncio.to_thread(send_all, lab, examples)
        counts = await lab.settle()

        await lab.check(f"{examples} generated requests", statuses=dict(sorted(statuses.items())))
        assert counts["accepted"] == len(lab.answers.acknowledged()) > examples / 50
        assert not any(each.logged("api.handler_failed") for each in lab.apis)
        for url in lab.urls:
            assert await asyncio.to_thread(exchange, url, Sent(READY, None)) == 200
