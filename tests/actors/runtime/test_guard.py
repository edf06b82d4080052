"""The guard around a behaviour: what happens to a message that fails, and to those behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import pykka
import pytest

from actors.runtime.guard import ActorFailed
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from actors.runtime.reference import Reference
    from tests.actors.fakes import World
    from tests.actors.script import Script, Scripted


class TestRestart:
    def test_the_state_is_made_anew_and_the_mailbox_stays(
        self, world: World, script: Script, actor: Reference, error: BaseException
    ) -> None:
        bystander = world.probe("bystander")
        script.retries = False
        assert actor.ask(1, timeout=PATIENCE_S) == 1
        for message in (error, 10, 20):
            actor.tell(message)
        assert actor.ask(0, timeout=PATIENCE_S) == 30
        assert (script.made, script.started) == (2, 2)
        assert world.crashes == {"scripted": 1}
        bystander.tell("news")
        assert bystander.of(str) == ["news"]

    def test_the_factory_gets_the_one_reference(self, world: World, script: Script, actor: Reference) -> None:
        seen: list[Reference] = []

        def factory(me: Reference) -> Scripted:
            seen.append(me)
            return script.behaviour(me)

        other = world.start("other", factory)
        other.tell(ValueError())
        gevent.idle()
        assert seen[0] is other
        assert set(seen) == {other}

    def test_a_crash_is_logged_with_its_trace(
        self, script: Script, actor: Reference, caplog: pytest.LogCaptureFixture
    ) -> None:
        script.retries = False
        actor.tell(ValueError("a bug"))
        gevent.idle()
        (record,) = [each for each in caplog.records if each.message == "actor.crashed"]
        assert record.exc_info is not None
        assert record.__dict__["actor"] == "scripted"
        assert "a bug" in record.__dict__["letter"]


class TestTells:
    def test_a_failing_message_is_handled_three_times_at_most(
        self, world: World, script: Script, actor: Reference, error: BaseException
    ) -> None:
        actor.tell(error)
        gevent.idle()
        assert script.handled == [error] * 3
        assert script.given_up == [error]
        assert world.crashes == {"scripted": 3}
        assert world.dead_letters == {}

    def test_one_that_succeeds_later_is_not_given_up(self, script: Script, actor: Reference) -> None:
        errors = [ValueError(), KeyError()]

        def fail_twice() -> None:
            if errors:
                raise errors.pop()

        actor.tell(fail_twice)
        gevent.idle()
        assert len(script.handled) == 3
        assert script.given_up == []

    def test_one_that_may_not_be_retried_is_given_up_at_once(
        self, world: World, script: Script, actor: Reference
    ) -> None:
        script.retries = False
        error = ValueError()
        actor.tell(error)
        gevent.idle()
        assert (script.handled, script.given_up) == ([error], [error])

    def test_giving_up_falls_to_the_new_behaviour(self, script: Script, actor: Reference) -> None:
        script.retries = False
        actor.tell(ValueError())
        assert actor.ask(lambda: script.made, timeout=PATIENCE_S) == 2
        assert len(script.given_up) == 1

    def test_a_given_up_message_that_is_not_dealt_with_is_a_dead_letter(
        self, world: World, script: Script, actor: Reference
    ) -> None:
        script.deals_with_given_up = False
        actor.tell(ValueError())
        gevent.idle()
        assert world.dead_letters == {"ValueError": 1}

    def test_failing_to_give_up_is_a_crash_and_a_dead_letter(
        self, world: World, script: Script, actor: Reference, error: BaseException
    ) -> None:
        script.retries = False
        script.fail_on_give_up = [error]
        actor.tell(KeyError())
        assert actor.ask(1, timeout=PATIENCE_S) == 1
        assert world.dead_letters == {"KeyError": 1}
        assert world.crashes == {"scripted": 2}


class TestAsks:
    def test_a_failure_goes_to_whoever_asked(
        self, world: World, script: Script, actor: Reference, error: BaseException
    ) -> None:
        assert actor.ask(5, timeout=PATIENCE_S) == 5
        with pytest.raises(ActorFailed, match="scripted") as caught:
            actor.ask(error, timeout=PATIENCE_S)
        assert caught.value.__cause__ is error
        assert script.handled == [5, error]
        assert script.given_up == []
        assert actor.ask(0, timeout=PATIENCE_S) == 0
        assert world.crashes == {"scripted": 1}

    def test_an_answer_that_takes_too_long_is_a_timeout(self, actor: Reference) -> None:
        with pytest.raises(pykka.Timeout):
            actor.ask(lambda: gevent.sleep(0.03), timeout=0.005)
        assert actor.ask(1, timeout=PATIENCE_S) == 1

    def test_asking_a_stopped_actor_fails(self, actor: Reference) -> None:
        assert actor.stop_soon().get(timeout=PATIENCE_S)
        with pytest.raises(pykka.ActorDeadError):
            actor.ask(1, timeout=PATIENCE_S)
        assert not actor.stop_soon().get(timeout=PATIENCE_S)
