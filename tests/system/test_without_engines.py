"""Nobody who runs one worker needs NATS, PostgreSQL, their libraries, or a process more."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import aiohttp
import psutil

from tests.support.processes import free_port, running, simulators, until_up

if TYPE_CHECKING:
    from pathlib import Path

ABSENT = ("nats", "psycopg")


async def test_the_default_runs_where_neither_library_can_be_imported(tmp_path: Path) -> None:
    for name in ABSENT:
        (tmp_path / f"{name}.py").write_text("raise ImportError('not installed')\n")
    environ = {
        "PYTHONPATH": str(tmp_path),
        "RINHA_HOST": "127.0.0.1",
        "RINHA_PORT": str(free_port()),
        "RINHA_STORE": f"sqlite:///{tmp_path / 'journal.db'}",
        "RINHA_ACCEPT": "durable",
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    with simulators() as urls, running("up", environ={**environ, **named(urls)}) as system:
        await asyncio.to_thread(until_up, system)
        body = {"correlationId": str(uuid.uuid4()), "amount": 19.9}
        url = f"http://127.0.0.1:{environ['RINHA_PORT']}/payments"
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
            assert response.status == 202
        commands = [each.cmdline()[3] for each in psutil.Process(system.pid).children()]
        assert sorted(commands) == ["api", "api", "worker"]


def named(urls: dict[str, str]) -> dict[str, str]:
    return {f"PROCESSOR_{name.upper()}_URL": url for name, url in urls.items()}
