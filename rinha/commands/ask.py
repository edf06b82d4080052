"""What goes to a running worker over the bridge: the question for its books, and a person's word on a payment."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

import orjson

from actors.reports import CloseResult
from actors.tracing import NotRecording
from rinha.answers.closing import explain
from rinha.bridge.client.client import BridgeClient
from rinha.bridge.errors import BridgeError
from rinha.commands.errors import CommandError
from rinha.process import ExitCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from actors.messages.people import Close
    from actors.values import LedgerRow
    from rinha.bridge.protocol.wire.questions import Question
    from rinha.net.nats_url import NatsUrl
    from rinha.settings.table import Settings

_Answer = TypeVar("_Answer")


class Asked(Protocol):
    """Whoever leads to the worker, or to all of them."""

    async def ask(self, question: Question, *, timeout_s: float) -> Any:
        """As ``Gateway.ask``."""
        ...

    async def rows(self) -> list[LedgerRow]:
        """All books."""
        ...


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


def _answer(settings: Settings, ask: Callable[[Asked], Awaitable[_Answer]]) -> _Answer | None:
    """The answer of the worker, or of all shards' workers; if there is none, stderr says why."""
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    asking = _over_nats(settings, settings.nats, ask) if settings.nats is not None else _over_bridge(settings, ask)
    try:
        return asyncio.run(asking)
    except (BridgeError, TimeoutError) as error:
        where = settings.bridge if settings.nats is None else settings.nats
        print(f"no answer from the worker at {where}: {error}", file=sys.stderr)
    except CommandError as error:
        print(error, file=sys.stderr)
    return None


async def _over_bridge(settings: Settings, ask: Callable[[Asked], Awaitable[_Answer]]) -> _Answer:
    client = BridgeClient(
        settings.bridge,
        settings.bridge_secret,
        name="console",
        answer_timeout_s=ASK_TIMEOUT_S,
        recorder=NotRecording(),
    )
    await client.start()
    try:
        if await client.wait_ready(CONNECT_TIMEOUT_S):
            return await ask(client)
    finally:
        await client.close(0.0)
    raise CommandError(
        f"no worker at {settings.bridge} let us in within {CONNECT_TIMEOUT_S:g} s; RINHA_BRIDGE says where it is, "
        "RINHA_BRIDGE_SECRET opens it",
        ExitCode.FAILED,
    )


async def _over_nats(settings: Settings, url: NatsUrl, ask: Callable[[Asked], Awaitable[_Answer]]) -> _Answer:
    # Only here, so that nobody else needs its library.
    from rinha.jetstream.gateway import JetStreamGateway
    from rinha.jetstream.stream import JetStreamOff, StreamDiffers

    gateway = JetStreamGateway(
        url,
        shards=settings.shards,
        replicas=settings.nats_replicas,
        name="console",
        answer_timeout_s=ASK_TIMEOUT_S,
        recorder=NotRecording(),
    )
    try:
        await gateway.start()
        if gateway.ready:
            return await ask(gateway)
    except (StreamDiffers, JetStreamOff) as error:
        raise CommandError(str(error), ExitCode.FAILED) from None
    finally:
        await gateway.close(0.0)
    raise CommandError(f"no NATS at {url} within {CONNECT_TIMEOUT_S:g} s; RINHA_NATS says where it is", ExitCode.FAILED)
