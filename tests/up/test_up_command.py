"""``rinha up`` as a command, with stand-ins for the APIs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from rinha.net.http_url import HttpUrl
from rinha.settings.load import load_settings
from rinha.settings.processors import ProcessorSettings
from rinha.up.bridge import Bridge
from rinha.up.main import make_stages, run_up
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

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
from rinha.settings.load import load_settings
from rinha.up.child import ChildSpec
from rinha.up.bridge import Bridge
from rinha.up.main import make_stages, run_up
from rinha.up.stages import Stage

def table(settings, environ, listener, bridge):
    stage = make_stages(settings, environ, listener, bridge)[-1]
    argv = sys.executable, "-c", sys.argv[1]
    apis = [ChildSpec(api.name, (*argv, *api.argv[3:]), api.environ, api.pass_fds) for api in stage.children]
    return [Stage(tuple(apis), stage.until_ready)]

sys.exit(run_up(load_settings(os.environ), os.environ, table))
"""


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
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


class Command:
    """``rinha up`` with stand-ins for the APIs and nothing else, in a process of its own."""

    def __init__(self, tmp_path: Path, **variables: str) -> None:
        self.out, self.err = tmp_path / "out", tmp_path / "err"
        environ = {
            **os.environ,
            "TMPDIR": str(tmp_path),
            "RINHA_HOST": "127.0.0.1",
            "RINHA_PORT": "0",
            "PROCESSOR_DEFAULT_URL": "http://one",
            "PROCESSOR_FALLBACK_URL": "http://two",
            "XDG_RUNTIME_DIR": str(tmp_path),
            **variables,
        }
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen([sys.executable, "-c", UP, API], stdout=out, stderr=err, env=environ)

    def words(self, first: str) -> list[list[str]]:
        return [line.split()[1:] for line in self.out.read_text().splitlines() if line.startswith(first)]

    def pids(self) -> list[int]:
        return [int(words[1]) for words in self.words("started")]

    def end(self) -> None:
        """Leave nothing of it."""
        for pid in self.pids():
            if not gone(pid):
                os.kill(pid, signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def command(tmp_path: Path) -> Any:
    running = Command(tmp_path)
    yield running
    running.end()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_up_tells_where_it_listens_and_ends_well_on_a_signal(
    command: Command, tmp_path: Path, signum: signal.Signals
) -> None:
    wait_for(lambda: "rinha statistics" in command.err.read_text())
    assert "rinha listens on http://127.0.0.1:" in command.err.read_text()
    assert "curl -i http://127.0.0.1:" in command.err.read_text()
    ((bridge,),) = {tuple(words) for words in command.words("bridge")}
    left = tmp_path / "rinha.json"
    word = json.loads(left.read_text())
    assert word["RINHA_BRIDGE"] == bridge
    assert bridge.startswith("tcp://127.0.0.1:")
    assert f"rinha listens on {word['url']};" in command.err.read_text()
    assert left.stat().st_mode & 0o777 == 0o600
    secret = word["RINHA_BRIDGE_SECRET"]
    assert len(secret) == 64
    assert secret not in command.err.read_text() + command.out.read_text()
    for pid in (command.process.pid, *command.pids()):
        assert secret.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    command.process.send_signal(signum)
    assert command.process.wait(PATIENCE_S) == 0
    assert sorted(words[0] for words in command.words("stopped")) == ["payment-api-1", "payment-api-2"]
    assert not left.exists()


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


@pytest.mark.parametrize("host", ["192.0.2.1", "unix:/run/api"])
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
    capfd: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        simulated = ProcessorSettings("default", HttpUrl("127.0.0.1", port), 500)
        assert run_up(msgspec.structs.replace(load_settings({}), processors=(simulated,)), {}) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert f"port {port} of 127.0.0.1, for a simulated processor" in line
    assert "PROCESSOR_DEFAULT_URL and PROCESSOR_FALLBACK_URL" in line


def test_the_table_starts_simulators_worker_and_apis_in_this_order() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("", 0)) as worker_listener:
        bridge = Bridge({"HOME": "/", "RINHA_BRIDGE": "unix:/b"}, worker_listener)
        stages = make_stages(load_settings({"RINHA_API_COUNT": "3"}), {"HOME": "/"}, listener, bridge)
        fd, worker_fd = listener.fileno(), worker_listener.fileno()
    assert [[child.name for child in stage.children] for stage in stages] == [
        ["payment-processor-default", "payment-processor-fallback"],
        ["payment-worker"],
        ["payment-api-1", "payment-api-2", "payment-api-3"],
    ]
    simulator, worker, api = (stage.children[0] for stage in stages)
    assert simulator.argv[1:] == (
        *("-m", "rinha", "simulator", "--name", "default", "--host", "127.0.0.1", "--port", "8001"),
    )
    assert simulator.environ == {"HOME": "/"}
    assert worker.argv[1:] == ("-m", "rinha", "worker", "--fd", str(worker_fd))
    assert worker.pass_fds == (worker_fd,)
    assert worker.environ == {"HOME": "/", "RINHA_BRIDGE": "unix:/b"}
    assert api.argv[1:] == ("-m", "rinha", "api", "--fd", str(fd))
    assert api.pass_fds == (fd,)
    assert api.environ == {"HOME": "/", "RINHA_BRIDGE": "unix:/b", "RINHA_API_NAME": "payment-api-1"}


def test_there_is_a_simulator_for_each_processor_that_the_settings_hold() -> None:
    processors = tuple(ProcessorSettings(f"p{n}", HttpUrl("127.0.0.1", 9000 + n), 100) for n in range(3))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = msgspec.structs.replace(load_settings({}), processors=processors)
        simulators = make_stages(settings, {}, listener, Bridge({}))[0]
    assert [child.argv[4:] for child in simulators.children] == [
        ("--name", f"p{n}", "--host", "127.0.0.1", "--port", f"900{n}") for n in range(3)
    ]


def test_with_processors_of_its_own_it_starts_no_simulators() -> None:
    environ = {"PROCESSOR_DEFAULT_URL": "http://one", "PROCESSOR_FALLBACK_URL": "http://two"}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stages = make_stages(load_settings(environ), environ, listener, Bridge(environ))
    names = [child.name for stage in stages for child in stage.children]
    assert names == ["payment-worker", "payment-api-1", "payment-api-2"]
