"""A request of an API that waits for its reply."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from actors.messages.people import CloseAnswered, CloseFailed, PurgeDone, PurgeFailed
from rinha.bridge.protocol.frames import ReplyStatus
from rinha.bridge.protocol.handshake import MAX_TEXT_BYTES
from rinha.bridge.protocol.questions import Kind, encode_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from rinha.bridge.protocol.questions import Question

logger = logging.getLogger(__name__)


class Replier(Protocol):
    """Where the reply goes."""

    @property
    def api_name(self) -> str:
        """Whose request it is."""
        ...

    def reply(self, request: PendingRequest, status: ReplyStatus, payload: bytes) -> None:
        """Take the one reply to a request."""
        ...


class PendingRequest:
    """A question, and the one reply that it gets. As a ``Recipient`` it takes the intake's word on a purge or on a
    payment that a person closes.

    Args:
        replier: takes the reply.
        request_id: the request's number on its connection.
        kind: the question's number on the wire.
        question: what is asked.
    """

    def __init__(self, replier: Replier, request_id: int, kind: int, question: Question) -> None:
        self.request_id = request_id
        self.question = question
        self._kind = kind
        self._replier = replier
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
        except failures as error:
            logger.exception("bridge.request_failed", extra={"api": self._replier.api_name, "kind": self._kind})
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
            self._replier.reply(self, status, payload)
