"""One payment, posted by many at once."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

TIMES = 500


async def test_an_id_posted_500_times_at_once_is_settled_once(run_lab: RunLab) -> None:
    async with run_lab() as lab:
        payment_id = uuid.uuid4()
        statuses = await asyncio.gather(*(lab.load.post(number % 2, payment_id) for number in range(TIMES)))
        counts = await lab.settle()

        report = await lab.check(
            "same id 500 times at once", settled=counts["settled"], duplicates=counts["duplicates"]
        )
        assert Counter(statuses) == {202: TIMES}
        assert sum(report["rows"].values()) == counts["accepted"] == 1
        assert counts["duplicates"] == TIMES - 1
