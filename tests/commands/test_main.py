from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rinha.commands.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("RINHA_", "PROCESSOR_"))]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["up"], ["api"], ["worker"], ["simulator", "--name", "default", "--port", "0"], ["statistics"]],
    ids=lambda arguments: arguments[0],
)
def test_every_wrong_setting_has_a_line_on_stderr_and_the_exit_code_is_2(
    arguments: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINHA_PORT", "x")
    monkeypatch.setenv("RINHA_PROT", "1")
    assert main(arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert [line.partition(":")[0] for line in err.splitlines()] == ["RINHA_PROT", "RINHA_PORT=x"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["api", "--fd", "x"],
        ["simulator", "--port", "1"],
        ["simulator", "--name", "third", "--port", "1"],
        ["simulator", "--name", "default", "--port", "65536"],
        ["simulator", "--name", "default", "--port", "1", "--host", "a..b"],
        ["payment"],
        ["payment", ID],
        ["payment", ID, "--settled", "default", "2025-07-15T12:34:56.789Z"],
        ["payment", ID, "--settled", "default", "2025-07-15T12:34:56.789Z", "1990", "--not-settled"],
        ["payment", ID, "--settled", "default", "2025-07-15T12:34:56.789Z", "19.90"],
        ["payment", ID, "--settled", "default", "yesterday", "1990"],
        ["payment", ID, "--settled", "", "2025-07-15T12:34:56.789Z", "1990"],
        ["payment", "x", "--not-settled"],
        ["payment", ID, "--not-settled", "--by", "x" * 101],
    ],
)
def test_arguments_that_make_no_sense_end_with_2(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: rinha" in capfd.readouterr().err


def test_a_simulator_plays_one_of_the_processors_that_the_settings_name(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["simulator", "--name", "third", "--port", "1"])
    assert "--name 'third': the processors are default, fallback" in capfd.readouterr().err


def test_help_names_every_command(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    out = capfd.readouterr().out
    for command in ("up", "api", "worker", "simulator", "check", "statistics", "rows", "parked", "unknown", "payment"):
        assert re.search(rf"^ +{command}\s", out, re.M)


def test_up_with_a_taken_port_ends_with_2(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("RINHA_HOST", "127.0.0.1")
        monkeypatch.setenv("RINHA_PORT", str(taken.getsockname()[1]))
        monkeypatch.setenv("PROCESSOR_DEFAULT_URL", "http://one")
        monkeypatch.setenv("PROCESSOR_FALLBACK_URL", "http://two")
        done = subprocess.run([sys.executable, "-m", "rinha", "up"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "question", [["statistics"], ["rows"], ["parked"], ["unknown"], ["payment", ID, "--not-settled"]], ids=" ".join
)
def test_without_a_worker_a_question_ends_with_1_and_one_clear_line(
    question: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rinha.commands.ask.CONNECT_TIMEOUT_S", 0.1)
    monkeypatch.setenv("RINHA_BRIDGE", "unix:/nonexistent/bridge")
    assert main(question) == 1
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert "no worker at unix:/nonexistent/bridge" in line


def test_a_reader_that_goes_away_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "rinha", "check"], stdout=gone, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_command_s_libraries_are_loaded_before_it_runs() -> None:
    code = (
        "import rinha.commands.main, sys; print({'gevent', 'aiohttp', 'pykka', 'uvloop', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_ctrl_c_while_the_command_is_loaded_ends_it_without_a_traceback() -> None:
    code = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "rinha.commands.main":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from rinha.__main__ import main
sys.exit(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RINHA_BRIDGE", f"unix:{tmp_path}/bridge")
    monkeypatch.setenv("RINHA_BRIDGE_SECRET", "s3cret, long enough")
    monkeypatch.setenv("PROCESSOR_DEFAULT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PROCESSOR_FALLBACK_URL", "http://127.0.0.1:2")
    process = subprocess.Popen([sys.executable, "-m", "rinha", "worker"], stdout=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + 20
        while not (tmp_path / "bridge").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.usefixtures("worker")
def test_questions_are_answered_with_json_lines(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["statistics"]) == 0
    (line,) = capfd.readouterr().out.splitlines()
    statistics = json.loads(line)
    assert (statistics["accepted"], statistics["dead_letters"], list(statistics["processors"])) == (
        0,
        {},
        ["default", "fallback"],
    )
    assert main(["rows"]) == 0
    assert main(["parked"]) == 0
    assert capfd.readouterr().out == ""
    assert main(["parked", "--retry"]) == 0
    assert json.loads(capfd.readouterr().out) == {"retried": 0}
    assert main(["unknown"]) == 0
    assert capfd.readouterr().out == ""


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("ending", [["--settled", "default", "2025-07-15T12:34:56.789Z", "1990"], ["--not-settled"]])
def test_a_payment_that_is_not_closed_is_explained(capfd: pytest.CaptureFixture[str], ending: list[str]) -> None:
    assert main(["payment", ID, *ending, "--by", "ada", "--reason", "a test"]) == 1
    assert capfd.readouterr() == ("", "The worker knows no payment of this id.\n")


@pytest.mark.usefixtures("worker")
def test_a_wrong_secret_gets_no_answer(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rinha.commands.ask.CONNECT_TIMEOUT_S", 0.2)
    monkeypatch.setenv("RINHA_BRIDGE_SECRET", "another, as long as it")
    assert main(["statistics"]) == 1
    assert "RINHA_BRIDGE_SECRET opens it" in capfd.readouterr().err
