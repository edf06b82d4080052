"""Which payments are traced, and what a trace line holds."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import gevent
import pytest

from actors.messages.settling import Attempt, AttemptEnded, PaymentRecorded
from actors.tracing import MessageTracing, Tracer
from actors.values import Absent, Payment, Refused, Settled, Step, Unknown

if TYPE_CHECKING:
    from actors.runtime.instruments import Instrument
    from actors.runtime.reference import Reference
    from actors.values import Outcome
    from tests.actors.fakes import World

ID = bytes(range(16))
ATTEMPT = Attempt(Payment(ID, 1990, traced_at_us=1), "default", 7, 0, Step.LOOK_UP)
IDS = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)).bytes for number in range(4000)]


def test_nothing_is_sampled_by_default() -> None:
    assert not any(map(Tracer().samples, [*IDS, bytes(16)]))


def test_everything_is_sampled_at_a_share_of_one() -> None:
    assert all(map(Tracer(1.0).samples, [*IDS, bytes(16), b"\xff" * 16]))


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_about_its_share_is_sampled(share: float) -> None:
    sampled = sum(map(Tracer(share).samples, IDS))
    assert sampled == pytest.approx(share * len(IDS), rel=0.3)


def test_every_process_decides_alike() -> None:
    here, there = Tracer(0.3), Tracer(0.3)
    assert list(map(here.samples, IDS)) == list(map(there.samples, IDS))


def test_a_larger_share_holds_all_of_a_smaller_one() -> None:
    assert all(Tracer(0.2).samples(each) for each in IDS if Tracer(0.1).samples(each))


def test_a_hop_is_recorded_with_its_fields() -> None:
    events: list[dict[str, object]] = []
    Tracer(1.0, events.append).record(bytes(range(16)), "intake.taken", verdict="TAKEN")
    assert events == [{"payment": "000102030405060708090a0b0c0d0e0f", "hop": "intake.taken", "verdict": "TAKEN"}]


def test_without_a_sink_events_are_dropped() -> None:
    Tracer(1.0).record(bytes(16), "intake.taken")


class TestMessages:
    """What an instrument sees: an attempt when it is handed to a payment actor, and its outcome when it comes back."""

    @pytest.fixture
    def events(self) -> list[dict[str, object]]:
        return []

    @pytest.fixture
    def instruments(self, events: list[dict[str, object]]) -> list[Instrument]:
        return [MessageTracing(Tracer(1.0, events.append), now_ns=lambda: 5_000_000_000)]

    @pytest.fixture
    def listener(self, world: World) -> Reference:
        return world.probe("listener").reference

    def test_an_attempt_is_recorded_as_of_when_it_was_sent(
        self, world: World, listener: Reference, events: list[dict[str, object]]
    ) -> None:
        listener.tell(ATTEMPT)
        world.clock.now_s += 0.25
        gevent.idle()
        assert events == [
            {
                "payment": ID.hex(),
                "hop": "intake.dispatched",
                "processor": "default",
                "step": "look-up",
                "at_us": 4_750_000,
            }
        ]

    @pytest.mark.parametrize(
        ("outcome", "name", "reason"),
        [
            (Settled(1990, 7), "settled", None),
            (Refused("HTTP 500, empty body"), "refused", "HTTP 500, empty body"),
            (Unknown("no answer"), "unknown", "no answer"),
            (Absent("HTTP 404"), "absent", "HTTP 404"),
        ],
    )
    def test_so_is_its_outcome(
        self,
        listener: Reference,
        events: list[dict[str, object]],
        outcome: Outcome | Absent,
        name: str,
        reason: str | None,
    ) -> None:
        listener.tell(AttemptEnded(listener, ATTEMPT, outcome))
        gevent.idle()
        assert events == [
            {
                "payment": ID.hex(),
                "hop": "payment.attempted",
                "processor": "default",
                "step": "look-up",
                "outcome": name,
                "reason": reason,
                "at_us": 5_000_000,
            }
        ]

    def test_nothing_else_is(self, listener: Reference, events: list[dict[str, object]]) -> None:
        unsampled = ATTEMPT._replace(payment=Payment(ID, 1990))
        for message in (unsampled, AttemptEnded(listener, unsampled, Settled(1990, 7)), PaymentRecorded(ID, 0)):
            listener.tell(message)
        gevent.idle()
        assert events == []
