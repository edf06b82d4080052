"""Requests of an API that wait for their replies."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from actors.messages.people import (
    Close,
    CloseAnswered,
    CloseFailed,
    ClosePayment,
    Purge,
    PurgeDone,
    PurgeFailed,
    PurgePayments,
)
from actors.ports import StoreUnavailable
from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire.frames import ReplyStatus
from rinha.bridge.protocol.wire.handshake import MAX_TEXT_BYTES
from rinha.bridge.protocol.wire.questions import Kind, decode_request, encode_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.recipient import Recipient
    from rinha.bridge.protocol.events import RequestReceived
    from rinha.bridge.protocol.wire.questions import Question

MAX_REQUESTS = 256
"""Of one API, running or waiting for their turn."""

logger = logging.getLogger(__name__)


class Replier(Protocol):
    """Where the reply goes."""

    @property
    def api_name(self) -> str:
        """Whose request it is."""
        ...

    def send_reply(self, request_id: int, status: ReplyStatus, payload: bytes) -> None:
        """Send a reply, if the API is still there."""
        ...


class PendingRequest:
    """A question, and the one reply that it gets. As a ``Recipient`` it takes the intake's word on a purge or on a
    payment that a person closes.

    Args:
        requests: take the reply.
        request_id: the request's number on its connection.
        kind: the question's number on the wire.
        question: what is asked.
    """

    def __init__(self, requests: PendingRequests, request_id: int, kind: int, question: Question) -> None:
        self.request_id = request_id
        self.question = question
        self._kind = kind
        self._requests = requests
        self._replied = False

    def carry_out(
        self, answer: Callable[[Question], object], *, failures: tuple[type[BaseException], ...] = (Exception,)
    ) -> None:
        """Have it answered, which may block, and reply.

        Args:
            answer: gives the answer, or raises.
            failures: what it may raise; other exceptions are let out, and there is no reply.
        """
        try:
            self.answer(answer(self.question))
        except StoreUnavailable as error:
            self._reply(ReplyStatus.UNREADABLE, str(error).encode()[:MAX_TEXT_BYTES])
        except failures as error:
            logger.exception("bridge.request_failed", extra={"api": self._requests.api_name, "kind": self._kind})
            self.fail(f"{type(error).__name__}: {error}")

    def tell(self, message: Any) -> None:
        """Take the intake's word; after a crash of the intake it may come twice."""
        if isinstance(message, PurgeDone):
            self.answer(message.epoch)
        elif isinstance(message, CloseAnswered):
            self.answer(message.answer)
        elif isinstance(message, PurgeFailed | CloseFailed):
            self.fail(message.reason)
        else:
            raise TypeError(f"a request for a {Kind(self._kind).name} doesn't know {message!r}")

    def answer(self, value: object) -> None:
        """Reply with the answer.

        Raises:
            ProtocolError: it doesn't fit the question; nothing was replied.
        """
        self._reply(ReplyStatus.OK, encode_reply(self._kind, value))

    def fail(self, reason: str) -> None:
        """Reply that there is no answer, and why."""
        self._reply(ReplyStatus.FAILED, reason.encode()[:MAX_TEXT_BYTES])

    def _reply(self, status: ReplyStatus, payload: bytes) -> None:
        if not self._replied:
            self._replied = True
            self._requests.reply(self, status, payload)


class PendingRequests:
    """The requests of one API: each is taken, or turned down at once.

    Args:
        replier: takes the replies.
        intake: told of what is its own affair: purges, and words on payments.
        ask: has any other answered, now or later (``PendingRequest.carry_out``). Doesn't block.
    """

    def __init__(self, replier: Replier, intake: Recipient, ask: Callable[[PendingRequest], None]) -> None:
        self.draining = False
        """Once true, none is taken any more."""
        self._replier = replier
        self._intake = intake
        self._ask = ask
        self._waiting: set[PendingRequest] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def api_name(self) -> str:
        """Whose they are."""
        return self._replier.api_name

    def take(self, event: RequestReceived) -> None:
        """Have a request answered."""
        try:
            if self.draining:
                raise ProtocolError("the worker is shutting down")
            if len(self._waiting) >= MAX_REQUESTS:
                raise ProtocolError("too many requests at one time")
            question = decode_request(event.kind, event.payload)
        except ProtocolError as error:
            self._replier.send_reply(event.request_id, ReplyStatus.FAILED, str(error).encode()[:MAX_TEXT_BYTES])
            return
        request = PendingRequest(self, event.request_id, event.kind, question)
        self._waiting.add(request)
        if isinstance(question, Purge):
            self._intake.tell(PurgePayments(request, question.mark))
        elif isinstance(question, Close):
            self._intake.tell(ClosePayment(question, request))
        else:
            self._ask(request)

    def reply(self, request: PendingRequest, status: ReplyStatus, payload: bytes) -> None:
        """Take the one reply to a request."""
        self._waiting.discard(request)
        self._replier.send_reply(request.request_id, status, payload)
