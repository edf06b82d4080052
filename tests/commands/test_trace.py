"""``rinha trace``: logs, pipes and a running system, and what a person reads if there is nothing to show."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rinha.commands.errors import CommandError
from rinha.commands.main import main
from rinha.commands.parser import make_parser
from rinha.commands.trace import run_trace
from tests.support.patience import PATIENCE_S
from tests.trace.lines import API, ID, WORKER, refused_once, settled, text, uuid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("RINHA_", "PROCESSOR_")):
            monkeypatch.delenv(name)


@pytest.fixture
def log(tmp_path: Path) -> str:
    (tmp_path / "rinha.log").write_bytes(
        text(settled(uuid(1 << 60), 1.0, processor_ms=7))
        + b'{"event":"worker.started"}\n'
        + text(refused_once(), "payment-worker-1  | ")
        + text(settled(uuid((1 << 60) + 1), 3.0))
    )
    return str(tmp_path / "rinha.log")


def answer(*payments: list[dict[str, Any]], missing: tuple[str, ...] = ()) -> dict[str, Any]:
    """What an API answers: lines, taken apart."""
    processes = []
    for (role, run), kind in ((API, "api"), (("payment-api-2", "a2"), "api"), (WORKER, "worker")):
        noted = [each for lines in payments for each in lines if each["run"] == run]
        hops = [{"attempt": 0, "actor": "", "fields": None, **each} for each in noted]
        names = ("correlationId", "hop", "start_ns", "took_ns", "attempt", "actor", "fields")
        hops = [{name: each[name] for name in names} for each in hops]
        processes.append({"role": role, "run": run, "kind": kind, "hops": hops})
    return {"processes": processes, "missing": list(missing)}


def no_system(path: str) -> Any:
    raise AssertionError(f"asked for {path}")


def run(*arguments: str, get: Callable[[str], Any] = no_system) -> int:
    return run_trace(make_parser().parse_args(["trace", *arguments]), get, {})


def piped(given: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RINHA_")}
    command = (sys.executable, "-m", "rinha", "trace", *arguments)
    return subprocess.run(
        command, input=given, capture_output=True, timeout=PATIENCE_S, check=False, env={**clean, "PYTHONUTF8": "1"}
    )


@pytest.mark.parametrize("arguments", [(), (ID,), ("--failed",), ("-",)])
def test_who_pipes_nothing_is_told_how_to_ask_the_running_system(arguments: tuple[str, ...]) -> None:
    done = piped(b"", *arguments)
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"in what is piped in" in done.stderr
    assert b"with `</dev/null` the running system is asked" in done.stderr


@pytest.mark.parametrize("given", [ID, ID.replace("-", ""), ID[:6], ID.upper()])
def test_one_payment_is_drawn_from_a_log(log: str, capfd: pytest.CaptureFixture[str], given: str) -> None:
    assert main(["trace", given, log]) == 0
    out, err = capfd.readouterr()
    assert out.startswith(f"{ID}  settled at fallback")
    assert out.count("\n\n") == 1
    assert err == ""


def test_the_file_may_stand_first(log: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", log, ID]) == 0
    assert capfd.readouterr().out.startswith(ID)


def test_the_slowest_come_first(log: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--slowest", "2", log]) == 0
    pictures = capfd.readouterr().out.split("\n\n")
    assert pictures[0].startswith(ID)
    assert pictures[2].startswith(uuid(1 << 60))
    assert len(pictures) == 4


def test_without_a_word_the_slowest_are_drawn(log: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", log]) == 0
    assert capfd.readouterr().out.startswith(ID)


def test_the_failed_alone(log: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--failed", "--json", log]) == 0
    (found,) = map(json.loads, capfd.readouterr().out.splitlines())
    assert found["correlationId"] == ID


def test_a_summary_is_of_all(log: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--summary", log]) == 0
    assert capfd.readouterr().out.startswith("3 payments:")
    assert main(["trace", "--summary", "--json", log]) == 0
    assert json.loads(capfd.readouterr().out)["payments"] == 3


@pytest.mark.parametrize("form", ["--json", "--otlp"])
def test_programs_get_a_line_for_each_payment(log: str, capfd: pytest.CaptureFixture[str], form: str) -> None:
    assert main(["trace", form, log]) == 0
    assert len([json.loads(each) for each in capfd.readouterr().out.splitlines()]) == 3


def test_chrome_gets_one_document(log: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--chrome", log]) == 0
    events = json.loads(capfd.readouterr().out)["traceEvents"]
    assert sum(event["ph"] == "X" for event in events) == 23


@pytest.mark.parametrize("arguments", [(ID,), (ID, "-"), ("--slowest", "1")])
def test_a_log_may_come_through_a_pipe(arguments: tuple[str, ...]) -> None:
    done = piped(text(refused_once(), "payment-worker-1  | "), *arguments)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(ID.encode())
    assert b"\x1b" not in done.stdout


def test_a_pipe_may_be_followed() -> None:
    done = piped(text(refused_once()) + text(settled(uuid(1))[:3]), "-f", "--json")
    assert done.returncode == 0
    assert [json.loads(each)["has_ended"] for each in done.stdout.splitlines()] == [True, False]


def test_lines_that_are_missing_are_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    gap = b'{"event":"trace.dropped","role":"payment-worker","run":"b2","hops":17}\n'
    (tmp_path / "log").write_bytes(gap + text(settled()))
    assert main(["trace", ID, str(tmp_path / "log")]) == 0
    assert capfd.readouterr().err == ("note: 17 hops of payment-worker were dropped: its lines weren't read in time\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["123456"], "no trace of a payment 123456 in "),
        (["10000000"], "2 payments begin with 10000000, give more digits: "),
        ([ID, "654321"], "'654321' is one too many"),
        (["other.log"], "'{log}' is one too many"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_line(
    log: str, capfd: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["trace", *arguments, log]) != 0
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(words.format(log=log))
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(("name", "words"), [("nowhere.log", "No such file"), ("", "Is a directory")])
def test_a_log_that_cannot_be_read_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    assert main(["trace", str(tmp_path / name)]) == 2
    assert words in capfd.readouterr().err


def test_a_log_without_traces_names_the_setting(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_bytes(b'{"event":"worker.started"}\n')
    for more in ([], ["--summary"], ["--chrome"]):
        assert main(["trace", *more, str(tmp_path / "log")]) == 1
        out, err = capfd.readouterr()
        assert (out, "RINHA_TRACE_SHARE" in err) == ("", True)
    assert main(["trace", "--failed", str(tmp_path / "log")]) == 1
    assert "no payment was refused, unknown or parked in" in capfd.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--slowest", "0"], ["--slowest", "x"], ["--slowest", "1", "--failed"], ["--otlp", "--chrome"]]
)
def test_arguments_that_make_no_sense_end_with_2(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["trace", *arguments])
    assert ended.value.code == 2
    assert "usage: rinha trace" in capfd.readouterr().err


@pytest.mark.usefixtures("terminal")
class TestSystem:
    """Without a log the running system is asked."""

    @pytest.fixture
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with open(os.devnull, encoding="ascii") as nothing:
            monkeypatch.setattr("sys.stdin", nothing)
            yield

    def test_one_payment(self, capfd: pytest.CaptureFixture[str]) -> None:
        asked: list[str] = []

        def get(path: str) -> Any:
            asked.append(path)
            return answer(refused_once())

        assert run(ID, get=get) == 0
        assert asked == [f"/traces/{ID.replace('-', '')}"]
        assert capfd.readouterr().out.startswith(f"{ID}  settled at fallback")

    @pytest.mark.parametrize(
        ("arguments", "path"),
        [
            (["--slowest", "7"], "/traces?slowest=7"),
            (["--failed"], "/traces?failed=20"),
            ([], "/traces?slowest=5"),
            (["--summary"], "/traces?slowest=100"),
        ],
    )
    def test_several(self, capfd: pytest.CaptureFixture[str], arguments: list[str], path: str) -> None:
        asked: list[str] = []

        def get(path: str) -> Any:
            asked.append(path)
            return answer(settled(uuid(1 << 60)), refused_once())

        assert run(*arguments, get=get) == 0
        assert asked == [path]
        assert capfd.readouterr().out

    def test_whoever_has_nothing_of_it_is_named(self, capfd: pytest.CaptureFixture[str]) -> None:
        worker = [each for each in settled() if each["role"] == WORKER[0]]
        assert run(ID, get=lambda path: answer(worker, missing=("payment-api-3: no answer within 0.5 s",))) == 0
        out, err = capfd.readouterr()
        assert "incomplete: nothing from payment-api-1, payment-api-2: the ring has gone on" in out
        assert err == "note: payment-api-3: no answer within 0.5 s\n"

    def test_a_payment_that_it_does_not_have(self) -> None:
        with pytest.raises(CommandError, match="`rinha payment 4a7901` says what became of it"):
            run("4a7901", get=lambda path: answer())

    @pytest.mark.parametrize(
        "strange", [[], {"processes": [{}]}, {"processes": [{**answer(settled())["processes"][0], "hops": [{}]}]}]
    )
    def test_an_answer_of_another_version(self, strange: Any) -> None:
        with pytest.raises(CommandError, match="as this version knows them"):
            run(ID, get=lambda path: strange)

    def test_nobody_there(self, capfd: pytest.CaptureFixture[str]) -> None:
        assert main(["trace", ID, "--url", "http://127.0.0.1:1"]) == 3
        assert len(capfd.readouterr().err.splitlines()) == 1


def test_a_reader_that_goes_away_is_no_error(log: str) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as gone:
        command = (sys.executable, "-m", "rinha", "trace", "--chrome", log)
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, check=False, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_ends_following_quietly(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(text(settled()))
    command = (sys.executable, "-m", "rinha", "trace", "-f", str(tmp_path / "log"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith(ID.encode())
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, err) == (130, b"")
