"""What can go wrong on the way to a processor, told apart by the one thing that matters: could it have committed?"""

from __future__ import annotations


class ExchangeFailed(Exception):
    """The network's or the processor's fault: there is no answer.

    Args:
        reason: for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotSent(ExchangeFailed):
    """No connection: not a byte of the request left, so the processor can't have acted on it."""


class AnswerLost(ExchangeFailed):
    """The request left, in whole or in part, and no proper answer came: the processor may have acted, or may yet."""
