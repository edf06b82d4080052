"""When a relay asks for messages, and when once more."""

from __future__ import annotations

import msgspec

from rinha.jetstream.relay.pulls import GONE_S, REFUSED_PAUSE_S, SILENCE_S, STALLED_S, Pulls


def test_one_request_at_a_time_for_as_many_as_are_wanted() -> None:
    pulls = Pulls(0.0)
    request = pulls.ask(3, 0.0)
    assert request is not None
    assert msgspec.json.decode(request) == {"batch": 3, "expires": 10_000_000_000, "idle_heartbeat": 1_000_000_000}
    assert pulls.ask(3, 1.0) is None
    for now_s in (1.0, 1.1, 1.2):
        pulls.came(now_s)
    assert pulls.ask(2, 1.2) is not None


def test_nothing_is_asked_for_where_nothing_can_be_taken() -> None:
    assert Pulls(0.0).ask(0, 0.0) is None


def test_a_request_that_has_ended_is_followed_by_another_one() -> None:
    pulls = Pulls(0.0)
    pulls.ask(3, 0.0)
    pulls.status(pulls.token, "100", 1.0)
    assert pulls.ask(3, 1.0) is None
    pulls.status(pulls.token, "408", 2.0)
    assert pulls.ask(3, 2.0) is not None


def test_the_end_of_an_older_request_is_not_that_of_this_one() -> None:
    pulls = Pulls(0.0)
    pulls.ask(3, 0.0)
    old = pulls.token
    pulls.lost()
    pulls.ask(3, 1.0)
    pulls.status(old, "409", 1.5)
    assert pulls.ask(3, 1.5) is None


def test_after_silence_it_asks_again_and_heartbeats_are_no_silence() -> None:
    pulls = Pulls(0.0)
    pulls.ask(3, 0.0)
    pulls.status(pulls.token, "100", 2.0)
    assert pulls.ask(3, SILENCE_S + 1) is None
    assert pulls.ask(3, SILENCE_S + 2) is not None


def test_it_has_stalled_if_none_came_for_long_though_some_are_asked_for() -> None:
    pulls = Pulls(0.0)
    assert not pulls.stalled(STALLED_S)
    pulls.ask(3, 0.0)
    assert pulls.stalled(STALLED_S)
    pulls.came(STALLED_S)
    assert not pulls.stalled(STALLED_S + 1)
    assert pulls.stalled(2 * STALLED_S)
    pulls.idle(2 * STALLED_S)
    assert not pulls.stalled(2 * STALLED_S + 1)


def test_refused_it_pauses_and_knows_after_a_while_that_nobody_is_there() -> None:
    pulls, now_s = Pulls(0.0), 0.0
    while not pulls.refused(now_s):
        assert now_s <= GONE_S + REFUSED_PAUSE_S
        assert pulls.ask(3, now_s) is not None
        pulls.status(pulls.token, "503", now_s)
        assert pulls.ask(3, now_s + REFUSED_PAUSE_S / 2) is None
        now_s += REFUSED_PAUSE_S
    pulls.ask(3, now_s)
    pulls.status(pulls.token, "100", now_s)
    assert not pulls.refused(now_s)
