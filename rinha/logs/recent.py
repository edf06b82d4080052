"""What a process has logged of late, kept for people who ask: the last records, with their tracebacks."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from rinha.logs.records import event_of, fields_of, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDS_MAX = 200
"""With ``FIELD_MAX_CHARS`` of a few fields each: about 1 MB if all of them are long, 100 KB as it is."""
FIELD_MAX_CHARS, TRACE_MAX_CHARS = 500, 3000
ITEMS_MAX = 10
"""Of a list: a log line names every payment that waits when the worker ends, which may be 100,000."""


class Recent(NamedTuple):
    """One record; see ``Event`` of the bridge, which has the process's role, too."""

    number: int
    at_ms: int
    level: str
    event: str
    fields: dict[str, Any]


class RecentRecords(logging.Handler):
    """Keeps the last records from ``info`` on. A flood of one event pushes out its own kind before others."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._number = 0
        self._records: list[Recent] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record; never raises."""
        try:
            fields = _bounded(plain(fields_of(record)))
            if record.exc_info and record.exc_info[0]:
                fields["exception"] = _FORMATTER.formatException(record.exc_info)[-TRACE_MAX_CHARS:]
            self._number = max(self._number + 1, int(record.created * 1_000_000))
            level = record.levelname.lower()
            if len(self._records) >= RECORDS_MAX:
                self._drop_one()
            self._records.append(Recent(self._number, int(record.created * 1000), level, event_of(record), fields))
        except Exception:
            self.handleError(record)

    def after(self, number: int) -> Iterator[Recent]:
        """The records with a higher number, the oldest first."""
        return (each for each in list(self._records) if each.number > number)

    def clear(self) -> None:
        """Forget all of them."""
        self._records.clear()

    def _drop_one(self) -> None:
        ((event, _),) = Counter(each.event for each in self._records).most_common(1)
        del self._records[next(index for index, each in enumerate(self._records) if each.event == event)]


_FORMATTER = logging.Formatter()


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= FIELD_MAX_CHARS else value[:FIELD_MAX_CHARS] + "…"
    if isinstance(value, list):
        some = [_bounded(each) for each in value[:ITEMS_MAX]]
        return some if len(value) <= ITEMS_MAX else [*some, f"and {len(value) - ITEMS_MAX} more"]
    if isinstance(value, dict):
        return {key: _bounded(each) for key, each in value.items()}
    return value
