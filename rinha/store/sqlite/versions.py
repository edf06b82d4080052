"""The versions of a journal in SQLite: each is the SQL that makes it of the version before.

A new journal goes through all of them, so there is one way to each version. What was ever released stays as it is: a
change is another step at the end.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x52696E4A  # "RinJ"

# Written row by row and not by GROUP BY, which would sort all rows of a journal before the first sum.
_FILL_SUMS = """
INSERT INTO settled_sums
SELECT epoch, column1, requested_at_ms / column1 - (requested_at_ms % column1 < 0), processor,
       1, settled_cents & 0xFFFFFFFF, settled_cents >> 32
FROM settled_payments CROSS JOIN (VALUES (1000), (60000))
WHERE epoch = (SELECT epoch FROM journal)
ON CONFLICT DO UPDATE SET payments = payments + excluded.payments,
    cents = cents + excluded.cents, cents_high = cents_high + excluded.cents_high
"""

_STEPS = (
    f"""
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE journal (
    place INTEGER PRIMARY KEY CHECK (place = 1),
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO journal VALUES (1, 0);
CREATE TABLE open_payments (
    taken_order INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    payment_id BLOB NOT NULL CHECK (length(payment_id) = 16),
    amount_cents INTEGER NOT NULL,
    processor TEXT NOT NULL DEFAULT '',
    requested_at_ms INTEGER NOT NULL DEFAULT 0,
    UNIQUE (epoch, payment_id)
) STRICT;
CREATE TABLE settled_payments (
    settled_order INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    payment_id BLOB NOT NULL CHECK (length(payment_id) = 16),
    taken_cents INTEGER NOT NULL,
    processor TEXT NOT NULL,
    settled_cents INTEGER NOT NULL,
    requested_at_ms INTEGER NOT NULL,
    UNIQUE (epoch, payment_id)
) STRICT;
""",
    # Which journal it is, so that an empty one isn't taken for it; and how often a payment has crashed its actor.
    """
ALTER TABLE journal ADD COLUMN journal_id BLOB NOT NULL DEFAULT x'';
UPDATE journal SET journal_id = randomblob(16);
ALTER TABLE open_payments ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
""",
    # What people have said of how payments ended.
    """
CREATE TABLE closed_payments (
    closed_order INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    payment_id BLOB NOT NULL CHECK (length(payment_id) = 16),
    taken_cents INTEGER NOT NULL,
    written_off INTEGER NOT NULL,
    closed_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    closed_at_ms INTEGER NOT NULL,
    UNIQUE (epoch, payment_id)
) STRICT;
""",
    # Up to where a stream that feeds the worker is purged.
    """
CREATE TABLE feed (
    place INTEGER PRIMARY KEY CHECK (place = 1),
    stream_created TEXT NOT NULL,
    purged_through INTEGER NOT NULL
) STRICT;
""",
    # Sums by second and by minute, kept with the settlements; rows by when they were requested; from when on rows are
    # there, if a person has archived the older ones.
    f"""
ALTER TABLE journal ADD COLUMN pruned_before_ms INTEGER;
CREATE INDEX settled_by_instant ON settled_payments (epoch, requested_at_ms);
CREATE TABLE settled_sums (
    epoch INTEGER NOT NULL,
    span_ms INTEGER NOT NULL,
    number INTEGER NOT NULL,
    processor TEXT NOT NULL,
    payments INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    cents_high INTEGER NOT NULL,
    PRIMARY KEY (epoch, span_ms, number, processor)
) STRICT, WITHOUT ROWID;
{_FILL_SUMS};
""",
)

LATEST = len(_STEPS)
"""The version that this program writes; it reads all before it."""

_SCHEMA = "SELECT name, sql FROM sqlite_schema"


def bring_forward(connection: sqlite3.Connection, version: int, to: int = LATEST) -> None:
    """Make a later version of a journal, each step in a transaction of its own.

    Args:
        connection: to the journal, in autocommit mode.
        version: what it is; 0 for an empty database.
        to: what it is to be.

    Raises:
        sqlite3.Error: a step failed, and changed nothing; those before it are done.
    """
    for number in range(version, to):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {_STEPS[number]} PRAGMA user_version = {number + 1}; COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def schema_of(connection: sqlite3.Connection) -> set[tuple[str, str | None]]:
    """What a database has of tables and indexes, with the SQL that made them."""
    return set(connection.execute(_SCHEMA))


def schema_at(version: int) -> set[tuple[str, str | None]]:
    """What a journal of a version has of them."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        bring_forward(connection, 0, version)
        return schema_of(connection)
    finally:
        connection.close()
