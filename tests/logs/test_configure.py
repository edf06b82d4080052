from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from rinha.logs.configure import RECENT, StdoutHandler, configure_logging
from rinha.settings.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def configured() -> Iterator[logging.Logger]:
    root, before = logging.getLogger(), sys.excepthook
    level = root.level
    configure_logging("info", role="payment-api-1")
    yield logging.getLogger("rinha.test")
    logging.captureWarnings(False)
    sys.excepthook = before
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if isinstance(handler, StdoutHandler)]:
        root.removeHandler(handler)
        handler.close()
    root.removeHandler(RECENT)


def only_line(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    for handler in logging.getLogger().handlers:
        handler.flush()
    out, err = capfd.readouterr()
    assert err == ""
    assert out.endswith("\n")
    (line,) = out.splitlines()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_a_record_is_one_line_of_json(configured: logging.Logger, capfd: pytest.CaptureFixture[str]) -> None:
    configured.info("bridge.session_opened", extra={"api": "payment-api-2", "payments": 3})
    line = only_line(capfd)
    assert list(line) == ["at", "level", "logger", "event", "role", "pid", "api", "payments"]
    at = line.pop("at")
    assert (len(at), at[10], at[19], at[23]) == (24, "T", ".", "Z")
    assert line == {
        "level": "info",
        "logger": "rinha.test",
        "event": "bridge.session_opened",
        "role": "payment-api-1",
        "pid": os.getpid(),
        "api": "payment-api-2",
        "payments": 3,
    }


def test_the_instant_is_utc_in_milliseconds(configured: logging.Logger, capfd: pytest.CaptureFixture[str]) -> None:
    record = configured.makeRecord("x", logging.INFO, "f", 1, "e", (), None)
    record.created = 1752582896.9996
    configured.handle(record)
    assert only_line(capfd)["at"] == "2025-07-15T12:34:56.999Z"


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@dataclass
class Credentials:
    secret: Secret


NESTED: list[Any] = []
NESTED.append(NESTED)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("two\nlines", "two\nlines"),
        ("\ud800", "\\ud800"),
        (b"\x01\xff", "01ff"),
        (Secret("s3cret"), "********"),
        (Credentials(Secret("s3cret")), "Credentials(secret=********)"),
        (2**70, str(2**70)),
        (float("nan"), None),
        (OrderedDict(key=[Secret("s3cret")]), {"key": ["********"]}),
        ({1: {2.5: "x"}}, {"1": {"2.5": "x"}}),
        (frozenset({1}), "frozenset({1})"),
        (ValueError("wrong"), "wrong"),
        (Unprintable(), "<Unprintable that can't be shown>"),
        (NESTED, "[[...]]"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_logged_it_stays_one_line(
    configured: logging.Logger, capfd: pytest.CaptureFixture[str], value: object, shown: object
) -> None:
    configured.info("event", extra={"value": value, "other": 1})
    line = only_line(capfd)
    assert (line["value"], line["other"]) == (shown, 1)


def test_extras_do_not_replace_the_record_s_own_fields(
    configured: logging.Logger, capfd: pytest.CaptureFixture[str]
) -> None:
    configured.info("event", extra={"level": "high", "at": "home"})
    line = only_line(capfd)
    assert (line["level"], line["level_"], line["at_"]) == ("info", "high", "home")


def test_an_exception_is_a_field_with_its_traceback(
    configured: logging.Logger, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        raise KeyError("here")
    except KeyError:
        configured.exception("failed", stack_info=True)
    line = only_line(capfd)
    assert line["level"] == "error"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("KeyError: 'here'")
    assert "test_configure.py" in line["stack"]


def test_records_below_the_level_are_not_written(configured: logging.Logger, capfd: pytest.CaptureFixture[str]) -> None:
    configured.debug("hidden")
    assert capfd.readouterr().out == ""


def test_other_libraries_and_warnings_are_logged_too(
    configured: logging.Logger, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("pykka").warning("from a library")
    assert only_line(capfd)["logger"] == "pykka"
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("take care", UserWarning, stacklevel=1)
    line = only_line(capfd)
    assert line["logger"] == "py.warnings"
    assert "take care" in line["event"]


def run_python(code: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    script = f"import logging, sys\nfrom rinha.logs.configure import *\nconfigure_logging('info', role='x')\n{code}"
    return subprocess.run([sys.executable, "-c", script], text=True, timeout=20, check=False, **kwargs)


def test_arguments_that_do_not_fit_the_message_lose_nothing() -> None:
    done = run_python("logging.info('%d payments', 'many')", capture_output=True)
    assert json.loads(done.stdout)["event"] == "%d payments"


def test_an_uncaught_exception_is_a_line_too() -> None:
    done = run_python("raise ValueError('lost')", capture_output=True)
    line = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert (line["level"], line["event"]) == ("critical", "process.failed")
    assert line["exception"].endswith("ValueError: lost")


def test_a_reader_that_goes_away_ends_neither_the_process_nor_its_peace() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as gone:
        code = "for number in range(1000): logging.warning('line')\nsys.exit(7)"
        done = run_python(code, stdout=gone, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (7, "")


def test_a_closed_stdout_raises_nothing() -> None:
    done = run_python("sys.stdout.close()\nlogging.warning('line')\nsys.exit(7)", capture_output=True)
    assert (done.returncode, done.stderr) == (7, "")


@pytest.mark.parametrize("level", ["debug", "error"])
def test_the_last_records_are_kept_from_info_on_whatever_is_written(
    configured: logging.Logger, capfd: pytest.CaptureFixture[str], level: str
) -> None:
    configure_logging(level, role="payment-api-1")
    for each in (configured.debug, configured.info, configured.error):
        each("an.event")
    assert [each.level for each in RECENT.after(0)] == ["info", "error"]
    for handler in logging.getLogger().handlers:
        handler.flush()
    assert len(capfd.readouterr().out.splitlines()) == {"debug": 3, "error": 1}[level]
