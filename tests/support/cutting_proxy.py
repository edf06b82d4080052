"""A proxy in the bridge that cuts connections in the middle of a frame, on the byte."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

LENGTH_BYTES = 4
FRAME_NAMES = {1: "CHALLENGE", 2: "HELLO", 3: "WELCOME", 5: "PAYMENT", 6: "ACK", 7: "CREDIT", 11: "REPLY"}


class Cut(NamedTuple):
    """A cut to make: ``skip`` frames of this name pass, and ``offset`` bytes of the next."""

    frame: str
    offset: int
    skip: int = 0


def every_offset(lengths: Mapping[str, int], *, skip: int = 0) -> list[Cut]:
    """A cut at every byte offset of frames of the given names and lengths, before the first byte and after the last
    included.

    Args:
        lengths: by name, in bytes.
        skip: let up to so many frames through before, a different number each time.
    """
    return [
        Cut(frame, offset, offset % (skip + 1)) for frame, length in lengths.items() for offset in range(length + 1)
    ]


class CuttingProxy:
    """Passes everything between APIs and worker, but for what it is to cut. Each connection takes the next cut that
    nobody has taken, and gives it back if it ends by itself before.

    Args:
        host: the worker's.
        port: the worker's.
        cuts: what to cut.
    """

    def __init__(self, host: str, port: int, cuts: Iterable[Cut] = ()) -> None:
        self.lets_payments_pass = asyncio.Event()
        """While it is cleared, payments and what comes after them are held up."""
        self.lets_payments_pass.set()
        self.made: Counter[str] = Counter()
        self._worker = host, port
        self._cuts = list(cuts)
        self._taken = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def done(self) -> bool:
        """Whether all cuts are made."""
        return not self._cuts and not self._taken

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Accept connections for the length of the context; yields the port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        cut = self._cuts.pop(0) if self._cuts else None
        self._taken += cut is not None
        was_cut = False
        try:
            to_reader, to_writer = await asyncio.open_connection(*self._worker)
            ways = [(reader, to_writer), (to_reader, writer)]
            pumps = [asyncio.create_task(self._pump(*way, cut)) for way in ways]
            try:
                done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                was_cut = any([pump.result() for pump in done])
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
                # What was passed on still arrives: it is the connection that breaks, not the network.
                for each in (writer, to_writer):
                    each.close()
        except OSError:
            writer.close()
        finally:
            self._taken -= cut is not None
            if cut is not None and was_cut:
                self.made[cut.frame] += 1
            elif cut is not None:
                self._cuts.append(cut)
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: Cut | None) -> bool:
        """Pass frames until either end closes, or the cut is made; returns which."""
        seen = 0
        try:
            while True:
                head = await reader.readexactly(LENGTH_BYTES + 1)
                length, kind = struct.unpack(">IB", head)
                frame = head + await reader.readexactly(length - 1)
                if FRAME_NAMES.get(kind) == "PAYMENT":
                    await self.lets_payments_pass.wait()
                seen += cut is not None and FRAME_NAMES.get(kind) == cut.frame
                if cut is not None and seen > cut.skip:
                    writer.write(frame[: cut.offset])
                    await writer.drain()
                    return True
                writer.write(frame)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            return False
