"""Each alert fires when what it tells of has happened, and none does before: a Prometheus asks a real system."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.metrics.text import ROOT, program
from tests.support.client import Setting
from tests.support.processes import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

FAILING = Setting(0, failing=True)
FIRES_WITHIN_S = 30.0


class Prometheus:
    """One that asks every second, with our rules, but for how long they wait."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self._session = lab.session
        self._url = f"http://127.0.0.1:{free_port()}"
        rules = re.sub(r"^ +for: .*\n", "", (ROOT / "config" / "alerts.yml").read_text(), flags=re.MULTILINE)
        target = lab.urls[0].removeprefix("http://")
        (directory / "alerts.yml").write_text(rules)
        (directory / "prometheus.yml").write_text(
            "global: { scrape_interval: 1s, evaluation_interval: 1s }\n"
            "rule_files: [alerts.yml]\n"
            f"scrape_configs: [{{ job_name: rinha, static_configs: [{{ targets: ['{target}'] }}] }}]\n"
        )
        self.command = (
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'tsdb'}",
            f"--web.listen-address={self._url.removeprefix('http://')}",
            "--log.level=error",
        )

    async def ask(self, path: str) -> Any:
        """What it answers; None while it doesn't."""
        with contextlib.suppress(OSError):
            async with self._session.get(f"{self._url}/api/v1/{path}") as response:
                return (await response.json())["data"] if response.status == 200 else None
        return None

    async def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        answer = await self.ask("alerts") or {"alerts": []}
        return {each["labels"]["alertname"] for each in answer["alerts"] if each["state"] == "firing"}

    async def until_asked(self, seconds: int) -> None:
        """Wait until it has so many seconds of the worker's figures."""
        async with asyncio.timeout(FIRES_WITHIN_S):
            while True:
                answer = await self.ask(f"query?query=count_over_time(rinha_worker_up[1m])%20>=%20{seconds}")
                if answer and answer["result"]:
                    return
                await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def watched(lab: Lab, directory: Path) -> AsyncIterator[Prometheus]:
    executable = program("prometheus")
    assert executable is not None
    prometheus = Prometheus(lab, directory)
    process = await asyncio.create_subprocess_exec(
        executable, *prometheus.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await prometheus.until_asked(3)
        yield prometheus
    finally:
        process.terminate()
        async with asyncio.timeout(20):
            await process.wait()


async def post(lab: Lab, number: int) -> None:
    await asyncio.gather(*(lab.load.post(0) for _ in range(number)))


async def kill_the_worker(lab: Lab, directory: Path) -> None:
    lab.kill(lab.worker)


async def fail_both(lab: Lab, directory: Path) -> None:
    await lab.set(default=FAILING, fallback=FAILING)
    await post(lab, 10)


async def fill_the_backlog(lab: Lab, directory: Path) -> None:
    await lab.set(default=FAILING, fallback=FAILING)
    await post(lab, 60)


async def find_fault_with_a_payment(lab: Lab, directory: Path) -> None:
    for name in lab.processors:
        await lab.arm(name, {"kind": "status", "status": 400})
    await post(lab, 1)


async def say_nothing_of_a_payment(lab: Lab, directory: Path) -> None:
    for name in lab.processors:
        await lab.arm(name, {"kind": "status", "status": 500}, {"kind": "throttle", "endpoint": "lookup"})
    await post(lab, 1)


async def crash_an_actor(lab: Lab, directory: Path) -> None:
    (directory / "crash").write_text("ledger before")
    await post(lab, 1)


BREAK: dict[str, Callable[[Lab, Path], Awaitable[None]]] = {
    "RinhaWorkerAway": kill_the_worker,
    "RinhaNothingSettles": fail_both,
    "RinhaPaymentsRefused": fill_the_backlog,
    "RinhaPaymentsParked": find_fault_with_a_payment,
    "RinhaOutcomesUnknown": say_nothing_of_a_payment,
    "RinhaActorsFail": crash_an_actor,
}


@pytest.mark.skipif(program("prometheus") is None, reason="no prometheus: tests/metrics/install-prometheus.sh")
@pytest.mark.parametrize("alert", BREAK)
async def test_it_fires_when_it_is_to_and_not_before(run_lab: RunLab, tmp_path: Path, alert: str) -> None:
    module = "tests.support.crashing_worker" if alert == "RinhaActorsFail" else "rinha"
    crashing = {"CRASH_FILE": str(tmp_path / "crash")}
    async with (
        run_lab(apis=1, module=module, worker=crashing, RINHA_BACKLOG_MAX="40") as lab,
        watched(lab, tmp_path) as prometheus,
    ):
        assert await prometheus.firing() == set()
        await BREAK[alert](lab, tmp_path)
        fired: set[str] = set()
        try:
            async with asyncio.timeout(FIRES_WITHIN_S):
                while alert not in fired:
                    await asyncio.sleep(0.3)
                    fired |= await prometheus.firing()
        except TimeoutError:
            raise AssertionError(f"{alert} did not fire, but {fired}") from None


def test_each_alert_is_tried() -> None:
    assert set(BREAK) == set(re.findall(r"- alert: (\w+)", (ROOT / "config" / "alerts.yml").read_text()))
