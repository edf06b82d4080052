"""One hop of a payment as viewers get it: a trace line, or an element of what an API answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping  # noqa: TC003  # msgspec
from typing import Annotated, Any, NamedTuple

import msgspec

MARK = b'"trace"'
"""Stands in every trace line, and hardly in another."""
GAP_MARK = b'"trace.'
"""Stands in lines that say how many hops or payments are missing."""

Id = Annotated[str, msgspec.Meta(min_length=36, max_length=36)]
Instant = Annotated[int, msgspec.Meta(ge=0)]


class HopLine(msgspec.Struct, frozen=True, rename={"correlation_id": "correlationId"}):
    """A hop, and which process recorded it.

    Args:
        role: the process's name.
        run: its start's, so that one started again is another.
        correlation_id: the payment's id, in its 36-character form.
        hop: a name of ``actors.tracing.HOPS``.
        start_ns: wall clock, nanoseconds since the Unix epoch.
        took_ns: how long it took.
        attempt: which of the payment's attempts, from 1 on; 0 where there is none.
        actor: the actor's name; empty outside of actors.
        fields: what is worth knowing there, JSON values.
    """

    role: str
    run: str
    correlation_id: Id
    hop: str
    start_ns: Instant
    took_ns: Instant = 0
    attempt: int = 0
    actor: str = ""
    fields: dict[str, Any] | None = None

    @property
    def payment_id(self) -> bytes:
        """The payment's 16 bytes."""
        return bytes.fromhex(self.correlation_id.replace("-", ""))


class Hops(NamedTuple):
    """The hops of one payment, in any order; equal ones may be there twice."""

    payment_id: bytes
    lines: list[HopLine]


class _Key(msgspec.Struct, rename={"correlation_id": "correlationId"}):
    correlation_id: Id
    start_ns: Instant


class Gap(msgspec.Struct, frozen=True):
    """A line that says what isn't among the lines, and of which process."""

    event: str
    role: str = ""
    hops: int = 0
    payments: int = 0

    def __str__(self) -> str:
        if self.event == "trace.dropped":
            return f"{self.hops} hops of {self.role} were dropped: its lines weren't read in time"
        return f"{self.payments} payments of {self.role} were left out: more went wrong at a time than are written"


_decode = msgspec.json.Decoder(HopLine).decode
_decode_key = msgspec.json.Decoder(_Key).decode
_decode_gap = msgspec.json.Decoder(Gap).decode


def parse_line(line: bytes) -> HopLine | None:
    """Read a trace line.

    Args:
        line: as a process writes it; ``docker compose logs`` may have put a name before it.

    Returns:
        The hop; None for any other line, and for one that is torn.
    """
    if MARK not in line:
        return None
    try:
        return _decode(line[line.index(b"{") :])
    except ValueError:
        return None


def parse_key(line: bytes) -> tuple[bytes, int] | None:
    """Read no more of a trace line than the payment's 16 bytes and the hop's start; None as with ``parse_line``."""
    try:
        found = _decode_key(line[line.index(b"{") :])
    except ValueError:
        return None
    return bytes.fromhex(found.correlation_id.replace("-", "")), found.start_ns


def parse_gap(line: bytes) -> Gap | None:
    """Read a line that says how much is missing; None for any other."""
    if GAP_MARK not in line:
        return None
    try:
        found = _decode_gap(line[line.index(b"{") :])
    except ValueError:
        return None
    return found if found.event in {"trace.dropped", "trace.left_out"} else None


def hops_of_answer(answer: Mapping[str, Any]) -> Iterator[HopLine]:
    """The hops in what an API answers to ``GET /traces…``.

    Raises:
        msgspec.ValidationError: it isn't such an answer.
    """
    for process in answer["processes"]:
        about = {"role": process["role"], "run": process["run"]}
        for each in process["hops"]:
            given = {name: value for name, value in each.items() if value is not None}
            yield msgspec.convert({**about, **given}, HopLine)


def by_payment(lines: Iterable[HopLine]) -> list[Hops]:
    """Sort hops by their payments, in the order in which these appear."""
    found: dict[str, list[HopLine]] = {}
    for line in lines:
        found.setdefault(line.correlation_id, []).append(line)
    return [Hops(lines[0].payment_id, lines) for lines in found.values()]
