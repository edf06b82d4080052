"""The versions of a journal in PostgreSQL: each is the SQL that makes it of the version before.

The rules are those of ``sqlite.versions``. The last step's number is in its table ``journal``, and is raised with it.
The tables are in the first schema of the session's search path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

STATEMENT_TIMEOUT_MS = 10_000
"""The server gives up a statement that takes longer; a group commit takes milliseconds. Steps may take longer."""

_STEPS = (
    (
        "CREATE SCHEMA {schema}",
        """
CREATE TABLE journal (
    place smallint PRIMARY KEY DEFAULT 1 CHECK (place = 1),
    version integer NOT NULL,
    epoch bigint NOT NULL,
    writer uuid
)""",
        "INSERT INTO journal (version, epoch) VALUES (0, 0)",
        """
CREATE TABLE open_payments (
    taken_order bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    epoch bigint NOT NULL,
    payment_id bytea NOT NULL CHECK (length(payment_id) = 16),
    amount_cents bigint NOT NULL,
    processor text NOT NULL DEFAULT '',
    requested_at_ms bigint NOT NULL DEFAULT 0,
    UNIQUE (payment_id, epoch)
)""",
        """
CREATE TABLE settled_payments (
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
        "ALTER TABLE journal ADD COLUMN journal_id uuid NOT NULL DEFAULT gen_random_uuid()",
        "ALTER TABLE open_payments ADD COLUMN crashes integer NOT NULL DEFAULT 0",
    ),
    (
        """
CREATE TABLE closed_payments (
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
    (
        "ALTER TABLE journal ADD COLUMN shards integer NOT NULL DEFAULT 1",
        """
CREATE TABLE feed (
    place smallint PRIMARY KEY DEFAULT 1 CHECK (place = 1),
    stream_created text NOT NULL,
    purged_through bigint NOT NULL
)""",
    ),
    (
        # The writer's connection, and when it last said that it is alive.
        "ALTER TABLE journal ADD COLUMN backend integer",
        "ALTER TABLE journal ADD COLUMN alive_at timestamptz",
    ),
    (
        # First of all: whoever stands by looks into this table, and waits, and doesn't take a long step for silence.
        "ALTER TABLE journal ADD COLUMN pruned_before_ms bigint",
        "SET LOCAL statement_timeout = 0",
        # The instant comes first for the reason that is in ``schema``.
        "CREATE INDEX settled_by_instant ON settled_payments (requested_at_ms, epoch)",
        """
CREATE TABLE settled_sums (
    epoch bigint NOT NULL,
    span_ms integer NOT NULL,
    number bigint NOT NULL,
    processor text NOT NULL,
    payments bigint NOT NULL,
    cents numeric NOT NULL,
    PRIMARY KEY (epoch, span_ms, number, processor)
)""",
        """
INSERT INTO settled_sums
SELECT epoch, span_ms, requested_at_ms / span_ms - (requested_at_ms % span_ms < 0)::integer AS number, processor,
       count(*), sum(settled_cents)
FROM settled_payments CROSS JOIN (VALUES (1000), (60000)) AS spans (span_ms)
WHERE epoch = (SELECT epoch FROM journal)
GROUP BY epoch, span_ms, number, processor
""",
        f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}",
    ),
)

LATEST = len(_STEPS)
"""The version that this program writes; it reads all before it."""


def bring_forward(connection: psycopg.Connection, version: int, to: int = LATEST, *, schema: str = "rinha") -> None:
    """Make a later version of a journal, each step in a transaction of its own, or in the one that is open.

    Args:
        connection: to its database.
        version: what it is; 0 for a database without the schema.
        to: what it is to be.
        schema: where; the session's search path leads there.

    Raises:
        psycopg.Error: a step failed, and changed nothing.
    """
    for number in range(version, to):
        with connection.transaction():
            for statement in _STEPS[number]:
                connection.execute(statement.format(schema=schema).encode())
            connection.execute("UPDATE journal SET version = %s", (number + 1,))
