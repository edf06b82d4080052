"""The name service is silent for one processor's name: the other processor has nothing to do with it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

WORKER = "tests.support.silent_names_worker"
NAME = "default.example"


@pytest.fixture
def silent(processors: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The variables of a worker whose default processor has a name that nobody knows for now."""
    return {
        "SILENT_NAME": NAME,
        "ANSWER_FILE": str(tmp_path / "answered"),
        "PROCESSOR_DEFAULT_URL": processors["default"].replace("127.0.0.1", NAME),
    }


async def test_payments_go_to_the_other_processor_until_the_name_service_answers(
    run_lab: RunLab, silent: dict[str, str]
) -> None:
    async with run_lab(module=WORKER, worker=silent) as lab:
        begun_s = time.monotonic()
        async with lab.load.running(users=12, pause_s=0.01):
            await lab.load.until_answered(200)
            await lab.until_rows(100, processor="fallback")
        took_s = time.monotonic() - begun_s
        await lab.settle()
        assert (await lab.rows())["default"] == 0
        assert lab.worker.logged("processor.name_not_found")

        await asyncio.to_thread(Path(silent["ANSWER_FILE"]).touch)
        async with lab.load.running(users=12, pause_s=0.01):
            await lab.until_rows(10, processor="default")
        await lab.settle()
        await lab.check("a name service that is silent for one name", fallback_100_rows_after_s=round(took_s, 2))


async def test_a_silent_name_service_does_not_hold_up_the_end(run_lab: RunLab, silent: dict[str, str]) -> None:
    async with run_lab(module=WORKER, worker=silent) as lab:
        await asyncio.to_thread(lab.worker.until_logged, "processor.name_not_found")
        assert await lab.load.post(0) == 202
        await lab.settle()
        assert await asyncio.to_thread(lab.worker.stop) == 0
