"""``POST /payments`` over a real socket: every status, and what the bridge is given."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.tracing import Tracer
from actors.values import Payment, Verdict
from rinha.bridge.errors import NoCredit, NoCreditReason, OutcomeUnknown

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.api.conftest import Api, FakeGateway, StartApi

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
ID_BYTES = UUID(ID).bytes
PAYMENT = {"correlationId": ID.upper(), "amount": 19.90}


async def problem(response: ClientResponse) -> dict[str, Any]:
    """The problem document of a response, after a look at what all of them must have."""
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Served-By"] == "api-1"
    document: dict[str, Any] = orjson.loads(await response.read())
    assert document["status"] == response.status
    assert document["type"].startswith("/problems/")
    assert document["title"]
    assert document["detail"]
    return document


@pytest.mark.parametrize("accept", ["received", "queued"])
async def test_a_payment_is_handed_to_the_bridge_and_answered_202(
    start_api: StartApi, gateway: FakeGateway, accept: str
) -> None:
    api = await start_api(accept=accept)
    async with api.client.post("/payments", json=PAYMENT) as response:
        assert response.status == 202
        assert await response.json() == {"status": "accepted"}
        assert response.headers["X-Served-By"] == "api-1"
        assert response.headers["Content-Type"] == "application/json"
    handed_over = gateway.submitted if accept == "received" else gateway.posted
    assert handed_over == [Payment(ID_BYTES, 1990)]
    assert len(gateway.submitted) + len(gateway.posted) == 1


async def test_a_conflict_is_409(api: Api, gateway: FakeGateway) -> None:
    gateway.verdict = Verdict.CONFLICT
    async with api.client.post("/payments", json=PAYMENT) as response:
        assert response.status == 409
        document = await problem(response)
    assert document["type"] == "/problems/amount-conflict"
    assert document["correlationId"] == ID


async def test_a_payment_that_is_written_off_is_409_that_says_so(api: Api, gateway: FakeGateway) -> None:
    gateway.verdict = Verdict.WRITTEN_OFF
    async with api.client.post("/payments", json=PAYMENT) as response:
        assert response.status == 409
        document = await problem(response)
    assert document["type"] == "/problems/written-off"
    assert "never sent again" in document["detail"]


async def test_a_payment_overtaken_by_a_purge_is_504_purged(api: Api, gateway: FakeGateway) -> None:
    gateway.verdict = Verdict.PURGED
    async with api.client.post("/payments", json=PAYMENT) as response:
        assert response.status == 504
        document = await problem(response)
    assert document["type"] == "/problems/purged"
    assert "safe" in document["detail"]


async def test_no_verdict_in_time_is_504_that_says_repeating_is_safe(api: Api, gateway: FakeGateway) -> None:
    gateway.verdict = OutcomeUnknown(ID_BYTES, 2.5)
    async with api.client.post("/payments", json=PAYMENT) as response:
        assert response.status == 504
        document = await problem(response)
    assert document["type"] == "/problems/outcome-unknown"
    assert document["correlationId"] == ID
    assert "2.5 s" in document["detail"]
    assert "same correlationId and amount is safe" in document["detail"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accept": "durable"}, "is safe: it is settled at most once."),
        ({"accept": "received", "repeat_s": 120.0}, "is safe within 120 s: it is settled at most once, even if"),
        ({"accept": "received", "repeat_s": 0.0}, "is safe unless the worker has been restarted meanwhile"),
    ],
)
async def test_how_far_repeating_is_safe_depends_on_the_level(
    start_api: StartApi, gateway: FakeGateway, options: dict[str, Any], words: str
) -> None:
    api = await start_api(**options)
    gateway.verdict = OutcomeUnknown(ID_BYTES, 2.5)
    async with api.client.post("/payments", json=PAYMENT) as response:
        assert words in (await problem(response))["detail"]


@pytest.mark.parametrize("accept", ["received", "queued"])
@pytest.mark.parametrize("reason", NoCreditReason)
async def test_no_credit_is_503_with_its_reason_and_retry_after(
    start_api: StartApi, gateway: FakeGateway, accept: str, reason: NoCreditReason
) -> None:
    api = await start_api(accept=accept)
    gateway.verdict = gateway.posting = NoCredit(reason)
    async with api.client.post("/payments", json=PAYMENT) as response:
        assert response.status == 503
        assert response.headers["Retry-After"] == "1"
        document = await problem(response)
    assert (document["type"], document["reason"]) == ("/problems/not-accepted", reason.value)


async def test_everything_wrong_with_a_payment_is_in_one_problem(api: Api, gateway: FakeGateway) -> None:
    async with api.client.post("/payments", data=b'{"correlationId": 7, "amount": 19.999}') as response:
        assert response.status == 400
        document = await problem(response)
    assert document["type"] == "/problems/invalid-payment"
    assert document["errors"] == [
        {"field": "correlationId", "value": 7, "reason": "must be a string, not a number"},
        {"field": "amount", "value": 19.999, "reason": "must have at most two decimals"},
    ]
    assert gateway.submitted == []


async def test_a_missing_body_is_400(api: Api) -> None:
    async with api.client.post("/payments") as response:
        assert response.status == 400
        assert (await problem(response))["errors"][0]["field"] == "body"


async def test_a_compressed_body_is_415(api: Api) -> None:
    headers = {"Content-Encoding": "gzip"}
    async with api.client.post("/payments", data=gzip.compress(orjson.dumps(PAYMENT)), headers=headers) as response:
        assert response.status == 415
        assert "gzip" in (await problem(response))["detail"]


async def test_a_body_of_4_kib_is_read(api: Api) -> None:
    content = orjson.dumps(PAYMENT).ljust(4096)
    async with api.client.post("/payments", data=content) as response:
        assert response.status == 202


async def test_a_sampled_payment_is_traced_with_its_answer(start_api: StartApi, gateway: FakeGateway) -> None:
    events: list[dict[str, object]] = []
    api = await start_api(tracer=Tracer(1.0, events.append))
    before_us = time.time_ns() // 1000
    gateway.verdict = Verdict.CONFLICT
    async with api.client.post("/payments", json=PAYMENT):
        pass
    (payment,) = gateway.submitted
    assert before_us <= payment.traced_at_us <= time.time_ns() // 1000
    assert events == [
        {"payment": ID_BYTES.hex(), "hop": "api.received", "amount_cents": 1990},
        {"payment": ID_BYTES.hex(), "hop": "api.answered", "status": 409},
    ]


NEARLY_PAYMENTS = st.fixed_dictionaries(
    {},
    optional={
        "correlationId": st.text() | st.integers() | st.none() | st.just(ID),
        "amount": st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text() | st.none(),
    },
).map(lambda value: orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS) if _fits(value) else b"{}")


def _fits(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@given(content=st.binary(max_size=5000) | NEARLY_PAYMENTS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_body_is_answered_with_a_500(api: Api, content: bytes) -> None:
    async with api.client.post("/payments", data=content) as response:
        assert response.status in (202, 400, 413)
        if response.status != 202:
            await problem(response)
