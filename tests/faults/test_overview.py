"""The overview of a real system: while payments settle, while nothing settles, and with the worker gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.client import Setting

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

FAILING, WELL = Setting(0, failing=True), Setting(0)


async def overview(lab: Lab, api: int = 0, after: int = 0) -> Any:
    async with lab.session.get(f"{lab.urls[api]}/overview?after={after}") as response:
        assert response.status == 200
        return await response.json()


async def until(lab: Lab, condition: Callable[[Any], object], timeout_s: float = 20.0, api: int = 0) -> Any:
    document = None
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                document = await overview(lab, api)
                if condition(document):
                    return document
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s} s: {document}") from None


async def test_counts_of_seconds_add_up_at_any_api(run_lab: RunLab) -> None:
    async with run_lab(apis=2) as lab:
        await overview(lab)  # from now on somebody looks, and actors are timed
        for number in range(40):
            assert await lab.load.post(number % 2) == 202
        await lab.settle()
        for api in range(2):
            document = await until(
                lab, lambda found: sum(sum(each["settled"].values()) for each in found["seconds"]) == 40, api=api
            )
            seconds = document["seconds"]
            assert sum(each["accepted"] for each in seconds) == 40
            numbers = [each["number"] for each in seconds]
            assert numbers == sorted(set(numbers))
            busiest = max(seconds, key=lambda each: sum(each["settled"].values()))
            assert 0 < busiest["settle_p50_ms"] <= busiest["settle_p99_ms"]
            assert 0 < busiest["answer_p50_ms"] <= busiest["answer_p99_ms"]
            assert document["tiles"]["settled"]["total"] == 40
            assert {each["name"] for each in document["apis"]} == {"api-1", "api-2"}
            intake = next(each for each in document["actors"] if each["kind"] == "intake")
            assert intake["per_s"] > 0
            assert sum(each["kind"] == "payment" for each in document["actors"]) == 64
            rates = {(each["from"], each["to"]): each["per_s"] for each in document["edges"]}
            assert rates["pool", "default"] > 0
            assert rates["intake", "pool"] == rates["pool", "ledger"] > 0
            assert len(document["slowest"]) > 0
            opened = [each for each in document["events"] if each["event"] == "bridge.session_opened"]
            assert {each["role"] for each in opened} == {"api-1", "api-2", "payment-worker"}


async def test_it_says_that_nothing_settles_and_why_and_that_it_is_over(run_lab: RunLab) -> None:
    async with run_lab(apis=1) as lab:
        await lab.set(default=FAILING, fallback=FAILING)
        for _ in range(20):
            assert await lab.load.post(0) == 202
        document = await until(lab, lambda found: found["verdict"]["level"] == "failing")
        assert document["verdict"]["text"].startswith("Nothing settles: both processors are failing: default ")
        assert "is probed" in document["verdict"]["text"]
        document = await until(lab, lambda found: found["tiles"]["waiting"]["number"] >= 18)
        assert document["tiles"]["waiting"]["oldest_ms"] is not None
        assert 0 < len(document["held"]["payments"]["waiting"]) <= 20
        assert not document["seconds"][-1]["processors"]["default"]["healthy"]
        assert document["failed"][0]["why"].endswith("refused, HTTP 500, empty body")
        await lab.set(default=WELL, fallback=WELL)
        await lab.settle()
        document = await until(lab, lambda found: found["tiles"]["waiting"]["number"] == 0)
        assert document["seconds"][-1]["processors"]["default"]["healthy"]


async def test_payment_actors_tell_where_they_are_at_work(run_lab: RunLab) -> None:
    async with run_lab(apis=1) as lab:
        await lab.set(default=Setting(3000), fallback=Setting(3000))
        await asyncio.gather(*(lab.load.post(0) for _ in range(5)))
        document = await until(lab, lambda found: any(each["processor"] for each in found["actors"]), 5)
        working = [each for each in document["actors"] if each["processor"]]
        assert {(each["kind"], each["step"]) for each in working} == {("payment", "post")}
        assert sum(each["in_flight"] for each in document["processors"]["processors"]) >= len(working) > 0


async def test_the_worker_that_comes_back_has_its_own_seconds(run_lab: RunLab) -> None:
    async with run_lab(apis=1) as lab:
        before = await until(lab, lambda found: found["seconds"])
        lab.kill(lab.worker)
        away = await until(lab, lambda found: found["worker"]["away_since_ms"])
        assert away["seconds"] == []
        assert away["verdict"]["level"] == "failing"
        await asyncio.to_thread(lab.start_worker)
        after = await until(lab, lambda found: found["worker"]["run"] and found["seconds"])
        assert after["worker"]["run"] != before["worker"]["run"]
        assert after["seconds"][0]["at_ms"] > before["seconds"][-1]["at_ms"]


async def test_without_hops_nothing_is_measured_and_the_rest_is_there(run_lab: RunLab) -> None:
    async with run_lab(apis=1, RINHA_TRACE_RECENT="0") as lab:
        assert await lab.load.post(0) == 202
        await lab.settle()
        document = await until(lab, lambda found: sum(each["accepted"] for each in found["seconds"]) == 1)
        assert {each["settle_p50_ms"] for each in document["seconds"]} == {None}
        assert document["tiles"]["accepted"]["p99_ms"] is None
        assert document["slowest"] == []


@pytest.mark.parametrize("where", ["worker", "api"])
async def test_where_it_is_off_there_is_none(run_lab: RunLab, where: str) -> None:
    off = {"RINHA_DASHBOARD": "off"}
    async with run_lab(apis=1, worker=off, api=off if where == "api" else {}) as lab:
        async with lab.session.get(f"{lab.urls[0]}/overview") as response:
            assert response.status == (404 if where == "api" else 200)
            document = await response.json()
        if where == "worker":
            assert "RINHA_DASHBOARD is off there" in document["verdict"]["text"]
