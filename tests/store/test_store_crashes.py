"""``kill -9`` of a process that appends: what it was told is on disk is there, and no append is there in part."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actors.facts import OpenPayment
from actors.values import Payment

if TYPE_CHECKING:
    from tests.store.conftest import Place

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 5


@pytest.mark.parametrize("kind", ["sqlite_place", "postgres_place"])
def test_all_that_was_acknowledged_survives_kill_9(kind: str, request: pytest.FixtureRequest) -> None:
    place: Place = request.getfixturevalue(kind)
    done: dict[str, set[int]] = {"taken": set(), "tried": set(), "settled": set()}
    for turn in range(ROUNDS):
        first = turn * 1_000_000
        for line in acknowledged_until_killed(place.url, first, lines=random.randint(1, 60)):
            what, start, stop = line.split()
            done[what].update(range(int(start), int(stop)))
        store = place.open_when_free()
        held = {int.from_bytes(each.payment.payment_id): each for each in store.open()}
        settled = {int.from_bytes(row[0]): row for chunk in store.settled() for row in chunk}
        store.close()
        assert done["taken"] <= held.keys() | settled.keys()
        assert held.keys().isdisjoint(settled)
        for number in done["settled"]:
            each = number.to_bytes(16)
            if number % 10:
                assert settled[number] == (each, number + 1, "default", number + 1, number + 2)
            else:
                assert held[number] == OpenPayment(Payment(each, number + 1), "default", number + 2)
        for number in done["tried"] & held.keys():
            assert held[number].processor == "default"
        # Whole appends alone: what was taken is a run without gaps, its last append perhaps not acknowledged.
        numbers = sorted(number for number in held.keys() | settled.keys() if number >= first)
        assert numbers == list(range(first, first + len(numbers)))
        sizes = list(itertools.accumulate(1 + each * 7 % 40 for each in range(len(numbers) + 1)))
        assert len(numbers) in [0, *sizes]


def acknowledged_until_killed(url: str, first: int, lines: int) -> list[str]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("appender.py")), url, str(first)],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        read = list(itertools.islice(process.stdout, lines))
        process.kill()
        read += process.stdout
    assert len(read) >= lines
    return [line for line in read if line.endswith("\n")]
