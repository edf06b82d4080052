"""What RINHA_NATS asks of other settings: several workers need a journal each, and 202 means the same at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rinha.settings.errors import SettingError
from rinha.store.postgres.url import PostgresUrl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REQUESTS_MAX = 800
"""Of all workers at a time, at both processors together: see ``RINHA_POOL_SIZE``."""


def settle_scale(environ: Mapping[str, str], values: dict[str, Any]) -> Iterator[SettingError]:
    """Check them, and set what follows from RINHA_NATS where nobody has said anything.

    Args:
        environ: what was said.
        values: what it was read as, by the variable's name; ``RINHA_ACCEPT`` becomes ``durable``.

    Yields:
        What doesn't go together, with the fix.
    """
    shards, pool = values.get("RINHA_SHARDS", 1), values.get("RINHA_POOL_SIZE", 1)
    if "RINHA_NATS" not in values:
        if shards > 1 and not environ.get("RINHA_NATS"):
            reason = "more than one needs RINHA_NATS, e.g. RINHA_NATS=nats://127.0.0.1:4222"
            yield SettingError("RINHA_SHARDS", str(shards), reason)
        return
    if not environ.get("RINHA_ACCEPT"):
        values["RINHA_ACCEPT"] = "durable"
    elif values.get("RINHA_ACCEPT") not in {"durable", None}:
        reason = "with RINHA_NATS a 202 says that the payment is on disk, in the stream: leave it out, or set durable"
        yield SettingError("RINHA_ACCEPT", values["RINHA_ACCEPT"], reason)
    if "RINHA_STORE" not in values and not environ.get("RINHA_STORE"):
        reason = "must be set with RINHA_NATS: RINHA_STORE=postgresql://user@host/database keeps what the workers hold"
        yield SettingError("RINHA_STORE", "", reason)
    elif not isinstance(values.get("RINHA_STORE", PostgresUrl({})), PostgresUrl):
        reason = "must be postgresql://… with RINHA_NATS: a file holds one worker's journal, on one machine"
        yield SettingError("RINHA_STORE", "", reason)
    if shards * pool > REQUESTS_MAX:
        reason = (
            f"with {shards} shards that is {shards * pool} requests at a time, of at most {REQUESTS_MAX}: "
            f"set it to {REQUESTS_MAX // shards} at most"
        )
        yield SettingError("RINHA_POOL_SIZE", str(pool), reason)
