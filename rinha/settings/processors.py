"""The payment processors: any number of them, of which the environment describes the contest's pair."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import msgspec

from rinha.net.http_url import HttpUrl, parse_http_url
from rinha.settings.variable import ReadBy, Variable


class ProcessorSettings(msgspec.Struct, frozen=True):
    """One payment processor.

    Args:
        name: its name, as in the summary.
        url: its base URL.
        fee_bps: its fee in basis points: 500 is 5 %.
    """

    name: str
    url: Annotated[HttpUrl, ReadBy(parse_http_url)]
    fee_bps: Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class ProcessorVariables(NamedTuple):
    """The variables that describe one processor.

    Args:
        name: the processor's name.
        url: where its URL stands.
        fee_bps: where its fee stands.
    """

    name: str
    url: Variable
    fee_bps: Variable


PROCESSORS = (
    ProcessorVariables(
        "default",
        Variable(
            "PROCESSOR_DEFAULT_URL",
            "http://127.0.0.1:8001",
            "base URL of the default processor; `rinha up` simulates both processors if neither URL is set",
        ),
        Variable("RINHA_DEFAULT_FEE_BPS", "500", "fee of the default processor in basis points"),
    ),
    ProcessorVariables(
        "fallback",
        Variable("PROCESSOR_FALLBACK_URL", "http://127.0.0.1:8002", "base URL of the fallback processor"),
        Variable("RINHA_FALLBACK_FEE_BPS", "1500", "fee of the fallback processor in basis points"),
    ),
)
