"""What can go wrong on the bridge; each class says who is at fault."""

from __future__ import annotations

from enum import StrEnum


class NoCreditReason(StrEnum):
    """Why an API can hand no payment over now."""

    FULL = "full"
    """The worker holds as many as it may, or has yet to give new credit."""
    WORKER_AWAY = "worker_away"
    """There is no session with the worker."""
    STORE_AWAY = "store_away"
    """The worker can't put on record what it must."""
    PROMISE_LOST = "promise_lost"
    """The worker has lost something that it promised, and promises nothing more."""
    MEMORY_FULL = "memory_full"
    """The worker has nearly used up its memory: only a purge, or a restart, makes room."""
    DRAINING = "draining"
    """This API is shutting down."""
    NATS_AWAY = "nats_away"
    """There is no connection to NATS, which carries the payments."""
    NO_STREAM = "no_stream"
    """NATS has no stream for payments."""
    STREAM_FULL = "stream_full"
    """The stream holds as many payments as it may."""


class BridgeError(Exception):
    """Base of everything that the bridge raises on purpose."""


class ProtocolError(BridgeError):
    """The peer broke the protocol (or isn't one of ours): its connection has to be closed."""


class HandshakeRefused(BridgeError):
    """The worker doesn't want this connection.

    Args:
        code: why, for programs: a ``frames.RefusalCode``, or another number if the worker is newer.
        text: why, for people.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} (code {code})")
        self.code = code
        self.text = text


class NoCredit(BridgeError):
    """The worker can't take a payment now; not a byte of it has left and none will.

    Args:
        reason: why.
    """

    def __init__(self, reason: NoCreditReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class OutcomeUnknown(BridgeError):
    """The worker hasn't answered in time. The payment is still delivered; to submit the same id again is safe.

    Args:
        payment_id: the payment's 16 bytes.
        waited_s: how long the caller has waited, in seconds.
    """

    def __init__(self, payment_id: bytes, waited_s: float) -> None:
        super().__init__(f"no verdict on payment {payment_id.hex()} within {waited_s:g} s")
        self.payment_id = payment_id
        self.waited_s = waited_s


class WorkerUnavailable(BridgeError):
    """There is no open session with the worker, or it broke before the reply came."""


class ShardUnavailable(WorkerUnavailable):
    """One of several workers gave no answer; the text names its shard."""


class RequestInterrupted(WorkerUnavailable):
    """The session broke when a request that changes something had left; whether it was carried out is unknown."""


class RequestTimeout(BridgeError):
    """The worker is there but hasn't replied in time.

    Args:
        timeout_s: how long the caller was willing to wait, in seconds.
    """

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"the worker did not reply within {timeout_s:g} s")
        self.timeout_s = timeout_s


class JournalUnreadable(BridgeError):
    """Only the journal knows the answer, and it can't be read now; or what was asked for is archived.

    Args:
        reason: the worker's words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RequestFailed(BridgeError):
    """The worker replied that it failed on the request, or replied with nonsense.

    Args:
        reason: the worker's words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
