"""A worker that the test plays by hand, on asyncio."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from actors.values import Payment
from rinha.bridge.protocol.wire.codec import FrameDecoder, encode
from rinha.bridge.protocol.wire.frames import Credit
from rinha.bridge.protocol.wire.handshake import PROTOCOL_VERSION, Challenge, Hello, Welcome, proves

if TYPE_CHECKING:
    from collections.abc import Callable

    from rinha.bridge.client.client import BridgeClient
    from rinha.net.address import UnixAddress

SECRET = b"secret"
NONCE = bytes(range(16))


def payment(number: int, traced_at_us: int = 0) -> Payment:
    return Payment(number.to_bytes(16), number, traced_at_us)


async def eventually(condition: Callable[[], Any], what: str, timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.002)


class Peer:
    """The worker's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = FrameDecoder()
        self._frames: list[Any] = []

    def send(self, *frames: Any) -> None:
        self._writer.write(b"".join(each if isinstance(each, bytes) else encode(each) for each in frames))

    async def read(self) -> Any:
        async with asyncio.timeout(5):
            while not self._frames:
                data = await self._reader.read(65_536)
                if not data:
                    return None
                self._frames += self._decoder.feed(data)
        return self._frames.pop(0)

    async def expect(self, kind: type) -> Any:
        frame = await self.read()
        assert isinstance(frame, kind), frame
        return frame

    async def hello(self) -> Hello:
        self.send(Challenge(PROTOCOL_VERSION, NONCE))
        hello: Hello = await self.expect(Hello)
        assert proves(SECRET, NONCE, hello)
        return hello

    async def open(self, *, credit: int = 10, incarnation: int = 7, epoch: int = 1) -> Hello:
        hello = await self.hello()
        self.send(Welcome(incarnation, epoch), Credit(hello.next_sequence + credit))
        return hello

    def hang_up(self) -> None:
        self._writer.transport.abort()


class ScriptedWorker:
    """Listens; the test takes connections one by one."""

    def __init__(self, address: UnixAddress) -> None:
        self.address = address
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = 0

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self.address.path)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        self._peers.put_nowait(Peer(reader, writer))

    async def peer(self) -> Peer:
        async with asyncio.timeout(5):
            return await self._peers.get()

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()


async def opened(worker: ScriptedWorker, client: BridgeClient, **options: Any) -> Peer:
    peer = await worker.peer()
    await peer.open(**options)
    assert await client.wait_ready(5)
    return peer
