"""The name service is silent for one processor's name: the other processor has nothing to do with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

WORKER = "tests.support.silent_names_worker"
NAME = "default.example"


async def test_payments_go_to_the_other_processor_until_the_name_service_answers(
    run_lab: RunLab, processors: dict[str, str], tmp_path: Path
) -> None:
    answered = tmp_path / "answered"
    worker = {
        "SILENT_NAME": NAME,
        "ANSWER_FILE": str(answered),
        "PROCESSOR_DEFAULT_URL": processors["default"].replace("127.0.0.1", NAME),
    }
    async with run_lab(module=WORKER, worker=worker) as lab:
        begun_s = time.monotonic()
        async with lab.load.running(users=12, pause_s=0.01):
            await lab.load.until_answered(200)
            await lab.until_rows(100, processor="fallback")
        took_s = time.monotonic() - begun_s
        await lab.settle()
        assert (await lab.rows())["default"] == 0
        assert lab.worker.logged("processor.name_not_found")

        answered.touch()
        async with lab.load.running(users=12, pause_s=0.01):
            await lab.until_rows(10, processor="default")
        await lab.settle()
        await lab.check("a name service that is silent for one name", fallback_100_rows_after_s=round(took_s, 2))
