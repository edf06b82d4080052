"""Durations, instants and money as people read them."""

from __future__ import annotations

import math
import time


def duration(seconds: float) -> str:
    """A duration: ``1.8 ms``, ``340 ms``, ``3.2 s``, ``42 s``, ``4 min 12 s``, ``3 h 5 min``, ``2 d 4 h``.

    Args:
        seconds: how long; below 0, of clocks that differ, counts as 0.
    """
    if seconds < 0.00995:
        return f"{max(seconds, 0.0) * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    unit, unit_s, part, part_s = next(row[1:] for row in _LONG if seconds < row[0])
    whole, rest = divmod(round(seconds / part_s) * part_s, unit_s)
    return f"{whole} {unit} {rest // part_s} {part}" if rest else f"{whole} {unit}"


_LONG = (
    (3_599.5, "min", 60, "s", 1),
    (86_370.0, "h", 3_600, "min", 60),
    (math.inf, "d", 86_400, "h", 3_600),
)
"""Up to how many seconds: in which unit of how many, and its part."""


def instant(at_ms: int, now_ms: int) -> str:
    """An instant in UTC, ``12:00:03.123Z``, with its date if that isn't today's there.

    Args:
        at_ms: the instant in ms since the epoch.
        now_ms: the present one.
    """
    date, clock = (time.strftime(form, time.gmtime(at_ms // 1000)) for form in ("%Y-%m-%d", "%H:%M:%S"))
    is_today = date == time.strftime("%Y-%m-%d", time.gmtime(now_ms // 1000))
    return f"{'' if is_today else f'{date} '}{clock}.{at_ms % 1000:03d}Z"


def since(at_ms: int, now_ms: int) -> str:
    """Since when, and for how long: ``12:00:03.123Z (3.2 s)``."""
    return f"{instant(at_ms, now_ms)} ({age(at_ms, now_ms)})"


def age(at_ms: int | None, now_ms: int) -> str:
    """How long ago an instant is; ``-`` if it isn't known."""
    return duration((now_ms - at_ms) / 1000) if at_ms else "-"


def due(at_ms: int | None, now_ms: int) -> str:
    """In how long an instant comes: ``in 0.3 s``; ``now`` once it is past, ``-`` if it isn't known."""
    if not at_ms:
        return "-"
    return f"in {duration((at_ms - now_ms) / 1000)}" if at_ms > now_ms else "now"


def money(cents: float) -> str:
    """An amount: ``1,234.50``."""
    return f"{cents / 100:,.2f}"


def now_ms() -> int:
    """The present instant."""
    return time.time_ns() // 1_000_000
