"""How fast the host was beside each round, and in which sets it changed so much that they say little."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench.host import CHANGED_SHARE, change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.report.samples import Sample
    from tests.bench.rounds import Speed


class Beside(NamedTuple):
    """The host beside one round.

    Args:
        number: of its set.
        subject: whose round.
        before: its speed; None if it wasn't measured.
        after: likewise.
        stolen_share: what its own host kept from it during the load.
        changed: whether its speed changed by over `CHANGED_SHARE` within the set.
    """

    number: int
    subject: str
    before: Speed | None
    after: Speed | None
    stolen_share: float | None
    changed: bool


def beside(samples: Mapping[str, Sequence[Sample]]) -> list[Beside]:
    """The host beside all rounds, in the order of their start."""
    rounds = sorted((one.round for own in samples.values() for one in own), key=lambda each: each.started_at)
    changed = changed_sets(samples)
    return [
        Beside(
            each.number,
            each.subject,
            each.speed_before,
            each.speed_after,
            each.stolen_share,
            each.number in changed,
        )
        for each in rounds
    ]


def changed_sets(samples: Mapping[str, Sequence[Sample]]) -> dict[int, float]:
    """The sets within which the host's speed changed by over `CHANGED_SHARE`, and by how much."""
    speeds: dict[int, list[Speed | None]] = {}
    for own in samples.values():
        for sample in own:
            both = (sample.round.speed_before, sample.round.speed_after)
            speeds.setdefault(sample.round.number, []).extend(both)
    return {number: change(each) for number, each in sorted(speeds.items()) if change(each) > CHANGED_SHARE}
