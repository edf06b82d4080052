"""The worker is stopped in its tracks, or asked to end, under load."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import aiohttp
import pytest

from rinha.process import ExitCode
from tests.support.client import Answers, Setting, Stage, set_stage, their_rows
from tests.support.load import Load
from tests.support.patience import PATIENCE_S
from tests.support.processes import running, system_environ, until_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]


@pytest.mark.parametrize(
    ("stopped_s", "answer_timeout_s"),
    [(5.0, 1.0), pytest.param(20.0, 10.0, marks=pytest.mark.slow)],
    ids=["short", "full"],
)
async def test_a_worker_that_stands_still_loses_and_doubles_nothing(
    run_lab: RunLab, stopped_s: float, answer_timeout_s: float
) -> None:
    async with run_lab(RINHA_ANSWER_TIMEOUT_S=str(answer_timeout_s)) as lab:
        await lab.set(default=Setting(20), fallback=Setting(20))
        async with lab.load.running(users=6, pause_s=0.01):
            await lab.load.until_answered(100)
            lab.worker.send(signal.SIGSTOP)
            try:
                await asyncio.sleep(stopped_s)
            finally:
                lab.worker.send(signal.SIGCONT)
            continued_s = time.monotonic()
            await lab.load.until_answered(50)
            serving_after_s = time.monotonic() - continued_s
        again = await lab.load.repeat_unanswered(0)
        await lab.settle()
        statistics = await lab.until_statistics(bool, PATIENCE_S)

        report = await lab.check(
            f"SIGSTOP of the worker for {stopped_s:g} s",
            again=again,
            duplicates=statistics["duplicates"],
            serving_after_s=round(serving_after_s, 2),
        )
        assert again > 0
        assert set(report["answers"]) <= {202, 503, 504}


@pytest.mark.parametrize("accept", ["received", "queued"])
async def test_a_system_that_is_asked_to_end_under_load_drains(
    processors: dict[str, str], tmp_path: Path, accept: str
) -> None:
    environ = system_environ(processors, tmp_path, RINHA_ACCEPT=accept, RINHA_BRIDGE_LINGER_MS="20")
    with running("up", environ=environ) as system:
        await asyncio.to_thread(until_up, system)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            await set_stage(session, processors, Stage(Setting(50), Setting(50)))
            answers = Answers()
            load = Load(session, [f"http://127.0.0.1:{environ['RINHA_PORT']}"] * 2, answers)
            async with load.running(users=10, pause_s=0.0):
                await load.until_answered(500)
                system.send(signal.SIGTERM)
                asked_s = time.monotonic()
                code = await asyncio.to_thread(system.wait)
                ended_after_s = time.monotonic() - asked_s
            rows = Counter(row.payment_id for each in (await their_rows(session, processors)).values() for row in each)
    lost = answers.acknowledged() - set(rows)
    print(
        {
            "fault": f"SIGTERM under load, {accept}",
            "answers": answers.counts(),
            "exit code": code,
            "ended_after_s": round(ended_after_s, 2),
            "lost": len(lost),
            "doubled": sum(times > 1 for times in rows.values()),
        }
    )
    assert code == 0, system.errors
    assert not lost
    assert not answers.refused() & set(rows)
    assert set(rows.values()) == {1}
    assert set(answers.counts()) <= {0, 202, 503}


async def test_a_drain_that_runs_out_names_what_is_left_and_the_next_worker_settles_it(
    run_lab: RunLab, durable: dict[str, str]
) -> None:
    """Payment actors sit in exchanges, others come free, commits are under way: none of it is a dead letter."""
    async with run_lab(**durable, RINHA_DRAIN_S="0.5", RINHA_ANSWER_TIMEOUT_S="2") as lab:
        await lab.set(default=Setting(400), fallback=Setting(3000))
        async with lab.load.running(users=60, pause_s=0.0):
            await lab.load.until_answered(500)
            ended = lab.worker
            ended.send(signal.SIGTERM)
            code = await asyncio.to_thread(ended.wait)
            await asyncio.to_thread(lab.start_worker)
        await lab.set(default=Setting(0), fallback=Setting(0))
        again = await lab.load.repeat_unanswered(0)
        await lab.settle()
        await lab.check("SIGTERM, and the drain runs out", again=again)
        (stopped,) = [each for each in ended.lines if each["event"] == "worker.stopped"]
        assert code == ExitCode.FAILED
        assert len(stopped["correlationIds"]) == stopped["waiting"] > 0
        assert [each for each in ended.lines if each["event"] in {"actor.dead_letter", "actor.crashed"}] == []
