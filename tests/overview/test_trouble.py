"""What is said of payments that were slow, or failed, from their hops at the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rinha.overview.trouble import failed, slow
from rinha.trace.recording.kept import KeptPayment
from tests.support.samples import PAYMENT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

MS = 1_000_000
START = 1_764_144_000_000 * MS


def kept(*hops: tuple[str, int, int, Mapping[str, object] | None]) -> KeptPayment:
    records = tuple(
        (START + start * MS, took * MS, PAYMENT_ID, hop, 1, "", fields) for hop, start, took, fields in hops
    )
    return KeptPayment(START, 120 * MS, True, records)


@pytest.mark.parametrize(
    ("attempt", "longest", "longest_ms"),
    [((100, 5), "backlog", 100.0), ((100, 110), "processor", 110.0), ((300, 5), "mailbox", 200.0)],
)
def test_what_took_longest_is_named(attempt: tuple[int, int], longest: str, longest_ms: float) -> None:
    start, took = attempt
    found = slow(
        kept(("intake.taken", 0, 0, None), ("backlog.wait", 0, 100, None), ("payment.attempt", start, took, None))
    )
    assert found == (PAYMENT_ID, 120.0, longest, longest_ms)


def test_the_last_trouble_is_told_in_words() -> None:
    refused = {"processor": "default", "outcome": "refused", "reason": "HTTP 500, empty body"}
    settled = {"processor": "fallback", "outcome": "settled", "reason": None}
    hops = (("payment.attempt", 1, 2, refused), ("payment.attempt", 9, 2, settled), ("ledger.recorded", 11, 0, None))
    found = failed(kept(("intake.taken", 0, 0, None), *hops))
    assert found == (PAYMENT_ID, 1_764_144_000_003, "default: refused, HTTP 500, empty body")


def test_a_parked_one_says_why() -> None:
    found = failed(kept(("payment.attempt", 1, 2, {"outcome": "refused"}), ("parked", 9, 0, {"reason": "HTTP 400"})))
    assert (found.at_ms, found.why) == (1_764_144_000_009, "parked: HTTP 400")
