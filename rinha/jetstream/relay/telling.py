"""Telling somebody something over core NATS, where nobody says whether it was heard. Runs on asyncio."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from nats.errors import Error as NatsError

if TYPE_CHECKING:
    from nats.aio.client import Client

UNSURE = (OSError, TimeoutError, NatsError)
"""What a call to NATS raises that may have been heard or not."""


async def tell(
    client: Client, subject: str, data: bytes, *, reply: str = "", headers: dict[str, str] | None = None
) -> None:
    """Publish a message; without a connection nobody is there to be told.

    Args:
        client: connected to NATS, or on its way back.
        subject: whom to tell.
        data: what.
        reply: where an answer goes.
        headers: of the message.
    """
    with contextlib.suppress(*UNSURE):
        await client.publish(subject, data, reply=reply, headers=headers)
