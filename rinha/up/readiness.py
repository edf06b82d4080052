"""Finding out whether children do their work: through their ports, as a client would."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

PAUSE_S = 0.05
PROBE_TIMEOUT_S = 2.0
PATIENCE_S = 10.0
"""A start that takes longer is worth a line in the log, and another one each time that long passes again."""

API_HEADER = b"x-served-by"
"""Answers of an API carry its name in this header."""


async def until_listening(places: Iterable[tuple[str, int]]) -> None:
    """Wait until something accepts connections at each host and port."""
    for host, port in places:
        while True:
            if await _probe(host, port, None):
                break
            await asyncio.sleep(PAUSE_S)


async def until_apis_ready(host: str, port: int, names: frozenset[str]) -> None:
    """Wait until every API has said at ``GET /health/ready`` that it is ready.

    They share the port, so each answer comes from any of them.
    """
    loop = asyncio.get_running_loop()
    warn_at_s = loop.time() + PATIENCE_S
    missing = set(names)
    while missing:
        answer = await _probe(host, port, b"/health/ready")
        if _status(answer) == 200:
            missing.discard(_header(answer, API_HEADER))
        if loop.time() > warn_at_s:
            extra = {"missing": sorted(missing), "answer": answer[:200].decode("latin-1")}
            logger.warning("up.start_is_slow", extra=extra)
            warn_at_s += PATIENCE_S
        if missing:
            await asyncio.sleep(PAUSE_S)


async def _probe(host: str, port: int, path: bytes | None) -> bytes:
    """Connect, and get ``path`` if there is one; empty bytes if that fails."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                if path is None:
                    return b"listening"
                writer.write(b"GET %b HTTP/1.1\r\nHost: rinha\r\nConnection: close\r\n\r\n" % path)
                return await reader.read(4096)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return b""


def _status(answer: bytes) -> int:
    parts = answer.split(b" ", 2)
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0


def _header(answer: bytes, name: bytes) -> str:
    for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().decode("latin-1")
    return ""
