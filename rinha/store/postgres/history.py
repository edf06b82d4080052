"""The settled payments of a journal in PostgreSQL, for whoever asks beside the worker's own connection."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from actors.ports import RowsArchived, StoreBroken, StoreUnavailable
from actors.values import LedgerRow, Totals
from rinha.store.marks import Marks
from rinha.store.postgres import schema as sql
from rinha.store.postgres.connection import connect_plainly, translate
from rinha.store.postgres.waiting import Connector
from rinha.store.spans import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

    from rinha.store.postgres.url import PostgresUrl

_SETTINGS = (
    "SET default_transaction_read_only = on",
    # All statements of a transaction see one state of the journal.
    "SET default_transaction_isolation = 'repeatable read'",
)


class PostgresHistory:
    """``actors.ports.History`` in a PostgreSQL database. Calls block the greenlet alone, and come one at a time.

    It only reads, over a connection of its own, and takes no place from a worker. The first call connects; when the
    connection is lost, the call fails with ``StoreUnavailable`` and the next one connects again.

    Args:
        url: of the database.
        shard: which of several journals it is, asked when it connects; None while that isn't known.
        shards: how many there are.
    """

    blocks_thread = False

    def __init__(self, url: PostgresUrl, shard: Callable[[], int | None], shards: int = 1) -> None:
        self._url = url
        self._shard = shard
        self._shards = shards
        self._connection: psycopg.Connection | None = None
        self._connector = Connector(self._connect)
        self._marks = Marks()

    def totals(self, epoch: int, spans: Sequence[tuple[int, int]]) -> dict[str, Totals] | None:
        """See ``History.totals``."""
        parts = cut(spans)
        if not (parts.seconds or parts.rows):
            with self._reading() as connection:
                return {} if _journal(connection)[0] == epoch else None
        values = [value for low, high in (*parts.seconds, *parts.rows) for value in (epoch, low, high)]
        with self._asking() as connection:
            statement = sql.totals(len(parts.seconds), len(parts.rows))
            found = connection.execute(statement.encode(), values).fetchall()
            present, pruned_before_ms = found[0][:2]
            if present != epoch:
                return None
            for low, high in parts.pruned(pruned_before_ms):
                if connection.execute(sql.ANY_IN_SECONDS, (epoch, low, high)).fetchone():
                    raise RowsArchived
        return {name: Totals(int(payments), int(cents)) for _, _, name, payments, cents in found if name is not None}

    def rows(self, epoch: int, start: int, limit: int) -> list[LedgerRow] | None:
        """See ``History.rows``."""
        with self._reading() as connection:
            if _journal(connection)[0] != epoch:
                return None
            after, skipped = self._marks.nearest(epoch, start)
            if after is None:
                first = connection.execute(sql.FIRST_SETTLED, (epoch,)).fetchone()
                if first is None:
                    return []
                after = first[0]
                self._marks.note(0, after)
            found = connection.execute(sql.ROWS, (after, limit, skipped), binary=True).fetchall()
        if found:
            self._marks.note(start + len(found), found[-1][0])
        return [LedgerRow(*row) for _, *row in found]

    def row(self, epoch: int, payment_id: bytes) -> LedgerRow | None:
        """See ``History.row``."""
        with self._reading() as connection:
            found = connection.execute(sql.ROW, {"epoch": epoch, "id": payment_id}, binary=True).fetchone()
        return None if found is None else LedgerRow(*found)

    def close(self) -> None:
        """See ``History.close``. A later call connects again."""
        self._connector.close()
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _reading(self) -> Iterator[psycopg.Connection]:
        """Lend the connection for one transaction, which sees one state of the journal."""
        with self._asking() as connection, connection.transaction():
            yield connection

    @contextmanager
    def _asking(self) -> Iterator[psycopg.Connection]:
        """Lend the connection for one statement, which is a transaction by itself: there and back once, not thrice."""
        import psycopg

        try:
            if self._connection is None:
                self._connection = self._connector.connect()
            yield self._connection
        except psycopg.Error as error:
            self._disconnect()
            meaning = translate(error)
            raise StoreUnavailable(str(meaning)) if isinstance(meaning, ValueError) else meaning from error
        except BaseException:
            self._disconnect()
            raise

    def _connect(self) -> psycopg.Connection:
        shard = self._shard()
        if shard is None:
            raise StoreUnavailable("the worker has no journal in PostgreSQL yet")
        settings = (f"SET search_path = {sql.schema_name(shard, self._shards)}", *_SETTINGS)
        return connect_plainly(self._url, settings)


def _journal(connection: psycopg.Connection) -> tuple[int, int | None]:
    found = connection.execute(sql.EPOCH).fetchone()
    if found is None:
        raise StoreBroken("the journal in PostgreSQL was emptied under this worker")
    return found[0], found[1]
