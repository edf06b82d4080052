"""The versions of a journal in PostgreSQL: each is the SQL that makes it of the version before.

The rules are those of ``sqlite.versions``. The last step's number is in ``rinha.journal``, and is raised with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_STEPS = (
    (
        "CREATE SCHEMA rinha",
        """
CREATE TABLE rinha.journal (
    place smallint PRIMARY KEY DEFAULT 1 CHECK (place = 1),
    version integer NOT NULL,
    epoch bigint NOT NULL,
    writer uuid
)""",
        "INSERT INTO rinha.journal (version, epoch) VALUES (0, 0)",
        """
CREATE TABLE rinha.open_payments (
    taken_order bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    epoch bigint NOT NULL,
    payment_id bytea NOT NULL CHECK (length(payment_id) = 16),
    amount_cents bigint NOT NULL,
    processor text NOT NULL DEFAULT '',
    requested_at_ms bigint NOT NULL DEFAULT 0,
    UNIQUE (payment_id, epoch)
)""",
        """
CREATE TABLE rinha.settled_payments (
    settled_order bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    epoch bigint NOT NULL,
    payment_id bytea NOT NULL CHECK (length(payment_id) = 16),
    taken_cents bigint NOT NULL,
    processor text NOT NULL,
    settled_cents bigint NOT NULL,
    requested_at_ms bigint NOT NULL,
    UNIQUE (payment_id, epoch)
)""",
    ),
    (
        "ALTER TABLE rinha.journal ADD COLUMN journal_id uuid NOT NULL DEFAULT gen_random_uuid()",
        "ALTER TABLE rinha.open_payments ADD COLUMN crashes integer NOT NULL DEFAULT 0",
    ),
    (
        """
CREATE TABLE rinha.closed_payments (
    closed_order bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    epoch bigint NOT NULL,
    payment_id bytea NOT NULL CHECK (length(payment_id) = 16),
    taken_cents bigint NOT NULL,
    written_off boolean NOT NULL,
    closed_by text NOT NULL,
    reason text NOT NULL,
    closed_at_ms bigint NOT NULL,
    UNIQUE (payment_id, epoch)
)""",
    ),
)

LATEST = len(_STEPS)
"""The version that this program writes; it reads all before it."""


def bring_forward(connection: psycopg.Connection, version: int, to: int = LATEST) -> None:
    """Make a later version of a journal, each step in a transaction of its own, or in the one that is open.

    Args:
        connection: to its database.
        version: what it is; 0 for a database without the schema.
        to: what it is to be.

    Raises:
        psycopg.Error: a step failed, and changed nothing.
    """
    for number in range(version, to):
        with connection.transaction():
            for statement in _STEPS[number]:
                connection.execute(statement.encode())
            connection.execute("UPDATE rinha.journal SET version = %s", (number + 1,))
