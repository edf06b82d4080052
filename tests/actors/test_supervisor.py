"""The guard around behaviours, and the supervisor that starts, watches and stops them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pykka
import pytest

from actors.messages import PaymentRecorded
from actors.supervisor import ActorFailed, MailboxFull, StartFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.supervisor import Reference
    from tests.actors.conftest import World

ASK_S = 5.0


class Script:
    """What outlives the behaviours made from it: the plan for them, and what became of them."""

    def __init__(self) -> None:
        self.made = 0
        self.started = 0
        self.handled: list[Any] = []
        self.given_up: list[Any] = []
        self.retries = True
        self.deals_with_given_up = True
        self.fail_on_start: list[BaseException] = []
        self.fail_on_give_up: list[BaseException] = []

    def behaviour(self, me: Reference) -> Scripted:
        return Scripted(self, me)


class Scripted:
    """Calls what is callable, raises what is an exception, sums what is a number."""

    def __init__(self, script: Script, me: Reference) -> None:
        script.made += 1
        self.script = script
        self.me = me
        self.total = 0

    def on_start(self) -> None:
        if self.script.fail_on_start:
            raise self.script.fail_on_start.pop(0)
        self.script.started += 1

    def on_receive(self, message: Any) -> Any:
        self.script.handled.append(message)
        if isinstance(message, BaseException):
            raise message
        if callable(message):
            return message()
        self.total += message
        return self.total

    def may_retry(self, message: Any) -> bool:
        return self.script.retries

    def on_give_up(self, message: Any) -> bool:
        self.script.given_up.append(message)
        if self.script.fail_on_give_up:
            raise self.script.fail_on_give_up.pop(0)
        return self.script.deals_with_given_up


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def actor(world: World, script: Script) -> Reference:
    return world.start("scripted", script.behaviour)


FOREIGN: list[Callable[[], BaseException]] = [
    lambda: ValueError("a bug"),
    lambda: gevent.Timeout(1),
    gevent.GreenletExit,
]
"""The last two are no ``Exception``: Pykka would stop every actor for them."""


@pytest.fixture(params=FOREIGN, ids=["Exception", "gevent.Timeout", "GreenletExit"])
def error(request: pytest.FixtureRequest) -> BaseException:
    make: Callable[[], BaseException] = request.param
    return make()


class TestRestart:
    def test_the_state_is_made_anew_and_the_mailbox_stays(
        self, world: World, script: Script, actor: Reference, error: BaseException
    ) -> None:
        bystander = world.probe("bystander")
        script.retries = False
        assert actor.ask(1, timeout=ASK_S) == 1
        for message in (error, 10, 20):
            actor.tell(message)
        assert actor.ask(0, timeout=ASK_S) == 30
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
        assert actor.ask(lambda: script.made, timeout=ASK_S) == 2
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
        assert actor.ask(1, timeout=ASK_S) == 1
        assert world.dead_letters == {"KeyError": 1}
        assert world.crashes == {"scripted": 2}


class TestAsks:
    def test_a_failure_goes_to_whoever_asked(
        self, world: World, script: Script, actor: Reference, error: BaseException
    ) -> None:
        assert actor.ask(5, timeout=ASK_S) == 5
        with pytest.raises(ActorFailed, match="scripted") as caught:
            actor.ask(error, timeout=ASK_S)
        assert caught.value.__cause__ is error
        assert script.handled == [5, error]
        assert script.given_up == []
        assert actor.ask(0, timeout=ASK_S) == 0
        assert world.crashes == {"scripted": 1}

    def test_an_answer_that_takes_too_long_is_a_timeout(self, actor: Reference) -> None:
        with pytest.raises(pykka.Timeout):
            actor.ask(lambda: gevent.sleep(0.03), timeout=0.005)
        assert actor.ask(1, timeout=ASK_S) == 1

    def test_asking_a_stopped_actor_fails(self, actor: Reference) -> None:
        assert actor.stop(ASK_S)
        with pytest.raises(pykka.ActorDeadError):
            actor.ask(1, timeout=ASK_S)
        assert not actor.stop(ASK_S)


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
        assert actor.ask(1, timeout=ASK_S) == 1

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
        assert actor.ask(1, timeout=ASK_S) == 1
        assert (script.made, script.started) == (3, 2)
        assert world.crashes == {"scripted": 2}

    def test_one_that_always_fails_on_restart_escalates(self, world: World, script: Script, actor: Reference) -> None:
        script.retries = False
        script.fail_on_start = [ValueError() for _ in range(100)]
        actor.tell(ValueError())
        gevent.idle()
        assert world.escalations == 1
        assert world.crashes == {"scripted": 6}


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
        actor.stop(ASK_S)
        actor.tell(7)
        assert world.dead_letters == {"int": 1}
        (record,) = [each for each in caplog.records if each.message == "actor.dead_letter"]
        assert (record.__dict__["actor"], record.__dict__["letter"]) == ("scripted", "7")

    def test_what_a_full_mailbox_is_told(self, world: World, script: Script) -> None:
        small = world.start("small", script.behaviour, capacity=2)
        for number in (1, 2, 3):
            small.tell(number)
        with pytest.raises(MailboxFull):
            small.ask(4, timeout=ASK_S)
        gevent.idle()
        assert script.handled == [1, 2]
        assert world.dead_letters == {"int": 1}
        assert small.ask(4, timeout=ASK_S) == 7

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
        assert small.stop(ASK_S)
        assert script.handled == [1]

    def test_what_the_mailbox_holds_behind_a_stop(self, world: World, script: Script, actor: Reference) -> None:
        actor.tell(lambda: gevent.sleep(0.01))
        gevent.sleep(0)
        stopping = gevent.spawn(actor.stop, ASK_S)
        gevent.sleep(0)
        actor.tell(1)
        asked = gevent.spawn(pytest.raises, pykka.ActorDeadError, actor.ask, 2, timeout=ASK_S)
        stopping.get(timeout=ASK_S)
        asked.get(timeout=ASK_S)
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
        world.supervisor.stop(timeout_s=ASK_S)
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
        world.supervisor.stop(timeout_s=0.01)
        assert [each.__dict__["actor"] for each in caplog.records if each.message == "actor.stop_timeout"] == ["hangs"]
        with pytest.raises(pykka.ActorDeadError):
            actor.ask(1, timeout=ASK_S)
        release.set()
        gevent.idle()

    def test_stopping_again_does_nothing(self, world: World, actor: Reference) -> None:
        world.supervisor.stop(timeout_s=ASK_S)
        world.supervisor.stop(timeout_s=ASK_S)
        assert not pykka.ActorRegistry.get_all()
