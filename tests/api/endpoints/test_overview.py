"""``GET /overview`` over a real socket: seconds after a number, one question for many who look, and the worker away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from rinha.bridge.errors import NoCreditReason, RequestFailed, RequestTimeout, WorkerUnavailable
from rinha.bridge.protocol.wire.own_questions import GetOverview
from tests.support.samples import OVERVIEW, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Api, FakeGateway, StartApi, Until

NUMBER = SECOND.number
AWAY = WorkerUnavailable("no session with the worker")


async def get(api: Api, path: str = "/overview", status: int = 200) -> Any:
    async with api.client.get(path) as response:
        assert response.status == status
        return await response.json()


async def get_until(api: Api, condition: Callable[[Any], object]) -> Any:
    """Ask again until an answer is as told: one that has been given stays for half a second."""
    async with asyncio.timeout(5):
        while True:
            if condition(document := await get(api)):
                return document
            await asyncio.sleep(0.05)


async def test_it_has_everything_that_the_page_needs(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = OVERVIEW
    document = await get(api)
    assert gateway.asked == [GetOverview(0)]
    assert (document["at_ms"], document["number"]) == (SECOND.at_ms, NUMBER)
    assert document["worker"] == {
        "run": OVERVIEW.run,
        "started_ms": OVERVIEW.started_ms,
        "away_since_ms": None,
        "why": "",
    }
    assert document["verdict"]["level"] == "degraded"
    assert document["seconds"] == [
        {
            "number": NUMBER,
            "at_ms": SECOND.at_ms,
            "accepted": 7,
            "answer_p50_ms": 1.2,
            "answer_p99_ms": 9.5,
            "settled": {"default": 6, "fallback": 0},
            "settle_p50_ms": 2.3,
            "settle_p99_ms": None,
            "refused": {"full": 2},
            "waiting": 3,
            "in_flight": 1,
            "unknown": 1,
            "parked": 0,
            "in_use": "default",
            "processors": {
                "default": {"healthy": True, "latency_ms": 1.2},
                "fallback": {"healthy": False, "latency_ms": None},
            },
        }
    ]
    assert document["tiles"] == {
        "accepted": {"per_s": 0.7, "p50_ms": 1.2, "p99_ms": 9.5, "total": 12},
        "settled": {"per_s": 0.6, "p50_ms": 2.3, "p99_ms": 4.5, "total": 3},
        "waiting": {"number": 3, "oldest_ms": None},
        "unknown": {"number": 1, "oldest_ms": OVERVIEW.payments.unknown[0].since_ms},
        "parked": {"number": 0},
        "refused": {"last_minute": 2, "reasons": {"full": 2}, "why": None},
        "fees": {"paid_cents": 4.95, "least_cents": 4.95},
        "trouble": {"dead_letters": 1, "crashes": 2},
    }
    assert document["actors"] == [
        {
            "name": "payment-3",
            "kind": "payment",
            "mailbox": 0,
            "wait_ms": 0.1,
            "busy": 0.03,
            "per_s": 0.7,
            "restarts": 2,
            "processor": "default",
            "step": "post",
        }
    ]
    assert document["edges"] == [{"from": "bridge", "to": "intake", "per_s": 0.7, "message": "SubmitPayments"}]
    (one,) = document["apis"]
    assert (one["name"], one["accepted"], one["per_s"], one["credit"]) == ("api-1", 7, 0.7, 512)
    assert document["held"]["payments"]["unknown"][0]["state"] == "unknown"
    assert document["held"]["payments"]["parked"] == []
    assert document["processors"]["routing"]["in_use"] == "default"
    assert document["slowest"][0]["longest"] == "backlog"
    assert document["failed"][0]["why"] == "default: unknown, no answer within 10 s"
    assert document["events"][0]["words"] == "The worker has stopped; 0 payments wait."
    assert document["missing"] == ["api-2: gone"]


async def test_parts_are_as_their_own_endpoints_have_them(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = OVERVIEW
    document = await get(api)
    gateway.answer = OVERVIEW.processors
    assert document["processors"] == await get(api, "/processors")
    gateway.answer = OVERVIEW.held
    payments = document["held"].pop("payments")
    assert document["held"] == await get(api, "/held")
    assert set(payments) == {"unknown", "parked", "waiting"}


async def test_ten_who_look_cost_one_question(api: Api, gateway: FakeGateway, until: Until) -> None:
    gateway.answer = OVERVIEW
    gateway.may_answer.clear()
    looks = [asyncio.create_task(get(api, f"/overview?after={NUMBER - 1 + number % 2}")) for number in range(10)]
    await until(lambda: gateway.asked)
    gateway.may_answer.set()
    found = [len(document["seconds"]) for document in await asyncio.gather(*looks)]
    assert found == [1, 0] * 5, "each with the seconds that it doesn't have"
    assert gateway.asked == [GetOverview(0)]


async def test_who_goes_while_it_is_asked_leaves_the_answer_to_the_others(
    api: Api, gateway: FakeGateway, until: Until
) -> None:
    gateway.answer = OVERVIEW
    gateway.may_answer.clear()
    first = asyncio.create_task(get(api))
    await until(lambda: gateway.asked)
    second = asyncio.create_task(get(api))
    first.cancel()
    gateway.may_answer.set()
    assert (await second)["number"] == NUMBER
    assert len(gateway.asked) == 1


async def test_the_next_question_is_for_what_came_since(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = OVERVIEW
    await get(api)
    gateway.answer = OVERVIEW._replace(seconds=(SECOND._replace(number=NUMBER + 1),))
    await get_until(api, lambda document: document["number"] > NUMBER)
    assert gateway.asked == [GetOverview(0), GetOverview(NUMBER)]
    assert [each["number"] for each in (await get(api))["seconds"]] == [NUMBER, NUMBER + 1]
    assert [each["number"] for each in (await get(api, f"/overview?after={NUMBER}"))["seconds"]] == [NUMBER + 1]
    assert len((await get(api, "/overview?after=9999999999999"))["seconds"]) == 2, "from before a clock was set back"


async def test_another_worker_has_other_seconds(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = OVERVIEW
    await get(api)
    gateway.answer = OVERVIEW._replace(run="bb", seconds=(SECOND._replace(number=NUMBER - 5),))
    document = await get_until(api, lambda document: document["worker"]["run"] == "bb")
    assert [each["number"] for each in document["seconds"]] == [NUMBER - 5]


async def test_with_the_worker_away_it_says_so_and_shows_this_api(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = AWAY
    gateway.ready = False
    gateway.refusing.see(NoCreditReason.WORKER_AWAY)
    document = await get(api)
    assert document["worker"]["run"] is None
    assert document["worker"]["away_since_ms"] == 1_764_144_003_000
    assert document["worker"]["why"] == "the worker is away since 2025-11-26T08:00:03.000Z"
    assert document["verdict"]["level"] == "failing"
    assert document["verdict"]["text"].startswith("The worker is away since 08:00:03 UTC")
    assert [each["name"] for each in document["apis"]] == ["api-1"]
    assert (document["seconds"], document["actors"], document["held"]["payments"]["parked"]) == ([], [], [])
    assert document["missing"] == ["payment-worker: no session with the worker"]


async def test_it_has_the_same_members_with_the_worker_away(
    api: Api, start_api: StartApi, gateway: FakeGateway
) -> None:
    def shape(value: Any) -> Any:
        return {name: shape(each) for name, each in value.items()} if isinstance(value, dict) else None

    gateway.answer = OVERVIEW
    present = await get(api)
    gateway.answer = AWAY
    away = await get(await start_api())
    assert list(shape(present)) != []
    assert set(present) == set(away)
    assert shape(present["tiles"]) | {"refused": None} == shape(away["tiles"]) | {"refused": None}
    assert set(present["held"]) == set(away["held"])
    assert set(present["apis"][0]) == set(away["apis"][0])


@pytest.mark.parametrize("error", [RequestTimeout(3.0), RequestFailed("there is no overview")])
async def test_a_worker_that_gives_none_is_not_called_away(api: Api, gateway: FakeGateway, error: Exception) -> None:
    gateway.answer = error
    document = await get(api)
    assert document["verdict"]["level"] == "degraded"
    assert "gives no overview since" in document["verdict"]["text"]
    assert document["worker"]["away_since_ms"] is not None


async def test_it_takes_the_administrators_token(start_api: StartApi, gateway: FakeGateway) -> None:
    gateway.answer = OVERVIEW
    api = await start_api(admin_token="sixteen-characters")
    await get(api, status=401)
    async with api.client.get("/overview", headers={"Authorization": "Bearer sixteen-characters"}) as response:
        assert response.status == 200


async def test_there_is_none_where_it_is_off(start_api: StartApi, gateway: FakeGateway) -> None:
    api = await start_api(dashboard=False)
    await get(api, status=404)
    assert gateway.asked == []


@pytest.mark.parametrize("query", ["after=-1", "after=x", "since=1"])
async def test_what_is_wrong_is_named(api: Api, gateway: FakeGateway, query: str) -> None:
    document = await get(api, f"/overview?{query}", 400)
    assert [each["field"] for each in document["errors"]] == [query.partition("=")[0]]
    assert gateway.asked == []
