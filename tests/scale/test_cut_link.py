"""The link between a worker's machine and both engines is cut: a network namespace plays the machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.scale.system import running_scaled
from tests.soak.clients import Clients

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("ip") is None,
        reason="NOT TESTED: a cut link, for want of root's rights or Debian's iproute2",
    ),
]

PER_S = float(os.environ.get("CHAOS_PER_S", "500"))
MACHINE = "rinha-far"
ENGINES, PROCESSORS = "10.231.77", "10.231.78"
"""Networks of a link each: the worker goes on to reach the processors, which is the worse."""
LINKS = {ENGINES: "rinha-engines", PROCESSORS: "rinha-processor"}
"""This machine's ends."""


def ip(*words: str) -> None:
    subprocess.run(("ip", *words), check=True, capture_output=True)


@pytest.fixture
def far() -> Iterator[str]:
    """A machine with one link to the engines, and one to the processors, which are at .1 of theirs here."""
    ip("netns", "add", MACHINE)
    try:
        for network, link in LINKS.items():
            there = f"far-{network[-2:]}"
            ip("link", "add", link, "type", "veth", "peer", "name", there, "netns", MACHINE)
            ip("addr", "add", f"{network}.1/24", "dev", link)
            ip("link", "set", link, "up")
            ip("-n", MACHINE, "addr", "add", f"{network}.2/24", "dev", there)
            ip("-n", MACHINE, "link", "set", there, "up")
        ip("-n", MACHINE, "link", "set", "lo", "up")
        yield MACHINE
    finally:
        ip("netns", "del", MACHINE)


async def test_a_spare_serves_and_the_old_worker_ends_when_the_link_is_back(far: str, tmp_path: Path) -> None:
    async with running_scaled(tmp_path, host=f"{ENGINES}.1", processors=f"{PROCESSORS}.1") as system:
        worker = await asyncio.to_thread(system.start_spare, "ip", "netns", "exec", far)
        system.up.send(signal.SIGSTOP)
        system.kill("payment-worker-1", "payment-relay-1")
        await system.load.until(lambda: worker.logged("relay.started"))
        system.up.send(signal.SIGCONT)  # what it starts again stands by now
        await system.load.until(lambda: system.up.logged("worker.standing_by"))

        clients = Clients(system.load, 1, PER_S)
        coming = asyncio.create_task(clients.come(25))
        await asyncio.sleep(3)
        taken = len(system.up.logged("relay.started"))
        ip("link", "set", LINKS[ENGINES], "down")
        cut_s = time.monotonic()
        await system.load.until(lambda: len(system.up.logged("relay.started")) > taken)
        spare_s = time.monotonic() - cut_s
        await asyncio.sleep(5)
        ip("link", "set", LINKS[ENGINES], "up")
        await system.load.until(lambda: worker.logged("journal.broken"), 30)
        await coming
        empty_s = await system.until_empty()
        await system.load.repeat_unanswered(0)
        await system.until_settled()
        report = await system.check(
            "the link of a worker's machine cut", sent=clients.sent, spare_serves_after_s=spare_s, empty_after_s=empty_s
        )
        assert spare_s <= 10
        assert report["answers"].get(202, 0) >= clients.sent
        await asyncio.to_thread(worker.until_logged, "worker.standing_by", 2)
