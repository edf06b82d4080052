"""Which payments are traced, and what a trace line holds."""

from __future__ import annotations

import uuid

import pytest

from actors.runtime.tracing import Tracer

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
