"""The SQL of a journal in PostgreSQL: the tables of ``sqlite.schema``, in a schema of their own.

That schema is the session's search path: ``rinha``, or, where there are several workers, one for each of their shards.

The ids come first in their indexes: plans are made while the tables are empty, and by the epoch alone, which all rows
share, an index would look good then.

``writer`` names the store that wrote last, so that one that lost its connection, and meanwhile its place, notices.
"""

from __future__ import annotations

LOCK_KEY = 0x52696E4A
"""Of the session's advisory lock; such locks are per database."""

EXISTS = "SELECT to_regnamespace(%s) IS NOT NULL"
OTHERS = r"""
SELECT nspname FROM pg_namespace WHERE nspname ~ '^rinha(_[0-9]+)?$' AND (nspname = 'rinha') <> %s ORDER BY 1 LIMIT 1
"""

LOCK = "SELECT pg_advisory_lock(%s)"
TRY_LOCK = "SELECT pg_try_advisory_lock(%s)"
LOCK_SHARD = "SELECT pg_try_advisory_lock(%s, %s)"
JOURNAL = "SELECT version, epoch, writer FROM journal"
SHARDS = "SELECT shards FROM journal"
NOTE_SHARDS = "UPDATE journal SET shards = %s"
FEED_MARK = "SELECT stream_created, purged_through FROM feed"
NOTE_MARK = """
INSERT INTO feed (stream_created, purged_through) VALUES (%s, %s)
ON CONFLICT (place) DO UPDATE SET stream_created = excluded.stream_created, purged_through = excluded.purged_through
"""
JOURNAL_ID = "SELECT journal_id FROM journal"
WRITER = "SELECT writer FROM journal"
CLAIM = "UPDATE journal SET writer = %s, backend = pg_backend_pid(), alive_at = clock_timestamp()"
STAY = "UPDATE journal SET alive_at = clock_timestamp() WHERE writer = %s"
ALIVE = "SELECT alive_at::text, backend FROM {schema}.journal WHERE alive_at IS NOT NULL"
TERMINATE = "SELECT pg_terminate_backend(%s)"
RAISE_EPOCH = "UPDATE journal SET epoch = %s, pruned_before_ms = NULL"

# Whole columns as arrays: one statement a kind, however many entries. Not "NOT EXISTS" but a look-up for each: of that
# a join would be made, over all settled payments.
# It also tells what is known of them already, which is looked up once for both.
TAKE = """
WITH new AS MATERIALIZED (
    SELECT given.payment_id, given.amount_cents, given.place, (
        SELECT old.taken_cents FROM settled_payments AS old
        WHERE old.epoch = %(epoch)s AND old.payment_id = given.payment_id
    ) AS settled_cents, (
        SELECT old.taken_cents FROM closed_payments AS old
        WHERE old.epoch = %(epoch)s AND old.payment_id = given.payment_id AND old.written_off
    ) AS written_off_cents
    FROM unnest(%(ids)s::bytea[], %(cents)s::bigint[]) WITH ORDINALITY AS given (payment_id, amount_cents, place)
), added AS (
    INSERT INTO open_payments (epoch, payment_id, amount_cents)
    SELECT %(epoch)s, payment_id, amount_cents FROM new
    WHERE settled_cents IS NULL AND written_off_cents IS NULL
    ORDER BY place
    ON CONFLICT (epoch, payment_id) DO NOTHING
)
SELECT payment_id, coalesce(settled_cents, written_off_cents), settled_cents IS NULL FROM new
WHERE settled_cents IS NOT NULL OR written_off_cents IS NOT NULL ORDER BY place
"""
KNOWN = """
SELECT given.payment_id, coalesce(settled.taken_cents, closed.taken_cents), settled.taken_cents IS NULL
FROM unnest(%(ids)s::bytea[]) AS given (payment_id)
LEFT JOIN settled_payments AS settled ON settled.epoch = %(epoch)s AND settled.payment_id = given.payment_id
LEFT JOIN closed_payments AS closed
    ON closed.epoch = %(epoch)s AND closed.payment_id = given.payment_id AND closed.written_off
WHERE settled.taken_cents IS NOT NULL OR closed.taken_cents IS NOT NULL
"""
ATTEMPT = """
UPDATE open_payments AS payment SET processor = new.processor, requested_at_ms = new.requested_at_ms
FROM unnest(%(ids)s::bytea[], %(processors)s::text[], %(times)s::bigint[])
    AS new (payment_id, processor, requested_at_ms)
WHERE payment.epoch = %(epoch)s AND payment.payment_id = new.payment_id
"""
CRASH = """
UPDATE open_payments AS payment SET crashes = new.crashes
FROM unnest(%(ids)s::bytea[], %(crashes)s::integer[]) AS new (payment_id, crashes)
WHERE payment.epoch = %(epoch)s AND payment.payment_id = new.payment_id
"""
SETTLE = """
WITH added AS (
    INSERT INTO settled_payments (epoch, payment_id, taken_cents, processor, settled_cents, requested_at_ms)
    SELECT %(epoch)s, new.payment_id, coalesce(payment.amount_cents, new.cents), new.processor, new.cents, new.at_ms
    FROM unnest(%(ids)s::bytea[], %(processors)s::text[], %(cents)s::bigint[], %(times)s::bigint[])
        WITH ORDINALITY AS new (payment_id, processor, cents, at_ms, place)
    LEFT JOIN open_payments AS payment ON payment.epoch = %(epoch)s AND payment.payment_id = new.payment_id
    ORDER BY new.place
    ON CONFLICT (epoch, payment_id) DO NOTHING
    RETURNING processor, settled_cents, requested_at_ms
)
INSERT INTO settled_sums AS old (epoch, span_ms, number, processor, payments, cents)
SELECT %(epoch)s, span_ms, requested_at_ms / span_ms - (requested_at_ms %% span_ms < 0)::integer AS number, processor,
       count(*), sum(settled_cents)
FROM added CROSS JOIN (VALUES (1000), (60000)) AS spans (span_ms)
GROUP BY span_ms, number, processor
ON CONFLICT (epoch, span_ms, number, processor)
DO UPDATE SET payments = old.payments + excluded.payments, cents = old.cents + excluded.cents
"""
CLOSE = "DELETE FROM open_payments WHERE epoch = %(epoch)s AND payment_id = ANY(%(ids)s::bytea[])"
NOTE_CLOSED = """
INSERT INTO closed_payments (epoch, payment_id, taken_cents, written_off, closed_by, reason, closed_at_ms)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (epoch, payment_id) DO NOTHING
"""
WRITE_OFF = "DELETE FROM open_payments WHERE epoch = %s AND payment_id = %s"

PRUNE = (
    """
DELETE FROM settled_payments WHERE epoch < %s
AND settled_order IN (SELECT settled_order FROM settled_payments ORDER BY settled_order LIMIT %s)
""",
    """
DELETE FROM open_payments WHERE epoch < %s
AND taken_order IN (SELECT taken_order FROM open_payments ORDER BY taken_order LIMIT %s)
""",
    """
DELETE FROM closed_payments WHERE epoch < %s
AND closed_order IN (SELECT closed_order FROM closed_payments ORDER BY closed_order LIMIT %s)
""",
    """
DELETE FROM settled_sums WHERE (epoch, span_ms, number, processor) IN (
    SELECT epoch, span_ms, number, processor FROM settled_sums WHERE epoch < %s
    ORDER BY epoch, span_ms, number, processor LIMIT %s
)
""",
)

OPEN = """
SELECT payment_id, amount_cents, processor, requested_at_ms, crashes FROM open_payments
WHERE epoch = %s ORDER BY taken_order
"""
WRITTEN_OFF = """
SELECT payment_id, taken_cents FROM closed_payments AS closed WHERE epoch = %s AND written_off
AND (SELECT 1 FROM settled_payments AS old WHERE old.epoch = closed.epoch AND old.payment_id = closed.payment_id)
    IS NULL
ORDER BY closed_order
"""
FIRST_SETTLED = "SELECT settled_order - 1 FROM settled_payments WHERE epoch = %s ORDER BY settled_order LIMIT 1"
SETTLED = """
SELECT settled_order, payment_id, taken_cents, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE settled_order > %s ORDER BY settled_order LIMIT %s
"""
SETTLED_FROM = """
SELECT settled_order FROM settled_payments WHERE epoch = %s AND requested_at_ms >= %s ORDER BY settled_order
"""
SETTLED_AT = """
SELECT payment_id, taken_cents, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE settled_order = ANY(%s::bigint[]) ORDER BY settled_order
"""
SUMS = """
SELECT processor, number, payments, cents FROM settled_sums
WHERE epoch = %s AND span_ms = %s ORDER BY number, processor COLLATE "C"
"""

# For a history.
EPOCH = "SELECT epoch, pruned_before_ms FROM journal"
# Each range by itself: for a join with ranges, planned while the tables are empty, all sums would be read.
_TOTALS_OF_SECONDS = """
SELECT processor, sum(payments)::bigint AS payments, sum(cents) AS cents FROM settled_sums
WHERE epoch = %s AND span_ms = 1000 AND number >= %s AND number < %s GROUP BY processor"""
_TOTALS_OF_ROWS = """
SELECT processor, count(*) AS payments, sum(settled_cents::numeric) AS cents FROM settled_payments
WHERE epoch = %s AND requested_at_ms >= %s AND requested_at_ms < %s GROUP BY processor"""
_TOTALS = """
SELECT journal.epoch, journal.pruned_before_ms, found.processor, found.payments::bigint, found.cents
FROM journal LEFT JOIN (
    SELECT processor, sum(payments) AS payments, sum(cents) AS cents FROM ({parts}) AS parts GROUP BY processor
) AS found ON true
"""
ANY_IN_SECONDS = """
SELECT 1 FROM settled_sums WHERE epoch = %s AND span_ms = 1000 AND number >= %s AND number < %s LIMIT 1
"""
ROWS = """
SELECT settled_order, payment_id, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE settled_order > %s ORDER BY settled_order LIMIT %s OFFSET %s
"""
ROW = """
SELECT payment_id, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE epoch = %(epoch)s AND payment_id = %(id)s AND (SELECT epoch FROM journal) = %(epoch)s
"""

# For people.
SCHEMAS = r"""
SELECT nspname FROM pg_namespace WHERE nspname ~ '^rinha(_[0-9]+)?$' ORDER BY length(nspname), nspname
"""
SIZE = """
SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class
WHERE relkind = 'r' AND relnamespace = %s::regnamespace
"""
SUMS_BY_PROCESSOR = """
SELECT processor, sum(payments), sum(cents) FROM settled_sums
WHERE epoch = %s AND span_ms = %s GROUP BY processor ORDER BY processor
"""
COUNTS = """
SELECT
    (SELECT count(*) FROM settled_payments WHERE epoch = %s),
    (SELECT requested_at_ms FROM settled_payments WHERE epoch = %s ORDER BY requested_at_ms LIMIT 1),
    (SELECT requested_at_ms FROM settled_payments WHERE epoch = %s ORDER BY requested_at_ms DESC LIMIT 1),
    (SELECT count(*) FROM open_payments WHERE epoch = %s),
    (
        SELECT count(*) FROM closed_payments AS closed WHERE epoch = %s AND written_off AND (
            SELECT 1 FROM settled_payments AS old WHERE old.epoch = closed.epoch AND old.payment_id = closed.payment_id
        ) IS NULL
    )
"""

# To archive and remove rows.
ROWS_BEFORE = """
SELECT settled_order, payment_id, taken_cents, processor, settled_cents, requested_at_ms FROM settled_payments
WHERE epoch = %(epoch)s AND requested_at_ms < %(before_ms)s AND requested_at_ms >= %(at_ms)s
AND (requested_at_ms > %(at_ms)s OR settled_order > %(after)s)
ORDER BY requested_at_ms, settled_order LIMIT %(limit)s
"""
NOTE_PRUNED = "UPDATE journal SET pruned_before_ms = greatest(pruned_before_ms, %s)"
REMOVE_CLOSED = "DELETE FROM closed_payments WHERE epoch = %s AND payment_id = ANY(%s::bytea[])"
REMOVE = "DELETE FROM settled_payments WHERE settled_order = ANY(%s::bigint[])"


def schema_name(shard: int, shards: int) -> str:
    """The schema of one worker's journal.

    Args:
        shard: which one.
        shards: of how many; a single one keeps the name that it always had.
    """
    return "rinha" if shards == 1 else f"rinha_{shard}"


def totals(seconds: int, rows: int) -> str:
    """The statement that sums some ranges, of which there is one at least: see ``sqlite.schema.totals``."""
    parts = [_TOTALS_OF_SECONDS] * seconds + [_TOTALS_OF_ROWS] * rows
    return _TOTALS.format(parts=" UNION ALL ".join(parts))
