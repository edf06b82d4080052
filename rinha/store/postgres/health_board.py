"""What one worker heard from a processor's health endpoint, for all workers: the endpoint may be called once per 5 s.

Whoever first finds that the last call is long enough ago makes the next one; the others read what came of it. The
database's clock counts, and a row is changed by one at a time.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from actors.ports import StoreBroken, StoreUnavailable
from actors.values import HealthReport
from rinha.store.postgres.connection import connect_plainly, translate
from rinha.store.postgres.schema import LOCK_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from rinha.store.postgres.url import PostgresUrl

APART_S = 5.05
"""From one call to the next. The processors allow one per 5 s; the rest is for the way there."""
KEPT_S = 11.0
"""What was heard longer ago isn't told any more: two calls must have failed since."""

_MAKE = (
    # "IF NOT EXISTS" fails where two make the same at the same time.
    f"SELECT pg_advisory_xact_lock({LOCK_KEY + 1})",
    "CREATE SCHEMA IF NOT EXISTS rinha_shared",
    """
CREATE TABLE IF NOT EXISTS rinha_shared.health (
    processor text PRIMARY KEY,
    called_at timestamptz NOT NULL DEFAULT '-infinity',
    failing boolean,
    min_response_ms bigint
)""",
)
_ADD = "INSERT INTO rinha_shared.health (processor) VALUES (%s) ON CONFLICT DO NOTHING"
_WIN = """
UPDATE rinha_shared.health SET called_at = clock_timestamp()
WHERE processor = %s AND called_at < clock_timestamp() - make_interval(secs => %s)
"""
_TELL = "UPDATE rinha_shared.health SET failing = %s, min_response_ms = %s WHERE processor = %s"
_READ = """
SELECT failing, min_response_ms FROM rinha_shared.health
WHERE processor = %s AND called_at > clock_timestamp() - make_interval(secs => %s) AND failing IS NOT NULL
"""


class HealthBoard:
    """The board, over a connection of its own. Calls block their thread.

    Args:
        url: of the database.
    """

    def __init__(self, url: PostgresUrl) -> None:
        self._url = url
        self._connection: psycopg.Connection | None = None

    def win(self, processor: str) -> bool:
        """Whether the caller is to call this processor's endpoint now, and nobody else.

        Raises:
            StoreUnavailable, StoreBroken: the database can't tell.
        """
        with self._connected() as connection:
            connection.execute(_ADD, (processor,))
            return connection.execute(_WIN, (processor, APART_S)).rowcount == 1

    def tell(self, processor: str, report: HealthReport | None) -> None:
        """What came of the call; None for no usable answer.

        Raises:
            StoreUnavailable, StoreBroken: it can't be kept.
        """
        values = (None, None) if report is None else report
        with self._connected() as connection:
            connection.execute(_TELL, (*values, processor))

    def read(self, processor: str) -> HealthReport | None:
        """What came of the last call; None if nothing usable did, or that is long ago.

        Raises:
            StoreUnavailable, StoreBroken: the database can't tell.
        """
        with self._connected() as connection:
            row = connection.execute(_READ, (processor, KEPT_S)).fetchone()
        return None if row is None else HealthReport(*row)

    def close(self) -> None:
        """Close the connection; the next call makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        import psycopg

        try:
            if self._connection is None:
                self._connection = connect_plainly(self._url)
                with self._connection.transaction():
                    for statement in _MAKE:
                        self._connection.execute(statement.encode())
            yield self._connection
        except psycopg.Error as error:
            self.close()
            raise _meaning(error) from error
        except BaseException:
            self.close()
            raise


def _meaning(error: psycopg.Error) -> StoreUnavailable | StoreBroken:
    meaning = translate(error)
    return StoreUnavailable(str(meaning)) if isinstance(meaning, ValueError) else meaning
