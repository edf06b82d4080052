"""Reports as JSON objects, the same for every endpoint: their fields by name.

An id is ``correlationId`` in its 36-character form. What isn't known, or isn't there, is null: an instant, a processor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from rinha.logs.events import describe_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actors.reports import PaymentReport, PaymentsPage, RetryAnswer
    from rinha.bridge.protocol.wire.processes import AllHops, Event, ProcessHops

_MAY_LACK = frozenset({"processor", "latency_from", "last_failure", "in_use", "refusing", "last_refused", "drained_s"})
"""Of these a field that is empty or 0 stands for nothing, as of all that end with ``_ms`` but durations."""
_DURATIONS = frozenset({"took_ms", "latency_ms", "wait_ms", "longest_ms"})


def report_as_json(report: Any) -> dict[str, Any]:
    """A report (a named tuple of plain values, or of such reports) as a JSON object."""
    return dict(_member(name, value) for name, value in report._asdict().items())


def page_as_json(page: PaymentsPage) -> dict[str, Any]:
    """A page of payments; ``after`` is null at the end."""
    return {**report_as_json(page), "after": page.after or None}


def payments_as_json(payments: Sequence[PaymentReport]) -> dict[str, Any]:
    """What begins as somebody said: the payment itself if it is the only one, else all of them."""
    if len(payments) == 1:
        return report_as_json(payments[0])
    return {"payments": [report_as_json(each) for each in payments], "total": len(payments)}


def retry_as_json(payment_id: bytes, answer: RetryAnswer) -> dict[str, Any]:
    """What became of the wish to have a payment tried again."""
    return {"correlationId": str(UUID(bytes=payment_id)), "result": answer.result.name.lower(), "why": answer.why}


def events_as_json(events: Iterable[Event], missing: Sequence[str]) -> dict[str, Any]:
    """Events with what each means, and who gave none."""
    listed = [{**each._asdict(), "words": describe_event(each.event, each.fields)} for each in events]
    return {"events": listed, "missing": list(missing)}


def hops_as_json(hops: AllHops) -> dict[str, Any]:
    """The hops of all processes, and who gave none."""
    return {"processes": [_process(each) for each in hops.processes], "missing": list(hops.missing)}


def _process(process: ProcessHops) -> dict[str, Any]:
    names = ("start_ns", "took_ns", "correlationId", "hop", "attempt", "actor", "fields")
    hops = [dict(zip(names, (*hop[:2], str(UUID(bytes=hop[2])), *hop[3:]), strict=True)) for hop in process.hops]
    return {"role": process.role, "run": process.run, "kind": process.kind, "hops": hops}


def _member(name: str, value: Any) -> tuple[str, Any]:
    if name == "payment_id":
        return "correlationId", str(UUID(bytes=value))
    if not value and (name in _MAY_LACK or (name.endswith("_ms") and name not in _DURATIONS)):
        return name, None
    if isinstance(value, float):
        return name, round(value, 3)
    if hasattr(value, "_asdict"):
        return name, report_as_json(value)
    if isinstance(value, tuple):
        return name, [report_as_json(each) if hasattr(each, "_asdict") else each for each in value]
    return name, value
