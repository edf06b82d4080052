"""Where traces come from: lines of a log, or a system that runs."""

from __future__ import annotations

import heapq
from typing import IO, TYPE_CHECKING, Any, Protocol

from rinha.trace.reading.hop_line import by_payment, hops_of_answer
from rinha.trace.reading.read import LineIndex, find
from rinha.trace.reading.spans import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rinha.trace.reading.hop_line import Hops

FAILED_MAX = 20
"""That many of those that went wrong are shown: more can't be read."""
SYSTEM_MAX = 100
"""That many of the slowest stand for all where a running system is asked."""


class StrangeAnswerError(Exception):
    """What a system answers isn't traces as this version knows them."""


class Source(Protocol):
    """Answers which traces there are. ``notes`` says what else is to be known of the last answer, in sentences."""

    notes: list[str]

    def find(self, digits: str) -> list[Trace]:
        """The payments whose id begins so."""
        ...

    def all(self) -> Iterator[Trace]:
        """Each payment, by its start."""
        ...

    def slowest(self, count: int) -> list[Trace]:
        """Those that took longest, the slowest first."""
        ...

    def failed(self) -> list[Trace]:
        """Those that were refused, unknown or parked, the last ``FAILED_MAX``."""
        ...


class LogSource:
    """Reads a log's lines.

    Args:
        file: the log, at its beginning. It is read once, for one question.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.notes: list[str] = []
        self._file = file

    def find(self, digits: str) -> list[Trace]:
        """See ``Source``."""
        found = find(self._file, digits)
        self.notes = [str(gap) for gap in found.gaps]
        return [_trace(hops) for hops in found.payments]

    def all(self) -> Iterator[Trace]:
        """See ``Source``."""
        index = LineIndex(self._file)
        try:
            self.notes = [str(gap) for gap in index.gaps]
            yield from map(_trace, index)
        finally:
            index.close()

    def slowest(self, count: int) -> list[Trace]:
        """See ``Source``."""
        return heapq.nlargest(count, self.all(), key=lambda trace: trace.took_ns)

    def failed(self) -> list[Trace]:
        """See ``Source``."""
        last: list[Trace] = []
        count = 0
        for trace in self.all():
            if trace.has_failed:
                count += 1
                last = [*last[1 - FAILED_MAX :], trace]
        if count > len(last):
            self.notes.append(f"{count:,} payments went wrong; these are the last {len(last)}")
        return last


class SystemSource:
    """Asks an API of a running system.

    Args:
        get: asks for a path and returns the answer's JSON; it raises what says that there is none.
    """

    def __init__(self, get: Callable[[str], Any]) -> None:
        self.notes: list[str] = []
        self._get = get

    def find(self, digits: str) -> list[Trace]:
        """See ``Source``."""
        return self._ask(f"/traces/{digits}")

    def all(self) -> Iterator[Trace]:
        """The slowest that are kept stand for all."""
        slowest = self.slowest(SYSTEM_MAX)
        self.notes.append(f"these are the {len(slowest)} slowest that the system keeps; a log's lines have all")
        yield from sorted(slowest, key=lambda trace: trace.start_ns)

    def slowest(self, count: int) -> list[Trace]:
        """See ``Source``."""
        found = self._ask(f"/traces?slowest={count}")
        return sorted(found, key=lambda trace: -trace.took_ns)[:count]

    def failed(self) -> list[Trace]:
        """See ``Source``."""
        return sorted(self._ask(f"/traces?failed={FAILED_MAX}"), key=lambda trace: trace.start_ns)

    def _ask(self, path: str) -> list[Trace]:
        answer = self._get(path)
        try:
            self.notes = [str(each) for each in answer.get("missing") or ()]
            payments = by_payment(hops_of_answer(answer))
            return [_trace(hops, _silent(answer["processes"], hops)) for hops in payments]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StrangeAnswerError(f"{type(error).__name__}: {error}") from error


def _silent(processes: Iterable[Mapping[str, Any]], hops: Hops) -> dict[str, list[str]]:
    """Processes that have nothing of a payment, by their kind."""
    heard = {(line.role, line.run) for line in hops.lines}
    silent: dict[str, list[str]] = {}
    for process in processes:
        if (process["role"], process["run"]) not in heard:
            silent.setdefault(str(process.get("kind", "")), []).append(str(process["role"]))
    return silent


def _trace(hops: Hops, silent: Mapping[str, list[str]] | None = None) -> Trace:
    return Trace(hops.payment_id, hops.lines, silent)
