"""Writes one append into a journal in SQLite, in the transaction that is open."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from actors.facts import Known, PaymentTaken
from rinha.store.sqlite import schema as sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from actors.facts import AttemptStarted, PaymentClosed, PaymentCrashed, PaymentSettled
    from rinha.store.batch import Batch

    _OfPayment = PaymentTaken | AttemptStarted | PaymentCrashed | PaymentSettled | PaymentClosed

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def write(connection: sqlite3.Connection, batch: Batch) -> Sequence[Known]:
    """Write a batch.

    Args:
        connection: to the journal, in a transaction.
        batch: what to write.

    Returns:
        What ``Store.append`` returns.

    Raises:
        sqlite3.Error: something wasn't written; the transaction must be taken back.
    """
    if batch.raises_epoch:
        connection.execute(sql.RAISE_EPOCH, (batch.epoch,))
        if batch.mark.stream:
            connection.execute(sql.NOTE_MARK, batch.mark)
    all_new = not batch.taken or connection.execute(sql.TAKE, _values(batch.taken, batch.epoch)).rowcount == len(
        batch.taken
    )
    if batch.attempts:
        connection.execute(sql.ATTEMPT, _values(batch.attempts, batch.epoch))
    if batch.crashes:
        connection.execute(sql.CRASH, _values(batch.crashes, batch.epoch))
    if batch.settled:
        values = _values(batch.settled, batch.epoch)
        added = connection.execute(sql.SETTLE, values).rowcount
        if added:
            connection.execute(sql.ADD_SUMS, (added, batch.epoch))
        connection.execute(sql.CLOSE, values)
    if batch.closed:
        values = _values(batch.closed, batch.epoch)
        connection.execute(sql.NOTE_CLOSED, values)
        connection.execute(sql.WRITE_OFF, values)
    # What was added is new, unless it ended just now: nobody has to ask what is known of it.
    asked = batch.taken_and_ended if all_new else [each.payment_id for each in batch.taken]
    if not asked:
        return ()
    found = connection.execute(sql.KNOWN, (b"".join(asked), len(asked), batch.epoch))
    return [Known(payment_id, cents, bool(written_off)) for payment_id, cents, written_off in found]


def _values(entries: Sequence[_OfPayment], epoch: int) -> tuple[bytes, str, int]:
    ids = b"".join([entry.payment_id for entry in entries])
    values = [entry.amount_cents if isinstance(entry, PaymentTaken) else entry[1:-1] for entry in entries]
    return ids, _ENCODER.encode(values), epoch
