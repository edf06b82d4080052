"""Takes old rows out of journals in PostgreSQL."""

from __future__ import annotations

import uuid
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from actors.ports import StoreUnavailable
from rinha.store.postgres import schema as sql
from rinha.store.postgres.connection import connect_plainly, translate
from rinha.store.postgres.report import find_schemas
from rinha.store.postgres.session import connect
from rinha.store.pruning import ArchivedRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rinha.store.postgres.url import PostgresUrl

CHUNK_ROWS = 5000
REMOVED_ROWS = 1000


class PostgresPruning:
    """``rinha.store.pruning.Pruning`` in a schema of a database, whose place it takes at once.

    Args:
        url: of the database.
        shard: which of several journals.
        shards: how many there are.

    Raises:
        StoreUnavailable, StoreBroken: as ``open_for_pruning``.
    """

    def __init__(self, url: PostgresUrl, shard: int, shards: int) -> None:
        self._writer = uuid.uuid4()
        opened = connect(url, self._writer, first=True, shards=shards, shard=shard)
        self._connection, self.epoch, self.journal_id, _ = opened

    def rows(self, before_ms: int) -> Iterator[Sequence[ArchivedRow]]:
        """See ``Pruning.rows``."""
        values = {"epoch": self.epoch, "before_ms": before_ms, "limit": CHUNK_ROWS}
        at_ms, after = -(2**63), -(2**63)
        while True:
            with _errors():
                self._stay()
                found = self._connection.execute(sql.ROWS_BEFORE, {**values, "at_ms": at_ms, "after": after})
                rows = found.fetchall()
            if not rows:
                return
            at_ms, after = rows[-1][-1], rows[-1][0]
            yield [ArchivedRow(*row) for _, *row in rows]

    def prune(self, before_ms: int) -> int:
        """See ``Pruning.prune``."""
        values = {"epoch": self.epoch, "before_ms": before_ms, "limit": REMOVED_ROWS}
        total, at_ms, after = 0, -(2**63), -(2**63)
        with _errors():
            # First, so that no sum is ever made of the rows that are left in a second.
            self._connection.execute(sql.NOTE_PRUNED, (before_ms,))
            while True:
                with self._connection.transaction():
                    self._stay()
                    found = self._connection.execute(sql.ROWS_BEFORE, {**values, "at_ms": at_ms, "after": after})
                    rows = found.fetchall()
                    # What people said of a payment goes with its row: it would count as written off again without it.
                    self._connection.execute(sql.REMOVE_CLOSED, (self.epoch, [row[1] for row in rows]))
                    self._connection.execute(sql.REMOVE, ([row[0] for row in rows],))
                total += len(rows)
                if len(rows) < REMOVED_ROWS:
                    return total
                at_ms, after = rows[-1][-1], rows[-1][0]

    def close(self) -> None:
        """See ``Pruning.close``."""
        self._connection.close()

    def _stay(self) -> None:
        # Who stands by ends the connection of a worker that is silent.
        self._connection.execute(sql.STAY, (self._writer,))


def open_all(url: PostgresUrl) -> Sequence[PostgresPruning]:
    """Take the places of all journals in a database.

    Raises:
        StoreUnavailable, StoreBroken: as ``open_for_pruning``; no place is held then.
    """
    with _errors(), connect_plainly(url) as connection:
        schemas = find_schemas(connection)
        found = connection.execute(f"SELECT shards FROM {schemas[0]}.journal".encode()).fetchone()
    shards = 1 if found is None else found[0]
    with ExitStack() as opened:
        all_ = []
        for schema in schemas:
            each = PostgresPruning(url, int(schema.partition("_")[2] or 0), shards)
            opened.callback(each.close)
            all_.append(each)
        opened.pop_all()
    return all_


@contextmanager
def _errors() -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        meaning = translate(error)
        raise StoreUnavailable(str(meaning)) if isinstance(meaning, ValueError) else meaning from error
