"""Instants for people and logs: UTC to the millisecond, as ISO 8601 has them."""

from __future__ import annotations

import time


def instant(ms: int) -> str:
    """An instant such as ``2025-07-15T12:34:56.789Z``.

    Args:
        ms: milliseconds since the Unix epoch.
    """
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(ms // 1000))}.{ms % 1000:03d}Z"
