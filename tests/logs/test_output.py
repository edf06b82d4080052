"""Pipes that nobody reads, full disks and streams that aren't there: lines are lost and counted, nobody waits."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, TypeAlias

import pytest

from rinha.logs import output
from rinha.logs.output import LineWriter, open_missing_streams, say
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIPE_FILLING = b"x" * 2**20


Writers: TypeAlias = "Callable[[int], LineWriter]"


class Pipe:
    """A pipe that is read when the test says so."""

    def __init__(self) -> None:
        read_end, self.write_end = os.pipe()
        self.reader: IO[bytes] = os.fdopen(read_end, "rb")

    def close(self) -> None:
        self.reader.close()
        os.close(self.write_end)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


@pytest.fixture
def writers() -> Iterator[Writers]:
    """Makes writers, and ends them."""
    made: list[LineWriter] = []

    def make(fd: int) -> LineWriter:
        made.append(LineWriter(fd, missing))
        return made[-1]

    yield make
    for writer in made:
        writer.close(PATIENCE_S)


def missing(lines: int) -> bytes:
    return b"%d missing\n" % lines


def test_lines_are_written_in_order(pipe: Pipe, writers: Writers) -> None:
    writer = writers(pipe.write_end)
    for number in range(100):
        writer.put(b"%d\n" % number)
    assert writer.flush(PATIENCE_S)
    assert [int(pipe.reader.readline()) for _ in range(100)] == list(range(100))


def test_what_nobody_reads_is_dropped_and_counted_in_its_place(
    pipe: Pipe, writers: Writers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "WAITING_BYTES_MAX", 20)
    writer = writers(pipe.write_end)
    writer.put(PIPE_FILLING + b"\n")
    select.select([pipe.reader], [], [])  # the thread has taken it, and can't go on
    for number in range(10, 20):
        writer.put(b"line %d\n" % number)  # 8 bytes: the bound is reached with the third

    assert pipe.reader.readline() == PIPE_FILLING + b"\n"
    assert [pipe.reader.readline() for _ in range(4)] == [b"line 10\n", b"line 11\n", b"line 12\n", b"7 missing\n"]
    writer.put(b"after\n")
    assert pipe.reader.readline() == b"after\n"


def test_a_line_longer_than_the_bound_is_written_if_nothing_waits(
    pipe: Pipe, writers: Writers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "WAITING_BYTES_MAX", 20)
    writers(pipe.write_end).put(b"y" * 100 + b"\n")
    assert len(pipe.reader.readline()) == 101


def test_what_a_full_disk_does_not_take_is_counted(pipe: Pipe, writers: Writers) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    place = os.dup(full)
    writer = writers(place)
    for _ in range(3):
        writer.put(b"lost\n")
    assert writer.flush(PATIENCE_S)
    os.dup2(pipe.write_end, place)
    writer.put(b"written\n")
    assert [pipe.reader.readline(), pipe.reader.readline()] == [b"written\n", b"3 missing\n"]
    os.close(full)
    os.close(place)


def test_a_stream_that_another_process_made_non_blocking_loses_nothing(pipe: Pipe, writers: Writers) -> None:
    os.set_blocking(pipe.write_end, False)
    writer = writers(pipe.write_end)
    writer.put(PIPE_FILLING + b"\n")
    assert pipe.reader.readline() == PIPE_FILLING + b"\n"
    writer.put(b"after\n")
    assert pipe.reader.readline() == b"after\n"


def test_several_threads_may_put(pipe: Pipe, writers: Writers) -> None:
    writer = writers(pipe.write_end)

    def put() -> None:
        for _ in range(200):
            writer.put(b"line\n")

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert {pipe.reader.readline() for _ in range(800)} == {b"line\n"}
    for thread in threads:
        thread.join(PATIENCE_S)


def test_a_closed_writer_has_written_all_and_its_thread_is_gone(pipe: Pipe, writers: Writers) -> None:
    before = set(threading.enumerate())
    writer = writers(pipe.write_end)
    writer.put(b"one\n")
    writer.close(PATIENCE_S)
    assert set(threading.enumerate()) <= before
    writer.put(b"another\n")
    assert [pipe.reader.readline(), pipe.reader.readline()] == [b"one\n", b"another\n"]


LOGGING = (
    "import logging, sys\nfrom rinha.logs.configure import configure_logging\nconfigure_logging('info', role='x')\n"
)


def test_a_process_whose_log_nobody_reads_ends_and_says_what_is_missing_once_it_is_read() -> None:
    code = LOGGING + (
        "for number in range(5000): logging.info('x' * 100)\n"
        "sys.stderr.write('through\\n')\n"
        "sys.stdin.readline()\n"
        "logging.info('at last')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        assert process.stderr.readline() == b"through\n"
        seen = missing = 0
        while seen + missing < 5000:  # a writer that got its first turn late leaves more than one gap
            line = json.loads(process.stdout.readline())
            if line["event"] == "log.lines_dropped":
                assert line["level"] == "warning"
                missing += line["lines"]
            else:
                seen += 1
        assert missing > 0
        assert seen + missing == 5000
        process.stdin.write(b"\n")
        process.stdin.close()
        assert json.loads(process.stdout.readline())["event"] == "at last"
        assert process.wait(PATIENCE_S) == 0


def test_the_end_of_a_process_does_not_wait_for_a_log_that_nobody_reads(pipe: Pipe) -> None:
    code = LOGGING + "for number in range(5000): logging.info('x' * 100)\nsys.exit(7)"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=pipe.write_end, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stderr) == (7, b"")


def test_the_last_lines_are_written_at_the_end() -> None:
    code = LOGGING + "logging.info('the last')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=PATIENCE_S, check=True)
    assert json.loads(done.stdout)["event"] == "the last"


def test_what_is_said_is_a_line_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    say("ready")
    assert capfd.readouterr().err == "ready\n"


@pytest.mark.parametrize("stderr", ["/dev/full", "&-"])
def test_to_say_something_to_nobody_raises_nothing(stderr: str) -> None:
    code = "from rinha.logs.output import *; open_missing_streams(); say('ready'); print('alive')"
    command = f'exec {sys.executable} -c "{code}" 2>{stderr}'
    done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stdout) == (0, b"alive\n")


def test_a_missing_stream_is_opened_so_that_nothing_takes_its_place() -> None:
    code = (
        "import os, sys; from rinha.logs.output import *; open_missing_streams();"
        "print('out'); print('err', file=sys.stderr);"
        "sys.exit(0 if min(os.pipe()) > 2 else 1)"
    )
    command = f'exec {sys.executable} -c "{code}" <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", command], timeout=PATIENCE_S, check=False).returncode == 0


def test_streams_that_are_there_are_left_alone() -> None:
    before = sys.stdout, sys.stderr, os.fstat(2).st_ino
    open_missing_streams()
    assert (sys.stdout, sys.stderr, os.fstat(2).st_ino) == before
