"""One API's connection to the worker: dials, dials again, moves bytes. Runs on asyncio."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING, cast

from rinha.bridge.errors import BridgeError, HandshakeRefused, ProtocolError
from rinha.bridge.protocol.events import ClientEvent, SessionReady
from rinha.bridge.protocol.heartbeat import LOOK_S, Due, Heartbeat
from rinha.bridge.protocol.wire.handshake import RefusalCode
from rinha.net.address import Address, UnixAddress

if TYPE_CHECKING:
    from collections.abc import Callable

    from rinha.bridge.protocol.api.api_end import ApiEnd
    from rinha.net.secret import SharedSecret

HANDSHAKE_TIMEOUT_S = 5.0
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 1.0
PAUSE_AFTER_REFUSAL_S = 5.0
"""A wrong secret or version doesn't mend itself; this only saves a restart once a person has mended it."""

_LASTING_REFUSALS = frozenset({RefusalCode.VERSION, RefusalCode.SECRET, RefusalCode.JOURNAL})

logger = logging.getLogger(__name__)


class ClientLink(asyncio.Protocol):
    """Keeps a session connected.

    Args:
        address: the worker's.
        secret: shared with the worker.
        session: whose bytes to carry.
        on_event: called for every event of the session, in order.
        on_lost: called when a connection has ended, after ``session.connection_lost``.
        longest_pause_s: between attempts to connect, in seconds.
    """

    def __init__(
        self,
        address: Address,
        secret: SharedSecret,
        session: ApiEnd,
        *,
        on_event: Callable[[ClientEvent], None],
        on_lost: Callable[[], None],
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self._address = address
        self._secret = secret
        self._session = session
        self._on_event = on_event
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._ended = self._loop.create_future()
        self._heartbeat = Heartbeat()
        self._stopping = False
        self._has_opened = False
        self._write_paused = False
        self._flush_due = False
        self._lingering: asyncio.TimerHandle | None = None
        self._longest_pause_s = longest_pause_s
        self._pause_s = FIRST_PAUSE_S
        self._failing = ""
        """The event of the last failure; empty while there is none."""

    async def run(self, *, once: bool = False) -> None:
        """Connect, and connect again, until cancelled.

        Args:
            once: until the first session has ended.
        """
        try:
            while True:
                await self._connect_once()
                if once and self._has_opened:
                    return
                await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.0))
        finally:
            self._stopping = True
            if self._transport is not None:
                self._transport.abort()
                await self._ended

    def flush_soon(self) -> None:
        """Send what the session has at the end of this turn of the loop, in one write."""
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    def flush_within(self, delay_s: float) -> None:
        """Send what the session has after ``delay_s`` seconds, or before, with what can't wait."""
        if not delay_s:
            self.flush_soon()
        elif self._lingering is None and not self._flush_due:
            self._lingering = self._loop.call_later(delay_s, self._flush)

    async def _connect_once(self) -> None:
        self._ended = self._loop.create_future()
        self._pause_s = min(self._longest_pause_s, max(FIRST_PAUSE_S, self._pause_s * 2))
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                await self._dial()
        except OSError as error:
            self._failed("bridge.connect_failed", error)
            return
        dialled_at = self._loop.time()
        opened_at: float | None = None
        while not self._ended.done():
            await asyncio.wait({self._ended}, timeout=LOOK_S)
            now = self._loop.time()
            if opened_at is None and self._session.is_open:
                opened_at = now
            if opened_at is None and now - dialled_at > HANDSHAKE_TIMEOUT_S:
                self._cut("handshake too slow")
            self._look()
        if opened_at is not None and self._loop.time() - opened_at >= LONGEST_PAUSE_S:
            self._pause_s = FIRST_PAUSE_S

    async def _dial(self) -> None:
        if isinstance(self._address, UnixAddress):
            await self._loop.create_unix_connection(lambda: self, self._address.path)
        else:
            await self._loop.create_connection(lambda: self, self._address.host, self._address.port)

    def _look(self) -> None:
        due = self._heartbeat.look()
        if due is Due.CUT:
            self._cut("silence")
        elif due is Due.PING and self._session.is_open:
            self._session.ping()
            self.flush_soon()

    def _cut(self, reason: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            logger.warning("bridge.connection_cut", extra={"address": str(self._address), "reason": reason})
            self._transport.abort()

    def _flush(self) -> None:
        self._flush_due = False
        self._stop_lingering()
        if self._transport is not None and not self._write_paused:
            data = self._session.data_to_send()
            if data:
                self._transport.write(data)

    def _stop_lingering(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The worker is reached; it speaks first."""
        # Not checked: uvloop's transports are no asyncio.Transport by inheritance.
        self._transport = cast("asyncio.Transport", transport)
        self._write_paused = False
        self._heartbeat.heard()
        try:
            # Only now: a worker has its secret before it listens, and a new worker may have made another.
            secret = self._secret.read()
        except (OSError, ValueError) as error:
            self._failed("bridge.no_secret", error)
            self._transport.abort()
        else:
            self._session.connection_made(secret)

    def data_received(self, data: bytes) -> None:
        """Hand it to the session, and send what that makes due."""
        self._heartbeat.heard()
        try:
            for event in self._session.receive(data):
                if isinstance(event, SessionReady):
                    self._failing = ""
                    self._has_opened = True
                self._on_event(event)
        except HandshakeRefused as refusal:
            self._broken_off("bridge.refused", refusal)
            if refusal.code in _LASTING_REFUSALS:
                self._pause_s = PAUSE_AFTER_REFUSAL_S
        except ProtocolError as error:
            self._broken_off("bridge.protocol_error", error)
        else:
            # Or else each acknowledgement would end the lingering of the payments after it.
            if self._lingering is None:
                self._flush()

    def _failed(self, event: str, error: Exception) -> None:
        # The first of a row is news, the others are not.
        level = logging.DEBUG if self._failing == event else logging.WARNING
        logger.log(level, event, extra={"address": str(self._address), "error": str(error)})
        self._failing = event

    def _broken_off(self, event: str, error: BridgeError) -> None:
        logger.error(event, extra={"address": str(self._address), "error": str(error)})
        if self._transport is not None:
            self._transport.abort()

    def pause_writing(self) -> None:
        """The worker reads too slowly: let frames wait in the session, where credit bounds them."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Send what has waited."""
        self._write_paused = False
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        """Let the session know, then whoever waits for replies, then ``run``."""
        was_open = self._session.is_open
        self._transport = None
        self._stop_lingering()
        self._session.connection_lost()
        if was_open and not self._stopping:
            logger.warning("bridge.session_lost", extra={"address": str(self._address), "error": str(error or "")})
        self._on_lost()
        if not self._ended.done():
            self._ended.set_result(None)
