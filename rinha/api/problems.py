"""The catalogue of problem documents (RFC 9457): every way in which the API says no.

A problem's ``type`` is a relative reference that only identifies it; nothing is served there. Members beyond the
standard ones: ``errors``, a list of ``{field, value, reason}`` with every field at fault, and ``correlationId``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import orjson

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = {"Retry-After": "1"}
"""Seconds. A worker restarts, and a full backlog gets room, in about that time."""
VALUE_MAX_CHARS = 80
"""Enough to recognise a value by (a UUID has 36 characters); more would let a client make us echo kilobytes."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem.

    Args:
        name: last part of the type's reference, for programs.
        status: HTTP status it is answered with.
        title: what it means, the same each time, for people.
    """

    name: str
    status: int
    title: str


class FieldError(TypedDict):
    """One thing that is wrong with a request: the field or parameter, the value shortened, and why."""

    field: str
    value: object
    reason: str


class InvalidRequest(Exception):
    """The client sent something that can't be understood; ``errors`` says everything that is wrong with it."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error['field']} {error['reason']}" for error in errors))
        self.errors = errors


MALFORMED_HTTP = ProblemType("malformed-http", 400, "The request is not valid HTTP")
UNREADABLE = "The server could not read the request."
INVALID_PAYMENT = ProblemType("invalid-payment", 400, "The payment is not valid")
INVALID_WINDOW = ProblemType("invalid-window", 400, "The summary's window is not valid")
INVALID_CLOSING = ProblemType("invalid-closing", 400, "What is said of the payment is not valid")
INVALID_REQUEST = ProblemType("invalid-request", 400, "The request is not valid")
UNAUTHORIZED = ProblemType("unauthorized", 401, "This needs the administrator's token")
CROSS_SITE = ProblemType("cross-site", 403, "A page of another site may not do this")
NO_ADMINISTRATOR = ProblemType("no-administrator", 403, "This needs an administrator's token, and none is set")
UNKNOWN_PAYMENT = ProblemType("unknown-payment", 404, "The worker knows no payment of this id")
UNKNOWN_TRACE = ProblemType("unknown-trace", 404, "No hop of this payment is remembered")
NOT_FOUND = ProblemType("not-found", 404, "There is nothing at this path")
METHOD_NOT_ALLOWED = ProblemType("method-not-allowed", 405, "This path does not know the method")
BODY_TIMEOUT = ProblemType("body-timeout", 408, "The request's body did not arrive in time")
HEAD_TIMEOUT = ProblemType("head-timeout", 408, "The request's head did not arrive in time")
AMOUNT_CONFLICT = ProblemType("amount-conflict", 409, "The correlationId is taken by a payment of another amount")
NOT_PARKED = ProblemType("not-parked", 409, "The payment waits for nobody")
NOT_CLOSED = ProblemType("not-closed", 409, "Nobody can say now how the payment ended")
WRITTEN_OFF = ProblemType("written-off", 409, "A person has written the payment off")
BODY_TOO_LARGE = ProblemType("body-too-large", 413, "The request's body is too large")
UNSUPPORTED_ENCODING = ProblemType("unsupported-encoding", 415, "Compressed bodies are not supported")
INTERNAL_ERROR = ProblemType("internal-error", 500, "The API failed; this is a bug in it")
WORKER_FAILED = ProblemType("worker-failed", 502, "The worker failed on the request; this is a bug in it")
NOT_ACCEPTED = ProblemType("not-accepted", 503, "No more payments can be taken for the moment")
WORKER_UNAVAILABLE = ProblemType("worker-unavailable", 503, "The worker can't be reached for the moment")
JOURNAL_UNREADABLE = ProblemType("journal-unreadable", 503, "Only the journal knows, and it can't be read now")
WORKER_TIMEOUT = ProblemType("worker-timeout", 504, "The worker did not answer in time")
OUTCOME_UNKNOWN = ProblemType("outcome-unknown", 504, "It is not known whether the request was carried out")
PURGED = ProblemType("purged", 504, "A purge overtook the payment")


def encode_problem(kind: ProblemType, detail: str, **members: object) -> bytes:
    """Make a problem document.

    Args:
        kind: which problem.
        detail: what happened this time and what the client can do, in a sentence or two.
        members: further members of the document; JSON values.
    """
    return orjson.dumps(
        {
            "type": f"/problems/{kind.name}",
            "title": kind.title,
            "status": kind.status,
            "detail": detail,
            **members,
        }
    )


def shorten(value: object) -> object:
    """Make a value fit for a problem document: JSON scalars stay, text is cut, arrays and objects become text.

    Args:
        value: a JSON value, bytes that should have been JSON, or a part of the request's head, in which aiohttp puts
            lone surrogates for bytes that are no UTF-8; they can't be written as JSON and become question marks.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes):
        text = value[: VALUE_MAX_CHARS * 4].decode(errors="replace")
    else:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        text = text[: VALUE_MAX_CHARS + 1].encode(errors="replace").decode()
    return text if len(text) <= VALUE_MAX_CHARS else text[:VALUE_MAX_CHARS] + "…"
