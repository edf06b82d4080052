"""``RINHA_BALANCE=first``: one API takes all while they are few, and both what is more."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.compose.balancer import noticed
from tests.support.containers import PORT, PROCESSOR_PORTS, URL, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp

    from tests.compose.conftest import RunStack

APIS = ("payment-api-1", "payment-api-2")
FEW = 16
"""Requests at a time that one API takes by itself."""


@pytest.fixture(scope="module")
def stack(run_stack: RunStack) -> Iterator[Stack]:
    files = ["compose.yaml", "tests/compose/scripted.yaml"]
    with run_stack(Stack(files, environ={"RINHA_BALANCE": "first"}), PORT, *PROCESSOR_PORTS.values()) as stack:
        yield stack


async def post(session: aiohttp.ClientSession, request_id: str, script: str = "") -> int:
    headers = {"X-Id": request_id, "X-Script": script}
    async with session.post(f"{URL}/payments", data=b"{}", headers=headers) as response:
        return response.status


def served(stack: Stack, prefix: str) -> dict[str, int]:
    return {api: sum(line["id"].startswith(prefix) for line in stack.logs(api)) for api in APIS}


async def test_one_api_takes_all_while_they_are_few(stack: Stack, session: aiohttp.ClientSession) -> None:
    for _ in range(5):
        assert set(await asyncio.gather(*(post(session, "few") for _ in range(FEW // 2)))) == {202}

    assert sorted(served(stack, "few").values()) == [0, 5 * FEW // 2]


async def test_what_is_more_goes_to_both_and_nothing_waits(stack: Stack, session: aiohttp.ClientSession) -> None:
    """What waited for an API to answer would be shed after 0.25 s."""
    requests = 20 * FEW
    answers = Counter(await asyncio.gather(*(post(session, "many", "answer-after 1") for _ in range(requests))))

    assert answers == {202: requests}
    assert min(served(stack, "many").values()) > FEW


async def test_an_api_that_is_gone_leaves_all_to_the_other(stack: Stack, session: aiohttp.ClientSession) -> None:
    """Also more at once than ever go to one by itself, and before the health checks have noticed."""
    assert await post(session, "gone-0", "vanish 6") == 202
    answers = Counter(await asyncio.gather(*(post(session, f"gone-{number}") for number in range(1, 300))))

    assert answers == {202: 299}
    assert 1 in served(stack, "gone-").values()
    await noticed(stack, apis=1)
    await noticed(stack, apis=len(APIS))


def test_another_word_is_refused_at_the_start() -> None:
    stack = Stack(environ={"RINHA_BALANCE": "frist"})
    check = ("--entrypoint", "haproxy", "haproxy", "-c", "-f", "/usr/local/etc/haproxy/haproxy.cfg")
    with pytest.raises(AssertionError, match="RINHA_BALANCE is roundrobin or first"):
        stack.compose("run", "--rm", "--no-deps", *check)
