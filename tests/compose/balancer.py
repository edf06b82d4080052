"""What HAProxy says of itself, from inside its container."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.processes import until

if TYPE_CHECKING:
    from tests.support.containers import Stack

NOTICED_S = 3.0
"""A health check every 2 s, another one 0.2 s later, and something for a busy machine."""


def internal(stack: Stack, path: str) -> str:
    """Ask HAProxy's internal port."""
    ask = rf"exec 3<>/dev/tcp/127.0.0.1/8404; printf 'GET {path} HTTP/1.0\r\n\r\n' >&3; cat <&3"
    return stack.run_in("haproxy", "bash", "-c", ask)


def in_use(stack: Stack, apis: int) -> bool:
    """Tell whether HAProxy sends requests to so many APIs now."""
    return f'haproxy_backend_active_servers{{proxy="apis"}} {apis}\n' in internal(stack, "/metrics")


async def noticed(stack: Stack, *, apis: int) -> None:
    """Wait until the health checks have left so many APIs in use."""
    await asyncio.to_thread(until, lambda: in_use(stack, apis), f"{apis} APIs in use", NOTICED_S + 10)
