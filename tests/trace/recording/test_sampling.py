"""Which payments' hops are written as lines."""

from __future__ import annotations

import uuid

import pytest

from rinha.trace.recording import sampling
from rinha.trace.recording.sampling import Sampling

IDS = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)).bytes for number in range(4000)]
EDGES = [bytes(16), b"\xff" * 16]


def test_nothing_is_sampled_at_a_share_of_zero() -> None:
    assert not any(map(Sampling(0.0).samples, [*IDS, *EDGES]))


def test_everything_is_sampled_at_a_share_of_one() -> None:
    assert all(map(Sampling(1.0).samples, [*IDS, *EDGES]))


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_about_its_share_is_sampled(share: float) -> None:
    assert sum(map(Sampling(share).samples, IDS)) == pytest.approx(share * len(IDS), rel=0.3)


def test_every_process_decides_alike() -> None:
    assert list(map(Sampling(0.3).samples, IDS)) == list(map(Sampling(0.3).samples, IDS))


def test_a_larger_share_holds_all_of_a_smaller_one() -> None:
    assert all(Sampling(0.2).samples(each) for each in IDS if Sampling(0.1).samples(each))


def test_others_are_traced_by_choice_and_the_oldest_choice_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "CHOSEN_MAX", 2)
    chosen = Sampling(0.0)
    for each in (*IDS[:2], IDS[0], IDS[2]):
        chosen.choose(each)
    assert [each in chosen for each in IDS[:4]] == [False, True, True, False]
