"""An API that misbehaves on request. It logs each request but those of health checks, with its id, once it has read it.

The header ``X-Script`` says what to do: ``hang-up`` reads and closes, ``answer-after S`` takes its time,
``stop-listening S`` and ``unready S`` answer and then, for S seconds, refuse connections or fail the health check;
``vanish S`` is the former with the socket's file removed as well. Without it the answer is 202. It needs the standard
library alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import time

PATH = os.environ["RINHA_HOST"].removeprefix("unix:")


class ScriptedApi:
    """The server and its state."""

    def __init__(self) -> None:
        self._unready_until_s = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self._active = 0

    async def listen(self) -> None:
        """Open the Unix socket."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(PATH)
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(PATH)
        os.chmod(PATH, 0o660)
        # Not start_unix_server: it would remove the file with the server, which a killed process doesn't.
        self._server = await asyncio.start_server(self._serve, sock=sock, backlog=1024)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        await reader.readexactly(int(headers.get("content-length", "0")))
        if " /health/" in first:
            ready = time.monotonic() >= self._unready_until_s
            self._answer(writer, 200 if ready else 503)
            return True
        self._active += 1
        print(json.dumps({"event": "request", "id": headers.get("x-id", ""), "active": self._active}), flush=True)
        word, _, argument = headers.get("x-script", "").partition(" ")
        try:
            if word == "hang-up":
                return False
            if word == "answer-after":
                await asyncio.sleep(float(argument))
            if word in {"stop-listening", "vanish"}:
                # Before the answer: whoever has it may rely on that nothing more is taken up.
                self._leave(writer, leave_file=word == "stop-listening")
            self._answer(writer, 202)
            await writer.drain()
        finally:
            self._active -= 1
        if word == "unready":
            self._unready_until_s = time.monotonic() + float(argument)
        if word in {"stop-listening", "vanish"}:
            task = asyncio.create_task(self._come_back(float(argument)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return False
        return True

    def _leave(self, last: asyncio.StreamWriter, *, leave_file: bool) -> None:
        self._server.close()
        if not leave_file:
            os.unlink(PATH)
        for writer in self._writers - {last}:
            writer.close()

    async def _come_back(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self.listen()

    @staticmethod
    def _answer(writer: asyncio.StreamWriter, status: int) -> None:
        writer.write(f"HTTP/1.1 {status} Scripted\r\nContent-Length: 0\r\n\r\n".encode())


async def main() -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await ScriptedApi().listen()
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
