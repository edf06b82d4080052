"""The payments that somebody will ask for, from their kept hops: what took longest of slow ones, why others failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.words import units
from rinha.bridge.protocol.wire.overview import FailedPayment, SlowPayment
from rinha.trace.reading.bars import WAIT, WORK

if TYPE_CHECKING:
    from actors.tracing import Record
    from rinha.trace.recording.kept import KeptPayment

NS_PER_MS = 1_000_000


def slow(kept: KeptPayment) -> SlowPayment:
    """How long a payment took at the worker, and what took longest: a hop's own time, or the time before it."""
    hops = sorted(kept.hops, key=lambda hop: hop[0])
    longest, longest_ns, end_ns = "", 0, hops[0][0]
    for start_ns, took_ns, _id, hop, *_ in hops:
        if start_ns - end_ns > longest_ns:
            longest, longest_ns = WAIT.get(hop, "mailbox"), start_ns - end_ns
        if took_ns > longest_ns:
            longest, longest_ns = WORK.get(hop, hop), took_ns
        end_ns = max(end_ns, start_ns + took_ns)
    return SlowPayment(_id_of(kept), kept.took_ns / NS_PER_MS, longest, longest_ns / NS_PER_MS)


def failed(kept: KeptPayment) -> FailedPayment:
    """When a payment had trouble last, and what that was."""
    last = next((hop for hop in reversed(kept.hops) if _is_trouble(hop)), kept.hops[-1])
    at_ms = (last[0] + last[1]) // NS_PER_MS
    fields = last[6] or {}
    if last[3] == "parked":
        return FailedPayment(_id_of(kept), at_ms, f"parked: {fields.get('reason', 'it waits for a person')}")
    if last[3] == "payment.attempt":
        said = units.said(str(fields.get("reason") or ""))
        return FailedPayment(_id_of(kept), at_ms, f"{fields.get('processor')}: {fields.get('outcome')}, {said}")
    return FailedPayment(_id_of(kept), at_ms, last[3])


def _is_trouble(hop: Record) -> bool:
    return hop[3] == "parked" or (hop[3] == "payment.attempt" and (hop[6] or {}).get("outcome") != "settled")


def _id_of(kept: KeptPayment) -> bytes:
    return kept.hops[0][2]
