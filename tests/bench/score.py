"""The contest's score of one run."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from tests.bench.rounds import Score

if TYPE_CHECKING:
    from collections.abc import Mapping

AMOUNT_CENTS = 1990
FEES_BPS = {"default": 500, "fallback": 1500}
BONUS_BELOW_MS = 11.0
BONUS_PER_MS = 0.02
FINE = 0.35
HUNDREDTH = Decimal("0.01")


def score(settled: Mapping[str, int], p99_ms: float, inconsistencies: int) -> Score:
    """Rate a run as the contest does: what is left of the payments, more for speed and less for wrong books.

    The p99 counts to a hundredth of a millisecond, the bonus to whole percents.

    Args:
        settled: number of payments by processor, each of 19.90, that our books held when the load ended.
        p99_ms: of all requests that were answered well.
        inconsistencies: that the auditor counted.
    """
    amounts = {name: count * AMOUNT_CENTS / 100 for name, count in settled.items()}
    fees = sum(amount * FEES_BPS[name] / 10_000 for name, amount in amounts.items())
    net = sum(amounts.values()) - fees
    bonus_share = max(0.0, rounded((BONUS_BELOW_MS - rounded(p99_ms)) * BONUS_PER_MS))
    fine_share = FINE if inconsistencies else 0.0
    return Score(
        amount=sum(amounts.values()),
        fees=fees,
        net=net,
        bonus_share=bonus_share,
        fine_share=fine_share,
        total=net * (1 + bonus_share - fine_share),
    )


def rounded(value: float) -> float:
    """To two places, a half away from zero, of the value as it is written: as the contest's decimal library rounds."""
    return float(Decimal(repr(value)).quantize(HUNDREDTH, ROUND_HALF_UP))
