"""Which workers have been silent for long, as somebody sees it who stands by."""

from __future__ import annotations

from rinha.store.postgres.silence import LOOKS_APART_S, SILENT_S, Silence


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def watch(silence: Silence, clock: Clock, signs: dict[int, object], for_s: float) -> list[int]:
    """Look each half a second; returns what the last look found."""
    found: list[int] = []
    for _ in range(int(for_s / 0.5)):
        found = silence.look(signs)
        clock.now_s += 0.5
    return found


def test_who_gives_no_sign_for_5_s_is_silent() -> None:
    clock = Clock()
    silence = Silence(clock)
    assert watch(silence, clock, {0: "a", 1: "a"}, SILENT_S) == []
    assert silence.look({0: "a", 1: "b"}) == [0]


def test_another_sign_is_a_new_beginning() -> None:
    clock = Clock()
    silence = Silence(clock)
    watch(silence, clock, {0: "a"}, SILENT_S - 1)
    watch(silence, clock, {0: "b"}, 2)
    assert silence.look({0: "b"}) == []
    assert watch(silence, clock, {0: "b"}, SILENT_S) == [0]


def test_time_in_which_nobody_looked_says_nothing_of_the_worker() -> None:
    clock = Clock()
    silence = Silence(clock)
    watch(silence, clock, {0: "a"}, SILENT_S - 1)
    clock.now_s += LOOKS_APART_S + 60
    assert silence.look({0: "a"}) == []
    assert watch(silence, clock, {0: "a"}, SILENT_S) == []
    assert silence.look({0: "a"}) == [0]
