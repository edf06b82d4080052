"""``rinha up`` against stand-ins: small shell and Python programs in the place of the system's processes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rinha.settings import load_settings
from rinha.up.child import ChildSpec
from rinha.up.main import make_stages, run_up
from rinha.up.readiness import until_apis_ready, until_listening
from rinha.up.supervisor import Stage, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_S = 20.0

ON_TERM = 'trap "{on_term}" TERM; echo $NAME started $$ >> $LOG; while :; do sleep 0.02; done'
OBEDIENT = ON_TERM.format(on_term="echo $NAME stopped >> $LOG; exit 0")
SLOW = ON_TERM.format(on_term="sleep 0.2; echo $NAME stopped >> $LOG; exit 0")
DEAF = ON_TERM.format(on_term="")
WAITING = ON_TERM.format(on_term="echo $NAME stopped >> $LOG; exit 1")
NAIVE = "echo $NAME started $$ >> $LOG; exec sleep 60"


class Journal:
    """What the stand-ins wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def spec(self, name: str, script: str) -> ChildSpec:
        return ChildSpec(name, ("sh", "-c", script), {**os.environ, "NAME": name, "LOG": str(self.path)})

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def events(self) -> list[str]:
        return [" ".join(words[:2]) for words in self.lines()]

    def pids(self) -> list[int]:
        return [int(words[2]) for words in self.lines() if words[1] == "started"]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def gone(pid: int) -> bool:
    """Whether a process has ended; an orphan may wait a while for whoever collects it."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:
        return True
    except FileNotFoundError:  # not on Linux
        return False


def wait_for(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():  # noqa: ASYNC110  # the condition is another process's
            await asyncio.sleep(0.01)


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


class Run:
    """A supervisor at work, as a context that never leaves anything behind."""

    def __init__(self, *stages: Stage, stop_timeout_s: float = TIMEOUT_S) -> None:
        self.announced = 0
        self.supervisor = Supervisor(stages, stop_timeout_s=stop_timeout_s, on_ready=self._announce)

    def _announce(self) -> None:
        self.announced += 1

    async def __aenter__(self) -> Run:
        self.task = asyncio.create_task(self.supervisor.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.supervisor.end(signal.SIGTERM)
        while not self.task.done():
            await asyncio.wait({self.task}, timeout=0.25)
            self.supervisor.end(signal.SIGTERM)

    async def exit_code(self) -> int:
        return await asyncio.wait_for(asyncio.shield(self.task), TIMEOUT_S)


async def test_stages_stop_in_reverse_each_after_the_one_before_has_ended(journal: Journal) -> None:
    stages = [
        Stage((journal.spec("simulator", OBEDIENT),)),
        Stage((journal.spec("worker", SLOW),)),
        Stage((journal.spec("api-1", SLOW), journal.spec("api-2", SLOW))),
    ]
    async with Run(*stages) as run:
        await until(lambda: len(journal.pids()) == 4)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 0
    stopped = journal.events()[4:]
    assert sorted(stopped[:2]) == ["api-1 stopped", "api-2 stopped"]
    assert stopped[2:] == ["worker stopped", "simulator stopped"]
    assert all(gone(pid) for pid in journal.pids())
    assert run.announced == 1


async def test_a_stage_starts_only_when_the_one_before_is_ready(journal: Journal) -> None:
    ready = asyncio.Event()

    async def until_ready() -> None:
        await ready.wait()

    first, second = Stage((journal.spec("first", OBEDIENT),), until_ready), Stage((journal.spec("second", OBEDIENT),))
    async with Run(first, second) as run:
        await until(lambda: journal.events() == ["first started"])
        assert run.announced == 0
        ready.set()
        await until(lambda: journal.events() == ["first started", "second started"])
        await until(lambda: run.announced == 1)


async def test_a_stop_while_starting_starts_nothing_more(journal: Journal) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    stages = Stage((journal.spec("first", OBEDIENT),), never), Stage((journal.spec("second", OBEDIENT),))
    async with Run(*stages) as run:
        await until(journal.pids)
        run.supervisor.end(signal.SIGINT)
        assert await run.exit_code() == 0
    assert journal.events() == ["first started", "first stopped"]
    assert run.announced == 0


async def test_a_child_that_dies_is_restarted_with_growing_delays(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    dying = journal.spec("worker", "echo $NAME started $$ >> $LOG; exit 3")
    async with Run(Stage((dying,))) as run:
        await until(lambda: len(journal.pids()) == 3)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 1
    died: list[dict[str, Any]] = [vars(record) for record in caplog.records if record.message == "up.child_died"]
    assert [(record["child"], record["exit_code"]) for record in died[:2]] == [("worker", 3)] * 2
    assert [record["restart_in_s"] for record in died[:2]] == [0.2, 0.4]


async def test_a_killed_child_comes_back_and_the_others_never_notice(journal: Journal) -> None:
    stage = Stage((journal.spec("api-1", OBEDIENT), journal.spec("api-2", OBEDIENT)))
    async with Run(stage) as run:
        await until(lambda: len(journal.pids()) == 2)
        victim = next(words for words in journal.lines() if words[0] == "api-1")
        os.kill(int(victim[2]), signal.SIGKILL)
        await until(lambda: len(journal.pids()) == 3)
        assert journal.events().count("api-1 started") == 2
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 0


async def test_a_program_that_is_not_there_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    spec = ChildSpec("worker", ("/nonexistent/rinha",), {})
    async with Run(Stage((spec,))) as run:
        await until(lambda: [r for r in caplog.records if r.message == "up.child_not_started"])
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 1


async def test_a_child_that_refuses_its_settings_at_the_start_ends_everything_with_2(journal: Journal) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    stages = [
        Stage((journal.spec("simulator", OBEDIENT),)),
        Stage((journal.spec("worker", "while ! grep -q simulator $LOG; do sleep 0.01; done; exit 2"),), never),
    ]
    async with Run(*stages) as run:
        assert await run.exit_code() == 2
    assert journal.events() == ["simulator started", "simulator stopped"]


async def test_once_all_was_ready_a_2_is_a_death_like_any_other(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    script = 'echo $NAME started $$ >> $LOG; while [ ! -e "$LOG.go" ]; do sleep 0.01; done; exit 2'
    async with Run(Stage((journal.spec("worker", script),))) as run:
        await until(lambda: run.announced)
        journal.path.with_suffix(".go").touch()
        await until(lambda: len(journal.pids()) == 2)


async def test_a_child_that_ends_with_1_makes_the_exit_code_1(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    async with Run(Stage((journal.spec("worker", WAITING),))) as run:
        await until(journal.pids)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 1


async def test_a_child_that_sigterm_ends_before_it_handles_it_has_ended_well(journal: Journal) -> None:
    async with Run(Stage((journal.spec("api-1", NAIVE),))) as run:
        await until(journal.pids)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 0


async def test_a_child_that_does_not_stop_is_killed_after_the_limit(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    stages = Stage((journal.spec("worker", OBEDIENT),)), Stage((journal.spec("api-1", DEAF),))
    async with Run(*stages, stop_timeout_s=0.1) as run:
        await until(lambda: len(journal.pids()) == 2)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 1
    (killed,) = [vars(record) for record in caplog.records if record.message == "up.child_killed"]
    assert killed["child"] == "api-1"
    assert journal.events()[-1] == "worker stopped"
    assert all(gone(pid) for pid in journal.pids())


async def test_a_second_signal_kills_at_once(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = Stage((journal.spec("worker", OBEDIENT),)), Stage((journal.spec("api-1", DEAF),))
    async with Run(*stages) as run:
        await until(lambda: len(journal.pids()) == 2)
        run.supervisor.end(signal.SIGINT)
        monkeypatch.setattr("rinha.up.supervisor.ECHO_S", -1.0)
        run.supervisor.end(signal.SIGINT)
        assert await run.exit_code() == 130
    assert all(gone(pid) for pid in journal.pids())
    assert "worker stopped" not in journal.events()


async def test_the_echo_of_a_signal_is_no_second_one(journal: Journal) -> None:
    async with Run(Stage((journal.spec("worker", SLOW),))) as run:
        await until(journal.pids)
        run.supervisor.end(signal.SIGTERM)
        run.supervisor.end(signal.SIGTERM)
        assert await run.exit_code() == 0
    assert journal.events() == ["worker started", "worker stopped"]


async def test_children_have_sessions_of_their_own_so_that_ctrl_c_reaches_the_parent_alone(journal: Journal) -> None:
    async with Run(Stage((journal.spec("worker", OBEDIENT),))):
        await until(journal.pids)
        (pid,) = journal.pids()
        assert os.getsid(pid) == pid != os.getsid(0)


async def test_a_failure_while_starting_stops_what_was_started(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        await until(journal.pids)
        raise RuntimeError("broken")

    run = Supervisor(
        [Stage((journal.spec("worker", OBEDIENT),), broken)], stop_timeout_s=TIMEOUT_S, on_ready=lambda: None
    )
    with pytest.raises(RuntimeError, match="broken"):
        await run.run()
    assert journal.events() == ["worker started", "worker stopped"]


# ---- the command


API = r"""
import http.server, os, signal, socket, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Served-By", name)
        self.end_headers()

    def log_message(self, *_):
        pass

def stop(*_):
    os.write(1, f"stopped {name}\n".encode())
    os._exit(0)

name = os.environ["RINHA_API_NAME"]
signal.signal(signal.SIGTERM, stop)
server = http.server.HTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
os.write(1, f"bridge {os.environ['RINHA_BRIDGE']}\nstarted {name} {os.getpid()}\n".encode())
server.serve_forever()
"""

UP = """
import os, sys
from rinha.settings import load_settings
from rinha.up.child import ChildSpec
from rinha.up.main import make_stages, run_up
from rinha.up.supervisor import Stage

def table(settings, environ, listener):
    stage = make_stages(settings, environ, listener)[-1]
    argv = sys.executable, "-c", sys.argv[1]
    apis = [ChildSpec(api.name, (*argv, *api.argv[3:]), api.environ, api.pass_fds) for api in stage.children]
    return [Stage(tuple(apis), stage.until_ready)]

sys.exit(run_up(load_settings(os.environ), os.environ, table))
"""


class Command:
    """``rinha up`` with stand-ins for the APIs and nothing else, in a process of its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.out, self.err = tmp_path / "out", tmp_path / "err"
        environ = {
            **os.environ,
            "TMPDIR": str(tmp_path),
            "RINHA_HOST": "127.0.0.1",
            "RINHA_PORT": "0",
            "PROCESSOR_DEFAULT_URL": "http://one",
            "PROCESSOR_FALLBACK_URL": "http://two",
        }
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen([sys.executable, "-c", UP, API], stdout=out, stderr=err, env=environ)

    def words(self, first: str) -> list[list[str]]:
        return [line.split()[1:] for line in self.out.read_text().splitlines() if line.startswith(first)]

    def pids(self) -> list[int]:
        return [int(words[1]) for words in self.words("started")]


@pytest.fixture
def command(tmp_path: Path) -> Any:
    running = Command(tmp_path)
    yield running
    for pid in running.pids():
        if not gone(pid):
            os.kill(pid, signal.SIGKILL)
    if running.process.poll() is None:
        running.process.kill()
    running.process.wait(TIMEOUT_S)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_up_tells_where_it_listens_and_ends_well_on_a_signal(
    command: Command, tmp_path: Path, signum: signal.Signals
) -> None:
    wait_for(lambda: "rinha statistics" in command.err.read_text())
    assert "rinha listens on http://127.0.0.1:" in command.err.read_text()
    assert "curl -i http://127.0.0.1:" in command.err.read_text()
    bridges = {words[0] for words in command.words("bridge")}
    (directory,) = (os.path.dirname(bridge.removeprefix("unix:")) for bridge in bridges)
    assert os.stat(directory).st_mode & 0o777 == 0o700
    command.process.send_signal(signum)
    assert command.process.wait(TIMEOUT_S) == 0
    assert sorted(words[0] for words in command.words("stopped")) == ["payment-api-1", "payment-api-2"]
    assert not os.path.exists(directory)


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
def test_children_end_with_a_parent_that_is_killed(command: Command) -> None:
    wait_for(lambda: len(command.pids()) == 2)
    command.process.kill()
    # Perhaps several times: Linux sends the signal once per thread of the parent.
    wait_for(lambda: {words[0] for words in command.words("stopped")} == {"payment-api-1", "payment-api-2"})
    wait_for(lambda: all(gone(pid) for pid in command.pids()))


def test_a_taken_port_is_named_with_the_way_out(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = {
            "RINHA_HOST": "127.0.0.1",
            "RINHA_PORT": str(port),
            "PROCESSOR_DEFAULT_URL": "http://one",
            "PROCESSOR_FALLBACK_URL": "http://two",
        }
        assert run_up(load_settings(environ), environ) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line == (
        f"RINHA_PORT={port}: can't listen on port {port} of 127.0.0.1: another program listens there; "
        "choose another port (RINHA_PORT=0 takes a free one)"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no host"])
def test_a_host_that_is_none_of_ours_is_named(host: str, capfd: pytest.CaptureFixture[str]) -> None:
    environ = {
        "RINHA_HOST": host,
        "RINHA_PORT": "0",
        "PROCESSOR_DEFAULT_URL": "http://one",
        "PROCESSOR_FALLBACK_URL": "http://two",
    }
    assert run_up(load_settings(environ), environ) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"RINHA_HOST={host}: ")


def test_a_taken_simulator_port_is_named_with_the_way_out(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("rinha.up.main._host_and_port", lambda url: ("127.0.0.1", port))
        assert run_up(load_settings({}), {}) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert f"port {port} of 127.0.0.1, for a simulated processor" in line
    assert "PROCESSOR_DEFAULT_URL and PROCESSOR_FALLBACK_URL" in line


def test_the_table_starts_simulators_worker_and_apis_in_this_order() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stages = make_stages(
            load_settings({"RINHA_API_COUNT": "3"}), {"HOME": "/", "RINHA_BRIDGE": "unix:/b"}, listener
        )
        fd = listener.fileno()
    assert [[child.name for child in stage.children] for stage in stages] == [
        ["payment-processor-default", "payment-processor-fallback"],
        ["payment-worker"],
        ["payment-api-1", "payment-api-2", "payment-api-3"],
    ]
    simulator, worker, api = (stage.children[0] for stage in stages)
    assert simulator.argv[1:] == (
        *("-m", "rinha", "simulator", "--name", "default", "--host", "127.0.0.1", "--port", "8001"),
    )
    assert worker.argv[1:] == ("-m", "rinha", "worker")
    assert worker.environ == {"HOME": "/", "RINHA_BRIDGE": "unix:/b"}
    assert api.argv[1:] == ("-m", "rinha", "api", "--fd", str(fd))
    assert api.pass_fds == (fd,)
    assert api.environ == {"HOME": "/", "RINHA_BRIDGE": "unix:/b", "RINHA_API_NAME": "payment-api-1"}


def test_with_processors_of_its_own_it_starts_no_simulators() -> None:
    environ = {"PROCESSOR_DEFAULT_URL": "http://one", "PROCESSOR_FALLBACK_URL": "http://two"}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        names = [c.name for stage in make_stages(load_settings(environ), environ, listener) for c in stage.children]
    assert names == ["payment-worker", "payment-api-1", "payment-api-2"]


# ---- readiness


async def serve(answers: list[bytes]) -> asyncio.Server:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0) if len(answers) > 1 else answers[0])
        writer.close()
        await writer.wait_closed()

    return await asyncio.start_server(handle, "127.0.0.1", 0)


def answer(status: int, name: str) -> bytes:
    header = f"X-Served-By: {name}\r\n" if name else ""
    return f"HTTP/1.1 {status} X\r\n{header}Content-Length: 0\r\n\r\n".encode()


async def test_apis_are_ready_once_each_of_them_said_so() -> None:
    answers = [b"", b"junk", answer(503, "a"), answer(200, "a"), answer(503, "b"), answer(200, "a"), answer(200, "b")]
    async with await serve(answers) as server, asyncio.timeout(TIMEOUT_S):
        await until_apis_ready("127.0.0.1", server.sockets[0].getsockname()[1], frozenset("ab"))
    assert len(answers) == 1


async def test_one_ready_api_is_not_both() -> None:
    async with await serve([answer(200, "a"), answer(503, "b"), answer(503, "b")]) as server:
        waiting = asyncio.create_task(
            until_apis_ready("127.0.0.1", server.sockets[0].getsockname()[1], frozenset("ab"))
        )
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        await cancel(waiting)


async def test_one_ready_api_that_answers_again_and_again_is_still_one() -> None:
    answers = [answer(200, "a")] * 5 + [answer(200, "b")]
    async with await serve(answers) as server, asyncio.timeout(TIMEOUT_S):
        await until_apis_ready("127.0.0.1", server.sockets[0].getsockname()[1], frozenset("ab"))
    assert len(answers) == 1


async def test_a_slow_start_is_logged_with_who_is_missing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rinha.up.readiness.PATIENCE_S", 0.05)
    async with await serve([answer(503, "a")]) as server:
        waiting = asyncio.create_task(until_apis_ready("127.0.0.1", server.sockets[0].getsockname()[1], frozenset("a")))
        await until(lambda: caplog.records)
        await cancel(waiting)
    assert vars(caplog.records[0])["missing"] == ["a"]
    assert caplog.records[0].levelno == logging.WARNING


async def test_until_listening_returns_when_something_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        place = reserved.getsockname()
        waiting = asyncio.create_task(until_listening([place]))
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done
        reserved.listen()
        await asyncio.wait_for(waiting, TIMEOUT_S)
