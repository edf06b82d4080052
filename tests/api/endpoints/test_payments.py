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

from actors.values import Payment, Verdict
from rinha.bridge.errors import NoCredit, NoCreditReason, OutcomeUnknown
from rinha.trace.ids import TRACEPARENT, span_id
from tests.support.recording import Notes

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


async def test_a_request_is_noted_with_its_answer(start_api: StartApi, gateway: FakeGateway) -> None:
    notes = Notes(now_ns=time.time_ns)
    api = await start_api(recorder=notes)
    gateway.verdict = Verdict.CONFLICT
    before_ns = time.time_ns()
    async with api.client.post("/payments", json=PAYMENT) as response:
        assert TRACEPARENT not in response.headers
    ((start_ns, took_ns, payment_id, hop, *_, fields),) = notes.records
    assert (payment_id, hop, fields) == (ID_BYTES, "api.request", {"status": 409})
    assert before_ns <= start_ns <= start_ns + took_ns <= time.time_ns()
    assert gateway.submitted[0].traced_at_us == 0


async def test_a_sampled_payment_takes_that_along(start_api: StartApi, gateway: FakeGateway) -> None:
    api = await start_api(recorder=Notes(share=1, now_ns=lambda: 5_000_000))
    async with api.client.post("/payments", json=PAYMENT):
        assert gateway.submitted[0].traced_at_us == 5_000


@pytest.mark.parametrize(("flags", "ours"), [("01", "01"), ("00", "00"), ("fe", "00"), ("ff", "01")])
@pytest.mark.parametrize("verdict", [Verdict.TAKEN, Verdict.CONFLICT])
async def test_a_callers_trace_is_kept_and_answered(
    start_api: StartApi, gateway: FakeGateway, flags: str, ours: str, verdict: Verdict
) -> None:
    """Its flag traces this payment; the answer names the span that stands for it."""
    notes, gateway.verdict = Notes(), verdict
    api = await start_api(recorder=notes)
    caller = f"00-{'4b' * 16}-{'a3' * 8}-{flags}"
    async with api.client.post("/payments", json=PAYMENT, headers={"traceparent": caller}) as response:
        root = span_id(ID_BYTES, "payment").hex()
        assert response.headers[TRACEPARENT] == f"00-{'4b' * 16}-{root}-{ours}"
        assert response.headers["X-Served-By"] == "api-1"
    (fields,) = (each[6] for each in notes.of("api.request"))
    assert fields is not None
    assert fields[TRACEPARENT] == caller
    assert notes.traced == ([ID_BYTES] if ours == "01" else [])
    assert bool(gateway.submitted[0].traced_at_us) == (ours == "01")
    async with api.client.post("/payments", json=PAYMENT) as response:
        assert TRACEPARENT not in response.headers


async def test_a_callers_trace_that_is_malformed_is_ignored(start_api: StartApi, gateway: FakeGateway) -> None:
    notes = Notes()
    api = await start_api(recorder=notes)
    async with api.client.post("/payments", json=PAYMENT, headers={"traceparent": "00-xyz-01"}) as response:
        assert (response.status, TRACEPARENT in response.headers) == (202, False)
    assert notes.records[0][6] == {"status": 202}


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
