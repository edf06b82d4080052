"""Faults that the real processors may show and tests must be able to provoke.

A fault is drawn once per request, after the limiter and before delay, failure flag and insert. Those that don't commit
act at once. Those that commit go through delay and failure flag like any payment (so an armed failure flag wins) and
spoil what comes after; a payment that is there already gets its plain 422.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

Endpoint = Literal["payments", "lookup", "health"]
"""``POST /payments``, ``GET /payments/{id}``, ``GET /payments/service-health``."""

Kind = Literal[
    "commit-late",
    "commit-then-drop",
    "commit-then-500",
    "garbage",
    "nonsense",
    "huge",
    "hang",
    "reset",
    "throttle",
    "status",
]
"""What goes wrong:

- ``commit-late``: the insert comes ``delay_ms`` later than the configured delay.
- ``commit-then-drop``: committed, then the connection is closed without an answer.
- ``commit-then-500``: committed, then a 500 with a JSON body.
- ``garbage``: committed, then bytes that are not HTTP, and the connection is closed.
- ``nonsense``: committed, then ``status`` (200 unless told) with a body that is not JSON.
- ``huge``: committed, then ``status`` (200 unless told) with a body of 10 MB.
- ``hang``: never answered, not committed.
- ``reset``: the connection is reset (RST), not committed.
- ``throttle``: 429, not committed.
- ``status``: the given ``status`` (400 unless told) with a JSON body, not committed.

On the two GET endpoints there is nothing to commit and the kinds ``commit-*`` don't exist.
"""

COMMITTING: frozenset[str] = frozenset(
    {"commit-late", "commit-then-drop", "commit-then-500", "garbage", "nonsense", "huge"}
)


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One armed fault.

    Args:
        kind: what goes wrong; None stands for nothing, which clears.
        endpoint: where.
        probability: chance of each request to meet it, 0 to 1.
        times: how often it strikes before it disarms itself; None: until it is cleared.
        delay_ms: how much later ``commit-late`` commits.
        status: the status to answer, for the kinds that take one.
    """

    kind: Kind | None
    endpoint: Endpoint = "payments"
    probability: float = 1.0
    times: int | None = None
    delay_ms: int = 15_000
    status: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError("probability must be between 0 and 1")
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1, or null for no limit")
        if self.delay_ms < 0:
            raise ValueError("delay_ms must not be negative")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError("status must be between 200 and 599")
        if self.endpoint != "payments" and self.kind is not None and self.kind.startswith("commit-"):
            raise ValueError(f"{self.kind} is for the endpoint payments only")


class Faults:
    """The armed faults of one processor.

    Args:
        random: decides by probability; seeded, it repeats itself.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._armed: dict[Endpoint, list[Fault]] = {}

    def arm(self, faults: Sequence[Fault]) -> None:
        """Replace the faults of every endpoint that is named. A fault without a kind only clears its endpoint."""
        for fault in faults:
            self._armed.pop(fault.endpoint, None)
        for fault in faults:
            if fault.kind is not None:
                self._armed.setdefault(fault.endpoint, []).append(fault)

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def draw(self, endpoint: Endpoint) -> Fault | None:
        """Return the fault that this request meets, if any. Several are tried in the order they were given."""
        armed = self._armed.get(endpoint)
        if not armed:
            return None
        for fault in armed:
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    armed.remove(fault)
            return fault
        return None
