"""What commands ask an HTTP API of a running system, and whom they ask."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from rinha.commands.errors import CommandError
from rinha.net.address import UnixAddress, parse_address
from rinha.net.http_url import HttpUrl, parse_http_url
from rinha.process import ExitCode

if TYPE_CHECKING:
    from rinha.settings.secret import Secret
    from rinha.settings.table import Settings

TIMEOUT_S = 15.0
"""Above ``RINHA_ANSWER_TIMEOUT_S``: an API that waits for the worker in vain says so itself, in better words."""
MAX_BYTES = 64 << 20
"""A thousand payments have 1 MB, the hops of a thousand traces 10."""

Place = HttpUrl | UnixAddress


class Api:
    """An HTTP API of a running system. Each request has a connection of its own.

    Args:
        place: where it listens.
        token: the administrator's, sent with every request if there is one.
        timeout_s: how long it may be silent.
    """

    def __init__(self, place: Place, token: Secret, *, timeout_s: float = TIMEOUT_S) -> None:
        self.place = place
        self._token = token
        self._timeout_s = timeout_s

    def get(self, path: str, **query: str | int) -> Any:
        """Ask for what is at a path.

        Args:
            path: from the first slash on; what is a person's in it must be quoted.
            query: its parameters, of which those that are empty are left out.

        Returns:
            The answer's JSON.

        Raises:
            CommandError: there is no answer, or it is no; the text says why and what to do.
        """
        given = {name: value for name, value in query.items() if value != ""}
        return self._decoded(*self._exchange("GET", f"{path}?{urlencode(given)}" if given else path))

    def post(self, path: str) -> Any:
        """Have something done; otherwise as ``get``."""
        return self._decoded(*self._exchange("POST", path))

    def _exchange(self, method: str, path: str) -> tuple[int, bytes]:
        connection = _connect(self.place, self._timeout_s)
        headers: dict[str, str | bytes] = {"Connection": "close"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token.reveal()}".encode()
        base = self.place.path if isinstance(self.place, HttpUrl) else ""
        try:
            connection.request(method, base + path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(MAX_BYTES)
        except TimeoutError:
            text = f"{self.place} doesn't answer within {self._timeout_s:g} s: look at its log, or try again"
            raise CommandError(text, ExitCode.UNAVAILABLE) from None
        except OSError as error:
            text = (
                f"nobody answers at {self.place} ({error.strerror or error}): start the system with `rinha up`, "
                "or say with --url where it is"
            )
            raise CommandError(text, ExitCode.UNAVAILABLE) from None
        except http.client.HTTPException:
            raise self._stranger("not in HTTP") from None
        finally:
            connection.close()

    def _decoded(self, status: int, body: bytes) -> Any:
        try:
            answer = msgspec.json.decode(body)
        except msgspec.MsgspecError:
            raise self._stranger(f"{status} without JSON") from None
        if status == 200:
            return answer
        if status == 401:
            text = f"{self.place} wants the administrator's token: set RINHA_ADMIN_TOKEN to it"
            raise CommandError(text, ExitCode.REFUSED)
        detail = answer.get("detail") or answer.get("title") if isinstance(answer, dict) else None
        if not isinstance(detail, str):
            raise self._stranger(f"{status} without a reason")
        raise CommandError(detail, _EXIT_CODES.get(status, ExitCode.UNAVAILABLE if status >= 500 else ExitCode.FAILED))

    def _stranger(self, how: str) -> CommandError:
        text = f"{self.place} answers {how}, so it is no API of this version: say with --url where one is"
        return CommandError(text, ExitCode.REFUSED)


_EXIT_CODES = {400: ExitCode.REFUSED, 403: ExitCode.REFUSED, 405: ExitCode.REFUSED}


def parse_place(text: str) -> Place:
    """Read where an API is.

    Args:
        text: ``http://host:port``, which may lack its ``http://``, or ``unix:/path``.

    Raises:
        ValueError: it is neither; the text says what is wrong and how to write it.
    """
    if text.startswith("unix:"):
        place = parse_address(text)
        assert isinstance(place, UnixAddress)
        return place
    return parse_http_url(text if "://" in text else f"http://{text}")


def find_api(settings: Settings, *, url: Place | None, running: str) -> Api:
    """The API that a command is meant for.

    Args:
        settings: the token, and where an API listens by them.
        url: where the person says that it is; None for no word.
        running: what a running ``rinha up`` has left; empty for nothing.
    """
    return Api(url or (parse_place(running) if running else _configured(settings)), settings.admin_token)


def _configured(settings: Settings) -> Place:
    place = settings.listen_address
    if isinstance(place, UnixAddress):
        return place
    return HttpUrl("localhost" if place.host in {"0.0.0.0", "::"} else place.host, place.port)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket, which the standard library lacks."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connect(place: Place, timeout_s: float) -> http.client.HTTPConnection:
    if isinstance(place, UnixAddress):
        return _UnixConnection(place.path, timeout_s)
    return http.client.HTTPConnection(place.host, place.port, timeout=timeout_s)
