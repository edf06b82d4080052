"""The supervisor starts, watches and stops actors, and counts what it can't deliver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import pykka
import pytest

from actors.messages.settling import PaymentRecorded
from actors.runtime.guard import StartFailed
from actors.runtime.reference import MailboxFull
from tests.actors.script import Script
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from actors.runtime.reference import Reference
    from tests.actors.fakes import World


class TestStart:
    def test_an_actor_that_fails_to_start_is_reported_with_the_reason(
        self, world: World, script: Script, error: BaseException
    ) -> None:
        script.fail_on_start = [error]
        with pytest.raises(StartFailed, match="'scripted' did not start") as caught:
            world.start("scripted", script.behaviour)
        assert caught.value.name == "scripted"
        assert caught.value.__cause__ is error
        assert not pykka.ActorRegistry.get_all()

    def test_those_before_it_go_on(self, world: World, script: Script, actor: Reference) -> None:
        broken = Script()
        broken.fail_on_start = [ValueError()]
        with pytest.raises(StartFailed):
            world.start("broken", broken.behaviour)
        assert actor.ask(1, timeout=PATIENCE_S) == 1

    def test_a_later_failure_is_not_taken_for_an_earlier_one(self, world: World, script: Script) -> None:
        script.fail_on_start = [ValueError("first"), ValueError("second")]
        for which in ("first", "second"):
            with pytest.raises(StartFailed) as caught:
                world.start("scripted", script.behaviour)
            assert str(caught.value.__cause__) == which

    def test_a_factory_that_fails_on_restart_is_called_again(
        self, world: World, script: Script, actor: Reference, error: BaseException
    ) -> None:
        script.retries = False
        script.fail_on_start = [error]
        actor.tell(ValueError())
        assert actor.ask(1, timeout=PATIENCE_S) == 1
        assert (script.made, script.started) == (3, 2)
        assert world.crashes == {"scripted": 2}

    def test_one_that_always_fails_on_restart_escalates(self, world: World, script: Script, actor: Reference) -> None:
        script.retries = False
        script.fail_on_start = [ValueError() for _ in range(100)]
        actor.tell(ValueError())
        gevent.idle()
        assert world.escalations == 1
        assert world.crashes == {"scripted": 6}


class TestRetries:
    def test_a_message_that_keeps_failing_counts_as_one_crash(self, world: World, actor: Reference) -> None:
        for _ in range(5):
            actor.tell(ValueError())
        gevent.idle()
        assert world.crashes == {"scripted": 15}
        assert world.escalations == 0


class TestIntensity:
    @pytest.fixture(autouse=True)
    def no_retries(self, script: Script) -> None:
        script.retries = False

    def test_five_crashes_are_borne_and_the_sixth_escalates(self, world: World, actor: Reference) -> None:
        for _ in range(5):
            actor.tell(ValueError())
            world.advance(5.9)
        assert world.escalations == 0
        actor.tell(ValueError())
        gevent.idle()
        assert world.escalations == 1

    def test_it_escalates_once(self, world: World, actor: Reference) -> None:
        for _ in range(10):
            actor.tell(ValueError())
        gevent.idle()
        assert world.escalations == 1

    def test_crashes_of_all_actors_count_together(self, world: World, script: Script, actor: Reference) -> None:
        other = world.start("other", script.behaviour)
        for _ in range(3):
            actor.tell(ValueError())
            other.tell(ValueError())
        gevent.idle()
        assert world.escalations == 1
        assert world.crashes == {"scripted": 3, "other": 3}

    def test_crashes_over_a_longer_time_do_not_count_together(self, world: World, actor: Reference) -> None:
        for _ in range(20):
            actor.tell(ValueError())
            world.advance(6.0)
        assert world.escalations == 0
        assert world.crashes == {"scripted": 20}


class TestDeadLetters:
    def test_what_a_stopped_actor_is_told(
        self, world: World, actor: Reference, caplog: pytest.LogCaptureFixture
    ) -> None:
        actor.stop_soon().get(timeout=PATIENCE_S)
        actor.tell(7)
        assert world.dead_letters == {"int": 1}
        (record,) = [each for each in caplog.records if each.message == "actor.dead_letter"]
        assert (record.__dict__["actor"], record.__dict__["letter"]) == ("scripted", "7")

    def test_what_a_full_mailbox_is_told(self, world: World, script: Script) -> None:
        small = world.start("small", script.behaviour, capacity=2)
        for number in (1, 2, 3):
            small.tell(number)
        with pytest.raises(MailboxFull):
            small.ask(4, timeout=PATIENCE_S)
        gevent.idle()
        assert script.handled == [1, 2]
        assert world.dead_letters == {"int": 1}
        assert small.ask(4, timeout=PATIENCE_S) == 7

    def test_results_pass_the_bound(self, world: World) -> None:
        small = world.probe("small")
        small.reference = world.start("bounded", lambda me: small, capacity=1)
        results = [PaymentRecorded(bytes(16), epoch) for epoch in range(5)]
        for each in results:
            small.tell(each)
        assert small.of(PaymentRecorded) == results
        assert world.dead_letters == {}

    def test_a_stop_passes_the_bound(self, world: World, script: Script) -> None:
        small = world.start("small", script.behaviour, capacity=1)
        small.tell(1)
        assert small.stop_soon().get(timeout=PATIENCE_S)
        assert script.handled == [1]

    def test_what_the_mailbox_holds_behind_a_stop(self, world: World, script: Script, actor: Reference) -> None:
        actor.tell(lambda: gevent.sleep(0.01))
        gevent.sleep(0)
        stopping = actor.stop_soon()
        actor.tell(1)
        asked = gevent.spawn(pytest.raises, pykka.ActorDeadError, actor.ask, 2, timeout=PATIENCE_S)
        assert stopping.get(timeout=PATIENCE_S)
        asked.get(timeout=PATIENCE_S)
        assert world.dead_letters == {"int": 1}
        assert 1 not in script.handled


class TestStop:
    def test_actors_stop_in_reverse_each_after_what_its_mailbox_holds(self, world: World) -> None:
        """The last started tells the one before it while it empties its mailbox; that one still hears it."""
        first = world.probe("first")
        script = Script()
        last = world.start("last", script.behaviour)
        last.tell(lambda: gevent.sleep(0.005))
        last.tell(lambda: first.tell("from the last"))
        world.supervisor.stop(timeout_s=PATIENCE_S)
        assert first.received == ["from the last"]
        assert world.dead_letters == {}
        assert not pykka.ActorRegistry.get_all()

    def test_one_that_hangs_is_left(
        self, world: World, script: Script, actor: Reference, caplog: pytest.LogCaptureFixture
    ) -> None:
        hangs = world.start("hangs", Script().behaviour)
        release = gevent.event.Event()
        hangs.tell(release.wait)
        gevent.idle()
        world.supervisor.stop(timeout_s=0.2)
        assert [each.__dict__["actor"] for each in caplog.records if each.message == "actor.stop_timeout"] == ["hangs"]
        with pytest.raises(pykka.ActorDeadError):
            actor.ask(1, timeout=PATIENCE_S)
        release.set()
        gevent.idle()

    def test_a_group_is_stopped_as_one(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        """None waits for its turn: while the first hangs, the others end."""
        group = world.supervisor.start_group(["a", "b", "c"], lambda me: Script().behaviour(me), capacity=10)
        release = gevent.event.Event()
        group[0].tell(release.wait)
        gevent.idle()
        world.supervisor.stop(timeout_s=0.2)
        assert [each.__dict__["actor"] for each in caplog.records if each.message == "actor.stop_timeout"] == ["a"]
        release.set()
        gevent.idle()
        assert not pykka.ActorRegistry.get_all()

    def test_stopping_again_does_nothing(self, world: World, actor: Reference) -> None:
        world.supervisor.stop(timeout_s=PATIENCE_S)
        world.supervisor.stop(timeout_s=PATIENCE_S)
        assert not pykka.ActorRegistry.get_all()
