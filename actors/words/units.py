"""Durations, instants, fees, numbers and answers, as people read them."""

from __future__ import annotations

import re
import time

_UNREACHABLE = re.compile(r"^no (connection|address)\b[^:]*: (\[Errno -?\d+\] )?")


def seconds(duration_s: float) -> str:
    """A duration."""
    if duration_s < 9.95:
        return f"{max(duration_s, 0.0):.1f} s"
    return f"{duration_s:.0f} s" if duration_s < 120 else f"{duration_s / 60:.0f} min"


def said(reason: str) -> str:
    """What a processor said, or what happened on the way to it."""
    return _UNREACHABLE.sub("unreachable: ", reason) or "no reason was given"


def latency(latency_ms: float | None) -> str:
    """A response time."""
    return f"{latency_ms:.1f} ms" if latency_ms else "not measured"


def fee(fee_bps: int) -> str:
    """A fee."""
    return f"{fee_bps / 100:g} %"


def instant(at_ms: int) -> str:
    """An instant of this day."""
    return time.strftime("%H:%M:%S UTC", time.gmtime(at_ms // 1000))


def count(number: int, what: str) -> str:
    """So many of something."""
    return f"{number} {what}{'' if number == 1 else 's'}"
