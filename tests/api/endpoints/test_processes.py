"""Statistics, events and traces of all processes, over a real socket; with the worker away, those of this one."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from actors.messages.people import GetPayment, GetStatistics
from rinha.api.process import ApiProcess
from rinha.bridge.errors import NoCredit, NoCreditReason, RequestFailed, RequestTimeout, WorkerUnavailable
from rinha.bridge.protocol.wire.own_questions import GetEvents, GetFigures, GetHops
from rinha.bridge.protocol.wire.processes import (
    AllEvents,
    AllHops,
    AllReports,
    ApiReport,
    Event,
    ProcessEvents,
    ProcessHops,
)
from rinha.logs.recent import RecentRecords
from tests.support.samples import PAYMENT, PAYMENT_ID, STATISTICS

if TYPE_CHECKING:
    from collections.abc import Collection

    from rinha.bridge.protocol.wire.processes import HopRecord
    from tests.api.conftest import Api, FakeGateway, StartApi

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
HOP = (1_764_144_000_123_456_789, 1_834, PAYMENT_ID, "payment.attempt", 1, "payment-3", {"step": "post"})
AWAY = WorkerUnavailable("no session with the worker")


class OneTrace:
    """A process that remembers one hop of one payment."""

    def hops(self, ids: Collection[bytes]) -> list[HopRecord]:
        return [HOP] if PAYMENT_ID in ids else []

    def slowest(self, n: int) -> list[tuple[int, bytes]]:
        return [(5, PAYMENT_ID)][:n]

    def failed(self, n: int) -> list[tuple[int, bytes]]:
        return []


async def get(api: Api, path: str, status: int = 200) -> Any:
    async with api.client.get(path) as response:
        assert response.status == status
        return await response.json()


async def test_statistics_are_the_workers_and_those_of_all_apis(api: Api, gateway: FakeGateway) -> None:
    report = ApiReport("payment-api-2", "00ff", 5, 7, {"full": 2})
    gateway.answers = {GetStatistics: STATISTICS, GetFigures: AllReports((report,), ("payment-api-1: gone",))}
    document = await get(api, "/statistics")
    worker = document["worker"]
    assert (worker["accepted"], worker["in_flight"], worker["dead_letters"]) == (12, 2, {"RecordPayment": 1})
    assert worker["processors"]["default"]["latency_ms"] == 1.5
    assert worker["processors"]["fallback"]["latency_ms"] is None, "nothing was measured"
    assert document["missing"] == ["payment-api-1: gone"]
    assert document["apis"] == [
        {
            "name": "payment-api-2",
            "run": "00ff",
            "started_ms": 5,
            "accepted": 7,
            "refused": {"full": 2},
            "refusing": None,
            "refusing_since_ms": None,
            "why": "",
            "worker_away_since_ms": None,
            "outbox": 0,
            "last_refused_ms": None,
            "last_refused": None,
            "worker_settled": 0,
            "worker_held": 0,
        }
    ]


async def post(api: Api) -> int:
    async with api.client.post("/payments", json={"correlationId": ID, "amount": 19.9}) as response:
        return response.status


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (NoCreditReason.FULL, "full (100,000 of 100,000) since 2025-11-26T08:00:03.000Z"),
        (NoCreditReason.WORKER_AWAY, "the worker is away since 2025-11-26T08:00:03.000Z"),
        (NoCreditReason.STORE_AWAY, "the worker's store is away since 2025-11-26T08:00:03.000Z"),
        (NoCreditReason.PROMISE_LOST, "the worker has lost something that it promised"),
        (NoCreditReason.DRAINING, "this API is draining since 2025-11-26T08:00:03.000Z"),
    ],
)
async def test_refusals_are_counted_by_reason_and_said_with_since_when(
    api: Api, gateway: FakeGateway, reason: NoCreditReason, words: str
) -> None:
    gateway.answers = {GetStatistics: AWAY, GetFigures: AWAY}
    assert await post(api) == 202
    gateway.verdict = NoCredit(reason)
    gateway.refusing.see(reason)
    assert await post(api) == 503
    document = await get(api, "/statistics")
    assert document["worker"] is None
    (own,) = document["apis"]
    assert (own["name"], own["accepted"]) == ("api-1", 1)
    assert own["refused"] == {each.value: int(each is reason) for each in NoCreditReason}
    assert (own["refusing"], own["refusing_since_ms"]) == (reason.value, 1_764_144_003_000)
    assert own["why"].startswith(words)
    assert (own["worker_away_since_ms"] is None) == (reason is not NoCreditReason.WORKER_AWAY)
    assert own["last_refused"] == reason.value


@pytest.mark.parametrize("error", [AWAY, RequestTimeout(5.0), RequestFailed("a bug")])
@pytest.mark.parametrize("path", ["/statistics", "/events", "/traces?failed=3", "/traces?slowest=3"])
async def test_without_the_worker_the_api_answers_what_it_knows(
    api: Api, gateway: FakeGateway, path: str, error: Exception
) -> None:
    gateway.answer = error
    document = await get(api, path)
    assert any(each.startswith("payment-worker: ") for each in document["missing"])


async def test_events_are_merged_in_the_order_of_their_time_and_told_in_words(api: Api, gateway: FakeGateway) -> None:
    later = time.time_ns() // 1000 + 60_000_000
    worker = (
        Event(3, 3, "info", "worker.draining", "payment-worker", {"drain_s": 10.0}),
        Event(later, 9, "info", "worker.stopped", "payment-worker", {}),
    )
    first = (Event(2, 2, "warning", "bridge.session_lost", "payment-api-1", {"address": "x"}),)
    processes = (ProcessEvents("payment-worker", "00", worker), ProcessEvents("payment-api-1", "01", first))
    gateway.answer = AllEvents(processes, ("payment-api-2: no answer within 0.5 s",))
    document = await get(api, "/events?after=1")
    assert gateway.asked == [GetEvents(1)]
    assert [each["number"] for each in document["events"]] == [2, 3], "what came later is for the next time"
    assert document["events"][0] == {
        "number": 2,
        "at_ms": 2,
        "level": "warning",
        "event": "bridge.session_lost",
        "role": "payment-api-1",
        "fields": {"address": "x"},
        "words": "The session with the worker is lost; the API connects again.",
    }
    assert document["missing"] == ["payment-api-2: no answer within 0.5 s"]


async def test_own_events_after_a_number(start_api: StartApi, gateway: FakeGateway) -> None:
    records = RecentRecords()
    for number in range(3):
        records.handle(logging.makeLogRecord({"levelname": "INFO", "msg": f"event.{number}"}))
    api = await start_api(process=ApiProcess("api-1", "00ff", records=records))
    gateway.answer = AWAY
    events = (await get(api, "/events"))["events"]
    assert [each["event"] for each in events] == ["event.0", "event.1", "event.2"]
    more = (await get(api, f"/events?after={events[0]['number']}"))["events"]
    assert [each["event"] for each in more] == ["event.1", "event.2"]


async def test_a_trace_has_the_hops_of_all_processes(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = AllHops((ProcessHops("payment-worker", "00ff", "worker", [HOP]),), ("payment-api-2: gone",))
    assert await get(api, f"/traces/{ID}") == {
        "processes": [
            {
                "role": "payment-worker",
                "run": "00ff",
                "kind": "worker",
                "hops": [
                    {
                        "start_ns": HOP[0],
                        "took_ns": 1_834,
                        "correlationId": ID,
                        "hop": "payment.attempt",
                        "attempt": 1,
                        "actor": "payment-3",
                        "fields": {"step": "post"},
                    }
                ],
            }
        ],
        "missing": ["payment-api-2: gone"],
    }
    assert gateway.asked == [GetHops((PAYMENT_ID,))]


async def test_a_trace_is_found_by_how_the_id_begins(api: Api, gateway: FakeGateway) -> None:
    gateway.answers = {
        GetPayment: (PAYMENT,),
        GetHops: AllHops((ProcessHops("payment-worker", "00ff", "worker", [HOP]),)),
    }
    await get(api, "/traces/4a7901")
    assert gateway.asked == [GetPayment("4a7901"), GetHops((PAYMENT_ID,))]


@pytest.mark.parametrize("path", [f"/traces/{ID}", "/traces/4a7901"])
async def test_no_trace_is_404_with_what_that_may_mean(api: Api, gateway: FakeGateway, path: str) -> None:
    gateway.answers = {GetPayment: (), GetHops: AllHops((ProcessHops("w", "00", "worker", []),))}
    document = await get(api, path, 404)
    assert document["type"] == "/problems/unknown-trace"
    assert "RINHA_TRACE_RECENT" in document["detail"]


async def test_the_slowest_are_asked_for_by_number(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = AllHops(())
    await get(api, "/traces?slowest=5")
    await get(api, "/traces?failed=2")
    assert gateway.asked == [GetHops((), "slowest", 5), GetHops((), "failed", 2)]


async def test_without_the_worker_a_trace_has_this_processes_hops(start_api: StartApi, gateway: FakeGateway) -> None:
    api = await start_api(process=ApiProcess("api-1", "00ff", traces=OneTrace()))
    gateway.answer = AWAY
    gateway.ready = False
    gateway.refusing.see(NoCreditReason.WORKER_AWAY)
    for path in (f"/traces/{ID}", "/traces?slowest=3"):
        document = await get(api, path)
        (process,) = document["processes"]
        assert (process["role"], process["kind"], len(process["hops"])) == ("api-1", "api", 1)
        assert document["missing"] == ["payment-worker: the worker is away since 2025-11-26T08:00:03.000Z"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/traces", None),
        ("/traces?slowest=1&failed=1", None),
        ("/traces?slowest=0", "slowest"),
        ("/traces?slow=1", "slow"),
        ("/traces/xyz", "correlationId"),
        ("/events?after=-1", "after"),
        ("/events?from=1", "from"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, gateway: FakeGateway, path: str, field: str | None) -> None:
    document = await get(api, path, 400)
    assert document["type"] == "/problems/invalid-request"
    if field:
        assert [each["field"] for each in document["errors"]] == [field]
    assert gateway.asked == []


@pytest.mark.parametrize("path", ["/health/live", "/statistics", "/nowhere"])
async def test_every_answer_has_the_same_server(api: Api, gateway: FakeGateway, path: str) -> None:
    gateway.answer = AWAY
    async with api.client.get(path) as response:
        assert response.headers["Server"] == "rinha"
    async with api.client.post("/payments", json={"correlationId": ID, "amount": 19.9}) as response:
        assert (response.status, response.headers["Server"]) == (202, "rinha")
