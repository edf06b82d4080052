"""Every case of both routing policies, as tables: default is 5 %, fallback 15 %, third 10 %."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.intake.dispatch.choice import NOBODY
from actors.intake.dispatch.routing import Cheapest, Fastest, Policy
from actors.values import ProcessorHealth

FEES = {"default": 500, "fallback": 1500, "third": 1000}


def processors(**states: str) -> list[ProcessorHealth]:
    """Read ``"20"`` as healthy at 20 ms, ``"20 down"`` as unhealthy, ``"20 stale"`` as healthy and stale."""
    return [
        ProcessorHealth(name, FEES[name], "down" not in state, float(state.split()[0]), "stale" in state)
        for name, state in states.items()
    ]


@pytest.mark.parametrize(
    ("default", "fallback", "chosen"),
    [
        ("0", "0", "default"),  # equal: the cheaper
        ("10", "0", "default"),  # within the tolerance counts as equal
        ("10.1", "0", "fallback"),  # beyond it: the faster
        ("0", "50", "default"),
        ("5000", "20", "fallback"),
        ("5000", "4995", "default"),
        ("0 down", "5000", "fallback"),  # healthy beats fast
        ("5000", "0 down", "default"),
        ("0 down", "0 down", None),
        ("0 stale", "0", "default"),  # stale is known, if old
        ("100 stale", "0", "fallback"),
    ],
)
def test_fastest_of_two(default: str, fallback: str, chosen: str | None) -> None:
    policy = Fastest(tolerance_ms=10.0)
    assert policy.choose(processors(default=default, fallback=fallback), waited_s=0.0).processor == (chosen or "")
    assert policy.choose(processors(fallback=fallback, default=default), waited_s=99.0).processor == (chosen or "")


@pytest.mark.parametrize(
    ("default", "third", "fallback", "chosen"),
    [
        ("0", "0", "0", "default"),
        ("20", "0", "0", "third"),
        ("20", "20", "0", "fallback"),
        ("15", "8", "0", "third"),  # tolerance counts from the fastest, it doesn't add up
        ("0 down", "9", "0", "third"),
        ("0 down", "11", "0", "fallback"),
        ("0 down", "0 down", "900", "fallback"),
        ("0 down", "0 down", "0 down", None),
    ],
)
def test_fastest_of_three(default: str, third: str, fallback: str, chosen: str | None) -> None:
    states = processors(default=default, third=third, fallback=fallback)
    assert Fastest(tolerance_ms=10.0).choose(states, waited_s=0.0).processor == (chosen or "")


@pytest.mark.parametrize(
    ("default", "fallback", "waited_s", "chosen"),
    [
        ("0", "0", 0.0, "default"),
        ("5000", "0", 99.0, "default"),  # latency doesn't matter, patience neither while it is healthy
        ("0 down", "0", 0.0, None),
        ("0 down", "0", 4.9, None),
        ("0 down", "0", 5.0, "fallback"),
        ("0 down", "0 down", 99.0, None),
        ("0", "0 down", 99.0, "default"),
    ],
)
def test_cheapest_of_two(default: str, fallback: str, waited_s: float, chosen: str | None) -> None:
    assert Cheapest(patience_s=5.0).choose(processors(default=default, fallback=fallback), waited_s).processor == (
        chosen or ""
    )


@pytest.mark.parametrize(
    ("default", "third", "fallback", "waited_s", "chosen"),
    [
        ("0 down", "0", "0", 4.9, None),
        ("0 down", "900", "0", 5.0, "third"),  # out of patience: the next cheapest, not the fastest
        ("0 down", "0 down", "0", 5.0, "fallback"),
        ("0", "0", "0", 0.0, "default"),
    ],
)
def test_cheapest_of_three(default: str, third: str, fallback: str, waited_s: float, chosen: str | None) -> None:
    states = processors(default=default, third=third, fallback=fallback)
    assert Cheapest(patience_s=5.0).choose(states, waited_s).processor == (chosen or "")


@pytest.mark.parametrize(
    ("states", "benchmarks"),
    [
        # The chosen one is measured by what it gets anyway.
        ({"default": "0", "fallback": "0"}, []),
        # The cheaper one that isn't in use gets the whole share: it is worth to know when it is back.
        ({"default": "100", "fallback": "0"}, [("default", 3)]),
        ({"default": "100 stale", "fallback": "0"}, [("default", 3)]),
        # The dearer one costs its fee, so it gets one at a time, and only when its health endpoint is silent.
        ({"default": "0", "fallback": "0 stale"}, [("fallback", 1)]),
        ({"default": "0 stale", "fallback": "0 stale"}, [("fallback", 1)]),
        # Unhealthy ones are probed instead.
        ({"default": "0 down", "fallback": "0"}, []),
        ({"default": "0 down", "fallback": "0 down"}, []),
        ({"default": "0", "fallback": "0 down stale"}, []),
        ({"default": "100", "third": "0", "fallback": "0"}, [("default", 3)]),
        ({"default": "100", "third": "50", "fallback": "0"}, [("default", 3), ("third", 3)]),
        ({"default": "100", "third": "0", "fallback": "0 stale"}, [("default", 3), ("fallback", 1)]),
    ],
)
def test_benchmarks_of_fastest(states: dict[str, str], benchmarks: list[tuple[str, int]]) -> None:
    assert Fastest(tolerance_ms=10.0, benchmark_slots=3).benchmarks(processors(**states)) == benchmarks


def test_no_share_no_benchmarks() -> None:
    policy = Fastest(benchmark_slots=0)
    assert policy.benchmarks(processors(default="100", fallback="0")) == []
    assert policy.benchmarks(processors(default="0", fallback="0 stale")) == []


def test_cheapest_never_benchmarks() -> None:
    assert Cheapest().benchmarks(processors(default="100", fallback="0 stale")) == []


@pytest.mark.parametrize(
    ("policy", "name", "waited_s", "may"),
    [
        (Fastest(), "default", 0.0, True),
        (Fastest(), "fallback", 0.0, True),
        (Cheapest(5.0), "default", 0.0, True),
        (Cheapest(5.0), "fallback", 4.9, False),  # a probe that succeeds pays the dearer fee
        (Cheapest(5.0), "fallback", 5.0, True),
    ],
)
def test_probing(policy: Policy, name: str, waited_s: float, may: bool) -> None:
    assert policy.may_probe(processors(default="0 down", fallback="0 down"), name, waited_s) is may


@pytest.mark.parametrize(
    ("policy", "waited_s", "left_s"),
    [(Fastest(), 0.0, None), (Cheapest(5.0), 0.0, 5.0), (Cheapest(5.0), 4.5, 0.5), (Cheapest(5.0), 5.0, None)],
)
def test_patience_left(policy: Policy, waited_s: float, left_s: float | None) -> None:
    assert policy.patience_left_s(waited_s) == left_s


@pytest.mark.parametrize("policy", [Fastest(), Cheapest()])
def test_no_candidates_no_choice(policy: Policy) -> None:
    assert policy.choose([], 0.0) == NOBODY
    assert policy.benchmarks([]) == []


@given(
    st.lists(
        st.builds(
            ProcessorHealth,
            st.uuids().map(str),
            st.integers(0, 3000),
            st.booleans(),
            st.floats(0, 10_000),
            st.booleans(),
        ),
        unique_by=lambda each: each.name,
    ),
    st.sampled_from([Fastest(), Fastest(0.0), Cheapest(), Cheapest(0.0)]),
    st.floats(0, 100),
)
def test_a_choice_is_always_healthy_and_made_if_patience_is_over(
    states: list[ProcessorHealth], policy: Policy, waited_s: float
) -> None:
    healthy = {each.name for each in states if each.healthy}
    chosen = policy.choose(states, waited_s).processor
    assert not chosen or chosen in healthy
    assert chosen or not healthy or policy.patience_left_s(waited_s) is not None
    assert all(name in healthy and name != chosen for name, _share in policy.benchmarks(states) if chosen)
