"""Readiness is what the ports say."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

from rinha.up.readiness import until_apis_ready, until_listening
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    import pytest


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def serve(answers: list[bytes]) -> asyncio.Server:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0) if len(answers) > 1 else answers[0])
        writer.close()
        await writer.wait_closed()

    return await asyncio.start_server(handle, "127.0.0.1", 0)


def answer(status: int, name: str) -> bytes:
    header = f"X-Served-By: {name}\r\n" if name else ""
    return f"HTTP/1.1 {status} X\r\n{header}Content-Length: 0\r\n\r\n".encode()


async def test_apis_are_ready_once_each_of_them_said_so() -> None:
    answers = [b"", b"junk", answer(503, "a"), answer(200, "a"), answer(503, "b"), answer(200, "a"), answer(200, "b")]
    async with await serve(answers) as server, asyncio.timeout(PATIENCE_S):
        await until_apis_ready("127.0.0.1", server.sockets[0].getsockname()[1], frozenset("ab"))
    assert len(answers) == 1


async def test_one_ready_api_is_not_both() -> None:
    async with await serve([answer(200, "a"), answer(503, "b"), answer(503, "b")]) as server:
        waiting = asyncio.create_task(
            until_apis_ready("127.0.0.1", server.sockets[0].getsockname()[1], frozenset("ab"))
        )
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        await cancel(waiting)


async def test_one_ready_api_that_answers_again_and_again_is_still_one() -> None:
    answers = [answer(200, "a")] * 5 + [answer(200, "b")]
    async with await serve(answers) as server, asyncio.timeout(PATIENCE_S):
        await until_apis_ready("127.0.0.1", server.sockets[0].getsockname()[1], frozenset("ab"))
    assert len(answers) == 1


async def test_a_slow_start_is_logged_with_who_is_missing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rinha.up.readiness.PATIENCE_S", 0.05)
    async with await serve([answer(503, "a")]) as server:
        waiting = asyncio.create_task(until_apis_ready("127.0.0.1", server.sockets[0].getsockname()[1], frozenset("a")))
        async with asyncio.timeout(PATIENCE_S):
            while not caplog.records:  # noqa: ASYNC110  # logged by the other task
                await asyncio.sleep(0.01)
        await cancel(waiting)
    assert vars(caplog.records[0])["missing"] == ["a"]
    assert caplog.records[0].levelno == logging.WARNING


async def test_until_listening_returns_when_something_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        place = reserved.getsockname()
        waiting = asyncio.create_task(until_listening([place]))
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done
        reserved.listen()
        await asyncio.wait_for(waiting, PATIENCE_S)
