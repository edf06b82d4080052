"""What people are told of their own word on a payment: by the API and by the commands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from actors.reports import CloseResult

if TYPE_CHECKING:
    from actors.reports import CloseAnswer

BY_MAX_CHARS, REASON_MAX_CHARS = 100, 400
"""Enough for a name, and for a sentence or two; a request on the bridge has 4 KiB."""

_EXPLANATIONS = {
    CloseResult.NO_PAYMENT: "The worker knows no payment of this id.",
    CloseResult.NO_PROCESSOR: "There is no processor of this name.",
    CloseResult.UNDER_WAY: "An attempt is under way.",
    CloseResult.TOO_SOON: "The processor may still commit the last attempt.",
    CloseResult.WAITS: "The payment is at no processor and waits: it will be sent.",
    CloseResult.SETTLED: "The payment is settled, and that is final.",
    CloseResult.WRITTEN_OFF: "The payment is written off, and that is final.",
}


def explain(answer: CloseAnswer) -> str:
    """Why a payment wasn't closed, and what to do, in a sentence or two."""
    text = _EXPLANATIONS[answer.result]
    if not answer.wait_s:
        return text
    return f"{text} It is left alone for a minute from now on: say it again in {math.ceil(answer.wait_s)} s."
