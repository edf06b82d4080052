"""Writes one append into a journal in PostgreSQL, in the transaction and the pipeline that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.facts import Known
from rinha.store.postgres import schema as sql

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg

    from rinha.store.batch import Batch


def write(connection: psycopg.Connection, batch: Batch) -> Callable[[], Sequence[Known]]:
    """Write a batch.

    Args:
        connection: to the journal, in a transaction and a pipeline.
        batch: what to write.

    Returns:
        Gives what ``Store.append`` returns, once the pipeline has ended.

    Raises:
        psycopg.Error: something wasn't written; the pipeline may raise it as well.
    """
    known: psycopg.Cursor | None = None
    ended: psycopg.Cursor | None = None
    if batch.raises_epoch:
        connection.execute(sql.RAISE_EPOCH, (batch.epoch,))
        if batch.mark.stream:
            connection.execute(sql.NOTE_MARK, batch.mark)
    if batch.taken:
        ids, cents, _ = zip(*batch.taken, strict=True)
        values = {"epoch": batch.epoch, "ids": list(ids), "cents": list(cents)}
        known = connection.execute(sql.TAKE, values, binary=True)
    if batch.attempts:
        ids, processors, times, _ = zip(*batch.attempts, strict=True)
        values = {"epoch": batch.epoch, "ids": list(ids), "processors": list(processors), "times": list(times)}
        connection.execute(sql.ATTEMPT, values)
    if batch.crashes:
        ids, crashes, _ = zip(*batch.crashes, strict=True)
        connection.execute(sql.CRASH, {"epoch": batch.epoch, "ids": list(ids), "crashes": list(crashes)})
    if batch.settled:
        ids, processors, cents, times, _ = zip(*batch.settled, strict=True)
        values = {
            "epoch": batch.epoch,
            "ids": list(ids),
            "processors": list(processors),
            "cents": list(cents),
            "times": list(times),
        }
        connection.execute(sql.SETTLE, values)
        connection.execute(sql.CLOSE, {"epoch": batch.epoch, "ids": list(ids)})
    for each in batch.closed:  # a person's word: never many
        connection.execute(sql.NOTE_CLOSED, (batch.epoch, *each[:-1]))
        if each.written_off:
            connection.execute(sql.WRITE_OFF, (batch.epoch, each.payment_id))
    if again := batch.taken_and_ended:
        ended = connection.execute(sql.KNOWN, {"epoch": batch.epoch, "ids": again}, binary=True)

    def result() -> Sequence[Known]:
        if not batch.taken:
            return ()
        cursors = [each for each in (known, ended) if each is not None and each.rowcount]
        return list({row[0]: Known(*row) for each in cursors for row in each}.values())

    return result
