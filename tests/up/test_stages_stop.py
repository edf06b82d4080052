"""Children are stopped in reverse order, each within a limit."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from rinha.up.stages import Stage

if TYPE_CHECKING:
    from tests.up.conftest import Journal, Run


async def test_a_child_that_ends_with_1_makes_the_exit_code_1(
    supervise: type[Run], journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    async with supervise(Stage((journal.spec("worker", "waiting"),))) as run:
        await run.until(journal.pids)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 1


async def test_a_child_that_sigterm_ends_before_it_handles_it_has_ended_well(
    supervise: type[Run], journal: Journal
) -> None:
    async with supervise(Stage((journal.spec("api-1", "naive"),))) as run:
        await run.until(journal.pids)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 0


async def test_a_child_that_does_not_stop_is_killed_after_the_limit(
    supervise: type[Run], journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    stages = Stage((journal.spec("worker", "obedient"),)), Stage((journal.spec("api-1", "deaf"),))
    async with supervise(*stages, stop_timeout_s=0.1) as run:
        await run.until(lambda: len(journal.pids()) == 2)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 1
    (killed,) = [vars(record) for record in caplog.records if record.message == "up.child_killed"]
    assert killed["child"] == "api-1"
    assert journal.events()[-1] == "worker stopped"
    assert journal.all_gone()


async def test_a_second_signal_kills_at_once(
    supervise: type[Run], journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = Stage((journal.spec("worker", "obedient"),)), Stage((journal.spec("api-1", "deaf"),))
    async with supervise(*stages) as run:
        await run.until(lambda: len(journal.pids()) == 2)
        run.supervisor.end(signal.SIGINT)
        monkeypatch.setattr("rinha.up.stages.ECHO_S", -1.0)
        run.supervisor.end(signal.SIGINT)
        assert await run.exit_code() == 130
    assert journal.all_gone()
    assert "worker stopped" not in journal.events()


async def test_the_echo_of_a_signal_is_no_second_one(supervise: type[Run], journal: Journal) -> None:
    async with supervise(Stage((journal.spec("worker", "slow"),))) as run:
        await run.until(journal.pids)
        run.supervisor.end(signal.SIGTERM)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 0
    assert journal.events() == ["worker started", "worker stopped"]


async def test_children_have_sessions_of_their_own_so_that_ctrl_c_reaches_the_parent_alone(
    supervise: type[Run], journal: Journal
) -> None:
    async with supervise(Stage((journal.spec("worker", "obedient"),))) as run:
        await run.until(journal.pids)
        (pid,) = journal.pids()
        assert os.getsid(pid) == pid != os.getsid(0)


async def test_a_failure_while_starting_stops_what_was_started(supervise: type[Run], journal: Journal) -> None:
    async def broken() -> None:
        while not journal.pids():  # noqa: ASYNC110  # another process writes it
            await asyncio.sleep(0.01)
        raise RuntimeError("broken")

    run = supervise(Stage((journal.spec("worker", "obedient"),), broken))
    with pytest.raises(RuntimeError, match="broken"):
        await run.supervisor.run()
    assert journal.events() == ["worker started", "worker stopped"]
