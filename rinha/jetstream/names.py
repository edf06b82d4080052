"""What things are called in NATS, and to which shard a payment belongs. Sans I/O."""

from __future__ import annotations

from zlib import crc32

STREAM = "PAYMENTS"
SUBJECTS = "payments.*"
ASIDE = "payments.aside"
"""Of the same stream, where what no worker can take stays for a person: no consumer pulls it."""


def subject(shard: int) -> str:
    """Where a shard's payments are published."""
    return f"payments.{shard}"


def consumer(shard: int) -> str:
    """The durable consumer that a shard's relay pulls from."""
    return f"shard-{shard}"


def ask_subject(shard: int) -> str:
    """Where a shard's worker is asked, through its relay."""
    return f"rinha.ask.{shard}"


def shard_of(payment_id: bytes, shards: int) -> int:
    """The shard of a payment, for good.

    Args:
        payment_id: its 16 bytes.
        shards: how many there are.
    """
    return crc32(payment_id) % shards
