"""Instruments see each message once, with its wait and its duration; none of them can hurt an actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pytest

from actors.runtime.alarm import Wake
from actors.runtime.guard import ActorFailed
from actors.runtime.observing import DONE, FAILED
from tests.actors.fakes import FakeClock
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actors.runtime.instruments import AnyInstrument
    from actors.runtime.observing import Handling, Instrument
    from actors.runtime.reference import Reference
    from tests.actors.fakes import World
    from tests.actors.script import Script


class Notes:
    """An instrument that notes what it sees, and fails if it is told to."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []
        self.on_before: Callable[[Reference], object] = lambda actor: None
        self.fail_before: list[BaseException] = []
        self.fail_after: list[BaseException] = []

    def before(self, actor: Reference, message: Any, waited_s: float, weight: int) -> None:
        self.seen.append(("before", actor.name, message, waited_s))
        self.on_before(actor)
        if self.fail_before:
            raise self.fail_before.pop()

    def after(self, actor: Reference, message: Any, took_s: float, weight: int, outcome: Handling) -> None:
        self.seen.append(("after", actor.name, message, took_s, outcome))
        if self.fail_after:
            raise self.fail_after.pop()


class Parts:
    """An instrument with a part for each actor."""

    def __init__(self) -> None:
        self.parts: dict[str, Notes] = {}

    def part_for(self, actor: Reference, handled: Mapping[type, int]) -> Instrument:
        assert actor.name not in self.parts
        return self.parts.setdefault(actor.name, Notes())


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def others() -> Notes:
    """A second instrument, behind the first."""
    return Notes()


@pytest.fixture
def instruments(notes: Notes, others: Notes) -> list[AnyInstrument]:
    return [notes, others]


def failures_logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.__dict__["instrument"] for each in caplog.records if each.message == "instrument.failed"]


class TestWhatTheySee:
    def test_a_start_is_no_message(self, actor: Reference, notes: Notes) -> None:
        assert notes.seen == []

    def test_a_told_message_with_its_wait_and_its_duration(self, world: World, actor: Reference, notes: Notes) -> None:
        def work() -> None:
            world.clock.now_s += 2.0

        actor.tell(work)
        world.clock.now_s += 0.5
        gevent.idle()
        assert notes.seen == [("before", "scripted", work, 0.5), ("after", "scripted", work, 2.0, DONE)]

    def test_those_behind_it_wait_for_it(self, world: World, actor: Reference, notes: Notes) -> None:
        def work() -> None:
            world.clock.now_s += 2.0

        actor.tell(work)
        actor.tell(1)
        gevent.idle()
        assert notes.seen[2] == ("before", "scripted", 1, 2.0)

    def test_an_asked_message(self, world: World, actor: Reference, notes: Notes) -> None:
        assert actor.ask(7, timeout=PATIENCE_S) == 7
        assert notes.seen == [("before", "scripted", 7, 0.0), ("after", "scripted", 7, 0.0, DONE)]

    def test_how_much_is_left_in_the_mailbox(self, world: World, script: Script, notes: Notes) -> None:
        left: list[int] = []
        actor = world.start("scripted", script.behaviour)
        for _ in range(3):
            actor.tell(lambda: left.append(actor.waiting()))
        gevent.idle()
        assert left == [2, 1, 0]

    def test_each_actor_by_its_one_reference(self, world: World, actor: Reference, others: Notes) -> None:
        seen: set[Reference] = set()
        others.on_before = seen.add
        actor.tell(1)
        actor.ask(2, timeout=PATIENCE_S)
        assert seen == {actor}

    def test_what_is_no_longer_handled_is_not_seen(self, world: World, actor: Reference, notes: Notes) -> None:
        actor.tell(lambda: gevent.sleep(0.01))
        gevent.sleep(0)
        stopping = actor.stop_soon()
        for late in ("late", Wake()):
            actor.tell(late)
        stopping.get(timeout=PATIENCE_S)
        assert len(notes.seen) == 2
        assert world.dead_letters == {"str": 1}


class TestFailingActors:
    def test_a_message_that_is_tried_again_is_seen_once(self, actor: Reference, notes: Notes) -> None:
        errors = [ValueError(), KeyError()]

        def fail_twice() -> None:
            if errors:
                raise errors.pop()

        actor.tell(fail_twice)
        gevent.idle()
        assert [each[0] for each in notes.seen] == ["before", "after"]
        assert notes.seen[-1][-1] is DONE

    def test_one_that_is_given_up_failed(self, actor: Reference, notes: Notes, error: BaseException) -> None:
        actor.tell(error)
        gevent.idle()
        assert notes.seen == [("before", "scripted", error, 0.0), ("after", "scripted", error, 0.0, FAILED)]

    def test_so_did_an_ask_whose_failure_went_to_whoever_asked(
        self, actor: Reference, notes: Notes, error: BaseException
    ) -> None:
        with pytest.raises(ActorFailed):
            actor.ask(error, timeout=PATIENCE_S)
        assert notes.seen[-1] == ("after", "scripted", error, 0.0, FAILED)


class TestFailingInstruments:
    @pytest.mark.parametrize("when", ["fail_before", "fail_after"])
    def test_one_that_raises_is_logged_once_and_taken_out(
        self,
        world: World,
        actor: Reference,
        notes: Notes,
        others: Notes,
        when: str,
        error: BaseException,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        getattr(notes, when).extend([error, error])
        actor.tell(1)
        assert actor.ask(2, timeout=PATIENCE_S) == 3
        assert failures_logged(caplog) == ["Notes"]
        assert len(notes.seen) == (1 if when == "fail_before" else 2)
        assert [each[0] for each in others.seen] == ["before", "after"] * 2
        assert (world.crashes, world.dead_letters) == ({}, {})

    def test_one_that_fails_while_an_actor_blocks_is_not_told_of_its_end(
        self, world: World, script: Script, actor: Reference, notes: Notes, others: Notes
    ) -> None:
        other = world.start("other", script.behaviour)
        release = gevent.event.Event()
        actor.tell(release.wait)
        gevent.idle()
        notes.fail_before = [ValueError()]
        other.tell(1)
        gevent.idle()
        release.set()
        assert actor.ask(2, timeout=PATIENCE_S) == 2
        assert [each[1] for each in notes.seen] == ["scripted", "other"]
        assert len(others.seen) == 6

    def test_one_that_fails_at_two_actors_at_a_time_is_logged_once(
        self, world: World, script: Script, actor: Reference, notes: Notes, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It blocked, which it should not."""
        other = world.start("other", script.behaviour)
        notes.fail_before = [ValueError(), ValueError()]
        release = gevent.event.Event()
        notes.on_before = lambda actor: release.wait()
        actor.tell(1)
        other.tell(2)
        gevent.idle()
        release.set()
        assert actor.ask(0, timeout=PATIENCE_S) == 1
        assert other.ask(0, timeout=PATIENCE_S) == 2
        assert notes.fail_before == []
        assert failures_logged(caplog) == ["Notes"]

    def test_when_all_are_out_the_actors_go_on(self, world: World, actor: Reference, notes: Notes) -> None:
        notes.fail_before = [ValueError()]
        for number in range(3):
            assert actor.ask(number, timeout=PATIENCE_S) == sum(range(number + 1))

    @pytest.mark.parametrize("when", ["fail_before", "fail_after"])
    def test_what_ends_the_process_ends_it(self, actor: Reference, notes: Notes, when: str) -> None:
        """Pykka stops every actor for it."""
        getattr(notes, when).append(SystemExit())
        actor.tell(1)
        gevent.idle()
        assert not actor.stop_soon().get(timeout=PATIENCE_S)


class TestPartsForEachActor:
    @pytest.fixture
    def parts(self) -> Parts:
        return Parts()

    @pytest.fixture(params=[False, True], ids=["alone", "beside another"])
    def instruments(self, request: pytest.FixtureRequest, parts: Parts, notes: Notes) -> list[AnyInstrument]:
        return [parts, notes] if request.param else [parts]

    def test_each_sees_its_own_actor_alone(self, world: World, script: Script, actor: Reference, parts: Parts) -> None:
        other = world.start("other", script.behaviour)
        actor.tell(1)
        other.tell(2)
        gevent.idle()
        assert {name: [each[:3] for each in part.seen] for name, part in parts.parts.items()} == {
            "scripted": [("before", "scripted", 1), ("after", "scripted", 1)],
            "other": [("before", "other", 2), ("after", "other", 2)],
        }

    def test_a_new_behaviour_keeps_its_actors_part(self, actor: Reference, parts: Parts) -> None:
        actor.tell(ValueError())
        assert actor.ask(1, timeout=PATIENCE_S) == 1
        assert len(parts.parts["scripted"].seen) == 4

    def test_when_one_fails_all_are_taken_out(
        self, world: World, script: Script, actor: Reference, parts: Parts, caplog: pytest.LogCaptureFixture
    ) -> None:
        other = world.start("other", script.behaviour)
        parts.parts["scripted"].fail_before = [ValueError()]
        actor.tell(1)
        other.tell(2)
        gevent.idle()
        assert parts.parts["other"].seen == []
        assert failures_logged(caplog) == ["Parts"]


class TestPaused:
    def test_what_is_sent_meanwhile_is_handled_unseen(self, world: World, actor: Reference, notes: Notes) -> None:
        world.supervisor.instruments.pause()
        actor.tell(1)
        assert actor.ask(2, timeout=PATIENCE_S) == 3
        assert world.supervisor.instruments.paused
        assert notes.seen == []

    def test_what_was_sent_before_is_seen_and_what_is_sent_after(
        self, world: World, actor: Reference, notes: Notes, others: Notes
    ) -> None:
        instruments = world.supervisor.instruments
        for number in range(1, 6):
            {2: instruments.pause, 4: instruments.resume}.get(number, lambda: None)()
            actor.tell(number)
        assert actor.ask(6, timeout=PATIENCE_S) == sum(range(7)), "each was handled once"
        assert [each[2] for each in notes.seen if each[0] == "after"] == [1, 4, 5, 6]
        assert len(others.seen) == 8

    def test_those_that_start_meanwhile_are_paused_too(self, world: World, script: Script, notes: Notes) -> None:
        world.supervisor.instruments.pause()
        late = world.start("late", script.behaviour)
        late.tell(1)
        gevent.idle()
        assert notes.seen == []
        world.supervisor.instruments.resume()
        late.tell(2)
        gevent.idle()
        assert [each[:3] for each in notes.seen] == [("before", "late", 2), ("after", "late", 2)]

    def test_a_failure_goes_to_whoever_asked(self, world: World, actor: Reference, error: BaseException) -> None:
        world.supervisor.instruments.pause()
        with pytest.raises(ActorFailed):
            actor.ask(error, timeout=PATIENCE_S)
        assert actor.ask(1, timeout=PATIENCE_S) == 1

    def test_with_all_of_them_out_there_is_nothing_to_resume(
        self, world: World, actor: Reference, notes: Notes, others: Notes
    ) -> None:
        notes.fail_before, others.fail_before = [ValueError()], [ValueError()]
        actor.tell(1)
        gevent.idle()
        assert world.supervisor.instruments.paused
        world.supervisor.instruments.resume()
        assert world.supervisor.instruments.paused


class TestWithoutAny:
    @pytest.fixture
    def instruments(self) -> list[AnyInstrument]:
        return []

    def test_the_clock_is_not_read(self, world: World, actor: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(FakeClock, "monotonic_s", lambda clock: 1 / 0)
        actor.tell(1)
        assert actor.ask(2, timeout=PATIENCE_S) == 3
        monkeypatch.undo()
