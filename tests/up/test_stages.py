"""Children are started in order and kept alive."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

from rinha.up.child import ChildSpec
from rinha.up.stages import Stage

if TYPE_CHECKING:
    import pytest

    from tests.up.conftest import Journal, Run


async def test_stages_stop_in_reverse_each_after_the_one_before_has_ended(
    supervise: type[Run], journal: Journal
) -> None:
    stages = [
        Stage((journal.spec("simulator", "obedient"),)),
        Stage((journal.spec("worker", "slow"),)),
        Stage((journal.spec("api-1", "slow"), journal.spec("api-2", "slow"))),
    ]
    async with supervise(*stages) as run:
        await run.until(lambda: len(journal.pids()) == 4)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 0
    stopped = journal.events()[4:]
    assert sorted(stopped[:2]) == ["api-1 stopped", "api-2 stopped"]
    assert stopped[2:] == ["worker stopped", "simulator stopped"]
    assert journal.all_gone()
    assert run.announced == 1


async def test_a_stage_starts_only_when_the_one_before_is_ready(supervise: type[Run], journal: Journal) -> None:
    ready = asyncio.Event()

    async def until_ready() -> None:
        await ready.wait()

    first, second = (
        Stage((journal.spec("first", "obedient"),), until_ready),
        Stage((journal.spec("second", "obedient"),)),
    )
    async with supervise(first, second) as run:
        await run.until(lambda: journal.events() == ["first started"])
        assert run.announced == 0
        ready.set()
        await run.until(lambda: journal.events() == ["first started", "second started"])
        await run.until(lambda: run.announced == 1)


async def test_a_stop_while_starting_starts_nothing_more(supervise: type[Run], journal: Journal) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    stages = Stage((journal.spec("first", "obedient"),), never), Stage((journal.spec("second", "obedient"),))
    async with supervise(*stages) as run:
        await run.until(journal.pids)
        run.supervisor.end(signal.SIGINT)
        assert await run.exit_code() == 0
    assert journal.events() == ["first started", "first stopped"]
    assert run.announced == 0


async def test_a_child_that_dies_is_restarted_with_growing_delays(
    supervise: type[Run], journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    dying = journal.spec("worker", "echo $NAME started $$ >> $LOG; exit 3")
    async with supervise(Stage((dying,))) as run:
        await run.until(lambda: len(journal.pids()) == 3)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 1
    assert run.waiting == ["worker"], "it lacks something, and that is said once"
    died: list[dict[str, Any]] = [vars(record) for record in caplog.records if record.message == "up.child_died"]
    assert [(record["child"], record["exit_code"]) for record in died[:2]] == [("worker", 3)] * 2
    assert [record["restart_in_s"] for record in died[:2]] == [0.2, 0.4]


async def test_a_killed_child_comes_back_and_the_others_never_notice(supervise: type[Run], journal: Journal) -> None:
    stage = Stage((journal.spec("api-1", "obedient"), journal.spec("api-2", "obedient")))
    async with supervise(stage) as run:
        await run.until(lambda: len(journal.pids()) == 2)
        victim = next(words for words in journal.lines() if words[0] == "api-1")
        os.kill(int(victim[2]), signal.SIGKILL)
        await run.until(lambda: len(journal.pids()) == 3)
        assert journal.events().count("api-1 started") == 2
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 0


async def test_a_program_that_is_not_there_is_tried_again(
    supervise: type[Run], caplog: pytest.LogCaptureFixture
) -> None:
    spec = ChildSpec("worker", ("/nonexistent/rinha",), {})
    async with supervise(Stage((spec,))) as run:
        await run.until(lambda: [r for r in caplog.records if r.message == "up.child_not_started"])
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 1


async def test_a_child_that_refuses_its_settings_at_the_start_ends_everything_with_2(
    supervise: type[Run], journal: Journal
) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    stages = [
        Stage((journal.spec("simulator", "obedient"),)),
        Stage((journal.spec("worker", "while ! grep -q simulator $LOG; do sleep 0.01; done; exit 2"),), never),
    ]
    async with supervise(*stages) as run:
        assert await run.exit_code() == 2
    assert journal.events() == ["simulator started", "simulator stopped"]


async def test_once_all_was_ready_a_2_is_a_death_like_any_other(
    supervise: type[Run], journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    script = 'echo $NAME started $$ >> $LOG; while [ ! -e "$LOG.go" ]; do sleep 0.01; done; exit 2'
    async with supervise(Stage((journal.spec("worker", script),))) as run:
        await run.until(lambda: run.announced)
        journal.path.with_suffix(".go").touch()
        await run.until(lambda: len(journal.pids()) == 2)
