"""A processor's URL at which nobody is: said once, at the start, and nothing more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent import socket

from rinha.net.http_url import HttpUrl
from rinha.settings.processors import ProcessorSettings
from rinha.worker.reachability import watch_for_absent
from tests.support.patience import PATIENCE_S
from tests.support.processes import free_port, running, system_environ, until

if TYPE_CHECKING:
    from pathlib import Path


def warnings(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    found = [record for record in caplog.records if record.getMessage() == "worker.processor_unreachable"]
    assert all(record.levelno == logging.WARNING for record in found)
    return [vars(record) for record in found]


def look(*urls: HttpUrl, patience_s: float = 0.0) -> None:
    processors = [ProcessorSettings(f"p{number}", url, 500) for number, url in enumerate(urls)]
    gevent.joinall(watch_for_absent(processors, patience_s=patience_s), timeout=PATIENCE_S, raise_error=True)


def test_who_is_not_there_is_named_with_url_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        look(HttpUrl("127.0.0.1", there.getsockname()[1]), HttpUrl("127.0.0.1", port := free_port(), "/base"))
    (warning,) = warnings(caplog)
    assert (warning["processor"], warning["url"]) == ("p1", f"http://127.0.0.1:{port}/base")
    assert "refused" in warning["reason"]


def test_a_name_that_nobody_has_is_named(caplog: pytest.LogCaptureFixture) -> None:
    look(HttpUrl("no-such-host.invalid", 80))
    (warning,) = warnings(caplog)
    assert warning["url"] == "http://no-such-host.invalid"


def test_who_comes_a_little_later_is_there(caplog: pytest.LogCaptureFixture) -> None:
    url = HttpUrl("127.0.0.1", free_port())
    watching = watch_for_absent([ProcessorSettings("late", url, 500)], patience_s=PATIENCE_S)
    # One turn of the loop, in which it finds nobody.
    gevent.sleep(0)
    with socket.create_server((url.host, url.port)):
        gevent.joinall(watching, timeout=PATIENCE_S, raise_error=True)
    assert warnings(caplog) == []


@pytest.mark.parametrize("absent", ["default", "fallback"])
def test_the_worker_warns_at_its_start_of_the_one_that_is_absent(tmp_path: Path, absent: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        urls = dict.fromkeys(("default", "fallback"), f"http://127.0.0.1:{there.getsockname()[1]}/there")
        urls[absent] = f"http://127.0.0.1:{free_port()}"
        with running("worker", environ=system_environ(urls, tmp_path)) as worker:
            (warning,) = until(lambda: worker.logged("worker.processor_unreachable"), "a warning")
    assert (warning["level"], warning["processor"], warning["url"]) == ("warning", absent, urls[absent])
