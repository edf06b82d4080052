"""A worker whose name service is silent for one name; run as ``python -m tests.support.silent_names_worker``.

``SILENT_NAME`` is the name. Look-ups of it return nothing until the file that ``ANSWER_FILE`` names is there, then
127.0.0.1.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

_ask = socket.getaddrinfo


def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
    if host != os.environ["SILENT_NAME"] or flags & socket.AI_NUMERICHOST:
        return _ask(host, port, family, type, proto, flags)
    while not Path(os.environ["ANSWER_FILE"]).exists():
        time.sleep(0.01)
    return _ask("127.0.0.1", port, family, type, proto, flags)


# Before gevent takes the function over: its own resolver would meet the same silence.
socket.getaddrinfo = getaddrinfo

from rinha.logs.configure import configure_logging  # noqa: E402
from rinha.settings.load import load_settings  # noqa: E402
from rinha.worker.main import run_worker  # noqa: E402


def main() -> int:
    settings = load_settings(os.environ)
    configure_logging(settings.log_level, role="payment-worker")
    return run_worker(settings)


if __name__ == "__main__":
    sys.exit(main())
