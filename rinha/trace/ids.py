"""The ids of traces and spans, and the `traceparent` header that carries them (W3C Trace Context).

A payment's 16 bytes are its trace id, and a span's id follows from what it is the span of, so neither is carried or
drawn: every process and every viewer come to the same.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import NamedTuple

TRACEPARENT = "traceparent"
SAMPLED = 1

ROOT = "payment"
"""The name of each trace's root span, which stands for the payment itself, whatever process it is in."""

_NIL = bytes(16)
_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)


def trace_id(payment_id: bytes) -> bytes:
    """The trace id of a payment: its own 16 bytes, but for the nil UUID, which the standard forbids and is hashed."""
    return payment_id if payment_id != _NIL else blake2b(payment_id, digest_size=16).digest()


def span_id(payment_id: bytes, hop: str, attempt: int = 0, role: str = "", run: str = "") -> bytes:
    """The id of a span, 8 bytes.

    Args:
        payment_id: the payment's 16 bytes.
        hop: the hop's name, or ``ROOT``.
        attempt: its number; 0 where there is none.
        role: the process's; empty for the root.
        run: the process's; empty for the root.
    """
    text = f"{hop}\0{attempt}\0{role}\0{run}".encode()
    return blake2b(text, digest_size=8, key=payment_id).digest()


class TraceParent(NamedTuple):
    """A caller's place in a trace of its own.

    Args:
        trace_id: 16 bytes.
        parent_id: the caller's span, 8 bytes.
        flags: ``SAMPLED`` or not; other bits have no meaning here.
    """

    trace_id: bytes
    parent_id: bytes
    flags: int

    @property
    def sampled(self) -> bool:
        """Whether the caller records its trace."""
        return bool(self.flags & SAMPLED)

    def __str__(self) -> str:
        return f"00-{self.trace_id.hex()}-{self.parent_id.hex()}-{self.flags:02x}"


def parse_traceparent(text: str) -> TraceParent | None:
    """Read the header `traceparent`.

    Returns:
        What it says; None if it is malformed, which the standard wants ignored.
    """
    found = _FORM.fullmatch(text.strip(" \t"))
    if found is None:
        return None
    version, trace, parent, flags, more = found.groups()
    # A version to come may say more behind it, the present one may not; ff is none.
    if version == "ff" or (version == "00" and more) or not int(trace, 16) or not int(parent, 16):
        return None
    return TraceParent(bytes.fromhex(trace), bytes.fromhex(parent), int(flags, 16))
