"""HTTP/1.1 with a processor as bytes: requests out, answers in; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from rinha.processors.errors import AnswerLost
from rinha.processors.wire import Answer

if TYPE_CHECKING:
    from rinha.processors.wire import Address

ANSWER_BYTES_MAX = 64 * 1024
"""Limit of all that may come to one request: heads, bodies, interim answers. The parser has none of its own.

The longest proper answer, a 422 with the database's error, has a few KiB."""


class Requests:
    """Writes requests to one processor; what doesn't change is written once.

    Args:
        address: where it is.
    """

    def __init__(self, address: Address) -> None:
        self._path = address.path
        self._fields = f" HTTP/1.1\r\nHost: {address.authority}\r\n"
        self._body_fields = f"{self._fields}Content-Type: application/json\r\nContent-Length: "

    def write(self, method: str, target: str, body: bytes = b"") -> bytes:
        """Write one request.

        Args:
            method: the method.
            target: path below the processor's base URL, from its slash.
            body: JSON; none if it is empty.
        """
        if not body:
            return f"{method} {self._path}{target}{self._fields}\r\n".encode()
        return f"{method} {self._path}{target}{self._body_fields}{len(body)}\r\n\r\n".encode() + body


class AnswerReader:
    """Reads the answers that come over one connection, one to each request. Interim ones (1xx) are passed over.

    An answer counts once its own head or chunks say that it is complete. A body that only the end of the connection
    would end is never complete: nothing tells it from one that broke off.

    The parser is the connection's, like the state that it keeps between answers; to make one for each answer would
    cost nearly as much as reading it.
    """

    def __init__(self) -> None:
        self.keeps_alive = False
        """Whether the answer is complete and the connection may carry another exchange."""
        self._parser = HttpResponseParser(self)
        self._received = 0
        self._body = bytearray()
        self._answer: Answer | None = None
        self._has_more = False

    def begin(self) -> None:
        """Expect the answer to the next request."""
        self.keeps_alive = False
        self._received = 0
        self._body.clear()
        self._answer = None

    def feed(self, data: bytes) -> Answer | None:
        """Take what has come.

        Returns:
            The answer, once it is complete.

        Raises:
            AnswerLost: this is no answer, or more than one, or too long. The connection is of no more use.
        """
        self._received += len(data)
        if self._received > ANSWER_BYTES_MAX:
            raise AnswerLost(f"answer over {ANSWER_BYTES_MAX} bytes")
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise self._lost(str(error)) from None
        except HttpParserUpgrade:
            raise self._lost("it switches protocols") from None
        if self._has_more:
            raise self._lost("more than one to one request")
        return self._answer

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._has_more = self._answer is not None

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        self._body += data

    def on_message_complete(self) -> None:
        """Called by the parser."""
        status = self._parser.get_status_code()
        if status < 200:
            self._body.clear()
        else:
            self._answer = Answer(status, bytes(self._body))
            # Only here does the parser know: it forgets the head's fields when this returns.
            self.keeps_alive = self._parser.should_keep_alive()

    def _lost(self, what: str) -> AnswerLost:
        self.keeps_alive = False
        return AnswerLost(f"broken answer: {what}")
