"""The settled payments of a journal in SQLite, for whoever asks beside the worker's own connection."""

from __future__ import annotations

import json
import sqlite3
import urllib.parse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from actors.ports import RowsArchived
from actors.values import LedgerRow, Totals
from rinha.store.marks import Marks
from rinha.store.spans import cut
from rinha.store.sqlite import schema as sql
from rinha.store.sqlite.errors import translate
from rinha.store.sqlite.file import BUSY_TIMEOUT_S
from rinha.store.sqlite.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class SqliteHistory:
    """``actors.ports.History`` in one SQLite file. Every call must come from the same thread, and blocks it: a disk may
    take its time.

    It only reads, over a connection of its own, which the first call opens. Nothing stays open between two calls, so
    that the writer's checkpoints are not held up.

    Args:
        path: the file; it is not made.
    """

    blocks_thread = True

    def __init__(self, path: str) -> None:
        self._path = str(Path(path).resolve())
        self._connection: sqlite3.Connection | None = None
        self._place: Place
        self._marks = Marks()

    def totals(self, epoch: int, spans: Sequence[tuple[int, int]]) -> dict[str, Totals] | None:
        """See ``History.totals``."""
        parts = cut(spans)
        if not (parts.seconds or parts.rows):
            return self._nothing(epoch)
        values = [value for low, high in (*parts.seconds, *parts.rows) for value in (epoch, low, high)]
        with self._asking() as connection:
            statement = sql.totals(len(parts.seconds), len(parts.rows))
            present, pruned_before_ms, found = connection.execute(statement, values).fetchone()
            if present != epoch:
                return None
            for low, high in parts.pruned(pruned_before_ms):
                if connection.execute(sql.ANY_IN_SECONDS, (epoch, low, high)).fetchone():
                    raise RowsArchived
        return {
            name: Totals(payments, cents + (cents_high << 32))
            for name, payments, cents, cents_high in json.loads(found)
        }

    def _nothing(self, epoch: int) -> dict[str, Totals] | None:
        with self._reading() as connection:
            return {} if connection.execute(sql.EPOCH).fetchone()[0] == epoch else None

    def rows(self, epoch: int, start: int, limit: int) -> list[LedgerRow] | None:
        """See ``History.rows``."""
        with self._reading() as connection:
            if connection.execute(sql.EPOCH).fetchone()[0] != epoch:
                return None
            after, skipped = self._marks.nearest(epoch, start)
            if after is None:
                first = connection.execute(sql.FIRST_SETTLED, (epoch,)).fetchone()
                if first is None:
                    return []
                after = first[0]
                self._marks.note(0, after)
            found = connection.execute(sql.ROWS, (after, limit, skipped)).fetchall()
        if found:
            self._marks.note(start + len(found), found[-1][0])
        return [LedgerRow(*row) for _, *row in found]

    def row(self, epoch: int, payment_id: bytes) -> LedgerRow | None:
        """See ``History.row``."""
        with self._reading() as connection:
            found = connection.execute(sql.ROW, (epoch, payment_id)).fetchone()
        return None if found is None else LedgerRow(*found)

    def close(self) -> None:
        """See ``History.close``. A later call opens the file again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for one transaction, which sees one state of the journal."""
        with self._asking() as connection:
            self._place.check()
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def _asking(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for one statement. Whether the file is still in its place is the store's to see."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"file:{urllib.parse.quote(self._path)}?mode=ro",
                    uri=True,
                    timeout=BUSY_TIMEOUT_S,
                    isolation_level=None,
                )
                self._connection.execute(sql.EPOCH).fetchone()  # only now is the file opened
                self._place = Place(self._path)
            yield self._connection
        except sqlite3.Error as error:
            self.close()
            raise translate(error, self._path) from error
        except BaseException:
            self.close()
            raise
