"""The system's figures as prometheus-client's metric families.

Its multiprocess mode isn't used: processes that ended leave files behind, and the worker knows all figures anyway.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    SummaryMetricFamily,
)

from rinha.overview.histogram import cumulative

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from rinha.bridge.protocol.wire.metrics import Metrics
    from rinha.bridge.protocol.wire.overview import Counted

BUCKETS_MS = (0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10_000.0, 25_000.0)
"""From a local answer to the second longest that a processor takes; each is a bound of our own histograms."""


class SystemCollector:
    """Makes families of figures.

    Args:
        metrics: the figures.
        up: whether they are the worker's; else they are those of one API.
    """

    def __init__(self, metrics: Metrics, *, up: bool) -> None:
        self._metrics = metrics
        self._up = up

    def collect(self) -> Iterator[Metric]:
        """All families (prometheus-client's ``Collector``)."""
        yield InfoMetricFamily("rinha_build", "What runs here.", {"version": _version()})
        yield GaugeMetricFamily("rinha_worker_up", "Whether the worker answers the API that was asked.", self._up)
        yield from self._of_apis()
        if self._up:
            yield from self._of_payments()
            yield from self._of_processors()
            yield from self._of_actors()

    def _of_apis(self) -> Iterator[Metric]:
        apis = self._metrics.apis
        accepted = CounterMetricFamily("rinha_payments_accepted", "Payments answered with 202.", labels=["api"])
        refused = CounterMetricFamily("rinha_payments_refused", "Payments answered with 503.", labels=["api", "reason"])
        credit = GaugeMetricFamily("rinha_bridge_credit", "Payments that an API may send now.", labels=["api"])
        took = HistogramMetricFamily(
            "rinha_http_request_duration_seconds", "How long answers to payments took.", labels=["api", "status"]
        )
        for name, each in apis.items():
            accepted.add_metric([name], each.accepted)
            for reason, number in each.refused.items():
                refused.add_metric([name, reason], number)
            if each.credit is not None:
                credit.add_metric([name], each.credit)
            for status, counted in each.answered.items():
                _add(took, [name, status], counted)
        return iter((accepted, refused, credit, took))

    def _of_payments(self) -> Iterator[Metric]:
        held = GaugeMetricFamily("rinha_payments", "Payments that aren't settled, by state.", labels=["state"])
        for state, number in self._metrics.payments.items():
            held.add_metric([state], number)
        yield held

    def _of_processors(self) -> Iterator[Metric]:
        processors = self._metrics.processors.items()
        labels = ["processor"]

        def gauge(name: str, text: str, values: Iterable[tuple[str, float | None]]) -> Metric:
            family = GaugeMetricFamily(name, text, labels=labels)
            for processor, value in values:
                if value is not None:
                    family.add_metric([processor], value)
            return family

        yield gauge("rinha_processor_up", "Its circuit is closed.", ((name, each.healthy) for name, each in processors))
        yield gauge(
            "rinha_processor_in_use", "New payments go to it.", ((name, each.in_use) for name, each in processors)
        )
        latencies = ((name, None if each.latency_ms is None else each.latency_ms / 1000) for name, each in processors)
        yield gauge("rinha_processor_latency_seconds", "The estimate of its response time.", latencies)
        settled = CounterMetricFamily("rinha_payments_settled", "Payments that came into the books.", labels=labels)
        fees = CounterMetricFamily("rinha_fees_cents", "What settled payments cost, in cents.", labels=labels)
        took = HistogramMetricFamily(
            "rinha_settlement_duration_seconds", "How long payments took, from taking to books.", labels=labels
        )
        for name, each in processors:
            settled.add_metric([name], each.settled)
            fees.add_metric([name], each.fees_cents)
            _add(took, [name], each.took)
        yield from (settled, fees, took)

    def _of_actors(self) -> Iterator[Metric]:
        labels, metrics = ["actor"], self._metrics
        mailbox = GaugeMetricFamily("rinha_actor_mailbox_messages", "Messages that wait in mailboxes.", labels=labels)
        waited = SummaryMetricFamily(
            "rinha_actor_mailbox_wait_seconds",
            "How long messages waited there, estimated from a sample.",
            labels=labels,
        )
        busy = CounterMetricFamily(
            "rinha_actor_busy_seconds", "Time spent on handling messages, estimated from a sample.", labels=labels
        )
        restarts = CounterMetricFamily("rinha_actor_restarts", "How often an actor was made anew.", labels=labels)
        for name, each in metrics.actors.items():
            mailbox.add_metric([name], each.mailbox)
            waited.add_metric([name], each.handled, each.waited_s)
            busy.add_metric([name], each.busy_s)
            restarts.add_metric([name], each.restarts)
        yield from (mailbox, waited, busy, restarts)
        yield CounterMetricFamily("rinha_dead_letters", "Messages that could not be delivered.", metrics.dead_letters)
        text = "How long commits of the journal took."
        yield SummaryMetricFamily("rinha_journal_commit_seconds", text, metrics.commits, metrics.commits_s)


def _add(family: HistogramMetricFamily, labels: list[str], counted: Counted) -> None:
    number = sum(counted.counts.values())
    pairs = zip(BUCKETS_MS, cumulative(counted, BUCKETS_MS), strict=True)
    buckets = [(f"{bound_ms / 1000:g}", count) for bound_ms, count in pairs]
    family.add_metric(labels, [*buckets, ("+Inf", number)], counted.sum_ms / 1000)


def _version() -> str:
    try:
        return version("rinha-actors")
    except PackageNotFoundError:
        return "unknown"
