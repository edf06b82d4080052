"""Reading a request's body, bounded in size and time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, web

from rinha.api import problems

if TYPE_CHECKING:
    from rinha.api.problems import ProblemType
    from rinha.api.replies import Replies

BODY_MAX_BYTES = 4096
"""A payment takes about 80 bytes; this leaves room for members that we ignore."""


class BodyRefused(Exception):
    """The client's body can't be read to its end: too large, too slow or broken.

    Args:
        kind: the problem to answer.
        detail: its detail.
    """

    def __init__(self, kind: ProblemType, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class ClientGone(ConnectionError):
    """The client hung up in the middle of its request; there is nobody to answer."""


class BodyReader:
    """Reads bodies, and knows how many are still on their way.

    Args:
        timeout_s: within which a body must have arrived, from when its headers were read.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._arriving = 0
        self._none_arriving = asyncio.Event()
        self._none_arriving.set()

    async def read(self, request: web.BaseRequest) -> bytes:
        """Read the whole body.

        Raises:
            BodyRefused: a part of the body may be left unread; the connection is of no more use then.
            ClientGone: the client hung up.
        """
        content = request.content
        if content.is_eof():
            # It came together with the headers, as nearly always.
            body = content.read_nowait()
            if len(body) > BODY_MAX_BYTES:
                raise _too_large()
            return body
        if (request.content_length or 0) > BODY_MAX_BYTES:
            raise _too_large()
        self._arriving += 1
        self._none_arriving.clear()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await _read_as_it_comes(request)
        except TimeoutError:
            detail = f"The body was not complete {self._timeout_s:g} s after its headers."
            raise BodyRefused(problems.BODY_TIMEOUT, detail) from None
        except web.RequestPayloadError as error:
            raise BodyRefused(problems.MALFORMED_HTTP, f"The body's framing is broken: {error}") from None
        except ConnectionError as error:
            raise ClientGone from error
        finally:
            self._arriving -= 1
            if not self._arriving:
                self._none_arriving.set()

    async def wait_until_none_arrives(self) -> None:
        """Wait until no body is on its way; bounded by their timeout if no new ones come."""
        await self._none_arriving.wait()


def refuse(request: web.BaseRequest, error: BodyRefused, replies: Replies) -> web.Response:
    """Answer a request whose body can't be read; its connection is closed if a part of it is unread."""
    response = replies.problem(error.kind, error.detail)
    if not request.content.is_eof():
        response.force_close()
    return response


async def _read_as_it_comes(request: web.BaseRequest) -> bytes:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # Or else the interim response would count as the begin of the final one.
        request.writer.output_size = 0
    content = request.content
    body = bytearray()
    while chunk := await content.readany():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> BodyRefused:
    return BodyRefused(problems.BODY_TOO_LARGE, f"A body may have at most {BODY_MAX_BYTES} bytes.")
