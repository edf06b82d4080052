"""The overview as a JSON object; ``docs/operations.md`` has its members. What isn't known is null, or empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rinha.answers.reports import events_as_json, report_as_json
from rinha.answers.verdict import away, silent, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.reports import PaymentReport
    from rinha.bridge.protocol.wire.overview import ApiState, EdgeReport, Overview, SecondReport


def overview_as_json(overview: Overview, now_ms: int) -> dict[str, Any]:
    """The overview but for its ``seconds``, which differ from one who asks to another.

    Args:
        overview: what the worker has told.
        now_ms: the present, in milliseconds since the Unix epoch.
    """
    newest = overview.seconds[-1] if overview.seconds else None
    return {
        "at_ms": newest.at_ms if newest else None,
        "number": newest.number if newest else 0,
        "worker": {"run": overview.run, "started_ms": overview.started_ms, "away_since_ms": None, "why": ""},
        "verdict": verdict(overview, now_ms)._asdict(),
        "tiles": _tiles(overview, newest),
        "actors": [report_as_json(each) | {"step": each.step or None} for each in overview.actors],
        "edges": [_edge(each) for each in overview.edges],
        "apis": [_api(each) for each in overview.apis],
        "processors": report_as_json(overview.processors),
        "held": report_as_json(overview.held) | {"payments": report_as_json(overview.payments)},
        "slowest": [report_as_json(each) for each in overview.slowest],
        "failed": [report_as_json(each) for each in overview.failed],
        **events_as_json(overview.events, overview.missing),
    }


def away_as_json(api: ApiState, fault: str, number: int, away_since_ms: int, now_ms: int) -> dict[str, Any]:
    """The same where the worker gives no overview.

    Args:
        api: the API that answers.
        fault: why, for ``missing``.
        number: of the last second that is known; 0 for none.
        away_since_ms: since when there is none.
        now_ms: the present.
    """
    report = api.report
    why = report.why or fault.partition(": ")[2]
    said = away(away_since_ms) if report.worker_away_since_ms else silent(away_since_ms, why)
    rate = dict.fromkeys(("per_s", "p50_ms", "p99_ms", "total"))
    number_and_oldest = dict.fromkeys(("number", "oldest_ms"))
    return {
        "at_ms": now_ms,
        "number": number,
        "worker": {"run": None, "started_ms": None, "away_since_ms": away_since_ms, "why": why},
        "verdict": said._asdict(),
        "seconds": [],
        "tiles": {
            "accepted": rate,
            "settled": rate,
            "waiting": number_and_oldest,
            "unknown": number_and_oldest,
            "parked": {"number": None},
            "refused": {"last_minute": None, "reasons": {}, "why": report.why or None},
            "fees": dict.fromkeys(("paid_cents", "least_cents")),
            "trouble": dict.fromkeys(("dead_letters", "crashes")),
        },
        "actors": [],
        "edges": [],
        "apis": [_api(api) | {"per_s": None}],
        "processors": {"processors": [], "routing": None},
        "held": {
            **dict.fromkeys(("backlog_max", "oldest_ms", "drained_ms", "drained_s", "drained_payments")),
            "counts": {},
            "why": "",
            "next": "",
            "payments": {"unknown": [], "parked": [], "waiting": []},
        },
        "slowest": [],
        "failed": [],
        "events": [],
        "missing": [fault],
    }


def seconds_as_json(seconds: Iterable[SecondReport]) -> list[dict[str, Any]]:
    """Seconds, each as an object."""
    return [
        report_as_json(each) | {"processors": {name: one._asdict() for name, one in each.processors.items()}}
        for each in seconds
    ]


def _tiles(overview: Overview, newest: SecondReport | None) -> dict[str, Any]:
    payments, routing = overview.payments, overview.processors.routing
    return {
        "accepted": overview.accepted._asdict(),
        "settled": overview.settled._asdict(),
        "waiting": {"number": newest.waiting if newest else 0, "oldest_ms": _oldest(payments.waiting, "taken_ms")},
        "unknown": {"number": newest.unknown if newest else 0, "oldest_ms": _oldest(payments.unknown, "since_ms")},
        "parked": {"number": newest.parked if newest else 0},
        "refused": overview.refused._asdict() | {"why": overview.refused.why or None},
        "fees": {"paid_cents": round(routing.fees_cents, 2), "least_cents": round(routing.least_fees_cents, 2)},
        "trouble": {"dead_letters": overview.dead_letters, "crashes": overview.crashes},
    }


def _oldest(payments: Iterable[PaymentReport], name: str) -> int | None:
    return min((getattr(each, name) for each in payments), default=None)


def _edge(edge: EdgeReport) -> dict[str, Any]:
    return {"from": edge.sender, "to": edge.receiver, "per_s": edge.per_s, "message": edge.message}


def _api(api: ApiState) -> dict[str, Any]:
    return report_as_json(api.report) | {"per_s": api.per_s, "credit": api.credit}
