"""How the API answers: JSON, problem documents, and the one reply that is given thousands of times a second."""

from __future__ import annotations

import logging
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from aiohttp import HttpVersion11, web

from rinha.api import problems
from rinha.api.open_connections import HEAD_TIMEOUT_S
from rinha.api.problems import CONTENT_TYPE, RETRY_AFTER, ProblemType, encode_problem
from rinha.bridge.errors import (
    BridgeError,
    JournalUnreadable,
    RequestFailed,
    RequestInterrupted,
    RequestTimeout,
    ShardUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVER = "rinha"

logger = logging.getLogger(__name__)


class FixedReply(web.StreamResponse):
    """A reply that never changes but for its ``Date``, as one object for all requests.

    It is written as ready-made bytes, which spares a response object, its headers and their encoding: 10 of the 32 µs
    of CPU time that a payment costs this process. So it is good only for requests over HTTP/1.1 whose connection stays
    open; ``Replies.fixed`` sees to that.

    Args:
        status: HTTP status.
        headers: those besides ``Date`` and ``Content-Length``.
        body: the whole body.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status=status, headers=headers)
        self.fixed_body = body
        self._made_at_s = -1
        self._message = b""

    @property
    def keep_alive(self) -> bool:
        """Always."""
        return True

    async def prepare(self, request: web.BaseRequest) -> None:
        """Write the whole response."""
        await request.writer.write(self.message())

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: ``prepare`` has written it all."""

    def message(self) -> bytes:
        """The whole response of now."""
        now_s = int(time.time())
        if now_s != self._made_at_s:
            self._message = self.encode(now_s)
            self._made_at_s = now_s
        return self._message

    def encode(self, now_s: int, *, closing: bool = False) -> bytes:
        """Write the whole response, dated with this Unix second.

        Args:
            now_s: the second.
            closing: tell the client that its connection is closed.
        """
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
            *(["Connection: close"] if closing else []),
            f"Content-Length: {len(self.fixed_body)}",
            f"Date: {formatdate(now_s, usegmt=True)}",
        ]
        return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + self.fixed_body


class Replies:
    """Makes every reply of one API process.

    Args:
        name: the API's name, sent as ``X-Served-By`` with each reply.

    Raises:
        ValueError: the name can't stand in an HTTP header.
    """

    def __init__(self, name: str) -> None:
        if not (name.isascii() and name.isprintable() and name.strip() == name != ""):
            raise ValueError(f"API name {name!r} can't be sent in a header: use printable ASCII characters")
        self.draining = False
        """Once true, each reply tells the client that its connection is closed."""
        # The same on all of them. Without one, aiohttp would name its own version and Python's on all that it makes.
        self._headers = {"Server": SERVER, "X-Served-By": name}
        closing = {"Connection": "close"}
        detail = f"The request's head was not complete after {HEAD_TIMEOUT_S:g} s."
        self.head_timeout = self.fixed_problem(problems.HEAD_TIMEOUT, detail, headers=closing)
        """For a client whose request never began."""
        self.malformed = self.fixed_problem(problems.MALFORMED_HTTP, problems.UNREADABLE, headers=closing)
        """For a client whose request no handler can be given."""

    def json(self, value: object, *, status: int = 200) -> web.Response:
        """Answer with a JSON value."""
        return self._response(status, orjson.dumps(value), {"Content-Type": "application/json"})

    def file(self, body: bytes, headers: Mapping[str, str], *, status: int = 200) -> web.Response:
        """Answer with a file."""
        return self._response(status, body, headers)

    def text(self, body: bytes, content_type: str) -> web.Response:
        """Answer with a text."""
        return self._response(200, body, {"Content-Type": content_type})

    def problem(
        self, kind: ProblemType, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
    ) -> web.Response:
        """Answer with a problem document.

        Args:
            kind: which problem.
            detail: what happened this time and what the client can do.
            headers: further headers.
            members: further members of the document.
        """
        body = encode_problem(kind, detail, **members)
        return self._response(kind.status, body, {"Content-Type": CONTENT_TYPE, **(headers or {})})

    def fixed_json(self, status: int, value: object) -> FixedReply:
        """Make a JSON reply that is given many times."""
        return FixedReply(status, {"Content-Type": "application/json", **self._headers}, orjson.dumps(value))

    def fixed_problem(
        self, kind: ProblemType, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
    ) -> FixedReply:
        """Make a problem document that is given many times, or to whoever may come either way."""
        fields = {"Content-Type": CONTENT_TYPE, **self._headers, **(headers or {})}
        return FixedReply(kind.status, fields, encode_problem(kind, detail, **members))

    def fixed(self, reply: FixedReply, request: web.BaseRequest) -> web.StreamResponse:
        """Answer with a fixed reply, or with its like if this connection is to be closed or speaks HTTP/1.0."""
        if request.keep_alive and request.version == HttpVersion11 and not self.draining:
            return reply
        return self._response(reply.status, reply.fixed_body, reply.headers)

    def with_header(self, response: web.StreamResponse, name: str, value: str) -> web.StreamResponse:
        """The same response with one header more, for this request alone."""
        if isinstance(response, FixedReply):
            response = self._response(response.status, response.fixed_body, response.headers)
        response.headers[name] = value
        return response

    def no_answer(self, error: BridgeError, *, repeat: str) -> web.Response:
        """Answer a question that the worker did not.

        Args:
            error: why it didn't.
            repeat: what it means to ask again.
        """
        if isinstance(error, RequestTimeout):
            detail = f"The worker did not answer within {error.timeout_s:g} s. {repeat}"
            return self.problem(problems.WORKER_TIMEOUT, detail)
        if isinstance(error, JournalUnreadable):
            return self.problem(problems.JOURNAL_UNREADABLE, f"{error.reason}. {repeat}", headers=RETRY_AFTER)
        if isinstance(error, RequestFailed):
            logger.error("api.worker_failed", extra={"reason": error.reason})
            return self.problem(problems.WORKER_FAILED, f"{error.reason}. {repeat}")
        if isinstance(error, RequestInterrupted):
            # No Retry-After: a 503 would say that nothing has happened.
            detail = f"The session with the worker broke before its answer. {repeat}"
            return self.problem(problems.OUTCOME_UNKNOWN, detail)
        if isinstance(error, ShardUnavailable):
            return self.unavailable(f"{error}. {repeat}")
        return self.unavailable(f"No session with the worker is open, or it broke before the answer. {repeat}")

    def unavailable(self, detail: str) -> web.Response:
        """Answer that the worker can't be reached."""
        return self.problem(problems.WORKER_UNAVAILABLE, detail, headers=RETRY_AFTER)

    def _response(self, status: int, body: bytes, headers: Mapping[str, str]) -> web.Response:
        response = web.Response(status=status, body=body, headers={**headers, **self._headers})
        if self.draining:
            response.force_close()
        return response
