"""HAProxy with its real configuration, in front of APIs that fail as told."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.compose.balancer import NOTICED_S, in_use, internal, noticed
from tests.support.containers import PORT, PROCESSOR_PORTS, URL, Stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.compose.conftest import RunStack

APIS = ("payment-api-1", "payment-api-2")
MAXCONN = 512
"""Requests at a time that HAProxy hands to one API."""


@pytest.fixture(scope="module")
def stack(run_stack: RunStack) -> Iterator[Stack]:
    with run_stack(Stack(["compose.yaml", "tests/compose/scripted.yaml"]), PORT, *PROCESSOR_PORTS.values()) as stack:
        yield stack


@pytest.fixture(autouse=True)
async def both_apis_in_use(stack: Stack, session: aiohttp.ClientSession) -> AsyncIterator[None]:
    yield
    # A test may leave an API out of use for a moment: the next one begins with both. They must stay in use for a while,
    # because HAProxy notices one that is away only after two health checks.
    async with asyncio.timeout(30):
        since_s = time.monotonic()
        while time.monotonic() - since_s < NOTICED_S:
            if not await asyncio.to_thread(in_use, stack, len(APIS)):
                since_s = time.monotonic()
            await asyncio.sleep(0.1)


class Answer:
    """What came of a request; status 0 is none."""

    def __init__(self, status: int, headers: Any = None, document: Any = None, took_s: float = 0.0) -> None:
        self.status, self.headers, self.document, self.took_s = status, headers or {}, document, took_s


async def post(session: aiohttp.ClientSession, request_id: str, script: str = "", data: Any = b"{}") -> Answer:
    began_s = time.monotonic()
    headers = {"X-Id": request_id, "X-Script": script}
    try:
        async with session.post(f"{URL}/payments", data=data, headers=headers) as response:
            problem = response.content_type == "application/problem+json"
            document = await response.json(content_type=None) if problem else None
            return Answer(response.status, response.headers, document, time.monotonic() - began_s)
    except (OSError, aiohttp.ClientError):
        return Answer(0)


def seen(stack: Stack, prefix: str) -> Counter[str]:
    """How often each request was read by any API."""
    lines = [line for api in APIS for line in stack.logs(api)]
    return Counter(line["id"] for line in lines if line["id"].startswith(prefix))


async def test_a_post_that_was_read_is_never_sent_again(stack: Stack, session: aiohttp.ClientSession) -> None:
    """Neither over a fresh connection nor over one that served before."""
    answers = [await post(session, f"read-{number}", "hang-up" if number % 2 else "") for number in range(20)]
    async with aiohttp.ClientSession() as fresh:
        answers.append(await post(fresh, "read-fresh", "hang-up"))

    assert {answer.status for answer in answers[0:20:2]} == {202}
    # Over a connection that served before, HAProxy may hang up as the API did: the client knows as little either way.
    assert {answer.status for answer in answers[1:20:2]} <= {0, 502}
    assert answers[-1].status == 502
    assert answers[-1].document["type"] == "/problems/outcome-unknown"
    assert seen(stack, "read-") == Counter([*(f"read-{number}" for number in range(20)), "read-fresh"])


@pytest.mark.parametrize("gone", ["stop-listening", "vanish"])
async def test_a_post_that_reached_nobody_is_sent_to_the_other_api(
    stack: Stack, session: aiohttp.ClientSession, gone: str
) -> None:
    """Whether the API was killed and has left its socket behind, or has ended and removed it."""
    assert (await post(session, f"{gone}-0", f"{gone} 3")).status == 202
    answers = await asyncio.gather(*(post(session, f"{gone}-{number}") for number in range(1, 41)))

    assert Counter(answer.status for answer in answers) == {202: 40}
    assert set(seen(stack, f"{gone}-").values()) == {1}


async def test_an_api_that_is_not_ready_gets_nothing(stack: Stack, session: aiohttp.ClientSession) -> None:
    assert (await post(session, "unready-0", "unready 10")).status == 202
    await noticed(stack, apis=1)
    for number in range(1, 21):
        assert (await post(session, f"unready-{number}")).status == 202

    served = [sum(line["id"].startswith("unready-") for line in stack.logs(api)) for api in APIS]
    assert sorted(served) == [1, 20]


async def test_with_no_api_it_says_that_nothing_was_accepted(stack: Stack, session: aiohttp.ClientSession) -> None:
    for number in range(2):
        assert (await post(session, f"none-{number}", "unready 10")).status == 202
    await noticed(stack, apis=0)
    answer = await post(session, "none-2")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.document["type"] == "/problems/not-accepted"
    assert "none-2" not in seen(stack, "none-")


async def test_what_cannot_be_taken_up_is_shed_soon(stack: Stack, session: aiohttp.ClientSession) -> None:
    requests = 2 * MAXCONN + 300
    answers = await asyncio.gather(*(post(session, f"many-{n}", "answer-after 6") for n in range(requests)))

    statuses = Counter(answer.status for answer in answers)
    shed = [answer for answer in answers if answer.status == 503]
    print(statuses, f"shed within {max(answer.took_s for answer in shed):.2f} s")
    assert statuses == {202: 2 * MAXCONN, 503: requests - 2 * MAXCONN}
    assert {(answer.headers["Retry-After"], answer.document["type"]) for answer in shed} == {
        ("1", "/problems/not-accepted")
    }
    taken = [answer for answer in answers if answer.status == 202]
    assert max(answer.took_s for answer in shed) < min(answer.took_s for answer in taken)
    assert len(seen(stack, "many-")) == 2 * MAXCONN
    assert max(line["active"] for api in APIS for line in stack.logs(api)) <= MAXCONN


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_goes_no_further(stack: Stack, session: aiohttp.ClientSession, chunked: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield bytes(1024)

    request_id = f"large-{chunked}"
    answer = await post(session, request_id, data=chunks() if chunked else bytes(32 * 1024))

    assert answer.status == 413
    assert answer.document["type"] == "/problems/body-too-large"
    assert request_id not in seen(stack, "large-")


def test_statistics_are_for_the_inside(stack: Stack) -> None:
    assert "Statistics Report" in internal(stack, "/")
    assert "haproxy_backend_http_responses_total" in internal(stack, "/metrics")
