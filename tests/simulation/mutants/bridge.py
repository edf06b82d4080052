"""Bugs in the bridge's sessions and in the delivery to the intake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.intake.taking import Taker
from rinha.bridge.protocol.api import api_end
from rinha.bridge.protocol.api.api_end import ApiEnd
from rinha.bridge.protocol.api.sent import Sent
from rinha.bridge.protocol.wire.handshake import Welcome
from rinha.bridge.protocol.worker.delivery import Delivery
from rinha.bridge.protocol.worker.worker_end import WorkerEnd
from tests.simulation.mutants.registry import Mutants

if TYPE_CHECKING:
    import pytest

MUTANTS = Mutants()


@MUTANTS.at("fragile")
def a_session_that_is_never_suspect(patch: pytest.MonkeyPatch) -> None:
    """Nor is what its API tells of: each of the two mostly makes up for the other."""
    patch.setattr(WorkerEnd, "is_suspect", False)
    patch.setattr(Taker, "learn", lambda self, payment_ids: None)


@MUTANTS.at("steady")
def acknowledged_before_the_intake_has_decided(patch: pytest.MonkeyPatch) -> None:
    real = Delivery._hand_over

    def hand_over(self: Delivery, run: Any) -> None:
        self.session.acknowledge(run.first_sequence + len(run.payments) - 1)
        real(self, run)

    patch.setattr(Delivery, "_hand_over", hand_over)


@MUTANTS.at("steady")
def what_was_read_before_the_adoption_belongs_to_the_new_epoch(patch: pytest.MonkeyPatch) -> None:
    real = Delivery._hand_over
    patch.setattr(
        Delivery, "_hand_over", lambda self, run: real(self, run._replace(epoch=self.session._announced_epoch))
    )


@MUTANTS.at("steady")
def a_session_that_ends_unheard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Delivery, "end", lambda self: None)


@MUTANTS.at("steady")
def an_outbox_that_is_not_sent_again(patch: pytest.MonkeyPatch) -> None:
    real = ApiEnd._welcomed

    def welcomed(self: ApiEnd, welcome: Any) -> Any:
        yield from real(self, welcome)
        self._out.clear()

    patch.setitem(api_end._TRANSITIONS[api_end._State.AWAITING_WELCOME], Welcome, welcomed)


@MUTANTS.at("fragile", "queued")
def what_was_sent_is_forgotten_with_the_worker(patch: pytest.MonkeyPatch) -> None:
    real = Sent.meet

    def meet(self: Sent, incarnation: int) -> list[bytes]:
        if incarnation != self._newest.incarnation:
            self.forget()
        return real(self, incarnation)

    patch.setattr(Sent, "meet", meet)
