"""The report's tables as plain values: figures of each subject, and of each of its services."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench.report import measures
from tests.bench.report.measures import per_payment, ratio, used
from tests.bench.report.samples import over, services, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.bench.report.samples import Measure, Sample, Spread
    from tests.bench.rounds import Usage


class Metric(NamedTuple):
    """A line of the table of subjects.

    Args:
        title: with its unit.
        measure: of one round.
        digits: behind the point.
    """

    title: str
    measure: Measure
    digits: int


METRICS = (
    *(Metric(f"{each}, ms", measures.latency(each), 2) for each in ("p50", "p95", "p99")),
    *(Metric(f"{each} ÷ the floor's", ratio(each), 2) for each in ("p50", "p95", "p99")),
    Metric("worst slice's p99 ÷ the first's", measures.worst_slice, 2),
    Metric("CPU per accepted payment, ms", measures.CPU, 3),
    Metric("throttled periods, steady phase", measures.THROTTLED, 0),
    Metric("memory at the end, MB", measures.MEMORY, 0),
    Metric("requests refused", measures.refused, 0),
    Metric("inconsistencies", measures.inconsistencies, 0),
    Metric("differences in the books", measures.differences, 0),
    Metric("lag, payments", measures.lag, 0),
    Metric("settled at the default, %", measures.default_share, 2),
    Metric("score", measures.score, 0),
)


class ServiceFigures(NamedTuple):
    """A line of the table of services; each figure is None where no round has it.

    Args:
        subject: whose service.
        service: its name.
        cpu: CPU time per accepted payment, in milliseconds, as are user and system.
        user: the part outside the kernel.
        system: the part in the kernel.
        cpu_limit: its quota in CPUs.
        throttled: periods in which it had to wait for the next, over the whole run.
        steady_throttled: the same in the steady phase.
        memory_peak: in bytes.
        memory_limit: in bytes.
        ready: seconds from its start until it was ready.
    """

    subject: str
    service: str
    cpu: Spread | None
    user: Spread | None
    system: Spread | None
    cpu_limit: Spread | None
    throttled: Spread | None
    steady_throttled: Spread | None
    memory_peak: Spread | None
    memory_limit: Spread | None
    ready: Spread | None


def subject_figures(samples: Mapping[str, Sequence[Sample]]) -> dict[str, list[Spread | None]]:
    """By subject, what each of `METRICS` is over its rounds."""
    return {subject: [over(own, each.measure) for each in METRICS] for subject, own in samples.items()}


def service_figures(samples: Mapping[str, Sequence[Sample]]) -> list[ServiceFigures]:
    """All services of all subjects."""
    return [_service(subject, service, own) for subject, own in samples.items() for service in services(own)]


def _service(subject: str, service: str, own: Sequence[Sample]) -> ServiceFigures:
    def of(amount: Callable[[Usage], float | None]) -> Spread | None:
        return spread(amount(sample.round.usage[service]) for sample in own if service in sample.round.usage)

    def each_payment(amount: Callable[[Usage], float]) -> Spread | None:
        return over(own, per_payment(used(amount, service)))

    return ServiceFigures(
        subject,
        service,
        cpu=each_payment(lambda usage: usage.cpu_ms),
        user=each_payment(lambda usage: usage.user_ms),
        system=each_payment(lambda usage: usage.system_ms),
        cpu_limit=of(lambda usage: usage.cpu_limit),
        throttled=of(lambda usage: usage.throttled),
        steady_throttled=of(lambda usage: usage.steady_throttled),
        memory_peak=of(lambda usage: usage.memory_peak),
        memory_limit=of(lambda usage: usage.memory_limit),
        ready=over(own, lambda sample: sample.round.ready_s.get(service)),
    )
