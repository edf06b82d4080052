from __future__ import annotations

from random import Random

import msgspec
import pytest

from rinha.simulator.faults import Fault, Faults


def test_a_fault_strikes_so_many_times_and_is_gone() -> None:
    faults = Faults(Random(1))
    faults.arm([Fault("reset", times=2)])
    assert [getattr(faults.draw("payments"), "kind", None) for _ in range(3)] == ["reset", "reset", None]


def test_endpoints_have_faults_of_their_own() -> None:
    faults = Faults(Random(1))
    faults.arm([Fault("hang", endpoint="health")])
    faults.arm([Fault("reset")])
    assert faults.draw("lookup") is None
    assert getattr(faults.draw("health"), "kind", None) == "hang"
    faults.arm([Fault(None)])
    assert faults.draw("payments") is None
    assert faults.draw("health") is not None
    faults.clear()
    assert faults.draw("health") is None


def test_the_same_seed_draws_the_same_faults_in_about_the_given_share() -> None:
    def drawn(seed: int) -> list[str | None]:
        faults = Faults(Random(seed))
        faults.arm([Fault("reset", probability=0.1), Fault("commit-then-drop", probability=0.2)])
        return [getattr(faults.draw("payments"), "kind", None) for _ in range(1000)]

    assert drawn(7) == drawn(7) != drawn(8)
    assert 60 < drawn(7).count("reset") < 140
    assert 130 < drawn(7).count("commit-then-drop") < 230


@pytest.mark.parametrize(
    "fields",
    [
        {"probability": 1.1},
        {"probability": -0.1},
        {"times": 0},
        {"delay_ms": -1},
        {"status": 99},
        {"endpoint": "health"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "commit-late", **fields}, Fault)
