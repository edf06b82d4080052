"""The short way of nearly all payments: which bytes are one harmless ``POST /payments``, whole and alone.

aiohttp's request machinery takes most of what a payment costs an API. What comes in the one form that balancers and
load generators send needs none of it. Everything else goes to aiohttp as it came, so nothing here may be generous: what
this takes, aiohttp has to take alike (RFC 9112; ``tests/api/test_lane.py`` sends each input both ways).
"""

from __future__ import annotations

import re

from rinha.api.body import BODY_MAX_BYTES

HEADS_MAX = 64
"""Heads that are remembered: a client's differ by the length of the body alone."""
HEAD_MAX_BYTES = 2048
REQUEST_LINE = b"POST /payments HTTP/1.1"

_END = b"\r\n\r\n"
_FIELD = re.compile(rb"([A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)")
_LENGTH = re.compile(rb"[1-9][0-9]{0,3}")
_NOT_OURS = -1

_HARMLESS = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"cache-control",
        b"connection",
        b"content-length",
        b"content-type",
        b"host",
        b"user-agent",
        b"via",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-proto",
        b"x-real-ip",
        b"x-request-id",
    }
)
"""Fields that change nothing of the answer, or, those about length and connection, in one value only."""


class Lane:
    """Tells requests that may take the short way; it has the heads that it saw last by heart."""

    def __init__(self) -> None:
        self._heads: dict[bytes, int] = {}

    def body_of(self, data: bytes) -> bytes | None:
        """The body of the payment's request that these bytes are.

        Args:
            data: all that a connection has got since its last request was answered.

        Returns:
            The body; None if it isn't one such request, whole, and nothing else.
        """
        begin = data.find(_END) + len(_END)
        head = data[:begin]
        length = self._heads.get(head)
        if length is None:
            length = self._look(head)
        # Never so for what isn't ours.
        return data[begin:] if len(data) - begin == length else None

    def _look(self, head: bytes) -> int:
        length = body_length(head) if len(head) <= HEAD_MAX_BYTES else _NOT_OURS
        if length != _NOT_OURS:
            if len(self._heads) >= HEADS_MAX:
                del self._heads[next(iter(self._heads))]
            self._heads[head] = length
        return length


def body_length(head: bytes) -> int:
    """How many bytes of a body follow a head that may take the short way.

    Args:
        head: up to the blank line, which belongs to it.

    Returns:
        From 1 to ``BODY_MAX_BYTES``; -1 for any other head.
    """
    request_line, *lines = head.removesuffix(_END).split(b"\r\n")
    if request_line != REQUEST_LINE or not head.endswith(_END):
        return _NOT_OURS
    fields: dict[bytes, bytes] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            return _NOT_OURS
        name = field[1].lower()
        if name in fields or name not in _HARMLESS:
            return _NOT_OURS
        fields[name] = field[2]
    length = fields.get(b"content-length", b"")
    if b"host" not in fields or fields.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return _NOT_OURS
    return int(length) if _LENGTH.fullmatch(length) and int(length) <= BODY_MAX_BYTES else _NOT_OURS
