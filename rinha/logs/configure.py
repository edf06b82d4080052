"""Logs: one JSON line per record on stdout, from the standard library's ``logging``."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from rinha.answers.instants import instant
from rinha.logs.output import FLUSH_S, STDOUT, LineWriter
from rinha.logs.recent import RecentRecords
from rinha.logs.records import event_of, fields_of, to_json

if TYPE_CHECKING:
    from types import TracebackType

RECENT = RecentRecords()
"""What this process has logged of late; there is one, as there is one ``logging``."""


_CLOSE_S = 0.1
"""A thread with nothing to do ends at once."""


class JsonFormatter(logging.Formatter):
    """Renders a record as one line of JSON.

    ``at`` (UTC), ``level``, ``logger``, ``event``, ``role`` and ``pid`` come first, then the record's extras; an extra
    with one of these names gets an underscore at its end.

    Args:
        role: which process of the system this is.
    """

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        """Render a record; never raises for what it holds."""
        line: dict[str, Any] = {
            "at": instant(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": event_of(record),
            "role": self._role,
            "pid": record.process,
        }
        for key, value in fields_of(record).items():
            line[f"{key}_" if key in line else key] = value
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return to_json(line)


class StdoutHandler(logging.Handler):
    """Writes each record as a line, by a ``LineWriter``: a payment system doesn't stop for its log.

    Lines that nobody reads are dropped; ``log.lines_dropped`` says how many, once they are read again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._writer = LineWriter(STDOUT, self._missing)

    def emit(self, record: logging.LogRecord) -> None:
        """Have one record written; never raises and never waits."""
        try:
            self._writer.put(self._line(record))
        except Exception:
            # No more threads: there is no better place to report it to.
            return

    def flush(self) -> None:
        """Wait for ``FLUSH_S`` at most until all is written; ``logging`` does so at the process's end."""
        self._writer.flush(FLUSH_S)

    def close(self) -> None:
        """End the thread, unless nobody reads what it writes; ``flush`` comes first."""
        self._writer.close(_CLOSE_S)
        super().close()

    def _line(self, record: logging.LogRecord) -> bytes:
        return self.format(record).encode() + b"\n"

    def _missing(self, lines: int) -> bytes:
        level = logging.WARNING
        fields = {"name": __name__, "msg": "log.lines_dropped", "levelno": level, "lines": lines}
        return self._line(logging.makeLogRecord({**fields, "levelname": logging.getLevelName(level)}))


def configure_logging(level: str, *, role: str) -> None:
    """Send every log record of this process to stdout, warnings and uncaught exceptions too; ``RECENT`` keeps the last.

    Args:
        level: the least level that is logged: ``debug``, ``info``, ``warning`` or ``error``.
        role: which process of the system this is, e.g. ``payment-api-1``.
    """
    handler = StdoutHandler()
    handler.setFormatter(JsonFormatter(role))
    least = logging.getLevelNamesMapping()[level.upper()]
    handler.addFilter(lambda record: record.levelno >= least)
    RECENT.clear()
    logging.basicConfig(level=min(logging.INFO, least), handlers=[handler, RECENT], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(__name__).critical("process.failed", exc_info=(kind, error, trace))
