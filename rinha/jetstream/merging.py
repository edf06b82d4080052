"""What the shards' answers come to: one answer, as a single worker would give it. Sans I/O.

What can be added is added. What can't is said of each shard in words, or is that of the worst one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from actors.messages.people import (
    Close,
    GetHeldReport,
    GetPayment,
    GetProcessors,
    GetRows,
    GetStatistics,
    GetSummary,
    RetryParked,
    RetryPayment,
)
from actors.reports import HeldReport, PaymentsPage, ProcessorsReport, Statistics, WorkerStatistics
from actors.values import ProcessorHealth, RowsPage, Totals
from rinha.bridge.errors import RequestFailed
from rinha.bridge.protocol.wire.metrics import Metrics
from rinha.bridge.protocol.wire.overview import Counted
from rinha.bridge.protocol.wire.own_questions import GetEvents, GetFigures, GetHops, GetMetrics
from rinha.bridge.protocol.wire.processes import AllEvents, AllHops, AllReports
from rinha.jetstream.names import shard_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.reports import PaymentReport
    from rinha.bridge.protocol.wire.questions import Question

PREFIX_MAX = 10


def shards_to_ask(question: Question, shards: int) -> Sequence[int]:
    """Whose affair a question is: one payment's whole id is known to its own shard alone."""
    if isinstance(question, Close | RetryPayment):
        return (shard_of(question.payment_id, shards),)
    if isinstance(question, GetPayment) and len(question.digits) == 32:
        return (shard_of(bytes.fromhex(question.digits), shards),)
    return range(shards)


def merge(question: Question, answers: Sequence[Any]) -> Any:
    """One answer of those of several shards, in the shards' order.

    Args:
        question: but for ``GetRows`` and ``GetPayments``, which go from shard to shard (``ShardedPages``).
        answers: of those that were to be asked.

    Raises:
        RequestFailed: they can't be put together.
    """
    if len(answers) == 1:
        return answers[0]
    match question:
        case GetSummary():
            return {name: Totals(*map(sum, zip(*(each[name] for each in answers), strict=True))) for name in answers[0]}
        case GetStatistics():
            return _statistics(answers)
        case GetPayment():
            return tuple(report for answer in answers for report in answer)[:PREFIX_MAX]
        case GetHeldReport():
            return _held(answers)
        case GetProcessors():
            return _processors(answers)
        case RetryParked():
            return sum(answers)
        case GetMetrics():
            return _metrics(answers)
        case GetFigures():
            return AllReports(tuple(each for answer in answers for each in answer.apis), _missing(answers))
        case GetEvents():
            return AllEvents(tuple(each for answer in answers for each in answer.processes), _missing(answers))
        case GetHops():
            return AllHops(tuple(each for answer in answers for each in answer.processes), _missing(answers))
    raise RequestFailed(
        f"{type(question).__name__[3:].lower()}: each worker tells its own, and there are {len(answers)}"
    )


def merge_rows(pages: Sequence[RowsPage]) -> RowsPage:
    """One page of the pages that each shard gave; its epoch changes with any of theirs."""
    return RowsPage(
        sum(page.epoch for page in pages),
        sum(page.total for page in pages),
        [row for page in pages for row in page.rows],
    )


def rows_of_each(question: GetRows, totals: Sequence[int]) -> list[GetRows]:
    """What to ask each shard for a page of all books, which stand one behind the other.

    Args:
        question: from which index on, and how many.
        totals: how many rows each shard has.
    """
    asked, start, left = [], question.start, question.limit
    for total in totals:
        own = GetRows(min(start, total), max(0, min(left, total - start)))
        asked.append(own)
        start, left = max(0, start - total), left - own.limit
    return asked


def split_after(after: str) -> tuple[int, str]:
    """At which shard a page of payments goes on, and behind what there.

    Raises:
        ValueError: nobody gave this out.
    """
    shard, _, rest = after.partition(":")
    return (int(shard), rest) if after else (0, "")


def join_pages(pages: Sequence[PaymentsPage], shard: int, limit: int) -> PaymentsPage:
    """A page of those from a shard on, shard after shard; within each the oldest come first.

    Args:
        pages: of all shards in order; those before ``shard`` are asked for their total alone.
        shard: the first whose payments are wanted.
        limit: so many at most.
    """
    payments: list[PaymentReport] = []
    total = sum(page.total for page in pages)
    for number in range(shard, len(pages)):
        page = pages[number]
        if payments and len(payments) + len(page.payments) > limit:
            return PaymentsPage(tuple(payments), total, f"{number}:")
        payments += page.payments
        if page.after:
            return PaymentsPage(tuple(payments), total, f"{number}:{page.after}")
    return PaymentsPage(tuple(payments), total, "")


def _missing(answers: Sequence[Any]) -> tuple[str, ...]:
    return tuple(each for answer in answers for each in answer.missing)


def _statistics(answers: Sequence[WorkerStatistics]) -> WorkerStatistics:
    counts = Statistics(*map(sum, zip(*(each.counts for each in answers), strict=True)))
    processors = zip(*(each.processors for each in answers), strict=True)
    letters, crashes = Counter[str](), Counter[str]()
    for each in answers:
        letters.update(each.dead_letters)
        crashes.update(each.crashes)
    return WorkerStatistics(counts, tuple(map(_worst, processors)), dict(letters), dict(crashes))


def _worst(seen: Sequence[ProcessorHealth]) -> ProcessorHealth:
    """A processor as the worker sees it for whom it is worst: circuits are each worker's own."""
    return max(seen, key=lambda each: (not each.healthy, each.latency_ms))


def _held(answers: Sequence[HeldReport]) -> HeldReport:
    counts = Counter[str]()
    for each in answers:
        counts.update(each.counts)
    oldest = [each for each in answers if each.oldest_ms]
    first = min(oldest, key=lambda each: each.oldest_ms) if oldest else answers[0]
    drained = max(answers, key=lambda each: each.drained_ms)
    return first._replace(
        counts={name: counts[name] for name in answers[0].counts},
        backlog_max=sum(each.backlog_max for each in answers),
        drained_ms=drained.drained_ms,
        drained_s=drained.drained_s,
        drained_payments=drained.drained_payments,
    )


def _processors(answers: Sequence[ProcessorsReport]) -> ProcessorsReport:
    processors = []
    for seen in zip(*(each.processors for each in answers), strict=True):
        worst = max(seen, key=lambda each: (not each.healthy, each.latency_ms or 0))
        processors.append(
            worst._replace(
                in_flight=sum(each.in_flight for each in seen),
                settled=sum(each.settled for each in seen),
                settled_cents=sum(each.settled_cents for each in seen),
            )
        )
    routings = [each.routing for each in answers]
    dearest = max(routings, key=lambda each: each.fees_cents - each.least_fees_cents)
    return ProcessorsReport(
        tuple(processors),
        dearest._replace(
            fees_cents=sum(each.fees_cents for each in routings),
            least_fees_cents=sum(each.least_fees_cents for each in routings),
        ),
    )


def _metrics(answers: Sequence[Metrics]) -> Metrics:
    """Sums; an actor's name gets its shard's number."""
    payments, processors = Counter[str](), {}
    for each in answers:
        payments.update(each.payments)
    for name in answers[0].processors:
        seen = [each.processors[name] for each in answers]
        processors[name] = seen[0]._replace(
            healthy=all(each.healthy for each in seen),
            in_use=any(each.in_use for each in seen),
            latency_ms=max((each.latency_ms for each in seen if each.latency_ms is not None), default=None),
            settled=sum(each.settled for each in seen),
            fees_cents=sum(each.fees_cents for each in seen),
            took=_counted([each.took for each in seen]),
        )
    return Metrics(
        {},
        {name: payments[name] for name in answers[0].payments},
        processors,
        {f"{shard}/{name}": actor for shard, each in enumerate(answers) for name, actor in each.actors.items()},
        sum(each.dead_letters for each in answers),
        sum(each.commits for each in answers),
        sum(each.commits_s for each in answers),
    )


def _counted(all_counted: Sequence[Counted]) -> Counted:
    counts = Counter[int]()
    for each in all_counted:
        counts.update(each.counts)
    return Counted(dict(counts), sum(each.sum_ms for each in all_counted))
