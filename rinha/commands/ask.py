"""Questions that a person asks a running worker, over the bridge: its statistics, its books, its parked payments."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from actors.messages import GetParked, GetStatistics, RetryParked
from actors.tracing import Tracer
from rinha.bridge.client.client import BridgeClient
from rinha.bridge.errors import BridgeError
from rinha.process import ExitCode
from rinha.statistics import statistics_as_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rinha.settings.table import Settings

CONNECT_TIMEOUT_S = 2.0
ASK_TIMEOUT_S = 10.0


def run_console(settings: Settings, question: str, *, retry: bool = False) -> ExitCode:
    """Ask the worker and print the answer as JSON lines.

    Args:
        settings: tell where the worker is.
        question: ``statistics``, ``rows`` or ``parked``.
        retry: with ``parked``: let all of them try again, and print how many there were.

    Returns:
        ``OK``, or ``FAILED`` if there is no worker or no answer; stderr says which in one line.
    """
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    try:
        lines = asyncio.run(_ask(settings, question, retry))
    except BridgeError as error:
        print(f"no answer from the worker at {settings.bridge}: {error}", file=sys.stderr)
        return ExitCode.FAILED
    if lines is None:
        print(
            f"no worker at {settings.bridge} let us in within {CONNECT_TIMEOUT_S:g} s; RINHA_BRIDGE says where it is, "
            "RINHA_BRIDGE_SECRET opens it",
            file=sys.stderr,
        )
        return ExitCode.FAILED
    for line in lines:
        sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
    return ExitCode.OK


async def _ask(settings: Settings, question: str, retry: bool) -> Iterable[object] | None:
    client = BridgeClient(
        settings.bridge,
        settings.bridge_secret,
        name="console",
        answer_timeout_s=ASK_TIMEOUT_S,
        tracer=Tracer(),
    )
    await client.start()
    try:
        if not await client.wait_ready(CONNECT_TIMEOUT_S):
            return None
        if question == "statistics":
            return [statistics_as_json(await client.ask(GetStatistics(), timeout_s=ASK_TIMEOUT_S))]
        if question == "rows":
            return [
                {
                    "id": str(UUID(bytes=row.payment_id)),
                    "processor": row.processor,
                    "amount_cents": row.amount_cents,
                    "requested_at_ms": row.requested_at_ms,
                }
                for row in await client.rows()
            ]
        if retry:
            return [{"retried": await client.ask(RetryParked(), timeout_s=ASK_TIMEOUT_S)}]
        return [
            {
                "id": str(UUID(bytes=parked.payment.payment_id)),
                "amount_cents": parked.payment.amount_cents,
                "reason": parked.reason,
            }
            for parked in await client.ask(GetParked(), timeout_s=ASK_TIMEOUT_S)
        ]
    finally:
        await client.close(0.0)
