"""The relay as a process: it connects to NATS and to its worker, compares both, and lives as long as that session."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import uvloop
from nats.errors import Error as NatsError

from actors.facts import FeedMark
from rinha.bridge.errors import BridgeError
from rinha.bridge.protocol.wire.own_questions import GetFeed
from rinha.jetstream.connect import connect
from rinha.jetstream.relay.hand import Place
from rinha.jetstream.relay.relay import Relay
from rinha.jetstream.relay.responder import Responder
from rinha.jetstream.relay.session import WorkerSession
from rinha.jetstream.stream import JetStreamOff, StreamDiffers, note_journal, open_patiently
from rinha.process import STOP_SIGNALS, ExitCode, release_collector

if TYPE_CHECKING:
    from nats.aio.client import Client

    from rinha.bridge.protocol.events import PaymentsDecided
    from rinha.bridge.protocol.wire.processes import Feed
    from rinha.net.nats_url import NatsUrl
    from rinha.settings.table import Settings

logger = logging.getLogger(__name__)

ASK_TIMEOUT_S = 5.0


def run_relay(settings: Settings) -> ExitCode:
    """Run the relay of the worker at the settings' bridge until a signal stops it, or its session with it ends.

    Returns:
        ``OK`` if it was stopped, ``FAILED`` if its session has ended, ``REFUSED`` if stream and worker don't belong
        together, or the settings name no NATS.
    """
    if settings.nats is None:
        logger.critical("relay.refused", extra={"reason": "RINHA_NATS must be set, e.g. nats://127.0.0.1:4222"})
        return ExitCode.REFUSED
    return uvloop.run(_run(settings, settings.nats))


async def _run(settings: Settings, url: NatsUrl) -> ExitCode:
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    process = _Process(settings, url)
    preparing = asyncio.create_task(process.prepare())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({preparing, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not preparing.done():
            return ExitCode.OK
        relay = preparing.result()
        release_collector()
        await relay.run(stop, drain_s=settings.drain_s)
    except (StreamDiffers, JetStreamOff) as error:
        logger.critical("relay.refused", extra={"reason": str(error)})
        return ExitCode.REFUSED
    except (BridgeError, NatsError, OSError) as error:
        logger.error("relay.failed", extra={"reason": repr(error)})
        return ExitCode.FAILED
    finally:
        preparing.cancel()
        stopped.cancel()
        await process.close()
    return ExitCode.OK if stop.is_set() else ExitCode.FAILED


class _Process:
    """What a relay is made of, in the order in which it gets it."""

    def __init__(self, settings: Settings, url: NatsUrl) -> None:
        self._settings = settings
        self._url = url
        self._client: Client | None = None
        self._session: WorkerSession | None = None
        self._responder: Responder | None = None
        self._relay: Relay | None = None

    async def prepare(self) -> Relay:
        """Connect to both sides, see that they belong together, and begin to answer questions.

        Raises:
            StreamDiffers, JetStreamOff: they don't.
            BridgeError, NatsError, OSError: one of them went away meanwhile.
        """
        settings = self._settings
        self._client = await connect(
            self._url, "relay", on_disconnected=self._on_disconnected, on_reconnected=self._on_change
        )
        stream = await open_patiently(self._client, self._url, shards=settings.shards, replicas=settings.nats_replicas)
        self._session = WorkerSession(
            settings.bridge,
            settings.bridge_secret,
            name="relay",
            on_credit=self._on_change,
            on_decided=self._on_decided,
        )
        await self._session.until_open()
        feed: Feed = await self._session.ask(GetFeed(), timeout_s=ASK_TIMEOUT_S)
        if feed.shards != settings.shards:
            raise StreamDiffers(
                f"the worker at {settings.bridge} holds one of {feed.shards} shards, and RINHA_SHARDS is "
                f"{settings.shards}: set it to the same number for both"
            )
        await note_journal(stream.context, feed.shard, feed.journal_id)
        place = Place(feed.shard, feed.shards, FeedMark(feed.stream, feed.purged_through), stream.created)
        self._responder = Responder(self._client, self._session, feed.shard)
        await self._responder.start()
        logger.info("relay.started", extra={"shard": feed.shard, "shards": feed.shards})
        self._relay = Relay(self._client, stream, self._session, place)
        return self._relay

    async def close(self) -> None:
        """Leave both sides."""
        if self._responder is not None:
            await self._responder.close()
        if self._session is not None:
            await self._session.close()
        if self._client is not None:
            await self._client.close()

    def _on_disconnected(self) -> None:
        if self._relay is not None:
            self._relay.disconnected()

    def _on_change(self) -> None:
        if self._relay is not None:
            self._relay.pump()

    def _on_decided(self, event: PaymentsDecided) -> None:
        if self._relay is not None:
            self._relay.decided(event)
