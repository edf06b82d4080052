"""A silent peer is asked twice, then cut; time in which nobody looked is no silence."""

from __future__ import annotations

from rinha.bridge.protocol.heartbeat import LOOKS_BEFORE_CUT, LOOKS_BEFORE_PING, Due, Heartbeat


def test_a_peer_that_says_nothing_is_asked_twice_and_then_cut() -> None:
    heartbeat = Heartbeat()
    looks = [heartbeat.look() for _ in range(LOOKS_BEFORE_CUT)]
    asked = [number for number, due in enumerate(looks, start=1) if due is Due.PING]
    assert asked == [LOOKS_BEFORE_PING, 2 * LOOKS_BEFORE_PING]
    assert looks.index(Due.CUT) == LOOKS_BEFORE_CUT - 1
    assert heartbeat.look() is Due.CUT


def test_whatever_comes_begins_the_count_anew() -> None:
    heartbeat = Heartbeat()
    for _ in range(3):
        assert Due.CUT not in [heartbeat.look() for _ in range(LOOKS_BEFORE_CUT - 1)]
        heartbeat.heard()
