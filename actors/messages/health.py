"""How the processors are, and probes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.recipient import Recipient
    from actors.values import HealthReport, ProcessorHealth


class HealthPolled(NamedTuple):
    """Health poller -> health actor.

    Args:
        processor: the processor's name.
        report: what it said; None if it gave no usable answer.
        asked_at_s: when it was asked, on the monotonic clock.
    """

    processor: str
    report: HealthReport | None
    asked_at_s: float


class AttemptObserved(NamedTuple):
    """Payment actor -> health actor: how one posted payment went.

    Args:
        processor: the processor's name.
        succeeded: it holds the payment; None if it found fault with the payment, which says nothing of others.
        latency_ms: from sending to the end of the answer.
        reason: what the processor said, or what happened, e.g. ``"HTTP 401"``; empty if it succeeded.
        turned_away: the answer says nothing of the payment.
        again: the payment had failed there before.
    """

    processor: str
    succeeded: bool | None
    latency_ms: float
    reason: str = ""
    turned_away: bool = False
    again: bool = False


class HealthChanged(NamedTuple):
    """Health actor -> intake: the present state of every processor, in the configured order."""

    processors: tuple[ProcessorHealth, ...]


class CircuitState(NamedTuple):
    """A processor's circuit, for people. Instants are seconds on the monotonic clock.

    Args:
        health: what routing knows.
        since_s: since when it is as healthy as it is.
        cause: what made it so: one of those in ``health/causes.py``.
        reason: the last failure when it opened; empty if a report opened it, or it is closed.
        probe_at_s: when it is probed next; None while it is closed.
        last_failure: what was said last when a payment failed there; empty if none did.
        last_failure_s: when that was.
        latency_from: what its latency was learned from: ``payments`` or ``health endpoint``; empty if there is none.
    """

    health: ProcessorHealth
    since_s: float
    cause: str
    reason: str
    probe_at_s: float | None
    last_failure: str
    last_failure_s: float
    latency_from: str


class GetCircuits(NamedTuple):
    """Ask the health actor for a ``CircuitState`` of every processor, in the configured order: a tuple."""


class ProbeDue(NamedTuple):
    """Health actor -> intake: send one payment to this unhealthy processor to see how it is.

    Args:
        processor: the processor's name.
        health: told ``ProbeMissing`` if there is no payment that would do.
        overtakes: the processor says that it is well and quick: a probe that hangs there needn't be waited for.
    """

    processor: str
    health: Recipient
    overtakes: bool = False


class ProbeMissing(NamedTuple):
    """Intake -> health actor: no payment can tell how this processor is; its own word has to do."""

    processor: str
