"""What people can read after a process died: what was lost, since when payments are refused, and why."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

PAYMENTS = 6


async def ask(lab: Lab, path: str, number: int = 0) -> Any:
    async with lab.session.get(f"{lab.urls[number]}{path}") as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def until(lab: Lab, path: str, condition: Callable[[Any], object]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            document = await ask(lab, path)
            if condition(document):
                return document
            await asyncio.sleep(0.05)


async def settle_some(lab: Lab) -> None:
    for _ in range(PAYMENTS):
        assert await lab.load.post(0) == 202
    await lab.settle()
    # An API knows what the worker has said last, which it does twice a second.
    await until(
        lab, "/statistics", lambda document: all(each["worker_settled"] == PAYMENTS for each in document["apis"])
    )


def words_of(document: Any, event: str) -> list[str]:
    return [each["words"] for each in document["events"] if each["event"] == event]


async def test_a_killed_worker_without_a_journal_forgets_and_its_apis_say_how_many(run_lab: RunLab) -> None:
    async with run_lab() as lab:
        await settle_some(lab)
        await asyncio.to_thread(lab.kill, lab.worker)

        away = await until(lab, "/statistics", lambda document: document["worker"] is None)
        (own,) = away["apis"]
        assert own["refusing"] == "worker_away"
        assert own["why"].startswith("the worker is away since 20")
        assert await lab.load.post(0) == 503
        assert (await ask(lab, "/statistics"))["apis"][0]["refused"]["worker_away"] == 1
        assert words_of(await ask(lab, "/events"), "bridge.session_lost")
        assert (await ask(lab, "/traces?slowest=3"))["missing"]

        await asyncio.to_thread(lab.start_worker)
        events = await until(lab, "/events", lambda document: len(words_of(document, "bridge.worker_restarted")) == 2)
        said = "The worker was started again: books empty: no journal, 6 settled forgotten."
        assert words_of(events, "bridge.worker_restarted") == [said, said], "by each of its APIs"
        assert words_of(events, "worker.started") == ["The worker has started; its books: empty: no journal; held: 0."]
        assert {each["role"] for each in events["events"]} == {"payment-worker", "api-1", "api-2"}
        assert events["missing"] == []


async def test_with_a_journal_nothing_is_forgotten(run_lab: RunLab, durable: dict[str, str]) -> None:
    async with run_lab(**durable) as lab:
        await settle_some(lab)
        await asyncio.to_thread(lab.kill, lab.worker)
        await asyncio.to_thread(lab.start_worker)
        events = await until(lab, "/events", lambda document: len(words_of(document, "bridge.worker_restarted")) == 2)
        for words in words_of(events, "bridge.worker_restarted"):
            assert "books hold 6 settled: the journal" in words
            assert words.endswith("0 settled forgotten.")
        (started,) = words_of(events, "worker.started")
        assert "6 settled, from the journal" in started


async def test_an_api_that_does_not_answer_is_named(run_lab: RunLab) -> None:
    async with run_lab() as lab:
        silent = lab.apis[1]
        silent.send(signal.SIGSTOP)
        try:
            document = await ask(lab, "/statistics")
        finally:
            silent.send(signal.SIGCONT)
        assert [each["name"] for each in document["apis"]] == ["api-1"]
        assert document["missing"] == ["api-2: no answer within 0.5 s"]
        assert document["worker"] is not None
