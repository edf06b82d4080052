"""``rinha up`` whose logs nobody reads, or whose stderr is full, closed or cut short: it serves, and it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from typing import IO, TYPE_CHECKING

import aiohttp
import pytest

from tests.support.client import Answers, post, until_settled
from tests.support.patience import PATIENCE_S
from tests.support.processes import simulators, system_environ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PAYMENTS = 600
"""Traced, they make several times as many lines as a pipe and what waits for it hold."""


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    with simulators() as processors:
        yield system_environ(processors, tmp_path, RINHA_DRAIN_S="2")


@contextlib.contextmanager
def up(environ: Mapping[str, str], redirection: str, stdout: IO[bytes] | int) -> Iterator[subprocess.Popen[bytes]]:
    """``rinha up`` by a shell, with a redirection."""
    command = f"exec {sys.executable} -m rinha up {redirection}"
    with subprocess.Popen(
        ["sh", "-c", command],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()  # its children get a SIGTERM when it dies


async def ended(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return await asyncio.to_thread(process.wait, PATIENCE_S)


async def until_ready(session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/health/ready") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)


async def test_a_log_that_nobody_reads_holds_up_no_payment_and_says_what_is_missing(environ: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{environ['RINHA_PORT']}"
    read_end, write_end = os.pipe()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as session:
        with up({**environ, "RINHA_TRACE_SHARE": "1"}, "", write_end), os.fdopen(read_end, "rb") as log:
            os.close(write_end)
            await until_ready(session, url)
            answers = Answers()
            begun_s = time.monotonic()
            for _ in range(PAYMENTS // 50):
                await asyncio.gather(*(post(session, url, answers, uuid.uuid4()) for _ in range(50)))
            assert answers.counts() == {202: PAYMENTS}
            await until_settled(session, url)
            took_s = round(time.monotonic() - begun_s, 2)

            missing = 0
            while not missing:  # now somebody reads
                line = json.loads(await asyncio.to_thread(log.readline))
                if line["event"] == "trace.dropped":
                    missing = line["hops"]
            print({"payments": PAYMENTS, "settled after s": took_s, "hops dropped by": line["role"], "hops": missing})
            assert await post(session, url, answers, uuid.uuid4()) == 202


async def test_a_log_that_nobody_reads_does_not_hold_up_the_end(environ: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{environ['RINHA_PORT']}"
    read_end, write_end = os.pipe()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as session:
        with up({**environ, "RINHA_TRACE_SHARE": "1"}, "", write_end) as process:
            os.close(write_end)
            await until_ready(session, url)
            await asyncio.gather(*(post(session, url, Answers(), uuid.uuid4()) for _ in range(200)))
            assert await ended(process) == 0
    os.close(read_end)


@pytest.mark.parametrize(
    "redirection", ["2>/dev/full", "2>&-", ">&- 2>&-", "2>&1 | head -1", "2>&1 | head -c 0"], ids=str
)
async def test_a_stderr_that_takes_nothing_does_not_end_it(environ: dict[str, str], redirection: str) -> None:
    url = f"http://127.0.0.1:{environ['RINHA_PORT']}"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as session:
        with piped(environ, redirection) as process:
            await until_ready(session, url)
            answers = Answers()
            await asyncio.gather(*(post(session, url, answers, uuid.uuid4()) for _ in range(20)))
            await until_settled(session, url)
            assert answers.counts() == {202: 20}
            assert process.poll() is None
            assert await ended(process) == 0


@contextlib.contextmanager
def piped(environ: Mapping[str, str], redirection: str) -> Iterator[subprocess.Popen[bytes]]:
    """As ``up``; of a pipeline it is the first process, and the rest is a process of its own."""
    before, _, after = redirection.partition("|")
    if not after:
        with up(environ, before, subprocess.DEVNULL) as process:
            yield process
        return
    with subprocess.Popen(["sh", "-c", after], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as reader:
        assert reader.stdin is not None
        with up(environ, before, reader.stdin) as process:
            reader.stdin.close()
            yield process
