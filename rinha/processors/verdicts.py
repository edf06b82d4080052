"""What each status of an answer to ``POST /payments`` means, and why: one table.

Two questions decide. May the payment be committed? And of whom does the answer speak: of the payment, or of the caller,
the route or the moment? Clauses are those of RFC 9110 where no other document is named.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Meaning(Enum):
    """What to make of an answer."""

    SETTLED = "settled"
    """Committed, with the values that were sent."""
    LOOK_UP = "look up"
    """The id may be known there: its row tells, and without one the outcome is unknown."""
    VERDICT = "verdict"
    """Not committed, and perhaps never: it may be the payment that is at fault."""
    TURNED_AWAY = "turned away"
    """Not committed. It says nothing of the payment, so it is a failure of the processor."""
    FAILED = "failed"
    """Not committed: the processor's failure."""
    UNKNOWN = "unknown"
    """Committed or not."""


class Row(NamedTuple):
    """A row of the table.

    Args:
        meaning: what the status means.
        reason: why.
    """

    meaning: Meaning
    reason: str


VERDICTS = {
    200: Row(Meaning.SETTLED, "the processors' word for: inserted"),
    201: Row(Meaning.LOOK_UP, "15.3.2: something was created, but no processor says so; a row would prove it"),
    202: Row(Meaning.LOOK_UP, "15.3.3: taken for later, and nothing says that it will be done"),
    204: Row(Meaning.LOOK_UP, "15.3.5: done, but what? a front may answer so to anything"),
    400: Row(Meaning.VERDICT, "15.5.1: the server finds fault with the request, which differs in the payment alone"),
    401: Row(Meaning.TURNED_AWAY, "15.5.2: it lacks valid credentials: of the caller"),
    402: Row(Meaning.TURNED_AWAY, "15.5.3: reserved, used for unpaid bills of the caller"),
    403: Row(Meaning.TURNED_AWAY, "15.5.4: it refuses to fulfil it, credentials or not: of the caller"),
    404: Row(Meaning.TURNED_AWAY, "15.5.5: nothing is at this path: of the route"),
    405: Row(Meaning.TURNED_AWAY, "15.5.6: the path doesn't know POST: of the route"),
    406: Row(Meaning.TURNED_AWAY, "15.5.7: no form of the answer that the caller takes: of the caller"),
    407: Row(Meaning.TURNED_AWAY, "15.5.8: credentials for a proxy: of the route"),
    408: Row(Meaning.TURNED_AWAY, "15.5.9: the request didn't arrive whole in time: of the moment"),
    409: Row(Meaning.LOOK_UP, "15.5.10: a conflict with the state of the id there: it may be under way, or committed"),
    410: Row(Meaning.TURNED_AWAY, "15.5.11: nothing is at this path any more: of the route"),
    411: Row(Meaning.TURNED_AWAY, "15.5.12: it wants a length, which each request has: lost on the route"),
    412: Row(Meaning.TURNED_AWAY, "15.5.13: a condition of the caller's, who sets none: of the route"),
    413: Row(Meaning.VERDICT, "15.5.14: the content is too large, and it is the payment's"),
    414: Row(Meaning.TURNED_AWAY, "15.5.15: the path is too long, and it is the same for all: of the route"),
    415: Row(Meaning.VERDICT, "15.5.16: the content is in a form that it doesn't take"),
    417: Row(Meaning.TURNED_AWAY, "15.5.18: an expectation of the caller's, who has none: of the route"),
    421: Row(Meaning.TURNED_AWAY, "15.5.20: this server doesn't answer for the host: of the route"),
    422: Row(Meaning.LOOK_UP, "the processors' word for: the id is there. 15.5.21: or an order it can't carry out"),
    423: Row(Meaning.TURNED_AWAY, "RFC 4918, 11.3: locked: of the moment"),
    424: Row(Meaning.TURNED_AWAY, "RFC 4918, 11.4: another request failed: of the moment"),
    425: Row(Meaning.TURNED_AWAY, "RFC 8470, 5.2: too early to risk a replay: of the moment"),
    426: Row(Meaning.TURNED_AWAY, "15.5.22: it wants another protocol: of the route"),
    428: Row(Meaning.TURNED_AWAY, "RFC 6585, 3: it wants a conditional request: of the caller"),
    429: Row(Meaning.TURNED_AWAY, "RFC 6585, 4: too many requests: of the moment"),
    431: Row(Meaning.TURNED_AWAY, "RFC 6585, 5: header fields too large, and they are the same for all: of the caller"),
    451: Row(Meaning.TURNED_AWAY, "RFC 7725, 3: denied by law, as access to the server: of the route"),
}

EMPTY_500 = Row(Meaning.FAILED, "the processors' injected failure, which comes before the insert")
OTHER_4XX = Row(Meaning.VERDICT, "15: a status that isn't known is taken for the x00 of its class")
OTHER = Row(Meaning.UNKNOWN, "15.6.1, 15.6.3 to 15.6.5: by a front or a database, before or after the insert")


def judge(status: int, *, has_body: bool) -> Row:
    """Find the row of an answer.

    Args:
        status: its status code.
        has_body: whether it has any body. A 500 with one comes from the processors' database, perhaps after the insert.
    """
    if status == 500 and not has_body:
        return EMPTY_500
    return VERDICTS.get(status) or (OTHER_4XX if 400 <= status < 500 else OTHER)
