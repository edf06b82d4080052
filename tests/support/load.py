"""Virtual users under test: what each was told, by which API, and how soon.

Load that is measured comes from elsewhere: in containers from k6, at the lowest cost from ``tests.bench.cpu.client``.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tests.support.client import post
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    import aiohttp

    from tests.support.client import Answers

PAUSE_AFTER_REFUSAL_S = 0.05
"""A client that is sent away comes back, but not at once."""


class Told(NamedTuple):
    """One answer.

    Args:
        api: number of the API that was asked.
        payment_id: what was posted.
        status: the answer; 0 without one.
        sent_s: when it was posted, on the monotonic clock.
        latency_s: how long the answer took.
    """

    api: int
    payment_id: uuid.UUID
    status: int
    sent_s: float
    latency_s: float


class Load:
    """Virtual users that post one payment after the other, each always at the same API.

    Args:
        session: their HTTP client.
        urls: the APIs.
        answers: takes note of every answer.
    """

    def __init__(self, session: aiohttp.ClientSession, urls: Sequence[str], answers: Answers) -> None:
        self.told: list[Told] = []
        self._session = session
        self._urls = urls
        self._answers = answers
        self._stopping = asyncio.Event()

    async def post(self, api: int, payment_id: uuid.UUID | None = None, amount: float = 19.9) -> int:
        """Post a payment, a new one unless told; returns the status, 0 without an answer."""
        payment_id = payment_id or uuid.uuid4()
        sent_s = time.monotonic()
        status = await post(self._session, self._urls[api], self._answers, payment_id, amount)
        self.told.append(Told(api, payment_id, status, sent_s, time.monotonic() - sent_s))
        return status

    async def burst(self, payments: int, *, at_once: int = 100) -> Counter[int]:
        """Post so many new payments over all APIs, so many at a time; returns how often each status was answered."""
        places = asyncio.Semaphore(at_once)

        async def one(number: int) -> int:
            async with places:
                return await self.post(number % len(self._urls))

        return Counter(await asyncio.gather(*(one(number) for number in range(payments))))

    async def repeat_unanswered(self, api: int) -> int:
        """Post every id again that never got a definite answer; returns how many there were."""
        again = [
            uuid.UUID(bytes=each)
            for each, statuses in self._answers.statuses.items()
            if not {202, 409} & set(statuses) and {0, 502, 504} & set(statuses)
        ]
        await asyncio.gather(*(self.post(api, each) for each in again))
        return len(again)

    @contextlib.asynccontextmanager
    async def running(self, *, users: int, pause_s: float, within_s: float = 0.0) -> AsyncIterator[Load]:
        """Let users post for the length of the context; then each gets its last answer.

        Args:
            users: how many per API.
            pause_s: seconds from an answer to the user's next payment, give or take a fifth.
            within_s: seconds in which they come, evenly, one after the other.
        """
        self._stopping.clear()
        tasks = [
            asyncio.create_task(self._user(api, within_s * number / users, pause_s))
            for api in range(len(self._urls))
            for number in range(users)
        ]
        try:
            yield self
        finally:
            self._stopping.set()
            await asyncio.gather(*tasks)

    async def ramp(self, *, users: int, pause_s: float, duration_s: float) -> None:
        """Let users come one after the other until the last of so many seconds; see ``running``."""
        async with self.running(users=users, pause_s=pause_s, within_s=duration_s):
            await asyncio.sleep(duration_s)

    async def until(self, condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        """Wait until a condition holds that the load brings about.

        Raises:
            TimeoutError: it doesn't in time.
        """
        async with asyncio.timeout(timeout_s):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.01)

    async def until_answered(self, more: int, *, api: int | None = None, status: int = 202) -> None:
        """Wait until the status was answered so many times more."""

        def count() -> int:
            return sum(each.status == status and api in (None, each.api) for each in self.told)

        goal = count() + more
        await self.until(lambda: count() >= goal)

    def counts(self, api: int | None = None) -> dict[int, int]:
        """How often each status was answered, by one API or all."""
        return dict(sorted(Counter(each.status for each in self.told if api in (None, each.api)).items()))

    async def _user(self, api: int, delay_s: float, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), delay_s)
        while not self._stopping.is_set():
            status = await self.post(api)
            least_s = pause_s * random.uniform(0.8, 1.2)
            await asyncio.sleep(least_s if status == 202 else max(least_s, PAUSE_AFTER_REFUSAL_S))


def percentile_ms(told: Sequence[Told], share: float) -> float:
    """A percentile of the answers' latencies in milliseconds; 0 without any."""
    ordered = sorted(each.latency_s for each in told)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1) if ordered else 0.0
