from __future__ import annotations

import ctypes
import logging
import platform
import re
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rinha.time_slice import ask_for_slice
from tests.support.processes import running, simulators, system_environ

if TYPE_CHECKING:
    from pathlib import Path

SLICES_SINCE = (6, 12)
SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}
ATTRIBUTES_BYTES = 48
RUNTIME_AT = 24


def kernel() -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", platform.release())[:2])


def slice_ns(pid: int) -> int | None:
    """The time slice of a process's first thread; None if the system doesn't tell."""
    attributes = ctypes.create_string_buffer(ATTRIBUTES_BYTES)
    number = SCHED_GETATTR.get(platform.machine(), -1)
    if ctypes.CDLL(None).syscall(number, pid, attributes, ATTRIBUTES_BYTES, 0):
        return None
    (found,) = struct.unpack_from("Q", attributes, RUNTIME_AT)
    return int(found)


@pytest.mark.skipif(kernel() < SLICES_SINCE, reason="this kernel has one slice for all")
@pytest.mark.parametrize(("role", "says"), [("worker", "worker.started"), ("api", "api.listening")])
def test_a_process_has_its_slice_or_says_that_it_was_refused(role: str, says: str, tmp_path: Path) -> None:
    with simulators() as urls:
        environ = system_environ(urls, tmp_path, RINHA_TIME_SLICE_MS="0.25", RINHA_PORT="0")
        with running(role, environ=environ) as process:
            process.until_logged(says)
            assert slice_ns(process.pid) == 250_000 or process.logged("process.slice_refused")


def test_without_a_wish_nothing_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    before = slice_ns(0)
    ask_for_slice(0)
    assert slice_ns(0) == before
    assert caplog.records == []


def test_a_machine_whose_call_is_unknown_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    with caplog.at_level(logging.WARNING):
        ask_for_slice(0.1)

    (record,) = caplog.records
    assert (record.message, vars(record)["reason"]) == ("process.slice_refused", "its call is unknown for pdp11")


def test_another_scheduling_policy_is_left_as_it_is() -> None:
    """In a process of its own: nobody gets out of that policy without privileges."""
    code = (
        "import logging, os; from rinha.time_slice import ask_for_slice; logging.basicConfig()\n"
        "os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)); ask_for_slice(0.1)\n"
        "print(os.sched_getscheduler(0) == os.SCHED_IDLE)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)

    assert done.stdout == "True\n"
    assert "process.slice_refused" in done.stderr
