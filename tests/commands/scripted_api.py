"""An HTTP API that answers by a script."""

from __future__ import annotations

import contextlib
import http.server
import json
import socketserver
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ScriptedApi:
    """What it answers, and what it was asked.

    Args:
        url: where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.authorizations: list[str | None] = []

    def say(self, request: str, answer: Any, status: int = 200) -> None:
        """Answer a request, such as ``GET /held``, with JSON, or with bytes as they are."""
        self.answers[request] = (status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())


def _handler(api: ScriptedApi) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            request = f"{self.command} {self.path}"
            api.asked.append(request)
            api.authorizations.append(self.headers["Authorization"])
            problem = json.dumps({"detail": f"Nobody has scripted {request}."}).encode()
            status, body = api.answers.get(request, (404, problem))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer

        def log_message(self, *_: object) -> None:
            pass

        def address_string(self) -> str:
            return "a client"

    return Handler


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextlib.contextmanager
def scripted_api(path: Path | None = None) -> Iterator[ScriptedApi]:
    """An API for the length of the context: on a free port, or on a Unix socket at a path."""
    api = ScriptedApi("" if path is None else f"unix:{path}")
    server: socketserver.BaseServer
    if path is None:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(api))
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
    else:
        server = _UnixServer(str(path), _handler(api))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
