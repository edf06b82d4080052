"""Questions that a person asks a running worker, over the bridge: its statistics, its books, the payments that need a
person; and what that person says of one.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import orjson

from actors.messages.people import GetParked, GetStatistics, GetUnknown, RetryParked
from actors.reports import CloseResult
from actors.tracing import NotRecording
from rinha.bridge.client.client import BridgeClient
from rinha.bridge.errors import BridgeError
from rinha.closing import explain, unknown_as_json
from rinha.process import ExitCode
from rinha.statistics import statistics_as_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from actors.messages.people import Close
    from rinha.settings.table import Settings

_Answer = TypeVar("_Answer")

CONNECT_TIMEOUT_S = 2.0
ASK_TIMEOUT_S = 10.0


def run_console(settings: Settings, question: str, *, retry: bool = False) -> ExitCode:
    """Ask the worker and print the answer as JSON lines.

    Args:
        settings: tell where the worker is.
        question: ``statistics``, ``rows``, ``parked`` or ``unknown``.
        retry: with ``parked``: let all of them try again, and print how many there were.

    Returns:
        ``OK``, or ``FAILED`` if there is no worker or no answer; stderr says which in one line.
    """
    lines = _answer(settings, lambda client: _ask(client, question, retry))
    return ExitCode.FAILED if lines is None else _print(lines)


def run_close(settings: Settings, order: Close) -> ExitCode:
    """Tell the worker how a payment ended, and print that as a JSON line.

    Args:
        settings: tell where the worker is.
        order: what is said of the payment.

    Returns:
        ``OK``, or ``FAILED`` if it isn't closed, or there is no worker or no answer; stderr says which in one line.
    """
    answer = _answer(settings, lambda client: client.ask(order, timeout_s=ASK_TIMEOUT_S))
    if answer is None:
        return ExitCode.FAILED
    if answer.result is not CloseResult.CLOSED:
        print(explain(answer), file=sys.stderr)
        return ExitCode.FAILED
    status = "settled" if order.processor else "written-off"
    return _print([{"id": str(UUID(bytes=order.payment_id)), "status": status}])


def _print(lines: Iterable[object]) -> ExitCode:
    for line in lines:
        sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
    return ExitCode.OK


def _answer(settings: Settings, ask: Callable[[BridgeClient], Awaitable[_Answer]]) -> _Answer | None:
    """The worker's answer; if there is none, stderr says why."""
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    try:
        answer = asyncio.run(_with_client(settings, ask))
    except BridgeError as error:
        print(f"no answer from the worker at {settings.bridge}: {error}", file=sys.stderr)
        return None
    if answer is None:
        print(
            f"no worker at {settings.bridge} let us in within {CONNECT_TIMEOUT_S:g} s; RINHA_BRIDGE says where it is, "
            "RINHA_BRIDGE_SECRET opens it",
            file=sys.stderr,
        )
    return answer


async def _with_client(settings: Settings, ask: Callable[[BridgeClient], Awaitable[_Answer]]) -> _Answer | None:
    client = BridgeClient(
        settings.bridge,
        settings.bridge_secret,
        name="console",
        answer_timeout_s=ASK_TIMEOUT_S,
        recorder=NotRecording(),
    )
    await client.start()
    try:
        return await ask(client) if await client.wait_ready(CONNECT_TIMEOUT_S) else None
    finally:
        await client.close(0.0)


async def _ask(client: BridgeClient, question: str, retry: bool) -> Iterable[object]:
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
    if question == "unknown":
        return map(unknown_as_json, await client.ask(GetUnknown(), timeout_s=ASK_TIMEOUT_S))
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
