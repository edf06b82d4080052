"""Settings for all tests."""

from __future__ import annotations

import getpass
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# A shared, slow machine must not fail a test: no deadline per example, and no more examples than a quick run bears.
settings.register_profile(
    "quick", max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=2000)
settings.load_profile("quick")

SOCKET_PATH_MAX_BYTES = 107


def pytest_configure(config: pytest.Config) -> None:
    """Prepare what all tests need of the process that runs them."""
    # A shell that starts it in the background has it ignore Ctrl-C, and all that tests start would ignore it, too.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _check_directory()


def _check_directory() -> None:
    """Name the cause before a hundred tests fail of it: they make Unix sockets in directories of their own."""
    longest = f"{tempfile.gettempdir()}/pytest-of-{getpass.getuser()}/pytest-1000/popen-gw0/{'x' * 30}0/bridge"
    if len(longest.encode()) > SOCKET_PATH_MAX_BYTES:
        raise pytest.UsageError(
            f"TMPDIR={tempfile.gettempdir()} is too long: below it the path of a Unix socket would have "
            f"{len(longest.encode())} bytes, and {SOCKET_PATH_MAX_BYTES} is the most"
        )
