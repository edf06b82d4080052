"""Payments from a process of its own, so that whoever measures beside it has nothing else to do."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from tests.bench.cpu.client import Client, post_at_random

if TYPE_CHECKING:
    from collections.abc import Sequence


def post_all(addresses: Sequence[str], rate: float, seconds: float) -> Counter[int]:
    """Post for so long.

    Args:
        addresses: the APIs.
        rate: payments a second.
        seconds: how long.

    Returns:
        How often each status was answered.
    """

    async def post() -> Counter[int]:
        clients = [Client(each) for each in addresses]
        await post_at_random(clients, rate, seconds)
        for each in clients:
            await each.close()
        return sum((each.statuses for each in clients), Counter[int]())

    return asyncio.run(post())
