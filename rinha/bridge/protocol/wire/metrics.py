"""All that monitoring counts in the whole system. Plain values, as those in ``processes.py``, since a start."""

from __future__ import annotations

from typing import NamedTuple

from rinha.bridge.protocol.wire.overview import ApiPulse, Counted  # noqa: TC001  # read when these are decoded


class ApiMetrics(NamedTuple):
    """The APIs of one name, in all their lives that the worker knows of.

    Args:
        accepted: payments answered with 202.
        refused: payments answered with 503, by the reason's code.
        answered: how long answers to payments took, by status.
        credit: payments that could be sent now; None while none of them has a session.
    """

    accepted: int
    refused: dict[str, int]
    answered: dict[str, Counted]
    credit: int | None

    @classmethod
    def of(cls, pulse: ApiPulse) -> ApiMetrics:
        """Those of one API as it answers."""
        report = pulse.report
        return cls(report.accepted, report.refused, pulse.answered, pulse.credit)


class ProcessorMetrics(NamedTuple):
    """A processor.

    Args:
        healthy: its circuit is closed.
        in_use: new payments go there.
        latency_ms: the estimate of its response time; None if nothing is known.
        settled: payments that it has settled.
        fees_cents: what they cost, in cents.
        took: how long they took from their taking.
    """

    healthy: bool
    in_use: bool
    latency_ms: float | None
    settled: int
    fees_cents: float
    took: Counted


class ActorMetrics(NamedTuple):
    """An actor, or all payment actors together.

    Args:
        mailbox: messages that wait now.
        handled: messages that were handled.
        waited_s: seconds that those had waited.
        busy_s: seconds that it took to handle them.
        restarts: how often it was made anew.
    """

    mailbox: int
    handled: int
    waited_s: float
    busy_s: float
    restarts: int


class Metrics(NamedTuple):
    """Everything.

    Args:
        apis: by name.
        payments: how many are in each state that doesn't settle them.
        processors: by name.
        actors: by name; all payment actors are one.
        dead_letters: messages that could not be delivered.
        commits: of the journal; 0 without one.
        commits_s: seconds that those took.
    """

    apis: dict[str, ApiMetrics]
    payments: dict[str, int]
    processors: dict[str, ProcessorMetrics]
    actors: dict[str, ActorMetrics]
    dead_letters: int
    commits: int
    commits_s: float
