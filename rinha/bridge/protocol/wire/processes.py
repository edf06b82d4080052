"""What each process of the system knows of itself, and what is made of it for people. Plain values, which msgspec reads
and writes as they stand; instants are milliseconds since the Unix epoch unless they say otherwise, 0 for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

HopRecord = tuple[int, int, bytes, str, int, str, Mapping[str, Any] | None]
"""One hop of a payment: start in ns since the Unix epoch, how long it took in ns, the payment's 16 bytes, the hop's
name, the attempt's number (0 without one), the actor's name (or nothing), and the hop's own fields.
"""


class Traces(Protocol):
    """The hops that a process remembers. Calls return at once."""

    def hops(self, ids: Collection[bytes]) -> list[HopRecord]:
        """All hops of these payments, in any order."""
        ...

    def slowest(self, n: int) -> list[tuple[int, bytes]]:
        """The slowest payments, at most ``n``: how long each took in ns, and its id; the slowest first."""
        ...

    def failed(self, n: int) -> list[tuple[int, bytes]]:
        """Payments with trouble (refused, unknown, parked), at most ``n``: when, in ns, and its id; the last first."""
        ...


class NoTraces:
    """The ``Traces`` of a process that remembers none."""

    def hops(self, ids: Collection[bytes]) -> list[HopRecord]:
        """None."""
        return []

    def slowest(self, n: int) -> list[tuple[int, bytes]]:
        """None."""
        return []

    def failed(self, n: int) -> list[tuple[int, bytes]]:
        """None."""
        return []


class ApiReport(NamedTuple):
    """One API process.

    Args:
        name: its name.
        run: 16 hexadecimal digits that no other start of it has.
        started_ms: since when it runs.
        accepted: payments that it answered with 202.
        refused: how many payments it answered with 503, by the reason's code.
        refusing: the code of the reason why it would refuse one now: a ``NoCreditReason``; empty if it would not.
        refusing_since_ms: since when.
        why: the same in words, with figures; empty if it refuses none.
        worker_away_since_ms: since when it has no session with the worker; 0 if it has one.
        outbox: payments that it holds, which the worker hasn't decided on.
        last_refused_ms: when it refused the last one.
        last_refused: why, as a code.
        worker_settled: what the worker has said last of its books: so many settled payments.
        worker_held: and so many that it holds.
    """

    name: str
    run: str
    started_ms: int
    accepted: int
    refused: dict[str, int]
    refusing: str = ""
    refusing_since_ms: int = 0
    why: str = ""
    worker_away_since_ms: int = 0
    outbox: int = 0
    last_refused_ms: int = 0
    last_refused: str = ""
    worker_settled: int = 0
    worker_held: int = 0


class Event(NamedTuple):
    """One log record.

    Args:
        number: when it was in microseconds since the Unix epoch, in any process one more at least than the one before.
        at_ms: when it was.
        level: ``info``, ``warning``, ``error`` or ``critical``.
        event: its name, such as ``bridge.session_lost``.
        role: the process's role.
        fields: what else it says; a traceback is ``exception``.
    """

    number: int
    at_ms: int
    level: str
    event: str
    role: str
    fields: dict[str, Any]


class ProcessEvents(NamedTuple):
    """Events of one process, the oldest first."""

    role: str
    run: str
    events: tuple[Event, ...]


class ProcessHops(NamedTuple):
    """Hops of one process; its kind is ``api`` or ``worker``."""

    role: str
    run: str
    kind: str
    hops: list[HopRecord]


class Feed(NamedTuple):
    """What a worker is fed with.

    Args:
        shard: which part of all payments it holds.
        shards: how many there are.
        journal_id: the 16 bytes of its journal.
        stream: the stream whose purges it has carried out, by when that was made; empty without one.
        purged_through: the sequence there of the last one.
    """

    shard: int
    shards: int
    journal_id: bytes
    stream: str = ""
    purged_through: int = 0


class ShardReport(NamedTuple):
    """One shard, of a system with NATS.

    Args:
        shard: its number.
        serving: whether its worker answers.
        why: why not, in words; else empty.
        settled: in its books; 0 if nobody answers.
        held: payments that its worker has and that aren't settled.
        waiting: messages in the stream that it hasn't acknowledged; -1 if NATS doesn't say.
        redelivered: how many of these were delivered more than once; -1 likewise.
    """

    shard: int
    serving: bool
    why: str = ""
    settled: int = 0
    held: int = 0
    waiting: int = -1
    redelivered: int = -1


class StreamReport(NamedTuple):
    """The stream and its shards.

    Args:
        shards: all of them.
        messages: in the stream; -1 if NATS doesn't say.
        bytes: likewise.
        aside: messages that no worker could take, which wait in it for a person.
    """

    shards: tuple[ShardReport, ...]
    messages: int = -1
    bytes: int = -1
    aside: int = 0


class AllReports(NamedTuple):
    """All APIs, and who of them gave no answer, and why."""

    apis: tuple[ApiReport, ...]
    missing: tuple[str, ...] = ()


class AllEvents(NamedTuple):
    """The events of all processes, and who of them gave no answer, and why."""

    processes: tuple[ProcessEvents, ...]
    missing: tuple[str, ...] = ()

    def with_processes(self, more: Iterable[ProcessEvents]) -> AllEvents:
        """Those of further processes, too, in the order of their names."""
        return self._replace(processes=(*self.processes, *sorted(more, key=lambda each: each.role)))


class AllHops(NamedTuple):
    """The hops of all processes, and who of them gave no answer, and why."""

    processes: tuple[ProcessHops, ...]
    missing: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[bytes, ...]:
        """Of which payments they are."""
        return tuple(dict.fromkeys(hop[2] for each in self.processes for hop in each.hops))

    def with_processes(self, more: Iterable[ProcessHops]) -> AllHops:
        """Those of further processes, too, in the order of their names."""
        return self._replace(processes=(*self.processes, *sorted(more, key=lambda each: each.role)))
