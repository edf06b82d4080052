"""A connection to the API without sockets: what is read comes in exactly those pieces that a test gives."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rinha.api.app import ApiServer

ANSWER = re.compile(rb"HTTP/1\.[01] \d{3} .*?\r\nContent-Length: (\d+)\r\n.*?\r\n\r\n", re.DOTALL)
DATE = re.compile(rb"\r\nDate: [^\r]+")


class Wire(asyncio.Transport):
    """The transport of a protocol that the server makes.

    Args:
        server: the API.
    """

    def __init__(self, server: ApiServer) -> None:
        super().__init__()
        self.written = b""
        self._wrote = asyncio.Event()
        self.reading = True
        self.closed = False
        self._protocol: Any = server()
        self._protocol.connection_made(self)

    def send(self, *pieces: bytes) -> None:
        """Each piece is one read."""
        for piece in pieces:
            self._protocol.data_received(piece)

    def end(self) -> None:
        """The client sends nothing more."""
        if not self._protocol.eof_received():
            self.close()

    def hang_up(self) -> None:
        """The client is gone."""
        self._protocol.connection_lost(None)
        self.closed = True

    async def answers(self, number: int = 1) -> bytes:
        """Wait for so many answers.

        Returns:
            All that was written, without dates.
        """
        async with asyncio.timeout(5):
            while self._whole() < number:
                self._wrote.clear()
                await self._wrote.wait()
        return DATE.sub(b"", self.written)

    def _whole(self) -> int:
        number, at = 0, 0
        while (found := ANSWER.match(self.written, at)) and found.end() + int(found[1]) <= len(self.written):
            at = found.end() + int(found[1])
            number += 1
        return number

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Called by the protocol."""
        self.written += bytes(data)
        self._wrote.set()

    def pause_reading(self) -> None:
        """Called by the protocol."""
        self.reading = False

    def resume_reading(self) -> None:
        """Called by the protocol."""
        self.reading = True

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self.closed

    def close(self) -> None:
        """Called by the protocol, which hears of it in the loop's next turn."""
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing is known of a peer."""
        return default
