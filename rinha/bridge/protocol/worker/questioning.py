"""Questions of the worker to its APIs, to one and to all at once. Whoever waits for the answers does so outside."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire.frames import ReplyStatus
from rinha.bridge.protocol.wire.own_questions import decode_own_reply, encode_own_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rinha.bridge.protocol.events import ReplyReceived
    from rinha.bridge.protocol.wire.own_questions import OwnKind, OwnQuestion
    from rinha.bridge.protocol.worker.worker_end import WorkerEnd

MAX_ASKED = 64
"""Questions to one API that wait for its replies."""


class Questions:
    """The questions to one API.

    Args:
        session: to send them by.
        flush: called when the session has something to send.
    """

    def __init__(self, session: WorkerEnd, flush: Callable[[], None]) -> None:
        self._session = session
        self._flush = flush
        self._asked: dict[int, Callable[[ReplyReceived | None], None]] = {}

    def ask(self, kind: int, payload: bytes, then: Callable[[ReplyReceived | None], None]) -> int:
        """Ask the API something.

        Args:
            kind: an ``OwnKind``.
            payload: the question's.
            then: called once with the reply, or with None if the session ends before; not after ``forget``.

        Returns:
            The request's id; 0 if so many questions wait already that this one wasn't asked.
        """
        if len(self._asked) >= MAX_ASKED:
            return 0
        request_id = self._session.ask(kind, payload)
        self._asked[request_id] = then
        self._flush()
        return request_id

    def take(self, reply: ReplyReceived) -> None:
        """Hand a reply to whoever waits for it."""
        if (then := self._asked.pop(reply.request_id, None)) is not None:
            then(reply)

    def forget(self, request_id: int) -> None:
        """Nobody waits for that reply any more."""
        self._asked.pop(request_id, None)
        self._session.forget_request(request_id)

    def end(self) -> None:
        """The session is over."""
        asked, self._asked = self._asked, {}
        for then in asked.values():
            then(None)


class Api(Protocol):
    """An API's session, as a poll sees it: ``Delivery``."""

    api_name: str
    questions: Questions

    @property
    def is_open(self) -> bool:
        """Whether it can be asked."""
        ...


class Polled(NamedTuple):
    """What came of a question to all APIs.

    Args:
        answers: those that came, in any order.
        missing: who didn't answer, and why, e.g. ``"payment-api-2: no answer within 0.5 s"``.
    """

    answers: tuple[Any, ...]
    missing: tuple[str, ...]


class Poll:
    """One question to all APIs.

    Args:
        question: what to ask.
        apis: their sessions; those that aren't open are left out.
        on_done: called when nobody is waited for any more, maybe at once.
    """

    def __init__(self, question: OwnQuestion, apis: Iterable[Api], on_done: Callable[[], None]) -> None:
        kind, payload = encode_own_request(question)
        self._kind: OwnKind = kind
        self._on_done = on_done
        self._answers: list[Any] = []
        self._missing: list[str] = []
        asked = [each for each in apis if each.is_open]
        self._waiting: dict[Api, int] = dict.fromkeys(asked, 0)
        for each in asked:
            self._waiting[each] = each.questions.ask(kind, payload, partial(self._take, each))
            if not self._waiting[each]:
                self._end(each, f"{MAX_ASKED} questions wait for its answers already")
        if not asked:
            on_done()

    def close(self, waited_s: float) -> Polled:
        """Wait no longer.

        Args:
            waited_s: how long it was waited for, for those who are named.
        """
        for api, request_id in list(self._waiting.items()):
            api.questions.forget(request_id)
            self._end(api, f"no answer within {waited_s:g} s")
        return Polled(tuple(self._answers), tuple(sorted(self._missing)))

    def _take(self, api: Api, reply: ReplyReceived | None) -> None:
        fault = ""
        if reply is None:
            fault = "its session ended before it answered"
        elif reply.status == ReplyStatus.FAILED:
            fault = reply.payload.decode(errors="replace")
        elif reply.status == ReplyStatus.OK:
            try:
                self._answers.append(decode_own_reply(self._kind, reply.payload))
            except ProtocolError as error:
                fault = str(error)
        self._end(api, fault)

    def _end(self, api: Api, fault: str) -> None:
        del self._waiting[api]
        if fault:
            self._missing.append(f"{api.api_name}: {fault}")
        if not self._waiting:
            self._on_done()
