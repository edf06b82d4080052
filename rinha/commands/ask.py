"""What goes to a running worker over the bridge: the question for its books, and a person's word on a payment."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import orjson

from actors.reports import CloseResult
from actors.tracing import NotRecording
from rinha.answers.closing import explain
from rinha.bridge.client.client import BridgeClient
from rinha.bridge.errors import BridgeError
from rinha.process import ExitCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from actors.messages.people import Close
    from rinha.settings.table import Settings

_Answer = TypeVar("_Answer")

CONNECT_TIMEOUT_S = 2.0
ASK_TIMEOUT_S = 10.0


def run_rows(settings: Settings) -> ExitCode:
    """Print the books, a JSON line per settled payment.

    Args:
        settings: tell where the worker is.

    Returns:
        ``OK``, or ``FAILED`` if there is no worker or no answer; stderr says which in one line.
    """
    rows = _answer(settings, lambda client: client.rows())
    if rows is None:
        return ExitCode.FAILED
    return _print(
        {
            "id": str(UUID(bytes=row.payment_id)),
            "processor": row.processor,
            "amount_cents": row.amount_cents,
            "requested_at_ms": row.requested_at_ms,
        }
        for row in rows
    )


def run_close(settings: Settings, order: Close, *, as_json: bool) -> ExitCode:
    """Tell the worker how a payment ended, and print that.

    Args:
        settings: tell where the worker is.
        order: what is said of the payment.
        as_json: print a JSON line instead of a sentence.

    Returns:
        ``OK``, or ``FAILED`` if it isn't closed, or there is no worker or no answer; stderr says which in one line.
    """
    answer = _answer(settings, lambda client: client.ask(order, timeout_s=ASK_TIMEOUT_S))
    if answer is None:
        return ExitCode.FAILED
    if answer.result is not CloseResult.CLOSED:
        print(explain(answer), file=sys.stderr)
        return ExitCode.FAILED
    payment_id, state = str(UUID(bytes=order.payment_id)), "settled" if order.processor else "written_off"
    if as_json:
        return _print([{"correlationId": payment_id, "state": state}])
    ending = f"settled at {order.processor}" if order.processor else "written off"
    print(f"{payment_id} is {ending}, by {order.by}, and that is final")
    return ExitCode.OK


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
