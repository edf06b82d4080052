"""Which routing a run has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.dispatch.choice import Choice
from actors.intake.dispatch.routing import Cheapest, Fastest

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from actors.intake.dispatch.routing import Policy
    from actors.values import ProcessorHealth


class Erratic(Fastest):
    """Sends payments anywhere: speed and fees depend on routing, promises don't."""

    chance: random.Random

    def choose(self, candidates: Sequence[ProcessorHealth], waited_s: float) -> Choice:
        """As ``Fastest.choose``."""
        return Choice(self.chance.choice([*(each.name for each in candidates), ""]), "erratic")


def draw_policy(chance: random.Random) -> Policy:
    """Draw one; half of the runs have payments sent anywhere."""
    erratic = Erratic(10.0, 1)
    erratic.chance = chance
    return chance.choice(
        (erratic, erratic, erratic, erratic, Fastest(10.0, 1), Fastest(10.0, 0), Cheapest(0.5), Cheapest(3.0))
    )
